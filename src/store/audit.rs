//! Who did what to whom, when, and what was refused.
//!
//! What was done is written with the change itself. What was refused has no change: such rows come
//! in small transactions of their own, which are no revision and touch no entity.

use super::connection::End;
use super::write::begin;
use super::{Store, StoreError, limits, row};
use crate::domain::{EntityUid, Revision, UserId};
use crate::store::sql::{self, Connection, QueryBuilder, Row};
use smol_str::SmolStr;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The change was made.
    Allowed,
    /// It was not.
    Refused,
}

impl Outcome {
    /// The name in interfaces and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
        }
    }

    /// The outcome of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Allowed, Self::Refused].into_iter().find(|outcome| outcome.name() == name)
    }

    const fn rows_max(self) -> i64 {
        match self {
            Self::Allowed => limits::AUDIT_ALLOWED_ROWS_MAX,
            Self::Refused => limits::AUDIT_REFUSED_ROWS_MAX,
        }
    }
}

/// What somebody did or tried to do. Holds no secret: ids and names of commands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// On whose behalf; `None` is the host's own.
    pub actor: Option<UserId>,
    /// The command, or method and route of what was refused before a command began.
    pub action: String,
    /// What was acted on, where that is known.
    pub target: Option<EntityUid>,
    /// Whom inside the target: the member of a group, say.
    pub subject: Option<UserId>,
    /// The rule that refused, where one did.
    pub rule: Option<SmolStr>,
}

/// A row of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Counts up in the order in which rows were written.
    pub id: i64,
    /// Who tried what.
    pub attempt: Attempt,
    /// How it ended.
    pub outcome: Outcome,
    /// The change, of what was done.
    pub revision: Option<Revision>,
}

/// Which rows to read: those that meet every condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// On behalf of this person; `Some(None)` is the host.
    pub actor: Option<Option<UserId>>,
    /// This action.
    pub action: Option<String>,
    /// On this entity, as target or, for a user, as the person inside it.
    pub target: Option<EntityUid>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// At or after this time, in milliseconds since 1970-01-01 UTC.
    pub since_ms: Option<i64>,
    /// Before this time, in milliseconds since 1970-01-01 UTC.
    pub until_ms: Option<i64>,
    /// Written before the row of this id: where the page before ended.
    pub before: Option<i64>,
}

const INSERT: &str = "
    INSERT INTO audit (at_ms, actor, action, target_type, target_id, subject, outcome, rule, revision, number)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1 + coalesce((SELECT max(number) FROM audit WHERE outcome = ?7), 0))";
const PRUNE: &str = "
    DELETE FROM audit
    WHERE outcome = ?1 AND number <= (SELECT max(number) FROM audit WHERE outcome = ?1) - ?2";

impl Store {
    /// Writes down what was refused, in a transaction of its own that is no change.
    ///
    /// # Errors
    /// [`StoreError`] as for [`Store::write`]; nothing is written then.
    pub async fn record_refused(&self, attempts: &[Attempt]) -> Result<(), StoreError> {
        let mut lease = self.inner.writer.as_ref().ok_or(StoreError::ReadOnly)?.lease().await?;
        begin(&mut lease).await?;
        for attempt in attempts {
            insert(lease.connection(), attempt, None).await?;
        }
        prune(lease.connection(), Outcome::Refused).await?;
        lease.end(End::Commit).await
    }

    /// The newest rows that `filter` lets through, newest first, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn audit(&self, filter: &AuditFilter, rows_max: i64) -> Result<Vec<AuditRow>, StoreError> {
        let mut transaction = self.read().await?;
        let query = select(filter, rows_max);
        let rows = query.build().fetch_all(transaction.connection()).await?;
        rows.iter().map(read).collect()
    }
}

/// Writes a row: what was done has a revision, what was refused has none.
pub(super) async fn insert(
    connection: &mut Connection,
    attempt: &Attempt,
    revision: Option<Revision>,
) -> Result<(), StoreError> {
    let outcome = if revision.is_some() { Outcome::Allowed } else { Outcome::Refused };
    let number = |revision: Revision| i64::try_from(revision.0).unwrap_or(i64::MAX);
    sql::query(INSERT)
        .bind(attempt.at_ms)
        .bind(attempt.actor.as_ref().map(UserId::as_str))
        .bind(&attempt.action)
        .bind(attempt.target.as_ref().map(|uid| uid.type_name.as_str()))
        .bind(attempt.target.as_ref().map(|uid| uid.id.as_str()))
        .bind(attempt.subject.as_ref().map(UserId::as_str))
        .bind(outcome.name())
        .bind(attempt.rule.as_deref())
        .bind(revision.map(number))
        .execute(connection)
        .await?;
    Ok(())
}

/// Lets go of the oldest rows of this outcome that are too many.
pub(super) async fn prune(connection: &mut Connection, outcome: Outcome) -> Result<(), StoreError> {
    sql::query(PRUNE).bind(outcome.name()).bind(outcome.rows_max()).execute(connection).await?;
    Ok(())
}

fn select(filter: &AuditFilter, rows_max: i64) -> QueryBuilder<'static> {
    let mut query = QueryBuilder::new(
        "SELECT id, at_ms, actor, action, target_type, target_id, subject, outcome, rule, revision FROM audit WHERE id < ",
    );
    query.push_bind(filter.before.unwrap_or(i64::MAX));
    if let Some(actor) = &filter.actor {
        query.push(" AND actor IS NOT DISTINCT FROM ").push_bind(actor.as_ref().map(|id| id.as_str().to_owned()));
    }
    if let Some(action) = &filter.action {
        query.push(" AND action = ").push_bind(action.clone());
    }
    if let Some(target) = &filter.target {
        query.push(" AND ((target_type = ").push_bind(target.type_name.to_string());
        query.push(" AND target_id = ").push_bind(target.id.to_string()).push(")");
        if target.type_name == crate::domain::uid::types::USER {
            query.push(" OR subject = ").push_bind(target.id.to_string());
        }
        query.push(")");
    }
    if let Some(outcome) = filter.outcome {
        query.push(" AND outcome = ").push_bind(outcome.name());
    }
    if let Some(since_ms) = filter.since_ms {
        query.push(" AND at_ms >= ").push_bind(since_ms);
    }
    if let Some(until_ms) = filter.until_ms {
        query.push(" AND at_ms < ").push_bind(until_ms);
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(rows_max);
    query
}

fn read(found: &Row) -> Result<AuditRow, StoreError> {
    let target = match (row::get::<Option<&str>>(found, "target_type")?, row::get::<Option<&str>>(found, "target_id")?)
    {
        (Some(type_name), Some(id)) => Some(EntityUid::new(type_name, id)),
        _ => None,
    };
    let outcome: &str = row::get(found, "outcome")?;
    let unknown = || StoreError::Corrupt(format!("outcome `{outcome}`"));
    Ok(AuditRow {
        id: row::get(found, "id")?,
        attempt: Attempt {
            at_ms: row::get(found, "at_ms")?,
            actor: row::optional_id(found, "actor")?,
            action: row::get(found, "action")?,
            target,
            subject: row::optional_id(found, "subject")?,
            rule: row::get::<Option<&str>>(found, "rule")?.map(SmolStr::new),
        },
        outcome: Outcome::from_name(outcome).ok_or_else(unknown)?,
        revision: row::optional_count(found, "revision")?.map(Revision),
    })
}

#[cfg(test)]
mod tests;
