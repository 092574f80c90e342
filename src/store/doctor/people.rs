//! Invariants of people, groups, membership and invitations.

use super::{Both, Query, broken, broken_in, note};

pub(super) const QUERIES: &[Query] = &[
    broken(
        "P1",
        "every user has a subscription",
        "SELECT id AS offender FROM users WHERE subscription NOT IN (SELECT id FROM subscriptions)",
    ),
    broken(
        "P1",
        "usernames are unique",
        "SELECT username AS offender FROM users NOT INDEXED GROUP BY username HAVING count(*) > 1",
    ),
    broken(
        "P3",
        "no limit is negative",
        "SELECT id AS offender FROM subscriptions WHERE max_groups < 0 OR max_members < 0
         UNION ALL SELECT format('%s: %s', subscription, kind) FROM capacities WHERE capacity < 0",
    ),
    broken(
        "P7",
        "no user has the id of a deleted one",
        "SELECT entity_id AS offender FROM tombstones JOIN users ON users.id = entity_id WHERE entity_type = 'User'",
    ),
    broken(
        "A14",
        "no group has the id of a deleted one",
        "SELECT entity_id AS offender FROM tombstones JOIN groups ON groups.id = entity_id WHERE entity_type = 'Group'",
    ),
    broken(
        "A2",
        "every group has one administrator, who exists",
        "SELECT id AS offender FROM groups WHERE administrator NOT IN (SELECT id FROM users)",
    ),
    broken(
        "A3",
        "no administrator is a member of the same group too",
        "SELECT format('%s: %s', id, administrator) AS offender
         FROM groups JOIN members ON group_id = id AND user_id = administrator",
    ),
    broken(
        "A6",
        "names are unique after folding",
        "SELECT name_folded AS offender FROM groups NOT INDEXED GROUP BY name_folded HAVING count(*) > 1",
    ),
    broken(
        "A6",
        "activity is `business` or `other`, and a sector goes only with `business`",
        "SELECT id AS offender FROM groups WHERE activity NOT IN ('business', 'other')
            OR (sector IS NOT NULL AND activity IS DISTINCT FROM 'business')",
    ),
    broken(
        "A7",
        "`members_published` and `open` are on only while `published` is, and each switch is on or off",
        "SELECT id AS offender FROM groups WHERE (published <> 1 AND (members_published <> 0 OR open <> 0))
            OR published NOT IN (0, 1) OR members_published NOT IN (0, 1) OR open NOT IN (0, 1)",
    ),
    broken(
        "A12",
        "every member is a user in a group that exists",
        "SELECT format('%s: %s', group_id, user_id) AS offender FROM members
         WHERE group_id NOT IN (SELECT id FROM groups) OR user_id NOT IN (SELECT id FROM users)",
    ),
    broken(
        "C1",
        "every co-administrator is a member, and not the administrator",
        "SELECT format('%s: %s', group_id, user_id) AS offender FROM members
         WHERE co_administrator NOT IN (0, 1) OR (co_administrator = 1 AND NOT EXISTS (
             SELECT 1 FROM groups JOIN users ON users.id = user_id
             WHERE groups.id = group_id AND groups.administrator <> user_id))",
    ),
    broken(
        "A10",
        "an invitation is to a group that exists, and for a user or an address",
        "SELECT id AS offender FROM invitations WHERE group_id NOT IN (SELECT id FROM groups)
            OR (user_id IS NULL AND email IS NULL) OR user_id NOT IN (SELECT id FROM users)",
    ),
    broken(
        "A10",
        "an invitation is pending, accepted, declined or withdrawn, and says who accepted only if accepted",
        "SELECT id AS offender FROM invitations
         WHERE state NOT IN ('pending', 'accepted', 'declined', 'withdrawn')
            OR (accepted_by IS NOT NULL) <> (state = 'accepted')",
    ),
    broken_in(
        "A10",
        "of each token the SHA-256 is kept, 32 bytes, and no two are the same",
        Both {
            sqlite: "SELECT id AS offender FROM invitations WHERE typeof(token_hash) <> 'blob' OR length(token_hash) <> 32
                     UNION ALL
                     SELECT min(id) FROM invitations NOT INDEXED GROUP BY token_hash HAVING count(*) > 1",
            postgres: "SELECT id AS offender FROM invitations WHERE length(token_hash) <> 32
                       UNION ALL
                       SELECT min(id) FROM invitations GROUP BY token_hash HAVING count(*) > 1",
        },
    ),
    broken(
        "A10",
        "an invitation expires after it was made",
        "SELECT id AS offender FROM invitations WHERE expires_ms < created_ms",
    ),
    broken(
        "A10",
        "mail that was sent holds no text, and mail waits only while what it tells of is open",
        "SELECT id AS offender FROM outbox
         WHERE (state = 'sent') <> (body IS NULL) OR (state <> 'sent'
             AND about NOT IN (SELECT id FROM invitations WHERE state = 'pending')
             AND about NOT IN (SELECT id FROM join_requests WHERE closed_ms IS NULL))",
    ),
    note(
        "A10",
        "mail that was given up, to be sent again or to be sent by hand",
        "SELECT id AS offender FROM outbox WHERE state = 'dead'",
    ),
    note(
        "A10",
        "pending invitations that expired more than 30 days ago",
        "SELECT id AS offender FROM invitations WHERE state = 'pending' AND expires_ms < ?3 - 2592000000",
    ),
    broken(
        "F2",
        "the directory holds the published groups, as they are, and no others",
        "SELECT groups.id AS offender FROM groups LEFT JOIN directory ON directory.group_id = groups.id
         WHERE (groups.published = 1) <> (directory.key IS NOT NULL)
            OR (directory.key IS NOT NULL AND (groups.name_folded, groups.activity, groups.sector, lower(groups.language))
                IS DISTINCT FROM (directory.name_folded, directory.activity, directory.sector, directory.language))
         UNION ALL
         SELECT group_id FROM directory WHERE group_id NOT IN (SELECT id FROM groups)",
    ),
    broken(
        "F5",
        "a request to join is by a user who exists, to a group that exists",
        "SELECT id AS offender FROM join_requests
         WHERE group_id NOT IN (SELECT id FROM groups) OR user_id NOT IN (SELECT id FROM users)",
    ),
];
