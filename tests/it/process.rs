//! The real binary, as an operator runs it: signals, locks, sockets, exit codes.

use conclave::domain::EntityUid;
use serde_json::{Value, json};
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_mins(1);

fn conclave(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conclave"));
    command.args(arguments).current_dir(folder).env("NO_COLOR", "1");
    command
}

/// Exit code, standard output and standard error of the binary.
pub fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = conclave(folder, arguments).stdin(Stdio::null()).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A server on Unix sockets in its own folder; killed if a test fails before it is stopped.
struct Served {
    folder: TempDir,
    child: Child,
}

impl Served {
    async fn start(extra: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let mut arguments = vec!["serve", "--listen", "unix:access.sock", "--admin-listen", "unix:admin.sock"];
        arguments.extend(extra);
        let mut command = conclave(folder.path(), &arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let served = Self { folder, child };
        let begun = Instant::now();
        while served.get("/readyz").await.is_none_or(|status| status != 200) {
            assert!(begun.elapsed() < PATIENCE, "the server does not become ready");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        served
    }

    fn client(&self) -> reqwest::Client {
        reqwest::Client::builder().unix_socket(self.folder.path().join("access.sock")).build().unwrap()
    }

    async fn get(&self, path: &str) -> Option<u16> {
        Some(self.client().get(format!("http://sidecar{path}")).send().await.ok()?.status().as_u16())
    }

    async fn decide(&self, body: Value) -> Value {
        let url = "http://sidecar/v1/is_authorized";
        self.client().post(url).json(&body).send().await.unwrap().json().await.unwrap()
    }

    fn signal(&self, name: &str) {
        let command = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
    }

    fn wait(&mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut text = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
                return (status.code(), text);
            }
            assert!(begun.elapsed() < PATIENCE, "the server does not stop");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn question(principal: &str) -> Value {
    json!({
        "principal": format!("User::\"{principal}\""), "action": "Action::\"view\"",
        "resource": "Tool::\"group:sales/documents\"",
    })
}

#[tokio::test]
async fn serves_a_unix_socket_and_stops_cleanly_on_sigterm() {
    let mut served = Served::start(&["--demo"]).await;
    assert_eq!(served.decide(question("salesman-1")).await["decision"], "Allow");
    assert_eq!(served.decide(question("workman-1")).await["decision"], "Deny");
    served.signal("TERM");
    let (code, log) = served.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(!served.folder.path().join("access.sock").exists(), "the socket file is left behind");
}

#[tokio::test]
async fn the_client_asks_over_the_socket() {
    let served = Served::start(&["--demo"]).await;
    let client = conclave::client::Client::unix(served.folder.path().join("access.sock")).unwrap();
    let documents = || EntityUid::new("Tool", "group:sales/documents");
    assert!(client.is_authorized(EntityUid::new("User", "salesman-1"), "view", documents()).allows().await);
    assert!(!client.is_authorized(EntityUid::new("User", "workman-1"), "view", documents()).allows().await);
    let nowhere = conclave::client::Client::unix(served.folder.path().join("no.sock")).unwrap();
    let ask = nowhere.is_authorized(EntityUid::new("User", "salesman-1"), "view", documents());
    assert!(!ask.deadline(Duration::from_millis(100)).allows().await);
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let mut served = Served::start(&["--demo"]).await;
    let revision = served.decide(question("salesman-1")).await["revision"].clone();
    served.signal("INT");
    assert_eq!(served.wait().0, Some(0));
    let folder = served.folder.path();
    let reference = "Tool::\"group:sales/documents\"";
    let (code, out, err) = run(folder, &["check", "User::\"salesman-1\"", "view", reference]);
    assert_eq!((code, out.lines().next()), (Some(0), Some("ALLOW")), "{out}{err}");
    assert!(out.contains("group-content-view") && out.contains("S2"), "{out}");
    let (code, out, _) = run(folder, &["check", "User::\"workman-1\"", "Action::\"view\"", reference]);
    assert_eq!((code, out.lines().next()), (Some(1), Some("DENY")), "{out}");
    let (code, _, err) = run(folder, &["check", "User::\"salesman-1\"", "fly", reference]);
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("fly"), "{err}");
    assert!(revision.as_u64().is_some_and(|revision| revision > 0));
}

#[tokio::test]
async fn a_second_server_on_the_same_database_is_told_why_it_cannot() {
    let served = Served::start(&[]).await;
    let database = served.folder.path().join("conclave.db");
    let elsewhere = TempDir::new().unwrap();
    let url = format!("sqlite://{}", database.display());
    let (code, _, err) = run(
        elsewhere.path(),
        &["serve", "--database", &url, "--listen", "unix:a.sock", "--admin-listen", "unix:b.sock"],
    );
    assert_eq!(code, Some(2), "{err}");
    assert!(err.contains("conclave.db") && err.contains("lock"), "{err}");
}

#[test]
fn a_broken_policy_stops_the_start_with_file_line_and_caret() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    let broken =
        "// Fine.\n@id(\"one\")\npermit (principal, action == Action::\"view\", resource)\nwhen { resource.nosuch };\n";
    std::fs::write(folder.path().join("mine/broken.cedar"), broken).unwrap();
    for arguments in [&["serve", "--policies", "mine"][..], &["validate", "--policies", "mine"][..]] {
        let (code, out, err) = run(folder.path(), arguments);
        let report = out + &err;
        assert_eq!(code, Some(if arguments[0] == "serve" { 2 } else { 1 }), "{report}");
        assert!(report.contains("broken.cedar") && report.contains("nosuch"), "{report}");
        assert!(report.contains(":4:") || report.contains("4 │"), "no line in {report}");
    }
    assert!(!folder.path().join("conclave.db").exists(), "nothing is made before everything is checked");
}

#[test]
fn the_built_in_policies_validate_and_the_command_line_explains_itself() {
    let folder = TempDir::new().unwrap();
    let (code, out, err) = run(folder.path(), &["validate"]);
    assert_eq!(code, Some(0), "{out}{err}");
    let (code, out, _) = run(folder.path(), &["validate", "--policies", "nosuch"]);
    assert_eq!(code, Some(2), "{out}");
    let (code, out, _) = run(folder.path(), &["--version"]);
    assert_eq!((code, out.trim()), (Some(0), concat!("conclave ", env!("CARGO_PKG_VERSION"))));
    let (code, out, _) = run(folder.path(), &["--help"]);
    assert_eq!(code, Some(0));
    for command in ["serve", "check", "validate"] {
        assert!(out.contains(command), "{out}");
    }
    let (code, _, err) = run(folder.path(), &["sevre"]);
    assert_eq!(code, Some(2));
    assert!(err.contains("serve"), "{err}");
}

#[tokio::test]
async fn health_is_what_readyz_says() {
    let mut served = Served::start(&[]).await;
    let folder = served.folder.path().to_owned();
    let (code, out, err) = run(&folder, &["health", "--listen", "unix:access.sock"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("ready"), "{out}");
    let (code, out, _) = run(&folder, &["health", "--live", "--listen", "unix:access.sock"]);
    assert_eq!((code, out.trim()), (Some(0), r#"{"status":"ok"}"#));
    let by_variable = conclave(&folder, &["health"]).env("CONCLAVE_LISTEN", "unix:access.sock").output().unwrap();
    assert_eq!(by_variable.status.code(), Some(0));
    served.signal("TERM");
    assert_eq!(served.wait().0, Some(0));
    let (code, out, err) = run(&folder, &["health", "--listen", "unix:access.sock"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("access.sock"), "{err}");
    assert_eq!(run(&folder, &["health", "--live", "--listen", "unix:access.sock"]).0, Some(1));
    assert_eq!(run(&folder, &["health", "--listen", "nowhere"]).0, Some(2));
    assert_eq!(run(&folder, &["health", "--nope"]).0, Some(2));
}

#[tokio::test]
async fn doctor_export_and_import_work_beside_each_other() {
    let mut served = Served::start(&["--demo"]).await;
    let folder = served.folder.path().to_owned();
    let (code, out, err) = run(&folder, &["doctor"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("A7") && out.contains("every invariant holds"), "{out}");
    let (code, out, _) = run(&folder, &["doctor", "--json"]);
    assert_eq!((code, serde_json::from_str::<Value>(&out).unwrap()["clean"].as_bool()), (Some(0), Some(true)));
    assert_eq!(run(&folder, &["export", "all.ndjson"]).0, Some(0));
    let (code, piped, _) = run(&folder, &["export", "-"]);
    assert_eq!((code, piped), (Some(0), std::fs::read_to_string(folder.join("all.ndjson")).unwrap()));

    // The server owns the database.
    let (code, _, err) = run(&folder, &["import", "all.ndjson"]);
    assert_eq!(code, Some(2), "{err}");
    served.signal("TERM");
    assert_eq!(served.wait().0, Some(0));

    for (database, atomic) in [("one.db", true), ("many.db", false)] {
        let mut arguments = vec!["import", "all.ndjson", "--database", database];
        arguments.extend(atomic.then_some("--atomic"));
        let (code, out, err) = run(&folder, &arguments);
        assert_eq!(code, Some(0), "{out}{err}");
        assert_eq!(run(&folder, &["export", "again.ndjson", "--database", database]).0, Some(0));
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(read("again.ndjson"), read("all.ndjson"));
        assert_eq!(run(&folder, &["doctor", "--database", database]).0, Some(0));
        let (code, out, _) = run(
            &folder,
            &["check", "--database", database, "User::\"salesman-1\"", "view", "Tool::\"group:sales/documents\""],
        );
        assert_eq!(code, Some(0), "{out}");
    }
    assert_eq!(run(&folder, &["import", "-"]).0, Some(2));
    assert_eq!(run(&folder, &["import", "nothing.ndjson", "--database", "none.db"]).0, Some(2));
    assert!(!folder.join("none.db").exists());
    std::fs::write(folder.join("bad.ndjson"), "{\"type\":\"user\",\"id\":\"a/b\"}\n").unwrap();
    let (code, _, err) = run(&folder, &["import", "bad.ndjson", "--atomic"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("line 1: `id`"), "{err}");
    assert_eq!(run(&folder, &["doctor", "--database", "nowhere.db"]).0, Some(2));
}
