//! Invariants of spaces, folders, items and grants.

use super::{Query, broken, note};
use crate::store::bulk::shared;

pub(super) const QUERIES: &[Query] = &[
    broken(
        "S1",
        "every group and every user has each of its tools",
        "SELECT id AS offender FROM (
             SELECT 'group:' || groups.id || '/' || value AS id FROM groups, json_each(?1)
             UNION ALL SELECT 'user:' || users.id || '/' || value FROM users, json_each(?2)) AS wanted
         WHERE id NOT IN (SELECT id FROM tools)",
    ),
    broken(
        "S1",
        "every tool is of a kind that its space has",
        "SELECT id AS offender FROM tools
         WHERE kind NOT IN (SELECT value FROM json_each(iif(group_id IS NULL, ?2, ?1)))",
    ),
    broken(
        "S1",
        "every tool belongs to a group or a user that exists, and its id says so",
        "SELECT tools.id AS offender FROM tools
         LEFT JOIN groups ON groups.id = tools.group_id LEFT JOIN users ON users.id = tools.owner
         WHERE tools.id IS DISTINCT FROM CASE WHEN tools.owner IS NULL THEN 'group:' || groups.id || '/' || tools.kind
                                    WHEN tools.group_id IS NULL THEN 'user:' || users.id || '/' || tools.kind END",
    ),
    broken(
        "P5",
        "what a tool counts as used is the sum of the sizes in it",
        "SELECT format('%s: counted %s, is %s', tools.id, tools.used, coalesce(held.size, 0)) AS offender
         FROM tools LEFT JOIN (SELECT tool, sum(size) AS size FROM items GROUP BY tool) AS held ON held.tool = tools.key
         WHERE tools.used <> coalesce(held.size, 0)",
    ),
    broken(
        "P6",
        "nothing takes less than nothing",
        "SELECT id AS offender FROM tools WHERE used < 0 UNION ALL SELECT id FROM items WHERE size < 0",
    ),
    note(
        "P6",
        "tools that hold more than their capacity: nothing more can be added",
        "SELECT tools.id AS offender FROM tools LEFT JOIN groups ON groups.id = tools.group_id
         JOIN users ON users.id = coalesce(tools.owner, groups.administrator)
         JOIN capacities ON capacities.subscription = users.subscription AND capacities.kind = tools.kind
         WHERE tools.used > capacities.capacity",
    ),
    broken(
        "D8",
        "folders and items lie in a tool that exists, and in a folder of that same tool if in any",
        "SELECT format('Folder %s', within.id) AS offender FROM folders AS within
         LEFT JOIN tools ON tools.key = within.tool LEFT JOIN folders AS around ON around.key = within.parent
         WHERE tools.key IS NULL OR (within.parent IS NOT NULL AND around.tool IS DISTINCT FROM within.tool)
         UNION ALL
         SELECT format('Item %s', items.id) FROM items
         LEFT JOIN tools ON tools.key = items.tool LEFT JOIN folders ON folders.key = items.folder
         WHERE tools.key IS NULL OR (items.folder IS NOT NULL AND folders.tool IS DISTINCT FROM items.tool)",
    ),
    broken(
        "D8",
        "no folder lies in itself",
        "WITH RECURSIVE reached (key, tool) AS (
             SELECT key, tool FROM folders WHERE parent IS NULL
             UNION ALL
             SELECT folders.key, folders.tool FROM reached
             CROSS JOIN folders ON folders.tool = reached.tool AND folders.parent = reached.key)
         SELECT id AS offender FROM folders
         WHERE key NOT IN (SELECT key FROM reached)
           AND EXISTS (SELECT 1 FROM folders AS around WHERE around.key = folders.parent AND around.tool = folders.tool)
         ORDER BY key",
    ),
    broken(
        "D8",
        "no folder lies deeper than allowed",
        "WITH RECURSIVE reached (key, tool, id, depth) AS (
             SELECT key, tool, id, 1 FROM folders WHERE parent IS NULL
             UNION ALL
             SELECT folders.key, folders.tool, folders.id, depth + 1 FROM reached
             CROSS JOIN folders ON folders.tool = reached.tool AND folders.parent = reached.key)
         SELECT id AS offender FROM reached WHERE depth > ?4",
    ),
    broken(
        "D6",
        "every grant is on content that exists, and filed under the tool that content lies in",
        "SELECT format('%s %s %s to %s %s', resource_type, coalesce(tools.id, folders.id, items.id, CAST(resource AS TEXT)),
                       access, grantee_type, grantee) AS offender
         FROM grants
         LEFT JOIN tools ON resource_type = 'Tool' AND tools.key = resource
         LEFT JOIN folders ON resource_type = 'Folder' AND folders.key = resource
         LEFT JOIN items ON resource_type = 'Item' AND items.key = resource
         WHERE grants.tool IS DISTINCT FROM coalesce(tools.key, folders.tool, items.tool)",
    ),
    broken(
        "D3",
        "every grant is to a user or a group that exists",
        "SELECT format('%s to %s %s', access, grantee_type, grantee) AS offender FROM grants
         WHERE NOT (grantee_type = 'User' AND grantee IN (SELECT id FROM users)
                    OR grantee_type = 'Group' AND grantee IN (SELECT id FROM groups))",
    ),
    broken(
        "D7",
        "in a group's space add and delete are granted on tools and folders, edit on items",
        "SELECT format('%s on a %s in %s', access, resource_type, tools.id) AS offender
         FROM grants JOIN tools ON tools.key = grants.tool
         WHERE tools.group_id IS NOT NULL
           AND NOT (resource_type IN ('Tool', 'Folder') AND access IN ('add', 'delete')
                    OR resource_type = 'Item' AND access = 'edit')",
    ),
    broken(
        "D7",
        "what is granted is view, view_details, add, edit or delete",
        "SELECT format('%s on a %s', access, resource_type) AS offender FROM grants
         WHERE access NOT IN ('view', 'view_details', 'add', 'edit', 'delete')
            OR resource_type NOT IN ('Tool', 'Folder', 'Item')",
    ),
    broken(
        "D2",
        "in a group's space grants are to people of the group, or to all of them",
        "SELECT format('%s in %s to %s %s', access, tools.id, grantee_type, grantee) AS offender
         FROM grants JOIN tools ON tools.key = grants.tool JOIN groups ON groups.id = tools.group_id
         WHERE NOT (grantee_type = 'Group' AND grantee = groups.id
             OR grantee_type = 'User' AND (grantee = groups.administrator OR EXISTS (
                 SELECT 1 FROM members WHERE members.group_id = groups.id AND user_id = grantee)))",
    ),
    broken(
        "S5",
        "nobody is granted a right in their own private space",
        "SELECT format('%s in %s', access, tools.id) AS offender
         FROM grants JOIN tools ON tools.key = grants.tool
         WHERE grantee_type = 'User' AND grantee = tools.owner",
    ),
    broken(
        "F7",
        "a kept grant is on a private space, and ends being kept once owner and grantee share a group",
        concat!(
            "SELECT format('%s in %s to %s %s', access, (SELECT id FROM tools WHERE key = tool), grantee_type, grantee)
                 AS offender
             FROM grants WHERE kept NOT IN (0, 1) OR (kept = 1 AND (",
            shared!(),
            " OR (SELECT owner FROM tools WHERE key = tool) IS NULL))"
        ),
    ),
    broken(
        "A9",
        "a contact is an item of a contacts tool, and either a user or an address",
        "SELECT format('contact %s', coalesce(items.id, CAST(contacts.item AS TEXT))) AS offender
         FROM contacts LEFT JOIN items ON items.key = contacts.item LEFT JOIN tools ON tools.key = items.tool
         WHERE tools.kind IS DISTINCT FROM 'contacts' OR (contacts.user_id IS NULL) = (contacts.email IS NULL)
            OR (contacts.user_id IS NOT NULL AND (first_name IS NOT NULL OR last_name IS NOT NULL))
            OR contacts.user_id NOT IN (SELECT id FROM users)",
    ),
    note(
        "F7",
        "private grants that outlived the last shared group",
        "WITH belongs (user_id, group_id) AS (
             SELECT user_id, group_id FROM members UNION ALL SELECT administrator, id FROM groups)
         SELECT format('%s in %s to %s %s', access, tools.id, grantee_type, grantee) AS offender
         FROM grants JOIN tools ON tools.key = grants.tool
         WHERE tools.owner IS NOT NULL AND CASE grantee_type
             WHEN 'Group' THEN NOT EXISTS (
                 SELECT 1 FROM belongs WHERE belongs.user_id = tools.owner AND belongs.group_id = grantee)
             ELSE NOT EXISTS (
                 SELECT 1 FROM belongs AS theirs JOIN belongs AS owners USING (group_id)
                 WHERE theirs.user_id = grantee AND owners.user_id = tools.owner) END",
    ),
];
