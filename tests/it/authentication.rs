//! Who may use the listeners, over real sockets with real certificates and tokens.

mod asking;
mod canary;
pub mod certificates;
mod settings;
mod signed;
mod sockets;
mod tls;
mod tokens;

use conclave::http::auth::{Scope, line};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// As long as a test waits for what the server does by itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request as it is written; the answer ends with the connection.
fn request(line: &str, authorization: Option<&str>, body: &Value) -> String {
    let mut text = format!("{line} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    if let Some(value) = authorization {
        text = text + "Authorization: " + value + "\r\n";
    }
    if body.is_null() {
        return text + "\r\n";
    }
    let body = body.to_string();
    text + &format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Status and body of what comes back; `None` if it is no HTTP.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> Option<(u16, Value)> {
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    // A connection may be cut off without a goodbye; what came before counts.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    Some((status, serde_json::from_str(body).unwrap_or_else(|_| json!(body))))
}

/// Waits until something holds that the server does now and then.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Writes a file of tokens: names, scopes and texts.
fn write_tokens(file: &Path, tokens: &[(&str, &[Scope], &str)]) {
    let lines: Vec<_> = tokens.iter().map(|(name, scopes, text)| line(name, scopes, text)).collect();
    std::fs::write(file, format!("[tokens]\n{}\n", lines.join("\n"))).unwrap();
}

/// May this person look at the documents of sales?
fn question(user: &str) -> Value {
    json!({
        "principal": format!("User::\"{user}\""), "action": "Action::\"view\"",
        "resource": "Tool::\"group:sales/documents\"",
    })
}
