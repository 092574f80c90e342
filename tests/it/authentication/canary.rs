//! No secret is ever shown: the program runs with one that is easy to recognize in every place that takes a secret,
//! everything is done that fails, and all that it says is searched.

use super::certificates::{Authority, Term};
use super::{PATIENCE, exchange, request, write_tokens};
use crate::traces::Collector;
use conclave::http::auth::Scope;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use tempfile::TempDir;
use tokio::net::{TcpStream, UnixStream};

const ADMIN: &str = "canary-admin-c0ffee00";
const READER: &str = "canary-reader-c0ffee00";
const ASKER: &str = "canary-asker-c0ffee00";
const MAIL: &str = "canary-mail-c0ffee00";
const SENT: &str = "canary-sent-c0ffee00";
const FILED: &str = "canary-filed-c0ffee00";

/// What all of them have in common, however written.
fn is_shown(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let at = lower.find("c0ffee00").or_else(|| lower.find("private key-----"));
    at.map(|at| lower[at.saturating_sub(60)..(at + 20).min(lower.len())].to_owned())
}

struct Program {
    child: Child,
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conclave"));
    command
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("CONCLAVE_SMTP_URL", format!("smtps://u:{MAIL}@127.0.0.1:9"));
    command
}

fn write_settings(folder: &Path, port: u16, collector: &Collector) {
    let text = format!(
        "listen = \"127.0.0.1:{port}\"\nadmin_listen = \"unix:admin.sock\"\nadmin_uids = [4294967294]\n\
         otlp_endpoint = \"{}\"\ntrace_ratio = 1\n\
         admin_token_file = \"token\"\ntokens_file = \"tokens.toml\"\naccess_tokens = true\nmail_from = \"a@example.org\"\n\
         demo = true\n[tls]\ncertificate_file = \"certificate.pem\"\nkey_file = \"key.pem\"\n\
         [jwt]\njwks_file = \"keys.json\"\nissuer = \"i\"\naudience = \"a\"\n[log]\nfilter = \"trace\"\nformat = \"json\"\n",
        collector.endpoint()
    );
    fs::write(folder.join("c.toml"), text).unwrap();
}

/// Every place that takes a secret, filled.
fn fill(folder: &Path, authority: &Authority) {
    authority.vouch(&["localhost"], Term::Now).write(folder);
    fs::write(folder.join("token"), ADMIN).unwrap();
    write_tokens(
        &folder.join("tokens.toml"),
        &[("reader", &[Scope::Read], READER), ("asker", &[Scope::Decide], ASKER)],
    );
    let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    fs::write(folder.join("keys.json"), json!({"keys": [key]}).to_string()).unwrap();
}

/// The same files as they should not be, each with a secret in the wrong place.
fn spoil(folder: &Path) {
    fs::write(folder.join("tokens.toml"), format!("[tokens]\n{FILED} = \"{FILED}\"\n\"{FILED}")).unwrap();
    let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": FILED, "x": FILED, "d": FILED});
    fs::write(folder.join("keys.json"), json!({"keys": [key]}).to_string()).unwrap();
    fs::write(
        folder.join("certificate.pem"),
        format!("-----BEGIN CERTIFICATE-----\n{FILED}\n-----END CERTIFICATE-----\n"),
    )
    .unwrap();
    fs::write(folder.join("token"), "c0ffee00 c0ffee00").unwrap();
}

/// Everything that is answered to calls with secrets, wrong ones and right ones.
async fn answers(folder: &Path, port: u16, authority: &Authority) -> String {
    let signed = format!("eyJhbGciOiJFZERTQSIsImtpZCI6ImEifQ.{SENT}.{SENT}");
    let question = json!({"principal": SENT, "action": SENT, "resource": SENT});
    let bearers = [ADMIN, READER, ASKER, SENT, &signed].map(|token| format!("Bearer {token}"));
    let others = [format!("Basic {SENT}"), SENT.to_owned()];
    let mut all = String::new();
    for bearer in bearers.iter().chain(&others).map(|value| Some(value.as_str())).chain([None]) {
        for line in [
            "GET /admin/v1/users",
            "PUT /admin/v1/users/a",
            "GET /admin/v1/nothing",
            "POST /admin/v1/folders",
            "GET /readyz",
            "GET /metrics",
        ] {
            let body = if line.starts_with("GET") { Value::Null } else { json!({"nothing": 1}) };
            let stream = UnixStream::connect(folder.join("admin.sock")).await.unwrap();
            let _ = writeln!(all, "{line} {:?}", exchange(stream, &request(line, bearer, &body)).await);
        }
        // A mail that no server takes, with the password in its address.
        let invited = json!({"email": "x@example.org"});
        let stream = UnixStream::connect(folder.join("admin.sock")).await.unwrap();
        let invite = request("POST /admin/v1/groups/sales/invitations", bearer, &invited);
        let invited = exchange(stream, &invite).await.map(|(status, _)| status);
        let _ = writeln!(all, "invite {invited:?}");
        for line in [
            "POST /v1/is_authorized",
            "POST /v1/explain",
            "POST /access/v1/evaluation",
            "GET /openapi.json",
            "GET /readyz",
        ] {
            // A question repeats what is wrong with it; what it is asked with is another matter.
            let body = if line.starts_with("GET") { Value::Null } else { json!({"nothing": 1}) };
            let stream =
                super::certificates::Caller::new(authority).connect(&format!("127.0.0.1:{port}")).await.unwrap();
            let _ = writeln!(all, "{line} {:?}", exchange(stream, &request(line, bearer, &body)).await);
        }
        let plain = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let _ = writeln!(all, "{:?}", exchange(plain, &request("POST /v1/is_authorized", bearer, &question)).await);
    }
    all
}

#[tokio::test]
async fn no_secret_is_shown_by_whatever_fails() {
    let (folder, authority) = (TempDir::new().unwrap(), Authority::new("home"));
    let folder = folder.path();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let collector = Collector::start().await;
    write_settings(folder, port, &collector);

    // Nothing can be used: it does not start, and says why.
    fill(folder, &authority);
    spoil(folder);
    let refused = program(folder, &["serve", "--config", "c.toml"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let mut said = format!("{}{}", String::from_utf8_lossy(&refused.stdout), String::from_utf8_lossy(&refused.stderr));
    assert!(said.contains("tokens.toml"), "{said}");

    fill(folder, &authority);
    let shown = program(folder, &["serve", "--config", "c.toml", "--print-config"]).output().unwrap();
    assert_eq!(shown.status.code(), Some(0));
    said.push_str(&String::from_utf8_lossy(&shown.stdout));
    said.push_str(&String::from_utf8_lossy(&shown.stderr));

    let (out, log) = (folder.join("out.txt"), folder.join("log.txt"));
    let mut command = program(folder, &["serve", "--config", "c.toml"]);
    command.stdout(fs::File::create(&out).unwrap()).stderr(fs::File::create(&log).unwrap());
    let mut running = Program { child: command.spawn().unwrap() };
    let begun = Instant::now();
    let caller = super::certificates::Caller::new(&authority);
    while caller.connect(&format!("127.0.0.1:{port}")).await.is_err() {
        assert!(begun.elapsed() < PATIENCE, "{}", fs::read_to_string(&log).unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let argv = fs::read(format!("/proc/{}/cmdline", running.child.id())).unwrap();
    said.push_str(&String::from_utf8_lossy(&argv));
    let first = answers(folder, port, &authority).await;
    assert!(first.contains("Some((200") && first.contains("Some((401") && first.contains("Some((403"), "{first}");
    assert!(first.contains("conclave_request_errors_total{way="), "one of them may read what is counted: {first}");
    said.push_str(&first);

    while !fs::read_to_string(&log).unwrap().contains("mail") {
        assert!(begun.elapsed() < PATIENCE, "it tries to send mail");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }

    // The files go bad while it runs.
    spoil(folder);
    let begun = Instant::now();
    while fs::read_to_string(&log).unwrap().matches("what was read before stays good").count() < 4 {
        assert!(begun.elapsed() < PATIENCE, "{}", fs::read_to_string(&log).unwrap());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    said.push_str(&answers(folder, port, &authority).await);

    let stopped = Command::new("sh").args(["-c", &format!("kill -TERM {}", running.child.id())]).status().unwrap();
    assert!(stopped.success() && running.child.wait().unwrap().success());
    said.push_str(&fs::read_to_string(&out).unwrap());
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.lines().count() > 20, "it says everything it can: {log}");
    assert!(log.contains("\"trace_id\":\""), "it says which trace a request belongs to: {log}");
    said.push_str(&log);
    let spans = format!("{:?}", collector.spans());
    assert!(spans.contains("/v1/is_authorized") && spans.contains("/metrics"), "{spans}");
    said.push_str(&spans);
    assert_eq!(is_shown(&said), None);
}

#[test]
fn a_secret_would_be_recognized() {
    for secret in [ADMIN, READER, ASKER, MAIL, SENT, FILED, &ADMIN.to_uppercase()] {
        assert!(is_shown(&format!("some words {secret} more")).is_some(), "{secret}");
    }
    assert!(is_shown("-----BEGIN PRIVATE KEY-----").is_some());
}
