//! Rights that can be granted, and to whom.

use super::id::{GroupId, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a grant allows (rule D7 says where which right can be granted).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "snake_case")]
pub enum Right {
    /// Look at the content.
    View,
    /// In a calendar, look at the details too; includes `view` (M1).
    ViewDetails,
    /// Put something into a tool or folder.
    Add,
    /// Change an item.
    Edit,
    /// Delete what is there.
    Delete,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 5] = [Self::View, Self::ViewDetails, Self::Add, Self::Edit, Self::Delete];

    /// The name in interfaces and in the database: `view_details`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::ViewDetails => "view_details",
            Self::Add => "add",
            Self::Edit => "edit",
            Self::Delete => "delete",
        }
    }

    /// The right with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.name() == name)
    }
}

// Read as a text first: of an enum, JSON also takes an object for a name, and a number for no JSON at all.
impl TryFrom<String> for Right {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::from_name(&name).ok_or("must be `view`, `view_details`, `add`, `edit` or `delete`")
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// To whom a right is granted: `{"user":"…"}` or `{"group":"…"}` (all members, rule D3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grantee {
    /// One person, by name.
    User(UserId),
    /// Everyone in a group, its administrator included.
    Group(GroupId),
}
