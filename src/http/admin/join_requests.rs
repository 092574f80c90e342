//! `/groups/{id}/join-requests`: asking the administrator of a closed group to be let in (F5).

use super::{Listing, existing, listed, shown, time};
use crate::admin::Caller;
use crate::admin::request_join::{NewJoinRequest, close_join_request, read_join_requests, request_join};
use crate::domain::{GroupId, JoinRequest, JoinRequestId, UserId};
use crate::http::extract::{Json, Path, Query, acknowledged, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;

/// An open request as answers write it.
#[derive(Serialize)]
struct Row {
    id: JoinRequestId,
    group: GroupId,
    user: UserId,
    message: String,
    created: Option<String>,
}

impl From<JoinRequest> for Row {
    fn from(request: JoinRequest) -> Self {
        let created = time(request.created_ms);
        Self { id: request.id, group: request.group, user: request.user, message: request.message, created }
    }
}

/// `GET /groups/{id}/join-requests`
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(group): Path<String>,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = read_join_requests(&app.admin, &caller, &existing("group", &group)?, &listing.page()?).await?;
    let token = page.token();
    Ok(shown(&listed("join_requests", page.rows.into_iter().map(Row::from), token)))
}

/// `POST /groups/{id}/join-requests`
pub(in crate::http) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(group): Path<String>,
    Json(request): Json<NewJoinRequest>,
) -> Result<Response, Problem> {
    let (admin, group) = (Arc::clone(&app.admin), existing("group", &group)?);
    let done = complete(&app, async move { request_join(&admin, &caller, &group, request).await }).await?;
    Ok(acknowledged(StatusCode::CREATED, done.revision, &Row::from(done.output)))
}

/// `DELETE /groups/{id}/join-requests/{request}`
pub(in crate::http) async fn close(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((group, request)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (admin, group, id) = (Arc::clone(&app.admin), existing("group", &group)?, existing("join request", &request)?);
    let done = complete(&app, async move { close_join_request(&admin, &caller, &group, &id).await }).await?;
    Ok(acknowledged_empty(done.revision))
}
