//! A server that may be stopped and started again on the same database.

use conclave::admin::{SystemClock, SystemRandom};
use conclave::config::{Address, Config};
use conclave::http::Listeners;
use conclave::lifecycle::Application;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A database and, most of the time, a server on it.
pub struct Restarted {
    folder: TempDir,
    client: Client,
    running: Mutex<Option<Running>>,
}

struct Running {
    admin: String,
    token: String,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub revision: Option<String>,
    pub replayed: bool,
    pub body: Value,
}

impl Restarted {
    /// A server with three people, of whom ann administers the group `g`.
    pub async fn new() -> Self {
        let client = Client::builder().no_proxy().build().unwrap();
        let server = Self { folder: TempDir::new().unwrap(), client, running: Mutex::default() };
        server.start().await;
        server.ok(None, "PUT /subscriptions/s", json!({})).await;
        for user in ["ann", "bob", "eve"] {
            server.ok(None, &format!("PUT /users/{user}"), json!({"username": user, "subscription": "s"})).await;
        }
        server.ok(Some("ann"), "POST /groups", json!({"id": "g", "name": "g"})).await;
        server
    }

    pub fn database(&self) -> std::path::PathBuf {
        self.folder.path().join("conclave.db")
    }

    /// Starts a server on another port than the last.
    pub async fn start(&self) {
        let config = Config { database: self.database().display().to_string(), ..Config::default() };
        let application = Application::build(&config, Arc::new(SystemClock), Arc::new(SystemRandom)).await.unwrap();
        let any = Address::Tcp { host: "127.0.0.1".to_owned(), port: 0 };
        let listeners = Listeners::bind(&any, &any).await.unwrap();
        let admin = listeners.admin.address().to_string();
        let (stop, stopped) = oneshot::channel();
        let done = tokio::spawn(application.run(listeners, async move { drop(stopped.await) }));
        let token = std::fs::read_to_string(config.token_file()).unwrap().trim().to_owned();
        *self.running.lock().unwrap() = Some(Running { admin, token, stop, done });
    }

    /// Stops the server in order and waits for it.
    pub async fn stop(&self) {
        let running = self.running.lock().unwrap().take().unwrap();
        running.stop.send(()).unwrap();
        running.done.await.unwrap();
    }

    /// `None` while no server runs.
    pub fn request(&self, actor: Option<&str>, line: &str) -> Option<RequestBuilder> {
        let (method, path) = line.split_once(' ').unwrap();
        let running = self.running.lock().unwrap();
        let running = running.as_ref()?;
        let url = format!("http://{}/admin/v1{path}", running.admin);
        let request = self.client.request(method.parse::<Method>().unwrap(), url).bearer_auth(&running.token);
        Some(actor.into_iter().fold(request, |request, actor| request.header("conclave-actor", actor)))
    }

    pub async fn call(&self, actor: Option<&str>, line: &str, key: Option<&str>, body: Value) -> Reply {
        let request = self.request(actor, line).unwrap();
        let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.timeout(Duration::from_mins(1)).send().await.unwrap();
        let header = |headers: &HeaderMap, name| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let revision = header(response.headers(), "conclave-revision");
        let replayed = header(response.headers(), "idempotency-replayed").is_some();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        Reply { status, revision, replayed, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    /// A call without a key that succeeds.
    pub async fn ok(&self, actor: Option<&str>, line: &str, body: Value) -> Reply {
        let reply = self.call(actor, line, None, body).await;
        assert!(reply.status < 300, "{line} {reply:?}");
        reply
    }

    /// The revision now.
    pub async fn head(&self) -> u64 {
        let ahead = self.call(None, &format!("GET /changes?since={}", u64::MAX), None, Value::Null).await;
        assert_eq!(ahead.status, 409);
        ahead.body["head"].as_u64().unwrap()
    }
}
