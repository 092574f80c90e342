//! The fields of each kind of line, and what may be left out.

use crate::domain::group::Activity;
use crate::domain::{EntityRecord, FolderId, Grantee, GroupId, InvitationId, ItemId, Right, SubscriptionId, UserId};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

macro_rules! record {
    ($name:ident { $($(#[$meta:meta])* $field:ident: $type:ty),* $(,)? }) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            #[serde(rename = "type")]
            _type: IgnoredAny,
            $($(#[$meta])* pub(super) $field: $type,)*
        }
    };
}

record!(Format { version: u32 });
record!(Subscription {
    id: SubscriptionId,
    #[serde(default)]
    max_groups: Option<u64>,
    #[serde(default)]
    max_members: Option<u64>,
    #[serde(default)]
    capacities: BTreeMap<String, u64>,
});
record!(User {
    id: UserId,
    username: String,
    #[serde(default)]
    last_name: Option<String>,
    #[serde(default)]
    first_name: Option<String>,
    #[serde(default)]
    organization: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    picture: Option<String>,
    #[serde(default)]
    language: Option<String>,
    subscription: SubscriptionId,
});
record!(Group {
    id: GroupId,
    name: String,
    administrator: UserId,
    #[serde(default)]
    full_name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    activity: Option<Activity>,
    #[serde(default)]
    sector: Option<String>,
    #[serde(default)]
    published: bool,
    #[serde(default)]
    members_published: bool,
    #[serde(default)]
    open: bool,
    created_ms: i64,
});
record!(Member {
    group: GroupId,
    user: UserId,
    #[serde(default)]
    co_administrator: bool,
    since_ms: i64,
});
record!(Folder {
    id: FolderId,
    parent: Parent,
    #[serde(default)]
    name: Option<String>,
    author: UserId,
});
record!(Item {
    id: ItemId,
    parent: Parent,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    author: UserId,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    contact: Option<NewContact>,
});
record!(Grant {
    resource: Resource,
    right: Right,
    to: Grantee,
    #[serde(default)]
    kept: bool,
});
record!(Invitation {
    id: InvitationId,
    group: GroupId,
    #[serde(default)]
    user: Option<UserId>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    first_name: Option<String>,
    #[serde(default)]
    last_name: Option<String>,
    token_hash: String,
    state: String,
    #[serde(default)]
    accepted_by: Option<UserId>,
    created_ms: i64,
    expires_ms: i64,
});
record!(JoinRequest {
    id: InvitationId,
    group: GroupId,
    user: UserId,
    message: String,
    created_ms: i64,
    #[serde(default)]
    closed_ms: Option<i64>,
});
record!(Tombstone { of: Buried, id: UserId });
record!(Entity { entity: EntityRecord });

/// Where a folder or item lies directly.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Parent {
    Tool(String),
    Folder(FolderId),
}

impl Parent {
    pub(super) fn columns(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Tool(tool) => (Some(tool), None),
            Self::Folder(folder) => (None, Some(folder.as_str())),
        }
    }
}

/// What carries a grant.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Resource {
    Tool(String),
    Folder(FolderId),
    Item(ItemId),
}

/// Whom an item of a contacts tool stands for (A9).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewContact {
    #[serde(default)]
    pub(super) user: Option<UserId>,
    #[serde(default)]
    pub(super) email: Option<String>,
    #[serde(default)]
    pub(super) first_name: Option<String>,
    #[serde(default)]
    pub(super) last_name: Option<String>,
}

/// Whose id is never used again.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Buried {
    User,
    Group,
}
