//! What the tests of the store and of what rests on it share: a small world in a real file.

use super::changes::Change;
use super::write::Follower;
use super::{Access, Store};
use crate::domain::{EntityUid, Revision};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};
use std::path::{Path, PathBuf};
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
    pub(super) path: PathBuf,
    pub(super) _directory: TempDir,
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
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("conclave.db");
        let store = Store::open(path.to_str().unwrap(), Access::Own).await.unwrap();
        let world = Self { store, path, _directory: directory };
        world.run(COMPANY).await;
        world
    }

    /// A change that runs these statements and touches some entity.
    pub(super) async fn run(&self, statements: &'static str) {
        let mut transaction = self.store.write("test", None, 0).await.unwrap();
        sqlx::raw_sql(statements).execute(transaction.connection()).await.unwrap();
        transaction.touch(EntityUid::new("Test", "test"), Change::Changed);
        transaction.commit(&Silent).await.unwrap();
    }

    /// A connection beside the store, with no settings of ours.
    pub(super) async fn connection(&self) -> SqliteConnection {
        raw(&self.path).await
    }
}

/// A connection of anybody's to a file.
pub(super) async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

/// The steps in which `SQLite` would run a statement of so many parameters.
pub(super) async fn explain(connection: &mut SqliteConnection, statement: &str, parameters: usize) -> Vec<String> {
    let mut query = sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")));
    for _ in 0..parameters {
        query = query.bind("[]");
    }
    let steps: Vec<(i64, i64, i64, String)> = query.fetch_all(connection).await.unwrap();
    steps.into_iter().map(|(_, _, _, step)| step).collect()
}
