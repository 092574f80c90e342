//! Bad input is normal input: a clear answer with the field, never a panic, never an Allow.

use crate::sidecar::{Reply, TestSidecar};
use serde_json::{Value, json};

async fn ask(sidecar: &TestSidecar, body: impl Into<String>) -> Reply {
    sidecar.access("/v1/is_authorized", body.into()).await
}

fn good() -> Value {
    json!({
        "principal": "User::\"director\"", "action": "Action::\"view\"",
        "resource": "Tool::\"group:company/documents\"", "context": {},
    })
}

fn with(field: &str, value: Value) -> String {
    let mut body = good();
    body[field] = value;
    body.to_string()
}

fn without(field: &str) -> String {
    let mut body = good();
    body.as_object_mut().unwrap().remove(field);
    body.to_string()
}

#[tokio::test]
async fn each_wrong_request_is_a_400_that_names_the_field() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    assert_eq!(ask(&sidecar, good().to_string()).await.body["decision"], "Allow");
    let cases: Vec<(&str, String)> = vec![
        ("principal", without("principal")),
        ("action", without("action")),
        ("resource", without("resource")),
        ("principal", with("principal", json!(1))),
        ("principal", with("principal", json!("director"))),
        ("principal", with("principal", json!("User::director"))),
        ("principal", with("principal", json!("Robot::\"x\""))),
        ("principal", with("principal", json!("Group::\"company\""))),
        ("action", with("action", json!("view"))),
        ("action", with("action", json!("Action::\"fly\""))),
        ("action", with("action", json!("Verb::\"view\""))),
        ("resource", with("resource", json!("Planet::\"x\""))),
        ("resource", with("resource", json!("Group::\"company\""))),
        ("resource", with("resource", json!("User::\"director\""))),
        ("context", with("context", json!([]))),
        ("context", with("context", json!("x"))),
        ("context", with("context", json!({"surprise": 1}))),
        ("context", with("context", json!({"size": 1}))),
        ("contxt", with("contxt", json!({}))),
        ("entities", with("entities", json!({}))),
    ];
    for (field, body) in cases {
        let reply = ask(&sidecar, body.clone()).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.body);
        assert_eq!(reply.content_type, "application/problem+json", "{body}");
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.contains(field) || reply.body["field"] == field, "{body}: {detail}");
    }
    sidecar.stop().await;
}

/// serde takes an array for a struct, its elements for the fields in their order, and an object for the name of a variant.
#[tokio::test]
async fn what_is_written_as_something_else_is_a_400_that_names_the_field() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let question = r#"["User::\"director\"", "Action::\"view\"", "Tool::\"group:company/documents\""]"#;
    let reply = sidecar.access("/v1/is_authorized/batch", format!(r#"{{"requests": [{question}]}}"#)).await;
    assert_eq!((reply.status, &reply.body["field"]), (400, &json!("requests[0]")), "{}", reply.body);
    for entity in [
        json!({"uid": ["Item", "x"], "attrs": {}, "parents": ["Tool::\"group:company/documents\""]}),
        json!({"uid": "Item::\"x\"", "attrs": {}, "parents": [["Tool", "group:company/documents"]]}),
        json!({"uid": {"__entity": {"type": "Item", "id": "x"}, "more": 1}, "attrs": {}, "parents": []}),
    ] {
        let reply = ask(&sidecar, with("entities", json!([entity]))).await;
        assert_eq!(reply.status, 400, "{entity}: {}", reply.body);
    }
    let tool = "Tool::\"user:director/documents\"";
    let grant = |right: Value, to: Value| json!({"resource": tool, "right": right, "to": to});
    let to = || json!({"user": "secretary"});
    let item = json!({"id": "x", "parent": "Tool::\"user:director/contacts\"", "contact": ["secretary"]});
    let limits = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    for (path, field, body) in [
        ("PUT /grants", "to", grant(json!("view"), json!(["secretary"]))),
        ("PUT /grants", "right", grant(json!({"view": null}), to())),
        ("PUT /grants", "right", grant(json!(null), to())),
        ("PUT /grants", "right", grant(json!(1), to())),
        ("POST /items", "contact", item),
        ("PUT /subscriptions/x", "max_groups", json!({"max_groups": "3"})),
        ("PUT /subscriptions/x", "max_groups", limits(r#"{"max_groups": 1.5}"#)),
        ("PUT /subscriptions/x", "capacities", json!({"capacities": [["documents", 1]]})),
    ] {
        let (method, path) = path.split_once(' ').unwrap();
        let reply = sidecar.send(method, &format!("/admin/v1{path}"), true, None, &body).await;
        assert_eq!((reply.status, &reply.body["field"]), (400, &json!(field)), "{path} {body}: {}", reply.body);
        assert!(!reply.body["detail"].as_str().unwrap().contains("not JSON"), "{}", reply.body);
    }
    for (path, field) in [("/grants", "resource"), ("/users?page=1", "page")] {
        let reply = sidecar.get(path).await;
        assert_eq!((reply.status, &reply.body["field"]), (400, &json!(field)), "{path}: {}", reply.body);
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn what_is_not_json_is_a_400() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    for body in ["", "{", "null", "[]", "1", "\u{feff}{}", "{\"principal\":", "{'principal':1}"] {
        let reply = ask(&sidecar, body).await;
        assert_eq!(reply.status, 400, "{body:?}: {}", reply.body);
    }
    let listed = json!([good()["principal"], good()["action"], good()["resource"]]);
    let reply = ask(&sidecar, listed.to_string()).await;
    assert_eq!(reply.status, 400, "fields told apart by their place alone: {}", reply.body);
    let twice = good().to_string().replacen('{', "{\"principal\":\"User::\\\"x\\\"\",", 1);
    assert_eq!(ask(&sidecar, twice).await.status, 400, "a field given twice");
    sidecar.stop().await;
}

#[tokio::test]
async fn a_negative_size_or_one_of_another_type_is_a_400() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    for size in [json!(-1), json!(i64::MIN), json!("1"), json!(1.5), json!(true), json!(null), json!(u64::MAX)] {
        let mut body = good();
        body["action"] = json!("Action::\"add\"");
        body["context"] = json!({"size": size});
        let reply = ask(&sidecar, body.to_string()).await;
        assert_eq!(reply.status, 400, "{size}: {}", reply.body);
        assert!(reply.body["detail"].as_str().unwrap().contains("context"), "{size}: {}", reply.body);
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn unknown_entities_are_denied_and_not_errors() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    for body in [
        with("principal", json!("User::\"nobody\"")),
        with("resource", json!("Item::\"nothing\"")),
        with("resource", json!("Tool::\"group:company/teapots\"")),
        with("resource", json!("Tool::\"no tool at all\"")),
        with("resource", json!("Folder::\"'; DROP TABLE items; --\"")),
        with("resource", json!(format!("Item::\"{}\"", "x".repeat(10_000)))),
        with("resource", json!("Item::\"\\0\"")),
        with("resource", json!("Item::\"\"")),
    ] {
        let reply = ask(&sidecar, body.clone()).await;
        assert_eq!((reply.status, &reply.body["decision"]), (200, &json!("Deny")), "{body}: {}", reply.body);
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn too_large_is_a_413_and_too_deep_a_400() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let large = with("resource", json!(format!("Item::\"{}\"", "x".repeat(70_000))));
    assert_eq!(ask(&sidecar, large).await.status, 413);
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let reply = ask(&sidecar, good().to_string().replace("{}", &format!("{{\"a\":{deep}}}"))).await;
    assert_eq!(reply.status, 400);
    assert!(reply.body["detail"].as_str().unwrap().contains("32"), "{}", reply.body);
    let very_deep = "[".repeat(60_000);
    assert_eq!(ask(&sidecar, very_deep).await.status, 400);
    sidecar.stop().await;
}

#[tokio::test]
async fn a_batch_answers_in_order_at_one_revision_or_not_at_all() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let mut denied = good();
    denied["principal"] = json!("User::\"nobody\"");
    let batch = |requests: Value| json!({ "requests": requests }).to_string();
    let reply = sidecar.access("/v1/is_authorized/batch", batch(json!([good(), denied, good()]))).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let responses = reply.body["responses"].as_array().unwrap();
    let decisions: Vec<_> = responses.iter().map(|response| response["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["Allow", "Deny", "Allow"]);
    assert!(responses.iter().all(|response| response["revision"] == responses[0]["revision"]));

    let mut wrong = good();
    wrong["action"] = json!("Action::\"fly\"");
    let reply = sidecar.access("/v1/is_authorized/batch", batch(json!([good(), wrong]))).await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.to_string().contains("requests[1]"), "{}", reply.body);
    let reply = sidecar.access("/v1/is_authorized/batch", batch(json!([]))).await;
    assert_eq!((reply.status, &reply.body["responses"]), (200, &json!([])));
    let reply = sidecar.access("/v1/is_authorized/batch", "{}".to_owned()).await;
    assert_eq!(reply.status, 400);
    sidecar.stop().await;
}

#[tokio::test]
async fn every_answer_but_a_decision_is_a_problem() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let reply = sidecar.access("/v1/nothing", "{}".to_owned()).await;
    assert_eq!((reply.status, reply.content_type.as_str()), (404, "application/problem+json"));
    let reply = sidecar.get_access("/v1/is_authorized").await;
    assert_eq!((reply.status, reply.content_type.as_str()), (405, "application/problem+json"));
    sidecar.stop().await;
}

#[tokio::test]
async fn a_minimum_revision_is_waited_for_and_then_a_503() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let revision = ask(&sidecar, good().to_string()).await.body["revision"].as_u64().unwrap();
    let path = "/v1/is_authorized";
    let header = |value: String| [("Conclave-Min-Revision", value)];
    let now = sidecar.access_with(path, good().to_string(), &header(revision.to_string())).await;
    assert_eq!(now.status, 200);
    let later = sidecar.access_with(path, good().to_string(), &header((revision + 1).to_string())).await;
    assert_eq!(later.status, 503);
    let wrong = sidecar.access_with(path, good().to_string(), &header("soon".to_owned())).await;
    assert_eq!(wrong.status, 400);
    sidecar.stop().await;
}

#[tokio::test]
async fn the_admin_api_is_closed_without_the_token() {
    let sidecar = TestSidecar::new().start().await;
    for authorization in [None, Some("Bearer wrong"), Some("Bearer "), Some("Basic xyz"), Some("")] {
        let reply = sidecar.get_admin_as("/admin/v1/users", authorization).await;
        assert_eq!(reply.status, 401, "{authorization:?}");
        assert_eq!(reply.content_type, "application/problem+json");
    }
    assert_eq!(sidecar.get_admin_as("/healthz", None).await.status, 200);
    assert_eq!(sidecar.get_admin_as("/readyz", None).await.status, 200);
    sidecar.stop().await;
}

#[tokio::test]
async fn what_decodes_to_no_utf8_names_nothing_and_is_a_400_or_404() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    for (path, status) in [
        ("/directory?name=sal%ff&language=en", 400),
        ("/directory?name=sales&language=en&%ff=1", 400),
        ("/groups?limit=1%c3", 400),
        ("/grants?resource=Folder::%22%e2%82%22", 400),
        ("/audit?actor=%ff", 400),
        ("/users/director?x=%80", 400),
        ("/users/%ff", 400),
        ("/groups/sales/members?page_token=%f0%9f%98", 400),
        ("/groups/%c3(/members", 400),
        ("/gro%ffups", 404),
        // What is UTF-8 stays what it is, however it is written.
        ("/directory?name=%C3%BCber+uns&language=en", 200),
        ("/users/%e2%82%ac", 404),
    ] {
        for actor in [None, Some("director")] {
            let reply = sidecar.send("GET", &format!("/admin/v1{path}"), true, actor, &Value::Null).await;
            // The host's alone is refused to an actor first.
            let refused = actor.is_some() && reply.status == 403;
            assert!(reply.status == status || refused, "{path} {actor:?}: {} {}", reply.status, reply.body);
        }
    }
    for (method, path) in [("DELETE", "/groups/sales?x=%ff"), ("PUT", "/users/%ff"), ("POST", "/groups/%ff/join")] {
        let body = json!({"username": "x", "subscription": "personal"});
        let reply = sidecar.send(method, &format!("/admin/v1{path}"), true, None, &body).await;
        assert_eq!(reply.status, 400, "{method} {path}: {}", reply.body);
    }
    sidecar.stop().await;
}
