//! Servers whose schema is another than the built-in one, and short words to ask them.

use crate::sidecar::{Reply, TestSidecar};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

/// Of the repository.
pub fn at(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The built-in schema and policies with those of the contracts beside them, as a deployer would lay them out.
static CONTRACTS: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = TempDir::new().unwrap();
    for (kind, own) in [("schema", "tests/data/contracts/schema"), ("policies", "tests/data/contracts/policies")] {
        let target = folder.path().join(kind);
        std::fs::create_dir(&target).unwrap();
        for from in [at(kind), at(own)] {
            for file in std::fs::read_dir(from).unwrap().map(|file| file.unwrap().path()).filter(|file| file.is_file())
            {
                std::fs::copy(&file, target.join(file.file_name().unwrap())).unwrap();
            }
        }
    }
    folder
});

/// Where the contracts' schema and policies are.
pub fn contracts_folders() -> (PathBuf, PathBuf) {
    (CONTRACTS.path().join("schema"), CONTRACTS.path().join("policies"))
}

/// A server for groups, with departments, clients and contracts added.
pub fn contracts() -> TestSidecar {
    let (schema, policies) = contracts_folders();
    TestSidecar::new().configured(|config| (config.schema, config.policies) = (Some(schema), Some(policies)))
}

/// A server that knows nothing of groups.
pub fn lists() -> TestSidecar {
    TestSidecar::new().configured(|config| {
        config.schema = Some(at("tests/data/lists/schema"));
        config.policies = Some(at("tests/data/lists/policies"));
    })
}

/// An entity as a host describes it: `entity("User::\"ann\"", json!({"rank": 1}), &["Team::\"a\""])`.
#[expect(clippy::needless_pass_by_value, reason = "reads better where it is made on the spot")]
pub fn entity(uid: &str, attrs: Value, parents: &[&str]) -> Value {
    json!({"uid": uid, "attrs": attrs, "parents": parents})
}

/// A reference inside of an attribute.
pub fn to(type_name: &str, id: &str) -> Value {
    json!({"type": type_name, "id": id})
}

pub async fn put(sidecar: &TestSidecar, entities: &[Value]) -> Reply {
    sidecar.put("/entities", json!({"entities": entities})).await
}

/// Whether Cedar says yes, and by which policies.
pub async fn decide(sidecar: &TestSidecar, question: &str, context: Value) -> (bool, Vec<String>) {
    let (principal, rest) = question.split_once(' ').unwrap();
    let (action, resource) = rest.split_once(' ').unwrap();
    let body = json!({"principal": principal, "action": format!("Action::\"{action}\""), "resource": resource,
                      "context": context});
    let reply = sidecar.access("/v1/is_authorized", body.to_string()).await;
    assert_eq!(reply.status, 200, "{question}: {}", reply.body);
    let reasons = reply.body["diagnostics"]["reason"].as_array().unwrap();
    let reasons = reasons.iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    (reply.body["decision"] == "Allow", reasons)
}

/// The same without circumstances: `may(&sidecar, "User::\"ann\" read List::\"l\"")`.
pub async fn may(sidecar: &TestSidecar, question: &str) -> bool {
    decide(sidecar, question, json!({})).await.0
}
