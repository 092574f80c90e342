//! `/subscriptions`: plans and their limits.

use super::{Listing, chosen, existing, listed, put, shown};
use crate::admin::Caller;
use crate::admin::put_subscription::{NewLimits, delete_subscription, put_subscription};
use crate::admin::read_user::{read_subscription, read_subscriptions};
use crate::http::extract::{Json, Path, Query, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;

/// `GET /subscriptions`
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = read_subscriptions(&app.admin, &caller, &listing.page()?).await?;
    let token = page.token();
    Ok(shown(&listed("subscriptions", page.rows, token)))
}

/// `GET /subscriptions/{id}`
pub(in crate::http) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(shown(&read_subscription(&app.admin, &caller, &existing("subscription", &id)?).await?))
}

/// `PUT /subscriptions/{id}`
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
pub(in crate::http) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), existing("subscription", &id)?);
    let done = complete(&app, async move { delete_subscription(&admin, &caller, &id).await }).await?;
    Ok(acknowledged_empty(done.revision))
}
