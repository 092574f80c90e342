//! What an explanation says: values that serialize as they are answered.

use super::{Change, Fact};
use crate::domain::facts::Link;
use crate::domain::{EntityUid, Grantee, GroupId, Right};
use serde::{Serialize, Serializer};
use smol_str::SmolStr;
use utoipa::ToSchema;

/// Why a question is decided as it is, and what would have to be otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Explanation {
    /// Principal or resource, of a type that Conclave keeps, that is not stored: denied before any policy is asked.
    #[serde(serialize_with = "references")]
    #[schema(value_type = Vec<String>)]
    pub not_stored: Vec<EntityUid>,
    /// Where the principal belongs.
    pub groups: Vec<Membership>,
    /// The resource and what it lies in, outwards to its tool, each with those grants on it that reach the principal;
    /// of a person, the profile tool if there are such grants on it (M4).
    pub chain: Vec<Place>,
    /// The policies that decide: permits that hold for an Allow, forbids that hold for a Deny.
    pub determining: Vec<ExplainedPolicy>,
    /// Policies that could not be evaluated. A forbid among them denies.
    pub failed: Vec<ExplainedPolicy>,
    /// For a Deny, the permits of this kind of question, those that came closest first.
    pub closest: Vec<ExplainedPolicy>,
    /// For a Deny, what would make it an Allow; each of these by itself, the shortest first. Each was tried out.
    pub would_allow: Vec<Suggestion>,
}

/// A group that the principal is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Membership {
    /// Which.
    pub group: GroupId,
    /// As what.
    pub role: Role,
}

/// What somebody is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// In it.
    Member,
    /// A member who helps with content and access (C2, C3).
    CoAdministrator,
    /// Manages it (A2).
    Administrator,
}

/// One place of the folder chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Place {
    /// The item, folder or tool.
    #[serde(serialize_with = "reference")]
    #[schema(value_type = String)]
    pub resource: EntityUid,
    /// The grants on it alone that are to the principal or to a group they are in.
    pub grants: Vec<PlacedGrant>,
}

/// A grant that sits on a place of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlacedGrant {
    /// What it allows.
    pub right: Right,
    /// To whom: one person, or everyone in a group.
    pub to: Grantee,
}

/// A policy, and how the question stands to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExplainedPolicy {
    /// Its `@id`.
    #[schema(value_type = String)]
    pub id: SmolStr,
    /// Its `@rule`, if it has one.
    #[schema(value_type = Option<String>, required)]
    pub rule: Option<SmolStr>,
    /// `permit` or `forbid`.
    pub effect: PolicyEffect,
    /// The comment above it, on one line; may be empty.
    pub comment: String,
    /// The file it stands in.
    pub file: String,
    /// Its first line, from 1.
    pub line: usize,
    /// Its last line.
    pub last_line: usize,
    /// Its text, annotations included.
    pub text: String,
    /// What it asks for beyond its scope, each part by itself: it applies if all of them hold.
    pub conditions: Vec<Condition>,
    /// The facts by which those hold that do, as far as they are facts that Conclave keeps.
    pub facts: Vec<StatedFact>,
}

/// What a policy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyEffect {
    /// It allows, unless something forbids.
    Permit,
    /// It denies, whatever else holds.
    Forbid,
}

/// One part of what a policy asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Condition {
    /// In Cedar's words.
    pub text: String,
    /// Where it stands in the policy's file, from 1; none for a part of the scope.
    #[schema(required)]
    pub line: Option<usize>,
    /// Whether it holds.
    pub result: Verdict,
    /// Why it could not be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What it looked at.
    pub values: Vec<Seen>,
    /// Any of these facts would make it hold, as far as facts that Conclave keeps could.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<StatedFact>,
}

/// What came of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// True.
    Holds,
    /// False.
    Fails,
    /// Its evaluation failed.
    Error,
    /// It makes no sense here, as a condition before it fails.
    NotReached,
}

/// A value that a condition looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Seen {
    /// `resource.group`
    pub path: String,
    /// As Cedar writes it; `null` if there is none.
    #[schema(required)]
    pub value: Option<String>,
    /// What the entity is in, where a condition asks that.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub inside: Option<Vec<String>>,
}

/// A fact, and the same in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatedFact {
    /// As data.
    #[serde(flatten)]
    pub fact: Fact,
    /// In words.
    pub text: String,
}

/// One way to an Allow: all of `changes` together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Suggestion {
    /// What would have to change, all of it.
    pub changes: Vec<Change>,
    /// The same in words.
    pub text: String,
    /// The policies that would then allow.
    #[schema(value_type = Vec<String>)]
    pub by: Vec<SmolStr>,
}

impl Place {
    /// The place with those of its grants that `reach` lets through.
    pub(super) fn of(link: &Link, reach: impl Fn(&Grantee) -> bool) -> Self {
        let reaching = link.grants.iter().filter(|(_, to)| reach(to));
        let grants = reaching.map(|(right, to)| PlacedGrant { right: *right, to: to.clone() }).collect();
        Self { resource: link.resource.clone(), grants }
    }
}

/// `Folder::"races"`
pub(super) fn reference<S: Serializer>(uid: &EntityUid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(uid)
}

pub(super) fn references<S: Serializer>(uids: &[EntityUid], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(uids.iter().map(ToString::to_string))
}
