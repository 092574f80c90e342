//! `/entities`: what the host application says of entities.

use super::shown;
use crate::admin::Caller;
use crate::admin::put_entities::{Described, NewEntities, put_entities};
use crate::admin::read_entity::{delete_entity, read_entity};
use crate::domain::uid::UidRef;
use crate::domain::{EntityRecord, EntityUid, ItemId};
use crate::http::extract::{Json, Nothing, Path, Query, acknowledged, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// `PUT /entities`
#[utoipa::path(put, path = "/admin/v1/entities", request_body = NewEntities, responses((status = 200, description = "Taken in, all of it", body = Described)))]
pub(in crate::http) async fn replace(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(entities): Json<NewEntities>,
) -> Result<Response, Problem> {
    let admin = Arc::clone(&app.admin);
    let done = complete(&app, async move { put_entities(&admin, &caller, entities).await }).await?;
    Ok(acknowledged(StatusCode::OK, done.revision, &done.output))
}

/// `GET /entities/{type}/{id}`
#[utoipa::path(get, path = "/admin/v1/entities/{type}/{id}", responses((status = 200, description = "What the host says of it", body = EntityRecord)))]
pub(in crate::http) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((type_name, id)): Path<(String, String)>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    Ok(shown(&read_entity(&app.admin, &caller, &named(&type_name, &id)?).await?))
}

/// `DELETE /entities/{type}/{id}`
#[utoipa::path(delete, path = "/admin/v1/entities/{type}/{id}", responses((status = 204, description = "Done")))]
pub(in crate::http) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((type_name, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (admin, uid) = (Arc::clone(&app.admin), named(&type_name, &id)?);
    let done = complete(&app, async move { delete_entity(&admin, &caller, &uid).await }).await?;
    Ok(acknowledged_empty(done.revision))
}

/// The entity that a path names. A text that is no type or no id names nothing: 404.
fn named(type_name: &str, id: &str) -> Result<EntityUid, Problem> {
    let uid = UidRef::of_parts(type_name, id).filter(|_| ItemId::new(id).is_ok());
    let missing = || Problem::new(StatusCode::NOT_FOUND, format!("entity `{type_name}` `{id}` does not exist"));
    uid.map(|uid| uid.to_owned()).ok_or_else(missing)
}
