//! The worked example (rule E) built through the admin API alone, as a host would.

use crate::sidecar::TestSidecar;
use reqwest::Method;
use serde_json::{Value, json};

const PEOPLE: [&str; 10] = [
    "director",
    "secretary",
    "salesman-1",
    "salesman-2",
    "salesman-3",
    "workman-1",
    "workman-2",
    "workman-3",
    "workman-4",
    "workman-5",
];

fn members(group: &str) -> Vec<&'static str> {
    let starts = match group {
        "company" => &[""][..],
        "sales" => &["salesman", "secretary"],
        "production" => &["workman", "secretary"],
        _ => &["secretary"],
    };
    let inside = |person: &&str| *person != "director" && starts.iter().any(|start| person.starts_with(start));
    PEOPLE.into_iter().filter(inside).collect()
}

async fn build(sidecar: &TestSidecar) {
    sidecar.put("/subscriptions/plan", json!({"max_groups": 4, "max_members": 9})).await.ok();
    for person in PEOPLE {
        let body = json!({"username": person, "email": format!("{person}@example.org"), "subscription": "plan"});
        sidecar.put(&format!("/users/{person}"), body).await.ok();
    }
    for group in ["company", "sales", "production", "direction"] {
        // On the director's own behalf: whoever creates a group is its administrator (A1).
        let made = sidecar.call_as("director", Method::POST, "/groups", json!({"id": group, "name": group})).await;
        assert_eq!(made.status, 201, "{}", made.body);
        for member in members(group) {
            assert!(sidecar.admit(group, member).await, "{member} into {group}");
        }
    }
    let calendar = json!("Tool::\"user:director/calendar\"");
    for right in ["view_details", "add", "edit", "delete"] {
        let body = json!({"resource": calendar, "right": right, "to": {"user": "secretary"}});
        sidecar.call_as("director", Method::PUT, "/grants", body).await.ok();
    }
}

async fn decision(sidecar: &TestSidecar, principal: &str, action: &str, tool: &str) -> String {
    sidecar.ask(principal, action, &("Tool", tool.to_owned()), &json!({})).await.decision
}

#[tokio::test]
async fn e_the_company_is_built_by_calls_and_decides_like_the_demo() {
    let sidecar = TestSidecar::new().start().await;
    build(&sidecar).await;
    assert_eq!(decision(&sidecar, "secretary", "view_details", "user:director/calendar").await, "Allow");
    assert_eq!(decision(&sidecar, "salesman-1", "view", "group:production/documents").await, "Deny");
    assert_eq!(decision(&sidecar, "workman-1", "view", "group:production/documents").await, "Allow");
    let listed = sidecar.get("/groups/sales/members").await.ok().body;
    assert_eq!(listed["administrator"], "director");
    assert_eq!(listed["members"].as_array().map(Vec::len), Some(4));
    sidecar.stop().await;
}

#[tokio::test]
async fn a_change_is_decided_by_from_its_acknowledgement_on() {
    let sidecar = TestSidecar::new().start().await;
    build(&sidecar).await;
    let documents = "group:sales/documents";
    assert_eq!(decision(&sidecar, "salesman-1", "add", documents).await, "Deny");
    // C1: the administrator alone appoints; C2: from then on the person adds.
    let path = "/groups/sales/co-administrators/salesman-1";
    let refused = sidecar.call_as("secretary", Method::PUT, path, json!({})).await;
    assert_eq!((refused.status, &refused.body["rule"]), (403, &json!("C1")), "{}", refused.body);
    let appointed = sidecar.call_as("director", Method::PUT, path, json!({})).await.ok();
    assert_eq!(decision(&sidecar, "salesman-1", "add", documents).await, "Allow");
    let folder = json!({"id": "offers", "parent": format!("Tool::\"{documents}\""), "name": "Offers"});
    let made = sidecar.call_as("salesman-1", Method::POST, "/folders", folder).await.ok();
    assert!(made.revision > appointed.revision);
    let grant = json!({"resource": "Folder::\"offers\"", "right": "add", "to": {"group": "sales"}});
    sidecar.call_as("salesman-1", Method::PUT, "/grants", grant).await.ok();
    let item = json!({"id": "offer", "parent": "Folder::\"offers\""});
    sidecar.call_as("salesman-2", Method::POST, "/items", item).await.ok();
    let edit = sidecar.ask("director", "edit", &("Item", "offer".to_owned()), &json!({})).await;
    assert_eq!(edit.decision, "Deny", "D4: only the author edits");
    sidecar.call_as("director", Method::DELETE, path, json!({})).await.ok();
    assert_eq!(decision(&sidecar, "salesman-1", "delete", documents).await, "Deny", "C5");
    sidecar.stop().await;
}

#[tokio::test]
async fn what_is_refused_names_its_rule_and_changes_nothing() {
    let sidecar = TestSidecar::new().start().await;
    build(&sidecar).await;
    let revision =
        async || sidecar.ask("director", "view_group", &("Group", "sales".to_owned()), &json!({})).await.revision;
    let then = revision().await;
    let grant = |resource: &str, right: &str, to: Value| json!({"resource": resource, "right": right, "to": to});
    let documents = "Tool::\"group:sales/documents\"";
    for (method, path, body, status, rule) in [
        (Method::PATCH, "/groups/sales", json!({"open": true}), 422, "A7"),
        (Method::POST, "/groups", json!({"name": "SALES", "administrator": "secretary"}), 409, "A6"),
        (Method::POST, "/groups", json!({"name": "more", "administrator": "director"}), 409, "P3"),
        (Method::DELETE, "/groups/sales", json!({}), 409, "A14"),
        (Method::DELETE, "/users/director", json!({}), 409, "P7"),
        (Method::PUT, "/grants", grant(documents, "add", json!({"user": "workman-1"})), 409, "D2"),
        (Method::PUT, "/grants", grant(documents, "view", json!({"user": "secretary"})), 422, "D7"),
        (Method::PUT, "/groups/sales/co-administrators/workman-1", json!({}), 409, "C1"),
    ] {
        let reply = sidecar.host(method.clone(), path, body).await;
        assert_eq!((reply.status, &reply.body["rule"]), (status, &json!(rule)), "{method} {path}: {}", reply.body);
    }
    assert_eq!(revision().await, then);
    sidecar.stop().await;
}
