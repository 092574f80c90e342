//! What lies below folders: each folder, then what lies in it, then the folders in it, in the order of their keys.

use super::content::{OF_FOLDER, Table, part};
use super::rows::{self, Row, told};
use super::{Cursor, Part, Places};
use crate::domain::uid::types;
use crate::store::StoreError;
#[cfg(test)]
use crate::store::sql::Dialect;
use crate::store::sql::{Both, Connection};
use std::ops::Bound::{Excluded, Unbounded};

/// A walk through folders, from where it stands: ?1 the roots that follow, as a JSON array of keys with the keys of
/// their tools; ?2 the folder last walked to, ?3 its root, ?4 the tool of both; ?5 how many rows.
///
/// What is deeper comes first, so that a folder is followed by what is below it. What is left of the walk after one
/// folder is what lies in it, and the later siblings of it and of each folder around it.
macro_rules! walk {
    ($select:literal) => {
        concat!(
            "WITH RECURSIVE
            chain (key, parent, depth) AS (
                SELECT key, parent, 0 FROM folders WHERE key = ?2
                UNION ALL SELECT f.key, f.parent, chain.depth - 1
                FROM chain CROSS JOIN folders AS f ON f.key = chain.parent WHERE chain.key <> ?3
                LIMIT 10000),
            walk (root, tool, key, depth) AS (
                SELECT value ->> 0, value ->> 1, value ->> 0, -1000000 FROM json_each(?1)
                UNION ALL SELECT ?3, f.tool, f.key, 1 FROM folders AS f WHERE f.tool = ?4 AND f.parent = ?2
                UNION ALL SELECT ?3, f.tool, f.key, chain.depth FROM chain CROSS JOIN folders AS f
                    ON f.tool = ?4 AND f.parent = chain.parent AND f.key > chain.key WHERE chain.key <> ?3
                UNION ALL SELECT walk.root, walk.tool, f.key, walk.depth + 1
                FROM walk CROSS JOIN folders AS f ON f.tool = walk.tool AND f.parent = walk.key
                ORDER BY 4 DESC, 3 LIMIT ?5) ",
            $select
        )
    };
}

/// The same for `PostgreSQL`, whose walks cannot be told what comes next: each folder with the keys of those around it
/// from the root down, by which they are put in the same order. Reads all folders below the roots that are left.
macro_rules! paths {
    ($select:literal) => {
        concat!(
            "WITH RECURSIVE
            roots (root, tool) AS (
                SELECT CAST(value ->> 0 AS BIGINT), CAST(value ->> 1 AS BIGINT) FROM json_each(?1)
                UNION ALL SELECT ?3, ?4 WHERE ?3 IS NOT NULL),
            paths (root, tool, key, path) AS (
                SELECT root, tool, root, ARRAY[root] FROM roots
                UNION ALL SELECT paths.root, paths.tool, f.key, paths.path || f.key
                FROM paths JOIN folders AS f ON f.tool = paths.tool AND f.parent = paths.key),
            walk (root, tool, key, path) AS (
                SELECT root, tool, key, path FROM paths
                WHERE ?2 IS NULL OR path > (SELECT at.path FROM paths AS at WHERE at.root = ?3 AND at.key = ?2)
                ORDER BY path LIMIT ?5) ",
            $select
        )
    };
}

/// A folder with nothing in it is a row too, so that many of them are no more work than as many items.
const ITEMS: Both = Both {
    sqlite: walk!(
        "SELECT walk.root, walk.key AS parent, i.key, i.id FROM walk
         LEFT JOIN items AS i ON i.tool = walk.tool AND i.folder = walk.key LIMIT ?5"
    ),
    postgres: paths!(
        "SELECT walk.root, walk.key AS parent, i.key, i.id FROM walk
         LEFT JOIN items AS i ON i.tool = walk.tool AND i.folder = walk.key ORDER BY walk.path, i.key LIMIT ?5"
    ),
};

const FOLDERS: Both = Both {
    sqlite: walk!(
        "SELECT walk.root, walk.key AS parent, f.key, f.id FROM walk CROSS JOIN folders AS f ON f.key = walk.key LIMIT ?5"
    ),
    postgres: paths!(
        "SELECT walk.root, walk.key AS parent, f.key, f.id FROM walk JOIN folders AS f ON f.key = walk.key
         ORDER BY walk.path LIMIT ?5"
    ),
};

/// What is said of a candidate: below which folder it was found, and in which it lies.
const COLUMNS: [&str; 4] = ["root", "parent", "key", "id"];

#[cfg(test)]
pub(super) fn statements(dialect: Dialect) -> Vec<String> {
    [ITEMS, FOLDERS].map(|sql| rows::gathered(&COLUMNS, sql.of(dialect))).to_vec()
}

/// What the cursor stands before, below folders.
pub(super) async fn some(
    connection: &mut Connection,
    (table, places): (Table, &Places),
    from: &Cursor,
    rows_max: u32,
    next: Option<Cursor>,
) -> Result<Part, StoreError> {
    let (root, folder) = match from {
        Cursor::Folders => (None, None),
        Cursor::Walked(root, folder) => (Some(*root), Some(*folder)),
        Cursor::Below(root, folder, key) => {
            let tool = tool(places, *root)?;
            let query = table.query(OF_FOLDER).bind(tool).bind(*folder).bind(*key).bind(rows_max);
            let rows = rows::fetch(connection, query).await?;
            in_order(&rows)?;
            return part(&rows, rows_max, next, |row| {
                Ok((Some(row.uid(table.type_name)?), Cursor::Below(*root, *folder, row.key()?)))
            });
        }
        other => return Err(StoreError::Corrupt(format!("a cursor among places: {other:?}"))),
    };
    let later = places.folders.range((root.map_or(Unbounded, Excluded), Unbounded));
    let later = later.map(|(key, tool)| vec![*key, *tool]).collect::<serde_json::Value>().to_string();
    let tool = root.map(|root| tool(places, root)).transpose()?;
    let sql = if table.type_name == types::ITEM { ITEMS } else { FOLDERS };
    let query = rows::query(rows::gathered(&COLUMNS, sql.of(connection.dialect())));
    let query = query.bind(later).bind(folder).bind(root).bind(tool).bind(rows_max);
    let rows = rows::fetch(connection, query).await?;
    in_order(&rows)?;
    part(&rows, rows_max, next, |row| {
        let (root, parent) = (told(row.root)?, told(row.parent)?);
        match row.key {
            Some(key) if table.type_name == types::ITEM => {
                Ok((Some(row.uid(table.type_name)?), Cursor::Below(root, parent, key)))
            }
            Some(_) => Ok((Some(row.uid(table.type_name)?), Cursor::Walked(root, parent))),
            None => Ok((None, Cursor::Walked(root, parent))),
        }
    })
}

fn tool(places: &Places, root: i64) -> Result<i64, StoreError> {
    places.folders.get(&root).copied().ok_or_else(|| StoreError::Corrupt(format!("folder {root} is no place")))
}

/// The database goes through the items of a folder by its index; pages rest on that.
fn in_order(rows: &[Row]) -> Result<(), StoreError> {
    let mut last: Option<(i64, Option<i64>)> = None;
    for row in rows {
        let this = (told(row.parent)?, row.key);
        if last.is_some_and(|last| last.0 == this.0 && last.1 >= this.1) {
            return Err(StoreError::Corrupt("the items of a folder out of order".to_owned()));
        }
        last = Some(this);
    }
    Ok(())
}
