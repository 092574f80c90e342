//! C1-C5: whom the administrator appointed to help.

use super::scene::{HOST, Scene, grant};
use serde_json::{Value, json};

const DOCUMENTS: &str = "Tool::\"group:sales/documents\"";
const ALL: [&str; 3] = ["add", "delete", "manage_access"];

async fn appointed(who: Option<&str>) -> Scene {
    let scene = Scene::new().await;
    scene.ok(who, "PUT /groups/sales/co-administrators/ben", Value::Null).await;
    scene
}

#[tokio::test]
async fn c1_the_administrator_appoints_several_from_among_the_members() {
    for who in [HOST, Some("anna")] {
        let scene = appointed(who).await;
        let path = |user: &str| format!("/groups/sales/co-administrators/{user}");
        scene.ok(who, &format!("PUT {}", path("carl")), Value::Null).await;
        let members = scene.ok(who, "GET /groups/sales/members", Value::Null).await;
        let all: Vec<_> = members["members"].as_array().unwrap().iter().map(|row| &row["co_administrator"]).collect();
        assert_eq!(all, [true, true]);
        for nobody in ["anna", "dora", "nobody"] {
            scene.refused(who, &format!("PUT {}", path(nobody)), Value::Null, 409, "C1").await;
            scene.refused(who, &format!("DELETE {}", path(nobody)), Value::Null, 404, None).await;
        }
        for line in [format!("PUT {}", path("carl")), format!("DELETE {}", path("carl"))] {
            scene.refused(Some("ben"), &line, Value::Null, 403, "C1").await;
            scene.refused(Some("dora"), &line, Value::Null, 404, None).await;
        }
        scene.ok(who, &format!("DELETE {}", path("carl")), Value::Null).await;
        scene.stop().await;
    }
}

#[tokio::test]
async fn c2_c3_a_co_administrator_adds_deletes_and_grants_anywhere_in_the_space() {
    for who in [HOST, Some("anna")] {
        let scene = appointed(who).await;
        scene.folder("f", DOCUMENTS, "anna").await;
        scene.item("i", "Folder::\"f\"", "carl", 0).await;
        for tool in ["documents", "calendar", "contacts", "polls"] {
            assert_eq!(scene.allowed("ben", &ALL, "Tool", &format!("group:sales/{tool}")).await, ALL);
        }
        assert_eq!(scene.allowed("ben", &ALL, "Folder", "f").await, ALL);
        // An item's access is its author's.
        assert_eq!(scene.allowed("ben", &ALL[1..], "Item", "i").await, ["delete"]);
        scene.ok(Some("ben"), "POST /folders", json!({"id": "g", "parent": "Folder::\"f\""})).await;
        scene.ok(Some("ben"), "PUT /grants", grant("Folder::\"f\"", "add", "carl")).await;
        scene.ok(Some("ben"), "PATCH /folders/f", json!({"name": "Renamed"})).await;
        scene.ok(Some("ben"), "POST /grants/revoke", grant("Folder::\"f\"", "add", "carl")).await;
        scene.ok(Some("ben"), "DELETE /folders/f", Value::Null).await;
        // In other groups it is nothing.
        scene.group("other", "anna", json!({}), &["ben"]).await;
        assert_eq!(scene.allowed("ben", &ALL, "Tool", "group:other/documents").await, [""; 0]);
        scene.stop().await;
    }
}

#[tokio::test]
async fn c4_nothing_else_of_the_administrators_is_theirs() {
    let scene = appointed(Some("anna")).await;
    let (invitation, _) = scene.invite("sales", json!({"user": "dora"})).await;
    for (line, body, rule) in [
        ("PATCH /groups/sales", json!({"full_name": "x"}), "A8"),
        ("POST /groups/sales/invitations", json!({"email": "x@example.org"}), "A9"),
        ("GET /groups/sales/invitation-candidates", Value::Null, "A9"),
        ("GET /groups/sales/invitations", Value::Null, "A10"),
        (&format!("DELETE /groups/sales/invitations/{invitation}"), Value::Null, "A10"),
        (&format!("POST /groups/sales/invitations/{invitation}/resend"), Value::Null, "A10"),
        ("GET /groups/sales/join-requests", Value::Null, "A10"),
        ("DELETE /groups/sales/members/carl", Value::Null, "A12"),
        ("POST /groups/sales/removals", json!({"all": true}), "A12"),
        ("PUT /groups/sales/administrator", json!({"user": "ben"}), "A4"),
        ("DELETE /groups/sales", Value::Null, "A14"),
        ("PUT /groups/sales/co-administrators/carl", Value::Null, "C1"),
        ("DELETE /groups/sales/co-administrators/ben", Value::Null, "C1"),
    ] {
        scene.refused(Some("ben"), line, body, 403, rule).await;
    }
    let reserved = [
        "modify_settings",
        "invite",
        "manage_invitations",
        "remove_member",
        "delete_group",
        "hand_over",
        "appoint_co_administrator",
        "dismiss_co_administrator",
    ];
    assert_eq!(scene.allowed("ben", &reserved, "Group", "sales").await, [""; 0]);
    assert_eq!(scene.allowed("anna", &reserved, "Group", "sales").await, reserved);
    // As a member they leave when they like.
    scene.ok(Some("ben"), "POST /groups/sales/leave", json!({})).await;
    scene.stop().await;
}

#[tokio::test]
async fn c5_a_dismissal_ends_the_role_and_no_grant_by_name() {
    for who in [HOST, Some("anna")] {
        let scene = Scene::new().await;
        scene.ok(who, "PUT /grants", grant(DOCUMENTS, "add", "ben")).await;
        scene.ok(who, "PUT /groups/sales/co-administrators/ben", Value::Null).await;
        scene.ok(who, "PUT /grants", grant("Tool::\"group:sales/polls\"", "delete", "ben")).await;
        scene.ok(who, "DELETE /groups/sales/co-administrators/ben", Value::Null).await;
        let rights = async |tool: &str| scene.allowed("ben", &ALL, "Tool", &format!("group:sales/{tool}")).await;
        assert_eq!(rights("documents").await, ["add"], "granted before");
        assert_eq!(rights("polls").await, ["delete"], "granted meanwhile");
        assert_eq!(rights("calendar").await, [""; 0]);
        assert!(scene.may("ben", "view", "Tool", "group:sales/calendar").await, "membership stays");
        scene.stop().await;
    }
}
