//! From a file to a server and back: the same content, the same decisions. And what becomes of sidecars over a schema
//! that another version of them has changed.

use super::stop;
use crate::matrix;
use crate::process;
use crate::sidecar::{Served, TestSidecar, run};
use conclave::store::{Access, Store};
use reqwest::Method;
use serde_json::json;
use std::path::Path;
use tempfile::TempDir;

/// Runs the program, which must succeed; what it says.
fn conclave(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, said) = process::run(folder, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {out} {said}");
    out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_moves_to_a_server_and_back_decides_the_same() {
    let Some(served) = Served::new().await else {
        eprintln!("skipped: moving is only tried with a server (CONCLAVE_TEST_DATABASE)");
        return;
    };
    let folder = TempDir::new().unwrap();
    let on_file = TestSidecar::new().in_file().start().await;
    matrix::build(&on_file).await;
    matrix::check(&on_file).await;
    let database = on_file.into_database().await;
    std::fs::write(folder.path().join("before.db"), database).unwrap();

    let lines = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    conclave(folder.path(), &["export", "before.jsonl", "--database", "before.db"]);
    // A server makes the tables when it is first opened.
    Store::open(&served.url, Access::Own).await.unwrap().close().await;
    conclave(folder.path(), &["import", "before.jsonl", "--database", &served.url]);
    conclave(folder.path(), &["doctor", "--database", &served.url]);
    let on_server = TestSidecar::new().at(served.url.clone()).start().await;
    matrix::check(&on_server).await;
    on_server.stop().await;

    conclave(folder.path(), &["export", "there.jsonl", "--database", &served.url]);
    conclave(folder.path(), &["import", "there.jsonl", "--database", "after.db"]);
    conclave(folder.path(), &["doctor", "--database", "after.db"]);
    conclave(folder.path(), &["export", "after.jsonl", "--database", "after.db"]);
    assert_eq!((lines("there.jsonl"), lines("after.jsonl")), (lines("before.jsonl"), lines("before.jsonl")));
    let back = std::fs::read(folder.path().join("after.db")).unwrap();
    let back = TestSidecar::new().on(&back).start().await;
    matrix::check(&back).await;
    back.stop().await;
}

/// What a later version might add: nothing that is there becomes anything else.
const EXPAND: &str = "
    ALTER TABLE groups ADD COLUMN colour TEXT;
    CREATE TABLE later (id BIGINT PRIMARY KEY);
    INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
    VALUES (99, 'later', true, '\\x00', 0)";

/// What it might take away once no older one is left; and that undone.
const CONTRACT: &str = "ALTER TABLE members RENAME TO memberships";
const UNDO: &str = "ALTER TABLE memberships RENAME TO members";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sidecars_of_two_versions_work_side_by_side_and_never_decide_wrongly() {
    let Some(sidecars) = super::three().await else { return };
    super::people(&sidecars[0], json!({}), &super::names(3)).await;
    let body = json!({"id": "g", "name": "g", "published": true, "open": true});
    sidecars[0].call_as("u0", Method::POST, "/groups", body).await.ok();
    let tool = ("Tool", "group:g/documents".to_owned());
    run(&sidecars[0].database(), EXPAND.to_owned()).await;
    // Those that run go on, over connections that they have and over new ones.
    let joined = sidecars[1].call_as("u1", Method::POST, "/groups/g/join", json!({})).await.ok().revision;
    for sidecar in &sidecars {
        assert_eq!(sidecar.ask_since(joined, "u1", "view", &tool, &json!({})).await.decision, "Allow");
        assert_eq!(sidecar.get_access("/readyz").await.status, 200);
    }
    // One that starts does not know what it would be answering from.
    for access in [Access::Own, Access::ReadOnly] {
        let refused = Store::open(&sidecars[0].database(), access).await.unwrap_err().to_string();
        assert!(refused.contains("newer conclave") && refused.contains("schema version 99"), "{refused}");
        assert!(refused.contains("upgrade"), "{refused}");
    }
    // What is taken away while an older one still runs is no answer, and never a wrong one.
    run(&sidecars[0].database(), CONTRACT.to_owned()).await;
    let question = |user: &str| {
        json!({"principal": format!("User::\"{user}\""), "action": "Action::\"view\"",
            "resource": "Tool::\"group:g/documents\"", "context": {}})
        .to_string()
    };
    assert_eq!(sidecars[0].access("/v1/is_authorized", question("u2")).await.status, 503);
    let refused = sidecars[2].call_as("u2", Method::POST, "/groups/g/join", json!({})).await;
    assert!(refused.status >= 500, "{} {}", refused.status, refused.body);
    run(&sidecars[0].database(), UNDO.to_owned()).await;
    assert_eq!(sidecars[0].ask("u2", "view", &tool, &json!({})).await.decision, "Deny");
    sidecars[2].call_as("u2", Method::POST, "/groups/g/join", json!({})).await.ok();
    run(&sidecars[0].database(), "DELETE FROM _sqlx_migrations WHERE version = 99".to_owned()).await;
    stop(sidecars).await;
}
