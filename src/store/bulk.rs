//! Everything out as lines of JSON, and everything in again.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `export` | one query per kind of line, in the order in which they depend on each other |
//! | `import`, `insert`, `refusal` | many rows in one statement; why one of them is refused |

mod export;
mod import;
mod insert;
mod refusal;

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
    /// The id of a user or group that was deleted.
    Tombstone,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Self; 9] = [
        Self::Subscription,
        Self::User,
        Self::Group,
        Self::Member,
        Self::Folder,
        Self::Item,
        Self::Grant,
        Self::Invitation,
        Self::Tombstone,
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
            Self::Tombstone => "tombstone",
        }
    }

    /// The kind with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
