//! Statements whose rows are read as values at once.

use super::Connection;
use super::query::{Query, Text, query};
use super::row::{Column, FromRow};
use super::value::Value;
use std::marker::PhantomData;

/// A statement whose rows are each read as a `T`.
pub(in crate::store) fn query_as<'q, T: FromRow>(text: impl Into<Text>) -> As<'q, T> {
    As { query: query(text), read: PhantomData }
}

/// A statement whose rows are each one value.
pub(in crate::store) fn query_scalar<'q, T: for<'r> Column<'r>>(text: impl Into<Text>) -> Scalar<'q, T> {
    Scalar { query: query_as(text) }
}

/// A statement whose rows are each read as a `T`.
#[must_use = "a statement does nothing until it is run"]
pub(in crate::store) struct As<'q, T> {
    query: Query<'q>,
    read: PhantomData<fn() -> T>,
}

impl<'q, T: FromRow> As<'q, T> {
    /// Gives the next parameter its value.
    pub(in crate::store) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.query = self.query.bind(value);
        self
    }

    /// Its only row.
    pub(in crate::store) async fn fetch_one(self, connection: &mut Connection) -> Result<T, sqlx::Error> {
        T::from_row(&self.query.fetch_one(connection).await?)
    }

    /// Its row, if there is one.
    pub(in crate::store) async fn fetch_optional(self, connection: &mut Connection) -> Result<Option<T>, sqlx::Error> {
        self.query.fetch_optional(connection).await?.as_ref().map(T::from_row).transpose()
    }

    /// All its rows.
    pub(in crate::store) async fn fetch_all(self, connection: &mut Connection) -> Result<Vec<T>, sqlx::Error> {
        self.query.fetch_all(connection).await?.iter().map(T::from_row).collect()
    }
}

/// A statement whose rows are each one value.
#[must_use = "a statement does nothing until it is run"]
pub(in crate::store) struct Scalar<'q, T> {
    query: As<'q, (T,)>,
}

impl<'q, T: for<'r> Column<'r>> Scalar<'q, T> {
    /// Gives the next parameter its value.
    pub(in crate::store) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.query = self.query.bind(value);
        self
    }

    /// The value of its only row.
    pub(in crate::store) async fn fetch_one(self, connection: &mut Connection) -> Result<T, sqlx::Error> {
        Ok(self.query.fetch_one(connection).await?.0)
    }

    /// The value of its row, if there is one.
    pub(in crate::store) async fn fetch_optional(self, connection: &mut Connection) -> Result<Option<T>, sqlx::Error> {
        Ok(self.query.fetch_optional(connection).await?.map(|row| row.0))
    }

    /// The values of all its rows.
    #[cfg(test)]
    pub(in crate::store) async fn fetch_all(self, connection: &mut Connection) -> Result<Vec<T>, sqlx::Error> {
        Ok(self.query.fetch_all(connection).await?.into_iter().map(|row| row.0).collect())
    }
}
