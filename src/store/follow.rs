//! Following the changes that other sidecars make to the same database.
//!
//! A file has one owner, who knows of every change. A database on a server has many: each of them reads from `changes`
//! what the others touched, raises its own stripes, and only then lets the revision be known. Four occasions, one
//! function ([`Store::catch_up`]): before an answer rests on a revision that was read, before a change of one's own
//! builds on it, when the server tells of it, and now and then, as what it tells may be lost.

mod duty;
mod task;

pub use duty::Duty;
pub use task::Following;

use super::changes::{ChangeRow, SINCE};
use super::error::StoreError;
use super::sql::{self, Connection};
use super::write::{Follower, tell};
use super::{Store, limits};
use crate::domain::Revision;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How far this process has followed.
pub(super) struct Followed {
    /// Whom changes are told to, how late they may be known, and since when that counts.
    told: OnceLock<Told>,
    /// When it was last certain that nothing was missed: nanoseconds after [`Told::begun`].
    confirmed: AtomicU64,
}

struct Told {
    follower: Arc<dyn Follower>,
    staleness_max: Duration,
    begun: Instant,
}

impl Followed {
    /// Nobody is told yet.
    pub(super) const fn new() -> Self {
        Self { told: OnceLock::new(), confirmed: AtomicU64::new(0) }
    }

    /// Whether nothing that was made so long ago can be missing here.
    fn is_current(&self) -> bool {
        let Some(told) = self.told.get() else { return true };
        let confirmed = Duration::from_nanos(self.confirmed.load(Ordering::SeqCst));
        told.begun.elapsed().saturating_sub(confirmed) <= told.staleness_max
    }

    /// Notes that at `at` nothing was missing.
    fn confirm(&self, at: Instant) {
        let Some(told) = self.told.get() else { return };
        let after = u64::try_from(at.saturating_duration_since(told.begun).as_nanos()).unwrap_or(u64::MAX);
        self.confirmed.fetch_max(after, Ordering::SeqCst);
    }
}

impl Store {
    /// Has `follower` told of every change that others make. Where the database is a file nobody else makes any.
    ///
    /// Later than `staleness_max` after a change, whoever asks is told of it or that nothing can be told.
    #[must_use = "following ends when this is dropped"]
    pub fn follow(&self, follower: Arc<dyn Follower>, staleness_max: Duration) -> Option<Following> {
        let state = self.inner.followed.as_ref()?;
        let begun = Instant::now();
        if state.told.set(Told { follower, staleness_max, begun }).is_err() {
            return None;
        }
        Some(Following::start(self.clone(), staleness_max))
    }

    /// Whether what is known here of changes by others is no older than it may be. Never waits.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.inner.followed.as_ref().is_none_or(Followed::is_current)
    }

    /// Makes sure of that, by asking where need be.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not answer: then nobody here knows what has changed.
    pub async fn be_current(&self) -> Result<(), StoreError> {
        if self.is_current() { Ok(()) } else { Box::pin(self.catch_up()).await }
    }

    /// Reads what others changed, and tells of it.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not answer.
    pub async fn catch_up(&self) -> Result<(), StoreError> {
        let Some(followed) = &self.inner.followed else { return Ok(()) };
        let mut lease = self.reader().await?;
        lease.under_way();
        let caught = followed.catch_up(lease.connection()).await;
        lease.over(caught.is_ok());
        caught
    }

    /// Before an answer rests on what was read at this revision over this connection: tells of the changes up to it.
    pub(super) async fn seen(
        &self,
        connection: &mut Connection,
        revision: Revision,
        begun: Instant,
    ) -> Result<(), StoreError> {
        let Some(followed) = &self.inner.followed else { return Ok(()) };
        let Some(told) = followed.told.get() else { return Ok(()) };
        if told.follower.applied() < revision {
            followed.catch_up(connection).await?;
        }
        if told.follower.applied() < revision {
            // Read in one statement and gone in the next: a server that answers from another past.
            return Err(StoreError::Corrupt(format!("revision {revision} has no changes")));
        }
        followed.confirm(begun);
        Ok(())
    }

    /// The same before a change builds on this revision; with the row of the revision locked, there is no later one.
    pub(super) async fn builds_on(&self, connection: &mut Connection, revision: Revision) -> Result<(), StoreError> {
        self.seen(connection, revision, Instant::now()).await?;
        if let Some(told) = self.inner.followed.as_ref().and_then(|followed| followed.told.get()) {
            told.follower.publish(revision);
        }
        Ok(())
    }
}

impl Followed {
    async fn catch_up(&self, connection: &mut Connection) -> Result<(), StoreError> {
        let Some(told) = self.told.get() else { return Ok(()) };
        loop {
            let (begun, applied) = (Instant::now(), told.follower.applied());
            let after = i64::try_from(applied.0).unwrap_or(i64::MAX);
            let query = sql::query_as(SINCE).bind(after).bind(limits::FOLLOWED_REVISIONS_MAX);
            let rows: Vec<ChangeRow> = query.fetch_all(connection).await?;
            if rows.is_empty() {
                // INVARIANT: the time is that before the question. What is there by then was told.
                self.confirm(begun);
                return Ok(());
            }
            let changes = rows.chunk_by(|one, next| one.revision == next.revision);
            let changes = changes.filter_map(|change| {
                let touched = change.iter().map(|row| row.uid.clone()).collect();
                Some((change.first()?.revision, touched))
            });
            tell(&*told.follower, &changes.collect::<Vec<_>>());
        }
    }
}

#[cfg(test)]
mod tests;
