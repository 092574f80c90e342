//! `/folders`.

use super::{existing, shown};
use crate::admin::Caller;
use crate::admin::change_folder::{FolderPatch, change_folder};
use crate::admin::create_folder::{NewFolder, create_folder};
use crate::admin::delete_folder::delete_folder;
use crate::admin::read_content::{FolderView, read_folder};
use crate::domain::FolderId;
use crate::http::extract::{Json, Nothing, Path, Query, acknowledged, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// `POST /folders`
#[utoipa::path(post, path = "/admin/v1/folders", request_body = NewFolder, responses((status = 201, description = "Created", body = FolderView)))]
pub(in crate::http) async fn create(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(folder): Json<NewFolder>,
) -> Result<Response, Problem> {
    let admin = Arc::clone(&app.admin);
    let done = complete(&app, async move { create_folder(&admin, &caller, folder).await }).await?;
    Ok(acknowledged(StatusCode::CREATED, done.revision, &done.output))
}

/// `GET /folders/{id}`
#[utoipa::path(get, path = "/admin/v1/folders/{id}", responses((status = 200, description = "As the caller may see it", body = FolderView)))]
pub(in crate::http) async fn read(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    let id: FolderId = existing("folder", &id)?;
    Ok(shown(&read_folder(&app.admin, &caller, &id).await?))
}

/// `PATCH /folders/{id}`: without an answer if the actor may not look at the folder.
#[utoipa::path(patch, path = "/admin/v1/folders/{id}", request_body = FolderPatch, responses((status = 200, description = "As it is now", body = FolderView), (status = 204, description = "Done; the actor may not look at it")))]
pub(in crate::http) async fn change(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(patch): Json<FolderPatch>,
) -> Result<Response, Problem> {
    let (admin, id): (_, FolderId) = (Arc::clone(&app.admin), existing("folder", &id)?);
    let done = complete(&app, async move { change_folder(&admin, &caller, &id, patch).await }).await?;
    Ok(match &done.output {
        Some(folder) => acknowledged(StatusCode::OK, done.revision, folder),
        None => acknowledged_empty(done.revision),
    })
}

/// `DELETE /folders/{id}`
#[utoipa::path(delete, path = "/admin/v1/folders/{id}", responses((status = 204, description = "Done")))]
pub(in crate::http) async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (admin, id): (_, FolderId) = (Arc::clone(&app.admin), existing("folder", &id)?);
    let done = complete(&app, async move { delete_folder(&admin, &caller, &id).await }).await?;
    Ok(acknowledged_empty(done.revision))
}
