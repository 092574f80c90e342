//! `POST /v1/is_authorized`: one question, one answer.

use super::answer::{Decided, Written, respond, write};
use super::direct::Found;
use super::freshness::{not_reached, reached, wanted};
use super::plain;
use super::question::Question;
use crate::check::Answer;
use crate::check::queue::Coming;
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

/// Answers whether a principal may do an action on a resource.
///
/// # Errors
/// 400 for a malformed question or one the schema does not allow, 503 where no decision can be made.
#[utoipa::path(post, path = "/v1/is_authorized", request_body = Question, responses((status = 200, description = "The decision", body = super::answer::Body)))]
pub async fn is_authorized(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let asker = Asker::of(&app, &parts.extensions)?;
    Ok(decide(&app, &asker, parts.headers, body, None).await?.map(Body::new))
}

/// Room for most answers.
const ANSWER_BYTES: usize = 256;

/// The same, however the request came; `coming` is its place in the queue, if it was let in already.
pub(super) async fn decide<B>(
    app: &App,
    asker: &Asker,
    headers: HeaderMap,
    body: B,
    coming: Option<Coming>,
) -> Result<Response<Reply>, Problem>
where
    B: HttpBody<Data = Bytes> + Send + Unpin,
{
    let revision_min = wanted(&headers)?;
    let text = body::read_json(&headers, body, &app.limits).await?;
    let mut question: Question<'_> = json::read(&text, &app.limits)?;
    let request = question.request(asker, "")?;
    // Before anything that may have to be waited for.
    drop(coming);
    reached(&app.check, revision_min, &app.limits).await?;
    let begun = app.begun();
    let answer = app.check.decide(&request).await?;
    if answer.revision < revision_min {
        return Err(not_reached());
    }
    if let Some(begun) = begun {
        begun.answered(&request, &answer);
    }
    Ok(respond(written(&answer), headers, is_told()))
}

/// What is known of a question at once; of one that is not plain that is nothing.
pub(super) fn at_once(app: &App, headers: &HeaderMap, text: &[u8]) -> Found {
    plain_at_once(app, headers, text).unwrap_or(Found::Nothing(None))
}

fn plain_at_once(app: &App, headers: &HeaderMap, text: &[u8]) -> Option<Found> {
    let revision_min = wanted(headers).ok()?;
    let begun = app.begun();
    let request = plain::one(text)?;
    let Some(answer) = app.check.cached(&request) else {
        return Some(app.check.expect(&request).map_or_else(|full| Found::Refused(full.into()), Found::Nothing));
    };
    if answer.revision < revision_min {
        return None;
    }
    if let Some(begun) = begun {
        begun.answered(&request, &answer);
    }
    Some(Found::Answer(written(&answer)))
}

fn written(answer: &Answer) -> Written {
    let mut text = Vec::with_capacity(ANSWER_BYTES);
    write(answer, &mut text);
    let decision = Some(answer.outcome().decision);
    Written { text, decided: Decided { decision, revision: answer.revision, cache: Some(answer.cache) } }
}
