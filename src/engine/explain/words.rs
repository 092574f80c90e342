//! Facts and changes in English, for people who look into decisions.

use super::answer::Role;
use super::fact::{Change, Fact, Switch};
use crate::domain::{EntityUid, Grantee, GroupId};
use std::fmt::Display;

/// A fact as a condition asks for it, whether or not that holds: what a `!` is before is told as if it were not.
pub(super) fn fact(fact: &Fact, holds: bool, principal: &EntityUid) -> String {
    let who = format!("`{}`", principal.id);
    let is = if holds { "is" } else { "is not" };
    match fact {
        Fact::Member { group } => format!("{who} {is} in the group `{group}`"),
        Fact::Outsider { group } if holds => format!("{who} is in the group `{group}` already"),
        Fact::Outsider { group } => format!("{who} is not in the group `{group}`"),
        Fact::SharedGroup { with, groups } => {
            let share = if holds { "is" } else { "is in none of the groups of" };
            let groups = list(groups.iter(), "and");
            match (holds, groups.is_empty()) {
                (true, _) => format!("{who} {share} in the group {groups} together with `{with}`"),
                (false, true) => format!("{who} {share} `{with}`, who is in no group"),
                (false, false) => format!("{who} {share} `{with}`: {groups}"),
            }
        }
        Fact::Oneself => format!("{who} {is} the person asked about"),
        Fact::Owner { owner } => format!("{who} {is} the owner{}", unless(holds, owner)),
        Fact::Author { author } => format!("{who} {is} the author{}", unless(holds, author)),
        Fact::Administrator { group, administrator } => {
            format!("{who} {is} the administrator of the group `{group}`{}", unless(holds, administrator))
        }
        Fact::CoAdministrator { group } => format!("{who} {is} co-administrator of the group `{group}`"),
        Fact::Grant { right, on, to } if holds => {
            format!("{} was granted `{right}` on {on}", grantee(to))
        }
        Fact::Grant { right, on, .. } => format!("no grant of `{right}` that holds for {on} reaches {who}"),
        Fact::Setting { group, setting, value } => {
            let is = if holds == *value { "is" } else { "is not" };
            format!("the group `{group}` {is} {}", state(*setting, *value))
        }
        Fact::Room { tool, free, size } => {
            let has = if holds { "has" } else { "has no" };
            format!("{tool} {has} room for {size}: {free} is free")
        }
    }
}

/// What would have to change, all of it.
pub(super) fn way<'a>(changes: impl IntoIterator<Item = &'a Change>, principal: &EntityUid) -> String {
    changes.into_iter().map(|one| change(one, principal)).collect::<Vec<_>>().join(", and ")
}

fn change(change: &Change, principal: &EntityUid) -> String {
    let who = &principal.id;
    match change {
        Change::Role { role: Role::Member, group } => format!("`{who}` in the group `{group}`"),
        Change::Role { role: Role::CoAdministrator, group } => {
            format!("`{who}` as co-administrator of the group `{group}`")
        }
        Change::Role { role: Role::Administrator, group } => format!("`{who}` as administrator of the group `{group}`"),
        Change::SharedGroup { with, groups } if groups.is_empty() => {
            format!("a group with both `{who}` and `{with}` in it")
        }
        Change::SharedGroup { with, groups } => {
            format!("`{who}` in a group together with `{with}`, who is in {}", list(groups.iter(), "and"))
        }
        Change::Grant { right, on, to } => {
            let to: Vec<_> = to.iter().map(grantee).collect();
            format!("{} `{right}` grant {} to {}", article(right.name()), places(on), to.join(" or to "))
        }
        Change::Setting { group, setting, value } => format!("the group `{group}` {}", state(*setting, *value)),
        Change::Room { tool, free, size } => format!("room in {tool}, where {free} is free and {size} is to be added"),
        Change::HandOver { group } => format!("the group `{group}` handed over to one of its members"),
    }
}

/// The nearest place, and how far upwards the others are.
fn places(on: &[EntityUid]) -> String {
    match on {
        [] => String::new(),
        [one] => format!("on {one}"),
        [nearest, .., tool] => format!("on {nearest} or above, up to {tool},"),
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

fn grantee(to: &Grantee) -> String {
    match to {
        Grantee::User(user) => format!("`{user}`"),
        Grantee::Group(group) => format!("everyone in the group `{group}`"),
    }
}

fn unless(holds: bool, who: &impl Display) -> String {
    if holds { String::new() } else { format!(", who is `{who}`") }
}

fn state(setting: Switch, value: bool) -> &'static str {
    match (setting, value) {
        (Switch::Published, true) => "published in the directory",
        (Switch::Published, false) => "left out of the directory",
        (Switch::Open, true) => "open to anyone",
        (Switch::Open, false) => "closed",
        (Switch::MembersPublished, true) => "published with its members",
        (Switch::MembersPublished, false) => "published without its members",
    }
}

fn list<'a>(groups: impl Iterator<Item = &'a GroupId>, last: &str) -> String {
    let names: Vec<_> = groups.map(|group| format!("`{group}`")).collect();
    match names.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        _ => names.concat(),
    }
}
