//! An application of its own: nothing of groups in schema, policies or store.

use super::stage::{at, decide, entity, lists, may, put, to};
use crate::sidecar::TestSidecar;
use conclave::admin::{SystemClock, SystemRandom};
use conclave::config::Config;
use conclave::lifecycle::Application;
use serde_json::{Value, json};
use std::sync::Arc;

#[expect(clippy::needless_pass_by_value, reason = "reads better where it is made on the spot")]
fn user(id: &str, team: &str, attrs: Value) -> Value {
    let mut all = json!({"office": "10.0.0.0/8", "rank": 1});
    all.as_object_mut().unwrap().extend(attrs.as_object().unwrap().clone());
    entity(&format!("User::\"{id}\""), all, &[&format!("Team::\"{team}\"")])
}

#[expect(clippy::needless_pass_by_value, reason = "reads better where it is made on the spot")]
fn list(id: &str, attrs: Value) -> Value {
    let mut all = json!({"owner": to("User", "ann"), "readers": to("Team", "staff"), "editors": to("Team", "desk"),
                         "tasks": [{"title": "sweep", "done": false}], "worth": "12.5"});
    all.as_object_mut().unwrap().extend(attrs.as_object().unwrap().clone());
    entity(&format!("List::\"{id}\""), all, &["Company::\"acme\""])
}

async fn stage() -> TestSidecar {
    let sidecar = lists().in_file().start().await;
    let described = [
        user("ann", "board", json!({"trusted": true})),
        user("bob", "desk", json!({})),
        user("cid", "interns", json!({})),
        entity("Team::\"interns\"", json!({}), &["Team::\"staff\""]),
        entity("Team::\"desk\"", json!({}), &["Team::\"staff\""]),
        entity("Team::\"staff\"", json!({}), &["Company::\"acme\""]),
        list("chores", json!({})),
        list("plans", json!({"worth": {"fn": "decimal", "arg": "5000.0"}})),
    ];
    let described = put(&sidecar, &described).await.ok();
    assert_eq!(described.body, json!({"created": 8, "changed": 0, "unchanged": 0}));
    assert_eq!(described.revision, 1);
    sidecar
}

#[tokio::test]
async fn an_application_of_its_own_is_served() {
    let sidecar = stage().await;
    for (question, allowed) in [
        ("User::\"ann\" write List::\"chores\"", true),
        ("User::\"bob\" write List::\"chores\"", true),
        ("User::\"cid\" write List::\"chores\"", false),
        ("User::\"cid\" read List::\"chores\"", true),
        // The board is in no team that is shared with.
        ("User::\"bob\" found Company::\"acme\"", true),
        ("User::\"ann\" found Company::\"acme\"", false),
        ("User::\"bob\" discard List::\"chores\"", false),
        ("User::\"ann\" discard List::\"chores\"", true),
    ] {
        assert_eq!(may(&sidecar, question).await, allowed, "{question}");
    }
    let discard = "User::\"ann\" discard List::\"plans\"";
    let from = |address: &str| json!({ "from": address });
    assert_eq!(decide(&sidecar, discard, json!({})).await, (false, vec!["valuable".to_owned()]));
    assert_eq!(decide(&sidecar, discard, from("192.168.0.1")).await, (false, vec!["valuable".to_owned()]));
    assert_eq!(decide(&sidecar, discard, from("10.1.2.3")).await, (true, vec!["owner".to_owned()]));
    sidecar.stop().await;
}

#[tokio::test]
async fn for_an_entity_that_nobody_knows_the_policies_decide() {
    let sidecar = stage().await;
    assert!(may(&sidecar, "User::\"nobody\" wave User::\"nobody-else\"").await);
    let (allowed, reasons) = decide(&sidecar, "User::\"nobody\" read List::\"none\"", json!({})).await;
    assert!(!allowed && reasons.is_empty());
    sidecar.stop().await;
}

#[tokio::test]
async fn a_change_is_seen_at_once_and_only_what_it_says_is_replaced() {
    let sidecar = stage().await;
    let write = "User::\"bob\" write List::\"chores\"";
    assert!(may(&sidecar, write).await);
    let mut frozen = list("chores", json!({}));
    frozen["tags"] = json!({"frozen": "until Monday"});
    let done = put(&sidecar, &[frozen.clone(), list("plans", json!({"worth": {"fn": "decimal", "arg": "5000.0"}}))])
        .await
        .ok();
    assert_eq!(done.body, json!({"created": 0, "changed": 1, "unchanged": 1}));
    assert_eq!(decide(&sidecar, write, json!({})).await, (false, vec!["frozen".to_owned()]));
    let again = put(&sidecar, &[frozen]).await.ok();
    assert_eq!((again.revision, again.body["unchanged"].as_u64()), (done.revision, Some(1)));
    // Without the tag: what a host says replaces all that it said.
    put(&sidecar, &[list("chores", json!({}))]).await.ok();
    assert!(may(&sidecar, write).await);
    // bob's team is not of the staff any more, and so not of the company.
    assert!(may(&sidecar, "User::\"bob\" found Company::\"acme\"").await);
    put(&sidecar, &[entity("Team::\"desk\"", json!({}), &[])]).await.ok();
    assert!(!may(&sidecar, "User::\"bob\" found Company::\"acme\"").await);
    assert!(may(&sidecar, "User::\"cid\" found Company::\"acme\"").await);
    assert_eq!(sidecar.delete("/entities/List/chores").await.status, 204);
    assert!(!may(&sidecar, "User::\"ann\" write List::\"chores\"").await);
    assert_eq!(sidecar.get("/entities/List/chores").await.status, 404);
    sidecar.stop().await;
}

#[tokio::test]
async fn what_was_said_is_shown_and_told() {
    let sidecar = stage().await;
    let shown = sidecar.get("/entities/Team/desk").await.ok();
    let expected = json!({"uid": to("Team", "desk"), "attrs": {}, "parents": [to("Team", "staff")]});
    assert_eq!(shown.body, expected);
    put(&sidecar, &[shown.body]).await.ok();
    sidecar.delete("/entities/Team/interns").await.ok();
    let told = sidecar.get("/changes?since=1").await.body;
    let told = told.as_str().map_or_else(|| told.to_string(), str::to_owned);
    assert!(told.contains("interns") && told.contains("deleted") && !told.contains("desk"), "{told}");
    let audit = sidecar.get("/audit").await.body.to_string();
    assert!(audit.contains("put_entities") && audit.contains("delete_entity"), "{audit}");
    sidecar.stop().await;
}

#[tokio::test]
async fn calls_that_need_rights_of_groups_are_refused_with_the_reason() {
    let sidecar = stage().await;
    sidecar.put("/subscriptions/free", json!({})).await.ok();
    for person in ["ann", "zoe"] {
        sidecar.put(&format!("/users/{person}"), json!({"username": person, "subscription": "free"})).await.ok();
    }
    sidecar.post("/groups", json!({"id": "sales", "name": "Sales", "administrator": "ann"})).await.ok();
    for (method, path, body) in [
        ("GET", "/groups/sales", Value::Null),
        ("POST", "/groups/sales/invitations", json!({"user": "zoe"})),
        ("DELETE", "/groups/sales", Value::Null),
        ("POST", "/items", json!({"parent": "Tool::\"group:sales/documents\"", "size": 3})),
    ] {
        let reply = sidecar.send(method, &format!("/admin/v1{path}"), true, Some("ann"), &body).await;
        assert_eq!(reply.status, 403, "{method} {path}: {}", reply.body);
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.contains("schema") && detail.contains("Action::"), "{detail}");
    }
    // Users of the store and of the host are not the same: this one has no rank, and is in no team.
    assert!(!may(&sidecar, "User::\"zoe\" read List::\"chores\"").await);
    sidecar.stop().await;
}

/// What was stored under one schema does not silently mean something else under another.
#[tokio::test]
async fn a_store_that_the_schema_does_not_fit_is_not_served() {
    let database = stage().await.into_database().await;
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("conclave.db");
    std::fs::write(&file, &database).unwrap();
    let schema = folder.path().join("schema");
    std::fs::create_dir(&schema).unwrap();
    let text = std::fs::read_to_string(at("tests/data/lists/schema/lists.cedarschema")).unwrap();
    let other = text.replace("rank: Long", "rank: String").replace("worth: decimal", "worth: Long");
    std::fs::write(schema.join("lists.cedarschema"), other).unwrap();
    let policies = folder.path().join("policies");
    std::fs::create_dir(&policies).unwrap();
    std::fs::write(policies.join("p.cedar"), "@id(\"p\") permit (principal, action, resource);").unwrap();
    let config = Config {
        database: file.display().to_string(),
        schema: Some(schema),
        policies: Some(policies),
        ..Config::default()
    };
    let error = Application::build(&config, Arc::new(SystemClock), Arc::new(SystemRandom)).await.err().unwrap();
    let says = error.to_string();
    assert!(says.contains("5 entities"), "{says}");
    for expected in
        ["User::\"ann\": `attrs.rank` must be a text", "List::\"plans\": `attrs.worth` must be a whole number"]
    {
        assert!(says.contains(expected), "{says}");
    }
    // With its own schema it is served as before.
    let sidecar = lists().on(&database).start().await;
    assert!(may(&sidecar, "User::\"bob\" write List::\"chores\"").await);
    sidecar.stop().await;
}

/// Words of groups mean nothing where `User` is the application's own type: nobody is missing, and nothing is to be
/// done in the admin API.
#[tokio::test]
async fn an_explanation_speaks_of_policies_alone() {
    let sidecar = lists().in_file().start().await;
    let explain = async |principal: &str, action: &str, resource: &str| {
        let body = json!({"principal": principal, "action": format!("Action::\"{action}\""), "resource": resource});
        sidecar.access("/v1/explain", body.to_string()).await.ok().body
    };
    let waved = explain("User::\"ann\"", "wave", "User::\"nobody\"").await;
    assert_eq!((&waved["decision"], &waved["not_stored"]), (&json!("Allow"), &json!([])));
    assert_eq!(waved["determining"][0]["id"], "wave");
    let denied = explain("User::\"ann\"", "found", "Company::\"acme\"").await;
    assert_eq!((&denied["decision"], &denied["closest"][0]["id"]), (&json!("Deny"), &json!("found")));
    assert_eq!((&denied["groups"], &denied["would_allow"]), (&json!([]), &json!([])));
    sidecar.stop().await;
}
