//! `/policies`: the set that decides, and another in its place.

use super::{shown, time};
use crate::admin::Caller;
use crate::engine::Bundle;
use crate::http::extract::{Nothing, Query, REVISION};
use crate::http::{App, Problem};
use crate::reload::{Failure, Trouble};
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// The set in force.
#[derive(Debug, Serialize, ToSchema)]
struct PolicySet<'a> {
    /// SHA-256 of schema, policies and features: equal for equal sets.
    digest: &'a str,
    /// Counts the loads of this process.
    generation: u64,
    /// When it was loaded.
    #[schema(required, format = DateTime)]
    loaded: Option<String>,
    /// The files that hold policies, with the ids of those, in their order.
    #[schema(value_type = BTreeMap<String, Vec<String>>)]
    files: BTreeMap<&'a str, Vec<&'a str>>,
    policies: Vec<Row<'a>>,
    /// Whether the folders hold something else, which is not in force.
    stale: bool,
    /// Why that is not in force; null if nothing else stands there.
    #[schema(required)]
    last_failure: Option<LastFailure>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
struct Row<'a> {
    id: &'a str,
    #[schema(required)]
    rule: Option<&'a str>,
    /// `permit` or `forbid`.
    effect: String,
    file: &'a str,
    line: usize,
    comment: &'a str,
}

/// A load that changed nothing.
#[derive(Debug, Serialize, ToSchema)]
struct LastFailure {
    /// Since when the set in force is not what the folders hold.
    #[schema(required, format = DateTime)]
    since: Option<String>,
    /// When it was tried last.
    #[schema(required, format = DateTime)]
    at: Option<String>,
    /// All of it in a sentence.
    reason: String,
    /// Each thing that is wrong, a hundred at most.
    problems: Vec<Wrong>,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyProblem)]
struct Wrong {
    #[schema(required)]
    file: Option<String>,
    /// From 1.
    #[schema(required)]
    line: Option<usize>,
    /// From 1, in characters.
    #[schema(required)]
    column: Option<usize>,
    reason: String,
    #[schema(required)]
    help: Option<String>,
}

impl From<Trouble> for Wrong {
    fn from(Trouble { place, reason, help }: Trouble) -> Self {
        let (line, column) = place.as_ref().map(|place| (place.line, place.column)).unzip();
        Self { file: place.map(|place| place.file), line, column, reason, help }
    }
}

impl From<&Failure> for LastFailure {
    fn from(failure: &Failure) -> Self {
        let problems = failure.error.troubles().into_iter().map(Wrong::from).collect();
        Self { since: time(failure.since_ms), at: time(failure.at_ms), reason: failure.error.to_string(), problems }
    }
}

/// `GET /policies`
#[utoipa::path(get, path = "/admin/v1/policies", responses((status = 200, description = "The set in force, its digest, when it was loaded, and why another is not", body = PolicySet)))]
pub(in crate::http) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    app.admin.host_only(&caller, "policies")?;
    Ok(set(&app, &app.check.bundle()))
}

/// `POST /policies/reload`: puts in force what the folders hold now. What is built in is in force as it is.
///
/// # Errors
/// 409 with `problems` if that does not load, or does not fit what is stored; the set in force stays.
#[utoipa::path(post, path = "/admin/v1/policies/reload", responses((status = 200, description = "What the folders hold is in force", body = PolicySet)))]
pub(in crate::http) async fn reload(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Response, Problem> {
    app.admin.host_only(&caller, "policies")?;
    let reloader = Arc::clone(&app.reloader);
    // Carried to its end, whether or not the client waits for it.
    match tokio::spawn(async move { reloader.reload().await }).await {
        Ok(Ok(())) => Ok(in_force(&app)),
        Ok(Err(failure)) => Err(refused(&failure)),
        Err(_gone) => Err(Problem::unavailable("the server is stopping")),
    }
}

/// The set, at the newest revision there is: the load made none.
fn in_force(app: &App) -> Response {
    let mut response = set(app, &app.check.bundle());
    response.headers_mut().insert(REVISION, HeaderValue::from(app.check.revision().0));
    response
}

fn refused(failure: &Failure) -> Problem {
    let LastFailure { reason, problems, .. } = failure.into();
    let problem = Problem::new(StatusCode::CONFLICT, format!("{reason}; the policies in force stay"));
    problem.with("problems", serde_json::json!(problems))
}

fn set(app: &App, bundle: &Bundle) -> Response {
    let status = app.reloader.status();
    let mut files: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for policy in bundle.policies() {
        files.entry(policy.file).or_default().push(policy.id);
    }
    let policies = bundle.policies().map(|policy| Row {
        id: policy.id,
        rule: policy.rule,
        effect: policy.effect.to_string(),
        file: policy.file,
        line: policy.line,
        comment: policy.comment,
    });
    shown(&PolicySet {
        digest: bundle.digest(),
        generation: bundle.generation(),
        loaded: time(status.loaded_ms),
        files,
        policies: policies.collect(),
        stale: status.failure.is_some(),
        last_failure: status.failure.as_deref().map(LastFailure::from),
    })
}
