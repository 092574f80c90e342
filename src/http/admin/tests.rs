mod content;

use super::*;
use crate::admin::testing::World;
use crate::config::Limits;
use crate::domain::Page;
use crate::domain::page::{PAGE_ROWS_MAX, Paged};
use crate::http::auth::AdminToken;
use crate::http::router;
use crate::reload::Reloader;
use crate::store::testing::Place;
use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const TOKEN: &str = "a-token-long-enough";

struct Server {
    app: Arc<App>,
    _directory: Place,
}

/// What came back: status, revision where one is named, body.
type Answer = (u16, Option<u64>, Value);

impl Server {
    async fn new() -> Self {
        let (admin, directory) = World::new().await.into_parts();
        let (check, store) = (Arc::clone(&admin.check), admin.store.clone());
        let token = AdminToken::new(TOKEN.as_bytes());
        let (sources, clock) = (crate::engine::Sources::default(), Arc::clone(&admin.clock));
        let print = sources.read().fingerprint();
        let reloader = Arc::new(Reloader::new(sources, print, Arc::clone(&check), store.clone(), clock));
        let app = Arc::new(App::new(check, Arc::new(admin), store, reloader, Limits::default(), token.into()));
        Self { app, _directory: directory }
    }

    async fn call(&self, actor: Option<&str>, line: &str, body: Value) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = axum::http::Request::builder()
            .method(method.parse::<Method>().unwrap())
            .uri(format!("/admin/v1{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        if let Some(actor) = actor {
            request = request.header("conclave-actor", actor);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = router::admin(Arc::clone(&self.app)).oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status().as_u16();
        let revision =
            response.headers().get("conclave-revision").map(|value| value.to_str().unwrap().parse().unwrap());
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        (status, revision, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// A call that succeeds with this status; its body.
    async fn ok(&self, actor: Option<&str>, line: &str, body: Value, status: u16) -> Value {
        let (found, revision, answer) = self.call(actor, line, body).await;
        assert_eq!(found, status, "{line} {answer}");
        assert_eq!(revision.is_some(), !line.starts_with("GET"), "{line}");
        answer
    }
}

#[tokio::test]
async fn a_group_lives_over_http() {
    let server = Server::new().await;
    let plan = json!({"max_groups": 3, "max_members": 9, "capacities": {"documents": 1000}});
    server.ok(None, "PUT /subscriptions/a%2Fb", plan.clone(), 201).await;
    let read = server.ok(None, "GET /subscriptions/a%2Fb", Value::Null, 200).await;
    assert_eq!(read, json!({"id": "a/b", "max_groups": 3, "max_members": 9, "capacities": {"documents": 1000}}));
    server.ok(None, "PUT /users/eve", json!({"username": "eve", "subscription": "a/b"}), 201).await;
    let eve = json!({"username": "eve", "email": "eve@example.org"});
    let eve = server.ok(Some("eve"), "PUT /users/eve", eve, 200).await;
    assert_eq!((&eve["email"], &eve["subscription"]), (&json!("eve@example.org"), &json!("a/b")));

    let group = server.ok(Some("eve"), "POST /groups", json!({"id": "sales", "name": "Sales"}), 201).await;
    assert_eq!(group["administrator"], "eve");
    let invited = server.ok(None, "POST /groups/sales/invitations", json!({"user": "ben"}), 201).await;
    let accept = format!("POST /invitations/{}/accept", invited["token"].as_str().unwrap());
    let admitted = server.ok(Some("ben"), &accept, Value::Null, 200).await;
    assert_eq!(admitted, json!({"group": "sales", "user": "ben"}));
    server.ok(Some("eve"), "PUT /groups/sales/co-administrators/ben", Value::Null, 204).await;
    let members = server.ok(Some("ben"), "GET /groups/sales/members", Value::Null, 200).await;
    let ben = json!({"user": "ben", "co_administrator": true, "since": "2023-11-14T22:13:20Z"});
    assert_eq!(members, json!({"administrator": "eve", "members": [ben], "next_page_token": null}));
    server.ok(Some("eve"), "DELETE /groups/sales/co-administrators/ben", Value::Null, 204).await;

    server.ok(Some("eve"), "PUT /groups/sales/administrator", json!({"user": "ben"}), 200).await;
    server.ok(Some("eve"), "POST /groups/sales/leave", Value::Null, 204).await;
    let open = json!({"published": true, "members_published": true, "open": true});
    server.ok(Some("ben"), "PATCH /groups/sales", open, 200).await;
    server.ok(Some("carl"), "POST /groups/sales/join", Value::Null, 200).await;
    let removed = server.ok(Some("ben"), "POST /groups/sales/removals", json!({"all": true}), 200).await;
    assert_eq!(removed, json!({"removed": ["carl"]}));
    server.ok(Some("ben"), "DELETE /groups/sales", Value::Null, 204).await;
    server.ok(None, "DELETE /users/eve", Value::Null, 204).await;
    server.ok(None, "DELETE /subscriptions/a%2Fb", Value::Null, 204).await;
}

#[tokio::test]
async fn s6_f3_what_outsiders_are_shown() {
    let server = Server::new().await;
    let closed = json!({"id": "c", "name": "C", "administrator": "anna", "published": true, "members_published": true});
    server.ok(None, "POST /groups", closed, 201).await;
    let seen = server.ok(Some("ben"), "GET /groups/c", Value::Null, 200).await;
    let shown = json!({
        "id": "c", "name": "C", "full_name": null, "description": null, "language": null, "activity": null,
        "sector": null, "open": false, "administrator_email": "anna@example.org",
    });
    assert_eq!(seen, shown);
    let invited = server.ok(None, "POST /groups/c/invitations", json!({"user": "carl"}), 201).await;
    let accept = format!("POST /invitations/{}/accept", invited["token"].as_str().unwrap());
    server.ok(Some("carl"), &accept, Value::Null, 200).await;
    let people = server.ok(Some("ben"), "GET /groups/c/members", Value::Null, 200).await;
    assert_eq!(people["members"], json!([{"user": "carl", "first_name": "carl", "last_name": null}]));
    let own = server.ok(Some("anna"), "GET /groups/c", Value::Null, 200).await;
    assert_eq!((&own["administrator"], &own["members_published"]), (&json!("anna"), &json!(true)));
}

#[tokio::test]
async fn a10_the_token_is_shown_to_the_host_alone() {
    let server = Server::new().await;
    server.ok(Some("anna"), "POST /groups", json!({"id": "g", "name": "G"}), 201).await;
    let invited = server.ok(Some("anna"), "POST /groups/g/invitations", json!({"user": "ben"}), 201).await;
    assert!(invited["id"].is_string() && invited.get("token").is_none());
    let listed = server.ok(None, "GET /groups/g/invitations", Value::Null, 200).await;
    assert!(listed["invitations"][0].get("token").is_none());
    let resend = format!("POST /groups/g/invitations/{}/resend", invited["id"].as_str().unwrap());
    assert!(server.ok(Some("anna"), &resend, Value::Null, 200).await.get("token").is_none());
    let token = server.ok(None, &resend, Value::Null, 200).await["token"].clone();
    assert_eq!(token.as_str().unwrap().len(), 64);
    let decline = format!("POST /invitations/{}/decline", token.as_str().unwrap());
    server.ok(Some("ben"), &decline, Value::Null, 204).await;
    let withdraw = format!("DELETE /groups/g/invitations/{}", invited["id"].as_str().unwrap());
    let (status, _, problem) = server.call(Some("anna"), &withdraw, Value::Null).await;
    assert_eq!((status, &problem["rule"]), (409, &json!("A10")));
}

#[tokio::test]
async fn refusals_name_their_rule_and_field() {
    let server = Server::new().await;
    server.ok(Some("anna"), "POST /groups", json!({"id": "g", "name": "G"}), 201).await;
    for (actor, line, body, status, rule, field) in [
        (Some("anna"), "GET /users", Value::Null, 403, Value::Null, Value::Null),
        (None, "GET /users?limit=0", Value::Null, 422, Value::Null, json!("limit")),
        (None, "GET /users?limits=1", Value::Null, 400, Value::Null, json!("limits")),
        (None, "GET /groups/g?limit=1", Value::Null, 400, Value::Null, json!("limit")),
        (None, "DELETE /groups/g?force=true", Value::Null, 400, Value::Null, json!("force")),
        (Some("nobody"), "GET /groups", Value::Null, 403, Value::Null, Value::Null),
        (None, "GET /users/a%2Fb", Value::Null, 404, Value::Null, Value::Null),
        (None, "PUT /users/a%2Fb", json!({}), 422, Value::Null, json!("id")),
        (None, "PUT /users/eve", json!({"subscription": "free"}), 400, Value::Null, json!("username")),
        (None, "PUT /users/eve", json!({"usrname": "eve"}), 400, Value::Null, json!("usrname")),
        (None, "PUT /subscriptions/s", json!({"max_groups": -1}), 422, Value::Null, json!("max_groups")),
        (Some("ben"), "GET /groups/g", Value::Null, 404, Value::Null, Value::Null),
        (Some("anna"), "POST /groups", json!({"name": "g"}), 409, json!("A6"), Value::Null),
        (Some("anna"), "PATCH /groups/g", json!({"open": true}), 422, json!("A7"), json!("open")),
        (Some("anna"), "PUT /groups/g/administrator", json!({"user": "ben"}), 409, json!("A4"), Value::Null),
        (Some("anna"), "POST /groups/g/leave", Value::Null, 403, json!("A3"), Value::Null),
        (Some("anna"), "POST /groups/g/leave", json!({"grants": "keep"}), 403, json!("A3"), Value::Null),
        (Some("anna"), "POST /groups/g/leave", json!({"grants": "give"}), 400, Value::Null, json!("grants")),
        (Some("anna"), "GET /groups/g/leave-preview", Value::Null, 403, json!("A3"), Value::Null),
        (None, "GET /groups/g/leave-preview", Value::Null, 400, Value::Null, json!("Conclave-Actor")),
        (Some("ben"), "GET /groups/g/invitation-candidates", Value::Null, 404, Value::Null, Value::Null),
        (Some("ben"), "POST /invitations/x/accept", Value::Null, 404, Value::Null, Value::Null),
        (None, "POST /groups/g/join", Value::Null, 400, Value::Null, json!("Conclave-Actor")),
    ] {
        let (found, _, problem) = server.call(actor, line, body).await;
        let found = (found, problem["rule"].clone(), problem["field"].clone());
        assert_eq!(found, (status, rule, field), "{line} {problem}");
    }
}

#[tokio::test]
async fn a5_a_refused_handover_names_every_shortfall() {
    let server = Server::new().await;
    server.ok(None, "PUT /subscriptions/none", json!({"max_groups": 0, "max_members": 0}), 201).await;
    server.ok(None, "PUT /users/eve", json!({"username": "eve", "subscription": "none"}), 201).await;
    server.ok(Some("anna"), "POST /groups", json!({"id": "g", "name": "G"}), 201).await;
    let invited = server.ok(None, "POST /groups/g/invitations", json!({"user": "eve"}), 201).await;
    let accept = format!("POST /invitations/{}/accept", invited["token"].as_str().unwrap());
    server.ok(Some("eve"), &accept, Value::Null, 200).await;
    let (status, _, problem) = server.call(Some("anna"), "PUT /groups/g/administrator", json!({"user": "eve"})).await;
    let shortfalls = json!([
        {"limit": "groups", "allowed": 0, "actual": 1}, {"limit": "members", "allowed": 0, "actual": 1},
    ]);
    assert_eq!((status, &problem["rule"], &problem["shortfalls"]), (409, &json!("A5"), &shortfalls));
}

#[tokio::test]
async fn f7_leaving_asks_what_becomes_of_grants() {
    let server = Server::new().await;
    let open = json!({"id": "g", "name": "G", "published": true, "open": true});
    server.ok(Some("anna"), "POST /groups", open, 201).await;
    server.ok(Some("ben"), "POST /groups/g/join", Value::Null, 200).await;
    let to = json!({"group": "g"});
    let grant = json!({"resource": "Tool::\"user:ben/documents\"", "right": "view", "to": to});
    server.ok(Some("ben"), "PUT /grants", grant.clone(), 200).await;
    let mut row = grant.clone();
    row["reaches_later_joiners"] = json!(true);
    let preview = server.ok(Some("ben"), "GET /groups/g/leave-preview", Value::Null, 200).await;
    assert_eq!(preview, json!({"grants": [row], "next_page_token": null}));
    for body in [Value::Null, json!({}), json!({"grants": null})] {
        let (status, _, problem) = server.call(Some("ben"), "POST /groups/g/leave", body).await;
        assert_eq!((status, &problem["rule"], &problem["grants"]), (409, &json!("F7"), &preview["grants"]));
    }
    server.ok(Some("ben"), "POST /groups/g/leave", json!({"grants": "keep"}), 204).await;
    row["kept"] = json!(true);
    let list = "GET /grants?resource=Tool::%22user:ben/documents%22";
    assert_eq!(server.ok(Some("ben"), list, Value::Null, 200).await["grants"], json!([row]));
    let (status, _, problem) = server.call(Some("ben"), "POST /grants/revoke", grant).await;
    assert_eq!((status, &problem["rule"]), (409, &json!("F7")));
    server.ok(Some("ben"), "POST /groups/g/join", Value::Null, 200).await;
    // What a list shows can be sent back as it is.
    server.ok(Some("ben"), "POST /grants/revoke", row, 204).await;
    server.ok(Some("ben"), "POST /groups/g/leave", Value::Null, 204).await;
}

#[tokio::test]
async fn f7_a_refusal_goes_on_as_the_preview_does() {
    let server = Server::new().await;
    let open = json!({"id": "g", "name": "G", "published": true, "open": true});
    server.ok(Some("anna"), "POST /groups", open, 201).await;
    server.ok(Some("ben"), "POST /groups/g/join", Value::Null, 200).await;
    for number in 0..=PAGE_ROWS_MAX {
        let item = json!({"id": format!("i{number}"), "parent": "Tool::\"user:ben/documents\""});
        server.ok(Some("ben"), "POST /items", item, 201).await;
        let resource = format!("Item::\"i{number}\"");
        let grant = json!({"resource": resource, "right": "view", "to": {"group": "g"}});
        server.ok(Some("ben"), "PUT /grants", grant, 200).await;
    }
    let (status, _, refused) = server.call(Some("ben"), "POST /groups/g/leave", Value::Null).await;
    assert_eq!((status, refused["grants"].as_array().unwrap().len()), (409, 1000));
    let next = format!("GET /groups/g/leave-preview?page_token={}", refused["next_page_token"].as_str().unwrap());
    let rest = server.ok(Some("ben"), &next, Value::Null, 200).await;
    assert_eq!((rest["grants"].as_array().unwrap().len(), &rest["next_page_token"]), (1, &Value::Null));
}

#[tokio::test]
async fn a9_contacts_and_candidates_over_http() {
    let server = Server::new().await;
    server.ok(Some("anna"), "POST /groups", json!({"id": "g", "name": "G"}), 201).await;
    let contact = json!({"email": "eve@example.org", "first_name": "Eve", "last_name": null});
    let item = json!({"id": "c", "parent": "Tool::\"user:anna/contacts\"", "contact": contact});
    assert_eq!(server.ok(Some("anna"), "POST /items", item, 201).await["contact"], contact);
    assert_eq!(server.ok(Some("anna"), "GET /items/c", Value::Null, 200).await["contact"], contact);
    let elsewhere = json!({"parent": "Tool::\"user:anna/documents\"", "contact": contact});
    let (status, _, problem) = server.call(Some("anna"), "POST /items", elsewhere).await;
    assert_eq!((status, &problem["field"]), (422, &json!("contact")));
    server.ok(Some("anna"), "POST /groups/g/invitations", json!({"user": "ben"}), 201).await;
    server.ok(Some("anna"), "POST /groups", json!({"id": "h", "name": "H"}), 201).await;
    let path = "GET /groups/h/invitation-candidates?limit=1";
    let first = server.ok(Some("anna"), path, Value::Null, 200).await;
    assert_eq!(first["candidates"], json!([{"user": "ben"}]));
    let next = format!("{path}&page_token={}", first["next_page_token"].as_str().unwrap());
    let second = server.ok(None, &next, Value::Null, 200).await;
    assert_eq!(second, json!({"candidates": [contact], "next_page_token": null}));
}

#[tokio::test]
async fn lists_page_through_everything_once() {
    let server = Server::new().await;
    let mut found = Vec::new();
    let mut path = "GET /users?limit=3".to_owned();
    loop {
        let page = server.ok(None, &path, Value::Null, 200).await;
        found.extend(page["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()));
        let Some(token) = page["next_page_token"].as_str() else { break };
        path = format!("GET /users?limit=3&page_token={token}");
    }
    assert_eq!(found, ["anna", "ben", "carl", "dora"]);
}

#[tokio::test]
async fn a_page_has_a_limit_and_a_beginning() {
    let server = Server::new().await;
    let list = |query: &str| List::new(&server.app.store, "/admin/v1/users", query);
    let page = |limit: Option<&str>, token: Option<&str>| {
        let listing = Listing { limit: limit.map(str::to_owned), page_token: token.map(str::to_owned) };
        list("limit=1").page(&listing).map_err(|problem| problem.status.as_u16())
    };
    let token = list("").token(&Paged { rows: vec![()], next: Some("a".into()) }).unwrap();
    assert_eq!(page(None, None), Ok(Page::first()));
    assert_eq!(page(Some("1000"), Some(&token)), Ok(Page { after: Some("a".into()), rows_max: 1000 }));
    let other = list("state=sent").token(&Paged { rows: vec![()], next: Some("a".into()) });
    for (limit, token, status) in [
        (Some("0"), None, 422),
        (Some("1001"), None, 422),
        (Some("-1"), None, 422),
        (Some("99999999999999999999"), None, 422),
        (Some("many"), None, 400),
        (None, Some("?"), 400),
        (None, Some("61"), 400),
        (None, other.as_deref(), 400),
    ] {
        assert_eq!(page(limit, token), Err(status), "{limit:?} {token:?}");
    }
}

#[test]
fn times_are_rfc_3339() {
    assert_eq!(time(1_700_000_000_000).as_deref(), Some("2023-11-14T22:13:20Z"));
    assert_eq!(time(i64::MAX), None);
}

#[tokio::test]
async fn a10_the_host_reads_the_outbox_and_says_what_it_sent() {
    let server = Server::new().await;
    let group = json!({"id": "sales", "name": "Sales", "language": "it-CH", "administrator": "anna"});
    server.ok(None, "POST /groups", group, 201).await;
    let invitation = json!({"email": "new@example.org", "first_name": "Nuovo"});
    let token = server.ok(None, "POST /groups/sales/invitations", invitation, 201).await["token"].clone();

    let outbox = server.ok(None, "GET /outbox", Value::Null, 200).await;
    assert_eq!((&outbox["next_page_token"], outbox["outbox"].as_array().unwrap().len()), (&Value::Null, 1));
    let mail = &outbox["outbox"][0];
    for (field, expected) in [
        ("kind", json!("invitation")),
        ("to", json!("new@example.org")),
        ("language", json!("it")),
        ("subject", json!("anna ti invita nel gruppo «Sales»")),
        ("state", json!("pending")),
        ("attempts", json!(0)),
        ("created", json!("2023-11-14T22:13:20Z")),
        ("next_attempt", json!("2023-11-14T22:13:20Z")),
        ("last_error", Value::Null),
        ("sent", Value::Null),
    ] {
        assert_eq!(mail[field], expected, "{field}");
    }
    let body = mail["body"].as_str().unwrap();
    assert!(body.starts_with("Buongiorno Nuovo,\n") && body.contains(token.as_str().unwrap()), "{body}");

    let sent = format!("POST /outbox/{}/sent", mail["id"].as_str().unwrap());
    server.ok(None, &sent, Value::Null, 204).await;
    server.ok(None, &sent, Value::Null, 204).await;
    assert_eq!(server.ok(None, "GET /outbox", Value::Null, 200).await["outbox"], json!([]));
    assert_eq!(server.ok(None, "GET /outbox?state=dead", Value::Null, 200).await["outbox"], json!([]));
    let kept = server.ok(None, "GET /outbox?state=sent&limit=1", Value::Null, 200).await;
    assert_eq!(
        (&kept["outbox"][0]["body"], &kept["outbox"][0]["sent"]),
        (&Value::Null, &json!("2023-11-14T22:13:20Z"))
    );

    for (actor, line, status) in [
        (Some("anna"), "GET /outbox", 403),
        (Some("anna"), sent.as_str(), 403),
        (None, "POST /outbox/nothing/sent", 404),
        (None, "GET /outbox?state=lost", 422),
        (None, "GET /outbox?limit=0", 422),
        (None, "GET /outbox?sate=sent", 400),
        (None, "GET /outbox?page_token=x", 400),
    ] {
        assert_eq!(server.call(actor, line, Value::Null).await.0, status, "{line}");
    }
}
