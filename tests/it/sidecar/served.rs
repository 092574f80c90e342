//! Databases on the server that `tests/run` starts, one for each test.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use std::str::FromStr as _;

/// Names a server that tests may make databases on: `postgres://USER@HOST/DATABASE`. Without it they run on files.
const VARIABLE: &str = "CONCLAVE_TEST_DATABASE";

/// A database of its own, gone with this.
pub struct Served {
    pub url: String,
    server: String,
    name: String,
}

/// Whether a database is on a server.
pub fn is_on_server(database: &str) -> bool {
    database.starts_with("postgres://")
}

impl Served {
    /// A new one, where there is a server.
    pub async fn new() -> Option<Self> {
        let server = std::env::var(VARIABLE).ok()?;
        // Made of what is random in the name of a folder that nobody else has.
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().file_name().unwrap().to_str().unwrap().replace('.', "it_");
        let (before, after) = server.split_once('?').unwrap_or((&server, ""));
        let url = format!("{}/{name}?{after}", before.rsplit_once('/').unwrap().0);
        run(&server, format!("CREATE DATABASE \"{name}\"")).await;
        Some(Self { url, server, name })
    }
}

/// Runs a statement on a database of the server.
pub async fn run(url: &str, statement: String) {
    let mut connection = PgConnectOptions::from_str(url).unwrap().connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
}

impl Drop for Served {
    fn drop(&mut self) {
        let (server, statement) = (self.server.clone(), format!("DROP DATABASE \"{}\" WITH (FORCE)", self.name));
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // What stays is gone with the server.
        let _ = std::thread::spawn(move || runtime().block_on(run(&server, statement))).join();
    }
}
