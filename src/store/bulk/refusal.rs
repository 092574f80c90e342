//! Why a row was refused: asked only once one was, so that what is fine costs nothing.

use super::Kind;
use std::fmt;

/// Why a row cannot be part of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The field to mend.
    pub field: Option<&'static str>,
    /// The rule that it breaks.
    pub rule: Option<&'static str>,
    /// What is wrong.
    pub detail: &'static str,
}

impl Refused {
    /// None of the questions found the reason.
    pub(super) const UNKNOWN: Self =
        Self { field: None, rule: None, detail: "is refused by a constraint of the database" };
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = self.field {
            write!(f, "`{field}` ")?;
        }
        write!(f, "{}", self.detail)?;
        match self.rule {
            Some(rule) => write!(f, " (rule {rule})"),
            None => Ok(()),
        }
    }
}

/// A reason, and what is true of `json_each(?1) AS rows` where it holds.
pub(super) struct Reason {
    pub(super) refused: Refused,
    pub(super) condition: &'static str,
}

const fn reason(
    field: &'static str,
    rule: Option<&'static str>,
    detail: &'static str,
    condition: &'static str,
) -> Reason {
    Reason { refused: Refused { field: Some(field), rule, detail }, condition }
}

const TAKEN: &str = "is taken already";
const NO_PARENT: &str = "names no tool or folder that is there, or one further down in the file";

/// The reasons for which a row of this kind can be refused, in the order they are looked at.
pub(super) const fn reasons(kind: Kind) -> &'static [Reason] {
    match kind {
        Kind::Subscription => SUBSCRIPTION,
        Kind::User => USER,
        Kind::Group => GROUP,
        Kind::Member => MEMBER,
        Kind::Folder => FOLDER,
        Kind::Item => ITEM,
        Kind::Grant => GRANT,
        Kind::Invitation => INVITATION,
        Kind::JoinRequest => JOIN_REQUEST,
        Kind::Tombstone => TOMBSTONE,
        Kind::Entity => ENTITY,
    }
}

const SUBSCRIPTION: &[Reason] = &[reason("id", None, TAKEN, "rows.value ->> 0 IN (SELECT id FROM subscriptions)")];

const USER: &[Reason] = &[
    reason("id", Some("P7"), TAKEN, "rows.value ->> 0 IN (SELECT id FROM users)"),
    reason(
        "id",
        Some("P7"),
        "belonged to a user who was deleted",
        "rows.value ->> 0 IN (SELECT entity_id FROM tombstones WHERE entity_type = 'User')",
    ),
    reason("username", Some("P1"), TAKEN, "rows.value ->> 1 IN (SELECT username FROM users)"),
    reason(
        "subscription",
        Some("P1"),
        "names no subscription that is there",
        "rows.value ->> 8 NOT IN (SELECT id FROM subscriptions)",
    ),
];

const GROUP: &[Reason] = &[
    reason("id", Some("A14"), TAKEN, "rows.value ->> 0 IN (SELECT id FROM groups)"),
    reason(
        "id",
        Some("A14"),
        "belonged to a group that was deleted",
        "rows.value ->> 0 IN (SELECT entity_id FROM tombstones WHERE entity_type = 'Group')",
    ),
    reason("name", Some("A6"), TAKEN, "rows.value ->> 2 IN (SELECT name_folded FROM groups)"),
    reason(
        "administrator",
        Some("A2"),
        "names no user that is there",
        "rows.value ->> 3 NOT IN (SELECT id FROM users)",
    ),
];

const MEMBER: &[Reason] = &[
    reason("group", Some("A12"), "names no group that is there", "rows.value ->> 0 NOT IN (SELECT id FROM groups)"),
    reason("user", Some("A12"), "names no user that is there", "rows.value ->> 1 NOT IN (SELECT id FROM users)"),
    reason(
        "user",
        Some("A3"),
        "names the administrator, who is not a member",
        "EXISTS (SELECT 1 FROM groups WHERE id = rows.value ->> 0 AND administrator = rows.value ->> 1)",
    ),
    reason(
        "user",
        None,
        "is a member already",
        "EXISTS (SELECT 1 FROM members WHERE group_id = rows.value ->> 0 AND user_id = rows.value ->> 1)",
    ),
];

const FOLDER: &[Reason] = &[
    reason("id", None, TAKEN, "rows.value ->> 0 IN (SELECT id FROM folders)"),
    reason(
        "parent",
        Some("D8"),
        NO_PARENT,
        "(rows.value ->> 1 IN (SELECT id FROM tools)) IS NOT TRUE
                 AND (rows.value ->> 2 IN (SELECT id FROM folders)) IS NOT TRUE",
    ),
    reason("parent", Some("D8"), "lies too deep", "true"),
];

const ITEM: &[Reason] = &[
    reason("id", None, TAKEN, "rows.value ->> 0 IN (SELECT id FROM items)"),
    reason(
        "parent",
        Some("S1"),
        NO_PARENT,
        "(rows.value ->> 1 IN (SELECT id FROM tools)) IS NOT TRUE
                 AND (rows.value ->> 2 IN (SELECT id FROM folders)) IS NOT TRUE",
    ),
    reason("contact", Some("A9"), "names no user that is there", "rows.value ->> 7 NOT IN (SELECT id FROM users)"),
    reason("contact", Some("A9"), "is for items of a contacts tool alone", "json_array_length(rows.value) > 7"),
];

const INVITATION: &[Reason] = &[
    reason("id", None, TAKEN, "rows.value ->> 0 IN (SELECT id FROM invitations)"),
    reason("group", Some("A10"), "names no group that is there", "rows.value ->> 1 NOT IN (SELECT id FROM groups)"),
    reason("user", Some("A10"), "names no user that is there", "rows.value ->> 2 NOT IN (SELECT id FROM users)"),
    reason(
        "token_hash",
        Some("A10"),
        "is that of another invitation",
        "unhex(rows.value ->> 6) IN (SELECT token_hash FROM invitations)",
    ),
];

const JOIN_REQUEST: &[Reason] = &[
    reason("id", None, TAKEN, "rows.value ->> 0 IN (SELECT id FROM join_requests)"),
    reason("group", Some("F5"), "names no group that is there", "rows.value ->> 1 NOT IN (SELECT id FROM groups)"),
    reason("user", Some("F5"), "names no user that is there", "rows.value ->> 2 NOT IN (SELECT id FROM users)"),
    reason("user", Some("F5"), "has asked already", "true"),
];

const TOMBSTONE: &[Reason] = &[
    reason("id", Some("P7"), "is that of a user", "rows.value ->> 0 = 'User'"),
    reason("id", Some("A14"), "is that of a group", "rows.value ->> 0 = 'Group'"),
];

const ENTITY: &[Reason] = &[reason(
    "entity.uid",
    None,
    "is described already",
    "EXISTS (SELECT 1 FROM entities WHERE entity_type = rows.value ->> 0 AND entity_id = rows.value ->> 1)",
)];

const GRANT: &[Reason] = &[
    reason(
        "resource",
        Some("D6"),
        "names no content that is there",
        "NOT CASE rows.value ->> 0 WHEN 'Tool' THEN rows.value ->> 1 IN (SELECT id FROM tools)
             WHEN 'Folder' THEN rows.value ->> 1 IN (SELECT id FROM folders)
             ELSE rows.value ->> 1 IN (SELECT id FROM items) END",
    ),
    reason(
        "to",
        Some("D3"),
        "names no user or group that is there",
        "NOT iif(rows.value ->> 3 = 'Group', rows.value ->> 4 IN (SELECT id FROM groups),
                 rows.value ->> 4 IN (SELECT id FROM users))",
    ),
    reason(
        "to",
        Some("S5"),
        "names the owner, who has every right there",
        "rows.value ->> 3 = 'User' AND rows.value ->> 4 = (
             SELECT owner FROM tools WHERE key = coalesce(
                 (SELECT key FROM tools WHERE rows.value ->> 0 = 'Tool' AND id = rows.value ->> 1),
                 (SELECT tool FROM folders WHERE rows.value ->> 0 = 'Folder' AND id = rows.value ->> 1),
                 (SELECT tool FROM items WHERE rows.value ->> 0 = 'Item' AND id = rows.value ->> 1)))",
    ),
    reason(
        "to",
        None,
        "has this right already",
        "EXISTS (SELECT 1 FROM grants WHERE resource_type = rows.value ->> 0 AND access = rows.value ->> 2
             AND grantee_type = rows.value ->> 3 AND grantee = rows.value ->> 4 AND resource = coalesce(
                 (SELECT key FROM tools WHERE rows.value ->> 0 = 'Tool' AND id = rows.value ->> 1),
                 (SELECT key FROM folders WHERE rows.value ->> 0 = 'Folder' AND id = rows.value ->> 1),
                 (SELECT key FROM items WHERE rows.value ->> 0 = 'Item' AND id = rows.value ->> 1)))",
    ),
    reason(
        "right",
        Some("D7"),
        "must be `add` or `delete` on a tool or folder of a group, `edit` on an item",
        "NOT iif(rows.value ->> 0 = 'Item', rows.value ->> 2 = 'edit', rows.value ->> 2 IN ('add', 'delete'))",
    ),
    reason("kept", Some("F7"), "is for private spaces alone", "CAST(rows.value ->> 5 AS BIGINT) <> 0"),
    // In a group's space, with a right that can be granted there: what is left is whom it is to.
    reason("to", Some("D2"), "is nobody of the group whose space it is", "true"),
];
