//! What would turn a condition: ways, each of them changes that go together.

use super::answer::{Role, Verdict};
use super::atom::{Atom, Grantees, atom};
use super::fact::{Change, Switch};
use super::scene::Scene;
use super::tree::{Kind, Part};
use crate::domain::uid::types;
use crate::domain::{EntityUid, Grantee, GroupId, Right, Space};
use crate::engine::limits::ALTERNATIVES_MAX;
use std::collections::BTreeSet;

/// Changes that go together.
pub(super) type Way = BTreeSet<Change>;

/// Ways to make parts hold that must all hold; none if one of them cannot be turned.
pub(super) fn ways_to_all(parts: &[Part<'_>], scene: &Scene<'_>) -> Vec<Way> {
    together(parts.iter().filter(|part| !part.holds()).map(|part| ways(part, true, scene)))
}

/// Ways to make one of parts not hold that all do.
pub(super) fn ways_to_break(parts: &[Part<'_>], scene: &Scene<'_>) -> Vec<Way> {
    parts.iter().flat_map(|part| ways(part, false, scene)).take(ALTERNATIVES_MAX).collect()
}

/// Ways to make a part hold, or not hold.
fn ways(part: &Part<'_>, hold: bool, scene: &Scene<'_>) -> Vec<Way> {
    match (&part.kind, hold) {
        (Kind::All(parts), true) | (Kind::Any(parts), false) => {
            let is_settled = |part: &&Part<'_>| part.verdict == if hold { Verdict::Holds } else { Verdict::Fails };
            together(parts.iter().filter(|part| !is_settled(part)).map(|part| ways(part, hold, scene)))
        }
        (Kind::Any(parts), true) | (Kind::All(parts), false) => {
            merged(parts.iter().flat_map(|part| ways(part, hold, scene)).collect())
        }
        (Kind::Leaf { expr, negated }, hold) => {
            atom(expr, scene).map(|atom| turn(&atom, hold != *negated, scene)).unwrap_or_default()
        }
    }
}

/// One way out of each, all together.
pub(super) fn together(each: impl Iterator<Item = Vec<Way>>) -> Vec<Way> {
    each.fold(vec![Way::new()], |all, ways| {
        let combined = all.iter().flat_map(|one| ways.iter().map(|other| one.union(other).cloned().collect()));
        combined.take(ALTERNATIVES_MAX).collect()
    })
}

/// The same right on the same places to one or the other is one way.
fn merged(ways: Vec<Way>) -> Vec<Way> {
    let mut merged: Vec<Way> = Vec::new();
    for way in ways {
        if !merged.iter_mut().any(|known| join(known, &way)) {
            merged.push(way);
        }
    }
    merged
}

fn join(known: &mut Way, way: &Way) -> bool {
    let rest =
        |way: &Way| way.iter().filter(|change| !matches!(change, Change::Grant { .. })).cloned().collect::<Way>();
    let grant = |way: &Way| {
        let mut grants = way.iter().filter(|change| matches!(change, Change::Grant { .. }));
        grants.next().cloned().filter(|_| grants.next().is_none())
    };
    let (Some(Change::Grant { right, on, to }), Some(Change::Grant { right: r, on: o, to: t })) =
        (grant(known), grant(way))
    else {
        return known == way;
    };
    if right != r || on != o || rest(known) != rest(way) {
        return false;
    }
    let mut both = to.clone();
    both.extend(t.into_iter().filter(|grantee| !to.contains(grantee)));
    let mut joined = rest(known);
    joined.insert(Change::Grant { right, on, to: both });
    *known = joined;
    true
}

fn turn(atom: &Atom, hold: bool, scene: &Scene<'_>) -> Vec<Way> {
    match (atom, hold) {
        (Atom::InGroups(groups), true) => groups.iter().map(|group| role(Role::Member, group, scene)).collect(),
        (Atom::SharesGroup { with, groups }, true) => {
            vec![Way::from([Change::SharedGroup { with: with.clone(), groups: groups.clone() }])]
        }
        (Atom::CoAdministrates(group), true) => {
            // The administrator is no member, so nobody can appoint them (C1).
            let is_administrator = scene.administrator(group).is_some_and(|user| scene.person() == Some(user));
            if is_administrator { Vec::new() } else { vec![role(Role::CoAdministrator, group, scene)] }
        }
        (Atom::Administrates { group, .. }, true) => vec![role(Role::Administrator, group, scene)],
        (Atom::Administrates { group, .. }, false) => vec![Way::from([Change::HandOver { group: group.clone() }])],
        (Atom::Granted { right, on, to }, true) => grant(*right, on, *to, scene).into_iter().collect(),
        (Atom::IsSet { group, setting }, value) => vec![switched(group, *setting, value, scene)],
        (Atom::Fits { tool, free, size }, true) => {
            vec![Way::from([Change::Room { tool: tool.clone(), free: *free, size: *size }])]
        }
        _ => Vec::new(),
    }
}

/// A role in a group, and first of all a place in it.
fn role(role: Role, group: &GroupId, scene: &Scene<'_>) -> Way {
    let member = Some(Role::Member).filter(|_| !scene.is_in(group));
    let role = Some(role).filter(|role| *role != Role::Member);
    [member, role].into_iter().flatten().map(|role| Change::Role { role, group: group.clone() }).collect()
}

/// A switch and what it needs: nothing is shown of a group that is not published (A7).
fn switched(group: &GroupId, setting: Switch, value: bool, scene: &Scene<'_>) -> Way {
    let set = |setting| Change::Setting { group: group.clone(), setting, value };
    let needs_published = value && setting != Switch::Published && !scene.is_published(group);
    let published = needs_published.then(|| set(Switch::Published));
    published.into_iter().chain([set(setting)]).collect()
}

/// A grant that can be made: of a right that is granted on such places, to those who may be given it.
fn grant(right: Right, on: &EntityUid, to: Grantees, scene: &Scene<'_>) -> Option<Way> {
    let person = scene.person()?;
    let outwards = scene.chain.iter().skip_while(|link| link.resource != *on);
    let outwards = outwards.filter(|link| !link.is_lent).map(|link| &link.resource);
    let mut way = Way::new();
    let (on, groups): (Vec<_>, Vec<GroupId>) = match scene.space()? {
        // D7, and D2: to people of the group or to all of them.
        Space::Group(group) => {
            way.extend(role(Role::Member, &group, scene));
            (outwards.filter(|place| is_granted_in_group(right, place)).cloned().collect(), vec![group])
        }
        Space::Private(owner) if owner == person => return None,
        // S5: to who shares a group with the owner, or to such a group.
        Space::Private(owner) => {
            let others = scene.groups_of(&EntityUid::user(&owner));
            let shared: Vec<_> = others.iter().filter(|group| scene.is_in(group)).cloned().collect();
            if shared.is_empty() {
                way.insert(Change::SharedGroup { with: owner, groups: others });
            }
            (outwards.cloned().collect(), shared)
        }
    };
    let person = (to != Grantees::Groups).then_some(Grantee::User(person));
    let groups = groups.into_iter().filter(|_| to != Grantees::Users).map(Grantee::Group);
    let to: Vec<_> = person.into_iter().chain(groups).collect();
    if on.is_empty() || to.is_empty() {
        return None;
    }
    way.insert(Change::Grant { right, on, to });
    Some(way)
}

fn is_granted_in_group(right: Right, place: &EntityUid) -> bool {
    let is_item = place.type_name == types::ITEM;
    match right {
        Right::Add | Right::Delete => !is_item,
        Right::Edit => is_item,
        Right::View | Right::ViewDetails => false,
    }
}
