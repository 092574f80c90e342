//! F4-F7 beside `directory.rs`: joining on the host's side, leaving, and what stays in force.

use super::scene::{HOST, Scene, grant};
use serde_json::{Value, json};

const LEAVE: &str = "POST /groups/sales/leave";
const DOCUMENTS: &str = "Tool::\"user:ben/documents\"";

#[tokio::test]
async fn f2_f3_f5_a_private_group_does_not_exist_to_outsiders() {
    let scene = Scene::new().await;
    let private = json!({"language": "en", "activity": "other"});
    scene.ok(Some("anna"), "PATCH /groups/sales", private).await;
    let search = "GET /directory?name=sales&activity=other&language=en";
    for who in [HOST, Some("anna"), Some("ben"), Some("dora")] {
        assert_eq!(scene.ok(who, search, Value::Null).await["groups"], json!([]));
    }
    for line in [
        "GET /groups/sales",
        "GET /groups/sales/members",
        "POST /groups/sales/join",
        LEAVE,
        "GET /groups/sales/leave-preview",
        "GET /groups/sales/usage",
        "GET /groups/sales/invitations",
        "GET /groups/sales/invitation-candidates",
        "GET /groups/sales/join-requests",
    ] {
        let there = scene.refused(Some("dora"), line, Value::Null, 404, None).await;
        let absent = scene.refused(Some("dora"), &line.replace("sales", "none"), Value::Null, 404, None).await;
        assert_eq!(there["detail"].as_str().unwrap().replace("sales", "none"), absent["detail"], "{line}");
    }
    scene.stop().await;
}

#[tokio::test]
async fn f4_nobody_joins_or_leaves_in_nobodys_name() {
    let scene = Scene::new().await;
    scene.ok(HOST, "PATCH /groups/sales", json!({"published": true, "open": true})).await;
    for line in ["POST /groups/sales/join", LEAVE, "GET /groups/sales/leave-preview"] {
        scene.refused(HOST, line, Value::Null, 400, None).await;
    }
    scene.ok(Some("dora"), "POST /groups/sales/join", Value::Null).await;
    assert!(scene.may("dora", "view", "Tool", "group:sales/documents").await, "at once");
    scene.stop().await;
}

#[tokio::test]
async fn f6_any_member_leaves_and_loses_what_a_removal_takes() {
    let scene = Scene::new().await;
    scene.item("i", "Tool::\"group:sales/documents\"", "ben", 1).await;
    scene.ok(Some("anna"), "PUT /groups/sales/co-administrators/ben", Value::Null).await;
    scene.ok(Some("anna"), "PUT /grants", grant("Tool::\"group:sales/documents\"", "add", "carl")).await;
    for member in ["ben", "carl"] {
        scene.ok(Some(member), LEAVE, json!({})).await;
        assert!(!scene.may(member, "view", "Item", "i").await);
        assert!(scene.sidecar.admit("sales", member).await);
        assert!(!scene.may(member, "add", "Tool", "group:sales/documents").await, "{member}");
    }
    scene.refused(Some("anna"), LEAVE, json!({}), 403, "A3").await;
    scene.refused(Some("dora"), LEAVE, json!({}), 404, None).await;
    scene.stop().await;
}

/// ben, who is about to leave `sales`, has lent to carl and to the group, and to dora through another.
async fn lender() -> Scene {
    let scene = Scene::new().await;
    scene.group("other", "dora", json!({}), &["ben"]).await;
    for to in ["carl", "group:sales", "dora", "group:other"] {
        scene.ok(Some("ben"), "PUT /grants", grant(DOCUMENTS, "view", to)).await;
    }
    scene
}

#[tokio::test]
async fn f7_leaving_asks_what_becomes_of_the_grants_made_through_the_group() {
    let scene = lender().await;
    let listed = json!([
        {"resource": DOCUMENTS, "right": "view", "to": {"group": "sales"}, "reaches_later_joiners": true},
        {"resource": DOCUMENTS, "right": "view", "to": {"user": "carl"}},
    ]);
    let preview = scene.ok(Some("ben"), "GET /groups/sales/leave-preview", Value::Null).await;
    assert_eq!(preview["grants"], listed);
    for body in [Value::Null, json!({}), json!({"grants": null})] {
        assert_eq!(scene.refused(Some("ben"), LEAVE, body, 409, "F7").await["grants"], listed);
    }
    scene.ok(Some("ben"), LEAVE, json!({"grants": "revoke"})).await;
    assert!(!scene.may("carl", "view", "Tool", "user:ben/documents").await);
    assert!(!scene.may("anna", "view", "Tool", "user:ben/documents").await);
    assert!(scene.may("dora", "view", "Tool", "user:ben/documents").await, "made through the other group");
    scene.stop().await;
}

#[tokio::test]
async fn f7_kept_grants_are_withdrawn_by_nobody_until_they_meet_again() {
    let scene = lender().await;
    scene.ok(Some("ben"), LEAVE, json!({"grants": "keep"})).await;
    assert!(scene.may("carl", "view", "Tool", "user:ben/documents").await);
    scene.person("eve", "free").await;
    assert!(scene.sidecar.admit("sales", "eve").await);
    assert!(scene.may("eve", "view", "Tool", "user:ben/documents").await, "later joiners too");
    for who in [HOST, Some("ben")] {
        for to in ["carl", "group:sales"] {
            scene.refused(who, "POST /grants/revoke", grant(DOCUMENTS, "view", to), 409, "F7").await;
            scene.refused(who, "PUT /grants", grant(DOCUMENTS, "view", to), 409, "S5").await;
        }
    }
    let kept = scene.ok(Some("ben"), "GET /grants?resource=Tool::%22user:ben/documents%22", Value::Null).await;
    let kept: Vec<_> = kept["grants"].as_array().unwrap().iter().filter(|row| row["kept"] == true).collect();
    assert_eq!((kept.len(), &kept[0]["reaches_later_joiners"]), (2, &json!(true)));
    // In another group than before he meets carl again; the group he is in again only by joining it.
    scene.group("third", "carl", json!({}), &["ben"]).await;
    scene.refused(Some("ben"), "POST /grants/revoke", grant(DOCUMENTS, "view", "group:sales"), 409, "F7").await;
    scene.ok(Some("ben"), "POST /grants/revoke", grant(DOCUMENTS, "view", "carl")).await;
    assert!(scene.sidecar.admit("sales", "ben").await);
    scene.ok(HOST, "POST /grants/revoke", grant(DOCUMENTS, "view", "group:sales")).await;
    scene.stop().await;
}

#[tokio::test]
async fn f7_a_removed_persons_grants_stay_theirs_to_withdraw() {
    for who in [HOST, Some("ben")] {
        let scene = lender().await;
        scene.ok(Some("anna"), "DELETE /groups/sales/members/ben", Value::Null).await;
        for to in ["carl", "group:sales"] {
            assert!(scene.may("carl", "view", "Tool", "user:ben/documents").await);
            scene.ok(who, "POST /grants/revoke", grant(DOCUMENTS, "view", to)).await;
        }
        assert!(!scene.may("carl", "view", "Tool", "user:ben/documents").await);
        // So do those whose grantee left.
        scene.ok(Some("dora"), "PUT /groups/other/administrator", json!({"user": "ben"})).await;
        scene.ok(Some("dora"), "POST /groups/other/leave", json!({})).await;
        assert!(scene.may("dora", "view", "Tool", "user:ben/documents").await);
        scene.ok(who, "POST /grants/revoke", grant(DOCUMENTS, "view", "dora")).await;
        scene.stop().await;
    }
}
