//! What is sound takes the place of what was in force, however it comes into the folders.

use super::stage::{Stage, copy};
use serde_json::json;
use std::os::unix::fs::symlink;
use tempfile::TempDir;

const NOBODY_VIEWS: &str = "forbid (principal, action == Action::\"view\", resource);";

#[tokio::test]
async fn a_saved_policy_decides_and_its_removal_ends_that() {
    let stage = Stage::new().await;
    let (built_in, before) = (stage.secretary_views().await, stage.policies().await);
    assert_eq!(built_in.0, "Allow");
    stage.write_own(NOBODY_VIEWS);
    let now = stage.until_replaced(before["generation"].as_u64().unwrap()).await;
    assert_eq!(stage.secretary_views().await, ("Deny".to_owned(), vec!["own".to_owned()]));
    assert_ne!(now["digest"], before["digest"]);
    let file = stage.path("policies/own.cedar").display().to_string();
    assert_eq!(now["files"][&file], json!(["own"]));
    assert_eq!(stage.metric("conclave_policies_reloads_total{result=\"loaded\"}").await, 1);
    std::fs::remove_file(stage.path("policies/own.cedar")).unwrap();
    let again = stage.until_replaced(now["generation"].as_u64().unwrap()).await;
    assert_eq!((stage.secretary_views().await, &again["digest"]), (built_in, &before["digest"]));
    stage.sidecar.stop().await;
}

#[tokio::test]
async fn a_reload_that_is_asked_for_is_done_when_it_is_answered() {
    let stage = Stage::new().await;
    let before = stage.policies().await;
    let unchanged = stage.reload().await.ok().body;
    assert_eq!((&unchanged["generation"], &unchanged["last_failure"]), (&before["generation"], &json!(null)));
    stage.write_own(NOBODY_VIEWS);
    let after = stage.reload().await.ok().body;
    assert_ne!(after["digest"], before["digest"]);
    assert_eq!(stage.secretary_views().await.0, "Deny");
    stage.sidecar.stop().await;
}

/// As volumes are laid out that a cluster fills: every file leads through `..data`, which is exchanged at once.
fn lay_out(folder: &TempDir) {
    for kind in ["policies", "schema"] {
        let place = folder.path().join(kind);
        copy(kind, &place.join("..1"));
        symlink("..1", place.join("..data")).unwrap();
        for file in std::fs::read_dir(place.join("..1")).unwrap().map(|file| file.unwrap().file_name()) {
            symlink(std::path::Path::new("..data").join(&file), place.join(file)).unwrap();
        }
    }
}

#[tokio::test]
async fn an_exchanged_link_brings_all_files_at_once() {
    let folder = TempDir::new().unwrap();
    lay_out(&folder);
    let stage = Stage::on(folder, "policies", "schema").await;
    let before = stage.generation().await;
    let place = stage.path("policies");
    copy("policies", &place.join("..2"));
    let content = stage.read("policies/..2/content.cedar");
    stage.write("policies/..2/content.cedar", format!("{content}\n@id(\"own\")\n{NOBODY_VIEWS}\n"));
    symlink("..2", place.join("..data_tmp")).unwrap();
    std::fs::rename(place.join("..data_tmp"), place.join("..data")).unwrap();
    std::fs::remove_dir_all(place.join("..1")).unwrap();
    stage.until_replaced(before).await;
    assert_eq!(stage.secretary_views().await.1, ["own"]);
    stage.sidecar.stop().await;
}

#[tokio::test]
async fn the_folder_itself_may_be_a_link_and_policies_may_come_with_their_schema() {
    let folder = TempDir::new().unwrap();
    for kind in ["policies", "schema"] {
        copy(kind, &folder.path().join("1").join(kind));
        copy(kind, &folder.path().join("2").join(kind));
    }
    symlink("1", folder.path().join("current")).unwrap();
    let stage = Stage::on(folder, "current/policies", "current/schema").await;
    let before = stage.generation().await;
    stage.write("2/schema/own.cedarschema", "entity User { suspended?: Bool };");
    let suspended =
        "forbid (principal is User, action, resource) when { principal has suspended && principal.suspended };";
    stage.write("2/policies/own.cedar", format!("@id(\"own\")\n{suspended}\n"));
    symlink("2", stage.path("next")).unwrap();
    std::fs::rename(stage.path("next"), stage.path("current")).unwrap();
    stage.until_replaced(before).await;
    let entity = json!({"uid": "User::\"secretary\"", "attrs": {"suspended": true}});
    stage.sidecar.put("/entities", json!({"entities": [entity]})).await.ok();
    assert_eq!(stage.secretary_views().await.1, ["own"]);

    // Back to a schema that does not have what is stored by now.
    let with_own = stage.generation().await;
    symlink("1", stage.path("next")).unwrap();
    std::fs::rename(stage.path("next"), stage.path("current")).unwrap();
    let report = stage.until_stale().await;
    assert_eq!((&report["generation"], stage.secretary_views().await.1), (&json!(with_own), vec!["own".to_owned()]));
    let reason = report["last_failure"]["reason"].as_str().unwrap();
    assert!(reason.contains("User::\"secretary\"") && reason.contains("suspended"), "{reason}");
    assert_eq!(stage.readiness().await.1["stale_policies"]["reason"], "what is stored does not fit the schema");
    stage.sidecar.delete("/entities/User/secretary").await.ok();
    stage.reload().await.ok();
    assert_eq!(
        (stage.secretary_views().await.0.as_str(), stage.policies().await["stale"].as_bool()),
        ("Allow", Some(false))
    );
    stage.sidecar.stop().await;
}

#[tokio::test]
async fn the_pages_of_a_search_are_all_of_one_set() {
    let stage = Stage::new().await;
    let ask = |token: String| {
        let page = if token.is_empty() { json!({"limit": 1}) } else { json!({"limit": 1, "token": token}) };
        let subject = json!({"type": "User", "id": "secretary"});
        let body = json!({"subject": subject, "action": {"name": "view"}, "resource": {"type": "Tool"}, "page": page});
        stage.sidecar.access("/access/v1/search/resource", body.to_string())
    };
    let first = ask(String::new()).await.ok().body;
    let token = first["page"]["next_token"].as_str().unwrap().to_owned();
    assert_eq!(ask(token.clone()).await.status, 200);
    stage.write_own(NOBODY_VIEWS);
    stage.reload().await.ok();
    let gone = ask(token.clone()).await;
    assert_eq!((gone.status, gone.body["detail"].as_str().unwrap().contains("policies")), (409, true));
    std::fs::remove_file(stage.path("policies/own.cedar")).unwrap();
    stage.reload().await.ok();
    assert_eq!(ask(token).await.status, 200, "the same set decides again");
    stage.sidecar.stop().await;
}

#[tokio::test]
async fn a_question_that_tells_more_is_read_by_the_schema_that_decides_it() {
    let stage = Stage::new().await;
    let body = json!({
        "subject": {"type": "User", "id": "secretary", "properties": {"suspended": true}},
        "action": {"name": "view"}, "resource": {"type": "Tool", "id": "group:sales/documents"},
        "context": {"from_outside": true},
    });
    let ask = || stage.sidecar.access("/access/v1/evaluation", body.to_string());
    assert_eq!(ask().await.ok().body["decision"], true);
    let schema = stage.read("schema/groups.cedarschema");
    let content = "principal: User, resource: [Tool, Folder, Item], context: {}";
    let told = content.replace("{}", "{ from_outside?: Bool }");
    stage.write("schema/groups.cedarschema", schema.replacen(content, &told, 1));
    stage.write_own("forbid (principal, action == Action::\"view\", resource) when { context has from_outside && context.from_outside };");
    stage.reload().await.ok();
    assert_eq!(ask().await.ok().body["decision"], false);
    stage.sidecar.stop().await;
}
