//! `/groups/{id}/usage`, `/users/{id}/usage`.

use super::{existing, shown};
use crate::admin::Caller;
use crate::admin::usage::{Usage, group_usage, user_usage};
use crate::http::extract::{Nothing, Path, Query};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;

/// `GET /groups/{id}/usage`
#[utoipa::path(get, path = "/admin/v1/groups/{id}/usage", responses((status = 200, description = "What each tool holds and may hold", body = Usage)))]
pub(in crate::http) async fn of_group(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    Ok(shown(&group_usage(&app.admin, &caller, &existing("group", &id)?).await?))
}

/// `GET /users/{id}/usage`
#[utoipa::path(get, path = "/admin/v1/users/{id}/usage", responses((status = 200, description = "What each tool holds and may hold", body = Usage)))]
pub(in crate::http) async fn of_user(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    Ok(shown(&user_usage(&app.admin, &caller, &existing("user", &id)?).await?))
}
