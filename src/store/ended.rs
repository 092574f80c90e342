//! Whether what failed was the connection to a server, and not what was asked over it.
//!
//! A server that was restarted has ended every connection to it, and whoever uses one of them next is the first to notice.
//! What had no effect may be asked once more over another connection, and nobody is the worse for it.

use super::error::{OpenError, StoreError};
use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use std::io::ErrorKind;

/// What a server says when it ends a connection: it is shut down, another of its processes crashed, it is starting still,
/// or nothing happened over the connection, in a transaction or not, for longer than it allows.
const SAID: [&str; 5] = ["57P01", "57P02", "57P03", "57P05", "25P03"];

/// Whether the connection ended with what failed.
pub(super) fn is_of_connection(failure: &StoreError) -> bool {
    matches!(failure, StoreError::Database(error) if has_ended(error))
}

/// Whether the connection ended while the schema was brought up.
pub(super) fn is_of_migration(failure: &OpenError) -> bool {
    let OpenError::Migration { source, .. } = failure else { return false };
    matches!(source, MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) if has_ended(error))
}

fn has_ended(error: &sqlx::Error) -> bool {
    match error {
        // Who waited in vain has waited long enough.
        sqlx::Error::Io(error) => error.kind() != ErrorKind::TimedOut,
        sqlx::Error::Database(error) => DatabaseError::code(&**error).is_some_and(|code| SAID.contains(&&*code)),
        _ => false,
    }
}
