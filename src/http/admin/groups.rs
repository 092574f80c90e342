//! `/groups`: groups, their settings, handover, joining and leaving.

use super::grants::Grants;
use super::{List, Listing, Optional, existing, shown};
use crate::admin::accept_invitation::Admitted;
use crate::admin::change_group::{GroupPatch, change_group};
use crate::admin::create_group::{NewGroup, create_group};
use crate::admin::delete_group::delete_group;
use crate::admin::hand_over::{Handover, hand_over};
use crate::admin::join_group::join_group;
use crate::admin::leave_group::{Leaving, leave_group};
use crate::admin::leave_preview::leave_preview;
use crate::admin::read_group::{read_group, read_groups};
use crate::admin::schema::{Description, Email, Language, Line, Name};
use crate::admin::{Caller, Refusal};
use crate::domain::group::Activity;
use crate::domain::{Group, GroupId, UserId};
use crate::http::extract::{Json, Nothing, Path, Query, acknowledged, acknowledged_empty, complete};
use crate::http::{App, Problem};
use crate::store::list::groups::SeenGroup;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use std::borrow::Cow;
use std::sync::Arc;
use utoipa::openapi::schema::{AnyOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// What a published group shows to people outside it (F3).
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PublishedGroup {
    pub(super) id: GroupId,
    #[schema(value_type = Name)]
    name: String,
    #[schema(value_type = Option<Line>, required)]
    full_name: Option<String>,
    #[schema(value_type = Option<Description>, required)]
    description: Option<String>,
    #[schema(value_type = Option<Language>, required)]
    language: Option<String>,
    #[schema(required)]
    activity: Option<Activity>,
    #[schema(value_type = Option<Line>, required)]
    sector: Option<String>,
    open: bool,
    /// Of a closed group, which is joined by writing there (F5).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Email>)]
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
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Admission {
    group: GroupId,
    user: UserId,
}

impl From<Admitted> for Admission {
    fn from(admitted: Admitted) -> Self {
        Self { group: admitted.group, user: admitted.user }
    }
}

/// A page of groups.
#[derive(Debug, Serialize, ToSchema)]
struct Groups {
    /// By id.
    groups: Vec<Group>,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// A group as the caller may see it.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum View {
    /// To people in the group and to the host (S6).
    Inside(Group),
    /// To everybody else (F3).
    Outside(PublishedGroup),
}

impl ToSchema for View {
    fn name() -> Cow<'static, str> {
        "GroupView".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Group::name().into_owned(), Group::schema()));
        schemas.push((PublishedGroup::name().into_owned(), PublishedGroup::schema()));
        Group::schemas(schemas);
        PublishedGroup::schemas(schemas);
    }
}

// Not one of two: whatever shows a group whole shows all that is published of it.
impl PartialSchema for View {
    fn schema() -> RefOr<Schema> {
        let kinds = [Group::name(), PublishedGroup::name()];
        kinds.iter().fold(AnyOfBuilder::new(), |any, kind| any.item(Ref::from_schema_name(kind.as_ref()))).into()
    }
}

/// `GET /groups`
#[utoipa::path(get, path = "/admin/v1/groups", params(Listing), responses((status = 200, description = "A page, by id", body = Groups)))]
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    list: List,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = read_groups(&app.admin, &caller, &list.page(&listing)?).await?;
    Ok(shown(&Groups { next_page_token: list.token(&page), groups: page.rows }))
}

/// `POST /groups`
#[utoipa::path(post, path = "/admin/v1/groups", request_body = NewGroup, responses((status = 201, description = "Created", body = Group)))]
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
#[utoipa::path(get, path = "/admin/v1/groups/{id}", responses((status = 200, description = "To people in the group (S6), or to others (F3)", body = View)))]
pub(in crate::http) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    let seen = read_group(&app.admin, &caller, &existing("group", &id)?).await?;
    Ok(shown(&if seen.inside { View::Inside(seen.group) } else { View::Outside(seen.into()) }))
}

/// `PATCH /groups/{id}`
#[utoipa::path(patch, path = "/admin/v1/groups/{id}", request_body = GroupPatch, responses((status = 200, description = "As it is now", body = Group)))]
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
#[utoipa::path(delete, path = "/admin/v1/groups/{id}", responses((status = 204, description = "Done")))]
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
#[utoipa::path(put, path = "/admin/v1/groups/{id}/administrator", request_body = Handover, responses((status = 200, description = "As it is now", body = Group)))]
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
#[utoipa::path(post, path = "/admin/v1/groups/{id}/join", responses((status = 200, description = "A member now", body = Admission)))]
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
#[utoipa::path(post, path = "/admin/v1/groups/{id}/leave", request_body = Option<Leaving>, responses((status = 204, description = "Done")))]
pub(in crate::http) async fn leave(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    uri: Uri,
    Optional(leaving): Optional<Leaving>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), existing("group", &id)?);
    let preview = List::new(&app.store, &format!("{}-preview", uri.path()), "");
    let left = async move { leave_group(&admin, &caller, &id, leaving).await };
    let done = complete(&app, async move { left.await.map_err(|refusal| left_open(refusal, &preview)) }).await?;
    Ok(acknowledged_empty(done.revision))
}

/// A refusal that lists grants says how its list goes on: as that of the preview.
fn left_open(refusal: Refusal, preview: &List) -> Problem {
    let Refusal::MadeThrough { grants } = &refusal else { return refusal.into() };
    let token = preview.token(grants);
    Problem::from(refusal).with("next_page_token", token)
}

/// `GET /groups/{id}/leave-preview`
#[utoipa::path(get, path = "/admin/v1/groups/{id}/leave-preview", params(Listing), responses((status = 200, description = "A page of the grants made through the group", body = Grants)))]
pub(in crate::http) async fn preview_leaving(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    list: List,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = leave_preview(&app.admin, &caller, &existing("group", &id)?, &list.page(&listing)?).await?;
    Ok(shown(&Grants { next_page_token: list.token(&page), grants: page.rows }))
}
