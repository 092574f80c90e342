//! One text of SQL for two databases.
//!
//! A statement is written once, as `SQLite` reads it and in words that both know; what is left is put into
//! `PostgreSQL`'s words when it is first run there. Where the two need different statements, both stand side by side
//! as [`Both`] where they are used.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `query` | a statement and its values, run on either |
//! | `value`, `row`, `read` | what is bound, what comes back, and that as values at once |
//! | `builder` | statements whose text is put together |
//! | `translate` | the words of one in the words of the other |

mod builder;
mod query;
mod read;
mod row;
mod translate;
mod value;

pub(in crate::store) use builder::QueryBuilder;
pub(in crate::store) use query::{OfConstants, Query, Text, query};
pub(in crate::store) use read::{Scalar, query_as, query_scalar};
pub(in crate::store) use row::{Column, FromRow, Row};
pub(in crate::store) use translate::translated;

use sqlx::{Connection as _, PgConnection, SqliteConnection};

/// Which database reads a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::store) enum Dialect {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// A statement that each database needs in words of its own.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Both {
    /// For `SQLite`.
    pub(in crate::store) sqlite: &'static str,
    /// For `PostgreSQL`; its parameters are written `?1` here too.
    pub(in crate::store) postgres: &'static str,
}

impl Both {
    /// The one for this database.
    pub(in crate::store) const fn of(self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

/// A connection to one of them.
#[derive(Debug)]
pub(in crate::store) enum Connection {
    /// To a file.
    Sqlite(SqliteConnection),
    /// To a server.
    Postgres {
        /// The connection.
        connection: PgConnection,
        /// How many rows were written over it.
        written: i64,
    },
}

impl Connection {
    /// A connection to a server.
    pub(in crate::store) const fn of_server(connection: PgConnection) -> Self {
        Self::Postgres { connection, written: 0 }
    }

    /// How many rows were ever written over this connection, where it is to a server; a file counts itself.
    pub(in crate::store) const fn written(&self) -> Option<i64> {
        match self {
            Self::Sqlite(_) => None,
            Self::Postgres { written, .. } => Some(*written),
        }
    }

    /// Who reads what is sent over it.
    pub(in crate::store) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres { .. } => Dialect::Postgres,
        }
    }

    /// Runs statements without values, one after the other.
    pub(in crate::store) async fn run(&mut self, script: impl Into<Text>) -> Result<(), sqlx::Error> {
        let script = script.into().of(self.dialect());
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(script).execute(connection).await.map(|_| ()),
            Self::Postgres { connection, written } => {
                *written += rows(Box::pin(sqlx::raw_sql(script).execute(connection)).await?.rows_affected());
                Ok(())
            }
        }
    }

    /// Closes it.
    pub(in crate::store) async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres { connection, .. } => Box::pin(connection.close()).await,
        }
    }
}

/// As they are counted.
fn rows(affected: u64) -> i64 {
    i64::try_from(affected).unwrap_or(i64::MAX)
}
