//! `POST /v1/is_authorized/batch`: several questions, answered from one state.

use super::answer::{Bodies, Body, Decided, respond};
use super::freshness::{not_reached, reached, wanted};
use super::question::Batch;
use crate::http::error::Problem;
use crate::http::{App, body, json};
use axum::extract::{Request, State};
use axum::response::Response;
use std::sync::Arc;

/// Answers every question of the batch in its order, all at one revision; or none.
///
/// # Errors
/// 400 for a question that is malformed or that the schema does not allow, naming it as
/// `requests[3].action`; 422 for more questions than `batch_requests_max`; 503 where no decision can
/// be made.
#[utoipa::path(post, path = "/v1/is_authorized/batch", request_body = Batch, responses((status = 200, description = "The decisions, in the order of the requests", body = Bodies)))]
pub async fn batch(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let revision_min = wanted(request.headers())?;
    let text = body::read_json(request, &app.limits).await?;
    let mut batch: Batch<'_> = json::read(&text, &app.limits)?;
    let count_max = app.limits.batch_requests_max;
    if batch.requests.len() > count_max {
        let detail = format!("must hold at most {count_max} requests, not {}", batch.requests.len());
        return Err(Problem::out_of_range("requests", detail));
    }
    let requests = batch.requests.iter_mut().enumerate();
    let requests = requests.map(|(index, question)| question.request(&format!("requests[{index}].")));
    let requests = requests.collect::<Result<Vec<_>, _>>()?;
    reached(&app.check, revision_min, &app.limits).await?;
    let answers = app.check.decide_all(&requests).await?;
    let revision = answers.first().map_or_else(|| app.check.revision(), |answer| answer.revision);
    if revision < revision_min {
        return Err(not_reached());
    }
    let responses = answers.iter().map(Body::from).collect();
    Ok(respond(&Bodies { responses }, Decided { decision: None, revision, cache: None }))
}
