//! `/items`.

use super::{existing, shown};
use crate::admin::Caller;
use crate::admin::change_item::{ItemPatch, change_item};
use crate::admin::create_item::{NewItem, create_item};
use crate::admin::delete_item::delete_item;
use crate::admin::read_content::{ItemView, read_item};
use crate::domain::ItemId;
use crate::http::extract::{Json, Nothing, Path, Query, acknowledged, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// `POST /items`
#[utoipa::path(post, path = "/admin/v1/items", request_body = NewItem, responses((status = 201, description = "Created", body = ItemView)))]
pub(in crate::http) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(item): Json<NewItem>,
) -> Result<Response, Problem> {
    let admin = Arc::clone(&app.admin);
    let done = complete(&app, async move { create_item(&admin, &caller, item).await }).await?;
    Ok(acknowledged(StatusCode::CREATED, done.revision, &done.output))
}

/// `GET /items/{id}`
#[utoipa::path(get, path = "/admin/v1/items/{id}", responses((status = 200, description = "As the caller may see it", body = ItemView)))]
pub(in crate::http) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    let id: ItemId = existing("item", &id)?;
    Ok(shown(&read_item(&app.admin, &caller, &id).await?))
}

/// `PATCH /items/{id}`: without an answer if the actor may not look at the item.
#[utoipa::path(patch, path = "/admin/v1/items/{id}", request_body = ItemPatch, responses((status = 200, description = "As it is now", body = ItemView), (status = 204, description = "Done; the actor may not look at it")))]
pub(in crate::http) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(patch): Json<ItemPatch>,
) -> Result<Response, Problem> {
    let (admin, id): (_, ItemId) = (Arc::clone(&app.admin), existing("item", &id)?);
    let done = complete(&app, async move { change_item(&admin, &caller, &id, patch).await }).await?;
    Ok(match &done.output {
        Some(item) => acknowledged(StatusCode::OK, done.revision, item),
        None => acknowledged_empty(done.revision),
    })
}

/// `DELETE /items/{id}`
#[utoipa::path(delete, path = "/admin/v1/items/{id}", responses((status = 204, description = "Done")))]
pub(in crate::http) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (admin, id): (_, ItemId) = (Arc::clone(&app.admin), existing("item", &id)?);
    let done = complete(&app, async move { delete_item(&admin, &caller, &id).await }).await?;
    Ok(acknowledged_empty(done.revision))
}
