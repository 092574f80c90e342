//! `/audit`: who did what to whom, when, and what was refused.

use super::{Listing, listed, shown, time};
use crate::admin::Caller;
use crate::domain::{EntityUid, Paged, UserId};
use crate::http::extract::Query;
use crate::http::{App, Problem};
use crate::store::audit::{AuditFilter, AuditRow, Outcome};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which rows, and which page of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Wanted {
    /// A user's id; empty for the host's own calls.
    actor: Option<String>,
    action: Option<String>,
    /// An entity reference.
    target: Option<String>,
    /// `allowed` or `refused`.
    outcome: Option<String>,
    /// A time (RFC 3339), itself included.
    since: Option<String>,
    /// A time (RFC 3339), itself left out.
    until: Option<String>,
    limit: Option<String>,
    page_token: Option<String>,
}

#[derive(Debug, Serialize)]
struct Row {
    id: i64,
    at: Option<String>,
    /// Null: the host's own call.
    actor: Option<UserId>,
    action: String,
    target: Option<String>,
    subject: Option<UserId>,
    outcome: &'static str,
    rule: Option<String>,
    revision: Option<u64>,
}

impl From<AuditRow> for Row {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at: time(row.attempt.at_ms),
            actor: row.attempt.actor,
            action: row.attempt.action,
            target: row.attempt.target.map(|uid| uid.to_string()),
            subject: row.attempt.subject,
            outcome: row.outcome.name(),
            rule: row.attempt.rule.map(String::from),
            revision: row.revision.map(|revision| revision.0),
        }
    }
}

/// `GET /audit`: newest first.
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    app.admin.host_only(&caller, "audits")?;
    let page = Listing { limit: wanted.limit.clone(), page_token: wanted.page_token.clone() }.page()?;
    let mut filter = filter(wanted)?;
    if let Some(token) = &page.after {
        let before = token.parse();
        filter.before = Some(before.map_err(|_| Problem::malformed("page_token", "is of another list"))?);
    }
    // What was refused before this was asked is in the answer.
    app.attempts.flush().await;
    let rows = app.store.audit(&filter, page.fetch()).await.map_err(crate::admin::Refusal::from)?;
    let page = Paged::cut(rows, &page, |row| row.id.to_string().into());
    let token = page.token();
    let mut answer = listed("audit", page.rows.into_iter().map(Row::from), token);
    if let Some(members) = answer.as_object_mut() {
        members.insert("dropped".to_owned(), app.attempts.dropped().into());
    }
    Ok(shown(&answer))
}

fn filter(wanted: Wanted) -> Result<AuditFilter, Problem> {
    let actor = match wanted.actor.as_deref() {
        None => None,
        Some("") => Some(None),
        Some(id) => Some(Some(UserId::new(id).map_err(|error| Problem::malformed("actor", error))?)),
    };
    let target = wanted.target.as_deref().map(EntityUid::parse).transpose();
    let outcome = |name: &str| {
        Outcome::from_name(name).ok_or_else(|| Problem::out_of_range("outcome", "must be `allowed` or `refused`"))
    };
    Ok(AuditFilter {
        actor,
        action: wanted.action,
        target: target.map_err(|error| Problem::malformed("target", error))?,
        outcome: wanted.outcome.as_deref().map(outcome).transpose()?,
        since_ms: moment("since", wanted.since.as_deref())?,
        until_ms: moment("until", wanted.until.as_deref())?,
        before: None,
    })
}

fn moment(field: &str, text: Option<&str>) -> Result<Option<i64>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let read: Result<jiff::Timestamp, _> = text.parse();
    let wrong = |_| Problem::malformed(field, "must be a time such as `2026-01-31T12:00:00Z`");
    Ok(Some(read.map_err(wrong)?.as_millisecond()))
}
