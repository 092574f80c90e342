//! Facts that Conclave keeps, as policies ask for them, and the changes that would bring them about.

use super::answer::{Role, reference, references};
use crate::domain::{EntityUid, Grantee, GroupId, Right, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// Something that holds for the principal of a question, or that would have to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fact {
    /// To be in a group.
    Member {
        /// Which.
        group: GroupId,
    },
    /// Not to be in a group.
    Outsider {
        /// Which.
        group: GroupId,
    },
    /// To be in a group together with somebody (M1 to M4).
    SharedGroup {
        /// With whom.
        with: UserId,
        /// Those they share; of a fact that is missing, those that the other is in.
        groups: Vec<GroupId>,
    },
    /// To be the very person that is asked about.
    Oneself,
    /// To own the private space (S4).
    Owner {
        /// Who does.
        owner: UserId,
    },
    /// To be the author (D4).
    Author {
        /// Who is.
        author: UserId,
    },
    /// To administer a group (A2).
    Administrator {
        /// Which.
        group: GroupId,
        /// Who does.
        administrator: UserId,
    },
    /// To be co-administrator of a group (C2, C3).
    CoAdministrator {
        /// Which.
        group: GroupId,
    },
    /// To have been granted a right.
    Grant {
        /// Which.
        right: Right,
        /// Where the grant sits; of a grant that is missing, the place for which it is missing.
        #[serde(serialize_with = "reference")]
        #[schema(value_type = String)]
        on: EntityUid,
        /// To whom it is: the person, or everyone in a group.
        to: Grantee,
    },
    /// That a group is set so (A7).
    Setting {
        /// Which group.
        group: GroupId,
        /// Which of its switches.
        setting: Switch,
        /// On or off.
        value: bool,
    },
    /// That there is room for what is added (P6).
    Room {
        /// Where.
        #[serde(serialize_with = "reference")]
        #[schema(value_type = String)]
        tool: EntityUid,
        /// What is left, in the tool's own unit; below 0 after an accepted handover.
        free: i64,
        /// What is to be added.
        size: i64,
    },
}

/// A switch of a group (A7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Switch {
    /// In the directory.
    Published,
    /// Anyone may join.
    Open,
    /// The directory shows who is in it.
    MembersPublished,
}

/// Something that an administrator, an owner or an operator can bring about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// The principal comes to be in a group, or to have a role there.
    Role {
        /// As what.
        role: Role,
        /// In which.
        group: GroupId,
    },
    /// The principal comes to be in a group with somebody.
    SharedGroup {
        /// With whom.
        with: UserId,
        /// Groups that person is in; none: it takes a new one.
        groups: Vec<GroupId>,
    },
    /// A right is granted: on any of these places, to any of these.
    Grant {
        /// Which right.
        right: Right,
        /// On one of these, the nearest first.
        #[serde(serialize_with = "references")]
        #[schema(value_type = Vec<String>)]
        on: Vec<EntityUid>,
        /// To one of these.
        to: Vec<Grantee>,
    },
    /// A switch of a group is set.
    Setting {
        /// Of which group.
        group: GroupId,
        /// Which switch.
        setting: Switch,
        /// On or off.
        value: bool,
    },
    /// Room is made, or a larger subscription taken, by whoever pays for the tool (P5).
    Room {
        /// Where.
        #[serde(serialize_with = "reference")]
        #[schema(value_type = String)]
        tool: EntityUid,
        /// What is left.
        free: i64,
        /// What is to be added.
        size: i64,
    },
    /// The principal first hands a group over to one of its members (A3).
    HandOver {
        /// Which.
        group: GroupId,
    },
}
