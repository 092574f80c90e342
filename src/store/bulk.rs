//! Everything out as lines of JSON, and everything in again.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `export` | one query per kind of line, in the order in which they depend on each other |
//! | `import`, `insert`, `refusal` | many rows in one statement; why one of them is refused |
//! | `items` | the same for items, the most of them |

mod export;
mod import;
mod insert;
pub mod items;
mod refusal;

/// Of a row of `grants`: whether the owner of its tool shares a group with the grantee, or is in that group.
macro_rules! shared {
    () => {
        "EXISTS (
            WITH belongs (user_id, group_id) AS (
                SELECT members.user_id, members.group_id FROM members
                UNION ALL SELECT groups.administrator, groups.id FROM groups)
            SELECT 1 FROM tools JOIN belongs AS owners ON owners.user_id = tools.owner
            WHERE tools.key = grants.tool AND CASE grantee_type
                WHEN 'Group' THEN owners.group_id = grantee
                ELSE EXISTS (SELECT 1 FROM belongs WHERE belongs.user_id = grantee
                             AND belongs.group_id = owners.group_id) END)"
    };
}
pub(in crate::store) use shared;

pub use import::{Progress, Spaces};
pub use refusal::Refused;

/// What a line is about, in the order of an export: what comes later refers to what comes before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A plan and its limits.
    Subscription,
    /// A person; the private space comes with it (S1).
    User,
    /// A group; its space comes with it (S1).
    Group,
    /// A member of a group, co-administrator or not.
    Member,
    /// A folder, after the one it lies in.
    Folder,
    /// An item.
    Item,
    /// A right.
    Grant,
    /// An invitation, with the hash of its token.
    Invitation,
    /// A request to be let into a closed group.
    JoinRequest,
    /// The id of a user or group that was deleted.
    Tombstone,
    /// What the host says of an entity.
    Entity,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Self; 11] = [
        Self::Subscription,
        Self::User,
        Self::Group,
        Self::Member,
        Self::Folder,
        Self::Item,
        Self::Grant,
        Self::Invitation,
        Self::JoinRequest,
        Self::Tombstone,
        Self::Entity,
    ];

    /// The value of `type` in a line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subscription => "subscription",
            Self::User => "user",
            Self::Group => "group",
            Self::Member => "member",
            Self::Folder => "folder",
            Self::Item => "item",
            Self::Grant => "grant",
            Self::Invitation => "invitation",
            Self::JoinRequest => "join_request",
            Self::Tombstone => "tombstone",
            Self::Entity => "entity",
        }
    }

    /// The kind with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
