//! The statement for any number of entities: one text, told by JSON what to read.

use super::found::Found;
use super::request::Asked;
use super::{parts, row};
use crate::domain::facts::Neighbours;
use crate::domain::{EntityUid, Revision};
use crate::store::error::StoreError;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};
use std::sync::{Arc, LazyLock};

static TEXT: LazyLock<Arc<str>> = LazyLock::new(|| text().into());

/// Reads the revision and what is asked for.
pub(super) async fn fetch(
    connection: &mut SqliteConnection,
    asked: &[Asked<'_>],
) -> Result<Vec<SqliteRow>, StoreError> {
    let asked = asked.iter().map(|one| (one.kind.name(), &*one.uid.id, one.bits(), one.uid.type_name.as_str()));
    let asked: Vec<_> = asked.collect();
    let json = serde_json::to_string(&asked).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    // Made of constants of this program alone.
    Ok(sqlx::query(AssertSqlSafe(Arc::clone(&TEXT))).bind(json).fetch_all(connection).await?)
}

/// Makes facts of the rows.
pub(super) fn read(rows: &[SqliteRow], found: &mut Found) -> Result<Revision, StoreError> {
    let mut revision = None;
    for row in rows {
        let (kind, id, json): (&str, &str, Option<&str>) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        match json {
            Some(json) if kind == "revision" => revision = Some(row::revision(row::read(json)?)?),
            _ => {
                let facts = json.map(|json| row::decode_named(kind, json)).transpose()?;
                // Of the host's types alone it is not the kind.
                let type_name: Option<&str> = row.try_get(3)?;
                found.put(EntityUid::new(type_name.unwrap_or(kind), id), facts);
            }
        }
    }
    revision.ok_or_else(|| StoreError::Corrupt("no revision".to_owned()))
}

/// The statement. `?1` is a JSON array of `[kind, id, neighbours, type]`; each row is a kind, an id,
/// facts, or NULL of what is not stored, and the type where it is not the kind. The row of kind `revision` is always
/// there.
///
/// `CROSS JOIN` keeps the order of the tables: from what is wanted, through an index, to what is
/// stored. It stays that way at ten million items, whatever the planner's statistics say.
pub(super) fn text() -> String {
    let [group, tool, owner, author, quota, administrator] = [
        Neighbours::GROUP,
        Neighbours::TOOL,
        Neighbours::OWNER,
        Neighbours::AUTHOR,
        Neighbours::QUOTA,
        Neighbours::ADMINISTRATOR,
    ]
    .map(Neighbours::bits);
    let (user_facts, group_facts, quota_facts) = (parts::user("ids.id"), parts::group("ids.id"), parts::quota("t"));
    let (tool_facts, folder_facts, item_facts) = (parts::tool("t"), parts::folder("c", "t"), parts::item("c", "t"));
    let host = |in_groups| parts::host_entity("w.name", "w.id", in_groups);
    let (host_facts, alone_facts) = (host(true), host(false));
    format!(
        "WITH
wanted (type, id, neighbours, name) AS MATERIALIZED (
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1)
),
-- Content asked for by its id.
named (type, key, tool, author, neighbours) AS MATERIALIZED (
    SELECT 'Tool', tools.key, tools.key, NULL, wanted.neighbours
    FROM wanted CROSS JOIN tools ON tools.id = wanted.id WHERE wanted.type = 'Tool'
    UNION ALL
    SELECT 'Folder', folders.key, folders.tool, folders.author, wanted.neighbours
    FROM wanted CROSS JOIN folders ON folders.id = wanted.id WHERE wanted.type = 'Folder'
    UNION ALL
    SELECT 'Item', items.key, items.tool, items.author, wanted.neighbours
    FROM wanted CROSS JOIN items ON items.id = wanted.id WHERE wanted.type = 'Item'
),
tool_keys (key) AS (
    SELECT DISTINCT tool FROM named WHERE type = 'Tool' OR neighbours & {tool}
),
quota_keys (key) AS (
    SELECT tools.key FROM wanted CROSS JOIN tools ON tools.id = wanted.id WHERE wanted.type = 'Quota'
    UNION
    SELECT tool FROM named WHERE neighbours & {quota}
),
group_ids (id) AS (
    SELECT id FROM wanted WHERE type = 'Group'
    UNION
    SELECT tools.group_id FROM named CROSS JOIN tools ON tools.key = named.tool WHERE neighbours & {group}
),
user_ids (id) AS (
    SELECT id FROM wanted WHERE type = 'User'
    UNION
    SELECT tools.owner FROM named CROSS JOIN tools ON tools.key = named.tool WHERE neighbours & {owner}
    UNION
    SELECT author FROM named WHERE neighbours & {author}
    UNION
    SELECT groups.administrator FROM wanted CROSS JOIN groups ON groups.id = wanted.id
    WHERE wanted.type = 'Group' AND wanted.neighbours & {administrator}
)
SELECT 'revision', '', CAST(revision AS TEXT), NULL FROM store WHERE one = 1
UNION ALL
SELECT 'User', ids.id, {user_facts}, NULL FROM user_ids AS ids WHERE ids.id IS NOT NULL
UNION ALL
SELECT 'Group', ids.id, {group_facts}, NULL FROM group_ids AS ids WHERE ids.id IS NOT NULL
UNION ALL
SELECT 'Quota', t.id, {quota_facts}, NULL FROM quota_keys AS keys CROSS JOIN tools AS t ON t.key = keys.key
UNION ALL
SELECT 'Tool', t.id, {tool_facts}, NULL FROM tool_keys AS keys CROSS JOIN tools AS t ON t.key = keys.key
UNION ALL
SELECT 'Folder', c.id, {folder_facts}, NULL
FROM named CROSS JOIN folders AS c ON c.key = named.key CROSS JOIN tools AS t ON t.key = c.tool WHERE named.type = 'Folder'
UNION ALL
SELECT 'Item', c.id, {item_facts}, NULL
FROM named CROSS JOIN items AS c ON c.key = named.key CROSS JOIN tools AS t ON t.key = c.tool WHERE named.type = 'Item'
UNION ALL
SELECT w.type, w.id, {host_facts}, w.name FROM wanted AS w WHERE w.type = 'host'
UNION ALL
SELECT w.type, w.id, {alone_facts}, w.name FROM wanted AS w WHERE w.type = 'host alone'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::facts::tests::reads_through_indexes;

    #[tokio::test]
    async fn every_table_is_read_through_an_index() {
        // What was asked for and what was found for it: all there is to read from end to end.
        let small = [
            "json_each",
            "wanted",
            "named",
            "keys",
            "ids",
            "tool_keys",
            "quota_keys",
            "group_ids",
            "user_ids",
            "a",
            "w",
            "up",
            "entity_parents",
            "CONSTANT",
            "b",
        ];
        reads_through_indexes(&text(), 1, &small).await;
    }
}
