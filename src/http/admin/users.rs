//! `/users`: people.

use super::{List, Listing, chosen, existing, put, shown};
use crate::admin::Caller;
use crate::admin::delete_user::delete_user;
use crate::admin::put_user::{NewUser, put_user};
use crate::admin::read_user::{read_user, read_users};
use crate::domain::User;
use crate::http::extract::{Json, Nothing, Path, Query, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
struct Users {
    /// By id.
    users: Vec<User>,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// `GET /users`
#[utoipa::path(get, path = "/admin/v1/users", params(Listing), responses((status = 200, description = "A page, by id", body = Users)))]
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    list: List,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = read_users(&app.admin, &caller, &list.page(&listing)?).await?;
    Ok(shown(&Users { next_page_token: list.token(&page), users: page.rows }))
}

/// `GET /users/{id}`
#[utoipa::path(get, path = "/admin/v1/users/{id}", responses((status = 200, description = "As it is", body = User)))]
pub(in crate::http) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    Ok(shown(&read_user(&app.admin, &caller, &existing("user", &id)?).await?))
}

/// `PUT /users/{id}`
#[utoipa::path(put, path = "/admin/v1/users/{id}", request_body = NewUser, responses((status = 200, description = "Replaced", body = User), (status = 201, description = "Created", body = User)))]
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
#[utoipa::path(delete, path = "/admin/v1/users/{id}", responses((status = 204, description = "Done")))]
pub(in crate::http) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), existing("user", &id)?);
    let done = complete(&app, async move { delete_user(&admin, &caller, &id).await }).await?;
    Ok(acknowledged_empty(done.revision))
}
