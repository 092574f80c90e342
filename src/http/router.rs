//! Every route of both listeners.

use super::access::direct::{BATCH, IS_AUTHORIZED};
use super::admin::{audit, changes, directory, entities, join_requests, outbox, policies};
use super::admin::{contexts, folders, grants, groups, invitations, items, members, subscriptions, usage, users};
use super::authzen::{self, request_id, search};
use super::measures::Way;
use super::routes::{Endpoint, Routes, delete, get, post, put};
use super::served::Served;
use super::{App, access, auth, call, metrics, observe, openapi, ops};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use std::sync::Arc;

/// What host applications ask. Open, unless the configuration says by what callers are known; then all but health and
/// the metadata ask for it, unknown paths too.
pub fn access(app: Arc<App>) -> Served {
    let questions =
        access_routes().into_router().fallback(ops::not_found).method_not_allowed_fallback(ops::method_not_allowed);
    let is_open = app.auth.is_access_open();
    let questions = if is_open {
        questions
    } else {
        questions.layer(from_fn_with_state(Arc::clone(&app), auth::authenticate_access))
    };
    let open = public_routes().into_router().method_not_allowed_fallback(ops::method_not_allowed);
    // Outside of what answers for a handler that takes too long.
    let routes = observed(questions.merge(open), Arc::clone(&app), Way::Access).layer(from_fn(request_id::echo));
    // INVARIANT: the short way of questions asks nobody who they are, so it is there on an open listener alone.
    if is_open { Served::with_questions(routes, late(Arc::clone(&app)), app) } else { routes.into() }
}

/// What those are told who did not send a body in time, whatever they ask.
fn late(app: Arc<App>) -> Router {
    observed(Router::new().fallback(ops::too_late), app, Way::Access).layer(from_fn(request_id::echo))
}

/// What operators and hosts manage: all but health asks for the token, unknown paths too.
pub fn admin(app: Arc<App>) -> Router {
    let guarded = admin_routes()
        .into_router()
        // Of routes alone: what is answered 404 or 405 is no call, whatever its key.
        .route_layer(from_fn_with_state(Arc::clone(&app), call::carry_out))
        .fallback(ops::not_found)
        .method_not_allowed_fallback(ops::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&app), auth::authenticate));
    let open = health_routes().into_router().method_not_allowed_fallback(ops::method_not_allowed);
    observed(guarded.merge(open), app, Way::Admin)
}

/// Every endpoint of the access listener.
#[must_use]
pub fn access_endpoints() -> Vec<Endpoint> {
    access_routes().merge(public_routes()).into_endpoints()
}

/// Those of them that never ask who is asking.
#[must_use]
pub fn public_endpoints() -> Vec<Endpoint> {
    public_routes().into_endpoints()
}

/// Every endpoint of the admin listener, and whether it asks for the token.
#[must_use]
pub fn admin_endpoints() -> Vec<(Endpoint, bool)> {
    let guarded = admin_routes().into_endpoints().into_iter().map(|endpoint| (endpoint, true));
    guarded.chain(health_routes().into_endpoints().into_iter().map(|endpoint| (endpoint, false))).collect()
}

/// Questions, and what the listener says of itself.
fn access_routes() -> Routes {
    Routes::new()
        .route(IS_AUTHORIZED, post(access::is_authorized))
        .route(BATCH, post(access::batch))
        .route(authzen::EVALUATION, post(authzen::evaluation))
        .route(authzen::EVALUATIONS, post(authzen::evaluations))
        .route(search::SUBJECT, post(search::subject))
        .route(search::RESOURCE, post(search::resource))
        .route(search::ACTION, post(search::action))
        .route("/v1/explain", post(access::explain))
        .route("/openapi.json", get(openapi::of_access))
}

/// Everything that asks for the token.
fn admin_routes() -> Routes {
    Routes::new()
        .route("/openapi.json", get(openapi::of_admin))
        .route("/metrics", get(metrics::metrics))
        .route("/admin/v1/subscriptions", get(subscriptions::list))
        .route(
            "/admin/v1/subscriptions/{id}",
            get(subscriptions::read).put(subscriptions::replace).delete(subscriptions::delete),
        )
        .route("/admin/v1/users", get(users::list))
        .route("/admin/v1/users/{id}", get(users::read).put(users::replace).delete(users::delete))
        .route("/admin/v1/users/{id}/contexts", get(contexts::list))
        .route("/admin/v1/users/{id}/usage", get(usage::of_user))
        .route("/admin/v1/groups", get(groups::list).post(groups::create))
        .route("/admin/v1/groups/{id}", get(groups::read).patch(groups::change).delete(groups::delete))
        .route("/admin/v1/groups/{id}/administrator", put(groups::replace_administrator))
        .route("/admin/v1/groups/{id}/join", post(groups::join))
        .route("/admin/v1/groups/{id}/join-requests", get(join_requests::list).post(join_requests::create))
        .route("/admin/v1/groups/{id}/join-requests/{request}", delete(join_requests::close))
        .route("/admin/v1/groups/{id}/leave", post(groups::leave))
        .route("/admin/v1/groups/{id}/leave-preview", get(groups::preview_leaving))
        .route("/admin/v1/groups/{id}/members", get(members::list))
        .route("/admin/v1/groups/{id}/members/{user}", delete(members::remove))
        .route("/admin/v1/groups/{id}/removals", post(members::remove_several))
        .route("/admin/v1/groups/{id}/co-administrators/{user}", put(members::appoint).delete(members::dismiss))
        .route("/admin/v1/groups/{id}/usage", get(usage::of_group))
        .route("/admin/v1/groups/{id}/invitation-candidates", get(invitations::list_candidates))
        .route("/admin/v1/groups/{id}/invitations", get(invitations::list).post(invitations::create))
        .route("/admin/v1/groups/{id}/invitations/{invitation}", delete(invitations::withdraw))
        .route("/admin/v1/groups/{id}/invitations/{invitation}/resend", post(invitations::resend))
        .route("/admin/v1/invitations/{token}/accept", post(invitations::accept))
        .route("/admin/v1/invitations/{token}/decline", post(invitations::decline))
        .route("/admin/v1/directory", get(directory::search))
        .route("/admin/v1/folders", post(folders::create))
        .route("/admin/v1/folders/{id}", get(folders::read).patch(folders::change).delete(folders::delete))
        .route("/admin/v1/items", post(items::create))
        .route("/admin/v1/items/{id}", get(items::read).patch(items::change).delete(items::delete))
        .route("/admin/v1/grants", get(grants::list).put(grants::put))
        .route("/admin/v1/grants/revoke", post(grants::withdraw))
        .route("/admin/v1/entities", put(entities::replace))
        .route("/admin/v1/entities/{type}/{id}", get(entities::read).delete(entities::delete))
        .route("/admin/v1/outbox", get(outbox::list))
        .route("/admin/v1/outbox/{id}/sent", post(outbox::sent))
        .route("/admin/v1/changes", get(changes::stream))
        .route("/admin/v1/audit", get(audit::list))
        .route("/admin/v1/policies", get(policies::show))
        .route("/admin/v1/policies/reload", post(policies::reload))
}

/// What the access listener tells anybody: how it is, and where its endpoints are.
fn public_routes() -> Routes {
    health_routes().route(authzen::METADATA, get(authzen::metadata))
}

fn health_routes() -> Routes {
    Routes::new().route("/healthz", get(ops::healthz)).route("/readyz", get(ops::readyz))
}

/// Outermost, so that it also sees what the layers below answer.
fn observed(routes: Router<Arc<App>>, app: Arc<App>, way: Way) -> Router {
    routes.layer(from_fn_with_state((Arc::clone(&app), way), observe::observe)).with_state(app)
}

#[cfg(test)]
mod tests;
