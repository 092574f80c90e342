//! Every endpoint refuses who may not: a table with a row for each, held to the router. An endpoint
//! without a row fails the first test, and so does a row that nobody serves.

use crate::sidecar::{Reply, TestSidecar};
use conclave::http::router::{access_endpoints, admin_endpoints};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Who is refused what: the least that is missing. `%I` in a path is a pending invitation of
/// `sales`, `%T` its token.
struct Row {
    /// Method and template, as the router has them.
    endpoint: &'static str,
    /// The path that is tried.
    path: &'static str,
    /// Who tries.
    actor: &'static str,
    body: Value,
    status: u16,
    rule: Option<&'static str>,
}

/// Only the token is asked for: there is nobody who may not.
const TOKEN_ALONE: &[&str] = &["GET /openapi.json", "GET /metrics"];

/// Open to everybody, by API.md.
const OPEN: &[&str] = &["GET /healthz", "GET /readyz"];

const SALES: &str = "Tool::\"group:sales/documents\"";

fn row(
    endpoint: &'static str,
    path: &'static str,
    actor: &'static str,
    body: Value,
    status: u16,
    rule: impl Into<Option<&'static str>>,
) -> Row {
    Row { endpoint, path, actor, body, status, rule: rule.into() }
}

/// No actor may: these calls are the host's alone.
#[rustfmt::skip]
fn host_only() -> Vec<Row> {
    let none = Value::Null;
    let user = json!({"username": "x", "subscription": "personal"});
    let refused = |endpoint, path, body| row(endpoint, path, "director", body, 403, None);
    vec![
        refused("GET /admin/v1/subscriptions", "/subscriptions", none.clone()),
        refused("GET /admin/v1/subscriptions/{id}", "/subscriptions/personal", none.clone()),
        refused("PUT /admin/v1/subscriptions/{id}", "/subscriptions/personal", json!({})),
        refused("DELETE /admin/v1/subscriptions/{id}", "/subscriptions/personal", none.clone()),
        refused("GET /admin/v1/users", "/users", none.clone()),
        refused("GET /admin/v1/users/{id}", "/users/secretary", none.clone()),
        refused("PUT /admin/v1/users/{id}", "/users/secretary", user),
        refused("DELETE /admin/v1/users/{id}", "/users/secretary", none.clone()),
        refused("GET /admin/v1/users/{id}/contexts", "/users/secretary/contexts", none.clone()),
        refused("GET /admin/v1/users/{id}/usage", "/users/secretary/usage", none.clone()),
        refused("PUT /admin/v1/entities", "/entities", json!({"entities": []})),
        refused("GET /admin/v1/entities/{type}/{id}", "/entities/User/secretary", none.clone()),
        refused("DELETE /admin/v1/entities/{type}/{id}", "/entities/User/secretary", none.clone()),
        refused("GET /admin/v1/changes", "/changes", none.clone()),
        refused("GET /admin/v1/audit", "/audit", none.clone()),
        refused("GET /admin/v1/outbox", "/outbox", none.clone()),
        refused("POST /admin/v1/outbox/{id}/sent", "/outbox/x/sent", none.clone()),
        refused("GET /admin/v1/policies", "/policies", none.clone()),
        refused("POST /admin/v1/policies/reload", "/policies/reload", none),
    ]
}

/// Whoever is known may: somebody unknown may not.
#[rustfmt::skip]
fn any_known_user() -> Vec<Row> {
    vec![
        row("GET /admin/v1/groups", "/groups", "nobody", Value::Null, 403, None),
        row("GET /admin/v1/directory", "/directory?name=sales&activity=other", "nobody", Value::Null, 403, None),
        row("POST /admin/v1/groups", "/groups", "nobody", json!({"name": "New"}), 403, None),
    ]
}

/// Groups and who is in them: a salesman sees `sales` and manages nothing, a workman does not know it.
#[rustfmt::skip]
fn groups() -> Vec<Row> {
    let none = || Value::Null;
    let member = "salesman-1";
    let stranger = "workman-1";
    vec![
        row("GET /admin/v1/groups/{id}", "/groups/sales", stranger, none(), 404, None),
        row("PATCH /admin/v1/groups/{id}", "/groups/sales", member, json!({"full_name": "x"}), 403, "A8"),
        row("DELETE /admin/v1/groups/{id}", "/groups/sales", member, none(), 403, "A14"),
        row("PUT /admin/v1/groups/{id}/administrator", "/groups/sales/administrator", member, json!({"user": "secretary"}), 403, "A4"),
        row("POST /admin/v1/groups/{id}/join", "/groups/sales/join", stranger, none(), 404, None),
        row("POST /admin/v1/groups/{id}/leave", "/groups/sales/leave", "director", none(), 403, "A3"),
        row("GET /admin/v1/groups/{id}/members", "/groups/sales/members", stranger, none(), 404, None),
        row("DELETE /admin/v1/groups/{id}/members/{user}", "/groups/sales/members/secretary", member, none(), 403, "A12"),
        row("POST /admin/v1/groups/{id}/removals", "/groups/sales/removals", member, json!({"all": true}), 403, "A12"),
        row("PUT /admin/v1/groups/{id}/co-administrators/{user}", "/groups/sales/co-administrators/secretary", member, none(), 403, "C1"),
        row("DELETE /admin/v1/groups/{id}/co-administrators/{user}", "/groups/sales/co-administrators/secretary", member, none(), 403, "C1"),
        row("GET /admin/v1/groups/{id}/usage", "/groups/sales/usage", stranger, none(), 404, None),
        row("GET /admin/v1/groups/{id}/invitations", "/groups/sales/invitations", member, none(), 403, "A10"),
        row("POST /admin/v1/groups/{id}/invitations", "/groups/sales/invitations", member, json!({"user": "workman-2"}), 403, "A9"),
        row("DELETE /admin/v1/groups/{id}/invitations/{invitation}", "/groups/sales/invitations/%I", member, none(), 403, "A10"),
        row("POST /admin/v1/groups/{id}/invitations/{invitation}/resend", "/groups/sales/invitations/%I/resend", member, none(), 403, "A10"),
        row("GET /admin/v1/groups/{id}/invitation-candidates", "/groups/sales/invitation-candidates", member, none(), 403, "A9"),
        row("GET /admin/v1/groups/{id}/leave-preview", "/groups/sales/leave-preview", "director", none(), 403, "A3"),
        row("GET /admin/v1/groups/{id}/join-requests", "/groups/sales/join-requests", member, none(), 403, "A10"),
        row("POST /admin/v1/groups/{id}/join-requests", "/groups/sales/join-requests", stranger, json!({"message": "x"}), 404, None),
        row("DELETE /admin/v1/groups/{id}/join-requests/{request}", "/groups/sales/join-requests/r", member, none(), 403, "A10"),
        row("POST /admin/v1/invitations/{token}/accept", "/invitations/%T/accept", "workman-2", none(), 403, "A10"),
        row("POST /admin/v1/invitations/{token}/decline", "/invitations/%T/decline", "workman-2", none(), 403, "A10"),
    ]
}

/// Content of `sales`: a salesman looks at it and no more, a workman does not.
#[rustfmt::skip]
fn content() -> Vec<Row> {
    let none = || Value::Null;
    let member = "salesman-1";
    let stranger = "workman-1";
    let grant = || json!({"resource": "Folder::\"f\"", "right": "add", "to": {"user": "salesman-2"}});
    vec![
        row("POST /admin/v1/folders", "/folders", member, json!({"parent": SALES}), 403, "D1"),
        row("GET /admin/v1/folders/{id}", "/folders/f", stranger, none(), 404, None),
        row("PATCH /admin/v1/folders/{id}", "/folders/f", member, json!({"name": "x"}), 403, "D7"),
        row("DELETE /admin/v1/folders/{id}", "/folders/f", member, none(), 403, "D1"),
        row("POST /admin/v1/items", "/items", member, json!({"parent": SALES}), 403, "D1"),
        row("GET /admin/v1/items/{id}", "/items/i", stranger, none(), 404, None),
        row("PATCH /admin/v1/items/{id}", "/items/i", member, json!({"size": 1}), 403, "D4"),
        row("DELETE /admin/v1/items/{id}", "/items/i", member, none(), 403, "D1"),
        row("GET /admin/v1/grants", "/grants?resource=Folder::%22f%22", member, none(), 403, "D7"),
        row("PUT /admin/v1/grants", "/grants", member, grant(), 403, "D7"),
        row("POST /admin/v1/grants/revoke", "/grants/revoke", member, grant(), 403, "D7"),
    ]
}

fn rows() -> Vec<Row> {
    [host_only(), any_known_user(), groups(), content()].into_iter().flatten().collect()
}

#[test]
fn every_admin_endpoint_has_a_row_and_every_row_an_endpoint() {
    let routed: BTreeSet<String> =
        admin_endpoints().into_iter().map(|(endpoint, _)| format!("{} {}", endpoint.method, endpoint.path)).collect();
    let mut tried: BTreeSet<String> = rows().into_iter().map(|row| row.endpoint.to_owned()).collect();
    tried.extend(TOKEN_ALONE.iter().chain(OPEN).map(|endpoint| (*endpoint).to_owned()));
    let untested: Vec<_> = routed.difference(&tried).collect();
    assert!(untested.is_empty(), "no test of refused access, add a row for each: {untested:#?}");
    let unknown: Vec<_> = tried.difference(&routed).collect();
    assert!(unknown.is_empty(), "rows of no endpoint: {unknown:#?}");
}

#[tokio::test]
async fn without_the_token_every_guarded_endpoint_is_401_and_the_others_are_those_that_may_be() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    for (endpoint, guarded) in admin_endpoints() {
        let name = format!("{} {}", endpoint.method, endpoint.path);
        assert_eq!(guarded, !OPEN.contains(&name.as_str()), "{name}");
        let path = endpoint.path.replace(['{', '}'], "");
        let reply = sidecar.send(endpoint.method, &path, false, None, &Value::Null).await;
        if guarded {
            problem(&name, &reply, 401, None);
        } else {
            assert_eq!(reply.status, 200, "{name}");
        }
    }
    sidecar.stop().await;
}

#[test]
fn the_access_listener_changes_nothing() {
    for endpoint in access_endpoints() {
        assert!(
            endpoint.method == "GET" || endpoint.path.starts_with("/v1/") || endpoint.path.starts_with("/access/v1/"),
            "{endpoint:?}"
        );
    }
}

fn problem(what: &str, reply: &Reply, status: u16, rule: Option<&str>) {
    assert_eq!((reply.status, reply.body["rule"].as_str()), (status, rule), "{what}: {}", reply.body);
    assert_eq!(reply.content_type, "application/problem+json", "{what}");
    assert_eq!(reply.body["status"], status, "{what}");
    assert!(reply.body["title"].is_string() && reply.body["detail"].is_string(), "{what}: {}", reply.body);
}

#[tokio::test]
async fn who_may_not_is_refused_by_every_endpoint_and_changes_nothing() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    sidecar.post("/folders", json!({"id": "f", "parent": SALES, "author": "secretary"})).await.ok();
    sidecar.post("/items", json!({"id": "i", "parent": SALES, "author": "secretary"})).await.ok();
    let invited = sidecar.post("/groups/sales/invitations", json!({"user": "workman-1"})).await.ok();
    let text = |field: &str| invited.body[field].as_str().unwrap().to_owned();
    let (invitation, token) = (text("id"), text("token"));
    let before = invited.revision;
    for row in rows() {
        let path = format!("/admin/v1{}", row.path.replace("%I", &invitation).replace("%T", &token));
        let method = row.endpoint.split(' ').next().unwrap();
        let reply = sidecar.send(method, &path, true, Some(row.actor), &row.body).await;
        problem(&format!("{} as {}", row.endpoint, row.actor), &reply, row.status, row.rule);
        if row.status == 403 && row.rule.is_none() && row.actor == "director" {
            let other = sidecar.send(method, &path, true, Some("workman-1"), &row.body).await;
            problem(&format!("{} as anybody", row.endpoint), &other, 403, None);
        }
    }
    let question = ("Tool", "group:sales/documents".to_owned());
    let now = sidecar.ask("director", "view", &question, &json!({})).await.revision;
    assert_eq!(now, before, "a refused call changed something");
    sidecar.stop().await;
}
