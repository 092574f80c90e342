//! `/audit`: who did what to whom, when, and what was refused.

use super::{List, Listing, shown, time};
use crate::admin::Caller;
use crate::admin::schema::Reference;
use crate::domain::{EntityUid, Paged, UserId};
use crate::http::extract::Query;
use crate::http::{App, Problem};
use crate::store::audit::{AuditFilter, AuditRow, Outcome};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Which rows, and which page of them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Wanted {
    /// A user's id; empty for the host's own calls.
    #[param(max_length = 255)]
    actor: Option<String>,
    #[param(max_length = 255)]
    action: Option<String>,
    /// An entity reference.
    #[param(value_type = Option<Reference>)]
    target: Option<String>,
    /// `allowed` or `refused`.
    #[param(max_length = 7, pattern = "^(allowed|refused)$")]
    outcome: Option<String>,
    /// A time (RFC 3339), itself included.
    #[param(max_length = 64)]
    since: Option<String>,
    /// A time (RFC 3339), itself left out.
    #[param(max_length = 64)]
    until: Option<String>,
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    #[param(max_length = 8192)]
    page_token: Option<String>,
}

/// A page of what was tried.
#[derive(Debug, Serialize, ToSchema)]
struct Attempts {
    /// Newest first.
    audit: Vec<Row>,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    next_page_token: Option<String>,
    /// How many refusals were too many to be kept, since the start.
    dropped: u64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
struct Row {
    id: i64,
    #[schema(required, format = DateTime)]
    at: Option<String>,
    /// Null: the host's own call.
    #[schema(required)]
    actor: Option<UserId>,
    action: String,
    #[schema(required)]
    target: Option<String>,
    #[schema(required)]
    subject: Option<UserId>,
    outcome: &'static str,
    #[schema(required)]
    rule: Option<String>,
    #[schema(required)]
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
#[utoipa::path(get, path = "/admin/v1/audit", params(Wanted), responses((status = 200, description = "A page, newest first", body = Attempts)))]
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    list: List,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    app.admin.host_only(&caller, "audits")?;
    let page = list.page(&Listing { limit: wanted.limit.clone(), page_token: wanted.page_token.clone() })?;
    let mut filter = filter(wanted)?;
    if let Some(token) = &page.after {
        let before = token.parse();
        filter.before = Some(before.map_err(|_| Problem::malformed("page_token", "is of another list"))?);
    }
    // What was refused before this was asked is in the answer.
    app.attempts.flush().await;
    let rows = app.store.audit(&filter, page.fetch()).await.map_err(crate::admin::Refusal::from)?;
    let page = Paged::cut(rows, &page, |row| row.id.to_string().into());
    let token = list.token(&page);
    let audit = page.rows.into_iter().map(Row::from).collect();
    Ok(shown(&Attempts { audit, next_page_token: token, dropped: app.attempts.dropped() }))
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
