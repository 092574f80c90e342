//! Searches for entities of a host's own types, and where a host puts Conclave's in more than Conclave does.

use super::{Kind, all, page, resources, subjects, way};
use crate::by_rule::scene::Scene;
use crate::host_entities::stage::{contracts, entity, lists, may, put, to};
use crate::sidecar::TestSidecar;
use serde_json::{Value, json};

fn list(id: usize) -> Value {
    let owner = to("User", if id.is_multiple_of(3) { "ann" } else { "ben" });
    let attrs = json!({"owner": owner, "readers": to("Team", if id.is_multiple_of(2) { "a" } else { "b" }),
                       "editors": to("Team", "c"), "tasks": [], "worth": {"__extn": {"fn": "decimal", "arg": "1.0"}}});
    entity(&format!("List::\"l{id:02}\""), attrs, &[])
}

fn person(id: &str, team: &str) -> Value {
    let attrs = json!({"office": {"__extn": {"fn": "ip", "arg": "10.0.0.1"}}, "rank": 1});
    entity(&format!("User::\"{id}\""), attrs, &[team])
}

async fn stage() -> TestSidecar {
    let sidecar = lists().start().await;
    let mut entities = vec![
        entity("Team::\"a\"", json!({}), &["Team::\"c\""]),
        person("ann", "Team::\"b\""),
        person("ben", "Team::\"c\""),
        person("carl", "Team::\"a\""),
    ];
    entities.extend((0..30).map(list));
    put(&sidecar, &entities).await.ok();
    sidecar
}

#[tokio::test]
async fn everything_of_a_type_of_the_hosts_is_found_that_one_by_one_is_allowed() {
    let sidecar = stage().await;
    for user in ["ann", "ben", "carl", "nobody"] {
        for action in ["read", "write"] {
            let mut expected = Vec::new();
            for id in (0..30).map(|id| format!("l{id:02}")) {
                if may(&sidecar, &format!("User::\"{user}\" {action} List::\"{id}\"")).await {
                    expected.push(id);
                }
            }
            let query = resources(user, action, "List", &json!({}));
            assert_eq!(all(&sidecar, Kind::Resource, &query, 4).await, expected, "{user} {action}");
            assert_eq!(way(&page(&sidecar, Kind::Resource, &query, json!({})).await), "scanned");
        }
    }
    let readers = subjects("read", ("List", "l00"), &json!({}));
    assert_eq!(all(&sidecar, Kind::Subject, &readers, 2).await, ["ann", "ben", "carl"]);
    sidecar.stop().await;
}

#[tokio::test]
async fn a_change_between_two_pages_ends_them() {
    let sidecar = stage().await;
    let query = resources("ann", "read", "List", &json!({}));
    let first = page(&sidecar, Kind::Resource, &query, json!({"limit": 3})).await;
    let token = first.body["page"]["next_token"].as_str().unwrap().to_owned();
    put(&sidecar, &[list(60)]).await.ok();
    assert_eq!(page(&sidecar, Kind::Resource, &query, json!({"token": token})).await.status, 409);
    sidecar.stop().await;
}

#[tokio::test]
async fn people_are_found_who_are_there_by_what_the_host_says() {
    let scene = Scene::on(contracts()).await;
    let described = [
        entity("Department::\"trade\"", json!({}), &["Company::\"acme\""]),
        entity("Region::\"north\"", json!({"closed": false}), &[]),
        entity("Client::\"shop\"", json!({"region": to("Region", "north"), "contact": to("User", "ben")}), &[]),
        entity("Contract::\"7\"", json!({"client": to("Client", "shop"), "level": 1}), &["Company::\"acme\""]),
        entity("User::\"ben\"", json!({"clearance": 3}), &["Department::\"trade\""]),
        entity("Group::\"sales\"", json!({}), &["Company::\"acme\""]),
    ];
    put(&scene.sidecar, &described).await.ok();
    let mut expected = Vec::new();
    for user in ["anna", "ben", "carl", "dora"] {
        if may(&scene.sidecar, &format!("User::\"{user}\" view Contract::\"7\"")).await {
            expected.push(user);
        }
    }
    assert!(expected.contains(&"ben"));
    let query = subjects("view", ("Contract", "7"), &json!({}));
    assert_eq!(all(&scene.sidecar, Kind::Subject, &query, 2).await, expected);
    let seen = all(&scene.sidecar, Kind::Resource, &resources("ben", "view", "Contract", &json!({})), 2).await;
    assert_eq!(seen, ["7"]);
    scene.stop().await;
}
