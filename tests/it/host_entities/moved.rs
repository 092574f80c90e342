//! What hosts describe goes out with everything else and comes in again.

use super::stage::{contracts, entity, may, put, to};
use crate::by_rule::scene::Scene;
use conclave::bulk::{ImportError, Plan, export, import};
use conclave::config::ToolKinds;
use conclave::store::{Access, Store};
use serde_json::json;
use std::io::Cursor;
use tempfile::TempDir;

async fn lines(database: &str) -> String {
    let store = Store::open(database, Access::ReadOnly).await.unwrap();
    let mut out = Vec::new();
    let count = export(&store, &mut out, |_| {}).await.unwrap();
    store.close().await;
    let text = String::from_utf8(out).unwrap();
    assert_eq!(u64::try_from(text.lines().count()).unwrap(), count + 1);
    text
}

/// The database that these lines make.
async fn imported(text: &str) -> Result<(TempDir, String), ImportError> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("conclave.db").display().to_string();
    let store = Store::open(&path, Access::Own).await.unwrap();
    let kinds = ToolKinds::default();
    let plan = Plan { transaction_lines: None, restart: false, kinds: &kinds, now_ms: 0 };
    let done = import(&store, || Ok(Cursor::new(text.to_owned())), plan, |_| {}).await;
    store.close().await;
    done.map(|_| (folder, path))
}

#[tokio::test]
async fn nothing_is_lost() {
    let scene = Scene::on(contracts()).await;
    scene.item("plan", "Tool::\"group:sales/documents\"", "anna", 1).await;
    let mut plan = entity("Item::\"plan\"", json!({"level": 2}), &[]);
    plan["tags"] = json!({"a \"tag\"": -1});
    let described = [
        plan,
        entity("User::\"ben\"", json!({"clearance": 3}), &["Department::\"b\"", "Department::\"a\""]),
        entity("Department::\"a\"", json!({}), &["Company::\"acme\""]),
        json!({"uid": to("Region", "ü / \\ 💡"), "attrs": {"closed": true}}),
        entity("Client::\"c\"", json!({"region": {"__entity": to("Region", "r")}}), &[]),
    ];
    put(&scene.sidecar, &described).await.ok();
    let text = lines(&scene.sidecar.database()).await;
    assert_eq!(text.lines().filter(|line| line.starts_with(r#"{"type":"entity","#)).count(), 5);
    scene.stop().await;

    let (_folder, path) = imported(&text).await.unwrap();
    assert_eq!(lines(&path).await, text);
    let sidecar = contracts().on(&std::fs::read(&path).unwrap()).start().await;
    assert!(may(&sidecar, "User::\"ben\" view Item::\"plan\"").await);
    assert!(!may(&sidecar, "User::\"carl\" view Item::\"plan\"").await);
    sidecar.stop().await;
}

#[tokio::test]
async fn a_line_that_no_call_could_have_made_is_refused() {
    for (line, field) in [
        (json!({"type": "entity"}), "entity"),
        (json!({"type": "entity", "entity": {"uid": "A"}}), "entity.uid"),
        (json!({"type": "entity", "entity": {"uid": to("A", "")}}), "entity.uid"),
        (json!({"type": "entity", "entity": {"uid": to("A", "\u{0}")}}), "entity.uid"),
        (json!({"type": "entity", "entity": {"uid": to("A", "1"), "parents": [to("B", "..")]}}), "entity.parents"),
        (json!({"type": "entity", "entity": {"uid": to("A", "1"), "attrs": {"x": "y".repeat(20_000)}}}), "entity"),
    ] {
        let refused = imported(&line.to_string()).await.unwrap_err().to_string();
        assert!(refused.contains(&format!("`{field}`")), "{refused}");
    }
    let line = json!({"type": "entity", "entity": {"uid": to("A", "1")}});
    let twice = imported(&format!("{line}\n{line}")).await.unwrap_err().to_string();
    assert!(twice.contains("line 2") && twice.contains("described already"), "{twice}");
}
