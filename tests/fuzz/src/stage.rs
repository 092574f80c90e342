//! A server in this process, on a database of its own.

use axum::body::Body;
use axum::http::Request;
use conclave::admin::{Clock, SystemClock, SystemRandom};
use conclave::config::Config;
use conclave::doctor::examine;
use conclave::http::App;
use conclave::http::router;
use conclave::http::served::Served;
use conclave::lifecycle::Application;
use conclave::store::Store;
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// Longer than anything that is asked here may take.
const ANSWER_SECONDS_MAX: u64 = 15;

/// A folder that goes when this value does, and a runtime. Whatever runs here runs on the runtime.
pub struct Stage {
    runtime: Runtime,
    folder: PathBuf,
    /// The database of the worked example (rule E).
    template: Vec<u8>,
    /// How many databases were made of it.
    copies: u32,
}

/// A server on a copy of the worked example.
pub struct Server {
    pub app: Arc<App>,
    pub config: Config,
    access: Arc<Served>,
    admin: Arc<Served>,
    authorization: String,
}

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    pub body: Vec<u8>,
}

impl Stage {
    pub fn new() -> Self {
        static STAGES: AtomicU32 = AtomicU32::new(0);
        let number = STAGES.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("conclave-fuzz-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut stage = Self { runtime, folder, template: Vec::new(), copies: 0 };
        stage.template = stage.worked_example();
        stage
    }

    /// Runs `future` to its end.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Begins what goes on meanwhile.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.runtime.spawn(future)
    }

    /// The same for what must come to an end soon.
    pub fn answer<T>(&self, future: impl Future<Output = T>) -> T {
        let limit = Duration::from_secs(ANSWER_SECONDS_MAX);
        self.run(async { tokio::time::timeout(limit, future).await }).expect("there must be an answer within seconds")
    }

    /// A place that nothing stands at.
    pub fn path(&mut self) -> PathBuf {
        self.copies += 1;
        self.folder.join(self.copies.to_string())
    }

    /// Where a new copy of the worked example stands.
    pub fn database(&mut self) -> PathBuf {
        let path = self.path();
        std::fs::write(&path, &self.template).unwrap();
        path
    }

    /// A server that is ready, and listens nowhere.
    pub fn server(&mut self) -> Server {
        let path = self.database();
        self.server_on(&path, false)
    }

    fn server_on(&self, path: &Path, demo: bool) -> Server {
        let mut config = Config { database: path.display().to_string(), demo, ..Config::default() };
        // Each decision that is evaluated is made again by Cedar's own authorizer.
        config.limits.verification_decisions = 1;
        let application = self.run(application(&config));
        let app = Arc::clone(application.app());
        let token = std::fs::read_to_string(config.token_file()).unwrap();
        let authorization = format!("Bearer {}", token.trim());
        let access = Arc::new(router::access(Arc::clone(&app)));
        let admin = Arc::new(Served::from(router::admin(Arc::clone(&app))));
        Server { app, config, access, admin, authorization }
    }

    fn worked_example(&mut self) -> Vec<u8> {
        let path = self.path();
        let server = self.server_on(&path, true);
        self.run(server.close());
        let database = std::fs::read(&path).unwrap();
        forget(&path);
        database
    }

    /// Ends a server. Which invariants are broken in what it leaves behind.
    pub fn end(&self, server: &Server) -> Option<String> {
        let broken = self.run(async {
            let broken = broken(&server.app.store, &server.config).await;
            server.close().await;
            broken
        });
        forget(Path::new(&server.config.database));
        broken
    }
}

impl Default for Stage {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Removes a database that nobody uses any more, and what stands beside it.
pub fn forget(path: &Path) {
    for beside in ["", "-wal", "-shm", ".lock", ".admin-token"] {
        let _ = std::fs::remove_file(format!("{}{beside}", path.display()));
    }
}

/// Everything that a configuration names, opened.
pub async fn application(config: &Config) -> Application {
    Application::build(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await.unwrap()
}

/// What bad things `conclave doctor` would have to say.
pub async fn broken(store: &Store, config: &Config) -> Option<String> {
    let report = examine(store, &config.tool_kinds, SystemClock.now_ms()).await.unwrap();
    let broken: Vec<_> = report.broken().collect();
    (!broken.is_empty()).then(|| format!("{broken:#?}"))
}

impl Server {
    /// A request to the access listener.
    pub async fn access(&self, request: Request<Body>) -> Reply {
        Reply::read(self.access.answer(request).await).await
    }

    /// A request to the admin listener as it stands.
    pub async fn admin(&self, request: Request<Body>) -> Reply {
        Reply::read(self.admin.answer(request).await).await
    }

    /// The same with the token.
    pub async fn host(&self, mut request: Request<Body>) -> Reply {
        request.headers_mut().insert("authorization", self.authorization.parse().unwrap());
        self.admin(request).await
    }

    async fn close(&self) {
        self.app.attempts.close().await;
        self.app.store.clone().close().await;
    }

    /// Which state decisions rest on.
    pub async fn revision(&self) -> u64 {
        self.app.store.revision().await.unwrap().0
    }
}

impl Reply {
    async fn read<B>(response: axum::http::Response<B>) -> Self
    where
        B: axum::body::HttpBody<Data = axum::body::Bytes>,
        B::Error: std::fmt::Debug,
    {
        let (head, body) = response.into_parts();
        let content_type = head.headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Self { status: head.status.as_u16(), content_type: content_type.unwrap_or_default(), body }
    }

    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// What is wrong with an answer that neither says that it was done nor refuses as the documents have it.
    pub fn fault(&self) -> Option<String> {
        let is_right = match self.status {
            200..=299 => true,
            400..=499 => self.content_type == "application/problem+json" && self.json()["status"] == self.status,
            _ => false,
        };
        (!is_right).then(|| format!("{} {} {}", self.status, self.content_type, String::from_utf8_lossy(&self.body)))
    }
}
