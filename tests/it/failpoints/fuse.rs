//! A fuse in the database: triggers on every table count the rows that a transaction writes and make
//! the one after so many fail. The server under test is the one that is released; it knows nothing
//! of this, and nobody can ask it for a failure.
//!
//! Only writes are counted. A read that fails is another way to end before the next write: neither
//! has changed anything since the one before.

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

/// What fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The write after so many, in this way.
    Write(u32, Way),
    /// The commit, after every write went well: a row refers to one that is not there.
    Commit,
}

/// How a statement can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// What the statement wrote before stays, and the transaction goes on: an error that is passed over
    /// would be committed.
    Fail,
    /// The whole transaction is taken back, as on a full disk: what came next would be written by itself.
    Rollback,
}

impl Way {
    const ALL: [Self; 2] = [Self::Fail, Self::Rollback];

    const fn name(self) -> &'static str {
        match self {
            Self::Fail => "FAIL",
            Self::Rollback => "ROLLBACK",
        }
    }
}

impl Fault {
    /// The write after so many, in both ways by turns; `turned` begins with the other.
    pub fn at(writes: u32, turned: bool) -> Self {
        let turn = usize::try_from(writes).unwrap() + usize::from(turned);
        Self::Write(writes, Way::ALL[turn % Way::ALL.len()])
    }
}

const TABLES: &str = "
    CREATE TABLE fuse (rest INTEGER NOT NULL, way TEXT NOT NULL);
    CREATE TABLE fuse_nowhere (id INTEGER PRIMARY KEY);
    CREATE TABLE fuse_commit (id INTEGER REFERENCES fuse_nowhere (id) DEFERRABLE INITIALLY DEFERRED);
    INSERT INTO fuse VALUES (9223372036854775807, 'none')";

/// Every table but the fuse itself. What is virtual takes no triggers; its rows lie in shadow tables.
const STORED: &str = "
    SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', ?)
        AND name NOT LIKE 'fuse%' AND name <> 'sqlite_schema' ORDER BY name";

const COLUMNS: &str = "SELECT group_concat('quote(\"' || name || '\")', ' || '','' || ') FROM pragma_table_info(?)";

/// A connection beside the server's, to what it commits.
pub struct Fuse {
    connection: SqliteConnection,
}

impl Fuse {
    pub async fn install(database: &str) -> Self {
        let options = SqliteConnectOptions::new().filename(database).foreign_keys(true);
        let mut fuse = Self { connection: options.connect().await.unwrap() };
        fuse.run(TABLES).await;
        for table in fuse.tables("table").await {
            for event in ["INSERT", "UPDATE", "DELETE"] {
                fuse.run(&trigger(&table, event)).await;
            }
        }
        fuse
    }

    pub async fn set(&mut self, fault: Fault) {
        let (rest, way) = match fault {
            Fault::Write(rest, way) => (i64::from(rest), way.name()),
            Fault::Commit => (i64::MAX, "COMMIT"),
        };
        let set = sqlx::query("UPDATE fuse SET rest = ?, way = ?").bind(rest).bind(way);
        set.execute(&mut self.connection).await.unwrap();
    }

    /// Whether a write has failed that is committed all the same.
    pub async fn has_blown(&mut self) -> bool {
        sqlx::query_scalar("SELECT rest < 0 FROM fuse").fetch_one(&mut self.connection).await.unwrap()
    }

    /// Takes everything away again.
    pub async fn remove(mut self) {
        for table in self.tables("table").await {
            for event in ["insert", "update", "delete"] {
                self.run(&format!("DROP TRIGGER fuse_{table}_{event}")).await;
            }
        }
        self.run("DROP TABLE fuse_commit; DROP TABLE fuse_nowhere; DROP TABLE fuse").await;
        self.connection.close().await.unwrap();
    }

    /// Every row of every table, the index of the directory included: `table: value,value`.
    pub async fn dump(&mut self) -> Vec<String> {
        let mut rows = Vec::new();
        for table in self.tables("shadow").await {
            let columns: String =
                sqlx::query_scalar(COLUMNS).bind(&table).fetch_one(&mut self.connection).await.unwrap();
            let sql = format!("SELECT '{table}: ' || {columns} FROM \"{table}\" ORDER BY 1");
            let found: Vec<String> =
                sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut self.connection).await.unwrap();
            rows.extend(found);
        }
        rows
    }

    /// The tables, and those of this type too.
    async fn tables(&mut self, also: &str) -> Vec<String> {
        sqlx::query_scalar(STORED).bind(also).fetch_all(&mut self.connection).await.unwrap()
    }

    async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.connection).await.unwrap();
    }
}

fn trigger(table: &str, event: &str) -> String {
    let ways = Way::ALL.map(Way::name);
    let raises = ways.map(|way| format!("SELECT RAISE({way}, 'fuse') FROM fuse WHERE rest = -1 AND way = '{way}';"));
    format!(
        "CREATE TRIGGER fuse_{table}_{} BEFORE {event} ON \"{table}\" BEGIN
             UPDATE fuse SET rest = rest - 1;
             {}
             INSERT INTO fuse_commit SELECT 1 FROM fuse WHERE way = 'COMMIT';
         END",
        event.to_lowercase(),
        raises.join("\n")
    )
}
