//! `Idempotency-Key`: a change that is sent twice is made once.

use crate::restarted::{Reply, Restarted};
use serde_json::{Value, json};
use std::sync::Arc;

fn again(first: Reply) -> Reply {
    Reply { replayed: true, ..first }
}

#[tokio::test]
async fn a_retry_gets_the_first_answer_even_after_a_restart() {
    let server = Restarted::new().await;
    let folder = json!({"parent": "Tool::\"group:g/documents\"", "name": "F"});
    let first = server.call(Some("ann"), "POST /folders", Some("k1"), folder.clone()).await;
    assert_eq!((first.status, first.replayed), (201, false));
    let head = server.head().await;
    assert_eq!(first.revision.as_deref(), Some(head.to_string().as_str()));
    let deleted = server.call(None, "DELETE /users/eve", Some("k2"), Value::Null).await;
    assert_eq!(deleted.status, 204);
    let second = server.call(Some("ann"), "POST /folders", Some("k1"), folder.clone()).await;
    let first = again(first);
    assert_eq!(second, first);
    server.stop().await;
    server.start().await;
    assert_eq!(server.call(Some("ann"), "POST /folders", Some("k1"), folder.clone()).await, first);
    assert_eq!(server.call(None, "DELETE /users/eve", Some("k2"), Value::Null).await, again(deleted));
    assert_eq!(server.head().await, head + 1);
    // Another key is another folder, and so is none, and the same key of somebody else.
    for (actor, key) in [(Some("ann"), Some("k3")), (Some("ann"), None)] {
        let other = server.call(actor, "POST /folders", key, folder.clone()).await;
        assert_eq!((other.status, other.replayed), (201, false));
        assert_ne!(other.body["id"], first.body["id"]);
    }
    let host = json!({"parent": "Tool::\"group:g/documents\"", "name": "F", "author": "ann"});
    assert!(!server.call(None, "POST /folders", Some("k1"), host).await.replayed);
    server.stop().await;
}

#[tokio::test]
async fn a_key_is_for_one_request() {
    let server = Restarted::new().await;
    let group = json!({"id": "h", "name": "h", "administrator": "bob"});
    assert_eq!(server.call(None, "POST /groups", Some("k"), group.clone()).await.status, 201);
    let head = server.head().await;
    for (line, body) in [
        ("POST /groups", json!({"id": "i", "name": "i", "administrator": "bob"})),
        ("PATCH /groups/h", group.clone()),
        ("DELETE /groups/h", Value::Null),
    ] {
        let reply = server.call(None, line, Some("k"), body).await;
        assert_eq!((reply.status, &reply.body["field"]), (422, &json!("Idempotency-Key")), "{line} {reply:?}");
    }
    let long = "k".repeat(256);
    for (key, status) in [(long.as_str(), 422), ("", 400)] {
        assert_eq!(server.call(None, "DELETE /groups/h", Some(key), Value::Null).await.status, status);
    }
    assert_eq!(server.head().await, head);
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_leaves_nothing_behind_and_its_retry_is_a_new_try() {
    let server = Restarted::new().await;
    let join = || server.call(Some("bob"), "POST /groups/g/join", Some("k"), Value::Null);
    let head = server.head().await;
    for _ in 0..2 {
        assert_eq!(join().await.status, 404);
    }
    assert_eq!(server.head().await, head);
    let allowed = server.ok(None, "GET /audit?action=join_group&outcome=allowed", Value::Null).await;
    assert_eq!(allowed.body["audit"], json!([]));
    let refused = server.ok(None, "GET /audit?action=join_group&outcome=refused", Value::Null).await;
    assert_eq!(refused.body["audit"].as_array().unwrap().len(), 2);
    server.ok(Some("ann"), "PATCH /groups/g", json!({"published": true, "open": true})).await;
    let joined = join().await;
    assert_eq!((joined.status, joined.replayed), (200, false));
    assert_eq!(join().await, again(joined));
    server.stop().await;
}

#[tokio::test]
async fn a_change_of_nothing_is_remembered_too() {
    let server = Restarted::new().await;
    let name = |name: &str| json!({ "full_name": name });
    server.ok(None, "PATCH /groups/g", name("A")).await;
    let head = server.head().await;
    let first = server.call(None, "PATCH /groups/g", Some("k"), name("A")).await;
    assert_eq!(server.head().await, head);
    server.ok(None, "PATCH /groups/g", name("B")).await;
    // Else the retry would undo what came between.
    assert_eq!(server.call(None, "PATCH /groups/g", Some("k"), name("A")).await, again(first));
    assert_eq!(server.ok(None, "GET /groups/g", Value::Null).await.body["full_name"], "B");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn duplicates_at_the_same_time_make_one_change() {
    let server = Arc::new(Restarted::new().await);
    let head = server.head().await;
    let folder = json!({"parent": "Tool::\"group:g/documents\"", "name": "F", "author": "ann"});
    let calls: Vec<_> = (0..24)
        .map(|_| {
            let (server, folder) = (Arc::clone(&server), folder.clone());
            tokio::spawn(async move { server.call(None, "POST /folders", Some("k"), folder).await })
        })
        .collect();
    let mut made = Vec::new();
    for call in calls {
        let reply = call.await.unwrap();
        assert!([201, 409].contains(&reply.status), "{reply:?}");
        if reply.status == 201 {
            made.push(reply);
        }
    }
    assert_eq!(made.iter().filter(|reply| !reply.replayed).count(), 1);
    assert!(made.iter().all(|reply| reply.body == made[0].body));
    assert_eq!(server.head().await, head + 1);
    server.stop().await;
}

#[tokio::test]
async fn a10_a_token_is_shown_once_and_never_kept() {
    let server = Restarted::new().await;
    let invite = || server.call(None, "POST /groups/g/invitations", Some("k"), json!({"user": "bob"}));
    let first = invite().await;
    let token = first.body["token"].as_str().unwrap().to_owned();
    let second = invite().await;
    assert_eq!((second.status, second.replayed, &second.body["id"]), (201, true, &first.body["id"]));
    assert_eq!(second.body.get("token"), None);
    // What the retry names is enough for another token.
    let resend = format!("POST /groups/g/invitations/{}/resend", second.body["id"].as_str().unwrap());
    let renewed = server.ok(None, &resend, Value::Null).await.body["token"].as_str().unwrap().to_owned();
    server.call(Some("bob"), &format!("POST /invitations/{renewed}/accept"), Some("k"), Value::Null).await;
    server.stop().await;
    let kept = std::fs::read(server.database()).unwrap();
    for token in [token, renewed] {
        assert!(!kept.windows(token.len()).any(|window| window == token.as_bytes()));
    }
}
