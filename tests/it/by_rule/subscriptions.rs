//! P1-P7: what a subscription sets, and what it has no say in.

use super::scene::{HOST, Scene, grant};
use serde_json::{Value, json};

const DOCUMENTS: &str = "Tool::\"group:sales/documents\"";

#[tokio::test]
async fn p1_everybody_has_one_subscription_and_a_username_of_their_own() {
    let scene = Scene::new().await;
    let user = |username: &str, plan: Value| json!({"username": username, "subscription": plan});
    scene.refused(HOST, "PUT /users/eve", json!({"username": "eve"}), 400, None).await;
    scene.refused(HOST, "PUT /users/eve", user("eve", json!("gold")), 409, "P1").await;
    scene.refused(HOST, "PUT /users/eve", user("eve", json!(["free", "gold"])), 400, None).await;
    scene.refused(HOST, "PUT /users/eve", user("ben", json!("free")), 409, "P1").await;
    scene.refused(HOST, "DELETE /subscriptions/free", Value::Null, 409, "P1").await;
    scene.stop().await;
}

#[tokio::test]
async fn p1_nobody_chooses_their_own_username_or_subscription() {
    let scene = Scene::new().await;
    scene.plan("gold", json!({})).await;
    scene.refused(Some("ben"), "PUT /users/ben", json!({"username": "benny"}), 403, None).await;
    scene.refused(Some("ben"), "PUT /users/ben", json!({"subscription": "gold"}), 403, None).await;
    let changed = scene.ok(Some("ben"), "PUT /users/ben", json!({"last_name": "Smith"})).await;
    assert_eq!((&changed["username"], &changed["subscription"]), (&json!("ben"), &json!("free")));
    scene.stop().await;
}

#[tokio::test]
async fn p2_the_subscription_has_no_say_in_which_groups_a_person_joins() {
    let scene = Scene::new().await;
    scene.plan("nothing", json!({"max_groups": 0, "max_members": 0, "capacities": {"documents": 0}})).await;
    scene.person("dora", "nothing").await;
    let plan = async || scene.ok(HOST, "GET /users/dora", Value::Null).await["subscription"].clone();
    // Invited by the host, and joining by herself.
    assert!(scene.sidecar.admit("sales", "dora").await);
    assert_eq!(plan().await, "nothing");
    for n in 0..3 {
        let open = format!("open-{n}");
        scene.group(&open, "carl", json!({"published": true, "open": true}), &["ben"]).await;
        scene.ok(Some("dora"), &format!("POST /groups/{open}/join"), Value::Null).await;
    }
    assert_eq!(plan().await, "nothing");
    // What she adds to a group counts against the group.
    scene.ok(Some("anna"), "PUT /grants", grant(DOCUMENTS, "add", "dora")).await;
    scene.ok(Some("dora"), "POST /items", json!({"id": "i", "parent": DOCUMENTS, "size": 5})).await;
    scene.ok(Some("dora"), "POST /groups/open-0/leave", json!({})).await;
    scene.ok(HOST, "DELETE /groups/sales/members/dora", Value::Null).await;
    assert_eq!(plan().await, "nothing");
    scene.stop().await;
}

#[tokio::test]
async fn p3_the_groups_administered_now_are_what_counts() {
    let scene = Scene::new().await;
    scene.plan("two", json!({"max_groups": 2})).await;
    scene.person("anna", "two").await;
    scene.ok(Some("anna"), "POST /groups", json!({"id": "b", "name": "b"})).await;
    let third = || json!({"id": "c", "name": "c"});
    let by_host = || json!({"id": "c", "name": "c", "administrator": "anna"});
    scene.refused(Some("anna"), "POST /groups", third(), 409, "P3").await;
    scene.refused(HOST, "POST /groups", by_host(), 409, "P3").await;
    // Being a member is not administering, and what is handed over counts no more.
    scene.ok(Some("anna"), "PUT /groups/sales/administrator", json!({"user": "ben"})).await;
    scene.ok(Some("anna"), "POST /groups", third()).await;
    scene.refused(Some("anna"), "POST /groups", json!({"name": "d"}), 409, "P3").await;
    scene.ok(Some("anna"), "DELETE /groups/c", Value::Null).await;
    scene.ok(HOST, "POST /groups", json!({"id": "d", "name": "d", "administrator": "anna"})).await;
    scene.stop().await;
}

#[tokio::test]
async fn p4_the_administrators_subscription_sets_how_many_members() {
    let scene = Scene::new().await;
    scene.plan("three", json!({"max_members": 3})).await;
    scene.person("anna", "three").await;
    let (_, late) = scene.invite("sales", json!({"email": "late@example.org"})).await;
    // anna herself is not counted: dora is the third.
    assert!(scene.sidecar.admit("sales", "dora").await);
    scene.person("eve", "free").await;
    for who in [HOST, Some("anna")] {
        scene.refused(who, "POST /groups/sales/invitations", json!({"user": "eve"}), 409, "P4").await;
    }
    scene.refused(Some("eve"), &format!("POST /invitations/{late}/accept"), Value::Null, 409, "P4").await;
    scene.ok(Some("anna"), "PATCH /groups/sales", json!({"published": true, "open": true})).await;
    scene.refused(Some("eve"), "POST /groups/sales/join", Value::Null, 409, "P4").await;
    // The member's own subscription sets nothing.
    scene.person("eve", "three").await;
    scene.ok(Some("dora"), "POST /groups/sales/leave", json!({})).await;
    scene.ok(Some("eve"), "POST /groups/sales/join", Value::Null).await;
    scene.stop().await;
}

#[tokio::test]
async fn p5_each_group_and_the_private_space_have_the_whole_capacity() {
    let scene = Scene::new().await;
    scene.plan("ten", json!({"capacities": {"documents": 10}})).await;
    scene.person("anna", "ten").await;
    scene.group("b", "anna", json!({}), &[]).await;
    scene.group("c", "anna", json!({}), &[]).await;
    for space in ["group:sales", "group:b", "group:c", "user:anna"] {
        let item = json!({"id": space, "parent": format!("Tool::\"{space}/documents\""), "size": 10});
        scene.ok(Some("anna"), "POST /items", item).await;
        let mut more = json!({"parent": format!("Tool::\"{space}/documents\""), "size": 1});
        scene.refused(Some("anna"), "POST /items", more.clone(), 409, "P6").await;
        more["author"] = json!("anna");
        scene.refused(HOST, "POST /items", more, 409, "P6").await;
    }
    scene.stop().await;
}

#[tokio::test]
async fn p5_what_anyone_adds_counts_against_the_group() {
    let scene = Scene::new().await;
    scene.plan("none", json!({"capacities": {"documents": 0}})).await;
    scene.plan("ten", json!({"capacities": {"documents": 10}})).await;
    scene.person("ben", "none").await;
    scene.person("anna", "ten").await;
    scene.ok(Some("anna"), "PUT /grants", grant(DOCUMENTS, "add", "ben")).await;
    scene.ok(Some("ben"), "POST /items", json!({"id": "i", "parent": DOCUMENTS, "size": 7})).await;
    assert_eq!(scene.used("groups/sales", "documents").await, 7);
    assert_eq!(scene.used("users/ben", "documents").await, 0);
    scene.refused(Some("ben"), "POST /items", json!({"parent": DOCUMENTS, "size": 4}), 409, "P6").await;
    // In his own space his own subscription counts, whoever adds.
    let own = "Tool::\"user:ben/documents\"";
    scene.refused(Some("ben"), "POST /items", json!({"parent": own, "size": 1}), 409, "P6").await;
    scene.ok(Some("ben"), "PUT /grants", grant(own, "add", "anna")).await;
    scene.refused(Some("anna"), "POST /items", json!({"parent": own, "size": 1}), 409, "P6").await;
    scene.stop().await;
}

#[tokio::test]
async fn p6_a_smaller_subscription_is_accepted_and_only_additions_are_refused() {
    let scene = Scene::new().await;
    scene.item("i", DOCUMENTS, "anna", 50).await;
    scene.plan("free", json!({"max_groups": 0, "max_members": 1, "capacities": {"documents": 10}})).await;
    // Nothing is removed.
    assert_eq!(scene.used("groups/sales", "documents").await, 50);
    assert_eq!(scene.ok(HOST, "GET /groups/sales/members", Value::Null).await["members"].as_array().unwrap().len(), 2);
    for (who, author) in [(Some("anna"), Value::Null), (HOST, json!("anna"))] {
        let mut item = json!({"parent": DOCUMENTS, "size": 1});
        if !author.is_null() {
            item["author"] = author;
        }
        scene.refused(who, "POST /items", item, 409, "P6").await;
        scene.refused(who, "POST /groups/sales/invitations", json!({"user": "dora"}), 409, "P4").await;
        scene.refused(who, "PATCH /items/i", json!({"size": 51}), 409, "P6").await;
    }
    let size = json!({"size": 1});
    let decided = scene.sidecar.ask("anna", "add", &("Tool", "group:sales/documents".to_owned()), &size).await;
    assert_eq!((decided.decision.as_str(), &decided.reasons[..]), ("Deny", &["capacity".to_owned()][..]));
    assert!(scene.may("anna", "add", "Tool", "group:sales/documents").await, "without a size nothing is consulted");
    // What is there can shrink, be renamed, moved and deleted.
    scene.ok(Some("anna"), "PATCH /items/i", json!({"size": 20, "name": "smaller"})).await;
    scene.ok(Some("anna"), "POST /folders", json!({"id": "f", "parent": DOCUMENTS})).await;
    scene.ok(Some("anna"), "PATCH /items/i", json!({"parent": "Folder::\"f\""})).await;
    scene.ok(HOST, "PATCH /items/i", json!({"size": 10})).await;
    scene.ok(Some("anna"), "DELETE /folders/f", Value::Null).await;
    assert_eq!(scene.used("groups/sales", "documents").await, 0);
    scene.stop().await;
}

#[tokio::test]
async fn p7_a_deleted_user_leaves_what_they_added_and_nothing_else() {
    let scene = Scene::new().await;
    scene.item("bens", DOCUMENTS, "ben", 1).await;
    scene.item("private", "Tool::\"user:ben/documents\"", "ben", 1).await;
    scene.ok(Some("anna"), "PUT /grants", grant(DOCUMENTS, "add", "ben")).await;
    scene.ok(Some("carl"), "PUT /grants", grant("Tool::\"user:carl/documents\"", "view", "ben")).await;
    scene.ok(Some("anna"), "PUT /groups/sales/co-administrators/ben", Value::Null).await;
    scene.refused(HOST, "DELETE /users/anna", Value::Null, 409, "P7").await;
    scene.ok(HOST, "DELETE /users/ben", Value::Null).await;
    for (who, line, status) in
        [(HOST, "GET /users/ben", 404), (HOST, "GET /items/private", 404), (Some("ben"), "GET /items/bens", 404)]
    {
        scene.refused(who, line, Value::Null, status, None).await;
    }
    assert_eq!(scene.ok(Some("carl"), "GET /items/bens", Value::Null).await["author"], "ben");
    for resource in [DOCUMENTS, "Tool::\"user:carl/documents\""] {
        let path = format!("GET /grants?resource={}", resource.replace('"', "%22"));
        assert_eq!(scene.ok(HOST, &path, Value::Null).await["grants"], json!([]));
    }
    scene.refused(HOST, "PUT /users/ben", json!({"username": "new", "subscription": "free"}), 409, "P7").await;
    // The username is free.
    scene.ok(HOST, "PUT /users/ben-2", json!({"username": "ben", "subscription": "free"})).await;
    assert!(!scene.may("ben-2", "edit", "Item", "bens").await);
    scene.stop().await;
}

#[tokio::test]
async fn p7_no_actor_deletes_a_user() {
    let scene = Scene::new().await;
    for (who, whom) in [("anna", "ben"), ("ben", "ben"), ("dora", "nobody")] {
        scene.refused(Some(who), &format!("DELETE /users/{whom}"), Value::Null, 403, None).await;
    }
    scene.stop().await;
}
