//! What the tests of the store and of what rests on it share: a small world in a real database.

use super::changes::Change;
use super::connection::{Plan, Role};
use super::location::Location;
use super::sql::{self, Connection};
use super::write::Follower;
use super::{Access, Store};
use crate::domain::{EntityUid, Revision};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _, SqlSafeStr as _};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use tempfile::TempDir;

/// A follower that nobody listens to.
pub(super) struct Silent;

impl Follower for Silent {
    fn raise(&self, _: &[EntityUid], _: Revision) {}
    fn publish(&self, _: Revision) {}
}

/// An owned store with some of the company of rule E in it, at revision 1.
pub(crate) struct World {
    pub(crate) store: Store,
    /// The file.
    pub(super) path: PathBuf,
    place: Place,
}

/// The director administers `company` and `sales`; the secretary and a salesman are in `sales`,
/// the secretary as co-administrator. Documents of `sales` lie three folders deep, with grants at
/// each level; the director's calendar is granted to the secretary.
const COMPANY: &str = "
    INSERT INTO subscriptions (id) VALUES ('free'), ('plan');
    INSERT INTO capacities VALUES ('plan', 'documents', 1000);
    INSERT INTO users (id, username, subscription)
    VALUES ('director', 'd', 'plan'), ('secretary', 's', 'free'), ('salesman-1', 's1', 'free'), ('stranger', 'x', 'free');
    INSERT INTO groups (id, name, name_folded, administrator, published, open, created_ms)
    VALUES ('company', 'Company', 'company', 'director', 0, 0, 0), ('sales', 'Sales', 'sales', 'director', 1, 1, 0);
    INSERT INTO members VALUES ('sales', 'secretary', 1, 0), ('sales', 'salesman-1', 0, 0), ('company', 'secretary', 0, 0);
    INSERT INTO tools (key, id, kind, group_id, owner, used) VALUES
        (1, 'group:sales/documents', 'documents', 'sales', NULL, 70),
        (2, 'user:director/calendar', 'calendar', NULL, 'director', 0),
        (3, 'user:secretary/documents', 'documents', NULL, 'secretary', 0);
    INSERT INTO folders (key, id, tool, parent, author) VALUES
        (1, 'top', 1, NULL, 'director'), (2, 'middle', 1, 1, 'secretary'), (3, 'bottom', 1, 2, 'gone');
    INSERT INTO items (key, id, tool, folder, author, size) VALUES
        (1, 'offer', 1, 3, 'salesman-1', 70), (2, 'meeting', 2, NULL, 'director', 0), (3, 'orphan', 1, NULL, 'gone', 0);
    INSERT INTO grants (resource_type, resource, access, grantee_type, grantee, tool) VALUES
        ('Item', 1, 'edit', 'User', 'secretary', 1),
        ('Folder', 3, 'add', 'Group', 'sales', 1),
        ('Folder', 2, 'add', 'Group', 'sales', 1), ('Folder', 2, 'delete', 'User', 'salesman-1', 1),
        ('Folder', 1, 'add', 'User', 'salesman-1', 1),
        ('Tool', 1, 'add', 'User', 'secretary', 1),
        ('Tool', 2, 'view_details', 'User', 'secretary', 2), ('Item', 2, 'view', 'Group', 'company', 2),
        ('Item', 3, 'edit', 'User', 'stranger', 1);";

impl World {
    /// In the database that tests are run on: a file, or one of its own on the server that [`SERVER_VARIABLE`] names.
    pub(crate) async fn new() -> Self {
        Self::within(Place::new().await).await
    }

    /// In a file, for tests of files.
    pub(crate) async fn in_file() -> Self {
        Self::within(Place::file()).await
    }

    async fn within(place: Place) -> Self {
        let store = Store::open(&place.url, Access::Own).await.unwrap();
        let world = Self { store, path: place.path.clone(), place };
        world.run(COMPANY).await;
        if world.is_on_server() {
            // The keys above were given by hand.
            let next = ["tools", "folders", "items"].map(|table| {
                format!("SELECT setval(pg_get_serial_sequence('{table}', 'key'), (SELECT max(key) FROM {table}))")
            });
            world.connection().await.run(next.join(";")).await.unwrap();
        }
        world
    }

    /// A change that runs these statements and touches some entity.
    pub(super) async fn run(&self, statements: &'static str) {
        let mut transaction = self.store.write("test", None, 0).await.unwrap();
        transaction.connection().run(statements).await.unwrap();
        transaction.touch(EntityUid::new("Test", "test"), Change::Changed);
        transaction.commit(&Silent).await.unwrap();
    }

    /// Where tests are run, if that is a server.
    pub(super) async fn on_server() -> Option<Self> {
        let world = Self::new().await;
        if !world.is_on_server() {
            eprintln!("skipped: this is about a server (CONCLAVE_TEST_DATABASE)");
            return None;
        }
        Some(world)
    }

    /// A connection beside the store, with no settings of ours.
    pub(super) async fn connection(&self) -> Connection {
        if self.is_on_server() { on_server(&self.place.url).await } else { raw(&self.path).await }
    }

    /// How the store connects.
    pub(super) fn plan(&self, role: Role) -> Plan {
        Plan { location: Location::parse(&self.place.url).unwrap(), role }
    }

    /// The store, and what keeps its database.
    pub(super) fn into_parts(self) -> (Store, Place) {
        (self.store, self.place)
    }

    /// Where the database is, as [`Store::open`] takes it.
    pub(crate) fn url(&self) -> &str {
        &self.place.url
    }

    /// Whether the database is on a server.
    pub(super) fn is_on_server(&self) -> bool {
        self.place.server.is_some()
    }
}

/// Names a server that the tests may make databases on: `postgres://USER@HOST/DATABASE`. Without it they run on files.
const SERVER_VARIABLE: &str = "CONCLAVE_TEST_DATABASE";

/// A place for one database, gone when dropped.
pub(crate) struct Place {
    /// As [`Store::open`] takes it.
    pub(crate) url: String,
    /// The file; on a server one that is not there.
    path: PathBuf,
    server: Option<OnServer>,
    directory: TempDir,
}

/// A database on a server.
struct OnServer {
    server: String,
    name: String,
}

impl Place {
    /// Where tests are run.
    pub(crate) async fn new() -> Self {
        let file = Self::file();
        let Ok(server) = std::env::var(SERVER_VARIABLE) else { return file };
        // Made of what is random in the name of the folder.
        let name = file.directory.path().file_name().unwrap().to_str().unwrap().replace('.', "test_");
        let (before, after) = server.split_once('?').unwrap_or((&server, ""));
        let url = format!("{}/{name}?{after}", before.rsplit_once('/').unwrap().0);
        on_server(&server).await.run(format!("CREATE DATABASE \"{name}\"")).await.unwrap();
        Self { url, server: Some(OnServer { server, name }), ..file }
    }

    /// A file.
    pub(crate) fn file() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("conclave.db");
        Self { url: path.to_str().unwrap().to_owned(), path, server: None, directory }
    }
}

impl Drop for OnServer {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let drop = async move { on_server(&server).await.run(format!("DROP DATABASE \"{name}\" WITH (FORCE)")).await };
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // What stays is gone with the server.
        let _ = std::thread::spawn(move || runtime().block_on(drop)).join();
    }
}

/// A connection of anybody's to a database on a server.
async fn on_server(url: &str) -> Connection {
    Connection::of_server(PgConnectOptions::from_str(url).unwrap().connect().await.unwrap())
}

/// A connection of anybody's to a file.
pub(super) async fn raw(path: &Path) -> Connection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    Connection::Sqlite(options.connect().await.unwrap())
}

/// The steps in which `SQLite` would run a statement of so many parameters. A server only says whether it would run it.
pub(super) async fn explain(
    connection: &mut Connection,
    statement: impl Into<sql::Text>,
    parameters: usize,
) -> Vec<String> {
    let statement = statement.into().of(connection.dialect());
    if let Connection::Postgres { connection, .. } = connection {
        let prepared = connection.prepare(AssertSqlSafe(statement.as_str().to_owned()).into_sql_str()).await;
        // Of some parameters only the value says the type, and here are none.
        if let Err(error) = prepared.map(drop) {
            let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code).unwrap_or_default();
            assert!(["42P08", "42P18"].contains(&&*code), "{error}: {}", statement.as_str());
        }
        return Vec::new();
    }
    let mut query = sql::query_as(format!("EXPLAIN QUERY PLAN {}", statement.as_str()));
    for _ in 0..parameters {
        query = query.bind("[]");
    }
    let steps: Vec<(i64, i64, i64, String)> = query.fetch_all(connection).await.unwrap();
    steps.into_iter().map(|(_, _, _, step)| step).collect()
}
