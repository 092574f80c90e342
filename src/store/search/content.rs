//! Tools, folders and items: all of them by key, or those of some places, one place after the other.

use super::rows::{self, Gathered, Row};
use super::{Cursor, Part, Places, is_full, keys, subtree};
use crate::domain::EntityUid;
use crate::domain::uid::types;
use crate::store::StoreError;
use crate::store::sql::Connection;
use std::ops::Bound::{Excluded, Unbounded};

/// A table of content, and its column for the folder that something lies in directly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) type_name: &'static str,
    pub(super) name: &'static str,
    pub(super) parent: &'static str,
}

impl Table {
    pub(super) const fn of(type_name: &'static str) -> Self {
        match type_name.as_bytes() {
            b"Tool" => Self { type_name, name: "tools", parent: "key" },
            b"Folder" => Self { type_name, name: "folders", parent: "parent" },
            _ => Self { type_name, name: "items", parent: "folder" },
        }
    }

    /// A statement over this table: `$TABLE` is its name, `$PARENT` the column.
    pub(super) fn query(self, (columns, sql): (&[&str], &str)) -> Gathered {
        rows::query(self.text((columns, sql)))
    }

    fn text(self, (columns, sql): (&[&str], &str)) -> String {
        rows::gathered(columns, &sql.replace("$TABLE", self.name).replace("$PARENT", self.parent))
    }
}

/// All of a type, by key.
pub(super) async fn all(
    connection: &mut Connection,
    type_name: &'static str,
    from: &Cursor,
    rows_max: u32,
) -> Result<Part, StoreError> {
    let table = Table::of(type_name);
    let rows = ordered(connection, table.query(ALL).bind(after_key(from)?).bind(rows_max)).await?;
    part(&rows, rows_max, None, |row| candidate(row, table, |key| Ok(Cursor::Key(key))))
}

/// Those in some places.
pub(super) async fn some(
    connection: &mut Connection,
    (type_name, places): (&'static str, &Places),
    from: &Cursor,
    rows_max: u32,
) -> Result<Part, StoreError> {
    let table = Table::of(type_name);
    if type_name == types::TOOL {
        return tools(connection, places, from, rows_max).await;
    }
    let Some(from) = places.begun(from.clone()) else { return Ok(Part { rows: Vec::new(), next: None }) };
    let next = places.after(&from);
    let in_tool = |row: &Row| {
        let (tool, parent) = (rows::told(row.tool)?, row.parent);
        candidate(row, table, |key| Ok(Cursor::In(tool, parent, key)))
    };
    match from {
        Cursor::Past(tool) => {
            let query = table.query(OF_TOOLS).bind(keys(places.tools.range((Excluded(tool), Unbounded)).copied()));
            part(&ordered(connection, query.bind(rows_max)).await?, rows_max, next, in_tool)
        }
        Cursor::In(tool, parent, key) => {
            let query = table.query(OF_FOLDER).bind(tool).bind(parent).bind(key).bind(rows_max);
            part(&ordered(connection, query).await?, rows_max, next, in_tool)
        }
        Cursor::After(tool, parent) => {
            let query = table.query(OF_REST).bind(tool).bind(parent.unwrap_or(i64::MIN)).bind(rows_max);
            part(&ordered(connection, query).await?, rows_max, next, in_tool)
        }
        Cursor::Single(key) => {
            let query =
                table.query(SINGLE).bind(keys(places.single.range((Excluded(key), Unbounded)).map(|(key, _)| *key)));
            let rows = ordered(connection, query.bind(rows_max)).await?;
            part(&rows, rows_max, next, |row| candidate(row, table, |key| Ok(Cursor::Single(key))))
        }
        Cursor::By(author, key) => {
            let query = table.query(AUTHORED).bind(author.to_string()).bind(key).bind(rows_max);
            let query = query.bind(keys(places.tools.iter().copied())).bind(keys(places.single.keys().copied()));
            let rows = ordered(connection, query.bind(keys(places.folders.keys().copied()))).await?;
            part(&rows, rows_max, next, |row| {
                let (uid, after) = candidate(row, table, |key| Ok(Cursor::By(author.clone(), key)))?;
                Ok((uid.filter(|_| !row.is_listed()), after))
            })
        }
        other => subtree::some(connection, (table, places), &other, rows_max, next).await,
    }
}

/// What is said of a candidate in a tool.
const IN_TOOL: [&str; 4] = ["tool", "parent", "key", "id"];

const ALL: (&[&str], &str) = (&["key", "id"], "SELECT key, id FROM $TABLE WHERE key > ?1 ORDER BY key LIMIT ?2");

/// ?1 the keys of tools, ?2 how many rows.
const OF_TOOLS: (&[&str], &str) = (
    &IN_TOOL,
    "
    SELECT tool, $PARENT AS parent, key, id FROM $TABLE WHERE tool IN (SELECT CAST(value AS BIGINT) FROM json_each(?1))
    ORDER BY tool, $PARENT NULLS FIRST, key LIMIT ?2",
);

/// Directly in a folder (or in the tool), after a key.
pub(super) const OF_FOLDER: (&[&str], &str) = (
    &IN_TOOL,
    "
    SELECT tool, $PARENT AS parent, key, id FROM $TABLE WHERE tool = ?1 AND $PARENT IS NOT DISTINCT FROM ?2 AND key > ?3
    ORDER BY key LIMIT ?4",
);

/// In the folders of a tool after one.
const OF_REST: (&[&str], &str) = (
    &IN_TOOL,
    "
    SELECT tool, $PARENT AS parent, key, id FROM $TABLE WHERE tool = ?1 AND $PARENT > ?2
    ORDER BY $PARENT, key LIMIT ?3",
);

const SINGLE: (&[&str], &str) = (
    &["key", "id"],
    "
    SELECT key, id FROM $TABLE WHERE key IN (SELECT CAST(value AS BIGINT) FROM json_each(?1)) ORDER BY key LIMIT ?2",
);

/// ?1 the author, ?2 the key to begin after, ?3 how many rows. What lies in one of the tools ?4, is one of the items
/// ?5 or lies below one of the folders ?6 is found there.
const AUTHORED: (&[&str], &str) = (
    &["key", "id", "listed"],
    "
    SELECT key, id, CASE WHEN tool IN (SELECT CAST(value AS BIGINT) FROM json_each(?4))
        OR key IN (SELECT CAST(value AS BIGINT) FROM json_each(?5)) OR ?6 <> '[]' AND EXISTS (
            WITH RECURSIVE up (key) AS (
                SELECT i.folder UNION SELECT f.parent FROM up CROSS JOIN folders AS f ON f.key = up.key)
            SELECT 1 FROM up WHERE key IN (SELECT CAST(value AS BIGINT) FROM json_each(?6))) THEN 1 ELSE 0 END AS listed
    FROM items AS i WHERE author = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
);

const OF_KEYS: (&[&str], &str) = (
    &["key", "id"],
    "
    SELECT key, id FROM tools WHERE key IN (SELECT CAST(value AS BIGINT) FROM json_each(?1)) ORDER BY key LIMIT ?2",
);

#[cfg(test)]
pub(super) fn statements(table: Table) -> Vec<String> {
    [ALL, OF_TOOLS, OF_FOLDER, OF_REST, SINGLE, AUTHORED, OF_KEYS].map(|sql| table.text(sql)).to_vec()
}

async fn tools(connection: &mut Connection, places: &Places, from: &Cursor, rows_max: u32) -> Result<Part, StoreError> {
    let wanted = keys(places.tools.range((Excluded(after_key(from)?), Unbounded)).copied());
    let table = Table::of(types::TOOL);
    let rows = ordered(connection, table.query(OF_KEYS).bind(wanted).bind(rows_max)).await?;
    part(&rows, rows_max, None, |row| candidate(row, table, |key| Ok(Cursor::Key(key))))
}

impl Places {
    /// The cursor, moved past places of which there are none; `None` at the end.
    fn begun(&self, from: Cursor) -> Option<Cursor> {
        let mut from = if from == Cursor::Start { Cursor::Past(i64::MIN) } else { from };
        loop {
            let is_empty = match &from {
                Cursor::Past(tool) => self.tools.range((Excluded(*tool), Unbounded)).next().is_none(),
                Cursor::Folders => self.folders.is_empty(),
                Cursor::Single(key) => self.single.range((Excluded(*key), Unbounded)).next().is_none(),
                _ => false,
            };
            if !is_empty {
                return Some(from);
            }
            from = self.after(&from)?;
        }
    }

    /// Where a search goes on once there is nothing more where it is.
    fn after(&self, from: &Cursor) -> Option<Cursor> {
        match from {
            Cursor::In(tool, parent, _) => Some(Cursor::After(*tool, *parent)),
            Cursor::After(tool, _) => Some(Cursor::Past(*tool)),
            Cursor::Past(_) => Some(Cursor::Folders),
            Cursor::Below(root, folder, _) => Some(Cursor::Walked(*root, *folder)),
            Cursor::Folders | Cursor::Walked(..) => Some(Cursor::Single(i64::MIN)),
            Cursor::Single(_) => self.authors.first().map(|author| Cursor::By(author.clone(), i64::MIN)),
            Cursor::By(author, _) => {
                let mut later = self.authors.range::<smol_str::SmolStr, _>((Excluded(author), Unbounded));
                later.next().map(|author| Cursor::By(author.clone(), i64::MIN))
            }
            Cursor::Start | Cursor::Id(_) | Cursor::Key(_) => None,
        }
    }
}

fn after_key(from: &Cursor) -> Result<i64, StoreError> {
    match from {
        Cursor::Start => Ok(i64::MIN),
        Cursor::Key(key) => Ok(*key),
        other => Err(StoreError::Corrupt(format!("a cursor among keys: {other:?}"))),
    }
}

/// The rows of a statement, which must be in the order of their places.
async fn ordered(connection: &mut Connection, query: Gathered) -> Result<Vec<Row>, StoreError> {
    let rows = rows::fetch(connection, query).await?;
    if rows.is_sorted_by_key(|row| (row.tool, row.parent, row.key)) {
        return Ok(rows);
    }
    Err(StoreError::Corrupt("candidates out of order".to_owned()))
}

fn candidate(
    row: &Row,
    table: Table,
    after: impl FnOnce(i64) -> Result<Cursor, StoreError>,
) -> Result<(Option<EntityUid>, Cursor), StoreError> {
    Ok((Some(row.uid(table.type_name)?), after(row.key()?)?))
}

/// What was read, and where to go on: after the last row, or at `next` if that was all here.
pub(super) fn part(
    rows: &[Row],
    rows_max: u32,
    next: Option<Cursor>,
    read: impl Fn(&Row) -> Result<(Option<EntityUid>, Cursor), StoreError>,
) -> Result<Part, StoreError> {
    let rows = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let last = rows.last().map(|(_, after)| after.clone());
    let next = if is_full(rows.len(), rows_max) { last } else { next };
    Ok(Part { rows, next })
}
