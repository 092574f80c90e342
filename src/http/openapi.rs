//! `GET /openapi.json`: what each listener answers, as OpenAPI 3.1, generated from the handlers.
//!
//! A handler says what is its own: method, path, body, success. What many share (who may call, path
//! parameters, headers, problems, limits that are configuration) is added in `common`.

mod common;

use super::App;
use super::access::{batch, explain, is_authorized};
use super::admin::{audit, changes, directory, entities, join_requests, outbox, policies};
use super::admin::{contexts, folders, grants, groups, invitations, items, members, subscriptions, usage, users};
use super::authzen::{evaluation, evaluations, metadata, search};
use super::metrics;
use super::ops;
use crate::config::Limits;
use axum::Json;
use axum::extract::State;
use std::sync::Arc;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

#[derive(OpenApi)]
#[openapi(paths(
    is_authorized::is_authorized,
    batch::batch,
    evaluation::evaluation,
    evaluations::evaluations,
    metadata::metadata,
    explain::explain,
    search::subject,
    search::resource,
    search::action,
    of_access,
    ops::healthz,
    ops::readyz
))]
struct Access;

#[derive(OpenApi)]
#[openapi(paths(
    of_admin,
    subscriptions::list,
    subscriptions::read,
    subscriptions::replace,
    subscriptions::delete,
    users::list,
    users::read,
    users::replace,
    users::delete,
    contexts::list,
    usage::of_user,
    groups::list,
    groups::create,
    groups::read,
    groups::change,
    groups::delete,
    groups::replace_administrator,
    groups::join,
    groups::leave,
    members::list,
    members::remove,
    members::remove_several,
    members::appoint,
    members::dismiss,
    usage::of_group,
    invitations::list,
    invitations::create,
    invitations::withdraw,
    invitations::resend,
    invitations::accept,
    invitations::decline,
    folders::create,
    folders::read,
    folders::change,
    folders::delete,
    items::create,
    items::read,
    items::change,
    items::delete,
    grants::list,
    grants::put,
    grants::withdraw,
    groups::preview_leaving,
    invitations::list_candidates,
    join_requests::list,
    join_requests::create,
    join_requests::close,
    directory::search,
    changes::stream,
    audit::list,
    outbox::list,
    outbox::sent,
    policies::show,
    policies::reload,
    metrics::metrics,
    entities::replace,
    entities::read,
    entities::delete,
    ops::healthz,
    ops::readyz,
))]
struct Admin;

/// What the access listener answers, under these limits; `guarded` if it asks for tokens.
#[must_use]
pub fn access_document(limits: &Limits, guarded: bool) -> Document {
    common::complete(Access::openapi(), limits, guarded)
}

/// What the admin listener answers, under these limits.
#[must_use]
pub fn admin_document(limits: &Limits) -> Document {
    common::complete(Admin::openapi(), limits, true)
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(in crate::http) async fn of_access(State(app): State<Arc<App>>) -> Json<Document> {
    Json(access_document(&app.limits, app.auth.takes_access_tokens()))
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(in crate::http) async fn of_admin(State(app): State<Arc<App>>) -> Json<Document> {
    Json(admin_document(&app.limits))
}

#[cfg(test)]
mod tests;
