//! What people read, whole: `CONCLAVE_UPDATE_GOLDEN=1` writes it anew.

use crate::process::run;
use crate::sidecar::TestSidecar;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn golden(name: &str, now: &str) {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/explain")).join(name);
    if std::env::var_os("CONCLAVE_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, now).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(now == golden, "{} differs; CONCLAVE_UPDATE_GOLDEN=1 writes it, then review:\n{now}", path.display());
}

/// File, exit code, question.
const EXPLAINED: [(&str, i32, &[&str]); 9] = [
    ("salesman-adds-to-production", 1, &["User::\"salesman-1\"", "add", "Tool::\"group:production/documents\""]),
    ("member-deletes", 1, &["User::\"workman-2\"", "delete", "Item::\"shift-plan\""]),
    ("granted-to-all-members", 0, &["User::\"workman-2\"", "edit", "Item::\"shift-plan\""]),
    ("granted-by-name", 0, &["User::\"secretary\"", "view_details", "Tool::\"user:director/calendar\""]),
    ("administrator", 0, &["User::\"director\"", "manage_access", "Folder::\"plans\""]),
    ("author-alone", 1, &["User::\"director\"", "manage_access", "Item::\"shift-plan\""]),
    ("shared-group", 0, &["User::\"salesman-1\"", "chat", "User::\"workman-1\""]),
    ("no-room", 1, &["User::\"director\"", "add", "Folder::\"offers\"", "--context", "{\"size\": 10000000000}"]),
    ("not-stored", 1, &["User::\"nobody\"", "view", "Item::\"nothing\""]),
];

#[tokio::test]
async fn the_terminal_shows_the_whole_path_beside_a_running_server() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let database = sidecar.database();
    for (name, code, question) in EXPLAINED {
        let arguments = [&["explain", "--database", &database], question].concat();
        let (exit, out, err) = run(Path::new("/"), &arguments);
        assert_eq!((exit, err.as_str()), (Some(code), ""), "{name}: {out}");
        golden(&format!("{name}.txt"), &out);
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn as_json_the_terminal_shows_what_the_endpoint_answers() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let (name, code, question) = EXPLAINED[0];
    let database = sidecar.database();
    let arguments = [&["explain", "--json", "--database", &database], question].concat();
    let (exit, out, err) = run(Path::new("/"), &arguments);
    assert_eq!((exit, err.as_str()), (Some(code), ""), "{out}");
    let asked = super::body("salesman-1", "add", ("Tool", "group:production/documents"), &serde_json::json!({}));
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), super::explain(&sidecar, &asked).await);
    golden(&format!("{name}.json"), &out);
    sidecar.stop().await;
}

#[tokio::test]
async fn what_cannot_be_decided_is_exit_code_2() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let database = sidecar.database();
    for (question, said) in [
        (&["User::\"director\"", "fly", "Item::\"offer-2026\""][..], "fly"),
        (&["User::director", "view", "Item::\"offer-2026\""], "quote it"),
        (&["User::\"director\"", "view", "Item::\"offer-2026\"", "--context", "[]"], "--context"),
        (&["User::\"director\"", "view", "Item::\"offer-2026\"", "--policies", "/nowhere"], "/nowhere"),
    ] {
        let arguments = [&["explain", "--database", &database], question].concat();
        let (exit, out, err) = run(Path::new("/"), &arguments);
        assert_eq!((exit, out.as_str()), (Some(2), ""), "{question:?}");
        assert!(err.contains(said), "{question:?}: {err}");
    }
    sidecar.stop().await;
    let (exit, _, err) =
        run(Path::new("/"), &["explain", "--database", &database, "User::\"a\"", "view", "Item::\"b\""]);
    assert_eq!(exit, Some(2), "{err}");
}
