//! Statements whose text is put together.

use super::query::{OfConstants, Query, query};
use super::value::Value;

/// A text with its values. What is pushed is part of this program; what is bound may be anybody's.
pub(in crate::store) struct QueryBuilder<'q> {
    text: String,
    values: Vec<Value<'q>>,
}

impl<'q> QueryBuilder<'q> {
    /// Begins with this text.
    pub(in crate::store) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// Goes on with this text.
    pub(in crate::store) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Goes on with a parameter of this value.
    pub(in crate::store) fn push_bind(&mut self, value: impl Into<Value<'q>>) -> &mut Self {
        self.text.push('?');
        self.values.push(value.into());
        self
    }

    /// The statement.
    pub(in crate::store) fn build(self) -> Query<'q> {
        self.values.into_iter().fold(query(OfConstants(self.text)), Query::bind)
    }
}
