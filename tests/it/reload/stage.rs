//! A server with folders of its own for policies and schema, and ways to change them.

use crate::sidecar::{Reply, TestSidecar};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long something may take that happens by itself.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server, and the folders it follows.
pub struct Stage {
    pub sidecar: TestSidecar,
    folder: TempDir,
}

/// Copies the files of a folder of the repository.
pub fn copy(from: &str, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
    for file in std::fs::read_dir(from).unwrap().map(|file| file.unwrap().path()).filter(|file| file.is_file()) {
        std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

impl Stage {
    /// With copies of what is built in, and the worked example.
    pub async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        copy("policies", &folder.path().join("policies"));
        copy("schema", &folder.path().join("schema"));
        Self::on(folder, "policies", "schema").await
    }

    /// With whatever is in these folders.
    pub async fn on(folder: TempDir, policies: &str, schema: &str) -> Self {
        let [policies, schema] = [policies, schema].map(|name| Some(folder.path().join(name)));
        let sidecar = TestSidecar::new().with_demo();
        let sidecar = sidecar.configured(|config| (config.policies, config.schema) = (policies, schema));
        Self { sidecar: sidecar.start().await, folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a file as most programs do: cut off, then written.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// Writes a policy of its own, `@id("own")`.
    pub fn write_own(&self, rest: &str) {
        self.write("policies/own.cedar", format!("// A rule of this deployment.\n@id(\"own\")\n{rest}\n"));
    }

    pub async fn policies(&self) -> Value {
        self.sidecar.get("/policies").await.ok().body
    }

    pub async fn generation(&self) -> u64 {
        self.policies().await["generation"].as_u64().unwrap()
    }

    pub async fn reload(&self) -> Reply {
        self.sidecar.post("/policies/reload", Value::Null).await
    }

    pub async fn readiness(&self) -> (u16, Value) {
        let reply = self.sidecar.get_access("/readyz").await;
        (reply.status, reply.body)
    }

    /// One of the whole numbers in `/metrics`.
    pub async fn metric(&self, name: &str) -> u64 {
        let token = format!("Bearer {}", self.sidecar.token());
        let reply = self.sidecar.get_admin_as("/metrics", Some(&token)).await;
        assert_eq!(reply.status, 200);
        let text = reply.body.as_str().unwrap().to_owned();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
        line.parse().unwrap()
    }

    /// Whether the secretary may see the documents of sales, and why.
    pub async fn secretary_views(&self) -> (String, Vec<String>) {
        let documents = ("Tool", "group:sales/documents".to_owned());
        let answer = self.sidecar.ask("secretary", "view", &documents, &json!({})).await;
        (answer.decision, answer.reasons)
    }

    /// Waits until the policies are as they should be, and answers with them.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let policies = self.policies().await;
            if is_so(&policies) {
                return policies;
            }
            assert!(begun.elapsed() < PATIENCE, "not {what}: {policies}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until another set is in force than that of this generation.
    pub async fn until_replaced(&self, generation: u64) -> Value {
        self.until("replaced", |policies| policies["generation"] != generation && policies["stale"] == false).await
    }

    pub async fn until_stale(&self) -> Value {
        self.until("stale", |policies| policies["stale"] == true).await
    }
}
