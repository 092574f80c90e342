//! What is written about a change besides the change itself.

use super::WriteTransaction;
use crate::domain::{Revision, UserId};
use crate::store::audit::{self, Attempt};
use crate::store::error::StoreError;
use crate::store::idempotency;
use crate::store::sql::{self, Both, Connection, QueryBuilder};

const REVISE: &str = "UPDATE store SET revision = ?1 WHERE one = 1";
const COMMIT: &str = "INSERT INTO commits (revision, at_ms, command, actor) VALUES (?1, ?2, ?3, ?4)";
const STANDING: Both = Both {
    sqlite: "SELECT revision, total_changes() FROM store WHERE one = 1",
    // INVARIANT: the first statement of every write, and of each that is told to nobody. Whoever has the row locked is
    // the only writer of all sidecars until it commits: revisions have no gaps, and what is read after this is the newest.
    postgres: "SELECT revision, 0 FROM store WHERE one = 1 FOR UPDATE",
};

/// Rows of `changes` in one statement: five values each, within `SQLite`'s 32,766.
const ROWS_MAX: usize = 1_000;

/// The revision, and how many rows this connection has ever written.
pub(super) async fn standing(connection: &mut Connection) -> Result<(Revision, i64), StoreError> {
    let (revision, rows): (u64, i64) = sql::query_as(STANDING).fetch_one(&mut *connection).await?;
    Ok((Revision(revision), connection.written().unwrap_or(rows)))
}

impl WriteTransaction {
    /// Writes the new revision, who made it and what it touched.
    ///
    /// INVARIANT: in the transaction of the change. Every revision has its changes and every change
    /// its revision, without gaps; whoever follows the table misses nothing.
    pub(in crate::store) async fn record(&mut self, revision: Revision) -> Result<(), StoreError> {
        let number = number(revision)?;
        let connection = self.lease.connection();
        let revised = sql::query(REVISE).bind(number).execute(&mut *connection).await?;
        if revised.rows_affected() != 1 {
            return Err(StoreError::Corrupt("no revision".to_owned()));
        }
        sql::query(COMMIT)
            .bind(number)
            .bind(self.at_ms)
            .bind(self.command)
            .bind(self.actor.as_ref().map(UserId::as_str))
            .execute(&mut *connection)
            .await?;
        self.audit(revision).await?;
        let connection = self.lease.connection();
        let rows: Vec<_> = (0_i64..).zip(self.touched.iter()).collect();
        for some in rows.chunks(ROWS_MAX) {
            let mut insert =
                QueryBuilder::new("INSERT INTO changes (revision, ordinal, entity_type, entity_id, change) VALUES ");
            for (place, (ordinal, (uid, change))) in some.iter().enumerate() {
                insert.push(if place == 0 { "(" } else { ",(" }).push_bind(number).push(",").push_bind(*ordinal);
                insert.push(",").push_bind(uid.type_name.as_str()).push(",").push_bind(uid.id.as_str());
                insert.push(",").push_bind(change.name()).push(")");
            }
            insert.build().execute(&mut *connection).await?;
        }
        Ok(())
    }
}

impl WriteTransaction {
    /// Writes into the audit who did what to whom.
    ///
    /// INVARIANT: in the transaction of the change, and here, where every change passes: none goes
    /// without its row, and no row tells of a change that was not made.
    async fn audit(&mut self, revision: Revision) -> Result<(), StoreError> {
        let target = self.target.take().or_else(|| self.created().cloned());
        let target = target.or_else(|| self.touched.uids().first().cloned());
        let done = Attempt {
            at_ms: self.at_ms,
            actor: self.actor.clone(),
            action: self.command.to_owned(),
            target,
            subject: self.subject.take(),
            rule: None,
        };
        audit::insert(self.lease.connection(), &done, Some(revision)).await?;
        audit::prune(self.lease.connection(), audit::Outcome::Allowed).await
    }

    /// Writes the answer that a retry is to get; whether there is one.
    ///
    /// INVARIANT: in the transaction of the change: no crash comes between the two.
    pub(in crate::store) async fn keep_answer(&mut self) -> Result<bool, StoreError> {
        let Some(answer) = self.answer.take() else { return Ok(false) };
        idempotency::insert(self.lease.connection(), &answer, self.at_ms).await?;
        Ok(true)
    }
}

fn number(revision: Revision) -> Result<i64, StoreError> {
    i64::try_from(revision.0).map_err(|_| StoreError::Corrupt(format!("revision {revision}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sql::Text;
    use crate::store::testing::{World, explain};

    #[tokio::test]
    async fn every_statement_prepares_and_reads_no_table_from_end_to_end() {
        let world = World::new().await;
        for (statement, parameters) in [(Text::from(REVISE), 1), (COMMIT.into(), 4), (STANDING.into(), 0)] {
            for step in explain(&mut world.connection().await, statement, parameters).await {
                assert!(!step.starts_with("SCAN"), "{step}");
            }
        }
    }
}
