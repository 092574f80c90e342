//! `/groups/{id}/join-requests`: asking the administrator of a closed group to be let in (F5).

use super::{List, Listing, existing, shown, time};
use crate::admin::Caller;
use crate::admin::request_join::{NewJoinRequest, close_join_request, read_join_requests, request_join};
use crate::admin::schema::Message;
use crate::domain::{GroupId, JoinRequest, JoinRequestId, UserId};
use crate::http::extract::{Json, Path, Query, acknowledged, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// An open request as answers write it.
#[derive(Serialize, ToSchema)]
#[schema(as = JoinRequest)]
struct Row {
    id: JoinRequestId,
    group: GroupId,
    user: UserId,
    #[schema(value_type = Message)]
    message: String,
    #[schema(required, format = DateTime)]
    created: Option<String>,
}

impl From<JoinRequest> for Row {
    fn from(request: JoinRequest) -> Self {
        let created = time(request.created_ms);
        Self { id: request.id, group: request.group, user: request.user, message: request.message, created }
    }
}

/// A page of open requests.
#[derive(Serialize, ToSchema)]
struct JoinRequests {
    /// By id.
    join_requests: Vec<Row>,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// `GET /groups/{id}/join-requests`
#[utoipa::path(get, path = "/admin/v1/groups/{id}/join-requests", params(Listing), responses((status = 200, description = "A page of the open ones", body = JoinRequests)))]
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(group): Path<String>,
    list: List,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = read_join_requests(&app.admin, &caller, &existing("group", &group)?, &list.page(&listing)?).await?;
    let next_page_token = list.token(&page);
    Ok(shown(&JoinRequests { join_requests: page.rows.into_iter().map(Row::from).collect(), next_page_token }))
}

/// `POST /groups/{id}/join-requests`
#[utoipa::path(post, path = "/admin/v1/groups/{id}/join-requests", request_body = NewJoinRequest, responses((status = 201, description = "Asked", body = Row)))]
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
#[utoipa::path(delete, path = "/admin/v1/groups/{id}/join-requests/{request}", responses((status = 204, description = "Done")))]
pub(in crate::http) async fn close(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((group, request)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (admin, group, id) = (Arc::clone(&app.admin), existing("group", &group)?, existing("join request", &request)?);
    let done = complete(&app, async move { close_join_request(&admin, &caller, &group, &id).await }).await?;
    Ok(acknowledged_empty(done.revision))
}
