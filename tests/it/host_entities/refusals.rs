//! What of a description is refused: with the field, and all of the call with it.

use super::stage::{contracts, entity, put, to};
use crate::by_rule::scene::Scene;
use crate::sidecar::Reply;
use serde_json::{Value, json};

fn says(reply: &Reply, status: u16, field: &str) {
    assert_eq!((reply.status, reply.body["field"].as_str()), (status, Some(field)), "{}", reply.body);
    assert_eq!(reply.content_type, "application/problem+json");
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_of_the_call_is_kept() {
    let scene = Scene::on(contracts()).await;
    let before = scene.revision().await;
    let good = entity("Region::\"north\"", json!({"closed": false}), &[]);
    let client = |attrs: Value| entity("Client::\"c\"", attrs, &[]);
    for (bad, status, field) in [
        (entity("Shop::\"s\"", json!({}), &[]), 400, "entities[1].uid"),
        (entity("Action::\"view\"", json!({}), &[]), 400, "entities[1].uid"),
        (client(json!({})), 400, "entities[1].attrs.region"),
        (client(json!({"region": to("Region", "r"), "colour": "red"})), 400, "entities[1].attrs.colour"),
        (client(json!({"region": to("User", "anna")})), 400, "entities[1].attrs.region"),
        (client(json!({"region": null})), 400, "entities[1].attrs.region"),
        (entity("Region::\"r\"", json!({"closed": "yes"}), &[]), 400, "entities[1].attrs.closed"),
        (entity("Region::\"r\"", json!({"closed": true}), &["Company::\"acme\""]), 400, "entities[1].parents"),
        (entity("User::\"anna\"", json!({"clearance": 1}), &["Company::\"\\u{0}\""]), 422, "entities[1].parents"),
        (json!({"uid": "User::\"anna\"", "tags": {"x": 1}}), 400, "entities[1].tags.x"),
        // What Conclave keeps itself.
        (entity("User::\"anna\"", json!({"groups": []}), &[]), 409, "entities[1].attrs.groups"),
        (entity("Item::\"i\"", json!({"owner": to("User", "anna")}), &[]), 409, "entities[1].attrs.owner"),
        (entity("User::\"anna\"", json!({}), &["Group::\"sales\""]), 409, "entities[1].parents"),
        (entity("User::\"anna\"", json!({}), &["Role::\"sales/co-administrators\""]), 409, "entities[1].parents"),
        (entity("Role::\"sales/co-administrators\"", json!({}), &[]), 409, "entities[1].uid"),
        (entity("Quota::\"group:sales/documents\"", json!({}), &[]), 409, "entities[1].uid"),
        // What is not there.
        (entity("User::\"nobody\"", json!({"clearance": 1}), &[]), 409, "entities[1].uid"),
        (entity("Item::\"none\"", json!({"level": 1}), &[]), 409, "entities[1].uid"),
        // What is out of range.
        (entity("Region::\"north\"", json!({"closed": true}), &[]), 422, "entities[1].uid"),
        (entity("Region::\"\"", json!({"closed": true}), &[]), 422, "entities[1].uid"),
        (entity(&format!("Region::\"{}\"", "x".repeat(256)), json!({"closed": true}), &[]), 422, "entities[1].uid"),
        // What is no entity at all.
        (json!({"attrs": {}}), 400, "entities[1].uid"),
        (json!({"uid": "Region"}), 400, "entities[1].uid"),
        (json!({"uid": "Region::\"r\"", "attributes": {}}), 400, "entities[1].attributes"),
        (json!({"uid": "Region::\"r\"", "attrs": {"closed": 1.5}}), 400, "entities[1].attrs.closed"),
    ] {
        let reply = put(&scene.sidecar, &[good.clone(), bad]).await;
        says(&reply, status, field);
        assert_eq!(scene.revision().await, before, "{field}");
    }
    assert_eq!(scene.sidecar.get("/entities/Region/north").await.status, 404);
    for (body, field) in [(json!({}), "entities"), (json!({"entities": {}}), "entities"), (json!({"x": 1}), "x")] {
        says(&scene.sidecar.put("/entities", body).await, 400, field);
    }
    scene.stop().await;
}

#[tokio::test]
async fn a_call_and_an_entity_are_bounded() {
    let scene = Scene::on(contracts().configured(|config| config.limits.body_bytes_max = 1 << 20)).await;
    let regions = |count: usize| {
        (0..count).map(|n| entity(&format!("Region::\"{n}\""), json!({"closed": true}), &[])).collect::<Vec<_>>()
    };
    says(&put(&scene.sidecar, &regions(1_001)).await, 422, "entities");
    let many = put(&scene.sidecar, &regions(1_000)).await.ok();
    assert_eq!(many.body["created"], 1_000);
    assert_eq!(put(&scene.sidecar, &regions(1_000)).await.ok().body["unchanged"], 1_000);
    let tags: serde_json::Map<_, _> = (0..2_000).map(|n| (format!("tag {n}"), json!(n))).collect();
    scene.folder("f", "Tool::\"group:sales/documents\"", "anna").await;
    scene.item("i", "Folder::\"f\"", "anna", 1).await;
    says(&put(&scene.sidecar, &[json!({"uid": "Item::\"i\"", "tags": tags})]).await, 422, "entities[0]");
    let companies: Vec<_> = (0..101).map(|n| format!("Company::\"{n}\"")).collect();
    let parents: Vec<_> = companies.iter().map(String::as_str).collect();
    let everywhere = entity("Department::\"d\"", json!({}), &parents);
    says(&put(&scene.sidecar, &[everywhere]).await, 422, "entities[0].parents");
    scene.stop().await;
}

#[tokio::test]
async fn nothing_is_in_itself() {
    let scene = Scene::on(contracts()).await;
    let department = |id: &str, parent: &str| {
        entity(&format!("Department::\"{id}\""), json!({}), &[&format!("Department::\"{parent}\"")])
    };
    says(&put(&scene.sidecar, &[department("a", "a")]).await, 409, "entities[0].parents");
    says(
        &put(&scene.sidecar, &[department("a", "b"), department("b", "c"), department("c", "a")]).await,
        409,
        "entities[0].parents",
    );
    put(&scene.sidecar, &[department("a", "b"), department("b", "c")]).await.ok();
    says(&put(&scene.sidecar, &[department("c", "a")]).await, 409, "entities[0].parents");
    put(&scene.sidecar, &[department("c", "d")]).await.ok();
    // One at a time past the number that one may be in.
    for start in [0, 500] {
        let chain: Vec<_> =
            (start..start + 500).map(|n| department(&format!("n{n}"), &format!("n{}", n + 1))).collect();
        put(&scene.sidecar, &chain).await.ok();
    }
    says(&put(&scene.sidecar, &[department("low", "n0")]).await, 422, "entities[0].parents");
    scene.stop().await;
}

#[tokio::test]
async fn a_path_that_names_nothing_is_not_found() {
    let scene = Scene::on(contracts()).await;
    for path in [
        "/entities/User/anna",
        "/entities/Region/r",
        "/entities/a-b/x",
        "/entities/Shop%3A%3AOrder/x",
        "/entities/User/..",
    ] {
        assert_eq!(scene.sidecar.get(path).await.status, 404, "{path}");
        assert_eq!(scene.sidecar.delete(path).await.status, 404, "{path}");
    }
    // Ids with whatever is in them.
    let id = "a/b \"c\" ü 💡";
    put(&scene.sidecar, &[json!({"uid": to("Region", id), "attrs": {"closed": true}})]).await.ok();
    let path = format!("/entities/Region/{}", crate::sidecar::segment(id));
    assert_eq!(scene.sidecar.get(&path).await.ok().body["uid"], to("Region", id));
    assert_eq!(scene.sidecar.delete(&path).await.status, 204);
    scene.stop().await;
}

#[tokio::test]
async fn a_retry_is_answered_as_the_first_call_was() {
    let scene = Scene::on(contracts()).await;
    let body = json!({"entities": [entity("Region::\"r\"", json!({"closed": true}), &[])]});
    let key = [("idempotency-key", "once")];
    let first = scene.sidecar.send_with("PUT", "/admin/v1/entities", true, None, &body, &key).await.ok();
    assert_eq!(first.body["created"], 1);
    let again = scene.sidecar.send_with("PUT", "/admin/v1/entities", true, None, &body, &key).await.ok();
    assert_eq!((again.body, again.revision), (first.body, first.revision));
    scene.stop().await;
}
