//! One connection: how it is opened, what is checked of it, and whether it can be trusted.

use super::error::{OpenError, StoreError};
use super::limits;
use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Row};
use std::path::PathBuf;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that writes.
    Writer,
    /// One of those that cannot.
    Reader,
    /// The same for a command, beside a server or without one: what it sorts may be more than memory holds.
    Visitor,
}

/// How to open a connection, now and again after one failed.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// The database file.
    pub(super) path: PathBuf,
    /// What its connections are for.
    pub(super) role: Role,
}

/// Reads back every setting of a connection on which something rests.
const SETTINGS: &str = "
    SELECT
        (SELECT journal_mode FROM pragma_journal_mode),
        (SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous),
        (SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys),
        (SELECT CAST(query_only AS TEXT) FROM pragma_query_only),
        (SELECT CAST(timeout AS TEXT) FROM pragma_busy_timeout)";

impl Plan {
    /// Opens a connection to a file that is there, its settings asked for but not yet checked.
    pub(super) async fn connect(&self) -> Result<SqliteConnection, sqlx::Error> {
        self.options().connect().await
    }

    /// The same, and makes the file if it is not there.
    pub(super) async fn connect_or_create(&self) -> Result<SqliteConnection, sqlx::Error> {
        self.options().create_if_missing(true).connect().await
    }

    /// Opens a connection that reads this file, and may write another: a copy.
    pub(super) async fn connect_to_copy(&self) -> Result<SqliteConnection, sqlx::Error> {
        self.options().read_only(true).pragma("query_only", "OFF").connect().await
    }

    /// Opens a connection and reads its settings back.
    pub(super) async fn connect_checked(&self) -> Result<SqliteConnection, OpenError> {
        let mut connection = self.connect().await.map_err(|source| self.error(source))?;
        self.check(&mut connection).await?;
        Ok(connection)
    }

    /// Refuses a connection that does not have the settings it must have.
    pub(super) async fn check(&self, connection: &mut SqliteConnection) -> Result<(), OpenError> {
        let row = sqlx::query(SETTINGS).fetch_one(connection).await.map_err(|source| self.error(source))?;
        for (column, (setting, wanted)) in self.settings().into_iter().enumerate() {
            let found: String = row.try_get(column).map_err(|source| self.error(source))?;
            if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
                return Err(OpenError::Setting { path: self.path.clone(), setting, wanted, found });
            }
        }
        Ok(())
    }

    /// What went wrong with this database.
    pub(super) fn error(&self, source: sqlx::Error) -> OpenError {
        let path = self.path.clone();
        match source.as_database_error().and_then(primary_code) {
            Some(CORRUPT) => OpenError::Damaged { path, found: source.to_string() },
            Some(CANNOT_OPEN) => OpenError::Unreachable { path, source },
            // SQLite looks when it first needs to know.
            Some(NOT_A_DATABASE) => OpenError::Foreign(path),
            _ => OpenError::Database { path, source },
        }
    }

    /// What the columns of [`SETTINGS`] must say, `None` where it does not matter.
    fn settings(&self) -> [(&'static str, Option<String>); 5] {
        let writes = self.role == Role::Writer;
        [
            // Who only reads may be shown a copy in another mode, a backup say.
            ("journal mode", writes.then(|| "wal".to_owned())),
            ("synchronous mode", Some("2".to_owned())),
            ("enforcement of foreign keys", Some("1".to_owned())),
            ("refusal to write", Some(u8::from(!writes).to_string())),
            ("busy timeout", Some(limits::BUSY_WAIT_MAX.as_millis().to_string())),
        ]
    }

    // The journal mode is no option of a connection but a property of the file: it is set at creation.
    fn options(&self) -> SqliteConnectOptions {
        let reads = self.role != Role::Writer;
        SqliteConnectOptions::new()
            .filename(&self.path)
            .read_only(reads)
            .pragma("query_only", if reads { "ON" } else { "OFF" })
            // What is erased leaves no trace in the file: the outbox holds tokens until mail is sent.
            .pragma("secure_delete", if reads { "OFF" } else { "ON" })
            // Tables that a statement makes for itself. In a file each costs as much as reading some entities; those of a
            // server are as small as the bounds of its requests.
            .pragma("temp_store", if self.role == Role::Visitor { "DEFAULT" } else { "MEMORY" })
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(limits::BUSY_WAIT_MAX)
            .statement_cache_capacity(limits::PREPARED_STATEMENTS_MAX)
            // Statements say nothing that the line about the request does not say better.
            .disable_statement_logging()
    }
}

/// `SQLITE_CORRUPT`: a database, and damaged.
const CORRUPT: u32 = 11;

/// `SQLITE_CANTOPEN`: the file, or one that is needed beside it.
const CANNOT_OPEN: u32 = 14;

/// `SQLITE_NOTADB`: some other file, or a database without its head.
const NOT_A_DATABASE: u32 = 26;

/// Whether this says that the file is not as it was written.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(primary_code) == Some(CORRUPT)
}

/// What kind of error `SQLite` reports; its lower eight bits, above which it goes into details.
fn primary_code(error: &dyn DatabaseError) -> Option<u32> {
    Some(error.code()?.parse::<u32>().ok()? & 0xff)
}

/// A connection and whether it can be trusted to be outside any transaction.
pub(super) struct Slot {
    plan: Plan,
    connection: SqliteConnection,
    /// Raised before anything that could leave the connection inside a transaction or broken, and
    /// lowered only when the database has confirmed the end of it. Whatever happens in between, a
    /// future dropped at any `await` included, leaves it raised.
    unsure: bool,
}

impl Slot {
    /// A connection that has just been opened and checked.
    pub(super) const fn new(plan: Plan, connection: SqliteConnection) -> Self {
        Self { plan, connection, unsure: false }
    }

    /// The connection, for statements.
    pub(super) const fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Whether the connection must be brought to rest before it is used again.
    pub(super) const fn is_unsure(&self) -> bool {
        self.unsure
    }

    /// Remembers that a statement failed or may be cut short.
    pub(super) const fn doubt(&mut self) {
        self.unsure = true;
    }

    /// Brings the connection to rest: outside any transaction, by rolling back what is open or,
    /// where that fails, by a new connection. `SQLite` rolls back when the old one closes.
    ///
    /// Statements run in the order they are sent, so this also waits for one that was cut short.
    ///
    /// INVARIANT: nobody is given a connection that has not passed here since it was last in doubt.
    /// A reader left inside a transaction would answer from an old snapshot for good, a writer
    /// would make the next change part of one that was given up.
    pub(super) async fn rest(&mut self) -> Result<(), StoreError> {
        if self.unsure {
            if sqlx::query("ROLLBACK").execute(&mut self.connection).await.is_err() {
                self.connection = self.reconnect().await?;
            }
            self.unsure = false;
        }
        Ok(())
    }

    /// Begins a transaction by this statement.
    pub(super) async fn begin(&mut self, statement: &'static str) -> Result<(), StoreError> {
        self.unsure = true;
        sqlx::query(statement).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Ends the transaction by this statement. If it fails, the transaction counts as open.
    pub(super) async fn end(&mut self, statement: &'static str) -> Result<(), StoreError> {
        sqlx::query(statement).execute(&mut self.connection).await?;
        self.unsure = false;
        Ok(())
    }

    /// Closes the connection, and the file with it if it was the last.
    pub(super) async fn close(self) {
        // What it could not finish is found at the next open.
        let _ = self.connection.close().await;
    }

    async fn reconnect(&self) -> Result<SqliteConnection, StoreError> {
        self.plan.connect_checked().await.map_err(|error| match error {
            OpenError::Database { source, .. } | OpenError::Unreachable { source, .. } => source.into(),
            other => StoreError::Corrupt(other.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::World;

    #[tokio::test]
    async fn settings_are_read_back() {
        let world = World::new().await;
        for role in [Role::Writer, Role::Reader] {
            let plan = Plan { path: world.path.clone(), role };
            let mut connection = plan.connect_checked().await.unwrap();
            for (spoil, named) in [
                ("PRAGMA synchronous = NORMAL", "synchronous"),
                ("PRAGMA foreign_keys = OFF", "foreign keys"),
                ("PRAGMA busy_timeout = 1", "busy timeout"),
            ] {
                let mut spoilt = plan.connect().await.unwrap();
                sqlx::query(spoil).execute(&mut spoilt).await.unwrap();
                let message = plan.check(&mut spoilt).await.unwrap_err().to_string();
                assert!(message.contains(named), "{message}");
            }
            plan.check(&mut connection).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_reader_cannot_write() {
        let world = World::new().await;
        let plan = Plan { path: world.path.clone(), role: Role::Reader };
        let mut connection = plan.connect_checked().await.unwrap();
        assert!(sqlx::query("UPDATE store SET revision = 9").execute(&mut connection).await.is_err());
    }

    #[tokio::test]
    async fn another_journal_mode_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let plan = Plan { path: directory.path().join("c.db"), role: Role::Writer };
        let mut connection = plan.connect_or_create().await.unwrap();
        let message = plan.check(&mut connection).await.unwrap_err().to_string();
        assert!(message.contains("journal mode") && message.contains("`wal`"), "{message}");
    }

    #[tokio::test]
    async fn a_connection_in_doubt_is_rolled_back_or_replaced() {
        let world = World::new().await;
        let plan = Plan { path: world.path.clone(), role: Role::Reader };
        let mut slot = Slot::new(plan.clone(), plan.connect_checked().await.unwrap());
        slot.begin("BEGIN").await.unwrap();
        slot.rest().await.unwrap();
        assert!(!slot.is_unsure());
        // Nothing to roll back: the connection is replaced, and what it knew with it.
        sqlx::query("CREATE TEMP TABLE mark (x)").execute(slot.connection()).await.unwrap_err();
        sqlx::query("PRAGMA cache_size = 77").execute(slot.connection()).await.unwrap();
        slot.doubt();
        slot.rest().await.unwrap();
        let (pages,): (i64,) = sqlx::query_as("PRAGMA cache_size").fetch_one(slot.connection()).await.unwrap();
        assert_ne!(pages, 77);
    }
}
