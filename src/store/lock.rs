//! One process owns a database: the one that holds the lock of the file beside it.

use super::error::OpenError;
use super::location::lock_path;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Who can open the lock can keep every server from starting.
const LOCK_MODE: u32 = 0o600;

/// The ownership of a database, until released or dropped.
///
/// INVARIANT: the lock is on a file of its own, never on the database: closing any handle of the
/// database would drop the locks by which `SQLite` protects it. The file stays when the lock goes;
/// whoever removed it could lock a name that a third process has already made anew.
#[derive(Debug)]
pub(super) struct OwnerLock {
    file: File,
}

impl OwnerLock {
    /// Claims `database` at once, or says who stands in the way.
    pub(super) fn take(database: &Path) -> Result<Self, OpenError> {
        let lock = lock_path(database);
        let file = match OpenOptions::new().create(true).truncate(false).write(true).mode(LOCK_MODE).open(&lock) {
            Ok(file) => file,
            Err(source) => return Err(OpenError::Lock { lock, source }),
        };
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::Owned { database: database.to_owned(), lock }),
            Err(TryLockError::Error(source)) => Err(OpenError::Lock { lock, source }),
        }
    }

    /// Gives the ownership up before the last handle goes.
    pub(super) fn release(&self) {
        // A lock that cannot be released goes with the process.
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn one_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("c.db");
        let first = OwnerLock::take(&database).unwrap();
        let mode = lock_path(&database).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, LOCK_MODE);
        let message = OwnerLock::take(&database).unwrap_err().to_string();
        assert!(message.contains("c.db.lock") && message.contains("stop it first"), "{message}");
        first.release();
        let second = OwnerLock::take(&database).unwrap();
        drop(second);
        OwnerLock::take(&database).unwrap();
    }
}
