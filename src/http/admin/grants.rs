//! `/grants`.

use super::{Listing, listed, shown};
use crate::admin::Caller;
use crate::admin::grant::{Grant, GrantView, grant};
use crate::admin::list_grants::list_grants;
use crate::admin::revoke::revoke;
use crate::http::extract::{Json, Query, acknowledged, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

/// Which grants, and which page of them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Carrier {
    /// What carries the grants, as an entity reference.
    resource: String,
    /// At most so many rows.
    limit: Option<String>,
    /// `next_page_token` of the page before.
    page_token: Option<String>,
}

/// `GET /grants`
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(Carrier { resource, limit, page_token }): Query<Carrier>,
) -> Result<Response, Problem> {
    let listing = Listing { limit, page_token };
    let page = list_grants(&app.admin, &caller, &resource, &listing.page()?).await?;
    let token = page.token();
    Ok(shown(&listed("grants", page.rows, token)))
}

/// `PUT /grants`
pub(in crate::http) async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(new): Json<Grant>,
) -> Result<Response, Problem> {
    let admin = Arc::clone(&app.admin);
    let done = complete(&app, async move { grant(&admin, &caller, new).await }).await?;
    Ok(acknowledged(StatusCode::OK, done.revision, &done.output))
}

/// `POST /grants/revoke`
pub(in crate::http) async fn withdraw(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(old): Json<GrantView>,
) -> Result<Response, Problem> {
    let admin = Arc::clone(&app.admin);
    let done = complete(&app, async move { revoke(&admin, &caller, old.into()).await }).await?;
    Ok(acknowledged_empty(done.revision))
}
