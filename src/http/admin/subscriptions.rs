//! `/subscriptions`: plans and their limits.

use super::{List, Listing, chosen, existing, put, shown};
use crate::admin::Caller;
use crate::admin::put_subscription::{NewLimits, delete_subscription, put_subscription};
use crate::admin::read_user::{read_subscription, read_subscriptions};
use crate::domain::Subscription;
use crate::http::extract::{Json, Nothing, Path, Query, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A page of plans.
#[derive(Debug, Serialize, ToSchema)]
struct Subscriptions {
    /// By id.
    subscriptions: Vec<Subscription>,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// `GET /subscriptions`
#[utoipa::path(get, path = "/admin/v1/subscriptions", params(Listing), responses((status = 200, description = "A page, by id", body = Subscriptions)))]
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    list: List,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = read_subscriptions(&app.admin, &caller, &list.page(&listing)?).await?;
    Ok(shown(&Subscriptions { next_page_token: list.token(&page), subscriptions: page.rows }))
}

/// `GET /subscriptions/{id}`
#[utoipa::path(get, path = "/admin/v1/subscriptions/{id}", responses((status = 200, description = "As it is", body = Subscription)))]
pub(in crate::http) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    Ok(shown(&read_subscription(&app.admin, &caller, &existing("subscription", &id)?).await?))
}

/// `PUT /subscriptions/{id}`
#[utoipa::path(put, path = "/admin/v1/subscriptions/{id}", request_body = NewLimits, responses((status = 200, description = "Replaced", body = Subscription), (status = 201, description = "Created", body = Subscription)))]
pub(in crate::http) async fn replace(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(limits): Json<NewLimits>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), chosen(&id)?);
    let done = complete(&app, async move { put_subscription(&admin, &caller, id, limits).await }).await?;
    Ok(put(&done))
}

/// `DELETE /subscriptions/{id}`
#[utoipa::path(delete, path = "/admin/v1/subscriptions/{id}", responses((status = 204, description = "Done")))]
pub(in crate::http) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), existing("subscription", &id)?);
    let done = complete(&app, async move { delete_subscription(&admin, &caller, &id).await }).await?;
    Ok(acknowledged_empty(done.revision))
}
