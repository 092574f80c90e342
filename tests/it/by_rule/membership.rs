//! A9-A13: becoming a member by invitation, and ceasing to be one.

use super::scene::{HOST, Scene, grant};
use crate::sidecar::TestSidecar;
use serde_json::{Value, json};

const DOCUMENTS: &str = "Tool::\"group:sales/documents\"";
const INVITE: &str = "POST /groups/sales/invitations";

#[tokio::test]
async fn a9_only_the_administrator_invites_and_strangers_become_contacts() {
    let scene = Scene::new().await;
    scene.ok(Some("anna"), "PUT /groups/sales/co-administrators/ben", Value::Null).await;
    scene.group("other", "anna", json!({}), &[]).await;
    for member in ["ben", "carl"] {
        scene.refused(Some(member), INVITE, json!({"user": "dora"}), 403, "A9").await;
    }
    scene.refused(Some("dora"), INVITE, json!({"user": "dora"}), 404, None).await;
    let candidates = async |who, group: &str| {
        let path = format!("GET /groups/{group}/invitation-candidates");
        scene.ok(who, &path, Value::Null).await["candidates"].clone()
    };
    // Of the other group, everybody in `sales`; nobody is left of `sales` itself.
    let people = json!([{"user": "ben"}, {"user": "carl"}]);
    for who in [HOST, Some("anna")] {
        assert_eq!(candidates(who, "other").await, people);
        assert_eq!(candidates(who, "sales").await, json!([]));
    }
    let eve = |n: u8| json!({"email": format!("eve-{n}@example.org"), "first_name": "Eve", "last_name": null});
    scene.ok(Some("anna"), INVITE, eve(1)).await;
    scene.ok(HOST, INVITE, eve(2)).await;
    // Added to the private contacts, and so candidates of the other group.
    let expected = json!([{"user": "ben"}, {"user": "carl"}, eve(1), eve(2)]);
    assert_eq!(candidates(Some("anna"), "other").await, expected);
    // Contacts of a group's tool count, and one by an address that is a user's is that user.
    let contact =
        json!({"id": "c", "parent": "Tool::\"group:sales/contacts\"", "contact": {"email": "dora@example.org"}});
    scene.ok(Some("ben"), "POST /items", contact).await;
    let expected = json!([{"user": "ben"}, {"user": "carl"}, {"user": "dora"}, eve(1), eve(2)]);
    assert_eq!(candidates(HOST, "other").await, expected);
    scene.stop().await;
}

#[tokio::test]
async fn a10_an_invitation_is_mailed_listed_renewed_and_ended() {
    for who in [HOST, Some("anna")] {
        let scene = Scene::new().await;
        let invited = scene.ok(who, INVITE, json!({"user": "dora"})).await;
        assert_eq!(invited.get("token").is_some(), who.is_none(), "to the host alone");
        let id = invited["id"].as_str().unwrap();
        let mail = async || scene.ok(HOST, "GET /outbox", Value::Null).await["outbox"].clone();
        assert_eq!(mail().await[0]["to"], "dora@example.org");
        // Until she accepts she has no right there.
        assert!(!scene.may("dora", "view_group", "Group", "sales").await);
        assert_eq!(scene.ok(who, "GET /groups/sales/invitations", Value::Null).await["invitations"][0]["id"], id);
        scene.refused(who, INVITE, json!({"user": "dora"}), 409, "A10").await;
        scene.refused(who, INVITE, json!({"user": "ben"}), 409, "A10").await;
        scene.ok(who, &format!("POST /groups/sales/invitations/{id}/resend"), Value::Null).await;
        scene.ok(who, &format!("DELETE /groups/sales/invitations/{id}"), Value::Null).await;
        assert_eq!(mail().await, json!([]));
        assert_eq!(scene.ok(who, "GET /groups/sales/invitations", Value::Null).await["invitations"], json!([]));
        for again in
            [format!("POST /groups/sales/invitations/{id}/resend"), format!("DELETE /groups/sales/invitations/{id}")]
        {
            scene.refused(who, &again, Value::Null, 409, "A10").await;
        }
        scene.stop().await;
    }
}

#[tokio::test]
async fn a10_a_token_that_ended_admits_nobody() {
    let scene = Scene::new().await;
    let accept = |token: &str| format!("POST /invitations/{token}/accept");
    let (id, withdrawn) = scene.invite("sales", json!({"user": "dora"})).await;
    scene.ok(Some("anna"), &format!("DELETE /groups/sales/invitations/{id}"), Value::Null).await;
    let (_, declined) = scene.invite("sales", json!({"user": "dora"})).await;
    scene.refused(Some("ben"), &format!("POST /invitations/{declined}/decline"), Value::Null, 403, "A10").await;
    scene.ok(Some("dora"), &format!("POST /invitations/{declined}/decline"), Value::Null).await;
    let (_, expired) = scene.invite("sales", json!({"user": "dora"})).await;
    scene.sidecar.later(30);
    for token in [&withdrawn, &declined, &expired] {
        scene.refused(Some("dora"), &accept(token), Value::Null, 409, "A10").await;
    }
    assert_eq!(scene.ok(HOST, "GET /groups/sales/invitations", Value::Null).await["invitations"], json!([]));
    // An address that is one user's is that user's; her invitation is for nobody else.
    let (_, token) = scene.invite("sales", json!({"email": "dora@example.org"})).await;
    scene.person("eve", "free").await;
    scene.refused(Some("eve"), &accept(&token), Value::Null, 403, "A10").await;
    scene.refused(HOST, &accept(&token), Value::Null, 400, None).await;
    scene.sidecar.later(29);
    scene.ok(Some("dora"), &accept(&token), Value::Null).await;
    scene.ok(Some("dora"), &accept(&token), Value::Null).await;
    scene.ok(HOST, "DELETE /groups/sales/members/dora", Value::Null).await;
    scene.refused(Some("dora"), &accept(&token), Value::Null, 409, "A10").await;
    scene.stop().await;
}

#[tokio::test]
async fn a10_after_how_many_days_an_invitation_expires_is_configuration() {
    let scene = Scene::on(TestSidecar::new().configured(|config| config.invitation_days = 2)).await;
    let (_, token) = scene.invite("sales", json!({"email": "anybody@example.org"})).await;
    scene.sidecar.later(1);
    let (_, late) = scene.invite("sales", json!({"user": "dora"})).await;
    scene.sidecar.later(1);
    scene.refused(Some("dora"), &format!("POST /invitations/{token}/accept"), Value::Null, 409, "A10").await;
    scene.ok(Some("dora"), &format!("POST /invitations/{late}/accept"), Value::Null).await;
    scene.stop().await;
}

#[tokio::test]
async fn a11_members_are_invited_at_any_time() {
    for who in [HOST, Some("ben")] {
        let scene = Scene::new().await;
        scene.item("i", DOCUMENTS, "carl", 1).await;
        scene.ok(HOST, "POST /groups/sales/removals", json!({"users": ["carl"]})).await;
        scene.ok(HOST, "PUT /groups/sales/administrator", json!({"user": "ben"})).await;
        scene.ok(HOST, "PATCH /groups/sales", json!({"published": true, "open": true})).await;
        scene.sidecar.later(4000);
        for person in ["carl", "dora"] {
            let id = scene.ok(who, INVITE, json!({"user": person})).await["id"].clone();
            let resend = format!("POST /groups/sales/invitations/{}/resend", id.as_str().unwrap());
            let token = scene.ok(HOST, &resend, Value::Null).await["token"].clone();
            let accept = format!("POST /invitations/{}/accept", token.as_str().unwrap());
            scene.ok(Some(person), &accept, Value::Null).await;
            assert!(scene.may(person, "view", "Item", "i").await);
        }
        scene.stop().await;
    }
}

#[tokio::test]
async fn a12_who_is_removed_loses_the_space_and_leaves_what_they_added() {
    for who in [HOST, Some("anna")] {
        let scene = Scene::new().await;
        scene.item("i", DOCUMENTS, "ben", 1).await;
        scene.ok(who, "PUT /groups/sales/co-administrators/ben", Value::Null).await;
        scene.ok(who, "PUT /grants", grant(DOCUMENTS, "add", "ben")).await;
        scene.ok(Some("carl"), "PUT /grants", grant("Tool::\"user:carl/documents\"", "view", "ben")).await;
        scene.refused(Some("carl"), "DELETE /groups/sales/members/ben", Value::Null, 403, "A12").await;
        scene.refused(Some("dora"), "DELETE /groups/sales/members/ben", Value::Null, 404, None).await;
        scene.refused(who, "DELETE /groups/sales/members/dora", Value::Null, 404, None).await;
        scene.ok(who, "DELETE /groups/sales/members/ben", Value::Null).await;
        for (action, kind, id) in [
            ("view", "Item", "i"),
            ("edit", "Item", "i"),
            ("add", "Tool", "group:sales/documents"),
            ("view_group", "Group", "sales"),
        ] {
            assert!(!scene.may("ben", action, kind, id).await, "{action}");
        }
        assert!(scene.may("carl", "view", "Item", "i").await, "it stays for the others");
        assert!(scene.may("ben", "view", "Tool", "user:carl/documents").await, "outside the group's space");
        assert!(scene.sidecar.admit("sales", "ben").await);
        assert!(scene.may("ben", "edit", "Item", "i").await, "still the author");
        assert!(!scene.may("ben", "add", "Tool", "group:sales/documents").await, "neither role nor grant come back");
        scene.stop().await;
    }
}

#[tokio::test]
async fn a13_several_or_all_go_in_one_step_or_nobody_does() {
    for who in [HOST, Some("anna")] {
        let scene = Scene::new().await;
        let line = "POST /groups/sales/removals";
        scene.refused(who, line, json!({"users": ["ben", "dora"]}), 409, "A13").await;
        scene.refused(who, line, json!({"users": ["ben", "nobody", "carl"]}), 409, "A13").await;
        scene.refused(who, line, json!({"users": ["ben"], "all": true}), 400, None).await;
        scene.refused(Some("ben"), line, json!({"all": true}), 403, "A12").await;
        assert!(scene.may("ben", "view", "Tool", "group:sales/documents").await);
        let before = scene.revision().await;
        assert_eq!(scene.ok(who, line, json!({"users": ["carl", "ben"]})).await["removed"], json!(["ben", "carl"]));
        assert_eq!(scene.revision().await, before + 1);
        assert!(scene.sidecar.admit("sales", "ben").await && scene.sidecar.admit("sales", "dora").await);
        assert_eq!(scene.ok(who, line, json!({"all": true})).await["removed"], json!(["ben", "dora"]));
        for user in ["ben", "carl", "dora"] {
            assert!(!scene.may(user, "view", "Tool", "group:sales/documents").await, "{user}");
        }
        scene.stop().await;
    }
}
