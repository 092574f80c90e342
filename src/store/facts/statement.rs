//! The one statement that reads facts.

/// Reads the revision and everything wanted from one snapshot.
///
/// `?1` is a JSON array of `[type, id, neighbours]`, `?2` the deepest folder chain followed. Each
/// row is a type, an id and facts in JSON; the row of type `revision` is always there. What lies
/// `above` content comes once per grant, or once without any: how far up, the folder if it is one, the grant.
///
/// `CROSS JOIN` keeps the order of the tables: from what is wanted, through an index, to what is
/// stored. It stays that way at ten million items, whatever the planner's statistics say.
pub(super) const FACTS: &str = "
WITH
wanted (type, id, neighbours) AS MATERIALIZED (
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1)
),
-- Content asked for by its id.
named (type, key, id, tool, folder, author, neighbours) AS MATERIALIZED (
    SELECT 'Tool', tools.key, tools.id, tools.key, NULL, NULL, wanted.neighbours
    FROM wanted CROSS JOIN tools ON tools.id = wanted.id WHERE wanted.type = 'Tool'
    UNION ALL
    SELECT 'Folder', folders.key, folders.id, folders.tool, folders.parent, folders.author, wanted.neighbours
    FROM wanted CROSS JOIN folders ON folders.id = wanted.id WHERE wanted.type = 'Folder'
    UNION ALL
    SELECT 'Item', items.key, items.id, items.tool, items.folder, items.author, wanted.neighbours
    FROM wanted CROSS JOIN items ON items.id = wanted.id WHERE wanted.type = 'Item'
),
-- The tools of content whose neighbours are wanted.
around (tool, id, group_id, owner) AS MATERIALIZED (
    SELECT DISTINCT tools.key, tools.id, tools.group_id, tools.owner
    FROM named CROSS JOIN tools ON tools.key = named.tool WHERE named.neighbours
),
content (type, key, id, tool, folder, author) AS (
    SELECT type, key, id, tool, folder, author FROM named
    UNION
    SELECT 'Tool', tool, id, tool, NULL, NULL FROM around
),
quotas (tool) AS (
    SELECT tools.key FROM wanted CROSS JOIN tools ON tools.id = wanted.id WHERE wanted.type = 'Quota'
    UNION
    SELECT tool FROM around
),
group_ids (id) AS (
    SELECT id FROM wanted WHERE type = 'Group'
    UNION
    SELECT group_id FROM around
),
user_ids (id) AS (
    SELECT id FROM wanted WHERE type = 'User'
    UNION
    SELECT owner FROM around
    UNION
    SELECT author FROM named WHERE neighbours
    UNION
    SELECT groups.administrator
    FROM wanted CROSS JOIN groups ON groups.id = wanted.id WHERE wanted.type = 'Group' AND wanted.neighbours
)
SELECT 'revision', '', CAST(revision AS TEXT) FROM store WHERE one = 1
UNION ALL
SELECT 'User', users.id, json_object(
    'groups', (
        SELECT jsonb_group_array(id) FROM (
            SELECT groups.id FROM groups WHERE groups.administrator = users.id
            UNION ALL
            SELECT members.group_id FROM members WHERE members.user_id = users.id
        )
    ),
    'co_administers', (
        SELECT jsonb_group_array(group_id) FROM members WHERE user_id = users.id AND co_administrator = 1
    ),
    'profile_viewers', (
        SELECT jsonb_group_array(jsonb_array(grants.grantee_type, grants.grantee))
        FROM tools CROSS JOIN grants ON grants.resource_type = 'Tool' AND grants.resource = tools.key
        WHERE tools.id = 'user:' || users.id || '/profile' AND grants.access = 'view'
    )
)
FROM user_ids CROSS JOIN users ON users.id = user_ids.id
UNION ALL
SELECT 'Group', groups.id, json_object(
    'administrator', administrator, 'published', published, 'open', open, 'members_published', members_published
)
FROM group_ids CROSS JOIN groups ON groups.id = group_ids.id
UNION ALL
SELECT 'Quota', tools.id, json_object(
    'used', tools.used, 'capacity', capacities.capacity, 'payer', users.id, 'subscription', users.subscription
)
FROM quotas
CROSS JOIN tools ON tools.key = quotas.tool
LEFT JOIN groups ON groups.id = tools.group_id
CROSS JOIN users ON users.id = coalesce(tools.owner, groups.administrator)
LEFT JOIN capacities ON capacities.subscription = users.subscription AND capacities.kind = tools.kind
UNION ALL
SELECT content.type, content.id, json_object(
    'tool', (SELECT tools.id FROM tools WHERE tools.key = content.tool),
    'author', content.author,
    'above', (
        WITH RECURSIVE chain (key, id, parent, depth) AS (
            SELECT folders.key, folders.id, folders.parent, 1 FROM folders WHERE folders.key = content.folder
            UNION ALL
            SELECT folders.key, folders.id, folders.parent, chain.depth + 1
            FROM chain CROSS JOIN folders ON folders.key = chain.parent WHERE chain.depth <= ?2
        ),
        place (type, key, id, depth) AS (
            SELECT content.type, content.key, NULL, 0
            UNION ALL
            SELECT 'Folder', chain.key, chain.id, chain.depth FROM chain
            UNION ALL
            SELECT 'Tool', content.tool, NULL, 0 WHERE content.type <> 'Tool'
        )
        SELECT jsonb_group_array(
            jsonb_array(place.depth, place.id, grants.access, grants.grantee_type, grants.grantee)
        )
        FROM place LEFT JOIN grants ON grants.resource_type = place.type AND grants.resource = place.key
    )
)
FROM content";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{World, explain};

    /// What may be read from end to end: the request itself and what was already found for it.
    const SMALL: [&str; 11] = [
        "json_each",
        "wanted",
        "named",
        "around",
        "content",
        "quotas",
        "group_ids",
        "user_ids",
        "chain",
        "place",
        "CONSTANT",
    ];

    #[tokio::test]
    async fn every_table_is_read_through_an_index() {
        let world = World::new().await;
        let plan = explain(&mut world.connection().await, FACTS, 2).await;
        let mut searches = 0;
        for step in &plan {
            match step.split(' ').collect::<Vec<_>>()[..] {
                ["SCAN", what, ..] => assert!(SMALL.contains(&what) || what.starts_with('('), "{step}\n{plan:#?}"),
                ["SEARCH", ..] => searches += 1,
                _ => {}
            }
            assert!(!step.contains("AUTOMATIC"), "{step}");
        }
        assert!(searches > 15, "{plan:#?}");
    }
}
