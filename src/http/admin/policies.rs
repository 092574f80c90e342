//! `/policies`: the set that decides.

use super::{shown, time};
use crate::admin::Caller;
use crate::http::{App, Problem};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;

/// The loaded set.
#[derive(Debug, Serialize)]
struct PolicySet<'a> {
    /// SHA-256 of schema, policies and features: equal for equal sets.
    digest: &'a str,
    /// Counts the loads of this process.
    generation: u64,
    loaded: Option<String>,
    policies: Vec<Row<'a>>,
    /// Why the last load failed; a set that does not validate stops the start, so there is none.
    last_failure: Option<String>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    id: &'a str,
    rule: Option<&'a str>,
    /// `permit` or `forbid`.
    effect: String,
    file: &'a str,
    line: usize,
    comment: &'a str,
}

/// `GET /policies`
pub(in crate::http) async fn show(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Problem> {
    app.admin.host_only(&caller, "policies")?;
    let bundle = app.check.bundle();
    let policies = bundle.policies().map(|policy| Row {
        id: policy.id,
        rule: policy.rule,
        effect: policy.effect.to_string(),
        file: policy.file,
        line: policy.line,
        comment: policy.comment,
    });
    Ok(shown(&PolicySet {
        digest: bundle.digest(),
        generation: bundle.generation(),
        loaded: time(app.policies_loaded_ms),
        policies: policies.collect(),
        last_failure: None,
    }))
}
