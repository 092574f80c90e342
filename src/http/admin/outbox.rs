//! `/outbox`: mail that waits, and what became of it.

use super::{Listing, existing, listed, shown, time};
use crate::admin::Caller;
use crate::admin::mark_sent::mark_sent;
use crate::admin::outbox::read_outbox;
use crate::domain::{Mail, MailId, MailState};
use crate::http::extract::{Path, Query, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which mail.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Which {
    /// `pending` (left out: that), `sent` or `dead`.
    state: Option<String>,
    limit: Option<String>,
    page_token: Option<String>,
}

impl Which {
    fn state(&self) -> Result<MailState, Problem> {
        let Some(name) = &self.state else { return Ok(MailState::Pending) };
        let unknown = || Problem::out_of_range("state", "must be `pending`, `sent` or `dead`");
        MailState::from_name(name).ok_or_else(unknown)
    }
}

/// A mail as answers write it.
#[derive(Serialize)]
struct Row {
    id: MailId,
    kind: &'static str,
    to: String,
    language: String,
    subject: String,
    /// Null once it is sent.
    body: Option<String>,
    state: &'static str,
    attempts: u32,
    created: Option<String>,
    /// Null unless it is pending.
    next_attempt: Option<String>,
    last_error: Option<String>,
    sent: Option<String>,
}

impl From<Mail> for Row {
    fn from(mail: Mail) -> Self {
        let pending = mail.state == MailState::Pending;
        Self {
            id: mail.id,
            kind: mail.kind.name(),
            to: mail.to,
            language: mail.language,
            subject: mail.subject,
            body: mail.body.map(|body| body.reveal().to_owned()),
            state: mail.state.name(),
            attempts: mail.attempts,
            created: time(mail.created_ms),
            next_attempt: if pending { time(mail.next_attempt_ms) } else { None },
            last_error: mail.last_error,
            sent: mail.sent_ms.and_then(time),
        }
    }
}

/// `GET /outbox`
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let state = which.state()?;
    let listing = Listing { limit: which.limit, page_token: which.page_token };
    let page = read_outbox(&app.admin, &caller, state, &listing.page()?).await?;
    let token = page.token();
    Ok(shown(&listed("outbox", page.rows.into_iter().map(Row::from), token)))
}

/// `POST /outbox/{id}/sent`
pub(in crate::http) async fn sent(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), existing("mail", &id)?);
    let done = complete(&app, async move { mark_sent(&admin, &caller, &id).await }).await?;
    Ok(acknowledged_empty(done.revision))
}
