//! `POST /v1/explain`: one question, its answer, and why.

mod reason;

pub use reason::reason;

use super::answer::{Decided, Diagnostics};
use super::freshness::{not_reached, reached, wanted};
use super::question::Question;
use crate::check::Explained;
use crate::domain::{Decision, DecisionRequest, Revision};
use crate::engine::explain::Explanation;
use crate::http::auth::Asker;
use crate::http::error::Problem;
use crate::http::{App, body, json};
use crate::texts::Language;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A decision, and why it is so.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explained)]
pub struct Body<'a> {
    decision: Decision,
    diagnostics: Diagnostics<'a>,
    revision: Revision,
    /// Why, in one sentence, in the language of `Content-Language` (T1).
    reason: String,
    /// Why, as data.
    #[serde(flatten)]
    explanation: &'a Explanation,
}

impl<'a> Body<'a> {
    /// What is answered to somebody who reads this language.
    #[must_use]
    pub fn new(request: &DecisionRequest, explained: &'a Explained, language: Language) -> Self {
        let Explained { outcome, explanation, revision, .. } = explained;
        Self {
            decision: outcome.decision,
            diagnostics: Diagnostics::of(outcome),
            revision: *revision,
            reason: reason(request, explained, language),
            explanation,
        }
    }
}

/// Answers whether a principal may do an action on a resource, by which policies and facts, and if not, what is missing
/// and what would allow it.
///
/// # Errors
/// 400 for a malformed question or one the schema does not allow, 503 where no decision can be made.
#[utoipa::path(
    post,
    path = "/v1/explain",
    request_body = Question,
    params(("Accept-Language" = Option<String>, Header, description = "In which languages `reason` is understood; English otherwise")),
    responses((
        status = 200,
        description = "The decision, and why",
        body = Body,
        headers(
            ("Content-Language" = String, description = "The language of `reason`: `en`, `it`, `nl` or `es`"),
            ("Vary" = String, description = "`Accept-Language`"),
        )
    ))
)]
pub async fn explain(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = Asker::of(&app, &parts.extensions)?;
    let revision_min = wanted(&parts.headers)?;
    let text = body::read_json(&parts.headers, body, &app.limits).await?;
    let mut question: Question<'_> = json::read(&text, &app.limits)?;
    let asked = question.request(&caller, "")?;
    reached(&app.check, revision_min, &app.limits).await?;
    let begun = app.begun();
    let explained = app.check.explain(&asked).await?;
    if explained.revision < revision_min {
        return Err(not_reached());
    }
    let request = asked.to_owned();
    if let Some(begun) = begun {
        begun.explained(&request, &explained);
    }
    Ok(respond(&request, &explained, language(&parts.headers)))
}

fn respond(request: &DecisionRequest, explained: &Explained, language: Language) -> Response {
    let mut response = Json(Body::new(request, explained, language)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    let decision = Some(explained.outcome.decision);
    response.extensions_mut().insert(Decided { decision, revision: explained.revision, cache: None });
    response
}

/// The language that the request likes best; a header that stands there twice is one list (RFC 9110).
fn language(headers: &HeaderMap) -> Language {
    let lists = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    Language::accepted(&lists.collect::<Vec<_>>().join(","))
}
