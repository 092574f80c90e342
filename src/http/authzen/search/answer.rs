//! A page of results as it stands in a response's body.

use crate::domain::EntityUid;
use crate::domain::uid::types;
use crate::http::access::answer::Decided;
use crate::http::extract::REVISION;
use crate::search::Found;
use axum::Json;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// How candidates were found: `filtered` or `scanned`.
pub const SEARCH: HeaderName = HeaderName::from_static("conclave-search");

/// Subjects or resources.
#[derive(Serialize, ToSchema)]
pub struct EntityPage {
    page: PageEnd,
    results: Vec<EntityResult>,
}

/// Actions.
#[derive(Serialize, ToSchema)]
pub struct ActionPage {
    page: PageEnd,
    results: Vec<ActionResult>,
}

/// Where the next page begins.
#[derive(Serialize, ToSchema)]
pub struct PageEnd {
    /// What to send as `page.token` for the next page; empty after the last.
    next_token: String,
    /// How many results this page has.
    count: usize,
}

/// A subject or a resource.
#[derive(Serialize, ToSchema)]
pub struct EntityResult {
    r#type: String,
    id: String,
}

/// An action.
#[derive(Serialize, ToSchema)]
pub struct ActionResult {
    name: String,
}

impl EntityResult {
    /// The entity as the specification names it.
    #[must_use]
    pub fn of(uid: &EntityUid) -> Self {
        Self { r#type: uid.type_name.to_string(), id: uid.id.to_string() }
    }
}

impl ActionResult {
    /// The action as searches and evaluations name it: its id, and with its type if that is in a namespace.
    #[must_use]
    pub fn of(uid: &EntityUid) -> Self {
        Self { name: if uid.type_name == types::ACTION { uid.id.to_string() } else { uid.to_string() } }
    }
}

#[derive(Serialize)]
struct Body<R> {
    page: PageEnd,
    results: Vec<R>,
}

/// The answer.
pub(super) fn respond<T, R: Serialize>(found: &Found<T>, result: impl Fn(&T) -> R) -> Response {
    let next_token = found.next.clone().unwrap_or_default();
    let page = PageEnd { next_token, count: found.results.len() };
    let body = Body { page, results: found.results.iter().map(result).collect() };
    let mut response = Json(body).into_response();
    let headers = response.headers_mut();
    headers.insert(REVISION, HeaderValue::from(found.revision.0));
    headers.insert(SEARCH, HeaderValue::from_static(found.way.name()));
    response.extensions_mut().insert(Decided { decision: None, revision: found.revision, cache: None });
    response
}
