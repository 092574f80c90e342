//! Invariants of what hosts say of entities.

use super::{Both, Query, broken, broken_in, note};

pub(super) const QUERIES: &[Query] = &[
    broken(
        "store",
        "no entity is in itself by the word of the host",
        "SELECT DISTINCT format('%s::\"%s\"', at.entity_type, at.entity_id) AS offender FROM entity_parents AS at
         WHERE EXISTS (
             WITH RECURSIVE up (type, id) AS (
                 SELECT at.parent_type, at.parent_id
                 UNION SELECT p.parent_type, p.parent_id FROM up
                 CROSS JOIN entity_parents AS p ON p.entity_type = up.type AND p.entity_id = up.id)
             SELECT 1 FROM up WHERE up.type = at.entity_type AND up.id = at.entity_id)",
    ),
    broken_in(
        "store",
        "what the host says of an entity is JSON",
        Both {
            sqlite: "SELECT format('%s::\"%s\"', entity_type, entity_id) AS offender FROM entities
                     WHERE CASE WHEN json_valid(attributes) THEN json_type(attributes) END IS NOT 'object'
                        OR CASE WHEN json_valid(tags) THEN json_type(tags) END IS NOT 'object'",
            // Of what is no JSON at all there is no type, and the question fails.
            postgres: "SELECT format('%s::\"%s\"', entity_type, entity_id) AS offender FROM entities
                       WHERE json_typeof(attributes::json) <> 'object' OR json_typeof(tags::json) <> 'object'",
        },
    ),
    // With a schema that is not one of groups, all types are the host's own.
    note(
        "store",
        "what the host says is of a user, group, tool, folder or item that is stored",
        "SELECT format('%s::\"%s\"', entity_type, entity_id) AS offender FROM entities
         WHERE NOT CASE entity_type
             WHEN 'User' THEN EXISTS (SELECT 1 FROM users WHERE id = entity_id)
             WHEN 'Group' THEN EXISTS (SELECT 1 FROM groups WHERE id = entity_id)
             WHEN 'Tool' THEN EXISTS (SELECT 1 FROM tools WHERE id = entity_id)
             WHEN 'Folder' THEN EXISTS (SELECT 1 FROM folders WHERE id = entity_id)
             WHEN 'Item' THEN EXISTS (SELECT 1 FROM items WHERE id = entity_id)
             ELSE true END",
    ),
];
