//! `/users`: people.

use super::{Listing, chosen, existing, listed, put, shown};
use crate::admin::Caller;
use crate::admin::delete_user::delete_user;
use crate::admin::put_user::{NewUser, put_user};
use crate::admin::read_user::{read_user, read_users};
use crate::http::extract::{Json, Path, Query, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;

/// `GET /users`
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = read_users(&app.admin, &caller, &listing.page()?).await?;
    let token = page.token();
    Ok(shown(&listed("users", page.rows, token)))
}

/// `GET /users/{id}`
pub(in crate::http) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(shown(&read_user(&app.admin, &caller, &existing("user", &id)?).await?))
}

/// `PUT /users/{id}`
pub(in crate::http) async fn replace(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(user): Json<NewUser>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), chosen(&id)?);
    let done = complete(&app, async move { put_user(&admin, &caller, id, user).await }).await?;
    Ok(put(&done))
}

/// `DELETE /users/{id}`
pub(in crate::http) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), existing("user", &id)?);
    let done = complete(&app, async move { delete_user(&admin, &caller, &id).await }).await?;
    Ok(acknowledged_empty(done.revision))
}
