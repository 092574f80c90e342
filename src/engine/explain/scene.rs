//! The question and its entities, asked for what the groups' own words mean: who is in what, whose is what.

use crate::cedar;
use crate::domain::facts::Link;
use crate::domain::uid::types;
use crate::domain::{DecisionRequest, EntityUid, Grantee, GroupId, Space, ToolId, UserId};
use crate::engine::program::Probe;
use cedar_policy_core::ast::{EntityUID, Expr, Literal, PartialValue, ValueKind};
use cedar_policy_core::entities::{Dereference, Entities};

/// What conditions are explained by.
pub(super) struct Scene<'a> {
    pub probe: Probe<'a>,
    pub entities: &'a Entities,
    pub request: &'a DecisionRequest,
    /// Whether Conclave keeps the built-in types; else they are the host's own, whatever they are called.
    pub has_groups: bool,
    /// The resource and what it lies in, outwards; of a person, their profile tool. Empty for everything else.
    pub chain: &'a [Link],
}

impl Scene<'_> {
    /// The principal, if it is a person that Conclave could keep.
    pub(super) fn person(&self) -> Option<UserId> {
        user(&self.request.principal)
    }

    /// The entity that an expression is.
    pub(super) fn entity(&self, expr: &Expr) -> Option<EntityUid> {
        match self.probe.value(expr) {
            Ok(ValueKind::Lit(Literal::EntityUID(uid))) => Some(cedar::domain_uid(&uid)),
            _ => None,
        }
    }

    /// The entities that a set is made of.
    pub(super) fn members(&self, expr: &Expr) -> Option<Vec<EntityUid>> {
        match self.probe.value(expr) {
            Ok(ValueKind::Set(set)) => set.iter().map(|value| reference(value.value_kind())).collect(),
            _ => None,
        }
    }

    /// The groups that an entity is in, sorted.
    pub(super) fn groups_of(&self, uid: &EntityUid) -> Vec<GroupId> {
        let mut groups: Vec<_> = self.ancestors(uid).iter().filter_map(group).collect();
        groups.sort_unstable();
        groups
    }

    /// The groups whose co-administrators' role it holds, sorted.
    pub(super) fn co_administers(&self, uid: &EntityUid) -> Vec<GroupId> {
        let mut groups: Vec<_> = self.ancestors(uid).iter().filter_map(co_administrators).collect();
        groups.sort_unstable();
        groups
    }

    pub(super) fn is_in(&self, group: &GroupId) -> bool {
        self.groups_of(&self.request.principal).contains(group)
    }

    /// Who administers a group, if that is known here.
    pub(super) fn administrator(&self, group: &GroupId) -> Option<UserId> {
        user(&reference(self.attribute(&EntityUid::group(group), "administrator")?)?)
    }

    /// Whether a group is known to be in the directory.
    pub(super) fn is_published(&self, group: &GroupId) -> bool {
        matches!(self.attribute(&EntityUid::group(group), "published"), Some(ValueKind::Lit(Literal::Bool(true))))
    }

    fn attribute(&self, uid: &EntityUid, name: &str) -> Option<&ValueKind> {
        let Dereference::Data(entity) = self.entities.entity(&cedar::uid(uid).ok()?) else { return None };
        match entity.get(name)? {
            PartialValue::Value(value) => Some(value.value_kind()),
            PartialValue::Residual(_) => None,
        }
    }

    /// Whether a grant to this grantee reaches the principal.
    pub(super) fn reaches(&self, to: &Grantee) -> bool {
        match to {
            Grantee::User(user) => EntityUid::user(user) == self.request.principal,
            Grantee::Group(group) => self.is_in(group),
        }
    }

    /// The space that the chain lies in.
    pub(super) fn space(&self) -> Option<Space> {
        let tool = self.chain.last().filter(|link| link.resource.type_name == types::TOOL)?;
        ToolId::parse(&tool.resource.id).ok().map(|tool| tool.space)
    }

    fn ancestors(&self, uid: &EntityUid) -> Vec<EntityUid> {
        let Ok(uid) = cedar::uid(uid) else { return Vec::new() };
        match self.entities.entity(&uid) {
            Dereference::Data(entity) => entity.ancestors().map(|uid: &EntityUID| cedar::domain_uid(uid)).collect(),
            _ => Vec::new(),
        }
    }
}

fn reference(value: &ValueKind) -> Option<EntityUid> {
    match value {
        ValueKind::Lit(Literal::EntityUID(uid)) => Some(cedar::domain_uid(uid)),
        _ => None,
    }
}

/// The person that an entity is.
pub(super) fn user(uid: &EntityUid) -> Option<UserId> {
    (uid.type_name == types::USER).then(|| UserId::new(uid.id.clone()).ok())?
}

/// The group that an entity is.
pub(super) fn group(uid: &EntityUid) -> Option<GroupId> {
    (uid.type_name == types::GROUP).then(|| GroupId::new(uid.id.clone()).ok())?
}

/// The group whose co-administrators' role an entity is.
pub(super) fn co_administrators(uid: &EntityUid) -> Option<GroupId> {
    let group = uid.id.strip_suffix("/co-administrators").filter(|_| uid.type_name == types::ROLE)?;
    GroupId::new(group).ok()
}
