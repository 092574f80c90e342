//! Following the changes that other sidecars make to the same database.
//!
//! A file has one owner, who knows of every change. A database on a server has many: each of them reads from `changes`
//! what the others touched, raises its own stripes, and only then lets the revision be known. Four occasions, one
//! function ([`Store::catch_up`]): before an answer rests on a revision that was read, before a change of one's own
//! builds on it, when the server tells of it, and now and then, as what it tells may be lost.
//!
//! What the server tells is the revision, and what was touched if that is little. Where it is the revision right after
//! those that are applied, that is all there is to know, and nothing is read.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `task` | the task that is woken by the server, and by the clock |
//! | `told` | what the server tells, read |
//! | `recent` | the newest changes, in memory for who asks what changed |
//! | `duty` | what one sidecar does for all |

mod duty;
mod recent;
mod task;
mod told;

pub use duty::Duty;
pub use task::Following;

use super::changes::ChangeRow;
use super::error::StoreError;
use super::lease::Lease;
use super::sql::{self, Connection, FromRow, Row};
use super::write::{Follower, everything, hear, tell};
use super::{Store, limits};
use crate::domain::{EntityUid, Revision};
use recent::Recent;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How far this process has followed.
pub(super) struct Followed {
    /// Whom changes are told to, how late they may be known, and since when that counts.
    told: OnceLock<Told>,
    /// When it was last certain that nothing was missed: nanoseconds after [`Told::begun`].
    confirmed: AtomicU64,
    /// Whether the server has forgotten what was read from it.
    is_lost: AtomicBool,
    /// The newest changes, for who asks what changed.
    recent: Recent,
}

/// What is read over a connection, one statement after the other.
#[derive(Debug, Clone, Copy)]
enum Sight {
    /// Each what is there by then.
    Newest,
    /// Each what was there after this.
    Since(Before),
    /// Each what has come to the copy by then.
    Copied,
}

/// What was known before something was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    /// When that was.
    begun: Instant,
    /// The revision up to which all was known.
    applied: Revision,
}

struct Told {
    follower: Arc<dyn Follower>,
    staleness_max: Duration,
    begun: Instant,
}

impl Followed {
    /// Nobody is told yet.
    pub(super) const fn new() -> Self {
        Self {
            told: OnceLock::new(),
            confirmed: AtomicU64::new(0),
            is_lost: AtomicBool::new(false),
            recent: Recent::new(),
        }
    }

    /// What is known now, before something is read.
    fn before(&self) -> Before {
        // Who keeps nothing has nothing to lose.
        let applied = self.told.get().map(|told| told.follower.applied()).filter(|applied| applied.0 < u64::MAX);
        Before { begun: Instant::now(), applied: applied.unwrap_or_default() }
    }

    /// Whether nothing that was made so long ago can be missing here.
    fn is_current(&self) -> bool {
        let Some(told) = self.told.get() else { return true };
        if self.is_lost.load(Ordering::SeqCst) {
            return false;
        }
        let confirmed = Duration::from_nanos(self.confirmed.load(Ordering::SeqCst));
        told.begun.elapsed().saturating_sub(confirmed) <= told.staleness_max
    }

    /// Refuses what was read at this revision if more was known before: one server was put in another's place that does
    /// not have all of it. What is remembered here may never have been, so nothing is answered any more.
    // INVARIANT: an answer put together from such a read would count as one of the newest revision known here.
    fn check_whole(&self, revision: Revision, before: Before) -> Result<(), StoreError> {
        if revision >= before.applied && !self.is_lost.load(Ordering::SeqCst) {
            return Ok(());
        }
        if !self.is_lost.swap(true, Ordering::SeqCst) {
            tracing::error!(
                known = before.applied.0,
                found = revision.0,
                "the database has lost changes that were made: nothing is decided until this sidecar is started anew"
            );
        }
        Err(StoreError::Corrupt(format!("revision {} was known, and now it stands at {revision}", before.applied)))
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

    /// Whether others may change the database too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.inner.followed.is_some()
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
        match followed.catch_up_over(&mut lease).await {
            Err(failure) if lease.mends(&failure).await => followed.catch_up_over(&mut lease).await,
            caught => caught,
        }
    }

    /// Takes what the server told; whether nothing has to be read for it.
    fn heard(&self, payload: &str) -> bool {
        self.inner.followed.as_ref().is_some_and(|followed| followed.heard(payload))
    }

    /// Before something that was read at this revision is told of: has the changes up to it known here.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not answer, or has no such revision.
    pub async fn catch_up_to(&self, revision: Revision) -> Result<(), StoreError> {
        let Some(told) = self.inner.followed.as_ref().and_then(|followed| followed.told.get()) else { return Ok(()) };
        if told.follower.applied() < revision {
            self.catch_up().await?;
        }
        if told.follower.applied() < revision {
            return Err(StoreError::Corrupt(format!("revision {revision} has no changes")));
        }
        Ok(())
    }

    /// What is known before something is read, where others change anything.
    pub(super) fn before(&self) -> Option<Before> {
        self.inner.followed.as_ref().map(Followed::before)
    }

    /// Before an answer rests on what was read at this revision over this connection: tells of the changes up to it.
    /// Nothing was read over the connection, and no transaction of it begun, `before` that.
    pub(super) async fn seen(
        &self,
        connection: &mut Connection,
        revision: Revision,
        before: Before,
    ) -> Result<(), StoreError> {
        let Some(followed) = &self.inner.followed else { return Ok(()) };
        let Some(told) = followed.told.get() else { return Ok(()) };
        followed.check_whole(revision, before)?;
        if told.follower.applied() < revision {
            followed.catch_up(connection, Sight::Since(before)).await?;
        }
        if told.follower.applied() < revision {
            // Read in one statement and gone in the next: a server that answers from another past.
            return Err(StoreError::Corrupt(format!("revision {revision} has no changes")));
        }
        followed.confirm(before.begun);
        Ok(())
    }

    /// The same of what was read from a copy; whether it is no older than what was known before.
    pub(super) async fn seen_nearby(
        &self,
        connection: &mut Connection,
        revision: Revision,
        before: Before,
    ) -> Result<bool, StoreError> {
        let Some(followed) = &self.inner.followed else { return Ok(false) };
        let Some(told) = followed.told.get().filter(|_| revision >= before.applied) else { return Ok(false) };
        if told.follower.applied() < revision {
            followed.catch_up(connection, Sight::Copied).await?;
        }
        Ok(told.follower.applied() >= revision)
    }

    /// The same before a change builds on this revision; with the row of the revision locked, there is no later one.
    pub(super) async fn builds_on(
        &self,
        connection: &mut Connection,
        revision: Revision,
        before: Before,
    ) -> Result<(), StoreError> {
        self.seen(connection, revision, before).await?;
        if let Some(told) = self.inner.followed.as_ref().and_then(|followed| followed.told.get()) {
            told.follower.publish(revision);
        }
        Ok(())
    }
}

impl Followed {
    /// Tells of everything that is there by now.
    async fn catch_up_over(&self, lease: &mut Lease) -> Result<(), StoreError> {
        lease.under_way();
        let caught = self.catch_up(lease.connection(), Sight::Newest).await;
        lease.over(caught.is_ok());
        caught
    }

    /// Tells of everything that the connection shows.
    async fn catch_up(&self, connection: &mut Connection, sight: Sight) -> Result<(), StoreError> {
        let Some(told) = self.told.get() else { return Ok(()) };
        loop {
            let (before, applied) = (self.before(), told.follower.applied());
            let after = i64::try_from(applied.0).unwrap_or(i64::MAX);
            let query = sql::query_as(NEWS)
                .bind(after)
                .bind(limits::FOLLOWED_REVISIONS_MAX)
                .bind(u32::from(limits::FOLLOWED_ENTITIES_MAX) + 1);
            let rows: Vec<News> = query.fetch_all(connection).await?;
            let newest = rows.first().map_or(Revision::default(), |news| news.newest);
            if let Sight::Newest = sight {
                self.check_whole(newest, before)?;
            }
            let rows: Vec<_> = rows.into_iter().filter_map(|news| news.change).collect();
            let last = rows.last().map(|row| row.revision);
            tell(&*told.follower, &whole(applied, newest, &rows));
            self.recent.put(&rows);
            if last.is_none_or(|last| last >= newest) {
                // INVARIANT: the time is that before the question, and in a transaction that before its first: what is
                // there by then was told. A later one would make what it cannot see count as known.
                match sight {
                    Sight::Newest => self.confirm(before.begun),
                    Sight::Since(before) => self.confirm(before.begun),
                    Sight::Copied => {}
                }
                return Ok(());
            }
        }
    }

    /// Takes what the server told when a change was made; whether nothing has to be read for it.
    ///
    /// How late this sidecar is it does not learn from that: what was never told would count as known.
    fn heard(&self, payload: &str) -> bool {
        let Some(told) = self.told.get().filter(|_| !self.is_lost.load(Ordering::SeqCst)) else { return false };
        let Some((revision, rows)) = told::read(payload) else { return false };
        let is_known = hear(&*told.follower, revision, rows.as_deref().map(touched));
        if let Some(rows) = rows.filter(|_| is_known) {
            self.recent.put(&rows);
        }
        is_known
    }

    /// What the changes after `revision` touched, of at most so many, if that is in memory and there is any.
    pub(super) fn recent(&self, revision: Revision, revisions_max: u32) -> Option<Vec<ChangeRow>> {
        let told = self.told.get().filter(|_| self.is_current())?;
        // INVARIANT: up to what is applied, which is all that anybody was told of by this sidecar.
        self.recent.since(revision, told.follower.applied(), revisions_max)
    }
}

/// Whether this is all that the change touched.
// INVARIANT: of a change that touched more, one more is read than would be all of it.
fn is_whole(change: &[ChangeRow]) -> bool {
    change.len() <= usize::from(limits::FOLLOWED_ENTITIES_MAX)
}

/// What each of these changes touched, of all after `applied`; where there are none they go up to `newest`.
// INVARIANT: where the record has a gap, what is right after it counts as having touched everything: nobody knows what was
// touched by what is no longer there, and what is kept here may rest on it.
fn whole(applied: Revision, newest: Revision, rows: &[ChangeRow]) -> Vec<(Revision, Vec<EntityUid>)> {
    let mut known = applied;
    let mut told = Vec::new();
    for change in rows.chunk_by(|one, next| one.revision == next.revision) {
        let Some(revision) = change.first().map(|row| row.revision) else { continue };
        let is_known = revision == known.next() && is_whole(change);
        told.push((revision, if is_known { touched(change) } else { everything() }));
        known = revision;
    }
    if told.is_empty() && newest > applied {
        told.push((newest, everything()));
    }
    told
}

/// What one change touched.
fn touched(change: &[ChangeRow]) -> Vec<EntityUid> {
    change.iter().map(|row| row.uid.clone()).collect()
}

/// The revision there is and, a row each, what the changes after one touched: of some of them, each whole, or one
/// more than [`limits::FOLLOWED_ENTITIES_MAX`] of it.
const NEWS: &str = "
    SELECT store.revision AS newest, touched.revision, touched.ordinal, touched.entity_type, touched.entity_id,
           touched.change
    FROM store LEFT JOIN (
        SELECT part.revision, part.ordinal, part.entity_type, part.entity_id, part.change
        FROM (SELECT revision FROM commits WHERE revision > ?1 ORDER BY revision LIMIT ?2) AS picked
        CROSS JOIN LATERAL (
            SELECT * FROM changes WHERE changes.revision = picked.revision ORDER BY ordinal LIMIT ?3) AS part
        ) AS touched ON true
    WHERE store.one = 1
    ORDER BY touched.revision, touched.ordinal";

struct News {
    newest: Revision,
    change: Option<ChangeRow>,
}

impl FromRow for News {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let is_change = row.try_get::<Option<i64>, _>("revision")?.is_some();
        let change = is_change.then(|| ChangeRow::from_row(row)).transpose()?;
        Ok(Self { newest: Revision(row.try_get("newest")?), change })
    }
}

#[cfg(test)]
mod tests;
