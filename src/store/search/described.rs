//! Entities of a host's own types, by id: those that the host describes.

use super::{Cursor, Part, named, rows};
use crate::store::StoreError;
use crate::store::sql::Connection;

pub(super) const ALL: &str = "SELECT entity_id AS id FROM entities
    WHERE entity_type = ?3 AND entity_id > ?1 ORDER BY entity_id LIMIT ?2";

/// All of a type after the cursor.
pub(super) async fn all(
    connection: &mut Connection,
    type_name: &str,
    from: &Cursor,
    rows_max: u32,
) -> Result<Part, StoreError> {
    let after = named::after(from)?;
    let query = rows::query(rows::gathered(&["id"], ALL)).bind(after.to_owned()).bind(rows_max);
    let rows = rows::fetch(connection, query.bind(type_name.to_owned())).await?;
    named::part(&rows, type_name, rows_max)
}
