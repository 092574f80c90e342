//! `AuthZEN` over HTTP: what the specification says, clause by clause, and what trips clients.

mod batches;
mod host_types;

use crate::sidecar::TestSidecar;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::{Value, json};

const EVALUATION: &str = "/access/v1/evaluation";
const EVALUATIONS: &str = "/access/v1/evaluations";
const METADATA: &str = "/.well-known/authzen-configuration";

/// What came back, with its headers.
struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

async fn send(
    sidecar: &TestSidecar,
    method: Method,
    path: &str,
    body: impl Into<String>,
    headers: &[(&str, &str)],
) -> Reply {
    let client = Client::builder().no_proxy().build().unwrap();
    let request = client.request(method, format!("http://{}{path}", sidecar.access_address())).body(body.into());
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null);
    Reply { status, headers, body }
}

const JSON: (&str, &str) = ("content-type", "application/json");

async fn post(sidecar: &TestSidecar, path: &str, body: &Value) -> (u16, Value) {
    let reply = send(sidecar, Method::POST, path, body.to_string(), &[JSON]).await;
    (reply.status, reply.body)
}

async fn evaluate(sidecar: &TestSidecar, body: &Value) -> (u16, Value) {
    post(sidecar, EVALUATION, body).await
}

fn subject(id: &str) -> Value {
    json!({"type": "User", "id": id})
}

fn question(user: &str, action: &str, resource: (&str, &str)) -> Value {
    json!({"subject": subject(user), "action": {"name": action}, "resource": {"type": resource.0, "id": resource.1}})
}

const SALES: (&str, &str) = ("Tool", "group:sales/documents");

fn view(user: &str) -> Value {
    question(user, "view", SALES)
}

/// The same, changed.
fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap()[name] = value;
    body
}

fn allowed() -> (u16, Value) {
    (200, json!({"decision": true}))
}

fn denied() -> (u16, Value) {
    (200, json!({"decision": false}))
}

#[tokio::test]
async fn a_decision_is_a_boolean_and_nothing_besides() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    for _ in 0..3 {
        assert_eq!(evaluate(&sidecar, &view("salesman-1")).await, allowed());
        assert_eq!(evaluate(&sidecar, &view("workman-1")).await, denied());
    }
    let reply = send(&sidecar, Method::POST, EVALUATION, view("salesman-1").to_string(), &[JSON]).await;
    assert_eq!(reply.headers["content-type"], "application/json");
    sidecar.stop().await;
}

#[tokio::test]
async fn it_decides_as_is_authorized_does() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let resources = [
        SALES,
        ("Tool", "user:director/calendar"),
        ("Tool", "group:none/documents"),
        ("User", "secretary"),
        ("Group", "sales"),
        ("Item", "none"),
    ];
    for user in ["director", "secretary", "salesman-1", "workman-1", "nobody"] {
        for (kind, id) in resources {
            for action in ["view", "add", "view_details", "chat", "invite"] {
                let native = json!({
                    "principal": crate::world::reference("User", user),
                    "action": crate::world::reference("Action", action),
                    "resource": crate::world::reference(kind, id),
                });
                let native = sidecar.access("/v1/is_authorized", native.to_string()).await;
                // What the schema does not have is a 400 there and `false` here.
                let expected = native.status == 200 && native.body["decision"] == "Allow";
                let asked = question(user, action, (kind, id));
                assert_eq!(evaluate(&sidecar, &asked).await, (200, json!({"decision": expected})), "{asked}");
            }
        }
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn what_the_schema_does_not_have_is_denied_and_no_error() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let good = view("salesman-1");
    for (pointer, value) in [
        ("/subject/type", json!("user")),
        ("/subject/type", json!("not a type")),
        ("/subject/type", json!("")),
        ("/subject/id", json!("nobody")),
        ("/subject/id", json!("")),
        ("/resource/type", json!("Planet")),
        ("/resource/id", json!("group:none/documents")),
        ("/action/name", json!("fly")),
        ("/action/name", json!("")),
        ("/action/name", json!("invite")),
    ] {
        assert_eq!(evaluate(&sidecar, &with(good.clone(), pointer, value)).await, denied(), "{pointer}");
    }
    let named = with(good, "/action/name", json!("Action::\"view\""));
    assert_eq!(evaluate(&sidecar, &named).await, allowed(), "an action's whole name is one too");
    sidecar.stop().await;
}

#[tokio::test]
async fn what_is_missing_or_of_the_wrong_type_is_a_400_that_names_it() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let good = view("salesman-1");
    for (pointer, field) in [
        ("/subject", "subject"),
        ("/action", "action"),
        ("/resource", "resource"),
        ("/subject/type", "subject.type"),
        ("/subject/id", "subject.id"),
        ("/action/name", "action.name"),
        ("/resource/type", "resource.type"),
        ("/resource/id", "resource.id"),
    ] {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut without = good.clone();
        without.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
        for bad in [without, with(good.clone(), pointer, json!(123)), with(good.clone(), pointer, json!([]))] {
            let (status, body) = evaluate(&sidecar, &bad).await;
            assert_eq!((status, body["field"].as_str()), (400, Some(field)), "{bad}: {body}");
        }
    }
    for (pointer, field) in [
        ("/context", "context"),
        ("/subject/properties", "subject.properties"),
        ("/action/properties", "action.properties"),
        ("/resource/properties", "resource.properties"),
    ] {
        let (status, body) = evaluate(&sidecar, &with(good.clone(), pointer, json!("x"))).await;
        assert_eq!((status, body["field"].as_str()), (400, Some(field)), "{body}");
    }
    for (part, array) in [("subject", json!(["User", "salesman-1", {}])), ("action", json!(["view", {}]))] {
        let (status, body) = evaluate(&sidecar, &with(good.clone(), &format!("/{part}"), array)).await;
        assert_eq!((status, body["field"].as_str()), (400, Some(part)), "an array is no object: {body}");
    }
    for text in ["", "{", "[]", "null", "\"x\"", "{\"subject\":{}, \"subject\":{}}"] {
        for path in [EVALUATION, EVALUATIONS] {
            assert_eq!(send(&sidecar, Method::POST, path, text, &[JSON]).await.status, 400, "{text}");
        }
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn only_json_is_taken_and_anything_else_is_a_400() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let body = view("salesman-1").to_string();
    for path in [EVALUATION, EVALUATIONS] {
        for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
            let reply = send(&sidecar, Method::POST, path, body.clone(), &[("content-type", content_type)]).await;
            assert_eq!(reply.status, 400, "{content_type}");
            assert!(reply.body["detail"].as_str().unwrap().contains("Content-Type"), "{}", reply.body);
        }
        assert_eq!(send(&sidecar, Method::POST, path, body.clone(), &[]).await.status, 400, "none at all");
        let charset = ("content-type", "application/json; charset=utf-8");
        assert_eq!(send(&sidecar, Method::POST, path, body.clone(), &[charset]).await.status, 200);
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn unknown_fields_and_any_context_make_no_difference() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let mut asked = view("salesman-1");
    asked["foo"] = json!("bar");
    asked["futureField"] = json!({"nested": [true, 1.5, null, {"a": 1e99}]});
    asked["subject"]["more"] = json!({"x": 0.1});
    asked["context"] = json!({
        "time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1", "heat": 36.6, "large": 18_446_744_073_709_551_615_u64,
        "none": null, "size": 5, "nested": {"list": [1, "a", {}]},
    });
    asked["subject"]["properties"] = json!({"department": "Sales", "role": "manager", "weight": 71.5});
    asked["action"]["properties"] = json!({"method": "GET"});
    asked["resource"]["properties"] = json!({"status": "active", "owner": "bob", "parent": "x"});
    // `owner` is Conclave's, and a tool has no parent.
    assert_eq!(evaluate(&sidecar, &asked).await, allowed());
    asked["subject"]["id"] = json!("workman-1");
    assert_eq!(evaluate(&sidecar, &asked).await, denied());
    sidecar.stop().await;
}

#[tokio::test]
async fn what_the_schema_knows_is_never_passed_over() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let add = |context: Value| with(question("director", "add", SALES), "/context", context);
    assert_eq!(evaluate(&sidecar, &add(json!({}))).await, allowed());
    assert_eq!(evaluate(&sidecar, &add(json!({"size": i64::MAX}))).await, denied(), "past the capacity (P6)");
    for size in [json!("large"), json!(1.5), json!(-1), json!([1])] {
        let (status, body) = evaluate(&sidecar, &add(json!({"size": size, "time": "now"}))).await;
        assert_eq!((status, body["field"].as_str()), (400, Some("context.size")), "{size}: {body}");
    }
    assert_eq!(evaluate(&sidecar, &add(json!({"size": null}))).await, allowed(), "null is not said");
    let profile = question("salesman-1", "view_profile", ("User", "secretary"));
    let (status, body) = evaluate(&sidecar, &profile).await;
    assert_eq!((status, body["field"].as_str()), (400, Some("context.field")), "{body}");
    let email = with(profile, "/context", json!({"field": "email", "more": 1}));
    assert_eq!(evaluate(&sidecar, &email).await, allowed());
    sidecar.stop().await;
}

#[tokio::test]
async fn properties_never_say_what_conclave_keeps() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    sidecar
        .post("/items", json!({"id": "offer", "parent": "Tool::\"group:sales/documents\"", "author": "secretary"}))
        .await
        .ok();
    let group = json!({"type": "Group", "id": "sales"});
    let mut asked = question("workman-1", "view", ("Item", "offer"));
    asked["subject"]["properties"] = json!({"groups": [group], "group": group, "role": "director"});
    asked["resource"]["properties"] = json!({
        "owner": subject("workman-1"), "canView": {"users": [subject("workman-1")], "groups": []},
        "group": {"type": "Group", "id": "production"}, "author": subject("workman-1"),
        "parent": "Tool::\"group:production/documents\"",
    });
    for action in ["view", "edit", "delete", "manage_access"] {
        asked["action"]["name"] = json!(action);
        assert_eq!(evaluate(&sidecar, &asked).await, denied(), "{action}");
    }
    asked["subject"]["id"] = json!("secretary");
    for action in ["view", "edit"] {
        asked["action"]["name"] = json!(action);
        assert_eq!(evaluate(&sidecar, &asked).await, allowed(), "{action}: it is the secretary's, in sales");
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn properties_of_content_that_is_not_stored_are_lent() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let draft = |user: &str, action: &str, properties: Value| {
        with(question(user, action, ("Item", "draft")), "/resource/properties", properties)
    };
    let tool = json!({"type": "Tool", "id": "group:sales/documents"});
    let properties = || json!({"author": subject("salesman-1"), "parent": tool, "canEdit": 1});
    assert_eq!(evaluate(&sidecar, &draft("salesman-1", "edit", properties())).await, allowed());
    assert_eq!(evaluate(&sidecar, &draft("salesman-2", "view", properties())).await, allowed());
    assert_eq!(evaluate(&sidecar, &draft("salesman-2", "edit", properties())).await, denied());
    assert_eq!(evaluate(&sidecar, &draft("workman-1", "view", properties())).await, denied());
    let nowhere = json!({"author": subject("salesman-1"), "parent": "Folder::\"none\""});
    assert_eq!(evaluate(&sidecar, &draft("salesman-1", "edit", nowhere)).await, denied());
    let (status, body) = evaluate(&sidecar, &draft("salesman-1", "edit", json!({"parent": "sales"}))).await;
    assert_eq!((status, body["field"].as_str()), (400, Some("resource.properties.parent")), "{body}");
    let (status, body) = evaluate(&sidecar, &draft("salesman-1", "edit", json!({"author": "x", "parent": tool}))).await;
    assert_eq!((status, body["field"].as_str()), (400, Some("resource.properties.author")), "{body}");
    sidecar.stop().await;
}

#[tokio::test]
async fn the_grounds_come_when_they_are_asked_for() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let ask = async |path: &str, body: &Value, shown: &str| {
        send(&sidecar, Method::POST, path, body.to_string(), &[JSON, ("conclave-context", shown)]).await
    };
    let reply = ask(EVALUATION, &view("salesman-1"), "true").await;
    let revision = reply.body["context"]["revision"].as_u64().unwrap();
    assert!(revision > 0);
    let expected =
        json!({"decision": true, "context": {"reasons": ["group-content-view"], "errors": [], "revision": revision}});
    assert_eq!(reply.body, expected);
    assert_eq!(ask(EVALUATION, &view("salesman-1"), "false").await.body, json!({"decision": true}));
    assert_eq!(ask(EVALUATION, &view("salesman-1"), "yes").await.status, 400);
    let unknown = with(view("salesman-1"), "/action/name", json!("fly"));
    let reply = ask(EVALUATION, &unknown, "true").await;
    assert_eq!(reply.body["context"]["reasons"], json!([]));
    let several = json!({"evaluations": [view("salesman-1"), view("workman-1")]});
    let reply = ask(EVALUATIONS, &several, "true").await;
    assert_eq!(reply.body["evaluations"][0]["context"]["reasons"], json!(["group-content-view"]));
    assert_eq!(reply.body["evaluations"][1]["context"]["revision"], revision);
    sidecar.stop().await;
}

#[tokio::test]
async fn the_request_id_comes_back_whatever_the_answer() {
    let sidecar = TestSidecar::new().with_demo().configured(|config| config.limits.body_bytes_max = 2048).start().await;
    let id = ("x-request-id", "bfe9eb29 / any \"text\"");
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(4096));
    for (path, method, body, headers, status) in [
        (EVALUATION, Method::POST, view("salesman-1").to_string(), vec![JSON, id], 200),
        (EVALUATIONS, Method::POST, view("salesman-1").to_string(), vec![JSON, id], 200),
        (EVALUATION, Method::POST, "{}".to_owned(), vec![JSON, id], 400),
        (EVALUATION, Method::POST, "{}".to_owned(), vec![id], 400),
        (EVALUATION, Method::POST, large, vec![JSON, id], 413),
        (EVALUATION, Method::GET, String::new(), vec![id], 405),
        ("/access/v1/nothing", Method::POST, String::new(), vec![id], 404),
    ] {
        let reply = send(&sidecar, method, path, body, &headers).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.body);
        assert_eq!(reply.headers["x-request-id"], id.1, "{path} {status}");
    }
    let reply = send(&sidecar, Method::POST, EVALUATION, view("salesman-1").to_string(), &[JSON]).await;
    assert!(!reply.headers.contains_key("x-request-id"));
    sidecar.stop().await;
}

#[tokio::test]
async fn a_revision_may_be_asked_for() {
    let sidecar = TestSidecar::new()
        .with_demo()
        .configured(|config| config.limits.min_revision_wait_milliseconds = 20)
        .start()
        .await;
    let ask = async |path: &str, revision: &str| {
        let headers = [JSON, ("conclave-min-revision", revision)];
        send(&sidecar, Method::POST, path, view("salesman-1").to_string(), &headers).await.status
    };
    let written = sidecar.delete("/groups/sales/members/salesman-2").await.ok().revision;
    for path in [EVALUATION, EVALUATIONS] {
        assert_eq!(ask(path, &written.to_string()).await, 200);
        assert_eq!(ask(path, &(written + 1).to_string()).await, 503);
        assert_eq!(ask(path, "soon").await, 400);
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn a_write_changes_the_very_next_answer() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let several = json!({"evaluations": [view("salesman-1"), view("salesman-2")]});
    let answers = async || post(&sidecar, EVALUATIONS, &several).await.1["evaluations"].clone();
    assert_eq!(answers().await, json!([{"decision": true}, {"decision": true}]));
    sidecar.delete("/groups/sales/members/salesman-1").await.ok();
    assert_eq!(evaluate(&sidecar, &view("salesman-1")).await, denied());
    assert_eq!(answers().await, json!([{"decision": false}, {"decision": true}]));
    sidecar.stop().await;
}

#[tokio::test]
async fn the_metadata_says_what_the_configuration_does() {
    let url = "https://pdp.example.org/acme";
    let sidecar = TestSidecar::new().configured(|config| config.public_url = Some(url.to_owned())).start().await;
    for host in ["pdp.example.org", "evil.example"] {
        let reply = send(&sidecar, Method::GET, METADATA, "", &[("host", host), ("x-forwarded-host", host)]).await;
        assert_eq!((reply.status, reply.headers["content-type"].to_str().unwrap()), (200, "application/json"));
        assert_eq!(reply.body["policy_decision_point"], url);
        assert_eq!(reply.body["access_evaluation_endpoint"], format!("{url}{EVALUATION}"));
        assert_eq!(reply.body["access_evaluations_endpoint"], format!("{url}{EVALUATIONS}"));
        assert!(!reply.body.to_string().contains("evil"));
    }
    sidecar.stop().await;
    let sidecar = TestSidecar::new().start().await;
    let listens = format!("http://{}", sidecar.access_address());
    let reply = send(&sidecar, Method::GET, METADATA, "", &[("host", "evil.example")]).await;
    assert_eq!(reply.body["policy_decision_point"], listens, "without a setting, where the server listens");
    sidecar.stop().await;
}
