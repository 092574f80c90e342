//! Copies of a whole database: the statement that copies it while it is in use, whether a copy is sound, and the
//! change that says that one was put back.

use super::connection::{Plan, Role};
use super::doctor::{self, Finding};
use super::error::{OpenError, StoreError};
use super::location::Location;
use super::lock::OwnerLock;
use super::migrate::{self, State};
use super::write::WriteTransaction;
use super::{Change, Store, limits};
use crate::domain::{EntityUid, Revision};
use crate::store::sql::{self, Connection};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const REVISION: &str = "SELECT revision FROM store WHERE one = 1";

/// How much a copy holds: a copy has no free pages.
const BYTES: &str = "
    SELECT (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)
         - (SELECT freelist_count FROM pragma_freelist_count) * (SELECT page_size FROM pragma_page_size)";

/// The name by which a restore is known among the changes.
pub const RESTORE: &str = "restore";

/// The file of the database that `url` names, there or not; links followed.
///
/// # Errors
/// [`OpenError`] if it names no file, or its directory cannot be reached.
pub fn resolve(url: &str) -> Result<PathBuf, OpenError> {
    Location::parse(url)?.file("backup and restore")
}

/// The files that `SQLite` keeps beside a database: its log, the index of that, and its rollback journal.
#[must_use]
pub fn beside(database: &Path) -> [PathBuf; 3] {
    ["-wal", "-shm", "-journal"].map(|ending| suffixed(database, ending))
}

/// `database` with something appended to its name.
#[must_use]
pub fn suffixed(database: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(ending);
    name.into()
}

/// The ownership of a database that is not opened; given up when dropped.
#[derive(Debug)]
pub struct Ownership {
    _lock: OwnerLock,
}

impl Ownership {
    /// Claims the database file `path`, there or not.
    ///
    /// # Errors
    /// [`OpenError::Owned`] while a server or an import runs on it.
    pub fn take(path: &Path) -> Result<Self, OpenError> {
        Ok(Self { _lock: OwnerLock::take(path)? })
    }
}

/// A database that is copied or looked at, whether or not a server runs on it. Of this program's schema version or an
/// earlier one: a backup is wanted most before a migration.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    plan: Plan,
    connection: Connection,
}

impl Source {
    /// Opens the database file `path` for reading.
    ///
    /// # Errors
    /// [`OpenError`] says what stands in the way.
    pub async fn open(path: PathBuf) -> Result<Self, OpenError> {
        if !path.exists() {
            return Err(OpenError::Missing(path));
        }
        let plan = Plan::of_file(path.clone(), Role::Visitor);
        let mut connection = plan.connect_to_copy().await.map_err(|source| plan.error(source))?;
        match migrate::inspect(&plan, &mut connection).await? {
            State::Empty => Err(OpenError::Foreign(path)),
            State::Behind | State::Current => Ok(Self { path, plan, connection }),
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The revision now.
    ///
    /// # Errors
    /// [`OpenError`] if it cannot be read.
    pub async fn revision(&mut self) -> Result<Revision, OpenError> {
        let read = sql::query_scalar(REVISION).fetch_one(&mut self.connection).await;
        read.map(Revision).map_err(|source| self.plan.error(source))
    }

    /// How many bytes a copy has, about.
    ///
    /// # Errors
    /// [`OpenError`] if it cannot be read.
    pub async fn bytes(&mut self) -> Result<u64, OpenError> {
        let read = sql::query_scalar(BYTES).fetch_one(&mut self.connection).await;
        read.map_err(|source| self.plan.error(source))
    }

    /// Copies everything, as of one moment, into the file `into`, which must be empty.
    ///
    /// `VACUUM INTO` and not `SQLite`'s backup API: it reads one snapshot, where the other begins anew whenever another
    /// process has written, and so may never end beside a busy server; nothing that was erased is in the copy; and it
    /// is SQL, so that no unsafe code is needed. The price is that the log of the database grows while it lasts.
    ///
    /// # Errors
    /// [`OpenError`] if it cannot be read, or the copy not be written.
    pub async fn copy_into(&mut self, into: &Path) -> Result<(), OpenError> {
        let Some(text) = into.to_str() else {
            return Err(OpenError::Path { url: into.display().to_string(), problem: "is not UTF-8" });
        };
        let copied = sql::query("VACUUM INTO ?1").bind(text).execute(&mut self.connection).await;
        copied.map(|_| ()).map_err(|source| self.plan.error(source))
    }

    /// What the store promises of every database of its own: every check, those that found nothing too.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read, and not because it is damaged.
    pub async fn soundness(&mut self) -> Result<Vec<Finding>, StoreError> {
        doctor::sound(&mut self.connection).await
    }

    /// Closes it.
    pub async fn close(self) {
        // Nothing was written.
        let _ = self.connection.close().await;
    }
}

/// Moves what the write-ahead log of a database of ours holds into its file, as far as that can be done.
///
/// Only for the owner of the database.
pub async fn settle(path: &Path) {
    let plan = Plan::of_file(path.to_owned(), Role::Writer);
    if let Ok(mut connection) = plan.connect().await {
        if migrate::inspect(&plan, &mut connection).await.is_ok() {
            // What became of it is seen by the size of the log.
            let _ = sql::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await;
        }
        let _ = connection.close().await;
    }
}

impl Store {
    /// Writes down that this database was put in place of another, as a change that touches everything, at a revision
    /// so far beyond its own and `past` that nobody was ever told of it.
    ///
    /// INVARIANT: revisions go up only, across a restore too. What was acknowledged after the backup is lost, but its
    /// revisions are never given to other changes: no follower takes one history for the other.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written.
    pub async fn mark_restored(&self, past: Revision, at_ms: i64) -> Result<Revision, StoreError> {
        let mut transaction: WriteTransaction = self.write(RESTORE, None, at_ms).await?;
        let newest = transaction.base().max(past);
        let beyond = newest.0.checked_add(limits::RESTORE_REVISIONS).map(Revision);
        let revision = beyond.ok_or_else(|| StoreError::Corrupt(format!("revision {newest}")))?;
        transaction.touch(EntityUid::new("Store", "*"), Change::Changed);
        transaction.commit_at(revision).await?;
        Ok(revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Access;
    use crate::store::testing::{World, raw};

    #[tokio::test]
    async fn a_copy_holds_what_the_database_holds_and_nothing_that_was_erased() {
        let world = World::in_file().await;
        let copy = world.path.with_extension("copy");
        let mut source = Source::open(world.path.clone()).await.unwrap();
        source.copy_into(&copy).await.unwrap();
        let mut copied = Source::open(copy.clone()).await.unwrap();
        assert_eq!(copied.revision().await.unwrap(), source.revision().await.unwrap());
        assert!(copied.soundness().await.unwrap().iter().all(|finding| finding.count == 0));
        assert_eq!(copied.bytes().await.unwrap(), copy.metadata().unwrap().len());
        // Not over anything.
        source.copy_into(&copy).await.unwrap_err();
    }

    #[tokio::test]
    async fn a_restore_is_a_change_beyond_everything_before_it() {
        let world = World::in_file().await;
        let before = world.store.revision().await.unwrap();
        let revision = world.store.mark_restored(Revision(40), 5).await.unwrap();
        assert_eq!(revision, Revision(40 + limits::RESTORE_REVISIONS));
        assert_eq!(world.store.revision().await.unwrap(), revision);
        let changes = world.store.changes_since(before, 10).await.unwrap();
        assert_eq!(changes.len(), 1);
        assert_eq!((changes[0].revision, changes[0].uid.clone()), (revision, EntityUid::new("Store", "*")));
        let mut source = Source::open(world.path.clone()).await.unwrap();
        let broken: Vec<_> = source.soundness().await.unwrap().into_iter().filter(|one| one.count > 0).collect();
        assert_eq!(broken, []);
    }

    #[tokio::test]
    async fn the_log_of_a_server_that_was_killed_is_settled() {
        let world = World::in_file().await;
        let orphan = world.path.with_extension("orphan");
        for (from, to) in std::iter::zip(beside(&world.path), beside(&orphan)).take(1) {
            std::fs::copy(from, to).unwrap();
        }
        std::fs::copy(&world.path, &orphan).unwrap();
        settle(&orphan).await;
        let length = |path: &Path| beside(path)[0].metadata().map_or(0, |log| log.len());
        assert_eq!(length(&orphan), 0);
        Store::open(orphan.to_str().unwrap(), Access::ReadOnly).await.unwrap();

        // Somebody else's is left alone.
        let theirs = world.path.with_extension("theirs");
        let mut connection = raw(&theirs).await;
        connection.run("PRAGMA journal_mode = WAL; CREATE TABLE theirs (x)").await.unwrap();
        settle(&theirs).await;
        assert!(length(&theirs) > 0);
    }
}
