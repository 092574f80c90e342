//! D1-D8: who adds, deletes, edits and lends what in a group.

use super::scene::{HOST, Scene, grant};
use serde_json::{Value, json};

const DOCUMENTS: &str = "Tool::\"group:sales/documents\"";
const RIGHTS: [&str; 3] = ["add", "delete", "manage_access"];

/// The stage, with a folder of anna's and an item of ben's in it.
async fn stage() -> Scene {
    let scene = Scene::new().await;
    scene.folder("f", DOCUMENTS, "anna").await;
    scene.item("i", "Folder::\"f\"", "ben", 1).await;
    scene
}

#[tokio::test]
async fn d1_by_default_those_who_run_the_group_add_and_delete() {
    let scene = stage().await;
    scene.ok(Some("anna"), "PUT /groups/sales/co-administrators/carl", Value::Null).await;
    for who in ["anna", "carl"] {
        for tool in ["documents", "calendar", "contacts", "polls"] {
            let place = format!("Tool::\"group:sales/{tool}\"");
            let item = scene.ok(Some(who), "POST /items", json!({"parent": place})).await;
            let folder = scene.ok(Some(who), "POST /folders", json!({"parent": place})).await;
            scene.ok(Some(who), &format!("DELETE /items/{}", item["id"].as_str().unwrap()), Value::Null).await;
            scene.ok(Some(who), &format!("DELETE /folders/{}", folder["id"].as_str().unwrap()), Value::Null).await;
        }
    }
    for line in ["POST /items", "POST /folders"] {
        scene.refused(Some("ben"), line, json!({"parent": DOCUMENTS}), 403, "D1").await;
        scene.refused(Some("dora"), line, json!({"parent": DOCUMENTS}), 404, None).await;
    }
    for line in ["DELETE /items/i", "DELETE /folders/f"] {
        scene.refused(Some("ben"), line, Value::Null, 403, "D1").await;
        scene.refused(Some("dora"), line, Value::Null, 404, None).await;
    }
    scene.stop().await;
}

#[tokio::test]
async fn d2_add_and_delete_are_granted_to_people_of_the_group() {
    let scene = stage().await;
    scene.group("other", "anna", json!({}), &["dora"]).await;
    scene.ok(Some("anna"), "PUT /groups/sales/co-administrators/carl", Value::Null).await;
    for (who, kind, id) in
        [(HOST, "Tool", "group:sales/documents"), (Some("anna"), "Folder", "f"), (Some("carl"), "Folder", "f")]
    {
        let resource = format!("{kind}::\"{id}\"");
        for right in ["add", "delete"] {
            for to in ["ben", "group:sales"] {
                scene.ok(who, "PUT /grants", grant(&resource, right, to)).await;
                assert_eq!(scene.allowed("ben", &RIGHTS, kind, id).await, [right], "{who:?}");
                scene.ok(who, "POST /grants/revoke", grant(&resource, right, to)).await;
                assert_eq!(scene.allowed("ben", &RIGHTS, kind, id).await, [""; 0]);
            }
            for to in ["dora", "nobody", "group:other", "group:none"] {
                scene.refused(who, "PUT /grants", grant(&resource, right, to), 409, "D2").await;
            }
        }
    }
    scene.stop().await;
}

#[tokio::test]
async fn d3_a_grant_to_all_holds_for_later_joiners_and_ends_for_leavers() {
    for who in [HOST, Some("anna")] {
        let scene = stage().await;
        scene.ok(who, "PUT /grants", grant(DOCUMENTS, "add", "group:sales")).await;
        scene.ok(who, "PUT /grants", grant(DOCUMENTS, "delete", "ben")).await;
        let rights = async |user| scene.allowed(user, &RIGHTS, "Tool", "group:sales/documents").await;
        assert_eq!((rights("ben").await, rights("carl").await), (vec!["add", "delete"], vec!["add"]));
        assert!(scene.sidecar.admit("sales", "dora").await);
        assert_eq!(rights("dora").await, ["add"], "to named people is to nobody else");
        scene.ok(Some("carl"), "POST /groups/sales/leave", json!({})).await;
        scene.ok(HOST, "DELETE /groups/sales/members/ben", Value::Null).await;
        assert_eq!((rights("ben").await, rights("carl").await), (vec![], vec![]));
        // Back again, what was for all is theirs again, and what named them is not (A12).
        assert!(scene.sidecar.admit("sales", "ben").await);
        assert_eq!(rights("ben").await, ["add"]);
        scene.stop().await;
    }
}

#[tokio::test]
async fn d4_the_author_says_who_edits() {
    let scene = stage().await;
    scene.ok(Some("anna"), "PUT /groups/sales/co-administrators/carl", Value::Null).await;
    let name = json!({"name": "x"});
    for other in ["anna", "carl"] {
        scene.refused(Some(other), "PATCH /items/i", name.clone(), 403, "D4").await;
        scene.refused(Some(other), "PUT /grants", grant("Item::\"i\"", "edit", "dora"), 403, "D7").await;
    }
    scene.ok(Some("ben"), "PATCH /items/i", name.clone()).await;
    scene.ok(Some("ben"), "PUT /grants", grant("Item::\"i\"", "edit", "anna")).await;
    scene.ok(Some("anna"), "PATCH /items/i", name.clone()).await;
    scene.refused(Some("carl"), "PATCH /items/i", name.clone(), 403, "D4").await;
    scene.ok(Some("ben"), "PUT /grants", grant("Item::\"i\"", "edit", "group:sales")).await;
    scene.ok(Some("carl"), "PATCH /items/i", name.clone()).await;
    scene.refused(Some("ben"), "PUT /grants", grant("Item::\"i\"", "edit", "dora"), 409, "D2").await;
    // Outside the group the author edits nothing, and back in it again (A12).
    scene.ok(Some("ben"), "POST /groups/sales/leave", json!({})).await;
    assert!(!scene.may("ben", "edit", "Item", "i").await && scene.may("carl", "edit", "Item", "i").await);
    assert!(scene.sidecar.admit("sales", "ben").await && scene.may("ben", "edit", "Item", "i").await);
    scene.stop().await;
}

#[tokio::test]
async fn d4_the_host_needs_no_right_to_edit_and_says_who_the_author_is() {
    let scene = stage().await;
    scene.ok(HOST, "PATCH /items/i", json!({"name": "x", "size": 3})).await;
    scene.refused(HOST, "POST /items", json!({"parent": DOCUMENTS}), 400, None).await;
    scene.refused(HOST, "POST /items", json!({"parent": DOCUMENTS, "author": "nobody"}), 404, None).await;
    let named = json!({"parent": DOCUMENTS, "author": "ben"});
    scene.refused(Some("anna"), "POST /items", named, 403, None).await;
    scene.ok(HOST, "PUT /grants", grant("Item::\"i\"", "edit", "carl")).await;
    assert!(scene.may("carl", "edit", "Item", "i").await);
    scene.stop().await;
}

#[tokio::test]
async fn d5_those_who_run_the_group_delete_any_item_and_the_author_does_not() {
    let scene = stage().await;
    scene.ok(Some("anna"), "PUT /groups/sales/co-administrators/carl", Value::Null).await;
    for (who, id) in [(Some("anna"), "a"), (Some("carl"), "c"), (HOST, "h")] {
        scene.item(id, "Folder::\"f\"", "ben", 0).await;
        scene.refused(Some("ben"), &format!("DELETE /items/{id}"), Value::Null, 403, "D1").await;
        scene.ok(who, &format!("DELETE /items/{id}"), Value::Null).await;
    }
    scene.ok(Some("anna"), "PUT /grants", grant("Folder::\"f\"", "delete", "ben")).await;
    scene.ok(Some("ben"), "DELETE /items/i", Value::Null).await;
    scene.stop().await;
}

#[tokio::test]
async fn d6_grants_hold_below_and_add_up() {
    for who in [HOST, Some("anna")] {
        let scene = stage().await;
        scene.folder("deep", "Folder::\"f\"", "anna").await;
        scene.ok(who, "PUT /grants", grant(DOCUMENTS, "add", "ben")).await;
        scene.ok(who, "PUT /grants", grant("Folder::\"f\"", "delete", "group:sales")).await;
        for (kind, id, expected) in [
            ("Tool", "group:sales/documents", &["add"][..]),
            ("Folder", "f", &["add", "delete"]),
            ("Folder", "deep", &["add", "delete"]),
        ] {
            assert_eq!(scene.allowed("ben", &["add", "delete"], kind, id).await, expected, "{id}");
        }
        assert!(scene.may("ben", "delete", "Item", "i").await);
        // Granted twice over, one of the two withdrawn: the other stays.
        scene.ok(who, "PUT /grants", grant("Folder::\"deep\"", "add", "ben")).await;
        scene.ok(who, "POST /grants/revoke", grant(DOCUMENTS, "add", "ben")).await;
        assert!(scene.may("ben", "add", "Folder", "deep").await && !scene.may("ben", "add", "Folder", "f").await);
        scene.stop().await;
    }
}

#[tokio::test]
async fn d7_access_is_changed_by_those_who_run_the_group_and_of_an_item_by_its_author() {
    let scene = stage().await;
    scene.folder("bens", DOCUMENTS, "ben").await;
    let on_folder = grant("Folder::\"bens\"", "add", "carl");
    // He made it, and has no right by that.
    scene.refused(Some("ben"), "PUT /grants", on_folder.clone(), 403, "D7").await;
    scene.refused(Some("ben"), "PATCH /folders/bens", json!({"name": "x"}), 403, "D7").await;
    scene.refused(Some("ben"), "GET /grants?resource=Folder::%22bens%22", Value::Null, 403, "D7").await;
    scene.ok(Some("anna"), "PATCH /folders/bens", json!({"name": "x"})).await;
    scene.ok(Some("anna"), "PUT /grants", on_folder.clone()).await;
    scene.refused(Some("ben"), "POST /grants/revoke", on_folder.clone(), 403, "D7").await;
    scene.refused(Some("dora"), "POST /grants/revoke", on_folder, 404, None).await;
    for line in ["PUT /grants", "POST /grants/revoke"] {
        scene.refused(Some("anna"), line, grant("Item::\"i\"", "edit", "carl"), 403, "D7").await;
        scene.ok(Some("ben"), line, grant("Item::\"i\"", "edit", "carl")).await;
    }
    scene.stop().await;
}

#[tokio::test]
async fn d7_each_right_has_its_place_and_nobody_names_themselves() {
    let scene = stage().await;
    for (who, resource, grantable) in [
        (Some("anna"), DOCUMENTS, &["add", "delete"][..]),
        (Some("anna"), "Folder::\"f\"", &["add", "delete"]),
        (Some("ben"), "Item::\"i\"", &["edit"]),
    ] {
        for right in ["view", "view_details", "add", "edit", "delete"] {
            for caller in [HOST, who] {
                if grantable.contains(&right) {
                    scene.ok(caller, "PUT /grants", grant(resource, right, "carl")).await;
                } else {
                    scene.refused(caller, "PUT /grants", grant(resource, right, "carl"), 422, "D7").await;
                }
            }
        }
        let own = grant(resource, grantable[0], who.unwrap());
        scene.refused(who, "PUT /grants", own.clone(), 422, "D7").await;
        // The host names nobody's self.
        scene.ok(HOST, "PUT /grants", own).await;
    }
    scene.stop().await;
}

#[tokio::test]
async fn d8_deleting_a_folder_takes_the_right_on_it_and_all_below_it() {
    for who in [HOST, Some("ben")] {
        let scene = stage().await;
        scene.folder("deep", "Folder::\"f\"", "carl").await;
        scene.item("below", "Folder::\"deep\"", "carl", 4).await;
        scene.ok(Some("anna"), "PUT /grants", grant("Folder::\"deep\"", "delete", "ben")).await;
        scene.refused(Some("ben"), "DELETE /folders/f", Value::Null, 403, "D1").await;
        scene.ok(Some("anna"), "PUT /grants", grant("Folder::\"f\"", "delete", "ben")).await;
        scene.ok(who, "DELETE /folders/f", Value::Null).await;
        for line in ["GET /folders/f", "GET /folders/deep", "GET /items/below", "GET /items/i"] {
            scene.refused(HOST, line, Value::Null, 404, None).await;
        }
        assert_eq!(scene.used("groups/sales", "documents").await, 0);
        scene.stop().await;
    }
}

#[tokio::test]
async fn d8_moving_takes_delete_here_and_add_there_within_the_tool() {
    let scene = stage().await;
    scene.folder("to", DOCUMENTS, "anna").await;
    scene.folder("deep", "Folder::\"f\"", "anna").await;
    let to = |place: &str| json!({"parent": place});
    let (here, there) = (grant("Folder::\"f\"", "delete", "ben"), grant("Folder::\"to\"", "add", "ben"));
    for line in ["PATCH /items/i", "PATCH /folders/deep"] {
        scene.refused(Some("ben"), line, to("Folder::\"to\""), 403, "D1").await;
        scene.ok(Some("anna"), "PUT /grants", here.clone()).await;
        scene.refused(Some("ben"), line, to("Folder::\"to\""), 403, "D1").await;
        scene.ok(Some("anna"), "POST /grants/revoke", here.clone()).await;
        scene.ok(Some("anna"), "PUT /grants", there.clone()).await;
        scene.refused(Some("ben"), line, to("Folder::\"to\""), 403, "D1").await;
        scene.ok(Some("anna"), "PUT /grants", here.clone()).await;
        scene.ok(Some("ben"), line, to("Folder::\"to\"")).await;
        scene.ok(HOST, line, to("Folder::\"f\"")).await;
        for resource in [&here, &there] {
            scene.ok(Some("anna"), "POST /grants/revoke", resource.clone()).await;
        }
        for who in [HOST, Some("anna")] {
            for outside in ["Tool::\"group:sales/polls\"", "Tool::\"user:anna/documents\""] {
                scene.refused(who, line, to(outside), 409, "D8").await;
            }
            scene.refused(who, "PATCH /folders/f", to("Folder::\"f\""), 409, "D8").await;
            scene.refused(who, "PATCH /folders/f", to("Folder::\"deep\""), 409, "D8").await;
        }
    }
    scene.stop().await;
}
