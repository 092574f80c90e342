//! Every route of both listeners.

use super::admin::{contexts, folders, grants, groups, invitations, items, members, subscriptions, usage, users};
use super::{App, access, auth, observe, ops};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};
use std::sync::Arc;

/// What host applications ask. Open: who may connect is the deployment's question.
pub fn access(app: Arc<App>) -> Router {
    let routes = Router::new()
        .route("/v1/is_authorized", post(access::is_authorized))
        .route("/v1/is_authorized/batch", post(access::batch))
        .merge(health_routes())
        .fallback(ops::not_found)
        .method_not_allowed_fallback(ops::method_not_allowed);
    observed(routes, app)
}

/// What operators and hosts manage: all but health asks for the token, unknown paths too.
pub fn admin(app: Arc<App>) -> Router {
    let guarded = Router::new()
        .nest("/admin/v1", admin_routes())
        .fallback(ops::not_found)
        .method_not_allowed_fallback(ops::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&app), auth::authenticate));
    let open = health_routes().method_not_allowed_fallback(ops::method_not_allowed);
    observed(guarded.merge(open), app)
}

/// Everything below `/admin/v1`.
#[rustfmt::skip]
fn admin_routes() -> Router<Arc<App>> {
    Router::new()
        .route("/subscriptions", get(subscriptions::list))
        .route("/subscriptions/{id}", get(subscriptions::read).put(subscriptions::replace).delete(subscriptions::delete))
        .route("/users", get(users::list))
        .route("/users/{id}", get(users::read).put(users::replace).delete(users::delete))
        .route("/users/{id}/contexts", get(contexts::list))
        .route("/users/{id}/usage", get(usage::of_user))
        .route("/groups", get(groups::list).post(groups::create))
        .route("/groups/{id}", get(groups::read).patch(groups::change).delete(groups::delete))
        .route("/groups/{id}/administrator", put(groups::replace_administrator))
        .route("/groups/{id}/co-administrators/{user}", put(members::appoint).delete(members::dismiss))
        .route("/groups/{id}/members", get(members::list))
        .route("/groups/{id}/members/{user}", delete(members::remove))
        .route("/groups/{id}/removals", post(members::remove_several))
        .route("/groups/{id}/invitations", get(invitations::list).post(invitations::create))
        .route("/groups/{id}/invitations/{invitation}", delete(invitations::withdraw))
        .route("/groups/{id}/invitations/{invitation}/resend", post(invitations::resend))
        .route("/groups/{id}/join", post(groups::join))
        .route("/groups/{id}/leave", post(groups::leave))
        .route("/groups/{id}/usage", get(usage::of_group))
        .route("/invitations/{token}/accept", post(invitations::accept))
        .route("/invitations/{token}/decline", post(invitations::decline))
        .route("/folders", post(folders::create))
        .route("/folders/{id}", get(folders::read).patch(folders::change).delete(folders::delete))
        .route("/items", post(items::create))
        .route("/items/{id}", get(items::read).patch(items::change).delete(items::delete))
        .route("/grants", get(grants::list).put(grants::put))
        .route("/grants/revoke", post(grants::withdraw))
}

fn health_routes() -> Router<Arc<App>> {
    Router::new().route("/healthz", get(ops::healthz)).route("/readyz", get(ops::readyz))
}

/// Outermost, so that it also sees what the layers below answer.
fn observed(routes: Router<Arc<App>>, app: Arc<App>) -> Router {
    routes.layer(from_fn_with_state(Arc::clone(&app), observe::observe)).with_state(app)
}

#[cfg(test)]
mod tests;
