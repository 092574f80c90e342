//! S1-S6 and M1-M5: what spaces are, and what belonging to a group brings.

use super::scene::{HOST, Scene, grant};
use crate::sidecar::TestSidecar;
use serde_json::{Value, json};

const RIGHTS: [&str; 5] = ["view", "add", "edit", "delete", "manage_access"];
const CALENDAR: [&str; 6] = ["view_busy", "view", "view_details", "add", "edit", "delete"];

#[tokio::test]
async fn s1_a_group_and_a_user_come_with_one_empty_tool_of_each_kind() {
    let scene = Scene::new().await;
    scene.ok(HOST, "POST /groups", json!({"id": "h", "name": "h", "administrator": "anna"})).await;
    scene.ok(Some("anna"), "POST /groups", json!({"id": "a", "name": "a"})).await;
    let empty = json!({"used": 0, "capacity": null});
    for who in [HOST, Some("anna")] {
        let of_group = json!({"documents": empty, "calendar": empty, "contacts": empty, "polls": empty});
        for group in ["h", "a"] {
            assert_eq!(scene.ok(who, &format!("GET /groups/{group}/usage"), Value::Null).await["tools"], of_group);
        }
        let own = scene.ok(who, "GET /users/anna/usage", Value::Null).await;
        let kinds: Vec<_> = own["tools"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(kinds, ["calendar", "contacts", "documents", "drop", "mailbox", "polls", "profile"]);
    }
    scene.stop().await;
}

#[tokio::test]
async fn s2_everyone_in_a_group_views_everything_and_nobody_else_does() {
    let scene = Scene::new().await;
    scene.folder("f", "Tool::\"group:sales/documents\"", "anna").await;
    scene.item("i", "Folder::\"f\"", "carl", 0).await;
    for (user, expected) in [("anna", true), ("ben", true), ("carl", true), ("dora", false)] {
        for (kind, id) in [("Tool", "group:sales/polls"), ("Folder", "f"), ("Item", "i")] {
            assert_eq!(scene.may(user, "view", kind, id).await, expected, "{user} {id}");
        }
        let calendar =
            scene.allowed(user, &["view", "view_details", "view_busy"], "Tool", "group:sales/calendar").await;
        assert_eq!(calendar.len(), if expected { 3 } else { 0 }, "{user}");
    }
    for who in [HOST, Some("anna"), Some("ben")] {
        assert_eq!(scene.ok(who, "GET /items/i", Value::Null).await["author"], "carl");
    }
    // Whatever grants named carl, and although it is his item.
    scene.ok(Some("anna"), "PUT /grants", grant("Folder::\"f\"", "add", "carl")).await;
    scene.ok(Some("anna"), "DELETE /groups/sales/members/carl", Value::Null).await;
    assert_eq!(scene.allowed("carl", &RIGHTS, "Item", "i").await, [""; 0]);
    for who in ["carl", "dora"] {
        scene.refused(Some(who), "GET /items/i", Value::Null, 404, None).await;
    }
    scene.stop().await;
}

#[tokio::test]
async fn s3_the_contexts_are_private_and_then_ones_groups() {
    let scene = Scene::new().await;
    scene.group("archive", "ben", json!({}), &[]).await;
    let group = |id: &str| json!({"kind": "group", "group": id, "name": id});
    for (user, groups) in [("ben", vec![group("archive"), group("sales")]), ("dora", vec![])] {
        let mut expected = vec![json!({"kind": "private"})];
        expected.extend(groups);
        for who in [HOST, Some(user)] {
            let listed = scene.ok(who, &format!("GET /users/{user}/contexts"), Value::Null).await;
            assert_eq!(listed["contexts"], json!(expected), "{user}");
        }
    }
    scene.refused(Some("anna"), "GET /users/ben/contexts", Value::Null, 403, None).await;
    scene.stop().await;
}

#[tokio::test]
async fn s4_the_owner_has_every_right_and_nobody_else_any() {
    let scene = Scene::new().await;
    scene.folder("f", "Tool::\"user:anna/documents\"", "anna").await;
    // What ben drops is anna's: he wrote it and has no right to it.
    scene.ok(Some("ben"), "POST /items", json!({"id": "dropped", "parent": "Tool::\"user:anna/drop\""})).await;
    for (kind, id, rights) in [
        ("Tool", "user:anna/mailbox", &RIGHTS[..]),
        ("Folder", "f", &RIGHTS[..]),
        ("Item", "dropped", &["view", "edit", "delete", "manage_access"]),
    ] {
        assert_eq!(scene.allowed("anna", rights, kind, id).await, rights, "{id}");
        for other in ["ben", "dora"] {
            assert_eq!(scene.allowed(other, rights, kind, id).await, [""; 0], "{other} {id}");
        }
    }
    scene.refused(Some("ben"), "GET /items/dropped", Value::Null, 404, None).await;
    scene.refused(Some("ben"), "DELETE /items/dropped", Value::Null, 404, None).await;
    scene.ok(Some("anna"), "PATCH /items/dropped", json!({"name": "From Ben"})).await;
    scene.ok(HOST, "DELETE /items/dropped", Value::Null).await;
    scene.stop().await;
}

#[tokio::test]
async fn s4_an_owner_withdraws_a_grant_at_any_time_and_nobody_else_does() {
    let scene = Scene::new().await;
    let lend = grant("Tool::\"user:anna/documents\"", "view", "ben");
    for who in [HOST, Some("anna")] {
        scene.ok(who, "PUT /grants", lend.clone()).await;
        assert!(scene.may("ben", "view", "Tool", "user:anna/documents").await);
        scene.refused(Some("ben"), "POST /grants/revoke", lend.clone(), 403, "S4").await;
        scene.refused(Some("dora"), "POST /grants/revoke", lend.clone(), 404, None).await;
        scene.ok(who, "POST /grants/revoke", lend.clone()).await;
        assert!(!scene.may("ben", "view", "Tool", "user:anna/documents").await);
    }
    // Even one whose grantee left.
    scene.ok(Some("anna"), "PUT /grants", lend.clone()).await;
    scene.ok(Some("ben"), "POST /groups/sales/leave", json!({})).await;
    assert!(scene.may("ben", "view", "Tool", "user:anna/documents").await);
    scene.ok(Some("anna"), "POST /grants/revoke", lend).await;
    scene.stop().await;
}

#[tokio::test]
async fn s5_private_rights_go_to_those_with_a_group_in_common() {
    let scene = Scene::new().await;
    scene.group("other", "dora", json!({}), &[]).await;
    scene.folder("f", "Tool::\"user:ben/documents\"", "ben").await;
    scene.item("i", "Folder::\"f\"", "ben", 0).await;
    for (kind, id) in [("Tool", "user:ben/documents"), ("Folder", "f"), ("Item", "i")] {
        let resource = format!("{kind}::\"{id}\"");
        for right in ["view", "view_details", "add", "edit", "delete"] {
            for to in ["carl", "group:sales"] {
                for who in [HOST, Some("ben")] {
                    scene.ok(who, "PUT /grants", grant(&resource, right, to)).await;
                    scene.ok(who, "POST /grants/revoke", grant(&resource, right, to)).await;
                }
            }
        }
        for to in ["dora", "nobody", "group:other", "group:none"] {
            for who in [HOST, Some("ben")] {
                scene.refused(who, "PUT /grants", grant(&resource, "view", to), 409, "S5").await;
            }
        }
    }
    scene.stop().await;
}

#[tokio::test]
async fn s6_who_sees_what_of_a_group() {
    let scene = Scene::new().await;
    scene.invite("sales", json!({"user": "dora"})).await;
    for who in [HOST, Some("anna"), Some("ben")] {
        let group = scene.ok(who, "GET /groups/sales", Value::Null).await;
        assert_eq!((&group["administrator"], &group["published"]), (&json!("anna"), &json!(false)));
        let people = scene.ok(who, "GET /groups/sales/members", Value::Null).await;
        assert_eq!(people["members"].as_array().unwrap().len(), 2);
    }
    for who in [HOST, Some("anna")] {
        let pending = scene.ok(who, "GET /groups/sales/invitations", Value::Null).await;
        assert_eq!(pending["invitations"][0]["user"], "dora");
    }
    scene.ok(Some("anna"), "PUT /groups/sales/co-administrators/ben", Value::Null).await;
    scene.refused(Some("ben"), "GET /groups/sales/invitations", Value::Null, 403, "A10").await;
    for path in ["", "/members", "/invitations"] {
        // Invited is not inside.
        scene.refused(Some("dora"), &format!("GET /groups/sales{path}"), Value::Null, 404, None).await;
    }
    scene.ok(Some("anna"), "PATCH /groups/sales", json!({"published": true})).await;
    let seen = scene.ok(Some("dora"), "GET /groups/sales", Value::Null).await;
    assert_eq!((seen.get("administrator"), &seen["administrator_email"]), (None, &json!("anna@example.org")));
    scene.refused(Some("dora"), "GET /groups/sales/members", Value::Null, 403, "F3").await;
    scene.stop().await;
}

#[tokio::test]
async fn m1_people_of_a_group_see_when_the_other_is_busy_and_no_details() {
    let scene = Scene::new().await;
    scene.item("dentist", "Tool::\"user:anna/calendar\"", "anna", 0).await;
    for (one, other) in [("anna", "ben"), ("ben", "anna"), ("ben", "carl")] {
        let calendar = format!("user:{other}/calendar");
        assert_eq!(scene.allowed(one, &CALENDAR, "Tool", &calendar).await, ["view_busy"], "{one} {other}");
        assert_eq!(scene.allowed("dora", &CALENDAR, "Tool", &calendar).await, [""; 0]);
    }
    assert_eq!(scene.allowed("ben", &CALENDAR, "Item", "dentist").await, ["view_busy"]);
    assert!(!scene.may("ben", "view_busy", "Tool", "user:anna/documents").await);
    let mut expected = vec![("view", vec!["view_busy", "view"])];
    expected.push(("view_details", vec!["view_busy", "view", "view_details"]));
    for right in ["add", "edit", "delete"] {
        expected.push((right, vec!["view_busy", right]));
    }
    for (right, allowed) in expected {
        let lend = grant("Tool::\"user:anna/calendar\"", right, "ben");
        scene.ok(Some("anna"), "PUT /grants", lend.clone()).await;
        assert_eq!(scene.allowed("ben", &CALENDAR, "Tool", "user:anna/calendar").await, allowed, "{right}");
        scene.ok(Some("anna"), "POST /grants/revoke", lend).await;
    }
    // `view` shows that there is something, and nothing of what it is.
    scene.ok(Some("anna"), "PATCH /items/dentist", json!({"name": "Dentist"})).await;
    scene.ok(Some("anna"), "PUT /grants", grant("Item::\"dentist\"", "view", "ben")).await;
    assert_eq!(scene.ok(Some("ben"), "GET /items/dentist", Value::Null).await["name"], Value::Null);
    assert_eq!(scene.ok(HOST, "GET /items/dentist", Value::Null).await["name"], "Dentist");
    scene.stop().await;
}

#[tokio::test]
async fn m1_a_busy_grant_outlives_the_shared_group() {
    let scene = Scene::new().await;
    scene.ok(Some("anna"), "PUT /grants", grant("Tool::\"user:anna/calendar\"", "view", "ben")).await;
    scene.ok(HOST, "DELETE /groups/sales/members/ben", Value::Null).await;
    assert_eq!(scene.allowed("ben", &CALENDAR, "Tool", "user:anna/calendar").await, ["view_busy", "view"]);
    assert_eq!(scene.allowed("ben", &CALENDAR, "Tool", "user:carl/calendar").await, [""; 0]);
    scene.stop().await;
}

#[tokio::test]
async fn m2_people_of_a_group_chat_where_messaging_is_on() {
    let talk = ["chat", "view_presence"];
    let scene = Scene::new().await;
    for (one, other) in [("anna", "ben"), ("ben", "anna"), ("carl", "ben")] {
        assert_eq!(scene.allowed(one, &talk, "User", other).await, talk);
    }
    for (one, other) in [("dora", "ben"), ("ben", "dora"), ("ben", "ben")] {
        assert_eq!(scene.allowed(one, &talk, "User", other).await, [""; 0]);
    }
    scene.stop().await;
    let silent = Scene::on(TestSidecar::new().configured(|config| config.features.messaging = false)).await;
    assert_eq!(silent.allowed("anna", &talk, "User", "ben").await, [""; 0]);
    assert!(silent.may("anna", "view_busy", "Tool", "user:ben/calendar").await, "the rest stays");
    silent.stop().await;
}

#[tokio::test]
async fn m3_people_of_a_group_drop_documents_and_do_not_look() {
    let scene = Scene::new().await;
    let drop = |id: &str| json!({"id": id, "parent": "Tool::\"user:ben/drop\"", "size": 3});
    for who in ["anna", "carl"] {
        scene.ok(Some(who), "POST /items", drop(who)).await;
        assert_eq!(scene.allowed(who, &RIGHTS, "Tool", "user:ben/drop").await, ["add"]);
        scene.refused(Some(who), &format!("GET /items/{who}"), Value::Null, 404, None).await;
    }
    scene.refused(Some("dora"), "POST /items", drop("d"), 404, None).await;
    let mut by_host = drop("h");
    by_host["author"] = json!("dora");
    scene.ok(HOST, "POST /items", by_host).await;
    // It counts against ben, and his limit holds.
    assert_eq!(scene.used("users/ben", "drop").await, 9);
    scene.plan("small", json!({"capacities": {"drop": 10}})).await;
    scene.person("ben", "small").await;
    scene.refused(Some("anna"), "POST /items", drop("more"), 409, "P6").await;
    scene.ok(Some("ben"), "DELETE /items/carl", Value::Null).await;
    scene.stop().await;
}

#[tokio::test]
async fn m4_five_fields_of_the_others_profile_and_more_by_a_grant() {
    let scene = Scene::new().await;
    let sees = async |user: &str, field: &str| {
        let anna = ("User", "anna".to_owned());
        scene.sidecar.ask(user, "view_profile", &anna, &json!({"field": field})).await.decision == "Allow"
    };
    for field in ["last_name", "first_name", "organization", "email", "picture"] {
        assert!(sees("ben", field).await && sees("anna", field).await, "{field}");
        assert!(!sees("dora", field).await, "{field}");
    }
    for field in ["language", "birthday", ""] {
        assert!(!sees("ben", field).await && sees("anna", field).await, "{field}");
    }
    for (who, to) in [(Some("anna"), "ben"), (HOST, "group:sales")] {
        let lend = grant("Tool::\"user:anna/profile\"", "view", to);
        scene.ok(who, "PUT /grants", lend.clone()).await;
        assert!(sees("ben", "birthday").await);
        assert_eq!(sees("carl", "birthday").await, to == "group:sales");
        scene.ok(who, "POST /grants/revoke", lend).await;
        assert!(!sees("ben", "birthday").await);
    }
    scene.stop().await;
}

#[tokio::test]
async fn m5_all_of_it_ends_with_the_last_shared_group_at_once() {
    let scene = Scene::new().await;
    scene.group("second", "carl", json!({}), &["ben"]).await;
    let shared = async |one: &str, other: &str| {
        let busy = scene.may(one, "view_busy", "Tool", &format!("user:{other}/calendar")).await;
        let drop = scene.may(one, "add", "Tool", &format!("user:{other}/drop")).await;
        let field = json!({"field": "email"});
        let profile = scene.sidecar.ask(one, "view_profile", &("User", other.to_owned()), &field).await;
        let all = [busy, drop, scene.may(one, "chat", "User", other).await, profile.decision == "Allow"];
        assert!(all.iter().all(|held| *held == busy), "{one} {other}: {all:?}");
        busy
    };
    assert!(shared("ben", "carl").await && shared("ben", "anna").await && shared("anna", "ben").await);
    // Of one's own accord, and by the host's hand.
    scene.ok(Some("ben"), "POST /groups/sales/leave", json!({})).await;
    assert!(!shared("ben", "anna").await && !shared("anna", "ben").await);
    assert!(shared("ben", "carl").await && shared("carl", "ben").await, "they still share the second");
    scene.ok(HOST, "DELETE /groups/second/members/ben", Value::Null).await;
    assert!(!shared("ben", "carl").await && !shared("carl", "ben").await);
    scene.stop().await;
}
