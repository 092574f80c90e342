//! Cases of the rules over a hand-made world, whose expectations come with them.

use super::*;
use serde_json::json;

const CASES: &str = include_str!("../../../tests/data/model_cases.json");

#[test]
fn every_case_is_decided_as_expected_and_as_cedar_decides_it() {
    let bundle = built_in();
    let world: Json = serde_json::from_str(CASES).unwrap();
    let entities = entities(&bundle, world["entities"].clone());
    let cases = world["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 208);
    for case in cases {
        let text = |field: &str| case[field].as_str().unwrap();
        let action = format!("Action::\"{}\"", text("a"));
        let request = request(text("p"), &action, text("r"), case["c"].clone());
        let (ours, cedar) = answers(&bundle, &request, &entities);
        assert_eq!(ours, cedar, "{case}");
        assert_eq!(ours.decision == Decision::Allow, case["e"].as_bool().unwrap(), "{case}: {ours:?}");
        assert!(ours.errors.is_empty(), "{case}: {ours:?}");
    }
}

/// Whoever of that world asks for whatever of it: with and without Cedar's help the answer is the same.
#[test]
fn every_request_the_world_has_is_decided_as_cedar_decides_it() {
    let bundle = built_in();
    let world: Json = serde_json::from_str(CASES).unwrap();
    let entities = entities(&bundle, world["entities"].clone());
    let of_type = |types: &[&str]| {
        let uids = world["entities"].as_array().unwrap().iter().map(|entity| &entity["uid"]);
        uids.filter(|uid| types.contains(&uid["type"].as_str().unwrap()))
            .map(|uid| EntityUid::new(uid["type"].as_str().unwrap(), uid["id"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let resources = of_type(&["User", "Group", "Tool", "Folder", "Item"]);
    let mut allowed = 0;
    for principal in of_type(&["User"]) {
        for action in bundle.schema().unwrap().actions() {
            for resource in &resources {
                let action = EntityUid::parse(&action.to_string()).unwrap();
                let is_possible = bundle.environment("User", &action.borrow(), &resource.type_name).is_ok();
                let context = if action.id == "view_profile" { json!({"field": "email"}) } else { json!({}) };
                let context = serde_json::from_value(context).unwrap();
                let (principal, resource, lent) = (principal.clone(), resource.clone(), Lent::nothing());
                let request = DecisionRequest { principal, action, resource, context, lent };
                if is_possible {
                    let (ours, cedar) = answers(&bundle, &request, &entities);
                    assert_eq!(ours, cedar, "{request:?}");
                    allowed += usize::from(ours.decision == Decision::Allow);
                }
            }
        }
    }
    assert!(allowed > 300, "{allowed}");
}

/// M4: a grant on the profile tool shows every field, to people and to groups, sharing a group or not.
#[test]
fn a_grant_on_the_profile_tool_shows_every_field() {
    let bundle = built_in();
    let user = |id: &str, groups: Json, profile: Option<Json>| {
        let mut attrs = json!({ "groups": groups });
        if let Some(profile) = profile {
            attrs["canViewProfile"] = profile;
        }
        json!({"uid": {"type": "User", "id": id}, "attrs": attrs, "parents": groups})
    };
    let group = json!([{"type": "Group", "id": "g"}]);
    let granted = json!({"users": [{"type": "User", "id": "friend"}], "groups": group});
    let world = json!([
        user("owner", json!([]), Some(granted)),
        user("friend", json!([]), None),
        user("member", group, None),
        user("stranger", json!([]), None),
    ]);
    let entities = entities(&bundle, world);
    for (principal, decision) in
        [("friend", Decision::Allow), ("member", Decision::Allow), ("stranger", Decision::Deny)]
    {
        for field in ["last_name", "phone", ""] {
            let principal = format!("User::\"{principal}\"");
            let request =
                request(&principal, r#"Action::"view_profile""#, r#"User::"owner""#, json!({ "field": field }));
            let (ours, cedar) = answers(&bundle, &request, &entities);
            assert_eq!((ours.decision, &ours), (decision, &cedar), "{principal} {field}");
        }
    }
}
