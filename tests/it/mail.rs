//! From an invitation over a real mail server to a member (A10). Without Debian's
//! `python3-aiosmtpd` there is no such server here, and the test says that it is skipped.

use crate::sidecar::TestSidecar;
use reqwest::Method;
use serde_json::{Value, json};
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Debian's own Python has Debian's packages, another one before it in the path may not.
fn python() -> Option<&'static str> {
    ["/usr/bin/python3", "python3"].into_iter().find(|python| {
        let import = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        import.is_ok_and(|status| status.success())
    })
}

struct MailServer(Child);

impl MailServer {
    fn start(python: &str, port: u16, mailbox: &Path) -> Self {
        let handler = ["-c", "aiosmtpd.handlers.Mailbox"];
        let listen = format!("127.0.0.1:{port}");
        let command = ["-m", "aiosmtpd", "-n", "-l", &listen];
        Self(Command::new(python).args(command).args(handler).arg(mailbox).spawn().unwrap())
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn wait_until_sent(sidecar: &TestSidecar) -> Value {
    let mut sent = json!([]);
    for _ in 0..400 {
        sent = sidecar.get("/outbox?state=sent").await.ok().body["outbox"].clone();
        if sent != json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_ne!(sent, json!([]), "{}", sidecar.get("/outbox").await.body);
    sent
}

async fn wait_until_listening(port: u16) {
    let mut listening = false;
    for _ in 0..400 {
        listening = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok();
        if listening {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(listening, "the mail server does not listen");
}

#[tokio::test]
async fn a10_who_reads_the_mail_can_accept() {
    let Some(python) = python() else {
        // Not by `println!`, which is shown of failed tests only.
        writeln!(std::io::stderr(), "skipped: no python3-aiosmtpd, so no mail server to send to").unwrap();
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mailbox = folder.path().join("mailbox");
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let _server = MailServer::start(python, port, &mailbox);
    wait_until_listening(port).await;
    let sidecar = TestSidecar::new().with_mail_server(port).start().await;
    sidecar.put("/subscriptions/free", json!({})).await.ok();
    for person in ["anna", "ben"] {
        sidecar.put(&format!("/users/{person}"), json!({"username": person, "subscription": "free"})).await.ok();
    }
    let call = |actor, method, path, body| sidecar.call_as(actor, method, path, body);
    call("anna", Method::POST, "/groups", json!({"id": "sales", "name": "Sales", "language": "es"})).await.ok();
    let invited =
        call("anna", Method::POST, "/groups/sales/invitations", json!({"email": "ben@example.org"})).await.ok();
    assert_eq!(invited.body.get("token"), None, "an actor does not see it");

    let sent = wait_until_sent(&sidecar).await;
    assert_eq!((&sent[0]["to"], &sent[0]["body"]), (&json!("ben@example.org"), &Value::Null));
    let file = std::fs::read_dir(mailbox.join("new")).unwrap().next().unwrap().unwrap().path();
    // Quoted-printable breaks long lines.
    let text = std::fs::read_to_string(file).unwrap().replace("\r\n", "\n").replace("=\n", "");
    let token: String = text.split("https://app.example/join/").nth(1).unwrap().chars().take(64).collect();
    assert!(text.contains(&format!("Conclave:\n{token}\n")), "{text}");
    assert!(text.contains("Content-Language: es\n") && text.contains("\nanna te invita"), "{text}");
    call("ben", Method::POST, &format!("/invitations/{token}/accept"), json!({})).await.ok();
    assert_eq!(sidecar.get("/groups/sales/members").await.ok().body["members"][0]["user"], "ben");
    sidecar.stop().await;
}
