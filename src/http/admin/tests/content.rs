use super::*;

const DOCUMENTS: &str = "Tool::\"group:sales/documents\"";

/// A server on which anna administers `sales` and ben is in it.
async fn sales() -> Server {
    let server = Server::new().await;
    server.ok(None, "POST /groups", json!({"id": "sales", "name": "Sales", "administrator": "anna"}), 201).await;
    let invited = server.ok(None, "POST /groups/sales/invitations", json!({"user": "ben"}), 201).await;
    let accept = format!("POST /invitations/{}/accept", invited["token"].as_str().unwrap());
    let (status, ..) = server.call(Some("ben"), &accept, Value::Null).await;
    assert!((200..300).contains(&status));
    server
}

#[tokio::test]
async fn folders_and_items_live_over_http() {
    let server = sales().await;
    let (anna, ben) = (Some("anna"), Some("ben"));
    let made = server.ok(anna, "POST /folders", json!({"id": "a/b", "parent": DOCUMENTS}), 201).await;
    let expected = json!({"id": "a/b", "parent": DOCUMENTS, "tool": DOCUMENTS, "name": null, "author": "anna"});
    assert_eq!(made, expected);
    assert_eq!(server.ok(ben, "GET /folders/a%2Fb", Value::Null, 200).await, expected);
    let item = json!({"id": "i", "parent": "Folder::\"a/b\"", "name": "Offer", "kind": "document", "size": 7});
    server.ok(anna, "POST /items", item, 201).await;
    let moved = server.ok(anna, "PATCH /items/i", json!({"parent": DOCUMENTS, "size": 5}), 200).await;
    let expected = json!({"id": "i", "parent": DOCUMENTS, "tool": DOCUMENTS, "name": "Offer", "kind": "document",
                          "author": "anna", "size": 5});
    assert_eq!(moved, expected);
    let usage = server.ok(ben, "GET /groups/sales/usage", Value::Null, 200).await;
    assert_eq!(usage["tools"]["documents"], json!({"used": 5, "capacity": null}));
    assert_eq!(usage["tools"]["calendar"], json!({"used": 0, "capacity": null}));
    server.ok(anna, "PATCH /folders/a%2Fb", json!({"name": "Offers"}), 200).await;
    server.ok(anna, "DELETE /folders/a%2Fb", Value::Null, 204).await;
    server.ok(anna, "DELETE /items/i", Value::Null, 204).await;
    assert_eq!(server.call(anna, "GET /items/i", Value::Null).await.0, 404);
}

#[tokio::test]
async fn grants_live_over_http() {
    let server = sales().await;
    let grant = json!({"resource": DOCUMENTS, "right": "add", "to": {"user": "ben"}});
    assert_eq!(server.ok(Some("anna"), "PUT /grants", grant.clone(), 200).await, grant);
    let list = "GET /grants?resource=Tool::%22group:sales/documents%22";
    let grants = server.ok(Some("anna"), list, Value::Null, 200).await;
    assert_eq!(grants, json!({"grants": [grant.clone()], "next_page_token": null}));
    assert_eq!(server.call(Some("ben"), list, Value::Null).await.0, 403);
    server.ok(Some("anna"), "POST /grants/revoke", grant.clone(), 204).await;
    let (status, revision, problem) = server.call(Some("anna"), "POST /grants/revoke", grant).await;
    assert_eq!((status, revision, problem["status"].as_u64()), (404, None, Some(404)));
}

#[tokio::test]
async fn a_refusal_names_the_field_or_the_rule() {
    let server = sales().await;
    let grant = |right: &str, to: Value| json!({"resource": DOCUMENTS, "right": right, "to": to});
    for (line, body, status, field, rule) in [
        ("POST /items", json!({"id": "i"}), 400, Some("parent"), None),
        ("POST /items", json!({"parent": "sales"}), 400, Some("parent"), None),
        ("POST /items", json!({"parent": DOCUMENTS, "size": 1.5}), 400, Some("size"), None),
        ("POST /items", json!({"parent": DOCUMENTS, "size": -1}), 422, Some("size"), None),
        ("POST /items", json!({"parent": DOCUMENTS, "colour": 1}), 400, Some("colour"), None),
        ("POST /folders", json!({"parent": DOCUMENTS, "size": 1}), 400, Some("size"), None),
        ("PUT /grants", grant("fly", json!({"user": "ben"})), 400, Some("right"), None),
        ("PUT /grants", grant("add", json!({"user": "ben", "group": "sales"})), 400, Some("to"), None),
        ("PUT /grants", grant("view", json!({"user": "ben"})), 422, Some("right"), Some("D7")),
        ("PUT /grants", grant("add", json!({"user": "anna"})), 422, Some("to"), Some("D7")),
        ("PUT /grants", grant("add", json!({"user": "carl"})), 409, None, Some("D2")),
    ] {
        let (found, _, problem) = server.call(Some("anna"), line, body.clone()).await;
        let named = (problem["field"].as_str(), problem["rule"].as_str());
        assert_eq!((found, named), (status, (field, rule)), "{line} {body} {problem}");
    }
}

#[tokio::test]
async fn contexts_and_usage_are_ones_own() {
    let server = sales().await;
    let contexts = server.ok(Some("ben"), "GET /users/ben/contexts", Value::Null, 200).await;
    let expected = json!([{"kind": "private"}, {"kind": "group", "group": "sales", "name": "Sales"}]);
    assert_eq!(contexts, json!({"contexts": expected, "next_page_token": null}));
    assert_eq!(server.ok(None, "GET /users/ben/usage", Value::Null, 200).await["tools"]["drop"]["used"], 0);
    for path in ["contexts", "usage"] {
        assert_eq!(server.call(Some("anna"), &format!("GET /users/ben/{path}"), Value::Null).await.0, 403);
        assert_eq!(server.call(None, &format!("GET /users/nobody/{path}"), Value::Null).await.0, 404);
    }
}
