//! Every route of both listeners.

use super::{App, access, auth, observe, ops};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
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
    let guarded = admin_routes()
        .fallback(ops::not_found)
        .method_not_allowed_fallback(ops::method_not_allowed)
        .layer(from_fn_with_state(Arc::clone(&app), auth::authenticate));
    let open = health_routes().method_not_allowed_fallback(ops::method_not_allowed);
    observed(guarded.merge(open), app)
}

/// Everything below `/admin/v1`.
fn admin_routes() -> Router<Arc<App>> {
    Router::new()
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
