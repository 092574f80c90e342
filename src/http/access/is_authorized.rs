//! `POST /v1/is_authorized`: one question, one answer.

use super::answer::{Body, Decided, respond};
use super::freshness::{not_reached, reached, wanted};
use super::question::Question;
use crate::http::error::Problem;
use crate::http::{App, body, json};
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// Answers whether a principal may do an action on a resource.
///
/// # Errors
/// 400 for a malformed question or one the schema does not allow, 503 where no decision can be made.
#[utoipa::path(post, path = "/v1/is_authorized", request_body = Question, responses((status = 200, description = "The decision", body = Body)))]
pub async fn is_authorized(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let revision_min = wanted(request.headers())?;
    let text = body::read_json(request, &app.limits).await?;
    let mut question: Question<'_> = json::read(&text, &app.limits)?;
    let request = question.request("")?;
    reached(&app.check, revision_min, &app.limits).await?;
    let answer = app.check.decide(&request).await?;
    if answer.revision < revision_min {
        return Err(not_reached());
    }
    let decided =
        Decided { decision: Some(answer.outcome.decision), revision: answer.revision, cache: Some(answer.cache) };
    Ok(respond(&Body::from(&answer), decided))
}
