//! What the store knows about one entity: the raw material of a slice.
//!
//! Facts carry everything a decision about the entity may rest on, already joined over the folder
//! chain (rule D6), so that the slice needs no further query to make a Cedar entity of them.

use super::content::{Space, ToolId, ToolKind};
use super::context::Value;
use super::decision::Revision;
use super::id::{FolderId, GroupId, SubscriptionId, UserId};
use super::right::{Grantee, Right};
use super::uid::EntityUid;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// An entity that a decision needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which entity.
    pub uid: EntityUid,
    /// Which of the entities that its attributes name come with it, in the same statement.
    pub neighbours: Neighbours,
    /// Who keeps the entities of the built-in types.
    pub keeper: Keeper,
}

/// Who keeps the entities whose types are called as the built-in ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Keeper {
    /// Conclave itself.
    #[default]
    Conclave,
    /// The host, as it keeps those of all other types: the schema is not one of groups.
    Host,
}

/// A set of attributes whose entities are wanted too. Those that an entity does not have count for
/// nothing: the owner of what lies in a group's space, say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Neighbours(u8);

impl Neighbours {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// The group in whose space content lies.
    pub const GROUP: Self = Self(1);
    /// The tool that a folder or an item lies in.
    pub const TOOL: Self = Self(1 << 1);
    /// The person in whose private space content lies.
    pub const OWNER: Self = Self(1 << 2);
    /// Who added a folder or an item.
    pub const AUTHOR: Self = Self(1 << 3);
    /// The quota of the tool that content is or lies in.
    pub const QUOTA: Self = Self(1 << 4);
    /// The administrator of a group.
    pub const ADMINISTRATOR: Self = Self(1 << 5);
    /// All of them.
    pub const ALL: Self = Self((1 << 6) - 1);

    /// What is in either.
    #[must_use]
    pub const fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// What is in both.
    #[must_use]
    pub const fn among(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Whether all of `others` are in it.
    #[must_use]
    pub const fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// A number for each set, of the lowest bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }
}

/// Entities as they were at one revision.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// The revision all of them belong to.
    pub revision: Revision,
    /// Each entity asked for, in that order, then the neighbours asked for; `None` is an entity that
    /// the store does not hold, an author who was deleted say. No entity stands here twice.
    pub entities: Vec<(EntityUid, Option<Facts>)>,
}

/// What the store knows about one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facts {
    /// A person.
    User(UserFacts),
    /// A group.
    Group(GroupFacts),
    /// What is left of a tool's capacity.
    Quota(QuotaFacts),
    /// A tool, a folder or an item.
    Content(ContentFacts),
    /// An entity of the host's own.
    Host(HostFacts),
}

/// What the host says of an entity: all there is of one of its own, more of one that Conclave keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// Attributes, as the host wrote them.
    pub attributes: BTreeMap<SmolStr, Value>,
    /// Tags, as the host wrote them.
    pub tags: BTreeMap<SmolStr, Value>,
    /// All that it is in because of what the host says of it, or of what Conclave puts it in, however far up; sorted.
    pub ancestors: Vec<EntityUid>,
}

/// A person, as far as decisions go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFacts {
    /// Groups the person is in, as administrator or member; sorted.
    pub groups: Vec<GroupId>,
    /// Those of them in which the person is co-administrator; sorted.
    pub co_administers: Vec<GroupId>,
    /// To whom the person granted `view` on their profile tool (M4); sorted.
    pub profile_viewers: Vec<Grantee>,
    /// What the host says besides.
    pub host: HostFacts,
}

/// A group, as far as decisions go. No counters: a join must not disturb other decisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFacts {
    /// The one administrator (A2).
    pub administrator: UserId,
    /// In the directory.
    pub published: bool,
    /// Anyone may join.
    pub open: bool,
    /// The directory shows who is in it.
    pub members_published: bool,
    /// What the host says besides.
    pub host: HostFacts,
}

/// A tool's capacity and how much of it is used, in the tool's own unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaFacts {
    /// How much the content takes.
    pub used: i64,
    /// How much it may take; `None` is without limit.
    pub capacity: Option<i64>,
    /// Whose subscription pays: the owner, or the group's administrator (P5).
    pub payer: UserId,
    /// That subscription.
    pub subscription: SubscriptionId,
}

/// What kind of content it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentKind {
    /// A tool: the root of a folder chain.
    Tool,
    /// A folder.
    Folder,
    /// An item.
    Item,
}

/// A tool, a folder or an item with everything that its place gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentFacts {
    /// Tool, folder or item.
    pub kind: ContentKind,
    /// The tool it is or lies in.
    pub tool: ToolId,
    /// Folders it lies in, nearest first, itself not included; empty directly in a tool.
    pub folders: Vec<FolderId>,
    /// Who added it, stored or deleted since (P7); `None` for tools alone.
    pub author: Option<UserId>,
    /// Grants on itself, on each of `folders` and on the tool (D6); no duplicates, sorted.
    pub grants: Vec<(Right, Grantee)>,
    /// What the host says besides.
    pub host: HostFacts,
}

/// One place of a folder chain, and the grants that sit on it itself: for explanations. Decisions take
/// the grants joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The item, folder or tool.
    pub resource: EntityUid,
    /// Grants on it alone; sorted.
    pub grants: Vec<(Right, Grantee)>,
    /// Whether it is there for one request alone, so that nothing can be granted on it.
    pub is_lent: bool,
}

impl ContentFacts {
    /// The space it lies in.
    #[must_use]
    pub const fn space(&self) -> &Space {
        &self.tool.space
    }

    /// The kind of tool it lies in.
    #[must_use]
    pub const fn tool_kind(&self) -> &ToolKind {
        &self.tool.kind
    }
}
