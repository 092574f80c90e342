//! A sidecar as a process of its own, which can be killed and halted, on sockets in its folder.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(1);

/// How long an answer is waited for: a process that is halted does not say so.
const ANSWER_WAIT: Duration = Duration::from_secs(3);

pub struct Member {
    folder: TempDir,
    database: String,
    /// `CONCLAVE_*` variables.
    settings: Vec<(&'static str, String)>,
    access: Client,
    admin: Client,
    child: Mutex<Child>,
}

/// A decision, and the revision that it names.
#[derive(Debug, Clone, Copy)]
pub struct Decided {
    pub is_allowed: bool,
    pub revision: u64,
}

impl Member {
    /// Starts one on this database, until it is ready.
    pub async fn start(database: &str, settings: &[(&'static str, String)]) -> Self {
        let folder = TempDir::new().unwrap();
        let client = |socket| Client::builder().unix_socket(folder.path().join(socket)).timeout(ANSWER_WAIT).build();
        let (access, admin) = (client("access.sock").unwrap(), client("admin.sock").unwrap());
        let (database, settings) = (database.to_owned(), settings.to_vec());
        let child = Mutex::new(spawn(&folder, &database, &settings));
        let member = Self { folder, database, settings, access, admin, child };
        member.ready().await;
        member
    }

    /// Kills it, and starts it again.
    pub async fn kill_and_start(&self) {
        {
            let mut child = self.child.lock().unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
            *child = spawn(&self.folder, &self.database, &self.settings);
        }
        self.ready().await;
    }

    async fn ready(&self) {
        let begun = Instant::now();
        loop {
            if self.status("/readyz").await == Some(200) {
                return;
            }
            self.start_if_ended();
            assert!(begun.elapsed() < PATIENCE, "the sidecar does not become ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What it needs may not have been there when it was started.
    fn start_if_ended(&self) {
        let mut child = self.child.lock().unwrap();
        if child.try_wait().unwrap().is_some() {
            *child = spawn(&self.folder, &self.database, &self.settings);
        }
    }

    /// What a path of the access listener answers with; `None` if nothing comes back.
    pub async fn status(&self, path: &str) -> Option<u16> {
        Some(self.access.get(format!("http://sidecar{path}")).send().await.ok()?.status().as_u16())
    }

    /// Sends it a signal, by its name.
    pub fn signal(&self, name: &str) {
        let id = self.child.lock().unwrap().id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// Whether a user may do this: `None` if there is no decision, or nothing came back.
    pub async fn decide(&self, user: &str, action: &str, resource: &str, revision_min: u64) -> Option<Decided> {
        let body = json!({"principal": format!("User::\"{user}\""), "action": format!("Action::\"{action}\""), "resource": resource});
        let mut request = self.access.post("http://sidecar/v1/is_authorized").json(&body);
        if revision_min > 0 {
            request = request.header("conclave-min-revision", revision_min);
        }
        let (status, _, answer) = self.answer(request).await?;
        match status {
            200 => Some(Decided {
                is_allowed: answer["decision"] == "Allow",
                revision: answer["revision"].as_u64().unwrap(),
            }),
            503 => None,
            _ => unexpected(status, &answer),
        }
    }

    /// A call on behalf of a user, or the host's own: status and revision; `None` if nothing came back.
    pub async fn call(&self, actor: Option<&str>, line: &str, key: Option<&str>, body: &Value) -> Option<(u16, u64)> {
        let (method, path) = line.split_once(' ').unwrap();
        let url = format!("http://sidecar/admin/v1{path}");
        let request = self.admin.request(method.parse::<Method>().unwrap(), url).json(body);
        let headers = [("conclave-actor", actor), ("idempotency-key", key)];
        let request = headers.into_iter().fold(request, |request, (name, value)| match value {
            Some(value) => request.header(name, value),
            None => request,
        });
        let (status, revision, answer) = self.answer(request).await?;
        if (300..500).contains(&status) && status != 409 {
            unexpected::<()>(status, &answer);
        }
        Some((status, revision))
    }

    async fn answer(&self, request: RequestBuilder) -> Option<(u16, u64, Value)> {
        let reply = request.send().await.ok()?;
        let revision =
            reply.headers().get("conclave-revision").map_or(0, |text| text.to_str().unwrap().parse().unwrap());
        let status = reply.status().as_u16();
        assert!(status != 503 || reply.headers().contains_key("retry-after"), "when to come again is said");
        // Half an answer is none.
        let text = reply.text().await.ok()?;
        Some((status, revision, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// What it has said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

fn unexpected<T>(status: u16, answer: &Value) -> T {
    panic!("neither answered nor refused for now: {status} {answer}")
}

fn spawn(folder: &TempDir, database: &str, settings: &[(&'static str, String)]) -> Child {
    for socket in ["access.sock", "admin.sock"] {
        std::fs::remove_file(folder.path().join(socket)).ok();
    }
    let log = OpenOptions::new().create(true).append(true).open(folder.path().join("log")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_conclave"));
    command.args([
        "serve",
        "--listen",
        "unix:access.sock",
        "--admin-listen",
        "unix:admin.sock",
        "--database",
        database,
    ]);
    command.envs(settings.iter().map(|(name, value)| (name, value))).env("NO_COLOR", "1");
    command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        child.kill().ok();
        child.wait().ok();
    }
}
