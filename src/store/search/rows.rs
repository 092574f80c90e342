//! Candidates as the database answers them: all in one row, as each row wakes the asker once.

use crate::domain::EntityUid;
use crate::store::StoreError;
use crate::store::sql::{self, Connection};
use serde::Deserialize;
use smol_str::SmolStr;

/// One of them, as far as its statement says it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Row {
    pub(super) root: Option<i64>,
    pub(super) tool: Option<i64>,
    pub(super) parent: Option<i64>,
    pub(super) key: Option<i64>,
    pub(super) id: Option<SmolStr>,
    /// Whether it was found in another place too.
    listed: u8,
}

impl Row {
    pub(super) fn uid(&self, type_name: &str) -> Result<EntityUid, StoreError> {
        Ok(EntityUid::new(type_name, told(self.id.clone())?))
    }

    pub(super) fn key(&self) -> Result<i64, StoreError> {
        told(self.key)
    }

    pub(super) const fn is_listed(&self) -> bool {
        self.listed != 0
    }
}

/// What the statement should have said.
pub(super) fn told<T>(value: Option<T>) -> Result<T, StoreError> {
    value.ok_or_else(|| StoreError::Corrupt("a candidate without a place".to_owned()))
}

/// A statement whose rows, with these columns of [`Row`], come as one.
// INVARIANT: in their order, which pages rest on: what is limited is not merged into the statement around it.
pub(super) fn gathered(columns: &[&str], sql: &str) -> String {
    let fields: Vec<_> = columns.iter().map(|column| format!("'{column}',{column}")).collect();
    format!("SELECT json_group_array(json_object({})) FROM ({sql}) AS found", fields.join(","))
}

/// A statement made by [`gathered`].
pub(super) type Gathered = sql::Scalar<'static, String>;

pub(super) fn query(gathered: String) -> Gathered {
    // Made of constants of this program alone.
    sql::query_scalar(sql::OfConstants(gathered))
}

/// Its rows.
pub(super) async fn fetch(connection: &mut Connection, query: Gathered) -> Result<Vec<Row>, StoreError> {
    let text: String = query.fetch_one(connection).await?;
    serde_json::from_str(&text).map_err(|error| StoreError::Corrupt(error.to_string()))
}
