//! A statement and its values, run on either database.
//!
//! What waits for a server is on the heap, so that who asks a file is no larger for it.

use super::row::Row;
use super::translate::{translated, translation};
use super::value::Value;
use super::{Both, Connection, Dialect};
use futures_util::stream::{BoxStream, StreamExt as _, TryStreamExt as _};
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr as _, SqlStr, Sqlite};
use std::sync::Arc;

/// What a statement says: constants of this program alone, so that all of it is safe to run.
#[derive(Debug, Clone)]
pub(in crate::store) enum Text {
    /// Written once for both.
    One(&'static str),
    /// Written for each.
    Both(Both),
    /// Put together, for both.
    Made(String),
    /// Put together for the database at hand, to be run as it stands.
    Ready(Arc<str>),
}

impl Text {
    /// As this database reads it.
    pub(in crate::store) fn of(self, dialect: Dialect) -> SqlStr {
        match (self, dialect) {
            (Self::One(text) | Self::Both(Both { sqlite: text, .. }), Dialect::Sqlite) => text.into_sql_str(),
            (Self::Made(text), Dialect::Sqlite) => AssertSqlSafe(text).into_sql_str(),
            (Self::One(text) | Self::Both(Both { postgres: text, .. }), Dialect::Postgres) => {
                AssertSqlSafe(translation(text)).into_sql_str()
            }
            (Self::Made(text), Dialect::Postgres) => AssertSqlSafe(translated(&text)).into_sql_str(),
            (Self::Ready(text), _) => AssertSqlSafe(text).into_sql_str(),
        }
    }
}

impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self::One(text)
    }
}

impl From<Both> for Text {
    fn from(text: Both) -> Self {
        Self::Both(text)
    }
}

/// A text that is no literal: put together of constants of this program and of numbers of parameters, as whoever names
/// it so must see to. What comes from anybody is bound.
pub(in crate::store) struct OfConstants<T>(pub(in crate::store) T);

impl From<OfConstants<String>> for Text {
    fn from(OfConstants(text): OfConstants<String>) -> Self {
        Self::Made(text)
    }
}

#[cfg(test)]
impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Made(text)
    }
}

impl From<OfConstants<Arc<str>>> for Text {
    fn from(OfConstants(text): OfConstants<Arc<str>>) -> Self {
        Self::Ready(text)
    }
}

/// A statement and its values.
#[must_use = "a statement does nothing until it is run"]
pub(in crate::store) struct Query<'q> {
    text: Text,
    values: Vec<Value<'q>>,
    persistent: bool,
}

/// What a statement did.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Done {
    rows: u64,
}

impl Done {
    /// How many rows it changed.
    pub(in crate::store) const fn rows_affected(self) -> u64 {
        self.rows
    }
}

/// A statement.
pub(in crate::store) fn query<'q>(text: impl Into<Text>) -> Query<'q> {
    Query { text: text.into(), values: Vec::new(), persistent: true }
}

impl<'q> Query<'q> {
    /// Gives the next parameter its value.
    pub(in crate::store) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Whether the database keeps it prepared.
    pub(in crate::store) const fn persistent(mut self, persistent: bool) -> Self {
        self.persistent = persistent;
        self
    }

    /// Runs it; what it answers is not read.
    pub(in crate::store) async fn execute(self, connection: &mut Connection) -> Result<Done, sqlx::Error> {
        let rows = match connection {
            Connection::Sqlite(connection) => self.sqlite().execute(connection).await?.rows_affected(),
            Connection::Postgres { connection, written } => {
                let affected = Box::pin(self.postgres().execute(connection)).await?.rows_affected();
                *written += super::rows(affected);
                affected
            }
        };
        Ok(Done { rows })
    }

    /// Its only row.
    pub(in crate::store) async fn fetch_one(self, connection: &mut Connection) -> Result<Row, sqlx::Error> {
        match connection {
            Connection::Sqlite(connection) => self.sqlite().fetch_one(connection).await.map(Row::Sqlite),
            Connection::Postgres { connection, .. } => {
                Box::pin(self.postgres().fetch_one(connection)).await.map(Row::Postgres)
            }
        }
    }

    /// Its row, if there is one.
    pub(in crate::store) async fn fetch_optional(
        self,
        connection: &mut Connection,
    ) -> Result<Option<Row>, sqlx::Error> {
        match connection {
            Connection::Sqlite(connection) => {
                self.sqlite().fetch_optional(connection).await.map(|row| row.map(Row::Sqlite))
            }
            Connection::Postgres { connection, .. } => {
                Box::pin(self.postgres().fetch_optional(connection)).await.map(|row| row.map(Row::Postgres))
            }
        }
    }

    /// All its rows.
    pub(in crate::store) async fn fetch_all(self, connection: &mut Connection) -> Result<Vec<Row>, sqlx::Error> {
        match connection {
            Connection::Sqlite(connection) => self.sqlite().fetch(connection).map_ok(Row::Sqlite).try_collect().await,
            Connection::Postgres { connection, written } => {
                let text = self.text.clone();
                let rows: Vec<_> = self.postgres().fetch(connection).map_ok(Row::Postgres).try_collect().await?;
                if text.of(Dialect::Postgres).as_str().contains(" RETURNING ") {
                    *written += super::rows(rows.len() as u64);
                }
                Ok(rows)
            }
        }
    }

    /// Its rows, one after the other.
    pub(in crate::store) fn fetch<'e>(self, connection: &'e mut Connection) -> BoxStream<'e, Result<Row, sqlx::Error>>
    where
        'q: 'e,
    {
        match connection {
            Connection::Sqlite(connection) => self.sqlite().fetch(connection).map_ok(Row::Sqlite).boxed(),
            Connection::Postgres { connection, .. } => self.postgres().fetch(connection).map_ok(Row::Postgres).boxed(),
        }
    }

    fn sqlite(self) -> sqlx::query::Query<'q, Sqlite, SqliteArguments> {
        let query = sqlx::query(self.text.of(Dialect::Sqlite)).persistent(self.persistent);
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Int(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        })
    }

    fn postgres(self) -> sqlx::query::Query<'q, Postgres, PgArguments> {
        let query = sqlx::query(self.text.of(Dialect::Postgres)).persistent(self.persistent);
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Int(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
            Value::Bytes(bytes) => query.bind(bytes),
        })
    }
}
