//! `POST /v1/is_authorized/batch`: several questions, answered from one state.

use super::answer::{Decided, Written, respond, write};
use super::freshness::{not_reached, reached, wanted};
use super::plain;
use super::question::Batch;
use crate::check::{Answer, RequestRef};
use crate::decision_log::Begun;
use crate::domain::Revision;
use crate::http::auth::Asker;
use crate::http::error::Problem;
use crate::http::observe::is_told;
use crate::http::reply::Reply;
use crate::http::{App, body, json};
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use std::sync::Arc;

/// Answers every question of the batch in its order, all at one revision; or none.
///
/// # Errors
/// 400 for a question that is malformed or that the schema does not allow, naming it as
/// `requests[3].action`; 422 for more questions than `batch_requests_max`; 503 where no decision can
/// be made.
#[utoipa::path(post, path = "/v1/is_authorized/batch", request_body = Batch, responses((status = 200, description = "The decisions, in the order of the requests", body = super::answer::Bodies)))]
pub async fn batch(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let asker = Asker::of(&app, &parts.extensions)?;
    Ok(decide(&app, &asker, parts.headers, body).await?.map(Body::new))
}

/// The same, however the request came.
pub(super) async fn decide<B>(app: &App, asker: &Asker, headers: HeaderMap, body: B) -> Result<Response<Reply>, Problem>
where
    B: HttpBody<Data = Bytes> + Send + Unpin,
{
    let revision_min = wanted(&headers)?;
    let text = body::read_json(&headers, body, &app.limits).await?;
    let mut batch: Batch<'_> = json::read(&text, &app.limits)?;
    let count_max = app.limits.batch_requests_max;
    if batch.requests.len() > count_max {
        let detail = format!("must hold at most {count_max} requests, not {}", batch.requests.len());
        return Err(Problem::out_of_range("requests", detail));
    }
    let requests = batch.requests.iter_mut().enumerate();
    let requests = requests.map(|(index, question)| question.request(asker, &format!("requests[{index}].")));
    let requests = requests.collect::<Result<Vec<_>, _>>()?;
    reached(&app.check, revision_min, &app.limits).await?;
    let begun = app.begun();
    let answers = app.check.decide_all(&app.check.in_force(), &requests).await?;
    let written = written(&answers, app.check.revision());
    if written.decided.revision < revision_min {
        return Err(not_reached());
    }
    record(begun, &requests, &answers);
    Ok(respond(written, headers, is_told()))
}

/// The answers to plain questions, if the cache has them all.
pub(super) fn at_once(app: &App, headers: &HeaderMap, text: &[u8]) -> Option<Written> {
    let revision_min = wanted(headers).ok()?;
    let begun = app.begun();
    let requests = plain::batch(text)?;
    if requests.len() > app.limits.batch_requests_max {
        return None;
    }
    let answers = app.check.cached_all(&requests)?;
    let written = written(&answers, app.check.revision());
    if written.decided.revision < revision_min {
        return None;
    }
    record(begun, &requests, &answers);
    Some(written)
}

fn record(begun: Option<Begun<'_>>, requests: &[RequestRef<'_>], answers: &[Answer]) {
    if let Some(begun) = begun {
        requests.iter().zip(answers).for_each(|(request, answer)| begun.answered(request, answer));
    }
}

/// The answers as JSON; `none` is the revision that an empty batch is answered at.
fn written(answers: &[Answer], none: Revision) -> Written {
    const ANSWER_BYTES: usize = 128;
    let mut text = Vec::with_capacity(ANSWER_BYTES * (answers.len() + 1));
    text.extend_from_slice(br#"{"responses":["#);
    for (index, answer) in answers.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        write(answer, &mut text);
    }
    text.extend_from_slice(b"]}");
    let revision = answers.first().map_or(none, |answer| answer.revision);
    Written { text, decided: Decided { decision: None, revision, cache: None } }
}
