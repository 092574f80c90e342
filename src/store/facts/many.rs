//! The statement for any number of entities: one text, told by JSON what to read.

use super::found::Found;
use super::known::KnownKeys;
use super::parts::{Around, Place};
use super::request::Asked;
use super::{parts, row};
use crate::domain::facts::Neighbours;
use crate::domain::{EntityUid, Revision};
use crate::store::error::StoreError;
use crate::store::sql::{self, Connection, Dialect, Row};
use serde::Deserialize;
use serde_json::value::RawValue;
use smol_str::SmolStr;
use std::sync::{Arc, LazyLock};

static TEXT: LazyLock<[Arc<str>; 2]> =
    LazyLock::new(|| [text(Dialect::Sqlite).into(), sql::translated(&text(Dialect::Postgres)).into()]);

/// Reads the revision and what is asked for.
pub(super) async fn fetch(
    connection: &mut Connection,
    asked: &[Asked<'_>],
    known: &KnownKeys,
) -> Result<Row, StoreError> {
    let asked = asked
        .iter()
        .map(|one| (one.kind.name(), &*one.uid.id, one.bits(), one.uid.type_name.as_str(), known.of(one.uid)));
    let asked: Vec<_> = asked.collect();
    let json = serde_json::to_string(&asked).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    // Made of constants of this program alone.
    Ok(sql::query(sql::OfConstants(ready(connection.dialect()))).bind(json).fetch_one(connection).await?)
}

fn ready(dialect: Dialect) -> Arc<str> {
    let [sqlite, postgres] = &*TEXT;
    Arc::clone(if dialect == Dialect::Sqlite { sqlite } else { postgres })
}

/// Makes facts of the row.
pub(super) fn read(row: &Row, found: &mut Found) -> Result<Revision, StoreError> {
    let (revision, entities): (i64, &str) = (row.try_get(0)?, row.try_get(1)?);
    let entities: Vec<Entity<'_>> =
        serde_json::from_str(entities).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    for Entity(kind, id, facts, type_name) in entities {
        let facts = facts.map(|facts| row::decode_named(&kind, facts.get())).transpose()?;
        // Of the host's types alone it is not the kind.
        found.put(EntityUid::new(type_name.unwrap_or(kind), id), facts);
    }
    row::revision(revision)
}

/// A kind, an id, facts if any are stored, and the type where it is not the kind.
#[derive(Deserialize)]
struct Entity<'r>(SmolStr, SmolStr, #[serde(borrow)] Option<&'r RawValue>, Option<SmolStr>);

/// The statement. `?1` is a JSON array of `[kind, id, neighbours, type, key or null]`. It answers the revision, and a JSON array of
/// `[kind, id, facts or null, type or null]`: one row, as each row wakes the asker once. What lies in one folder
/// shares what is around it.
///
/// `CROSS JOIN` keeps the order of the tables: from what is wanted, through an index, to what is
/// stored. It stays that way at ten million items, whatever the planner's statistics say.
pub(super) fn text(dialect: Dialect) -> String {
    let within = Place::anywhere(dialect);
    let [group, tool, owner, author, quota, administrator] = [
        Neighbours::GROUP,
        Neighbours::TOOL,
        Neighbours::OWNER,
        Neighbours::AUTHOR,
        Neighbours::QUOTA,
        Neighbours::ADMINISTRATOR,
    ]
    .map(Neighbours::bits);
    let (user_facts, group_facts, quota_facts) =
        (parts::user(within, "ids.id"), parts::group(within, "ids.id"), parts::quota("t"));
    let [folder_facts, item_facts] = ["Folder", "Item"].map(|of| parts::content_in(within, of, "c", "around"));
    let tool_facts = parts::tool(within, "t");
    let Around { on_tool, folders } = Around::of(dialect, "places.parent", "t");
    let host = |in_groups| parts::host_entity(within, "w.name", "w.id", in_groups);
    let (host_facts, alone_facts) = (host(true), host(false));
    // Keeps SQLite from looking the id up instead.
    let by_key = if dialect == Dialect::Sqlite { "+" } else { "" };
    format!(
        "WITH
wanted (type, id, neighbours, name, key) AS MATERIALIZED (
    SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT), value ->> 3, CAST(value ->> 4 AS BIGINT)
    FROM json_each(?1)
),
-- Content asked for by its id.
named (type, key, id, tool, parent, author, neighbours) AS MATERIALIZED (
    SELECT 'Tool', tools.key, tools.id, tools.key, NULL, NULL, wanted.neighbours
    FROM wanted CROSS JOIN tools ON tools.id = wanted.id WHERE wanted.type = 'Tool'
    UNION ALL
    SELECT 'Folder', folders.key, folders.id, folders.tool, folders.parent, folders.author, wanted.neighbours
    FROM wanted CROSS JOIN folders ON folders.id = wanted.id WHERE wanted.type = 'Folder'
    UNION ALL
    SELECT 'Item', items.key, items.id, items.tool, items.folder, items.author, wanted.neighbours
    FROM wanted CROSS JOIN items ON items.id = wanted.id WHERE wanted.type = 'Item' AND wanted.key IS NULL
    UNION ALL
    SELECT 'Item', items.key, items.id, items.tool, items.folder, items.author, wanted.neighbours
    FROM wanted CROSS JOIN items ON items.key = wanted.key WHERE wanted.type = 'Item' AND {by_key}items.id = wanted.id
),
places (tool, parent) AS (
    SELECT DISTINCT tool, parent FROM named WHERE type <> 'Tool'
),
around (tool, parent, id, on_tool, folders) AS MATERIALIZED (
    SELECT places.tool, places.parent, t.id, {on_tool}, {folders} FROM places CROSS JOIN tools AS t ON t.key = places.tool
),
tool_keys (key) AS (
    SELECT DISTINCT tool FROM named WHERE type = 'Tool' OR (neighbours & {tool}) <> 0
),
quota_keys (key) AS (
    SELECT tools.key FROM wanted CROSS JOIN tools ON tools.id = wanted.id WHERE wanted.type = 'Quota'
    UNION
    SELECT tool FROM named WHERE (neighbours & {quota}) <> 0
),
group_ids (id) AS (
    SELECT id FROM wanted WHERE type = 'Group'
    UNION
    SELECT tools.group_id FROM named CROSS JOIN tools ON tools.key = named.tool WHERE (neighbours & {group}) <> 0
),
user_ids (id) AS (
    SELECT id FROM wanted WHERE type = 'User'
    UNION
    SELECT tools.owner FROM named CROSS JOIN tools ON tools.key = named.tool WHERE (neighbours & {owner}) <> 0
    UNION
    SELECT author FROM named WHERE (neighbours & {author}) <> 0
    UNION
    SELECT groups.administrator FROM wanted CROSS JOIN groups ON groups.id = wanted.id
    WHERE wanted.type = 'Group' AND (wanted.neighbours & {administrator}) <> 0
),
found (kind, id, facts, type) AS (
    SELECT 'User', ids.id, {user_facts}, NULL FROM user_ids AS ids WHERE ids.id IS NOT NULL
    UNION ALL
    SELECT 'Group', ids.id, {group_facts}, NULL FROM group_ids AS ids WHERE ids.id IS NOT NULL
    UNION ALL
    SELECT 'Quota', t.id, {quota_facts}, NULL FROM quota_keys AS keys CROSS JOIN tools AS t ON t.key = keys.key
    UNION ALL
    SELECT 'Tool', t.id, {tool_facts}, NULL FROM tool_keys AS keys CROSS JOIN tools AS t ON t.key = keys.key
    UNION ALL
    SELECT 'Folder', c.id, {folder_facts}, NULL
    FROM named AS c CROSS JOIN around ON around.tool = c.tool AND around.parent IS NOT DISTINCT FROM c.parent WHERE c.type = 'Folder'
    UNION ALL
    SELECT 'Item', c.id, {item_facts}, NULL
    FROM named AS c CROSS JOIN around ON around.tool = c.tool AND around.parent IS NOT DISTINCT FROM c.parent WHERE c.type = 'Item'
    UNION ALL
    SELECT w.type, w.id, {host_facts}, w.name FROM wanted AS w WHERE w.type = 'host'
    UNION ALL
    SELECT w.type, w.id, {alone_facts}, w.name FROM wanted AS w WHERE w.type = 'host alone'
)
-- Facts are JSON already: put together as text, nothing is read a second time.
SELECT revision, (
    SELECT '[' || coalesce(group_concat(
        '[' || json_quote(kind) || ',' || json_quote(id) || ',' || coalesce(facts, 'null') || ',' || json_quote(type) || ']'
    ), '') || ']' FROM found
) FROM store WHERE one = 1"
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
            "places",
            "around",
            "c",
            "found",
            "a",
            "w",
            "up",
            "entity_parents",
            "CONSTANT",
            "b",
        ];
        reads_through_indexes(text(Dialect::Sqlite), 1, &small).await;
    }
}
