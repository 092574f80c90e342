//! Entities of a host's own types, by id: those that the host describes.

use super::{Cursor, Part, named};
use crate::store::StoreError;
use sqlx::SqliteConnection;

pub(super) const ALL: &str = "SELECT entity_id AS id FROM entities
    WHERE entity_type = ?3 AND entity_id > ?1 ORDER BY entity_id LIMIT ?2";

/// All of a type after the cursor.
pub(super) async fn all(
    connection: &mut SqliteConnection,
    type_name: &str,
    from: &Cursor,
    rows_max: u32,
) -> Result<Part, StoreError> {
    let after = named::after(from)?;
    let rows = sqlx::query(ALL).bind(after).bind(rows_max).bind(type_name).fetch_all(connection).await?;
    named::part(&rows, type_name, rows_max)
}
