//! The one writer: every change is one transaction, known to the cache before it is acknowledged.

pub mod contacts;
pub mod content;
pub mod entities;
mod follower;
pub mod grants;
pub mod groups;
pub mod invitations;
pub mod join_requests;
pub mod leaving;
pub mod members;
pub mod outbox;
mod record;
pub mod spaces;
pub mod subscriptions;
mod touched;
pub mod users;

use super::Store;
use super::changes::Change;
use super::connection::{Begin, End, Slot};
use super::error::StoreError;
use super::facts::{self, KnownKeys};
use super::idempotency::KeptAnswer;
use super::lease::Lease;
use crate::domain::facts::{Snapshot, Wanted};
use crate::domain::{EntityUid, Revision, UserId};
use crate::store::sql::Connection;
use touched::Touched;

pub(in crate::store) use follower::everything;
pub use follower::{Follower, followed, hear, tell};

/// One change under way. Dropped without [`WriteTransaction::commit`], it never was.
pub struct WriteTransaction {
    lease: Lease,
    /// Keeps the ownership of the database as long as something could be written.
    _store: Store,
    /// What the change is, for the record.
    command: &'static str,
    /// On whose behalf; `None` is the host's own.
    actor: Option<UserId>,
    /// When, in milliseconds since 1970-01-01 UTC.
    at_ms: i64,
    /// The revision that the change builds on.
    base: Revision,
    /// How many rows the connection had written before.
    rows_before: i64,
    touched: Touched,
    /// What the audit names as acted on.
    target: Option<EntityUid>,
    /// Whom the audit names as acted on inside the target.
    subject: Option<UserId>,
    /// The answer to give to a retry, kept with the change.
    answer: Option<KeptAnswer>,
}

impl Store {
    /// Begins a change once those before it have ended. `command` and `actor` are for the record,
    /// `at_ms` is in milliseconds since 1970-01-01 UTC.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if the changes before it take too long, [`StoreError::ReadOnly`] if the
    /// store was not opened to write, otherwise the database's own.
    pub async fn write(
        &self,
        command: &'static str,
        actor: Option<&UserId>,
        at_ms: i64,
    ) -> Result<WriteTransaction, StoreError> {
        let mut lease = self.inner.writer.as_ref().ok_or(StoreError::ReadOnly)?.lease().await?;
        let (mut before, mut begun) = (self.before(), begin(&mut lease).await);
        // A change whose connection ended before anything was written never was.
        if let Err(failure) = &begun
            && lease.mends(failure).await
        {
            (before, begun) = (self.before(), begin(&mut lease).await);
        }
        let (base, rows_before) = begun?;
        // INVARIANT: before anybody checks whether the change may be made, and before it has a revision of its own.
        if let Some(before) = before {
            Box::pin(self.builds_on(lease.connection(), base, before)).await?;
        }
        Ok(WriteTransaction {
            lease,
            _store: self.clone(),
            command,
            actor: actor.cloned(),
            at_ms,
            base,
            rows_before,
            touched: Touched::default(),
            target: None,
            subject: None,
            answer: None,
        })
    }
}

/// Begins a write: the revision there is, and how many rows the connection had written before.
pub(in crate::store) async fn begin(slot: &mut Slot) -> Result<(Revision, i64), StoreError> {
    slot.begin(Begin::Write).await?;
    record::standing(slot.connection()).await
}

impl WriteTransaction {
    /// The revision that the change builds on.
    #[must_use]
    pub const fn base(&self) -> Revision {
        self.base
    }

    /// Says that the change touches this entity: it goes into `changes`, and no decision that
    /// rests on the entity is served again once the change is acknowledged.
    pub fn touch(&mut self, uid: EntityUid, change: Change) {
        self.touched.add(uid, change);
    }

    /// Says what the audit names as acted on, and whom inside it. Left unsaid, it is what the change
    /// creates, or else the first thing it touches.
    pub fn aim(&mut self, target: Option<EntityUid>, subject: Option<UserId>) {
        (self.target, self.subject) = (target, subject);
    }

    /// Has the answer to this change kept with it, for a retry that sends the same key.
    pub fn answer_with(&mut self, answer: KeptAnswer) {
        self.answer = Some(answer);
    }

    /// The first thing that the change has created so far.
    #[must_use]
    pub fn created(&self) -> Option<&EntityUid> {
        self.touched.iter().find(|(_, change)| *change == Change::Created).map(|(uid, _)| uid)
    }

    /// The revision that [`WriteTransaction::commit`] answers with, if nothing more is touched.
    #[must_use]
    pub fn outcome(&self) -> Revision {
        if self.touched.is_empty() { self.base } else { self.base.next() }
    }

    /// For the statements of this module's parts.
    pub(in crate::store) fn connection(&mut self) -> &mut Connection {
        self.lease.connection()
    }

    /// The revision that the change builds on, and facts as they are with what it has done so far.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not answer, or not as this program writes.
    pub async fn snapshot(&mut self, wanted: &[Wanted]) -> Result<Snapshot, StoreError> {
        facts::fetch(self.connection(), wanted, &KnownKeys::default()).await?.snapshot()
    }

    /// Makes the change so, and answers with its revision. If nothing was touched nothing is
    /// written, and the answer is the revision there is.
    ///
    /// # Errors
    /// [`StoreError`]: the change is not acknowledged. It is rolled back, unless the process ends
    /// before that is done. Rows written while nothing was touched are an error too: they would change
    /// decisions behind the cache's back.
    ///
    /// Not to be cancelled while it runs: a commit under way when its future is dropped may succeed
    /// without being published. Let it run in a task of its own.
    pub async fn commit(mut self, follower: &dyn Follower) -> Result<Revision, StoreError> {
        if self.touched.is_empty() {
            return self.leave(follower).await;
        }
        let revision = self.base.next();
        self.record(revision).await?;
        self.keep_answer().await?;
        followed(follower, self.touched.uids(), revision, self.lease.end(End::Commit)).await?;
        Ok(revision)
    }

    /// Makes the change so at a revision of the caller's choice, where nobody follows: before a server starts.
    pub(in crate::store) async fn commit_at(mut self, revision: Revision) -> Result<(), StoreError> {
        self.record(revision).await?;
        self.lease.end(End::Commit).await
    }

    async fn leave(mut self, follower: &dyn Follower) -> Result<Revision, StoreError> {
        let (_, rows) = record::standing(self.connection()).await?;
        if rows != self.rows_before {
            return Err(StoreError::Corrupt(format!("`{}` wrote but touched nothing", self.command)));
        }
        let end = if self.keep_answer().await? { End::Commit } else { End::Rollback };
        self.lease.end(end).await?;
        // The revision is acknowledged by being answered, and it may be that of a change whose
        // commit was cut short before it was published.
        follower.publish(self.base);
        Ok(self.base)
    }
}

#[cfg(test)]
mod tests;
