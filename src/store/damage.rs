//! What `SQLite` says of a file that it cannot use.

use super::error::OpenError;
use sqlx::error::DatabaseError;
use std::path::PathBuf;

/// `SQLITE_BUSY`: somebody else's, for now.
const BUSY: u32 = 5;

/// `SQLITE_CORRUPT`: a database, and damaged.
const CORRUPT: u32 = 11;

/// `SQLITE_CANTOPEN`: the file, or one that is needed beside it.
const CANNOT_OPEN: u32 = 14;

/// `SQLITE_NOTADB`: some other file, or a database without its head.
const NOT_A_DATABASE: u32 = 26;

/// What went wrong with this file.
pub(super) fn of_file(path: PathBuf, source: sqlx::Error) -> OpenError {
    match source.as_database_error().and_then(primary_code) {
        Some(CORRUPT) => OpenError::Damaged { path, found: source.to_string() },
        Some(BUSY) => OpenError::Locked { path, source },
        Some(CANNOT_OPEN) => OpenError::Unreachable { path, source },
        // SQLite looks when it first needs to know.
        Some(NOT_A_DATABASE) => OpenError::Foreign(path),
        _ => OpenError::Database { path, source },
    }
}

/// Whether this says that the file is not as it was written.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(primary_code) == Some(CORRUPT)
}

/// What kind of error `SQLite` reports; its lower eight bits, above which it goes into details.
fn primary_code(error: &dyn DatabaseError) -> Option<u32> {
    Some(error.code()?.parse::<u32>().ok()? & 0xff)
}
