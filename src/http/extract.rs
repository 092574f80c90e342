//! What admin handlers take from a request and how they answer: with the same limits and the same
//! problems as everything else.

use super::error::Problem;
use super::measures::Shed;
use super::{App, body, json};
use crate::admin::{Caller, Done, call};
use crate::domain::json::named;
use crate::domain::{Revision, UserId};
use crate::trace;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The request header that names the person on whose behalf a call is made.
pub const ACTOR: HeaderName = HeaderName::from_static("conclave-actor");

/// The response header that names the revision from which on everybody sees a change.
pub const REVISION: HeaderName = HeaderName::from_static("conclave-revision");

/// A JSON body. What `T` does not name must be refused: give it `#[serde(deny_unknown_fields)]`.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let text = body::read_json(&parts.headers, body, &app.limits).await?;
        json::read(&text, &app.limits).map(Self)
    }
}

/// Parts of the path, such as an id: percent-decoded UTF-8.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        read.map(|path| Self(path.0)).map_err(|error| {
            let status = error.status();
            if status.is_server_error() {
                tracing::error!(%error, "a route and its handler disagree");
                return Problem::new(status, "the server failed");
            }
            Problem::new(StatusCode::BAD_REQUEST, format!("the path is malformed: {}", error.body_text()))
        })
    }
}

/// The query string: percent-decoded UTF-8. What `T` does not name must be refused: give it
/// `#[serde(deny_unknown_fields)]`.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // axum would put replacement characters in its place, and answer what nobody asked.
        if percent_decode_str(parts.uri.query().unwrap_or_default()).decode_utf8().is_err() {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "the query is malformed: it is not UTF-8"));
        }
        let read = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        read.map(|query| Self(query.0)).map_err(|error| {
            let said = error.body_text();
            let problem = Problem::new(StatusCode::BAD_REQUEST, format!("the query is malformed: {said}"));
            Problem { field: named(&said).map(str::to_owned), ..problem }
        })
    }
}

/// The query of what takes none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

// `Conclave-Actor` is taken as it stands, in UTF-8. Decoding percents would let two texts name one
// person and one text two.
impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        // A change takes what it is told from its body. Told elsewhere, it would be another change.
        if parts.method != Method::GET && parts.method != Method::HEAD {
            Query::<Nothing>::from_request_parts(parts, &()).await?;
        }
        let mut values = parts.headers.get_all(ACTOR).iter();
        let Some(value) = values.next() else { return Ok(Self { actor: None }) };
        if values.next().is_some() {
            return Err(Problem::malformed("Conclave-Actor", "must not stand there twice"));
        }
        let text =
            std::str::from_utf8(value.as_bytes()).map_err(|_| Problem::malformed("Conclave-Actor", "must be UTF-8"))?;
        let actor = UserId::new(text).map_err(|error| Problem::malformed("Conclave-Actor", error))?;
        Ok(Self { actor: Some(actor) })
    }
}

/// The answer to a change that was made: `body`, and the revision from which on everybody sees it.
#[must_use]
pub fn acknowledged<T: Serialize>(status: StatusCode, revision: Revision, body: &T) -> Response {
    with_revision((status, axum::Json(body)).into_response(), revision)
}

/// The answer to a change that leaves nothing to tell: 204, and its revision.
#[must_use]
pub fn acknowledged_empty(revision: Revision) -> Response {
    with_revision(StatusCode::NO_CONTENT.into_response(), revision)
}

fn with_revision(mut response: Response, revision: Revision) -> Response {
    response.headers_mut().insert(REVISION, HeaderValue::from(revision.0));
    response
}

/// Runs a command to its end, whether or not the client waits for it: who hangs up in the middle of
/// a write must not decide by that whether it is made.
///
/// In a call with an `Idempotency-Key` the change is committed after this returns, with the answer:
/// a handler makes its answer of what the command did, and reads nothing more from the store.
///
/// # Errors
/// The command's own refusal; 503 if too many commands wait or the server stops.
pub async fn complete<T, E, F>(app: &Arc<App>, command: F) -> Result<Done<T>, Problem>
where
    T: Send + 'static,
    E: Into<Problem> + Send + 'static,
    F: Future<Output = Result<Done<T>, E>> + Send + 'static,
{
    let Ok(permit) = Arc::clone(&app.commands).try_acquire_owned() else {
        app.measures.shed(Shed::Commands);
        return Err(Problem::unavailable("too many changes are waiting"));
    };
    let call = call::current();
    let task = tokio::spawn(trace::carried(call::within(call.clone(), async move {
        let done = command.await;
        // Held until the command is done: the server stops only when all permits are back.
        match call {
            Some(call) => call.hold(permit),
            None => drop(permit),
        }
        done
    })));
    match task.await {
        Ok(done) => done.map_err(Into::into),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_cancelled) => Err(Problem::unavailable("the server is stopping")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn caller(values: &[&[u8]]) -> Result<Option<String>, u16> {
        let mut request = Request::new(());
        for value in values {
            request.headers_mut().append(ACTOR, HeaderValue::from_bytes(value).unwrap());
        }
        let caller = Caller::from_request_parts(&mut request.into_parts().0, &()).await;
        caller.map(|caller| caller.actor.map(|id| id.to_string())).map_err(|problem| problem.status.as_u16())
    }

    #[tokio::test]
    async fn the_actor_is_one_id_as_it_stands() {
        assert_eq!(caller(&[]).await, Ok(None));
        assert_eq!(caller(&[b"director"]).await, Ok(Some("director".into())));
        assert_eq!(caller(&["jürgen 日本".as_bytes()]).await, Ok(Some("jürgen 日本".into())));
        assert_eq!(caller(&[b"a%41"]).await, Ok(Some("a%41".into())));
        for bad in [&[&b""[..]][..], &[b"a/b"], &[b".."], &[b"j\xfcrgen"], &[b"a", b"a"]] {
            assert_eq!(caller(bad).await, Err(400), "{bad:?}");
        }
    }

    #[test]
    fn an_acknowledgement_carries_its_revision() {
        let response = acknowledged(StatusCode::CREATED, Revision(42), &serde_json::json!({"id": "sales"}));
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()[REVISION], "42");
        assert_eq!(acknowledged_empty(Revision(7)).headers()[REVISION], "7");
    }
}
