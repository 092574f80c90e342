//! What a single condition asks for, in the words of groups; most of what a host's own policies ask is none of these.

use super::fact::{Fact, Switch};
use super::scene::{self, Scene};
use crate::domain::uid::types;
use crate::domain::{EntityUid, Grantee, GroupId, Right, Space, ToolId, ToolKind, UserId};
use cedar_policy_core::ast::{BinaryOp, Expr, ExprKind, Literal, ValueKind, Var};

/// A condition on what Conclave keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Atom {
    /// `principal in` one of these groups.
    InGroups(Vec<GroupId>),
    /// `principal in resource.owner.groups`
    SharesGroup { with: UserId, groups: Vec<GroupId> },
    /// `principal in resource.group.coAdministrators`
    CoAdministrates(GroupId),
    /// `principal == resource.administrator`
    Administrates { group: GroupId, administrator: UserId },
    /// `principal == resource.author`
    Wrote { author: UserId },
    /// `principal == resource.owner`
    Owns { owner: UserId },
    /// `principal == resource`
    IsOneself,
    /// `resource.canAdd.users.contains(principal)`, `principal in resource.canAdd.groups`, `resource has canViewProfile`
    Granted { right: Right, on: EntityUid, to: Grantees },
    /// `resource.published`
    IsSet { group: GroupId, setting: Switch },
    /// `context.size <= resource.quota.free`
    Fits { tool: EntityUid, free: i64, size: i64 },
    /// What a resource is and will always be: `resource has owner`, `resource.toolKind == "calendar"`.
    Nature,
}

/// Which of those whom something is granted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grantees {
    Users,
    Groups,
    Anybody,
}

/// What this condition asks for, in the words of groups; nothing where those are not Conclave's.
pub(super) fn atom(expr: &Expr, scene: &Scene<'_>) -> Option<Atom> {
    match expr.expr_kind() {
        _ if !scene.has_groups => None,
        ExprKind::BinaryApp { op: BinaryOp::In, arg1, arg2 } if is(arg1, Var::Principal) => inside(arg2, scene),
        ExprKind::BinaryApp { op: BinaryOp::Contains, arg1, arg2 } if is(arg2, Var::Principal) => {
            granted(arg1, "users", Grantees::Users, scene)
        }
        ExprKind::BinaryApp { op: BinaryOp::Eq, arg1, arg2 } if is(arg1, Var::Principal) => equal(arg2, scene),
        ExprKind::BinaryApp { op: BinaryOp::Eq, arg1, arg2 } if is(arg2, Var::Principal) => equal(arg1, scene),
        ExprKind::BinaryApp { op: BinaryOp::Eq, arg1, arg2 } => nature(arg1, arg2),
        ExprKind::BinaryApp { op: BinaryOp::LessEq, arg1, arg2 } => fits(arg1, arg2, scene),
        ExprKind::GetAttr { expr, attr } => switch(expr, attr, scene),
        ExprKind::HasAttr { expr, attr } if attr == PROFILE => {
            let on = profile_tool(expr, scene)?;
            Some(Atom::Granted { right: Right::View, on, to: Grantees::Anybody })
        }
        ExprKind::HasAttr { expr, attr } if is(expr, Var::Resource) => {
            matches!(attr.as_str(), "group" | "owner" | "quota").then_some(Atom::Nature)
        }
        ExprKind::Is { .. } => Some(Atom::Nature),
        _ => None,
    }
}

const PROFILE: &str = "canViewProfile";

fn is(expr: &Expr, variable: Var) -> bool {
    matches!(expr.expr_kind(), ExprKind::Var(var) if *var == variable)
}

/// `principal in …`
fn inside(expr: &Expr, scene: &Scene<'_>) -> Option<Atom> {
    scene.person()?;
    if let Some(granted) = granted(expr, "groups", Grantees::Groups, scene) {
        return Some(granted);
    }
    if let Some(uid) = scene.entity(expr) {
        let role = || scene::co_administrators(&uid).map(Atom::CoAdministrates);
        return scene::group(&uid).map(|group| Atom::InGroups(vec![group])).or_else(role);
    }
    let groups = || {
        let mut groups = scene.members(expr)?.iter().map(scene::group).collect::<Option<Vec<_>>>()?;
        groups.sort_unstable();
        Some(groups)
    };
    match expr.expr_kind() {
        ExprKind::GetAttr { expr: holder, attr } if attr == "groups" => {
            let with = scene::user(&scene.entity(holder)?)?;
            Some(Atom::SharesGroup { with, groups: groups()? })
        }
        _ => groups().filter(|groups| !groups.is_empty()).map(Atom::InGroups),
    }
}

/// `principal == …`
fn equal(expr: &Expr, scene: &Scene<'_>) -> Option<Atom> {
    scene.person()?;
    if is(expr, Var::Resource) {
        return Some(Atom::IsOneself);
    }
    let ExprKind::GetAttr { expr: holder, attr } = expr.expr_kind() else { return None };
    let (holder, person) = (scene.entity(holder)?, scene::user(&scene.entity(expr)?)?);
    match (attr.as_str(), holder.type_name.as_str()) {
        ("administrator", types::GROUP) => {
            Some(Atom::Administrates { group: scene::group(&holder)?, administrator: person })
        }
        ("author", types::FOLDER | types::ITEM) => Some(Atom::Wrote { author: person }),
        ("owner", types::TOOL | types::FOLDER | types::ITEM) => Some(Atom::Owns { owner: person }),
        _ => None,
    }
}

/// `resource.canAdd.users` or `.groups`
fn granted(expr: &Expr, holders: &str, to: Grantees, scene: &Scene<'_>) -> Option<Atom> {
    let ExprKind::GetAttr { expr: record, attr } = expr.expr_kind() else { return None };
    let ExprKind::GetAttr { expr: carrier, attr: name } = record.expr_kind() else { return None };
    if attr != holders {
        return None;
    }
    scene.person()?;
    if name == PROFILE {
        return Some(Atom::Granted { right: Right::View, on: profile_tool(carrier, scene)?, to });
    }
    let right = right(name)?;
    let on = scene.entity(carrier)?;
    matches!(on.type_name.as_str(), types::TOOL | types::FOLDER | types::ITEM).then_some(Atom::Granted {
        right,
        on,
        to,
    })
}

fn right(attribute: &str) -> Option<Right> {
    match attribute {
        "canView" => Some(Right::View),
        "canViewDetails" => Some(Right::ViewDetails),
        "canAdd" => Some(Right::Add),
        "canEdit" => Some(Right::Edit),
        "canDelete" => Some(Right::Delete),
        _ => None,
    }
}

/// The tool whose grants say who sees a person's whole profile (M4).
fn profile_tool(person: &Expr, scene: &Scene<'_>) -> Option<EntityUid> {
    let space = Space::Private(scene::user(&scene.entity(person)?)?);
    Some(EntityUid::new(types::TOOL, ToolId { space, kind: ToolKind::new("profile") }.text()))
}

/// `resource.published`
fn switch(holder: &Expr, attribute: &str, scene: &Scene<'_>) -> Option<Atom> {
    let setting = match attribute {
        "published" => Switch::Published,
        "open" => Switch::Open,
        "membersPublished" => Switch::MembersPublished,
        _ => return None,
    };
    Some(Atom::IsSet { group: scene::group(&scene.entity(holder)?)?, setting })
}

/// `context.size <= resource.quota.free`
fn fits(size: &Expr, free: &Expr, scene: &Scene<'_>) -> Option<Atom> {
    let ExprKind::GetAttr { expr: quota, attr } = free.expr_kind() else { return None };
    let quota = scene.entity(quota).filter(|uid| uid.type_name == types::QUOTA && attr == "free")?;
    let number = |expr| match scene.probe.value(expr) {
        Ok(ValueKind::Lit(Literal::Long(number))) => Some(number),
        _ => None,
    };
    Some(Atom::Fits { tool: EntityUid::new(types::TOOL, quota.id), free: number(free)?, size: number(size)? })
}

/// `resource.toolKind == "calendar"`
fn nature(one: &Expr, other: &Expr) -> Option<Atom> {
    let is_kind = |expr: &Expr| match expr.expr_kind() {
        ExprKind::GetAttr { expr, attr } => is(expr, Var::Resource) && attr == "toolKind",
        _ => false,
    };
    (is_kind(one) || is_kind(other)).then_some(Atom::Nature)
}

impl Atom {
    /// The facts by which it holds.
    pub(super) fn facts(&self, scene: &Scene<'_>) -> Vec<Fact> {
        match self {
            Self::InGroups(groups) => {
                let inside = groups.iter().filter(|group| scene.is_in(group));
                inside.map(|group| Fact::Member { group: group.clone() }).collect()
            }
            Self::SharesGroup { with, groups } => {
                let groups = groups.iter().filter(|group| scene.is_in(group)).cloned().collect();
                vec![Fact::SharedGroup { with: with.clone(), groups }]
            }
            Self::Granted { right, on, to } => placed(*right, on, *to, scene),
            other => other.missing(scene),
        }
    }

    /// The facts by any of which it would hold.
    pub(super) fn missing(&self, scene: &Scene<'_>) -> Vec<Fact> {
        match self.clone() {
            Self::InGroups(groups) => groups.into_iter().map(|group| Fact::Member { group }).collect(),
            Self::SharesGroup { with, groups } => vec![Fact::SharedGroup { with, groups }],
            Self::CoAdministrates(group) => vec![Fact::CoAdministrator { group }],
            Self::Administrates { group, administrator } => vec![Fact::Administrator { group, administrator }],
            Self::Wrote { author } => vec![Fact::Author { author }],
            Self::Owns { owner } => vec![Fact::Owner { owner }],
            Self::IsOneself => vec![Fact::Oneself],
            Self::Granted { right, on, .. } => {
                let to = scene.person().map(Grantee::User);
                to.map(|to| Fact::Grant { right, on, to }).into_iter().collect()
            }
            Self::IsSet { group, setting } => vec![Fact::Setting { group, setting, value: true }],
            Self::Fits { tool, free, size } => vec![Fact::Room { tool, free, size }],
            Self::Nature => Vec::new(),
        }
    }

    /// The facts by which it does not hold, or by any of which it would not. Of most, that they do not hold is no
    /// fact that could be told as one.
    pub(super) fn facts_not(&self) -> Vec<Fact> {
        match self.clone() {
            Self::InGroups(groups) => groups.into_iter().map(|group| Fact::Outsider { group }).collect(),
            Self::IsSet { group, setting } => vec![Fact::Setting { group, setting, value: false }],
            Self::Fits { tool, free, size } => vec![Fact::Room { tool, free, size }],
            _ => Vec::new(),
        }
    }
}

/// The grants of a right that reach the principal on a place, where they sit (D6).
fn placed(right: Right, on: &EntityUid, to: Grantees, scene: &Scene<'_>) -> Vec<Fact> {
    let outwards = scene.chain.iter().skip_while(|link| link.resource != *on);
    let is_wanted = |grantee: &Grantee| {
        scene.reaches(grantee)
            && match grantee {
                Grantee::User(_) => to != Grantees::Groups,
                Grantee::Group(_) => to != Grantees::Users,
            }
    };
    let mut facts = Vec::new();
    for link in outwards {
        let granted = link.grants.iter().filter(|(granted, to)| *granted == right && is_wanted(to));
        facts.extend(granted.map(|(right, to)| Fact::Grant {
            right: *right,
            on: link.resource.clone(),
            to: to.clone(),
        }));
    }
    facts
}
