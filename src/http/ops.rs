//! Whether the server lives, and whether it is ready: `GET /healthz`, `GET /readyz`.

use super::App;
use super::admin::time;
use super::body;
use super::error::{Problem, chain};
use super::standing::{OK, Part};
use crate::config::limits::READINESS_MILLISECONDS;
use crate::reload::Failure;
use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// `GET /healthz`: the process answers.
#[utoipa::path(get, path = "/healthz", responses((status = 200, description = "The process answers", body = Health)))]
pub async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// `GET /readyz`: 200 if every part is ready, 503 otherwise, naming each.
#[utoipa::path(get, path = "/readyz", responses((status = 200, description = "Every part is ready", body = Readiness), (status = 503, description = "Some part is not", body = Readiness)))]
pub async fn readyz(State(app): State<Arc<App>>) -> Response {
    let (server, store) = (server(&app), store(&app).await);
    // Stale policies are the last good ones: the server decides by them, and a restart would find no better ones.
    let failure = app.reloader.status().failure;
    let stale_policies = failure.as_deref().map(Stale::of);
    let policies = if stale_policies.is_some() { "stale" } else { OK };
    // Not being able to read new credentials is no reason to be ready no more: the old ones are still good.
    let credentials = if app.auth.stale().is_empty() { OK } else { "stale" };
    let now_ms = app.admin.clock.now_ms();
    let seen = |part, state, at_ms| time(app.standing.seen(part, state, at_ms));
    let since = Since {
        server: seen(Part::Server, server, now_ms),
        store: seen(Part::Store, store, now_ms),
        // That is known, and not only when somebody looked.
        policies: seen(Part::Policies, policies, failure.map_or(now_ms, |failure| failure.since_ms)),
        credentials: seen(Part::Credentials, credentials, now_ms),
    };
    let ready = [server, store].iter().all(|part| *part == OK);
    let (code, status) = if ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    (code, Json(Readiness { status, server, store, policies, stale_policies, credentials, since })).into_response()
}

/// Whether the server takes requests.
fn server(app: &App) -> &'static str {
    if app.is_draining() { "stopping" } else { OK }
}

/// Whether the database answers, and soon enough.
pub(super) async fn store(app: &App) -> &'static str {
    let limit = Duration::from_millis(READINESS_MILLISECONDS);
    let asked = async {
        app.store.revision().await?;
        app.store.be_current().await
    };
    match tokio::time::timeout(limit, asked).await {
        Ok(Ok(())) => OK,
        Ok(Err(error)) => {
            tracing::warn!(error = chain(&error), "the store is not ready");
            "unavailable"
        }
        Err(_elapsed) => "slow",
    }
}

/// 408: a body that did not come, on a connection that ends with that.
pub async fn too_late() -> Response {
    ([(header::CONNECTION, "close")], body::too_late()).into_response()
}

/// 404: no such route.
pub async fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is nothing at this path: `/openapi.json` says what there is")
}

/// 405: another method than the route has; `Allow` names those it has.
pub async fn method_not_allowed(method: Method) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("this path does not answer {method}: the header `Allow` says what it does"),
    )
}

/// That the process answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    status: &'static str,
}

/// Whether each part is ready.
#[derive(Debug, Serialize, ToSchema)]
struct Readiness {
    status: &'static str,
    server: &'static str,
    store: &'static str,
    /// `ok`, or `stale`: what decides is not what the folders of policies and schema hold, as that does not load.
    policies: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    stale_policies: Option<Stale>,
    /// `stale` if new files of tokens, certificates or keys cannot be used, so that the old ones still are.
    credentials: &'static str,
    since: Since,
}

/// Since when each part is as it is, as far as anybody looked: at the server's start all are `ok`, and a change is noticed
/// by whoever asks next.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReadinessSince)]
struct Since {
    #[schema(required, format = DateTime)]
    server: Option<String>,
    #[schema(required, format = DateTime)]
    store: Option<String>,
    #[schema(required, format = DateTime)]
    policies: Option<String>,
    #[schema(required, format = DateTime)]
    credentials: Option<String>,
}

/// Why other policies are not in force, as far as everybody may know it; `GET /admin/v1/policies` says all.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StalePolicies)]
struct Stale {
    reason: String,
    #[schema(required, format = DateTime)]
    since: Option<String>,
}

impl Stale {
    fn of(failure: &Failure) -> Self {
        Self { reason: failure.error.hint(), since: time(failure.since_ms) }
    }
}
