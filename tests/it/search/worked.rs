//! The worked example, searched.

use super::{Kind, actions, all, ids, page, resources, subjects, way};
use crate::sidecar::TestSidecar;
use serde_json::{Value, json};

fn none() -> Value {
    json!({})
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[tokio::test]
async fn which_tools_a_salesman_may_view() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let query = resources("salesman-1", "view", "Tool", &none());
    let found = sorted(all(&sidecar, Kind::Resource, &query, 5).await);
    let kinds = |space: &str, kinds: &[&str]| kinds.iter().map(|kind| format!("{space}/{kind}")).collect::<Vec<_>>();
    let of_group = ["documents", "calendar", "contacts", "polls"];
    let own = [&of_group[..], &["mailbox", "drop", "profile"]].concat();
    let expected =
        [kinds("group:company", &of_group), kinds("group:sales", &of_group), kinds("user:salesman-1", &own)].concat();
    assert_eq!(found, sorted(expected));
    let reply = page(&sidecar, Kind::Resource, &query, json!({})).await;
    assert_eq!((reply.status, way(&reply)), (200, "filtered"));
    assert_eq!(reply.body["page"], json!({"next_token": "", "count": 15}));
    assert_eq!(reply.body["results"][0]["type"], "Tool");
    sidecar.stop().await;
}

#[tokio::test]
async fn who_may_see_the_details_of_the_directors_calendar() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let calendar = ("Tool", "user:director/calendar");
    let found = all(&sidecar, Kind::Subject, &subjects("view_details", calendar, &none()), 10).await;
    assert_eq!(found, ["director", "secretary"]);
    let found = all(&sidecar, Kind::Subject, &subjects("view_busy", calendar, &none()), 3).await;
    assert_eq!(found.len(), 10);
    let found = all(&sidecar, Kind::Subject, &subjects("add", ("Tool", "group:sales/documents"), &none()), 10).await;
    assert_eq!(found, ["director"]);
    sidecar.stop().await;
}

#[tokio::test]
async fn what_the_secretary_may_do_to_the_directors_calendar() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let query = actions("secretary", ("Tool", "user:director/calendar"), &none());
    let found = all(&sidecar, Kind::Action, &query, 2).await;
    assert_eq!(found, ["add", "delete", "edit", "view", "view_busy", "view_details"]);
    let one = page(&sidecar, Kind::Action, &query, json!({"limit": 4})).await;
    assert_eq!(ids(&one), ["add", "delete", "edit", "view"]);
    sidecar.stop().await;
}

/// An action that needs a field of the context cannot be asked about without it; each action gets what it knows.
#[tokio::test]
async fn actions_get_of_the_context_what_they_know() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let director = ("User", "director");
    let without = all(&sidecar, Kind::Action, &actions("secretary", director, &none()), 10).await;
    assert_eq!(without, ["chat", "view_presence"]);
    let context = json!({"field": "email", "size": 1.5, "other": {"deep": [null]}});
    let with = all(&sidecar, Kind::Action, &actions("secretary", director, &context), 10).await;
    assert_eq!(with, ["chat", "view_presence", "view_profile"]);
    let context = json!({"field": "birthday"});
    let other = all(&sidecar, Kind::Action, &actions("secretary", director, &context), 10).await;
    assert_eq!(other, ["chat", "view_presence"]);
    sidecar.stop().await;
}

/// P6: the size is part of the question in a search too.
#[tokio::test]
async fn a_search_is_made_in_its_context() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let query = |size: i64| resources("director", "add", "Tool", &json!({ "size": size }));
    let fits = all(&sidecar, Kind::Resource, &query(1), 100).await;
    assert!(fits.contains(&"user:director/documents".to_owned()), "{fits:?}");
    let too_much = all(&sidecar, Kind::Resource, &query(i64::MAX), 100).await;
    assert!(!too_much.contains(&"user:director/documents".to_owned()), "{too_much:?}");
    sidecar.stop().await;
}

/// Every built-in action but those that everybody may do narrows where a search looks.
#[tokio::test]
async fn the_built_in_policies_are_searched_by_place() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let on_content = ["view", "edit", "delete", "manage_access", "view_busy", "view_details"];
    let item = ["Item", "Folder", "Tool"].into_iter().flat_map(|kind| on_content.map(|action| (action, kind)));
    let people = ["chat", "view_presence", "view_profile"].map(|action| (action, "User"));
    let groups =
        ["view_group", "list_members", "modify_settings", "invite", "leave", "join", "request_join", "hand_over"]
            .map(|action| (action, "Group"));
    for (action, kind) in item.chain([("add", "Tool"), ("add", "Folder")]).chain(people).chain(groups) {
        let context = if action == "view_profile" { json!({"field": "email"}) } else { none() };
        let reply = page(&sidecar, Kind::Resource, &resources("secretary", action, kind, &context), json!({})).await;
        assert_eq!((reply.status, way(&reply)), (200, "filtered"), "{action} {kind}");
    }
    for (action, resource) in [("edit", "group:sales/documents"), ("view_busy", "user:director/calendar")] {
        let reply = page(&sidecar, Kind::Subject, &subjects(action, ("Tool", resource), &none()), json!({})).await;
        assert_eq!((reply.status, way(&reply)), (200, "filtered"), "{action}");
    }
    sidecar.stop().await;
}

/// What is said of the known side counts for every candidate: an item that is not stored, where it hangs and who wrote it.
#[tokio::test]
async fn what_is_told_of_the_known_side_is_part_of_the_search() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let told = json!({"parent": "Tool::\"group:sales/documents\"", "author": {"type": "User", "id": "salesman-2"}});
    let mut query = subjects("view", ("Item", "draft"), &none());
    assert_eq!(all(&sidecar, Kind::Subject, &query, 10).await, [""; 0]);
    query["resource"]["properties"] = told.clone();
    let in_sales = ["director", "salesman-1", "salesman-2", "salesman-3", "secretary"];
    assert_eq!(all(&sidecar, Kind::Subject, &query, 2).await, in_sales);
    query["action"]["name"] = json!("edit");
    assert_eq!(all(&sidecar, Kind::Subject, &query, 10).await, ["salesman-2"]);
    let mut query = actions("salesman-2", ("Item", "draft"), &none());
    query["resource"]["properties"] = told;
    assert_eq!(all(&sidecar, Kind::Action, &query, 10).await, ["edit", "manage_access", "view"]);
    query["resource"]["properties"]["parent"] = json!(3);
    let reply = page(&sidecar, Kind::Action, &query, json!({})).await;
    assert_eq!(
        (reply.status, reply.body["field"].as_str()),
        (400, Some("resource.properties.parent")),
        "{}",
        reply.body
    );
    sidecar.stop().await;
}
