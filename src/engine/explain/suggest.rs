//! From what failed to what would allow: every way is tried out before it is said.

use super::answer::{Role, Suggestion};
use super::fact::{Change, Switch};
use super::remedy::{self, Way, together, ways_to_all};
use super::scene::Scene;
use super::suppose::suppose;
use super::tree::Part;
use super::words;
use crate::domain::{Decision, Outcome};
use crate::engine::limits::{SUGGESTIONS_MAX, SUPPOSITIONS_MAX};
use std::collections::BTreeSet;

/// What would make an Allow of a Deny: a permit that holds, and no forbid.
///
/// `decide` is the decision itself, over other entities.
pub(super) fn suggestions<'a>(
    permits: impl Iterator<Item = &'a [Part<'a>]>,
    forbids: impl Iterator<Item = &'a [Part<'a>]>,
    scene: &Scene<'_>,
    decide: impl Fn(&crate::cedar::Entities) -> Outcome,
) -> Vec<Suggestion> {
    let lifted = together(forbids.map(|parts| remedy::ways_to_break(parts, scene)));
    let thought: BTreeSet<Way> =
        permits.flat_map(|parts| together([ways_to_all(parts, scene), lifted.clone()].into_iter())).collect();
    let mut thought: Vec<Way> = thought.into_iter().filter(|way| !way.is_empty()).collect();
    thought.sort_by_key(effort);
    let mut found: Vec<(Way, Outcome)> = Vec::new();
    for way in thought.into_iter().take(SUPPOSITIONS_MAX) {
        if found.len() >= SUGGESTIONS_MAX {
            break;
        }
        if let Some((way, outcome)) = tried(&way, scene, &decide) {
            found.retain(|(longer, _)| !longer.is_superset(&way) || *longer == way);
            if !found.iter().any(|(shorter, _)| shorter.is_subset(&way)) {
                found.push((way, outcome));
            }
        }
    }
    found.sort_by_key(|(way, _)| effort(way));
    found.into_iter().map(|(way, outcome)| suggestion(way, outcome, scene)).collect()
}

fn suggestion(way: Way, outcome: Outcome, scene: &Scene<'_>) -> Suggestion {
    let text = words::way(&way, &scene.request.principal);
    Suggestion { changes: way.into_iter().collect(), text, by: outcome.reasons }
}

fn effort(way: &Way) -> (usize, Option<u8>) {
    (way.len(), way.iter().map(rank).max())
}

/// How much a change is to ask for: of two ways of the same length the lesser one comes first.
const fn rank(change: &Change) -> u8 {
    match change {
        Change::Role { role: Role::Member, .. } | Change::Room { .. } => 0,
        Change::Grant { .. } | Change::SharedGroup { .. } => 1,
        Change::Role { role: Role::CoAdministrator, .. } => 2,
        Change::Setting { .. } | Change::HandOver { .. } => 3,
        Change::Role { role: Role::Administrator, .. } => 4,
    }
}

/// The way without what it can do without, with those of its choices alone that would allow, and the decision after it.
fn tried(way: &Way, scene: &Scene<'_>, decide: &impl Fn(&crate::cedar::Entities) -> Outcome) -> Option<(Way, Outcome)> {
    let allows = |way: &Way| {
        let outcome = decide(&suppose(way, scene)?);
        (outcome.decision == Decision::Allow).then_some(outcome)
    };
    let mut way = way.clone();
    // To somebody who comes into a group, what was granted to all of it before needs no grant again (D3).
    // From the last on: what others of them rest on comes first.
    for change in way.clone().into_iter().rev() {
        let without: Way = way.iter().filter(|other| **other != change).cloned().collect();
        let is_free = !without.iter().any(|other| rests_on(other, &change));
        if is_free && allows(&without.iter().map(first_choice).collect()).is_some() {
            way = without;
        }
    }
    let mut kept = Way::new();
    let mut allowed = None;
    for change in &way {
        let others = || way.iter().filter(|other| *other != change).map(first_choice);
        let works =
            |choice: Change| allows(&others().chain([choice.clone()]).collect()).map(|outcome| (choice, outcome));
        let (works, outcomes): (Vec<_>, Vec<_>) = choices(change).into_iter().filter_map(works).unzip();
        kept.insert(chosen(change, &works)?);
        allowed = outcomes.into_iter().next();
    }
    allowed.map(|outcome| (kept, outcome))
}

/// Whether a change can only be made after the other, whatever the policies would allow: roles are for members (A4, C1),
/// grants for people of the group or who share one with the owner (D2, S5), and switches for published groups (A7).
fn rests_on(change: &Change, other: &Change) -> bool {
    match (change, other) {
        (Change::Role { group, .. }, Change::Role { role: Role::Member, group: of })
        | (Change::Setting { group, .. }, Change::Setting { group: of, setting: Switch::Published, .. }) => group == of,
        (Change::Grant { .. }, Change::Role { role: Role::Member, .. } | Change::SharedGroup { .. }) => true,
        _ => false,
    }
}

/// The change with each of its choices by itself.
fn choices(change: &Change) -> Vec<Change> {
    match change {
        Change::Grant { right, on, to } => {
            to.iter().map(|to| Change::Grant { right: *right, on: on.clone(), to: vec![to.clone()] }).collect()
        }
        Change::SharedGroup { with, groups } if !groups.is_empty() => {
            let with_one = |group: &_| Change::SharedGroup { with: with.clone(), groups: vec![Clone::clone(group)] };
            groups.iter().map(with_one).collect()
        }
        other => vec![other.clone()],
    }
}

fn first_choice(change: &Change) -> Change {
    choices(change).into_iter().next().unwrap_or_else(|| change.clone())
}

/// The change with these of its choices; `None` without any.
fn chosen(change: &Change, choices: &[Change]) -> Option<Change> {
    let mut whole = choices.first()?.clone();
    for choice in choices.iter().skip(1) {
        match (&mut whole, choice) {
            (Change::Grant { to, .. }, Change::Grant { to: more, .. }) => to.extend(more.iter().cloned()),
            (Change::SharedGroup { groups, .. }, Change::SharedGroup { groups: more, .. }) => {
                groups.extend(more.iter().cloned());
            }
            _ => return Some(change.clone()),
        }
    }
    Some(whole)
}
