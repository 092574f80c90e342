//! What a search may cost.

use super::{Kind, all, ids, next, page, pages::database, resources, subjects, way};
use crate::sidecar::TestSidecar;
use serde_json::{Value, json};

fn none() -> Value {
    json!({})
}

/// Of 4,500 items a policy allows two near the end, and says nothing about where they are.
#[tokio::test]
async fn a_search_that_looks_at_too_much_stops_with_503_and_goes_on_with_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let policies = r#"@id("granted") permit (principal, action == Action::"view", resource is Item) when {
        !resource.canEdit.users.isEmpty() };"#;
    std::fs::write(folder.path().join("p.cedar"), policies).unwrap();
    let sidecar = TestSidecar::new().on(&database().await).configured(|config| {
        config.policies = Some(folder.path().to_owned());
        config.limits.search_candidates_max = 400;
    });
    let sidecar = sidecar.start().await;
    for item in ["shared-1498", "shared-1499"] {
        let resource = format!("Item::\"{item}\"");
        sidecar.put("/grants", json!({"resource": resource, "right": "edit", "to": {"user": "ann"}})).await.ok();
    }
    let view = resources("ann", "view", "Item", &none());
    let first = page(&sidecar, Kind::Resource, &view, json!({"limit": 50})).await;
    assert_eq!(first.status, 503, "{}", first.body);
    assert_eq!(first.content_type, "application/problem+json");
    assert!(first.body.get("results").is_none(), "{}", first.body);
    assert!(next(&first).is_some());
    let found = all(&sidecar, Kind::Resource, &view, 50).await;
    assert_eq!(found, ["shared-1498", "shared-1499"]);
    sidecar.stop().await;
}

/// By the built-in policies no search looks at more than it finds, give or take a few: the answer sets the cost,
/// and not the store.
#[tokio::test]
async fn the_built_in_policies_cost_what_they_find() {
    let sidecar = TestSidecar::new()
        .in_file()
        .on(&database().await)
        .configured(|config| config.limits.search_candidates_max = 120)
        .start()
        .await;
    let grants =
        [("Folder::\"f2103\"", "delete"), ("Item::\"shared-3\"", "edit"), ("Tool::\"user:ben/documents\"", "view")];
    for (resource, right) in grants {
        sidecar.put("/grants", json!({"resource": resource, "right": right, "to": {"user": "ann"}})).await.ok();
    }
    for (action, kind) in [
        ("view", "Item"),
        ("edit", "Item"),
        ("delete", "Item"),
        ("manage_access", "Item"),
        ("view_busy", "Item"),
        ("view_details", "Item"),
        ("view", "Folder"),
        ("delete", "Folder"),
        ("add", "Folder"),
        ("manage_access", "Folder"),
        ("add", "Tool"),
    ] {
        let query = resources("ann", action, kind, &none());
        let reply = page(&sidecar, Kind::Resource, &query, json!({"limit": 100})).await;
        assert_eq!((reply.status, way(&reply)), (200, "filtered"), "{action} {kind}: {}", reply.body);
        let found = ids(&reply).len();
        assert!(found == 100 || next(&reply).is_none(), "{action} {kind}: {found}");
    }
    let reply = page(&sidecar, Kind::Subject, &subjects("edit", ("Item", "his-8"), &none()), json!({})).await;
    assert_eq!((ids(&reply), way(&reply)), (vec!["ben".to_owned()], "filtered"));
    sidecar.stop().await;
}

#[tokio::test]
async fn a_search_that_takes_too_long_stops() {
    let sidecar = TestSidecar::new()
        .in_file()
        .on(&database().await)
        .configured(|config| config.limits.search_milliseconds_max = 1)
        .start()
        .await;
    let view = resources("ann", "view", "Item", &none());
    let found = all(&sidecar, Kind::Resource, &view, 1000).await;
    assert_eq!(found.len(), 3000);
    sidecar.stop().await;
}

/// Fails if a search keeps its place, its connection or its snapshot after nobody waits for it any more.
#[tokio::test]
async fn searches_given_up_halfway_leave_their_places_free() {
    let sidecar = TestSidecar::new().on(&database().await).start().await;
    let view = resources("ann", "view", "Item", &none());
    // More than may run at a time and more than there are connections, each given up at another moment.
    for wait in 0..60 {
        let search = page(&sidecar, Kind::Resource, &view, json!({"limit": 1000}));
        drop(tokio::time::timeout(std::time::Duration::from_millis(wait), search).await);
    }
    let three = [(); 3].map(|()| page(&sidecar, Kind::Resource, &view, json!({"limit": 10})));
    for reply in futures_util::future::join_all(three).await {
        assert_eq!((reply.status, ids(&reply).len()), (200, 10), "{}", reply.body);
    }
    sidecar.put("/subscriptions/more", json!({})).await.ok();
    // A snapshot that is still open would keep the log from being emptied, which this looks at.
    drop(sidecar.into_database().await);
}
