//! `/groups`: groups, their settings, handover, joining and leaving.

use super::{Listing, Optional, existing, listed, shown};
use crate::admin::Caller;
use crate::admin::accept_invitation::Admitted;
use crate::admin::change_group::{GroupPatch, change_group};
use crate::admin::create_group::{NewGroup, create_group};
use crate::admin::delete_group::delete_group;
use crate::admin::hand_over::{Handover, hand_over};
use crate::admin::join_group::join_group;
use crate::admin::leave_group::{Leaving, leave_group};
use crate::admin::leave_preview::leave_preview;
use crate::admin::read_group::{read_group, read_groups};
use crate::domain::group::Activity;
use crate::domain::{GroupId, UserId};
use crate::http::extract::{Json, Path, Query, acknowledged, acknowledged_empty, complete};
use crate::http::{App, Problem};
use crate::store::list::groups::SeenGroup;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;

/// What a published group shows to people outside it (F3).
#[derive(Debug, Serialize)]
pub(super) struct PublishedGroup {
    pub(super) id: GroupId,
    name: String,
    full_name: Option<String>,
    description: Option<String>,
    language: Option<String>,
    activity: Option<Activity>,
    sector: Option<String>,
    open: bool,
    /// Of a closed group, which is joined by writing there (F5).
    #[serde(skip_serializing_if = "Option::is_none")]
    administrator_email: Option<String>,
}

impl From<SeenGroup> for PublishedGroup {
    fn from(seen: SeenGroup) -> Self {
        let settings = seen.group.settings;
        let open = settings.switches.open;
        Self {
            id: seen.group.id,
            name: seen.group.name,
            full_name: settings.full_name,
            description: settings.description,
            language: settings.language,
            activity: settings.activity,
            sector: settings.sector,
            open,
            administrator_email: if open { None } else { seen.administrator_email },
        }
    }
}

/// Who is in which group now.
#[derive(Debug, Serialize)]
pub(super) struct Admission {
    group: GroupId,
    user: UserId,
}

impl From<Admitted> for Admission {
    fn from(admitted: Admitted) -> Self {
        Self { group: admitted.group, user: admitted.user }
    }
}

/// `GET /groups`
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = read_groups(&app.admin, &caller, &listing.page()?).await?;
    let token = page.token();
    Ok(shown(&listed("groups", page.rows, token)))
}

/// `POST /groups`
pub(in crate::http) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(group): Json<NewGroup>,
) -> Result<Response, Problem> {
    let admin = Arc::clone(&app.admin);
    let done = complete(&app, async move { create_group(&admin, &caller, group).await }).await?;
    Ok(acknowledged(StatusCode::CREATED, done.revision, &done.output))
}

/// `GET /groups/{id}`
pub(in crate::http) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let seen = read_group(&app.admin, &caller, &existing("group", &id)?).await?;
    Ok(if seen.inside { shown(&seen.group) } else { shown(&PublishedGroup::from(seen)) })
}

/// `PATCH /groups/{id}`
pub(in crate::http) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(patch): Json<GroupPatch>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), existing("group", &id)?);
    let done = complete(&app, async move { change_group(&admin, &caller, &id, patch).await }).await?;
    Ok(acknowledged(StatusCode::OK, done.revision, &done.output))
}

/// `DELETE /groups/{id}`
pub(in crate::http) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), existing("group", &id)?);
    let done = complete(&app, async move { delete_group(&admin, &caller, &id).await }).await?;
    Ok(acknowledged_empty(done.revision))
}

/// `PUT /groups/{id}/administrator`
pub(in crate::http) async fn replace_administrator(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(handover): Json<Handover>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), existing("group", &id)?);
    let done = complete(&app, async move { hand_over(&admin, &caller, &id, handover).await }).await?;
    Ok(acknowledged(StatusCode::OK, done.revision, &done.output))
}

/// `POST /groups/{id}/join`
pub(in crate::http) async fn join(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), existing("group", &id)?);
    let done = complete(&app, async move { join_group(&admin, &caller, &id).await }).await?;
    Ok(acknowledged(StatusCode::OK, done.revision, &Admission::from(done.output)))
}

/// `POST /groups/{id}/leave`
pub(in crate::http) async fn leave(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Optional(leaving): Optional<Leaving>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), existing("group", &id)?);
    let done = complete(&app, async move { leave_group(&admin, &caller, &id, leaving).await }).await?;
    Ok(acknowledged_empty(done.revision))
}

/// `GET /groups/{id}/leave-preview`
pub(in crate::http) async fn preview_leaving(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = leave_preview(&app.admin, &caller, &existing("group", &id)?, &listing.page()?).await?;
    let token = page.token();
    Ok(shown(&listed("grants", page.rows, token)))
}
