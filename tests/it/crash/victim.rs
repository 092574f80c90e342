//! The binary as a process of its own, on sockets in its folder.

use super::disk::{library, orders};
use conclave::config::ToolKinds;
use conclave::doctor::examine;
use conclave::store::{Access, Store};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(1);

/// The server is no more, or was not when asked.
#[derive(Debug)]
pub struct Gone;

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub revision: u64,
    pub replayed: bool,
    pub text: String,
}

/// What is left of a file when the power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// It does not go.
    Stays,
    /// What was synced.
    Cut,
    /// What was there at the start: the disk said it had synced, and had not.
    CutFromALiar,
}

pub struct Victim {
    folder: PathBuf,
    child: Child,
    access: Client,
    admin: Client,
}

impl Victim {
    /// Starts the server on `conclave.db` in this folder; `Gone` if it ends before it is ready.
    pub async fn start(folder: &Path, power: Power) -> Result<Self, Gone> {
        Self::start_on(folder, &folder.join("conclave.db"), power).await
    }

    /// The same on a database that lies elsewhere.
    pub async fn start_on(folder: &Path, database: &Path, power: Power) -> Result<Self, Gone> {
        for socket in ["access.sock", "admin.sock"] {
            std::fs::remove_file(folder.join(socket)).ok();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_conclave"));
        command.args(["serve", "--listen", "unix:access.sock", "--admin-listen", "unix:admin.sock", "--database"]);
        command.arg(database).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log(folder));
        command.env("NO_COLOR", "1").env("LD_PRELOAD", library()).env("DISK_ORDERS", orders(folder));
        match power {
            Power::Stays => {}
            Power::Cut => drop(command.env("DISK_SYNCED", "1")),
            Power::CutFromALiar => drop(command.env("DISK_SYNCED", "0")),
        }
        let client = |socket| Client::builder().unix_socket(folder.join(socket)).timeout(PATIENCE).build().unwrap();
        let (access, admin) = (client("access.sock"), client("admin.sock"));
        let mut victim = Self { folder: folder.to_owned(), child: command.spawn().unwrap(), access, admin };
        victim.ready().await?;
        Ok(victim)
    }

    async fn ready(&mut self) -> Result<(), Gone> {
        let begun = Instant::now();
        loop {
            match self.access.get("http://sidecar/readyz").send().await {
                Ok(reply) if reply.status() == 200 => return Ok(()),
                _ if self.child.try_wait().unwrap().is_some() => return Err(Gone),
                _ => {}
            }
            assert!(begun.elapsed() < PATIENCE, "the server does not become ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What the server has said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// A call of the host's own; a body of null is none.
    pub async fn call(&self, line: &str, key: Option<&str>, body: &Value) -> Result<Reply, Gone> {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request =
            self.admin.request(method.parse::<Method>().unwrap(), format!("http://sidecar/admin/v1{path}"));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if !body.is_null() {
            request = request.json(body);
        }
        let reply = request.send().await.map_err(|_| Gone)?;
        let header = |name| reply.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let revision = header("conclave-revision").map_or(0, |revision| revision.parse().unwrap());
        let (status, replayed) = (reply.status().as_u16(), header("idempotency-replayed").is_some());
        // Half an answer is none.
        let text = reply.text().await.map_err(|_| Gone)?;
        Ok(Reply { status, revision, replayed, text })
    }

    /// Whether this user may do this: `None` if there is no decision now.
    pub async fn allows(&self, user: &str, action: &str, resource: &str) -> Result<Option<bool>, Gone> {
        let body = json!({"principal": format!("User::\"{user}\""), "action": format!("Action::\"{action}\""), "resource": resource});
        let reply = self.access.post("http://sidecar/v1/is_authorized").json(&body).send().await.map_err(|_| Gone)?;
        let status = reply.status().as_u16();
        let answer: Value = reply.json().await.map_err(|_| Gone)?;
        assert!(status == 200 || status == 503, "{status} {answer}");
        Ok((status == 200).then(|| answer["decision"] == "Allow"))
    }

    /// Sends a signal, by its name.
    pub fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    /// How much memory it has, in bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Whether the process is still there.
    pub fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// How it ended; waits for that.
    pub async fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the server does not end: {}", self.log());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// What `conclave doctor` says of the database, a line for each thing broken.
    pub async fn doctor(database: &Path) -> Result<Vec<String>, String> {
        let store =
            Store::open(database.to_str().unwrap(), Access::ReadOnly).await.map_err(|error| error.to_string())?;
        let report = examine(&store, &ToolKinds::default(), 0).await.map_err(|error| error.to_string())?;
        store.close().await;
        Ok(report.broken().map(ToString::to_string).collect())
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn log(folder: &Path) -> File {
    OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap()
}
