//! `/groups/{id}/members`: who is in a group, and its co-administrators.

use super::{List, Listing, existing, shown, time};
use crate::admin::Caller;
use crate::admin::appoint_co_administrator::{appoint_co_administrator, dismiss_co_administrator};
use crate::admin::read_group::read_members;
use crate::admin::remove_members::{Removal, remove_member, remove_members};
use crate::admin::schema::Line;
use crate::domain::UserId;
use crate::http::extract::{Json, Path, Query, acknowledged, acknowledged_empty, complete};
use crate::http::{App, Problem};
use crate::store::list::members::{NamedMember, People};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A member, to people in the group (S6) and to those outside it (A7).
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum MemberRow {
    Inside {
        user: UserId,
        co_administrator: bool,
        #[schema(required, format = DateTime)]
        since: Option<String>,
    },
    Outside {
        user: UserId,
        #[schema(value_type = Option<Line>, required)]
        first_name: Option<String>,
        #[schema(value_type = Option<Line>, required)]
        last_name: Option<String>,
    },
}

fn row(named: NamedMember, inside: bool) -> MemberRow {
    let member = named.member;
    if inside {
        let since = time(member.since_ms);
        return MemberRow::Inside { user: member.user, co_administrator: member.co_administrator, since };
    }
    MemberRow::Outside { user: member.user, first_name: named.first_name, last_name: named.last_name }
}

/// A page of the people in a group.
#[derive(Debug, Serialize, ToSchema)]
struct PeoplePage {
    /// The one administrator (A2), who is no member.
    administrator: UserId,
    /// By user id.
    members: Vec<MemberRow>,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// Whom a removal removed.
#[derive(Debug, Serialize, ToSchema)]
struct Removed {
    removed: Vec<UserId>,
}

/// `GET /groups/{id}/members`
#[utoipa::path(get, path = "/admin/v1/groups/{id}/members", params(Listing), responses((status = 200, description = "A page, by user id", body = PeoplePage)))]
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(group): Path<String>,
    list: List,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let People { administrator, members, inside } =
        read_members(&app.admin, &caller, &existing("group", &group)?, &list.page(&listing)?).await?;
    let next_page_token = list.token(&members);
    let members = members.rows.into_iter().map(|named| row(named, inside)).collect();
    Ok(shown(&PeoplePage { administrator, members, next_page_token }))
}

/// `DELETE /groups/{id}/members/{user}`
#[utoipa::path(delete, path = "/admin/v1/groups/{id}/members/{user}", responses((status = 204, description = "Done")))]
pub(in crate::http) async fn remove(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((group, user)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (admin, group, user) = (Arc::clone(&app.admin), existing("group", &group)?, existing("member", &user)?);
    let done = complete(&app, async move { remove_member(&admin, &caller, &group, &user).await }).await?;
    Ok(acknowledged_empty(done.revision))
}

/// `POST /groups/{id}/removals`
#[utoipa::path(post, path = "/admin/v1/groups/{id}/removals", request_body = Removal, responses((status = 200, description = "Who was removed", body = Removed)))]
pub(in crate::http) async fn remove_several(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(group): Path<String>,
    Json(removal): Json<Removal>,
) -> Result<Response, Problem> {
    let (admin, group) = (Arc::clone(&app.admin), existing("group", &group)?);
    let done = complete(&app, async move { remove_members(&admin, &caller, &group, removal).await }).await?;
    Ok(acknowledged(StatusCode::OK, done.revision, &Removed { removed: done.output }))
}

/// `PUT /groups/{id}/co-administrators/{user}`
#[utoipa::path(put, path = "/admin/v1/groups/{id}/co-administrators/{user}", responses((status = 204, description = "Done")))]
pub(in crate::http) async fn appoint(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((group, user)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (admin, group, user) = (Arc::clone(&app.admin), existing("group", &group)?, existing("member", &user)?);
    let command = async move { appoint_co_administrator(&admin, &caller, &group, &user).await };
    let done = complete(&app, command).await?;
    Ok(acknowledged_empty(done.revision))
}

/// `DELETE /groups/{id}/co-administrators/{user}`
#[utoipa::path(delete, path = "/admin/v1/groups/{id}/co-administrators/{user}", responses((status = 204, description = "Done")))]
pub(in crate::http) async fn dismiss(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((group, user)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (admin, group, user) =
        (Arc::clone(&app.admin), existing("group", &group)?, existing("co-administrator", &user)?);
    let command = async move { dismiss_co_administrator(&admin, &caller, &group, &user).await };
    let done = complete(&app, command).await?;
    Ok(acknowledged_empty(done.revision))
}
