//! What can go wrong: at opening, for whoever starts the program; later, for the log.

use super::limits;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use thiserror::Error;

/// The store could not be read or written. Never shown to clients.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database did not answer, or answered with an error.
    #[error("the database is unavailable")]
    Database(#[source] sqlx::Error),
    /// The database answered with something this program never writes, or was about to be given it.
    #[error("the database holds something unexpected: {0}")]
    Corrupt(String),
    /// Another write takes too long, or all readers do.
    #[error("the database is busy")]
    Busy,
    /// A write to a store that was opened with [`super::Access::ReadOnly`].
    #[error("the database was opened for reading only")]
    ReadOnly,
}

/// How often the database failed, in this process. Of the process and not of a store: errors are made by `?` wherever a
/// statement fails, and none can be forgotten so. A server has one store.
static FAILURES: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// How often the database failed since the process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// A statement failed.
    pub failed: u64,
    /// A connection was not free in time.
    pub busy: u64,
}

impl Failures {
    /// Up to now.
    #[must_use]
    pub fn so_far() -> Self {
        let [failed, busy] = FAILURES.each_ref().map(|count| count.load(Ordering::Relaxed));
        Self { failed, busy }
    }
}

impl StoreError {
    /// [`StoreError::Busy`], counted.
    pub(super) fn busy() -> Self {
        let [_, busy] = &FAILURES;
        busy.fetch_add(1, Ordering::Relaxed);
        Self::Busy
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let [failed, _] = &FAILURES;
        failed.fetch_add(1, Ordering::Relaxed);
        Self::Database(error)
    }
}

/// Why a database could not be opened, and what to do about it.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A database of another kind.
    #[error(
        "`{0}` names no database that conclave knows: write `sqlite://PATH`, the plain path of an SQLite file, or \
         `postgres://USER@HOST:PORT/DATABASE`"
    )]
    Scheme(String),
    /// A path that can be no database file.
    #[error("`{url}` {problem}")]
    Path {
        /// The database as it was given.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The place where the file is, or is to be, cannot be reached.
    #[error("cannot reach the folder of `{path}`: {source}")]
    Directory {
        /// The file as it was given.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file cannot be made.
    #[error("cannot create the database `{path}`: {source}")]
    Create {
        /// The file as it was to be.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Another process owns the database.
    #[error(
        "another conclave already serves the database `{database}` and holds `{lock}`: \
         stop it first, or give this one a database of its own with --database"
    )]
    Owned {
        /// The database file.
        database: PathBuf,
        /// The file whose lock says so.
        lock: PathBuf,
    },
    /// The ownership could not be claimed.
    #[error("cannot lock `{lock}`, which says who owns the database: {source}")]
    Lock {
        /// The lock file.
        lock: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Nothing there, and nothing may be created.
    #[error("there is no database at `{0}`: `conclave serve --database` creates one")]
    Missing(PathBuf),
    /// A file of somebody else's.
    #[error(
        "`{0}` is no conclave database; it was left as it is: choose another file, or put a backup in its place with \
         `conclave restore BACKUP --database {0} --force`, which keeps it beside"
    )]
    Foreign(PathBuf),
    /// Ours, and not as it was written.
    #[error(
        "the database `{path}` is damaged ({found}): see what is left with `conclave doctor --database {path}`, or put \
         a backup in its place with `conclave restore BACKUP --database {path} --force`, which keeps it beside"
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// What was found.
        found: String,
    },
    /// Written by a later version.
    #[error(
        "`{path}` was written by a newer conclave (it has schema version {found}, this one knows {known}): \
         upgrade this conclave, or put back a backup made before the upgrade with \
         `conclave restore BACKUP --database {path} --force`"
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// The newest schema version in the file.
        found: i64,
        /// The newest schema version of this program.
        known: i64,
    },
    /// The same on a server.
    #[error(
        "`{database}` was brought to schema version {found} by a newer conclave (this one knows {known}): \
         upgrade this conclave, or restore the database by the server's own means to before the upgrade"
    )]
    NewerOnServer {
        /// The database, without a password.
        database: PathBuf,
        /// The newest schema version there.
        found: i64,
        /// The newest schema version of this program.
        known: i64,
    },
    /// Not yet migrated, and nothing may be written.
    #[error("`{0}` is not at the schema version of this conclave yet: run `conclave serve` on it once")]
    Older(PathBuf),
    /// A migration was applied in another form than the one this program has.
    #[error(
        "schema version {version} of `{path}` differs from the one this conclave has: \
         one of the two was altered; take the original program, or put back a backup with \
         `conclave restore BACKUP --database {path} --force`"
    )]
    Altered {
        /// The database file.
        path: PathBuf,
        /// Which migration.
        version: i64,
    },
    /// The same on a server.
    #[error(
        "schema version {version} of `{database}` differs from the one this conclave has: one of the two was altered; take \
         the program that the database was made with, or restore the database by the server's own means"
    )]
    AlteredOnServer {
        /// The database, without a password.
        database: PathBuf,
        /// Which migration.
        version: i64,
    },
    /// `SQLite` did not take a setting on which durability or correctness rests.
    #[error("`{path}` cannot be kept safely here: its {setting} is `{found}` and must be `{wanted}`")]
    Setting {
        /// The database file.
        path: PathBuf,
        /// Which setting.
        setting: &'static str,
        /// What it must be.
        wanted: String,
        /// What `SQLite` says it is.
        found: String,
    },
    /// A migration failed; the database is as it was before.
    #[error("cannot bring `{path}` to the schema version of this conclave: {source}")]
    Migration {
        /// The database file.
        path: PathBuf,
        /// What failed.
        source: sqlx::migrate::MigrateError,
    },
    /// `SQLite` could not open the file, or not make those that it needs beside it.
    #[error(
        "cannot open the database `{path}`: {source}. Even to read it, SQLite keeps an index beside it, in a folder that \
         can be written; copy it elsewhere if this one is read-only"
    )]
    Unreachable {
        /// The database file.
        path: PathBuf,
        /// What `SQLite` says.
        source: sqlx::Error,
    },
    /// The server did not let us in.
    #[error(
        "the server of `{database}` does not let us in: {source}. The password comes from the variable \
         CONCLAVE_DATABASE_PASSWORD or from the file that `database_password_file` names"
    )]
    Password {
        /// The database, without a password.
        database: PathBuf,
        /// What the server says.
        source: sqlx::Error,
    },
    /// The file of the password.
    #[error("cannot read the password of the database in `{file}`: {source}")]
    PasswordFile {
        /// The file.
        file: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The server could not be asked.
    #[error("cannot use the database `{database}`: {source}")]
    Server {
        /// The database, without a password.
        database: PathBuf,
        /// What went wrong.
        source: sqlx::Error,
    },
    /// The server answers, and cannot keep what it would have to.
    #[error("the database `{database}` cannot be used: {found}")]
    Unfit {
        /// The database, without a password.
        database: PathBuf,
        /// Why not, and what to do about it.
        found: String,
    },
    /// What is only for a file.
    #[error("`{database}` is on a server: {what} is for SQLite files alone; a server has its own means for that")]
    OnServer {
        /// The database, without a password.
        database: PathBuf,
        /// What was asked for.
        what: &'static str,
    },
    /// Somebody else keeps writing, or keeps the file for themselves.
    #[error(
        "the database `{path}` is locked: another program holds it, and conclave waited {} s. `fuser {path}` says which; \
         try again when it has ended",
        limits::BUSY_WAIT_MAX.as_secs()
    )]
    Locked {
        /// The database file.
        path: PathBuf,
        /// What `SQLite` says.
        source: sqlx::Error,
    },
    /// `SQLite` could not open or read the file.
    #[error("cannot open the database `{path}`: {source}")]
    Database {
        /// The database file.
        path: PathBuf,
        /// What `SQLite` says.
        source: sqlx::Error,
    },
}
