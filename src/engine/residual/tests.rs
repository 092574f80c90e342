//! What the built-in policies leave to look for, place by place.

use super::*;
use crate::domain::Right;
use crate::domain::filter::{Ids, Place, Term, To};
use crate::engine::Sources;
use serde_json::{Value, json};

fn ids(names: &[&str]) -> Ids {
    names.iter().map(|name| smol_str::SmolStr::new(*name)).collect()
}

fn users(right: Right, names: &[&str]) -> Place {
    Place::Granted(right, To { users: ids(names), groups: ids(&[]) })
}

fn groups(right: Right, names: &[&str]) -> Place {
    Place::Granted(right, To { users: ids(&[]), groups: ids(names) })
}

/// `ann` is in `a` and `b`, and helps in `b`.
fn ann() -> Value {
    let uid = |kind: &str, id: &str| json!({"type": kind, "id": id});
    let groups: Vec<_> = ["a", "b"].map(|id| json!({"__entity": uid("Group", id)})).to_vec();
    let parents = [uid("Group", "a"), uid("Group", "b"), uid("Role", "b/co-administrators")];
    json!([{"uid": uid("User", "ann"), "attrs": {"groups": groups}, "parents": parents}])
}

fn left(action: &str, kind: &str) -> Vec<Term> {
    let bundle = Bundle::load(&Sources::default()).unwrap();
    let action = EntityUid::action(action);
    let environment = bundle.environment("User", &action.borrow(), kind).unwrap();
    let fields = if action.id == "view_profile" { json!({"field": "email"}) } else { json!({}) };
    let context = bundle.context(environment, &serde_json::from_value(fields).unwrap()).unwrap();
    let known = Entities::from_json_value(ann(), bundle.schema()).unwrap();
    let principal = EntityUid::new("User", "ann");
    let filter = bundle.narrowed(environment, Sought::Resource { principal: &principal }, &context, &known);
    filter.terms().to_vec()
}

fn places(action: &str, kind: &str) -> Vec<Place> {
    left(action, kind)
        .into_iter()
        .map(|term| {
            assert_eq!(term.kinds, None);
            term.place
        })
        .collect()
}

#[test]
fn looking_leads_to_the_groups_the_own_space_and_what_was_granted() {
    let expected = [
        Place::InGroups(ids(&["a", "b"])),
        Place::OwnedBy(ids(&["ann"])),
        users(Right::View, &["ann"]),
        groups(Right::View, &["a", "b"]),
        users(Right::ViewDetails, &["ann"]),
        groups(Right::ViewDetails, &["a", "b"]),
    ];
    let found = places("view", "Item");
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    assert!(expected.iter().all(|place| found.contains(place)), "{found:#?}");
}

/// Of what must hold together the narrower part is taken: the author's items and not all of the group's.
#[test]
fn editing_leads_to_what_one_added_and_what_was_granted() {
    let found = places("edit", "Item");
    assert!(found.contains(&Place::AuthoredBy(ids(&["ann"]))), "{found:#?}");
    assert!(found.contains(&groups(Right::Edit, &["a", "b"])), "{found:#?}");
    assert!(!found.iter().any(|place| matches!(place, Place::InGroups(_) | Place::Everywhere)), "{found:#?}");
}

#[test]
fn roles_lead_to_the_groups_they_are_of() {
    let found = places("delete", "Item");
    assert!(found.contains(&Place::InGroups(ids(&["b"]))), "{found:#?}");
    assert!(found.contains(&Place::InGroupsOf(ids(&["ann"]))), "{found:#?}");
}

#[test]
fn a_kind_of_tool_goes_with_every_place() {
    let terms = left("view_busy", "Tool");
    assert!(terms.iter().all(|term| term.kinds == Some(ids(&["calendar"]))), "{terms:#?}");
    let colleagues = Term { place: Place::OwnedInGroups(ids(&["a", "b"])), kinds: Some(ids(&["calendar"])) };
    assert!(terms.contains(&colleagues), "{terms:#?}");
}

#[test]
fn people_and_groups_are_found_by_membership() {
    assert_eq!(places("chat", "User"), [Place::Members(ids(&["a", "b"]))]);
    let profiles = places("view_profile", "User");
    assert!(profiles.contains(&Place::Among(ids(&["ann"]))) && profiles.contains(&Place::Members(ids(&["a", "b"]))));
    assert_eq!(places("leave", "Group"), [Place::Among(ids(&["a", "b"]))]);
    assert_eq!(places("hand_over", "Group"), [Place::AdministeredBy(ids(&["ann"]))]);
    assert_eq!(places("join", "Group"), [Place::Published]);
}

#[test]
fn of_a_stranger_nothing_is_known_and_everything_is_looked_at() {
    let bundle = Bundle::load(&Sources::default()).unwrap();
    let action = EntityUid::action("view");
    let environment = bundle.environment("User", &action.borrow(), "Item").unwrap();
    let context = bundle.context(environment, &crate::domain::Context::empty()).unwrap();
    let stranger = EntityUid::new("User", "x");
    let filter = bundle.narrowed(environment, Sought::Resource { principal: &stranger }, &context, &Entities::empty());
    assert!(filter.is_everything(), "{filter:?}");
}
