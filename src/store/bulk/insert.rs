//! The statements of an import. `?1` is a JSON array of rows, each an array of columns as
//! `crate::bulk::record` writes them; `?2` and `?3` are the kinds of tools of groups and of private
//! spaces.
//!
//! A row that breaks a rule either violates a constraint or is left out: `refusal` then says why.

use super::Kind;

/// What stands beside an item of a contacts tool, after the item.
pub(super) const CONTACTS: &str = "
    INSERT INTO contacts (item, user_id, email, first_name, last_name)
    SELECT items.key, rows.value ->> 7, rows.value ->> 8, rows.value ->> 9, rows.value ->> 10
    FROM json_each(?1) AS rows CROSS JOIN items ON items.id = rows.value ->> 0";

/// One statement per step; the first adds one row for each one given.
pub(super) const fn statements(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Subscription => &[
            "INSERT INTO subscriptions (id, max_groups, max_members)
             SELECT value ->> 0, CAST(value ->> 1 AS BIGINT), CAST(value ->> 2 AS BIGINT) FROM json_each(?1)",
            "INSERT INTO capacities (subscription, kind, capacity)
             SELECT rows.value ->> 0, limits.value ->> 0, CAST(limits.value ->> 1 AS BIGINT)
             FROM json_each(?1) AS rows CROSS JOIN json_each(rows.value, '$[3]') AS limits",
        ],
        Kind::User => &[
            "INSERT INTO users (id, username, last_name, first_name, organization, email, picture, language, subscription)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
                    value ->> 8
             FROM json_each(?1)
             WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE entity_type = 'User' AND entity_id = value ->> 0)",
            "INSERT INTO tools (id, kind, owner)
             SELECT 'user:' || (rows.value ->> 0) || '/' || kinds.value, kinds.value, rows.value ->> 0
             FROM json_each(?1) AS rows CROSS JOIN json_each(?3) AS kinds",
        ],
        Kind::Group => &[
            "INSERT INTO groups (id, name, name_folded, administrator, full_name, description, language, activity, sector,
                                 published, members_published, open, created_ms)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
                    value ->> 8, CAST(value ->> 9 AS BIGINT), CAST(value ->> 10 AS BIGINT), CAST(value ->> 11 AS BIGINT),
                    CAST(value ->> 12 AS BIGINT)
             FROM json_each(?1)
             WHERE NOT EXISTS (SELECT 1 FROM tombstones WHERE entity_type = 'Group' AND entity_id = value ->> 0)",
            "INSERT INTO tools (id, kind, group_id)
             SELECT 'group:' || (rows.value ->> 0) || '/' || kinds.value, kinds.value, rows.value ->> 0
             FROM json_each(?1) AS rows CROSS JOIN json_each(?2) AS kinds",
        ],
        Kind::Member => &["INSERT INTO members (group_id, user_id, co_administrator, since_ms)
             SELECT value ->> 0, value ->> 1, CAST(value ->> 2 AS BIGINT), CAST(value ->> 3 AS BIGINT) FROM json_each(?1)
             WHERE NOT EXISTS (SELECT 1 FROM groups WHERE id = value ->> 0 AND administrator = value ->> 1)"],
        Kind::Folder => &["INSERT INTO folders (id, tool, parent, name, author)
             SELECT rows.value ->> 0, coalesce(tools.key, around.tool), around.key, rows.value ->> 3, rows.value ->> 4
             FROM json_each(?1) AS rows
             LEFT JOIN tools ON tools.id = rows.value ->> 1 LEFT JOIN folders AS around ON around.id = rows.value ->> 2
             WHERE (WITH RECURSIVE chain (key, depth) AS (
                        SELECT around.parent, 1 WHERE around.key IS NOT NULL
                        UNION ALL
                        SELECT folders.parent, depth + 1 FROM chain JOIN folders ON folders.key = chain.key)
                    SELECT coalesce(max(depth), 0) FROM chain) < ?4"],
        // `items` inserts them.
        Kind::Item => &[],
        Kind::Grant => &["INSERT INTO grants (resource_type, resource, access, grantee_type, grantee, tool, kept)
             SELECT rows.value ->> 0, coalesce(at.key, folders.key, items.key), rows.value ->> 2, rows.value ->> 3,
                    rows.value ->> 4, tools.key, CAST(rows.value ->> 5 AS BIGINT)
             FROM json_each(?1) AS rows
             LEFT JOIN tools AS at ON rows.value ->> 0 = 'Tool' AND at.id = rows.value ->> 1
             LEFT JOIN folders ON rows.value ->> 0 = 'Folder' AND folders.id = rows.value ->> 1
             LEFT JOIN items ON rows.value ->> 0 = 'Item' AND items.id = rows.value ->> 1
             LEFT JOIN tools ON tools.key = coalesce(at.key, folders.tool, items.tool)
             LEFT JOIN groups ON groups.id = tools.group_id
             WHERE (CAST(rows.value ->> 5 AS BIGINT) = 0 OR tools.owner IS NOT NULL)
               AND iif(tools.owner IS NOT NULL,
                       NOT (rows.value ->> 3 = 'User' AND rows.value ->> 4 = tools.owner),
                       iif(rows.value ->> 0 = 'Item', rows.value ->> 2 = 'edit', rows.value ->> 2 IN ('add', 'delete'))
                       AND iif(rows.value ->> 3 = 'Group', rows.value ->> 4 = groups.id,
                               rows.value ->> 4 = groups.administrator OR EXISTS (
                                   SELECT 1 FROM members
                                   WHERE group_id = groups.id AND user_id = rows.value ->> 4)))
               AND iif(rows.value ->> 3 = 'Group', EXISTS (SELECT 1 FROM groups WHERE id = rows.value ->> 4),
                       EXISTS (SELECT 1 FROM users WHERE id = rows.value ->> 4))"],
        Kind::Invitation => &["INSERT INTO invitations (id, group_id, user_id, email, first_name, last_name, token_hash,
                                                   state, accepted_by, created_ms, expires_ms)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, unhex(value ->> 6),
                    value ->> 7, value ->> 8, CAST(value ->> 9 AS BIGINT), CAST(value ->> 10 AS BIGINT)
             FROM json_each(?1)"],
        Kind::JoinRequest => &["INSERT INTO join_requests (id, group_id, user_id, message, created_ms, closed_ms)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, CAST(value ->> 4 AS BIGINT),
                    CAST(value ->> 5 AS BIGINT)
             FROM json_each(?1)"],
        Kind::Tombstone => &["INSERT INTO tombstones (entity_type, entity_id)
             SELECT value ->> 0, value ->> 1 FROM json_each(?1)
             WHERE iif(value ->> 0 = 'User', NOT EXISTS (SELECT 1 FROM users WHERE id = value ->> 1),
                       NOT EXISTS (SELECT 1 FROM groups WHERE id = value ->> 1))
             ON CONFLICT (entity_type, entity_id) DO UPDATE SET entity_id = excluded.entity_id"],
        Kind::Entity => &[
            "INSERT INTO entities (entity_type, entity_id, attributes, tags)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1)",
            "INSERT INTO entity_parents (entity_type, entity_id, parent_type, parent_id)
             SELECT rows.value ->> 0, rows.value ->> 1, parents.value ->> 0, parents.value ->> 1
             FROM json_each(?1) AS rows CROSS JOIN json_each(rows.value, '$[4]') AS parents",
        ],
    }
}
