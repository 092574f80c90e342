//! `/groups/{id}/members`: who is in a group, and its co-administrators.

use super::{Listing, existing, listed, shown, time};
use crate::admin::Caller;
use crate::admin::appoint_co_administrator::{appoint_co_administrator, dismiss_co_administrator};
use crate::admin::read_group::read_members;
use crate::admin::remove_members::{Removal, remove_member, remove_members};
use crate::domain::UserId;
use crate::http::extract::{Json, Path, Query, acknowledged, acknowledged_empty, complete};
use crate::http::{App, Problem};
use crate::store::list::members::{NamedMember, People};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;

/// A member, to people in the group (S6) and to those outside it (A7).
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Row {
    Inside { user: UserId, co_administrator: bool, since: Option<String> },
    Outside { user: UserId, first_name: Option<String>, last_name: Option<String> },
}

fn row(named: NamedMember, inside: bool) -> Row {
    let member = named.member;
    if inside {
        let since = time(member.since_ms);
        return Row::Inside { user: member.user, co_administrator: member.co_administrator, since };
    }
    Row::Outside { user: member.user, first_name: named.first_name, last_name: named.last_name }
}

/// Whom a removal removed.
#[derive(Debug, Serialize)]
struct Removed {
    removed: Vec<UserId>,
}

/// `GET /groups/{id}/members`
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(group): Path<String>,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let People { administrator, members, inside } =
        read_members(&app.admin, &caller, &existing("group", &group)?, &listing.page()?).await?;
    let token = members.token();
    let mut answer = listed("members", members.rows.into_iter().map(|named| row(named, inside)), token);
    if let Some(fields) = answer.as_object_mut() {
        fields.insert("administrator".to_owned(), administrator.as_str().into());
    }
    Ok(shown(&answer))
}

/// `DELETE /groups/{id}/members/{user}`
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
