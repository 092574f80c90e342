//! `GET /audit`: who did what to whom, and what was refused.

use crate::restarted::Restarted;
use serde_json::{Value, json};

async fn audit(server: &Restarted, query: &str) -> Vec<Value> {
    let reply = server.ok(None, &format!("GET /audit{query}"), Value::Null).await;
    assert_eq!(reply.body["dropped"], 0);
    reply.body["audit"].as_array().unwrap().clone()
}

/// Without what differs from run to run.
fn told(row: &Value) -> Value {
    let mut row = row.clone();
    let members = row.as_object_mut().unwrap();
    assert!(members.remove("at").unwrap().as_str().unwrap().ends_with('Z'));
    assert!(members.remove("id").unwrap().is_number());
    let revision = members.remove("revision").unwrap();
    assert_eq!(revision.is_number(), members["outcome"] == "allowed", "{row}");
    row
}

#[tokio::test]
async fn what_was_done_and_what_was_refused_stand_there_with_who_and_why() {
    let server = Restarted::new().await;
    let invited = server.ok(None, "POST /groups/g/invitations", json!({"user": "bob"})).await;
    let token = invited.body["token"].as_str().unwrap().to_owned();
    let stranger = server.call(Some("eve"), &format!("POST /invitations/{token}/accept"), None, Value::Null).await;
    assert_eq!(stranger.status, 403);
    server.ok(Some("bob"), &format!("POST /invitations/{token}/accept"), Value::Null).await;
    let head = server.head().await;
    for (actor, line, body, status) in [
        (Some("bob"), "DELETE /groups/g/members/bob", Value::Null, 403),
        (Some("eve"), "PATCH /groups/g", json!({"published": true}), 404),
        (Some("bob"), "POST /groups", json!({"name": "G"}), 409),
        (Some("bob"), "PUT /subscriptions/s", json!({}), 403),
        (None, "PATCH /groups/g", json!({"open": true}), 422),
        (Some("bob"), "PATCH /groups/g", json!("no settings"), 400),
    ] {
        assert_eq!(server.call(actor, line, None, body).await.status, status, "{line}");
    }
    server.ok(Some("ann"), "DELETE /groups/g/members/bob", Value::Null).await;
    assert_eq!(server.head().await, head + 1, "refusals are no changes");

    let rows: Vec<_> = audit(&server, "?limit=8").await.iter().map(told).collect();
    let group = "Group::\"g\"";
    let row = |actor: Value, action: &str, target: Value, subject: Value, outcome: &str, rule: Value| json!({"actor": actor, "action": action, "target": target, "subject": subject, "outcome": outcome, "rule": rule});
    let (none, bob, ann) = (Value::Null, json!("bob"), json!("ann"));
    for expected in [
        row(ann, "remove_member", json!(group), bob.clone(), "allowed", none.clone()),
        row(bob.clone(), "remove_member", json!(group), bob.clone(), "refused", json!("A12")),
        row(json!("eve"), "change_group", json!(group), none.clone(), "refused", none.clone()),
        row(bob.clone(), "create_group", none.clone(), none.clone(), "refused", json!("A6")),
        row(
            bob.clone(),
            "PUT /subscriptions/{id}",
            json!("Subscription::\"s\""),
            none.clone(),
            "refused",
            none.clone(),
        ),
        row(none.clone(), "change_group", json!(group), none.clone(), "refused", json!("A7")),
        row(json!("eve"), "accept_invitation", json!(group), none.clone(), "refused", json!("A10")),
        row(bob, "accept_invitation", json!(group), none, "allowed", Value::Null),
    ] {
        assert!(rows.contains(&expected), "{expected}\n{rows:#?}");
    }
    let about_bob = audit(&server, "?target=User::%22bob%22&action=remove_member").await;
    assert_eq!(about_bob.len(), 2);
    assert_eq!(audit(&server, "?actor=bob&outcome=refused").await.len(), 3);
    assert!(audit(&server, "?actor=").await.iter().all(|row| row["actor"].is_null()));
    assert_eq!(audit(&server, "?until=2020-01-01T00:00:00Z").await, Vec::<Value>::new());
    let all = audit(&server, "").await;
    assert!(!json!(all).to_string().contains(&token));
    server.stop().await;
    let kept = std::fs::read(server.database()).unwrap();
    assert!(!kept.windows(token.len()).any(|window| window == token.as_bytes()));
}

#[tokio::test]
async fn every_row_is_on_one_page_newest_first() {
    let server = Restarted::new().await;
    let all = audit(&server, "").await;
    let (mut paged, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let reply = server.ok(None, &format!("GET /audit{query}"), Value::Null).await;
        paged.extend(reply.body["audit"].as_array().unwrap().clone());
        let Some(token) = reply.body["next_page_token"].as_str() else { break };
        query = format!("?limit=2&page_token={token}");
    }
    assert_eq!(paged, all);
    assert!(all.is_sorted_by_key(|row| -row["id"].as_i64().unwrap()));
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_is_not_lost_when_the_server_stops_right_after_it() {
    let server = Restarted::new().await;
    assert_eq!(server.call(Some("bob"), "DELETE /groups/g", None, Value::Null).await.status, 404);
    server.stop().await;
    server.start().await;
    let rows = audit(&server, "?outcome=refused").await;
    assert_eq!((rows.len(), &rows[0]["action"]), (1, &json!("delete_group")));
    server.stop().await;
}

#[tokio::test]
async fn the_host_alone_reads_it_and_bad_conditions_are_named() {
    let server = Restarted::new().await;
    for (actor, query, status, field) in [
        (Some("ann"), "", 403, None),
        (None, "?outcome=maybe", 422, Some("outcome")),
        (None, "?since=yesterday", 400, Some("since")),
        (None, "?until=1", 400, Some("until")),
        (None, "?target=g", 400, Some("target")),
        (None, "?actor=a/b", 400, Some("actor")),
        (None, "?page_token=61", 400, Some("page_token")),
        (None, "?limit=0", 422, Some("limit")),
        (None, "?who=ann", 400, Some("who")),
    ] {
        let reply = server.call(actor, &format!("GET /audit{query}"), None, Value::Null).await;
        assert_eq!((reply.status, reply.body["field"].as_str()), (status, field), "{query} {reply:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_loaded_policies_are_shown_to_the_host_with_file_and_line() {
    let server = Restarted::new().await;
    assert_eq!(server.call(Some("ann"), "GET /policies", None, Value::Null).await.status, 403);
    let set = server.ok(None, "GET /policies", Value::Null).await.body;
    assert_eq!((set["digest"].as_str().unwrap().len(), &set["last_failure"]), (64, &Value::Null));
    assert!(set["generation"].is_u64() && set["loaded"].is_string());
    let policies = set["policies"].as_array().unwrap();
    let busy = policies.iter().find(|policy| policy["id"] == "shared-group-busy").unwrap();
    assert_eq!((&busy["rule"], &busy["effect"]), (&json!("M1"), &json!("permit")));
    assert!(busy["file"].as_str().unwrap().ends_with("membership.cedar") && busy["line"].as_u64().unwrap() > 1);
    server.stop().await;
}
