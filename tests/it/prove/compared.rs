//! `conclave diff`: what a change newly allows and denies, and which real decisions it changes.

use super::{edit, eval, policies};
use crate::process::run;
use crate::sidecar::TestSidecar;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

fn diff(old: &Path, new: &Path, more: &[&str]) -> (Option<i32>, Value) {
    let folders = ["diff", old.to_str().unwrap(), new.to_str().unwrap(), "--format", "json", "--examples", "examples"];
    let (code, out, err) = run(new, &[&folders, more].concat());
    assert!(!out.is_empty(), "{err}");
    (code, serde_json::from_str(&out).unwrap())
}

/// `User view Item more_permissive`, of what is not equivalent.
fn changes(report: &Value) -> Vec<String> {
    let rows = report["environments"].as_array().unwrap().iter();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let changed = rows.filter(|row| row["change"] != "equivalent");
    changed.map(|row| ["principal", "action", "resource", "change"].map(|name| text(row, name)).join(" ")).collect()
}

#[test]
fn the_same_policies_in_other_words_are_equivalent() {
    let (old, new) = (policies(), policies());
    edit(
        new.path(),
        "directory-members",
        "resource.published && resource.membersPublished",
        "resource.membersPublished && (resource.published || false)",
    );
    let (code, report) = diff(old.path(), new.path(), &[]);
    assert_eq!((code, changes(&report)), (Some(0), Vec::<String>::new()));
    assert!(report["environments"].as_array().unwrap().len() > 30);
    assert!(!new.path().join("examples").exists());
    let arguments = ["diff", old.path().to_str().unwrap(), ".", "--format", "markdown"];
    let (_, out, _) = run(new.path(), &arguments);
    assert!(out.contains("Nothing: in all "), "{out}");
}

#[test]
fn what_is_newly_allowed_and_newly_denied_is_shown_by_examples() {
    let (old, new) = (policies(), policies());
    edit(new.path(), "directory-view", "resource.published", "resource.open");
    edit(new.path(), "join-open", "resource.published && ", "");
    edit(new.path(), "member-leave", "principal in resource", "principal in resource && !resource.published");
    let (code, report) = diff(old.path(), new.path(), &[]);
    assert_eq!(code, Some(1));
    let expected = [
        "User Action::\"join\" Group more_permissive",
        "User Action::\"leave\" Group less_permissive",
        "User Action::\"view_group\" Group both",
    ];
    assert_eq!(changes(&report), expected);
    let mut shown = 0;
    for row in report["environments"].as_array().unwrap() {
        for (name, before, after) in [("newly_allowed", "Deny", "Allow"), ("newly_denied", "Allow", "Deny")] {
            let Some(example) = row.get(name) else { continue };
            let decided = |policies: &Path| eval(new.path(), policies, &example["files"])["decision"].clone();
            assert_eq!((decided(old.path()), decided(new.path())), (before.into(), after.into()), "{example:#}");
            shown += 1;
        }
    }
    assert_eq!(shown, 4);
    let back = diff(new.path(), old.path(), &[]).1;
    assert!(changes(&back).contains(&"User Action::\"leave\" Group more_permissive".to_owned()));
    let arguments = ["diff", old.path().to_str().unwrap(), ".", "--format", "markdown"];
    let (_, out, _) = run(new.path(), &arguments);
    assert!(out.contains("| User | leave | Group | less permissive |"), "{out}");
    let (_, out, _) = run(new.path(), &arguments[..3]);
    assert!(out.contains("  newly allowed: User::") && out.contains("conclave eval --policies "), "{out}");
    assert!(out.contains("1 both more and less permissive"), "{out}");
}

#[test]
fn what_the_server_refuses_before_policies_are_asked_is_no_difference() {
    let (old, new) = (policies(), policies());
    edit(new.path(), "capacity", "context.size >", "context.size >= 0 && context.size >");
    let (code, report) = diff(old.path(), new.path(), &[]);
    assert_eq!((code, changes(&report)), (Some(0), Vec::<String>::new()), "no size is negative: {report:#}");
    edit(new.path(), "capacity", "context.size >= 0", "context.size >= 1");
    let (code, report) = diff(old.path(), new.path(), &[]);
    let allowed = |size: &Value| size["newly_allowed"]["request"]["context"]["size"] == 0;
    assert!(code == Some(1) && report["environments"].as_array().unwrap().iter().any(allowed), "{report:#}");
}

#[test]
fn a_change_that_only_denies_is_no_failure() {
    let (old, new) = (policies(), policies());
    edit(new.path(), "member-leave", "principal in resource", "principal in resource && resource.published");
    let (code, report) = diff(old.path(), new.path(), &[]);
    assert_eq!((code, changes(&report)), (Some(0), vec!["User Action::\"leave\" Group less_permissive".to_owned()]));
}

#[test]
fn where_the_schemas_differ_each_question_is_compared_under_one_that_has_it() {
    let folder = TempDir::new().unwrap();
    let schema = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/groups.cedarschema")).unwrap();
    let without = schema.replace("view_group, list_members,", "view_group,");
    let with =
        schema.replace("hand_over,", "hand_over, archive,").replace("open: Bool,", "open: Bool, archived?: Bool,");
    fs::write(folder.path().join("old.cedarschema"), &schema).unwrap();
    fs::write(folder.path().join("new.cedarschema"), with.replace("view_group, list_members,", "view_group,")).unwrap();
    assert_ne!(without, schema);
    let (old, new) = (policies(), policies());
    edit(
        new.path(),
        "group-self-view",
        "[Action::\"view_group\", Action::\"list_members\"]",
        "[Action::\"view_group\"]",
    );
    edit(new.path(), "directory-members", "Action::\"list_members\"", "Action::\"archive\"");
    edit(new.path(), "join-open", "resource.published", "!(resource has archived) && resource.published");
    let (old_schema, new_schema) = (folder.path().join("old.cedarschema"), folder.path().join("new.cedarschema"));
    let schemas = ["--old-schema", old_schema.to_str().unwrap(), "--schema", new_schema.to_str().unwrap()];
    let (code, report) = diff(old.path(), new.path(), &schemas);
    assert_eq!(code, Some(1));
    let expected = [
        "User Action::\"archive\" Group more_permissive",
        "User Action::\"join\" Group less_permissive",
        "User Action::\"list_members\" Group less_permissive",
    ];
    assert_eq!(changes(&report), expected, "{report:#}");
    let known = |action: &str| {
        let mut rows = report["environments"].as_array().unwrap().iter();
        rows.find(|row| row["action"] == format!("Action::\"{action}\"")).unwrap()["known_to"].clone()
    };
    assert_eq!([known("archive"), known("join"), known("list_members")], [json!("new"), json!("both"), json!("old")]);
}

fn line(user: &str, action: &str, resource: &str, decision: &str) -> String {
    let line = json!({
        "decision_id": format!("{user}-{action}"), "timestamp": "2026-01-01T00:00:00Z", "principal": format!("User::\"{user}\""),
        "action": format!("Action::\"{action}\""), "resource": resource, "context": {}, "decision": decision,
        "determining_policies": [], "errors": [], "revision": 1, "policy_digest": "", "latency_us": 3, "cache": "miss",
    });
    format!("{line}\n")
}

fn log() -> String {
    [
        line("salesman-1", "leave", "Group::\"sales\"", "Allow"),
        line("salesman-1", "view_group", "Group::\"sales\"", "Allow"),
        line("workman-1", "view_group", "Group::\"sales\"", "Deny"),
        // Answered otherwise today: a workman is in production.
        line("workman-1", "view_group", "Group::\"production\"", "Deny"),
        "{\"principal\": \"User::\\\"a\\\"\"}\n".to_owned(),
        line("workman-1", "fly", "Group::\"sales\"", "Deny"),
        line("workman-1", "view_group", "Group::\"sales\"", "Deny").replacen('{', "{\"lent\":true,", 1),
    ]
    .concat()
}

fn assert_replayed(code: Option<i32>, report: &Value) {
    assert_eq!(code, Some(1));
    let replay = &report["replay"];
    let numbers = ["decisions", "newly_allowed", "newly_denied", "otherwise_logged", "unusable"];
    assert_eq!(numbers.map(|name| replay[name].as_u64().unwrap()), [4, 1, 1, 1, 3], "{replay:#}");
    let lines: Vec<_> = replay["changed"].as_array().unwrap().iter().map(|one| one["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 3]);
    assert_eq!(replay["changed"][1]["decision_id"], "workman-1-view_group");
    assert_eq!(replay["changed"][1]["new"], json!({"decision": "Allow", "reason": ["directory-view"]}));
    assert_eq!(replay["unusable_lines"][0]["line"], 5);
    assert!(replay["unusable_lines"][1]["why"].as_str().unwrap().contains("fly"), "{replay:#}");
    assert!(replay["unusable_lines"][2]["why"].as_str().unwrap().contains("lent"), "{replay:#}");
}

fn changed_policies() -> (TempDir, TempDir) {
    let (old, new) = (policies(), policies());
    edit(new.path(), "directory-view", "resource.published", "principal != resource.administrator");
    edit(new.path(), "member-leave", "principal in resource", "principal in resource && resource.published");
    (old, new)
}

#[tokio::test]
async fn a_log_is_replayed_over_a_database() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let (old, new) = changed_policies();
    fs::write(new.path().join("log.jsonl"), log()).unwrap();
    let database = sidecar.database();
    let (code, report) = diff(old.path(), new.path(), &["--replay", "log.jsonl", "--database", &database]);
    assert_replayed(code, &report);
    let arguments = ["diff", old.path().to_str().unwrap(), ".", "--replay", "log.jsonl", "--database", &database];
    let (code, out, err) = run(new.path(), &arguments);
    assert_eq!(code, Some(1), "{err}");
    assert!(out.contains("4 logged decisions made again: 2 change, 1 newly allowed, 1 newly denied"), "{out}");
    assert!(out.contains("line 3 workman-1-view_group: Deny → Allow: User::\"workman-1\""), "{out}");
}

#[test]
fn a_log_is_replayed_over_a_file_of_entities() {
    let (old, new) = changed_policies();
    fs::write(new.path().join("log.jsonl"), log()).unwrap();
    let group = |id: &str| {
        json!({"uid": {"type": "Group", "id": id}, "parents": [], "attrs": {
            "administrator": {"type": "User", "id": "director"}, "coAdministrators": {"type": "Role", "id": "r"},
            "published": false, "open": false, "membersPublished": false,
        }})
    };
    let user = |id: &str, group: &str| {
        json!({"uid": {"type": "User", "id": id}, "parents": [{"type": "Group", "id": group}],
               "attrs": {"groups": [{"type": "Group", "id": group}]}})
    };
    let entities =
        json!([group("sales"), group("production"), user("salesman-1", "sales"), user("workman-1", "production")]);
    fs::write(new.path().join("entities.json"), entities.to_string()).unwrap();
    let (code, report) = diff(old.path(), new.path(), &["--replay", "log.jsonl", "--entities", "entities.json"]);
    assert_replayed(code, &report);
}
