//! The outbox: for whoever sends the mail, and for the host that looks after it.

use crate::domain::{Mail, MailBody, MailId, MailKind, MailState, Page, Paged};
use crate::store::sql::{self, Connection, Row};
use crate::store::{Store, StoreError, row};

/// What has to be done about mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxStanding {
    /// How many mails wait.
    pub pending: u64,
    /// How many were given up.
    pub dead: u64,
    /// Since when the oldest waits, in milliseconds since 1970-01-01 UTC.
    pub oldest_pending_ms: Option<i64>,
}

impl Store {
    /// How much mail waits, and how much was given up.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn outbox_standing(&self) -> Result<OutboxStanding, StoreError> {
        let sql = "SELECT COUNT(*) FILTER (WHERE state = 'pending') AS pending,
                          COUNT(*) FILTER (WHERE state = 'dead') AS dead,
                          MIN(created_ms) FILTER (WHERE state = 'pending') AS oldest
                   FROM outbox WHERE state IN ('pending', 'dead')";
        let mut transaction = self.read_followed().await?;
        let row = sql::query(sql).fetch_one(transaction.connection()).await?;
        let (pending, dead) = (row::count(&row, "pending")?, row::count(&row, "dead")?);
        Ok(OutboxStanding { pending, dead, oldest_pending_ms: row::get(&row, "oldest")? })
    }

    /// Mail in one state, by id, which is by age.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn outbox(&self, state: MailState, page: &Page) -> Result<Paged<Mail>, StoreError> {
        let sql = "SELECT id, kind, recipient, language, subject, body, state, attempts, created_ms, next_attempt_ms,
                          last_error, sent_ms FROM outbox WHERE state = ? AND id > ? ORDER BY id LIMIT ?";
        let mut transaction = self.read_followed().await?;
        let query = sql::query(sql).bind(state.name()).bind(page.after()).bind(page.fetch());
        let rows = query.fetch_all(transaction.connection()).await?;
        let mails = rows.iter().map(mail).collect::<Result<_, _>>()?;
        Ok(Paged::cut(mails, page, |mail: &Mail| mail.id.text()))
    }

    /// The pending mail that is to be tried first, which may be later than now.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn next_mail(&self) -> Result<Option<Mail>, StoreError> {
        let sql = "SELECT id, kind, recipient, language, subject, body, state, attempts, created_ms, next_attempt_ms,
                          last_error, sent_ms
                   FROM outbox WHERE state = 'pending' ORDER BY next_attempt_ms, id LIMIT 1";
        let mut transaction = self.read_followed().await?;
        let row = sql::query(sql).fetch_optional(transaction.connection()).await?;
        row.as_ref().map(mail).transpose()
    }
}

/// One mail, read over any connection.
pub(in crate::store) async fn find(connection: &mut Connection, id: &MailId) -> Result<Option<Mail>, StoreError> {
    let sql = "SELECT id, kind, recipient, language, subject, body, state, attempts, created_ms, next_attempt_ms,
                      last_error, sent_ms FROM outbox WHERE id = ?";
    let row = sql::query(sql).bind(id.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(mail).transpose()
}

fn mail(row: &Row) -> Result<Mail, StoreError> {
    let (kind, state): (&str, &str) = (row::get(row, "kind")?, row::get(row, "state")?);
    let unknown = |column: &str, name: &str| StoreError::Corrupt(format!("column {column} holds `{name}`"));
    Ok(Mail {
        id: row::id(row, "id")?,
        kind: MailKind::from_name(kind).ok_or_else(|| unknown("kind", kind))?,
        to: row::get(row, "recipient")?,
        language: row::get(row, "language")?,
        subject: row::get(row, "subject")?,
        body: row::get::<Option<String>>(row, "body")?.map(MailBody::new),
        state: MailState::from_name(state).ok_or_else(|| unknown("state", state))?,
        attempts: row::get(row, "attempts")?,
        created_ms: row::get(row, "created_ms")?,
        next_attempt_ms: row::get(row, "next_attempt_ms")?,
        last_error: row::get(row, "last_error")?,
        sent_ms: row::get(row, "sent_ms")?,
    })
}
