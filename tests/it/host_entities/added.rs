//! What a host adds to what Conclave keeps: attributes and parents of users, groups and items, and types of its own
//! beside them.

use super::stage::{at, contracts, decide, entity, may, put, to};
use crate::by_rule::scene::{HOST, Scene};
use crate::sidecar::TestSidecar;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The scene with a company, its departments, and what its people may see.
async fn stage() -> Scene {
    let scene = Scene::on(contracts()).await;
    scene.folder("deals", "Tool::\"group:sales/documents\"", "anna").await;
    scene.item("plan", "Folder::\"deals\"", "anna", 1).await;
    let described = [
        entity("Department::\"shipping\"", json!({}), &["Department::\"trade\""]),
        entity("Department::\"trade\"", json!({}), &["Company::\"acme\""]),
        entity("Region::\"north\"", json!({"closed": false}), &[]),
        entity("Client::\"shop\"", json!({"region": to("Region", "north"), "contact": to("User", "ben")}), &[]),
        entity("Contract::\"7\"", json!({"client": to("Client", "shop"), "level": 2}), &["Company::\"acme\""]),
        entity("User::\"ben\"", json!({"clearance": 3}), &["Department::\"shipping\""]),
        entity("User::\"carl\"", json!({"clearance": 1}), &["Department::\"shipping\""]),
    ];
    put(&scene.sidecar, &described).await.ok();
    scene
}

#[tokio::test]
async fn an_attribute_added_to_an_item_or_a_user_decides_with_the_built_in_ones() {
    let scene = stage().await;
    let sidecar = &scene.sidecar;
    for person in ["anna", "ben", "carl"] {
        assert!(may(sidecar, &format!("User::\"{person}\" view Item::\"plan\"")).await, "{person}");
    }
    let secret = put(sidecar, &[entity("Item::\"plan\"", json!({"level": 2}), &[])]).await.ok();
    assert_eq!(secret.body, json!({"created": 1, "changed": 0, "unchanged": 0}));
    let says =
        async |person: &str| decide(sidecar, &format!("User::\"{person}\" view Item::\"plan\""), json!({})).await;
    assert_eq!(says("ben").await, (true, vec!["group-content-view".to_owned()]));
    assert_eq!(says("carl").await, (false, vec!["clearance".to_owned()]));
    assert_eq!(says("anna").await, (false, vec!["clearance".to_owned()]));
    // What Conclave keeps is as it was, whatever is added: the author, the group, the grants.
    assert!(!may(sidecar, "User::\"ben\" edit Item::\"plan\"").await);
    scene.ok(Some("anna"), "PUT /grants", crate::by_rule::scene::grant("Item::\"plan\"", "edit", "ben")).await;
    assert!(may(sidecar, "User::\"ben\" edit Item::\"plan\"").await);
    scene.ok(HOST, "DELETE /entities/Item/plan", Value::Null).await;
    assert!(may(sidecar, "User::\"anna\" edit Item::\"plan\"").await && says("carl").await.0);
    scene.stop().await;
}

#[tokio::test]
async fn parents_are_followed_through_what_the_host_says_and_what_conclave_keeps() {
    let scene = stage().await;
    let sidecar = &scene.sidecar;
    let view = |person: &str| format!("User::\"{person}\" view Contract::\"7\"");
    // Ben is in shipping, in trade, in the company; carl's clearance is too low, anna is in nothing.
    assert!(
        may(sidecar, &view("ben")).await && !may(sidecar, &view("carl")).await && !may(sidecar, &view("anna")).await
    );
    put(sidecar, &[entity("Department::\"trade\"", json!({}), &[])]).await.ok();
    assert!(!may(sidecar, &view("ben")).await);
    // Through the group: whoever is in sales is in the company.
    put(sidecar, &[entity("Group::\"sales\"", json!({}), &["Company::\"acme\""])]).await.ok();
    assert!(may(sidecar, &view("ben")).await);
    put(sidecar, &[entity("User::\"anna\"", json!({"clearance": 9}), &[])]).await.ok();
    assert!(may(sidecar, &view("anna")).await);
    assert!(!may(sidecar, &view("dora")).await);
    scene.ok(HOST, "DELETE /groups/sales/members/ben", Value::Null).await;
    assert!(!may(sidecar, &view("ben")).await);
    scene.ok(HOST, "DELETE /entities/Group/sales", Value::Null).await;
    assert!(!may(sidecar, &view("anna")).await);
    scene.stop().await;
}

#[tokio::test]
async fn attributes_lead_from_entity_to_entity() {
    let scene = stage().await;
    let sidecar = &scene.sidecar;
    let archive = "User::\"ben\" archive Contract::\"7\"";
    assert!(may(sidecar, archive).await);
    put(sidecar, &[entity("Region::\"north\"", json!({"closed": true}), &[])]).await.ok();
    assert!(!may(sidecar, archive).await);
    put(sidecar, &[entity("Region::\"south\"", json!({"closed": false}), &[])]).await.ok();
    put(sidecar, &[entity("Client::\"shop\"", json!({"region": to("Region", "south")}), &[])]).await.ok();
    assert!(may(sidecar, archive).await);
    // A region that nobody describes is closed to everybody: the policy fails, and a permit that fails is none.
    put(sidecar, &[entity("Client::\"shop\"", json!({"region": to("Region", "west")}), &[])]).await.ok();
    assert!(!may(sidecar, archive).await);
    // Of items too, whose client the host says.
    put(sidecar, &[entity("Item::\"plan\"", json!({"client": to("Client", "shop")}), &[])]).await.ok();
    assert!(!may(sidecar, "User::\"ben\" archive Item::\"plan\"").await);
    put(sidecar, &[entity("Region::\"west\"", json!({"closed": false}), &[])]).await.ok();
    assert!(may(sidecar, "User::\"ben\" archive Item::\"plan\"").await);
    scene.stop().await;
}

#[tokio::test]
async fn a_type_of_the_hosts_can_ask_too() {
    let scene = stage().await;
    assert!(may(&scene.sidecar, "Client::\"shop\" advise Contract::\"7\"").await);
    assert!(!may(&scene.sidecar, "Client::\"other\" advise Contract::\"7\"").await);
    scene.stop().await;
}

#[tokio::test]
async fn what_the_host_says_goes_with_what_it_is_about() {
    let scene = stage().await;
    let described = [
        entity("Item::\"plan\"", json!({"level": 1}), &[]),
        entity("User::\"dora\"", json!({"clearance": 5}), &["Department::\"trade\""]),
    ];
    put(&scene.sidecar, &described).await.ok();
    scene.ok(HOST, "DELETE /items/plan", Value::Null).await;
    scene.ok(HOST, "DELETE /users/dora", Value::Null).await;
    for path in ["/entities/Item/plan", "/entities/User/dora"] {
        assert_eq!(scene.sidecar.get(path).await.status, 404, "{path}");
    }
    // A folder or item of the same id is another one.
    scene.item("plan", "Folder::\"deals\"", "anna", 1).await;
    assert!(may(&scene.sidecar, "User::\"anna\" view Item::\"plan\"").await);
    scene.stop().await;
}

/// What a tool may hold is there as soon as the tool is, without a change of its own.
#[tokio::test]
async fn a_quota_that_was_asked_about_before_its_group_is_known_once_the_group_is_made() {
    let folder = TempDir::new().unwrap();
    let (schema, policies) = (folder.path().join("schema"), folder.path().join("policies"));
    std::fs::create_dir(&schema).unwrap();
    std::fs::copy(at("schema/groups.cedarschema"), schema.join("groups.cedarschema")).unwrap();
    let own = "action see_budget appliesTo { principal: User, resource: Quota };";
    std::fs::write(schema.join("budget.cedarschema"), own).unwrap();
    std::fs::create_dir(&policies).unwrap();
    let policy =
        r#"@id("budget") permit (principal, action == Action::"see_budget", resource) when { resource.free >= 0 };"#;
    std::fs::write(policies.join("budget.cedar"), policy).unwrap();
    let sidecar =
        TestSidecar::new().configured(|config| (config.schema, config.policies) = (Some(schema), Some(policies)));
    let sidecar = sidecar.start().await;
    sidecar.put("/subscriptions/plan", json!({})).await.ok();
    sidecar.put("/users/anna", json!({"username": "anna", "subscription": "plan"})).await.ok();
    let sees = async || may(&sidecar, r#"User::"anna" see_budget Quota::"group:sales/documents""#).await;
    assert!(!sees().await);
    sidecar.post("/groups", json!({"id": "sales", "name": "Sales", "administrator": "anna"})).await.ok();
    assert!(sees().await);
    sidecar.delete("/groups/sales").await.ok();
    assert!(!sees().await);
    sidecar.stop().await;
}
