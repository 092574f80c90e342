//! `/outbox`: mail that waits, and what became of it.

use super::{List, Listing, existing, shown, time};
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
use utoipa::{IntoParams, ToSchema};

/// Which mail.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Which {
    /// `pending` (left out: that), `sent` or `dead`.
    #[param(max_length = 7, pattern = "^(pending|sent|dead)$")]
    state: Option<String>,
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    #[param(max_length = 8192)]
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
#[derive(Serialize, ToSchema)]
#[schema(as = Mail)]
struct Row {
    #[schema(value_type = String)]
    id: MailId,
    kind: &'static str,
    to: String,
    language: String,
    subject: String,
    /// Null once it is sent.
    #[schema(required)]
    body: Option<String>,
    state: &'static str,
    attempts: u32,
    #[schema(required, format = DateTime)]
    created: Option<String>,
    /// Null unless it is pending.
    #[schema(required, format = DateTime)]
    next_attempt: Option<String>,
    #[schema(required)]
    last_error: Option<String>,
    #[schema(required, format = DateTime)]
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

/// A page of mail.
#[derive(Serialize, ToSchema)]
struct Mails {
    /// By id.
    outbox: Vec<Row>,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// `GET /outbox`
#[utoipa::path(get, path = "/admin/v1/outbox", params(Which), responses((status = 200, description = "A page of mail", body = Mails)))]
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    list: List,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let state = which.state()?;
    let listing = Listing { limit: which.limit, page_token: which.page_token };
    let page = read_outbox(&app.admin, &caller, state, &list.page(&listing)?).await?;
    let next_page_token = list.token(&page);
    Ok(shown(&Mails { outbox: page.rows.into_iter().map(Row::from).collect(), next_page_token }))
}

/// `POST /outbox/{id}/sent`
#[utoipa::path(post, path = "/admin/v1/outbox/{id}/sent", responses((status = 204, description = "Delivered by the host")))]
pub(in crate::http) async fn sent(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (admin, id) = (Arc::clone(&app.admin), existing("mail", &id)?);
    let done = complete(&app, async move { mark_sent(&admin, &caller, &id).await }).await?;
    Ok(acknowledged_empty(done.revision))
}
