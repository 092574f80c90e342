//! The schema: which versions there are, which a database has, and how it gets the rest.
//!
//! The files of `schema/sql` and `schema/postgres` are part of the program, which needs none of them when it runs.

use super::connection::Plan;
use super::error::OpenError;
use super::limits;
use super::server;
use super::sql::{self, Both, Connection, Dialect};
use sqlx::error::DatabaseError;
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration, MigrationType, Migrator};
use sqlx::{PgConnection, SqlSafeStr as _};
use std::borrow::Cow;
use std::time::{Duration, Instant};

/// `CNCL`: what the header of a database file says, so that it is told from any other.
pub(super) const APPLICATION_ID: i32 = 0x434E_434C;

/// The table in which sqlx keeps what was applied.
const APPLIED: &str = "_sqlx_migrations";

/// The text of a version, for each database.
macro_rules! both {
    ($file:literal) => {
        Both {
            sqlite: include_str!(concat!("../../schema/sql/", $file)),
            postgres: include_str!(concat!("../../schema/postgres/", $file)),
        }
    };
}

/// The text of a version that is nothing for a file.
macro_rules! of_servers {
    ($file:literal) => {
        Both { sqlite: "", postgres: include_str!(concat!("../../schema/postgres/", $file)) }
    };
}

/// Every version of the schema: number, name and text, which is empty where there is no such version.
const VERSIONS: &[(i64, &str, Both)] = &[
    (1, "base", both!("0001_base.sql")),
    (2, "leaving", both!("0002_leaving.sql")),
    (4, "directory", both!("0004_directory.sql")),
    (5, "feed", both!("0005_feed.sql")),
    (6, "imports", both!("0006_imports.sql")),
    (7, "outbox", both!("0007_outbox.sql")),
    (8, "entities", both!("0008_entities.sql")),
    (9, "search", both!("0009_search.sql")),
    (10, "told", of_servers!("0010_told.sql")),
    (11, "seal", both!("0011_seal.sql")),
];

/// What a database is, before anything is written to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing at all: a new file.
    Empty,
    /// Ours, but not all of the schema.
    Behind,
    /// Ours, with the schema of this program.
    Current,
}

/// Looks at a database without writing to it; refuses what is not ours or not for this program.
pub(super) async fn inspect(plan: &Plan, connection: &mut Connection) -> Result<State, OpenError> {
    if connection.dialect() == Dialect::Postgres {
        return match server::identity(connection).await.map_err(|source| plan.error(source))? {
            (0, _) => Ok(State::Empty),
            (_, true) => compare(plan, Dialect::Postgres, listed(plan, connection).await?),
            (_, false) => Err(OpenError::Unfit {
                database: plan.name(),
                found:
                    "it holds something else; it was left as it is: conclave needs a database, or a schema, of its own"
                        .to_owned(),
            }),
        };
    }
    let (id, tables) = identity(connection).await.map_err(|source| plan.error(source))?;
    match (id, tables) {
        (0, 0) => Ok(State::Empty),
        // The header was written and the program stopped.
        (APPLICATION_ID, 0) => Ok(State::Behind),
        (APPLICATION_ID, _) => compare(plan, Dialect::Sqlite, applied(plan, connection).await?),
        _ => Err(OpenError::Foreign(plan.name())),
    }
}

/// Has the file keep a write-ahead log, so that readers and the writer do not wait for each other.
pub(super) async fn keep_log(plan: &Plan, connection: &mut Connection) -> Result<(), OpenError> {
    run(plan, connection, "PRAGMA journal_mode = WAL").await
}

/// Writes into the header of a new file that it is ours.
pub(super) async fn mark(plan: &Plan, connection: &mut Connection) -> Result<(), OpenError> {
    run(plan, connection, "PRAGMA application_id = 0x434E434C").await
}

async fn run(plan: &Plan, connection: &mut Connection, statement: &'static str) -> Result<(), OpenError> {
    sql::query(statement).execute(connection).await.map_err(|source| plan.error(source))?;
    Ok(())
}

/// Applies what is missing, each version in a transaction of its own.
pub(super) async fn migrate(plan: &Plan, connection: &mut Connection) -> Result<(), OpenError> {
    let error = |source| OpenError::Migration { path: plan.name(), source };
    let mut migrator = Migrator::with_migrations(known(connection.dialect()).collect());
    match connection {
        Connection::Sqlite(connection) => migrator.run_direct(None, connection, false).await,
        Connection::Postgres { connection, .. } => {
            take_turn(connection, limits::MIGRATION_WAIT_MAX).await.map_err(error)?;
            let done = migrator.set_locking(false).run_direct(None, connection, false).await;
            done.and(connection.unlock().await)
        }
    }
    .map_err(error)
}

/// Waits for whoever else is bringing up the schema. The server lets nobody wait for a lock as long as that may take, so it
/// is asked for again and again.
async fn take_turn(connection: &mut PgConnection, wait_max: Duration) -> Result<(), MigrateError> {
    let begun = Instant::now();
    loop {
        match connection.lock().await {
            Err(MigrateError::Execute(error)) if is_held(&error) && begun.elapsed() < wait_max => {
                tracing::info!("waiting for another process, which is bringing up the schema of the database");
            }
            taken => return taken,
        }
    }
}

/// Whether a lock was not to be had in time.
fn is_held(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).as_deref() == Some("55P03")
}

/// Refuses a database whose revision is not that of its last change: a log that is not its own, or half of one, say.
/// Two look-ups; whatever takes longer to find is for `conclave doctor`.
pub(super) async fn stands(plan: &Plan, connection: &mut Connection) -> Result<(), OpenError> {
    let (revision, last): (Option<i64>, i64) = sql::query_as(
        "SELECT (SELECT revision FROM store WHERE one = 1), (SELECT coalesce(max(revision), 0) FROM commits)",
    )
    .fetch_one(connection)
    .await
    .map_err(|source| plan.error(source))?;
    if revision == Some(last) {
        return Ok(());
    }
    let revision = revision.map_or_else(|| "none".to_owned(), |revision| revision.to_string());
    let found = format!("its revision is {revision} and its last change {last}");
    Err(OpenError::Damaged { path: plan.name(), found })
}

fn known(dialect: Dialect) -> impl Iterator<Item = Migration> {
    VERSIONS.iter().filter(move |(_, _, text)| !text.of(dialect).is_empty()).map(move |&(version, name, text)| {
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, text.of(dialect).into_sql_str(), false)
    })
}

async fn identity(connection: &mut Connection) -> Result<(i32, i64), sqlx::Error> {
    sql::query_as("SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)")
        .fetch_one(connection)
        .await
}

async fn listed(plan: &Plan, connection: &mut Connection) -> Result<Vec<AppliedMigration>, OpenError> {
    match connection {
        Connection::Sqlite(connection) => connection.list_applied_migrations(APPLIED).await,
        Connection::Postgres { connection, .. } => connection.list_applied_migrations(APPLIED).await,
    }
    .map_err(|source| OpenError::Migration { path: plan.name(), source })
}

async fn applied(plan: &Plan, connection: &mut Connection) -> Result<Vec<AppliedMigration>, OpenError> {
    let exists: Option<i64> = sql::query_scalar("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")
        .bind(APPLIED)
        .fetch_optional(&mut *connection)
        .await
        .map_err(|source| plan.error(source))?;
    match exists {
        Some(_) => listed(plan, connection).await,
        None => Ok(Vec::new()),
    }
}

fn compare(plan: &Plan, dialect: Dialect, applied: Vec<AppliedMigration>) -> Result<State, OpenError> {
    let newest = known(dialect).last().map_or(0, |version| version.version);
    let mut missing = known(dialect).count();
    for found in applied {
        let Some(ours) = known(dialect).find(|known| known.version == found.version) else {
            return Err(newer(plan, dialect, found.version, newest));
        };
        if ours.checksum != found.checksum {
            return Err(altered(plan, dialect, found.version));
        }
        missing = missing.saturating_sub(1);
    }
    Ok(if missing == 0 { State::Current } else { State::Behind })
}

fn altered(plan: &Plan, dialect: Dialect, version: i64) -> OpenError {
    match dialect {
        Dialect::Sqlite => OpenError::Altered { path: plan.name(), version },
        Dialect::Postgres => OpenError::AlteredOnServer { database: plan.name(), version },
    }
}

/// A server has no backup of ours to go back to.
fn newer(plan: &Plan, dialect: Dialect, found: i64, known: i64) -> OpenError {
    match dialect {
        Dialect::Sqlite => OpenError::Newer { path: plan.name(), found, known },
        Dialect::Postgres => OpenError::NewerOnServer { database: plan.name(), found, known },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::connection::Role;
    use crate::store::location::Location;
    use crate::store::sql;
    use crate::store::testing::{Place, World};
    use crate::store::{Access, Store};

    #[test]
    fn every_file_is_part_of_the_program_under_its_number() {
        for (folder, dialect) in [("schema/sql", Dialect::Sqlite), ("schema/postgres", Dialect::Postgres)] {
            let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
            files.sort();
            let versions = VERSIONS.iter().copied().filter(|(_, _, text)| !text.of(dialect).is_empty());
            assert_eq!(files.len(), versions.clone().count());
            for (file, (version, name, text)) in files.iter().zip(versions) {
                assert_eq!(file.file_name().unwrap().to_str().unwrap(), format!("{version:04}_{name}.sql"));
                assert_eq!(std::fs::read_to_string(file).unwrap(), text.of(dialect));
            }
        }
    }

    /// An empty database of a server, if tests are run on one.
    async fn on_server() -> Option<(Place, Plan)> {
        let place = Place::new().await;
        let plan = Plan { location: Location::parse(&place.url).unwrap(), role: Role::Writer };
        if let Location::Server(_) = plan.location {
            return Some((place, plan));
        }
        eprintln!("skipped: this is about a server (CONCLAVE_TEST_DATABASE)");
        None
    }

    /// Brings up an older schema, and is connected to it.
    async fn older(plan: &Plan) -> PgConnection {
        let Connection::Postgres { mut connection, .. } = plan.connect().await.unwrap() else { unreachable!() };
        let older = Migrator::with_migrations(known(Dialect::Postgres).take(VERSIONS.len() - 3).collect());
        older.run_direct(None, &mut connection, false).await.unwrap();
        connection
    }

    #[tokio::test]
    async fn several_that_begin_at_once_bring_an_older_schema_up_once() {
        let Some((place, plan)) = on_server().await else { return };
        let mut connection = older(&plan).await;
        let refused = Store::open(&place.url, Access::ReadOnly).await.unwrap_err().to_string();
        assert!(refused.contains("conclave serve"), "{refused}");
        let begun = (0..3).map(|_| Store::open(&place.url, Access::Own));
        for opened in futures_util::future::join_all(begun).await {
            opened.unwrap().close().await;
        }
        let applied = connection.list_applied_migrations(APPLIED).await.unwrap();
        assert_eq!(applied.len(), VERSIONS.len());
    }

    #[tokio::test]
    async fn who_is_bringing_the_schema_up_is_waited_for_and_not_for_ever() {
        let Some((_place, plan)) = on_server().await else { return };
        let connect = async || match plan.connect().await.unwrap() {
            Connection::Postgres { connection, .. } => connection,
            Connection::Sqlite(_) => unreachable!(),
        };
        let (mut ours, mut theirs) = (connect().await, connect().await);
        sqlx::raw_sql("SET lock_timeout = 20").execute(&mut ours).await.unwrap();
        theirs.lock().await.unwrap();
        let refused = take_turn(&mut ours, Duration::from_millis(50)).await.unwrap_err();
        assert!(matches!(&refused, MigrateError::Execute(error) if is_held(error)), "{refused}");
        let release = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            theirs.unlock().await.unwrap();
        };
        let (taken, ()) = tokio::join!(take_turn(&mut ours, Duration::from_mins(1)), release);
        taken.unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_ends_while_the_schema_is_brought_up_is_replaced() {
        let Some((place, plan)) = on_server().await else { return };
        let connection = older(&plan).await;
        let mut beside = Connection::of_server(connection);
        beside.run(format!("BEGIN; LOCK TABLE {APPLIED} IN SHARE MODE")).await.unwrap();
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
        // Over another connection: who is in a transaction sees others as they were when it first looked.
        let mut watching = plan.connect().await.unwrap();
        let release = async {
            while sql::query_scalar::<i64>(end).fetch_one(&mut watching).await.unwrap() == 0 {}
            beside.run("COMMIT").await.unwrap();
        };
        let (opened, ()) = tokio::join!(Store::open(&place.url, Access::Own), release);
        opened.unwrap().close().await;
    }

    #[tokio::test]
    async fn what_was_altered_on_a_server_is_for_the_servers_own_means() {
        let Some((place, plan)) = on_server().await else { return };
        Store::open(&place.url, Access::Own).await.unwrap().close().await;
        let alter = format!("UPDATE {APPLIED} SET checksum = '\\x00' WHERE version = 2");
        plan.connect().await.unwrap().run(alter).await.unwrap();
        for access in [Access::Own, Access::ReadOnly] {
            let message = Store::open(&place.url, access).await.unwrap_err().to_string();
            assert!(message.contains("schema version 2 ") && message.contains("server's own means"), "{message}");
            assert!(!message.contains("conclave restore"), "{message}");
        }
    }

    #[tokio::test]
    async fn every_table_is_strict_and_compares_text_byte_by_byte() {
        let world = World::in_file().await;
        let mut connection = world.connection().await;
        let loose: Vec<String> = sql::query_scalar(
            "SELECT name FROM pragma_table_list
             WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT IN ('_sqlx_migrations', 'sqlite_schema')",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert_eq!(loose, Vec::<String>::new());
        let collated: Vec<String> = sql::query_scalar(
            "SELECT name FROM sqlite_schema WHERE sql LIKE '%collate%' AND name <> '_sqlx_migrations'",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        assert_eq!(collated, Vec::<String>::new());
    }

    #[tokio::test]
    async fn the_schema_refuses_what_the_rules_forbid() {
        let world = World::new().await;
        let mut connection = world.connection().await;
        for bad in [
            "UPDATE store SET revision = 'x'",
            "UPDATE store SET revision = -1",
            "INSERT INTO store (one, revision) VALUES (2, 0)",
            "UPDATE groups SET published = 0, open = 1 WHERE id = 'sales'",
            "UPDATE groups SET published = 2 WHERE id = 'sales'",
            "UPDATE groups SET activity = 'other', sector = 'steel' WHERE id = 'sales'",
            "UPDATE groups SET administrator = 'nobody' WHERE id = 'sales'",
            "UPDATE groups SET name_folded = 'company' WHERE id = 'sales'",
            "UPDATE tools SET owner = 'director' WHERE id = 'group:sales/documents'",
            "UPDATE tools SET used = -1",
            "UPDATE grants SET access = 'own'",
            "UPDATE grants SET kept = 2",
            "INSERT INTO contacts (item) VALUES (1)",
            "INSERT INTO contacts (item, user_id, email) VALUES (1, 'director', 'd@example.org')",
            "INSERT INTO contacts (item, user_id, first_name) VALUES (1, 'director', 'D')",
            "INSERT INTO contacts (item, user_id) VALUES (1, 'nobody')",
            "INSERT INTO contacts (item, email) VALUES (99, 'd@example.org')",
            "DELETE FROM users WHERE id = 'director'",
        ] {
            let error = sql::query(bad).execute(&mut connection).await.unwrap_err();
            assert!(
                error.to_string().contains("constraint")
                    || error.to_string().contains("cannot store")
                    || error.to_string().contains("invalid input syntax"),
                "{bad}: {error}"
            );
        }
    }
}
