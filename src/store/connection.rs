//! One connection: how it is opened, what is checked of it, and whether it can be trusted.

use super::damage;
use super::ended;
use super::error::{OpenError, StoreError};
use super::limits;
use super::location::Location;
use super::sql::{self, Both, Connection, Dialect};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use std::path::{Path, PathBuf};
use tokio::time::timeout;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The one that writes.
    Writer,
    /// One of those that cannot.
    Reader,
    /// The same, of a copy of the database: it may lag behind.
    Replica,
    /// The same for a command, beside a server or without one: what it sorts may be more than memory holds.
    Visitor,
}

/// How to open a connection, now and again after one failed.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// The database.
    pub(super) location: Location,
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
    /// For a file.
    pub(super) const fn of_file(path: PathBuf, role: Role) -> Self {
        Self { location: Location::File(path), role }
    }

    /// As people are told of it: a path, or a server without a password.
    pub(super) fn name(&self) -> PathBuf {
        match &self.location {
            Location::File(path) => path.clone(),
            Location::Server(server) => server.name(),
        }
    }

    /// Opens a connection to a database that is there, its settings asked for but not yet checked.
    pub(super) async fn connect(&self) -> Result<Connection, sqlx::Error> {
        match &self.location {
            Location::File(path) => self.options(path).connect().await.map(Connection::Sqlite),
            Location::Server(server) => Box::pin(server.connect(self.role)).await,
        }
    }

    /// The same, and makes the file if it is not there.
    pub(super) async fn connect_or_create(&self) -> Result<Connection, sqlx::Error> {
        match &self.location {
            Location::File(path) => self.options(path).create_if_missing(true).connect().await.map(Connection::Sqlite),
            Location::Server(_) => Box::pin(self.connect()).await,
        }
    }

    /// Opens a connection that reads this file, and may write another: a copy.
    pub(super) async fn connect_to_copy(&self) -> Result<Connection, sqlx::Error> {
        match &self.location {
            Location::File(path) => {
                let options = self.options(path).read_only(true).pragma("query_only", "OFF");
                options.connect().await.map(Connection::Sqlite)
            }
            Location::Server(_) => Box::pin(self.connect()).await,
        }
    }

    /// Opens a connection and reads its settings back.
    pub(super) async fn connect_checked(&self) -> Result<Connection, OpenError> {
        let mut connection = self.connect().await.map_err(|source| self.error(source))?;
        self.check(&mut connection).await?;
        Ok(connection)
    }

    /// Refuses a connection that does not have the settings it must have.
    pub(super) async fn check(&self, connection: &mut Connection) -> Result<(), OpenError> {
        if let Location::Server(server) = &self.location {
            return Box::pin(server.check(self.role, connection)).await;
        }
        let row = sql::query(SETTINGS).fetch_one(connection).await.map_err(|source| self.error(source))?;
        for (column, (setting, wanted)) in self.settings().into_iter().enumerate() {
            let found: String = row.try_get(column).map_err(|source| self.error(source))?;
            if let Some(wanted) = wanted.filter(|wanted| *wanted != found) {
                return Err(OpenError::Setting { path: self.name(), setting, wanted, found });
            }
        }
        Ok(())
    }

    /// What went wrong with this database.
    pub(super) fn error(&self, source: sqlx::Error) -> OpenError {
        match &self.location {
            Location::File(path) => damage::of_file(path.clone(), source),
            Location::Server(server) => server.error(source),
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
    fn options(&self, path: &Path) -> SqliteConnectOptions {
        let reads = self.role != Role::Writer;
        let options = SqliteConnectOptions::new()
            .filename(path)
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
            .disable_statement_logging();
        if reads {
            return options.pragma("cache_size", format!("-{}", limits::READ_PAGE_CACHE_KIBIBYTES_MAX));
        }
        options
    }
}

/// How a transaction begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begin {
    /// With a snapshot, which the first statement fixes.
    Read,
    /// As the only writer of the file; on a server, among others that wait for the row of the revision.
    Write,
}

impl Begin {
    // On a server, what a writer reads after it has locked the revision must be the newest: no snapshot from before.
    const fn statement(self) -> Both {
        match self {
            Self::Read => {
                Both { sqlite: "BEGIN DEFERRED", postgres: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" }
            }
            Self::Write => {
                Both { sqlite: "BEGIN IMMEDIATE", postgres: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE" }
            }
        }
    }
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// What it did is so.
    Commit,
    /// It did nothing.
    Rollback,
}

impl End {
    const fn statement(self) -> &'static str {
        match self {
            Self::Commit => "COMMIT",
            Self::Rollback => "ROLLBACK",
        }
    }
}

/// A connection and whether it can be trusted to be outside any transaction.
pub(super) struct Slot {
    plan: Plan,
    connection: Connection,
    /// Raised before anything that could leave the connection inside a transaction or broken, and
    /// lowered only when the database has confirmed the end of it. Whatever happens in between, a
    /// future dropped at any `await` included, leaves it raised.
    unsure: bool,
}

impl Slot {
    /// A connection that has just been opened and checked.
    pub(super) const fn new(plan: Plan, connection: Connection) -> Self {
        Self { plan, connection, unsure: false }
    }

    /// The connection, for statements.
    pub(super) const fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// Whether the connection must be brought to rest before it is used again.
    pub(super) const fn is_unsure(&self) -> bool {
        self.unsure
    }

    /// Before a statement of its own: on a server it counts as cut short until [`Slot::over`] says otherwise, since what
    /// comes back over a network may never come.
    pub(super) fn under_way(&mut self) {
        self.unsure |= self.connection.dialect() == Dialect::Postgres;
    }

    /// After a statement of its own, all of whose rows were read, or that failed.
    pub(super) fn over(&mut self, is_done: bool) {
        if self.connection.dialect() == Dialect::Postgres {
            self.unsure = !is_done;
        } else {
            self.unsure |= !is_done;
        }
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
            if !self.rolls_back().await {
                self.connection = Box::pin(self.reconnect()).await?;
            }
            self.unsure = false;
        }
        Ok(())
    }

    /// After something failed: puts another connection in the place of this one, if it is this one that failed, and says
    /// whether there is one now. Whoever asked for nothing that has an effect may ask once more then.
    ///
    /// INVARIANT: what is asked once more is asked from its beginning, what was known before it looked up anew: it is as if
    /// it had not been asked before. The server at the other end may be another one.
    pub(super) async fn mends(&mut self, failure: &StoreError) -> bool {
        if self.connection.dialect() == Dialect::Sqlite || !ended::is_of_connection(failure) {
            return false;
        }
        self.unsure = true;
        let Ok(connection) = Box::pin(self.reconnect()).await else { return false };
        (self.connection, self.unsure) = (connection, false);
        true
    }

    /// Whether the database says that nothing is open any more.
    async fn rolls_back(&mut self) -> bool {
        let is_server = self.connection.dialect() == Dialect::Postgres;
        let done = sql::query("ROLLBACK").execute(&mut self.connection);
        if is_server {
            // Over a network nothing may come back at all.
            let done = Box::pin(timeout(limits::SERVER_WAIT_MAX, done));
            return done.await.is_ok_and(|done| done.is_ok());
        }
        done.await.is_ok()
    }

    /// Begins a transaction.
    pub(super) async fn begin(&mut self, begin: Begin) -> Result<(), StoreError> {
        self.unsure = true;
        let begin = begin.statement().of(self.connection.dialect());
        sql::query(begin).execute(&mut self.connection).await?;
        Ok(())
    }

    /// Ends the transaction. If that fails, the transaction counts as open.
    pub(super) async fn end(&mut self, end: End) -> Result<(), StoreError> {
        sql::query(end.statement()).execute(&mut self.connection).await?;
        self.unsure = false;
        Ok(())
    }

    /// Closes the connection, and the file with it if it was the last.
    pub(super) async fn close(self) {
        // What it could not finish is found at the next open.
        let _ = self.connection.close().await;
    }

    async fn reconnect(&self) -> Result<Connection, StoreError> {
        self.plan.connect_checked().await.map_err(|error| match error {
            OpenError::Database { source, .. }
            | OpenError::Unreachable { source, .. }
            | OpenError::Server { source, .. }
            | OpenError::Password { source, .. } => source.into(),
            // It may be a standby for now, or set otherwise for a while.
            unfit @ OpenError::Unfit { .. } => sqlx::Error::Configuration(Box::new(unfit)).into(),
            other => StoreError::Corrupt(other.to_string()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sql;
    use crate::store::testing::World;

    #[tokio::test]
    async fn settings_are_read_back() {
        let world = World::in_file().await;
        for role in [Role::Writer, Role::Reader] {
            let plan = Plan::of_file(world.path.clone(), role);
            let mut connection = plan.connect_checked().await.unwrap();
            for (spoil, named) in [
                ("PRAGMA synchronous = NORMAL", "synchronous"),
                ("PRAGMA foreign_keys = OFF", "foreign keys"),
                ("PRAGMA busy_timeout = 1", "busy timeout"),
            ] {
                let mut spoilt = plan.connect().await.unwrap();
                sql::query(spoil).execute(&mut spoilt).await.unwrap();
                let message = plan.check(&mut spoilt).await.unwrap_err().to_string();
                assert!(message.contains(named), "{message}");
            }
            plan.check(&mut connection).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_reader_cannot_write() {
        let world = World::in_file().await;
        let plan = Plan::of_file(world.path.clone(), Role::Reader);
        let mut connection = plan.connect_checked().await.unwrap();
        assert!(sql::query("UPDATE store SET revision = 9").execute(&mut connection).await.is_err());
    }

    #[tokio::test]
    async fn another_journal_mode_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let plan = Plan::of_file(directory.path().join("c.db"), Role::Writer);
        let mut connection = plan.connect_or_create().await.unwrap();
        let message = plan.check(&mut connection).await.unwrap_err().to_string();
        assert!(message.contains("journal mode") && message.contains("`wal`"), "{message}");
    }

    #[tokio::test]
    async fn a_connection_in_doubt_is_rolled_back_or_replaced() {
        let world = World::in_file().await;
        let plan = Plan::of_file(world.path.clone(), Role::Reader);
        let mut slot = Slot::new(plan.clone(), plan.connect_checked().await.unwrap());
        slot.begin(Begin::Read).await.unwrap();
        slot.rest().await.unwrap();
        assert!(!slot.is_unsure());
        // Nothing to roll back: the connection is replaced, and what it knew with it.
        sql::query("CREATE TEMP TABLE mark (x)").execute(slot.connection()).await.unwrap_err();
        sql::query("PRAGMA cache_size = 77").execute(slot.connection()).await.unwrap();
        slot.doubt();
        slot.rest().await.unwrap();
        let (pages,): (i64,) = sql::query_as("PRAGMA cache_size").fetch_one(slot.connection()).await.unwrap();
        assert_ne!(pages, 77);
    }
}
