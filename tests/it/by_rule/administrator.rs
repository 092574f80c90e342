//! A1-A8, A14: the one who administers a group, its settings and its end.

use super::scene::{HOST, Scene, grant};
use serde_json::{Value, json};

const DOCUMENTS: &str = "Tool::\"group:sales/documents\"";

async fn administrator(scene: &Scene, group: &str) -> Value {
    scene.ok(HOST, &format!("GET /groups/{group}/members"), Value::Null).await["administrator"].clone()
}

#[tokio::test]
async fn a1_whoever_creates_a_group_administers_it_and_it_is_empty() {
    let scene = Scene::new().await;
    for (who, body) in [
        (Some("ben"), json!({"id": "g", "name": "g"})),
        (HOST, json!({"id": "h", "name": "h", "administrator": "ben"})),
    ] {
        let made = scene.ok(who, "POST /groups", body.clone()).await;
        assert_eq!(made["administrator"], "ben");
        let id = body["id"].as_str().unwrap();
        let people = scene.ok(who, &format!("GET /groups/{id}/members"), Value::Null).await;
        assert_eq!((&people["administrator"], &people["members"]), (&json!("ben"), &json!([])));
        assert_eq!(scene.used(&format!("groups/{id}"), "documents").await, 0);
    }
    scene.refused(Some("ben"), "POST /groups", json!({"name": "x", "administrator": "carl"}), 403, None).await;
    scene.refused(Some("nobody"), "POST /groups", json!({"name": "x"}), 403, None).await;
    scene.refused(HOST, "POST /groups", json!({"name": "x"}), 400, None).await;
    scene.refused(HOST, "POST /groups", json!({"name": "x", "administrator": "nobody"}), 404, None).await;
    scene.stop().await;
}

#[tokio::test]
async fn a2_a_group_has_one_administrator_whatever_happens() {
    let scene = Scene::new().await;
    let mut now = "anna".to_owned();
    for (who, next) in [(HOST, "ben"), (Some("ben"), "carl"), (Some("carl"), "anna")] {
        assert_eq!(administrator(&scene, "sales").await, now);
        scene.ok(who, "PUT /groups/sales/administrator", json!({"user": next})).await;
        next.clone_into(&mut now);
        let settings = async |user: &str| scene.may(user, "modify_settings", "Group", "sales").await;
        let all = [settings("anna").await, settings("ben").await, settings("carl").await];
        assert_eq!(all.iter().filter(|may| **may).count(), 1, "{next}");
        let members = scene.ok(HOST, "GET /groups/sales/members", Value::Null).await;
        assert!(members["members"].as_array().unwrap().iter().all(|row| row["user"] != next));
    }
    // Nobody takes the last one away.
    for line in ["DELETE /groups/sales/members/anna", "DELETE /users/anna"] {
        scene.call(HOST, line, Value::Null).await;
    }
    scene.call(Some("anna"), "POST /groups/sales/leave", json!({})).await;
    assert_eq!(administrator(&scene, "sales").await, "anna");
    scene.stop().await;
}

#[tokio::test]
async fn a3_the_administrator_neither_leaves_nor_is_removed() {
    let scene = Scene::new().await;
    scene.refused(Some("anna"), "POST /groups/sales/leave", json!({"grants": "revoke"}), 403, "A3").await;
    for who in [HOST, Some("anna")] {
        scene.refused(who, "DELETE /groups/sales/members/anna", Value::Null, 409, "A3").await;
        scene.refused(who, "POST /groups/sales/removals", json!({"users": ["ben", "anna"]}), 409, "A3").await;
    }
    // `all` is all members, and the administrator is none.
    let removed = scene.ok(HOST, "POST /groups/sales/removals", json!({"all": true})).await;
    assert_eq!(removed["removed"], json!(["ben", "carl"]));
    assert!(scene.sidecar.admit("sales", "ben").await);
    scene.ok(Some("anna"), "PUT /groups/sales/administrator", json!({"user": "ben"})).await;
    scene.ok(Some("anna"), "POST /groups/sales/leave", json!({})).await;
    scene.stop().await;
}

#[tokio::test]
async fn a4_a_group_is_handed_to_a_member_and_the_former_stays_as_one() {
    for who in [HOST, Some("anna")] {
        let scene = Scene::new().await;
        let to = |user: &str| json!({"user": user});
        for nobody in ["dora", "anna", "nobody"] {
            scene.refused(who, "PUT /groups/sales/administrator", to(nobody), 409, "A4").await;
        }
        scene.ok(who, "PUT /groups/sales/co-administrators/ben", Value::Null).await;
        scene.refused(Some("ben"), "PUT /groups/sales/administrator", to("ben"), 403, "A4").await;
        scene.refused(Some("dora"), "PUT /groups/sales/administrator", to("ben"), 404, None).await;
        scene.ok(who, "PUT /groups/sales/administrator", to("ben")).await;
        let people = scene.ok(HOST, "GET /groups/sales/members", Value::Null).await;
        let rows: Vec<_> = people["members"].as_array().unwrap().iter().collect();
        let expected = [("anna", false), ("carl", false)];
        assert_eq!(people["administrator"], "ben");
        for (row, (user, co)) in rows.iter().zip(expected) {
            assert_eq!((&row["user"], &row["co_administrator"]), (&json!(user), &json!(co)));
        }
        assert_eq!(rows.len(), 2);
        assert!(!scene.may("anna", "add", "Tool", "group:sales/documents").await, "an ordinary member");
        // Handed back, ben is no co-administrator any more.
        scene.ok(HOST, "PUT /groups/sales/administrator", to("anna")).await;
        assert!(!scene.may("ben", "add", "Tool", "group:sales/documents").await);
        scene.stop().await;
    }
}

#[tokio::test]
async fn a5_a_handover_past_limits_names_every_shortfall_and_goes_through_if_accepted() {
    for who in [HOST, Some("anna")] {
        let scene = Scene::new().await;
        let small =
            json!({"max_groups": 0, "max_members": 1, "capacities": {"documents": 4, "calendar": 2, "polls": 9}});
        scene.plan("small", small).await;
        scene.person("ben", "small").await;
        scene.item("i", DOCUMENTS, "anna", 5).await;
        scene.item("e", "Tool::\"group:sales/calendar\"", "anna", 3).await;
        scene.item("p", "Tool::\"group:sales/polls\"", "anna", 9).await;
        for accept in [json!({"user": "ben"}), json!({"user": "ben", "accept_over_limit": false})] {
            let refused = scene.refused(who, "PUT /groups/sales/administrator", accept, 409, "A5").await;
            let shortfall = |limit, allowed, actual| json!({"limit": limit, "allowed": allowed, "actual": actual});
            let expected = [
                shortfall("groups", 0, 1),
                shortfall("members", 1, 2),
                shortfall("calendar", 2, 3),
                shortfall("documents", 4, 5),
            ];
            assert_eq!(refused["shortfalls"], json!(expected));
        }
        let accepted = json!({"user": "ben", "accept_over_limit": true});
        scene.ok(who, "PUT /groups/sales/administrator", accepted).await;
        // Nothing is removed, and from now on ben's limits hold (P3, P4, P6).
        assert_eq!(scene.used("groups/sales", "documents").await, 5);
        assert_eq!(scene.ok(HOST, "GET /groups/sales/usage", Value::Null).await["tools"]["documents"]["capacity"], 4);
        scene.refused(Some("ben"), "POST /items", json!({"parent": DOCUMENTS, "size": 1}), 409, "P6").await;
        scene.refused(Some("ben"), "POST /groups/sales/invitations", json!({"user": "dora"}), 409, "P4").await;
        scene.refused(Some("ben"), "POST /groups", json!({"name": "more"}), 409, "P3").await;
        scene.stop().await;
    }
}

#[tokio::test]
async fn a6_a_name_is_unique_when_folded_and_never_changes() {
    let scene = Scene::new().await;
    for who in [HOST, Some("anna")] {
        for name in ["sales", "SALES", "\u{ff33}ales", "sa\u{ad}les"] {
            let mut group = json!({"name": name});
            if who.is_none() {
                group["administrator"] = json!("ben");
            }
            scene.refused(who, "POST /groups", group, 409, "A6").await;
        }
        for name in ["Sales", "other"] {
            scene.refused(who, "PATCH /groups/sales", json!({"name": name}), 409, "A6").await;
        }
        let same = json!({
            "name": "sales", "full_name": "All of sales", "description": "a\nb", "language": "nl-BE",
            "activity": "business", "sector": "retail", "published": true,
        });
        scene.ok(who, "PATCH /groups/sales", same).await;
        let group = scene.ok(who, "GET /groups/sales", Value::Null).await;
        assert_eq!((&group["language"], &group["sector"]), (&json!("nl-BE"), &json!("retail")));
        scene.refused(who, "PATCH /groups/sales", json!({"activity": "other"}), 422, "A6").await;
        scene.ok(who, "PATCH /groups/sales", json!({"activity": "other", "sector": null, "published": false})).await;
    }
    scene.stop().await;
}

#[tokio::test]
async fn a7_open_and_members_published_go_only_with_published() {
    let scene = Scene::new().await;
    let all = [false, true];
    let combinations =
        all.into_iter().flat_map(|published| all.map(|members| all.map(|open| (published, members, open))));
    for (n, (published, members, open)) in combinations.flatten().enumerate() {
        let switches = json!({"published": published, "members_published": members, "open": open});
        let sensible = published || !(members || open);
        for who in [HOST, Some("anna")] {
            let mut group = json!({"name": format!("{who:?} {n}")});
            group.as_object_mut().unwrap().extend(switches.as_object().unwrap().clone());
            if who.is_none() {
                group["administrator"] = json!("anna");
            }
            if sensible {
                scene.ok(who, "POST /groups", group).await;
                scene.ok(who, "PATCH /groups/sales", switches.clone()).await;
                // One's joining follows the switches.
                assert_eq!(scene.may("dora", "join", "Group", "sales").await, published && open);
                assert_eq!(scene.may("dora", "request_join", "Group", "sales").await, published && !open);
                assert_eq!(scene.may("dora", "list_members", "Group", "sales").await, published && members);
                assert_eq!(scene.may("dora", "view_group", "Group", "sales").await, published);
            } else {
                scene.refused(who, "POST /groups", group, 422, "A7").await;
                scene.refused(who, "PATCH /groups/sales", switches.clone(), 422, "A7").await;
            }
        }
    }
    let plain = scene.ok(Some("anna"), "POST /groups", json!({"name": "plain"})).await;
    assert_eq!(
        (&plain["published"], &plain["members_published"], &plain["open"]),
        (&json!(false), &json!(false), &json!(false))
    );
    // Hidden while it is open would be another such combination.
    scene.refused(HOST, "PATCH /groups/sales", json!({"published": false}), 422, "A7").await;
    scene.stop().await;
}

#[tokio::test]
async fn a8_only_the_administrator_changes_settings() {
    let scene = Scene::new().await;
    scene.ok(Some("anna"), "PUT /groups/sales/co-administrators/ben", Value::Null).await;
    for (setting, value) in
        [("full_name", json!("x")), ("description", json!("x")), ("language", json!("it")), ("published", json!(true))]
    {
        for member in ["ben", "carl"] {
            scene.refused(Some(member), "PATCH /groups/sales", json!({setting: value}), 403, "A8").await;
        }
        scene.refused(Some("dora"), "PATCH /groups/sales", json!({setting: value}), 404, None).await;
    }
    for who in [HOST, Some("anna")] {
        let changed = scene.ok(who, "PATCH /groups/sales", json!({"full_name": format!("{who:?}")})).await;
        assert_eq!(changed["full_name"], format!("{who:?}"));
    }
    scene.stop().await;
}

#[tokio::test]
async fn a14_a_group_without_members_is_deleted_with_all_that_is_in_it() {
    for who in [HOST, Some("anna")] {
        let scene = Scene::new().await;
        scene.folder("f", DOCUMENTS, "anna").await;
        scene.item("i", "Folder::\"f\"", "ben", 1).await;
        scene.ok(Some("anna"), "PUT /grants", grant("Tool::\"user:anna/documents\"", "view", "group:sales")).await;
        scene.refused(who, "DELETE /groups/sales", Value::Null, 409, "A14").await;
        scene.refused(Some("ben"), "DELETE /groups/sales", Value::Null, 403, "A14").await;
        scene.refused(Some("dora"), "DELETE /groups/sales", Value::Null, 404, None).await;
        scene.ok(who, "POST /groups/sales/removals", json!({"all": true})).await;
        let (_, token) = scene.invite("sales", json!({"user": "dora"})).await;
        scene.ok(who, "DELETE /groups/sales", Value::Null).await;
        for line in ["GET /groups/sales", "GET /folders/f", "GET /items/i", "GET /groups/sales/usage"] {
            scene.refused(HOST, line, Value::Null, 404, None).await;
        }
        scene.refused(Some("dora"), &format!("POST /invitations/{token}/accept"), Value::Null, 404, None).await;
        let grants = scene.ok(HOST, "GET /grants?resource=Tool::%22user:anna/documents%22", Value::Null).await;
        assert_eq!(grants["grants"], json!([]));
        // The name is free, the id is not.
        scene.refused(Some("anna"), "POST /groups", json!({"id": "sales", "name": "x"}), 409, "A14").await;
        scene.ok(Some("anna"), "POST /groups", json!({"id": "sales-2", "name": "Sales"})).await;
        scene.stop().await;
    }
}
