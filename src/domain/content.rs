//! Where content lives: spaces, their tools, folders and items.

use super::id::{FolderId, GroupId, ItemId, UserId};
use super::uid::{EntityUid, types};
use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, format_smolstr};
use std::fmt;
use thiserror::Error;

/// How many folders may lie in each other: a bound for every walk along a folder chain.
pub const FOLDER_DEPTH_MAX: usize = 64;

/// A kind of tool, such as `documents` or `calendar`; which kinds exist is configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToolKind(SmolStr);

impl ToolKind {
    /// A kind by its name. Whether it is configured is the caller's question.
    #[must_use]
    pub fn new(name: impl Into<SmolStr>) -> Self {
        Self(name.into())
    }

    /// The kind's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ToolKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place where content lives (rule S1): one per group, and a private one per user.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Space {
    /// The space of a group.
    Group(GroupId),
    /// The private space of a user.
    Private(UserId),
}

/// A tool of a space. Written `group:GROUP/KIND` or `user:USER/KIND`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ToolId {
    /// Whose tool it is.
    pub space: Space,
    /// What kind of tool it is.
    pub kind: ToolKind,
}

/// Why a text names no tool.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no tool: a tool is written `group:GROUP/KIND` or `user:USER/KIND`")]
pub struct ToolIdError(String);

impl ToolId {
    /// Reads `group:sales/documents` or `user:director/calendar`.
    ///
    /// # Errors
    /// [`ToolIdError`] for any other form.
    pub fn parse(text: &str) -> Result<Self, ToolIdError> {
        let error = || ToolIdError(text.to_owned());
        let (space, rest) = text.split_once(':').ok_or_else(error)?;
        let (id, kind) = rest.split_once('/').ok_or_else(error)?;
        if kind.is_empty() || kind.contains('/') {
            return Err(error());
        }
        let space = match space {
            "group" => Space::Group(GroupId::new(id).map_err(|_| error())?),
            "user" => Space::Private(UserId::new(id).map_err(|_| error())?),
            _ => return Err(error()),
        };
        Ok(Self { space, kind: ToolKind::new(kind) })
    }

    /// The id as it stands in the database and in entity references.
    #[must_use]
    pub fn text(&self) -> SmolStr {
        match &self.space {
            Space::Group(group) => format_smolstr!("group:{group}/{}", self.kind),
            Space::Private(user) => format_smolstr!("user:{user}/{}", self.kind),
        }
    }
}

impl fmt::Display for ToolId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Something with access rights: a tool, a folder or an item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContentRef {
    /// A tool.
    Tool(ToolId),
    /// A folder.
    Folder(FolderId),
    /// An item.
    Item(ItemId),
}

/// Why an entity reference names no content.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ContentError {
    /// Another type than the three.
    #[error("must be a Tool, a Folder or an Item, not a `{0}`")]
    Type(SmolStr),
    /// A tool's id of another form.
    #[error(transparent)]
    Tool(#[from] ToolIdError),
    /// An id that no folder or item can have.
    #[error("the id {0}")]
    Id(#[from] super::id::IdError),
}

impl ContentRef {
    /// The entity it is to Cedar.
    #[must_use]
    pub fn uid(&self) -> EntityUid {
        match self {
            Self::Tool(tool) => EntityUid::new(types::TOOL, tool.text()),
            Self::Folder(folder) => EntityUid::new(types::FOLDER, folder.text()),
            Self::Item(item) => EntityUid::new(types::ITEM, item.text()),
        }
    }
}

impl TryFrom<&EntityUid> for ContentRef {
    type Error = ContentError;

    fn try_from(uid: &EntityUid) -> Result<Self, ContentError> {
        match uid.type_name.as_str() {
            types::TOOL => Ok(Self::Tool(ToolId::parse(&uid.id)?)),
            types::FOLDER => Ok(Self::Folder(FolderId::new(uid.id.clone())?)),
            types::ITEM => Ok(Self::Item(ItemId::new(uid.id.clone())?)),
            _ => Err(ContentError::Type(uid.type_name.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_ids_read_back() {
        for text in ["group:sales/documents", "user:director/calendar", "group:a:b/c", "user:ü \"/x"] {
            assert_eq!(ToolId::parse(text).map(|id| id.text()).as_deref(), Ok(text));
        }
        for text in ["", "sales/documents", "group:sales", "group:/documents", "group:a/", "group:a/b/c", "role:a/b"] {
            assert!(ToolId::parse(text).is_err(), "{text}");
        }
    }
}
