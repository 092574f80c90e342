//! `Idempotency-Key`: a call that is sent twice is made once, and answered twice with the first answer.
//!
//! The answer is committed with the change, so that no crash comes between them. Only successes are
//! kept: a refusal changed nothing, and a retry of it may succeed by then. Secrets are not kept: the
//! member `token` of an answer is left out of it, and so of the answer to a retry.

use super::App;
use super::body;
use super::call::Record;
use super::error::Problem;
use super::extract::REVISION;
use crate::admin::{Caller, Refusal};
use crate::config::limits::{IDEMPOTENCY_KEY_CHARACTERS_MAX, RETRY_AFTER_SECONDS};
use crate::domain::{Revision, UserId};
use crate::store::idempotency::{Hash, KeptAnswer};
use crate::trace;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts as _, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The request header: any text of the client's choosing, one for each change it wants.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The response header of an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The member of an answer that is never kept.
const SECRET: &str = "token";

/// The keys whose calls are being carried out.
#[derive(Debug, Default)]
pub struct Claims(Mutex<HashSet<Hash>>);

/// One of them; given back when dropped.
struct Claim {
    app: Arc<App>,
    key_hash: Hash,
}

impl Claim {
    /// `None` if somebody else has it.
    fn new(app: &Arc<App>, key_hash: Hash) -> Option<Self> {
        let mut claims = app.claims.0.lock().unwrap_or_else(PoisonError::into_inner);
        claims.insert(key_hash).then(|| Self { app: Arc::clone(app), key_hash })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.app.claims.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key_hash);
    }
}

/// The key of a request, if it has one.
///
/// # Errors
/// 400 if it stands there twice, is empty or no printable ASCII; 422 if it is too long.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let malformed = |detail| Err(Problem::malformed("Idempotency-Key", detail));
    let mut values = headers.get_all(&KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return malformed("must not stand there twice");
    }
    let Some(text) = value.to_str().ok().filter(|text| !text.contains('\t')) else {
        return malformed("must be printable ASCII");
    };
    match text.len() {
        0 => malformed("must not be empty"),
        1..=IDEMPOTENCY_KEY_CHARACTERS_MAX => Ok(Some(text.to_owned())),
        length => {
            let detail = format!("must have at most {IDEMPOTENCY_KEY_CHARACTERS_MAX} characters, not {length}");
            Err(Problem::out_of_range("Idempotency-Key", detail))
        }
    }
}

/// Carries a call out, or answers as the first time.
pub(super) async fn carry_out(app: Arc<App>, key: &str, request: Request, next: Next) -> Response {
    let read = read(&app, key, request).await;
    let (asked, request) = match read {
        Ok(read) => read,
        Err(problem) => return problem.into_response(),
    };
    // INVARIANT: claimed before the kept answer is looked for. The other way round, a duplicate could
    // look before the first is committed and claim after it is done: the change would be made twice.
    let Some(claim) = Claim::new(&app, asked.key_hash) else { return busy() };
    if let Some(response) = answered_before(&app, asked).await {
        return response;
    }
    // Who hangs up in the middle must not decide by that whether the change is made.
    let task = tokio::spawn(trace::carried(async move {
        let response = first(&app, asked, request, next).await;
        drop(claim);
        response
    }));
    match task.await {
        Ok(response) => response,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_cancelled) => Problem::unavailable("the server is stopping").into_response(),
    }
}

/// The answer to a request that was carried out before, or that has the key of another one.
async fn answered_before(app: &App, asked: Asked) -> Option<Response> {
    match app.store.kept_answer(&asked.key_hash, app.admin.clock.now_ms()).await {
        Err(error) => Some(Problem::from(Refusal::from(error)).into_response()),
        Ok(Some(kept)) if kept.request_hash == asked.request_hash => {
            // It may have been made through another sidecar, and is acknowledged by this one now.
            let learned = app.check.learn(kept.revision.unwrap_or_default()).await;
            Some(learned.map_or_else(|error| Problem::from(Refusal::from(error)).into_response(), |()| replay(kept)))
        }
        Ok(Some(_)) => {
            let detail = "was sent before with another request: choose a new one";
            Some(Problem::out_of_range("Idempotency-Key", detail).into_response())
        }
        Ok(None) => None,
    }
}

/// What a request asks for, to tell it from others.
#[derive(Debug, Clone, Copy)]
struct Asked {
    key_hash: Hash,
    request_hash: Hash,
}

async fn read(app: &Arc<App>, key: &str, request: Request) -> Result<(Asked, Request), Problem> {
    let (mut parts, body) = request.into_parts();
    let caller = Caller::from_request_parts(&mut parts, &()).await?;
    let text = body::read_json(&parts.headers, body, &app.limits).await?;
    let asked = Asked { key_hash: key_hash(caller.actor.as_ref(), key), request_hash: request_hash(&parts, &text) };
    Ok((asked, Request::from_parts(parts, Body::from(text))))
}

/// Carries the call out and keeps the answer with the change.
async fn first(app: &Arc<App>, asked: Asked, request: Request, next: Next) -> Response {
    let (call, response) = Record::of(app, request, next).await.run(true).await;
    if !response.status().is_success() {
        // The first may have gone through another sidecar, and have been under way there: this one came too late.
        let first = if app.store.is_shared() { answered_before(app, asked).await } else { None };
        return first.unwrap_or(response);
    }
    let (parts, body) = response.into_parts();
    let Ok(text) = axum::body::to_bytes(body, usize::MAX).await else {
        return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed").into_response();
    };
    let kept = KeptAnswer {
        key_hash: asked.key_hash,
        request_hash: asked.request_hash,
        status: parts.status.as_u16(),
        revision: revision(&parts.headers),
        body: without_secret(&text),
    };
    match call.settle(&app.admin, kept).await {
        Ok(_) => Response::from_parts(parts, Body::from(text)),
        Err(refusal) => {
            let first = if app.store.is_shared() { answered_before(app, asked).await } else { None };
            first.unwrap_or_else(|| Problem::from(refusal).into_response())
        }
    }
}

fn revision(headers: &HeaderMap) -> Option<Revision> {
    headers.get(&REVISION)?.to_str().ok()?.parse().ok().map(Revision)
}

/// The answer without what is shown once. Who lost it takes another: an invitation is sent again.
fn without_secret(text: &Bytes) -> Vec<u8> {
    let Ok(Value::Object(mut members)) = serde_json::from_slice(text) else { return text.to_vec() };
    match members.remove(SECRET) {
        Some(_) => Value::Object(members).to_string().into(),
        None => text.to_vec(),
    }
}

fn replay(kept: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    let has_body = !kept.body.is_empty();
    let mut response = (status, kept.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if has_body {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(revision) = kept.revision {
        headers.insert(REVISION, HeaderValue::from(revision.0));
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn busy() -> Response {
    let detail = "a call with this `Idempotency-Key` is being carried out: try again for its answer";
    let mut response = Problem::new(StatusCode::CONFLICT, detail).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
    response
}

/// Keys of different callers are different keys.
fn key_hash(actor: Option<&UserId>, key: &str) -> Hash {
    // No user has an empty id: that is the host.
    hash([actor.map_or("", UserId::as_str).as_bytes(), key.as_bytes()])
}

fn request_hash(parts: &Parts, body: &[u8]) -> Hash {
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    hash([parts.method.as_str().as_bytes(), path.as_bytes(), body])
}

/// Each part with its length: where one ends and the next begins makes a difference.
fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Hash {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
