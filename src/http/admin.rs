//! The admin API: handlers of a few lines beside their siblings, one file per noun. What a change
//! checks and refuses is the command's business in `crate::admin`.

pub mod audit;
pub mod changes;
pub mod contexts;
pub mod directory;
pub mod entities;
pub mod folders;
pub mod grants;
pub mod groups;
pub mod invitations;
pub mod items;
pub mod join_requests;
mod listing;
pub mod members;
pub mod outbox;
pub mod policies;
pub mod subscriptions;
pub mod usage;
pub mod users;

use super::error::Problem;
use super::extract::acknowledged;
use super::{App, body, json};
use crate::admin::{Done, Put};
use crate::domain::IdError;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;
use std::sync::Arc;

pub use listing::{List, Listing};

/// A JSON body that may be left out.
#[derive(Debug)]
pub struct Optional<T>(pub T);

impl<T: DeserializeOwned + Default> FromRequest<Arc<App>> for Optional<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let text = body::read_json(&parts.headers, body, &app.limits).await?;
        if text.is_empty() { Ok(Self(T::default())) } else { json::read(&text, &app.limits).map(Self) }
    }
}

/// A JSON answer that changes nothing.
pub fn shown<T: Serialize>(value: &T) -> Response {
    axum::Json(value).into_response()
}

/// The answer to a `PUT`: 201 for what was not there before.
pub fn put<T: Serialize>(done: &Done<Put<T>>) -> Response {
    let status = if done.output.created { StatusCode::CREATED } else { StatusCode::OK };
    acknowledged(status, done.revision, &done.output.value)
}

/// The id of something that should exist. A text that is no id names nothing: 404.
///
/// # Errors
/// 404 naming `what` it should be.
pub fn existing<T: TryFrom<SmolStr, Error = IdError>>(what: &str, text: &str) -> Result<T, Problem> {
    let missing = |_| Problem::new(StatusCode::NOT_FOUND, format!("{what} `{text}` does not exist"));
    T::try_from(SmolStr::new(text)).map_err(missing)
}

/// The id of something that may be made.
///
/// # Errors
/// 422: the text is no id.
pub fn chosen<T: TryFrom<SmolStr, Error = IdError>>(text: &str) -> Result<T, Problem> {
    T::try_from(SmolStr::new(text)).map_err(|error| Problem::out_of_range("id", error))
}

/// A time as answers write it (RFC 3339), from milliseconds since 1970-01-01 UTC; `None` if it lies
/// beyond the calendar.
#[must_use]
pub fn time(ms: i64) -> Option<String> {
    jiff::Timestamp::from_millisecond(ms).ok().map(|time| time.to_string())
}

#[cfg(test)]
mod tests;
