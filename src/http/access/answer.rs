//! An answer as it stands in a response's body.

use crate::check::{Answer, CacheUse};
use crate::domain::{Decision, Revision};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
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

#[derive(Serialize, ToSchema)]
struct Diagnostics<'a> {
    /// Ids of the determining policies.
    #[schema(value_type = Vec<String>)]
    reason: &'a [SmolStr],
    /// Policies that could not be evaluated, and why.
    #[schema(value_type = Vec<String>)]
    errors: &'a [String],
}

/// The answers of a batch, in the order of its questions.
#[derive(Serialize, ToSchema)]
#[schema(as = Answers)]
pub(super) struct Bodies<'a> {
    pub(super) responses: Vec<Body<'a>>,
}

impl<'a> From<&'a Answer> for Body<'a> {
    fn from(answer: &'a Answer) -> Self {
        let outcome = &answer.outcome;
        Self {
            decision: outcome.decision,
            diagnostics: Diagnostics { reason: &outcome.reasons, errors: &outcome.errors },
            revision: answer.revision,
        }
    }
}

/// `body` as a JSON response, with what the log line needs.
pub(super) fn respond(body: &impl Serialize, decided: Decided) -> Response {
    // Texts and numbers always serialize. If they did not, a body of nothing is no Allow.
    let text = serde_json::to_vec(body).unwrap_or_default();
    let mut response = text.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if tracing::enabled!(tracing::Level::DEBUG) {
        response.extensions_mut().insert(decided);
    }
    response
}
