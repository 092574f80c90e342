//! An answer as it stands in a response's body.

use crate::check::{Answer, CacheUse};
use crate::domain::{Decision, Outcome, Revision};
use crate::http::reply::Reply;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use serde::Serialize;
use smol_str::SmolStr;
use utoipa::ToSchema;

/// What one request's log line says of its decision; travels with the response to whoever logs it.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Decided {
    /// The decision, or of a batch `None`.
    pub(in crate::http) decision: Option<Decision>,
    /// The revision it rests on.
    pub(in crate::http) revision: Revision,
    /// Whether the cache had it, or of a batch `None`.
    pub(in crate::http) cache: Option<CacheUse>,
}

/// One answer: cedar-agent's shape, and the revision.
#[derive(Serialize, ToSchema)]
#[schema(as = Answer)]
pub(super) struct Body<'a> {
    decision: Decision,
    diagnostics: Diagnostics<'a>,
    revision: Revision,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Diagnostics<'a> {
    /// Ids of the determining policies.
    #[schema(value_type = Vec<String>)]
    reason: &'a [SmolStr],
    /// Policies that could not be evaluated, and why.
    #[schema(value_type = Vec<String>)]
    errors: &'a [String],
}

impl<'a> Diagnostics<'a> {
    pub(super) fn of(outcome: &'a Outcome) -> Self {
        Self { reason: &outcome.reasons, errors: &outcome.errors }
    }
}

/// The answers of a batch, in the order of its questions.
#[derive(Serialize, ToSchema)]
#[schema(as = Answers)]
pub(super) struct Bodies<'a> {
    pub(super) responses: Vec<Body<'a>>,
}

/// Everything of an answer that stands before its revision, which alone changes while a decision is cached.
fn before_revision(outcome: &Outcome) -> Box<[u8]> {
    const LAST: &[u8] = b"0}";
    let body = Body { decision: outcome.decision, diagnostics: Diagnostics::of(outcome), revision: Revision(0) };
    // Texts and numbers always serialize. If they did not, a body of nothing is no Allow.
    let mut text = serde_json::to_vec(&body).unwrap_or_default();
    text.truncate(text.len().saturating_sub(LAST.len()));
    text.into()
}

/// Writes one answer at the end of `out`.
pub(super) fn write(answer: &Answer, out: &mut Vec<u8>) {
    out.extend_from_slice(answer.text(before_revision));
    // A number always serializes, and memory takes whatever is written.
    let _ = serde_json::to_writer(&mut *out, &answer.revision);
    out.push(b'}');
}

/// The body of an answer, and what the log line says of it.
pub(super) struct Written {
    pub(super) text: Vec<u8>,
    pub(super) decided: Decided,
}

/// A JSON response. `headers` are those of the request: their memory serves for the answer's. `is_told`: what was decided
/// travels with it, for a log line or a span.
pub(super) fn respond(written: Written, mut headers: HeaderMap, is_told: bool) -> Response<Reply> {
    headers.clear();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut response = Response::new(Reply::Whole(written.text.into()));
    *response.headers_mut() = headers;
    if is_told {
        response.extensions_mut().insert(written.decided);
    }
    response
}
