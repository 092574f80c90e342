//! The server as tests start it: everything real, on ports that the system chooses.

use conclave::admin::{Clock, SystemClock, SystemRandom};
use conclave::config::{Address, Config, Secret};
use conclave::doctor::examine;
use conclave::http::{App, Listeners};
use conclave::lifecycle::Application;
use conclave::store::{Access, Store};
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

mod calls;
mod served;

pub use calls::segment;
pub use served::{Served, is_on_server, run};

/// Says what the server to test is like; `start` starts it.
#[derive(Default)]
pub struct TestSidecar {
    config: Config,
    clock: Arc<Ahead>,
    /// A database to start from.
    template: Option<Vec<u8>>,
    /// Whether the database must be a file, whatever tests are run on.
    in_file: bool,
    /// The database of another sidecar.
    shared: Option<String>,
    /// What ids are called instead of what the test calls them.
    rename: Option<fn(&str) -> String>,
    running: Option<Running>,
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The clock of the machine, as many milliseconds ahead as the test says.
#[derive(Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now_ms(&self) -> i64 {
        SystemClock.now_ms() + self.0.load(Ordering::Relaxed)
    }
}

struct Running {
    /// A database on a server, gone with this.
    _served: Option<Served>,
    folder: TempDir,
    client: Client,
    access: String,
    admin: String,
    token: String,
    app: Arc<App>,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub content_type: String,
    /// From the header `Conclave-Revision`; 0 without it.
    pub revision: u64,
    pub headers: HeaderMap,
    pub body: Value,
}

/// A decision.
#[derive(Debug)]
pub struct Answer {
    pub decision: String,
    pub reasons: Vec<String>,
    pub errors: Vec<String>,
    pub revision: u64,
}

impl Reply {
    /// Whether the change was made. Refused by the rules is fine; anything else is a bug.
    pub fn accepted(&self) -> bool {
        assert!(
            self.status < 300 || [403, 404, 409, 422].contains(&self.status),
            "neither done nor refused: {} {}",
            self.status,
            self.body
        );
        self.status < 300
    }

    /// The reply, which must be a success.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.status < 300, "{} {}", self.status, self.body);
        self
    }

    async fn read(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (status, content_type) = (response.status().as_u16(), header("content-type").unwrap_or_default());
        let revision = header("conclave-revision").map_or(0, |value| value.parse().unwrap());
        let headers = response.headers().clone();
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, content_type, revision, headers, body }
    }
}

impl TestSidecar {
    /// A server on an empty database in a folder of its own. It has more time than usual: dozens of them share a
    /// machine while tests run.
    pub fn new() -> Self {
        Self::default().configured(|config| {
            config.limits.request_seconds = 60;
            config.limits.change_seconds = 60;
            config.limits.search_milliseconds_max = 10_000;
            config.limits.misses_waiting_max = config.limits.misses_burst_max;
        })
    }

    /// On a file, for tests of files.
    pub fn in_file(mut self) -> Self {
        self.in_file = true;
        self
    }

    /// On the database of another, which is on a server.
    pub fn beside(mut self, other: &Self) -> Self {
        self.shared = Some(other.database());
        self
    }

    /// On a database at this place, of somebody else's.
    pub fn at(mut self, database: String) -> Self {
        self.shared = Some(database);
        self
    }

    /// With the worked example in it.
    pub fn with_demo(mut self) -> Self {
        self.config.demo = true;
        self
    }

    /// With other settings than the defaults.
    pub fn configured(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// On a copy of a database: what [`TestSidecar::into_database`] of another server left.
    pub fn on(mut self, database: &[u8]) -> Self {
        self.template = Some(database.to_vec());
        self
    }

    /// With other ids than those that the test says: in paths, bodies, headers and questions.
    pub fn renaming(mut self, rename: fn(&str) -> String) -> Self {
        self.rename = Some(rename);
        self
    }

    /// Lets days pass.
    pub fn later(&self, days: i64) {
        self.clock.0.fetch_add(days * DAY_MS, Ordering::Relaxed);
    }

    /// Sends mail to a server at this port of this machine.
    pub fn with_mail_server(mut self, port: u16) -> Self {
        self.config.smtp_url = Secret::new(format!("smtp://127.0.0.1:{port}"));
        self.config.mail_from = Some("Acme Teams <noreply@example.org>".to_owned());
        self.config.accept_url = Some("https://app.example/join/{token}".to_owned());
        self
    }

    pub async fn start(mut self) -> Self {
        let folder = TempDir::new().unwrap();
        let database = folder.path().join("conclave.db");
        let mut served = None;
        self.config.database = match (self.template.take(), self.shared.take()) {
            (Some(template), _) => {
                std::fs::write(&database, template).unwrap();
                database.display().to_string()
            }
            (None, Some(shared)) => shared,
            (None, None) => {
                served = if self.in_file { None } else { Served::new().await };
                served.as_ref().map_or_else(|| database.display().to_string(), |served| served.url.clone())
            }
        };
        if is_on_server(&self.config.database) && self.config.admin_token_file.is_none() {
            let file = folder.path().join("conclave.admin-token");
            std::fs::write(&file, "a-token-of-tests-alone").unwrap();
            std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
            self.config.admin_token_file = self.config.tokens_file.is_none().then_some(file);
        }
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let application = Application::build(&self.config, clock, Arc::new(SystemRandom)).await.unwrap();
        let app = Arc::clone(application.app());
        let any = Address::Tcp { host: "127.0.0.1".to_owned(), port: 0 };
        let listeners = Listeners::bind(&any, &any).await.unwrap();
        let (access, admin) = (listeners.access.address().to_string(), listeners.admin.address().to_string());
        let (stop, stopped) = oneshot::channel();
        let done = tokio::spawn(application.run(listeners, async move { drop(stopped.await) }));
        // None where the test names tokens of its own.
        let token = std::fs::read_to_string(self.config.token_file()).unwrap_or_default().trim().to_owned();
        // Dozens of servers at a time: each gets few connections and keeps them.
        let client = Client::builder().no_proxy().build().unwrap();
        self.running = Some(Running { _served: served, folder, client, access, admin, token, app, stop, done });
        self
    }

    /// Why it does not start on the database of another.
    pub async fn refused(mut self) -> String {
        let folder = TempDir::new().unwrap();
        self.config.database = self.shared.take().expect("a database");
        self.config.admin_token_file = Some(folder.path().join("conclave.admin-token"));
        std::fs::write(folder.path().join("conclave.admin-token"), "a-token-of-tests-alone").unwrap();
        std::fs::set_permissions(folder.path().join("conclave.admin-token"), Permissions::from_mode(0o600)).unwrap();
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as _;
        let refused = Application::build(&self.config, clock, Arc::new(SystemRandom)).await;
        refused.err().expect("it must not start").to_string()
    }

    /// Stops the server in order and waits for it; what it leaves behind must keep every invariant.
    pub async fn stop(self) {
        drop(self.end().await);
    }

    /// The same; the database that it leaves behind.
    pub async fn into_database(self) -> Vec<u8> {
        let path = self.database();
        let folder = self.end().await;
        let log = std::fs::metadata(format!("{path}-wal")).map_or(0, |log| log.len());
        assert_eq!(log, 0, "the database is all in one file once its server has stopped");
        let database = std::fs::read(Path::new(&path)).unwrap();
        drop(folder);
        database
    }

    async fn end(mut self) -> TempDir {
        let Running { folder, stop, done, client, app, _served, .. } = self.running.take().unwrap();
        drop((client, app));
        stop.send(()).unwrap();
        done.await.unwrap();
        self.examine().await;
        folder
    }

    /// What `conclave doctor` says of the database, which must be nothing bad.
    async fn examine(&self) {
        let store = Store::open(&self.config.database, Access::ReadOnly).await.unwrap();
        let report = examine(&store, &self.config.tool_kinds, self.clock.now_ms()).await.unwrap();
        store.close().await;
        let broken: Vec<_> = report.broken().collect();
        assert!(broken.is_empty(), "{broken:#?}");
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("started")
    }

    /// What its handlers work with.
    pub fn app(&self) -> Arc<App> {
        Arc::clone(&self.running().app)
    }

    /// Where the database is, as `Store::open` takes it.
    pub fn database(&self) -> String {
        self.config.database.clone()
    }

    /// Where the access listener is, for a client of one's own.
    pub fn access_address(&self) -> String {
        self.running().access.clone()
    }

    /// Where the admin listener is.
    pub fn admin_address(&self) -> String {
        self.running().admin.clone()
    }

    /// What the admin listener wants to see.
    pub fn token(&self) -> String {
        self.running().token.clone()
    }
}

/// Runs a test that cannot be async itself.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}
