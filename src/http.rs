//! HTTP: what comes in is read into words of the domain, what goes out is written from them.
//!
//! `router` is the list of every route, `error` the table of every error, `accept` how connections
//! are taken and limited. May use axum, hyper, `check`, `search`, `admin` and `config`; never sqlx, never Cedar.

pub mod accept;
pub mod access;
pub mod admin;
mod arriving;
pub mod auth;
pub mod authzen;
pub mod body;
pub mod call;
mod elsewhere;
pub mod error;
pub mod extract;
pub mod idempotency;
pub mod json;
pub mod measures;
pub mod metrics;
pub mod observe;
pub mod openapi;
pub mod ops;
pub mod reply;
pub mod router;
pub mod routes;
pub mod served;
pub mod standing;

pub use accept::{Handed, Listener, Listeners};
pub use error::Problem;

use crate::admin::Admin;
use crate::admin::attempts::Attempts;
use crate::check::Check;
use crate::check::queue::{Bounds, Queue};
use crate::config::limits::{
    READS_BURST_MAX, READS_RUNNING_MAX, READS_WAITING_MAX, STREAMS_MAX, admin_connections_max,
};
use crate::config::{Address, Limits};
use crate::decision_log::{Begun, Recorder};
use crate::reload::Reloader;
use crate::search::Search;
use crate::store::Store;
use crate::trace::Tracing;
use auth::Auth;
use measures::Measures;
use standing::Standing;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// What every handler works with: one for the whole process.
pub struct App {
    /// Decides.
    pub check: Arc<Check>,
    /// Finds what would be allowed.
    pub search: Search,
    /// Changes.
    pub admin: Arc<Admin>,
    /// What is kept; here for readiness and for lists.
    pub store: Store,
    /// Every bound.
    pub limits: Limits,
    /// Who may use the listeners.
    pub auth: Auth,
    /// One permit for each command that may run or wait at a time.
    pub commands: Arc<Semaphore>,
    /// In front of what calls read that change nothing.
    pub reads: Queue,
    /// What was refused, on its way into the audit.
    pub attempts: Attempts,
    /// The calls with an `Idempotency-Key` that are being carried out.
    pub claims: idempotency::Claims,
    /// One permit for each stream of changes.
    pub streams: Arc<Semaphore>,
    /// What clients know this server by, from the configuration or from where it listens.
    pub public_url: OnceLock<String>,
    /// Puts other policies in force.
    pub reloader: Arc<Reloader>,
    /// Writes down what was decided; `None` where nobody asked for that.
    pub recorder: Option<Recorder>,
    /// Traces requests; `None` where nobody asked for that.
    pub tracing: Option<Tracing>,
    /// Where the access listener and the admin listener listen, once they do.
    pub addresses: OnceLock<[Address; 2]>,
    /// How long answers took, and what was refused.
    pub measures: Measures,
    /// How each part is, and since when.
    pub standing: Standing,
    draining: watch::Sender<bool>,
}

impl App {
    /// The state of a server that is ready. To be called inside a runtime.
    #[must_use]
    pub fn new(
        check: Arc<Check>,
        admin: Arc<Admin>,
        store: Store,
        reloader: Arc<Reloader>,
        limits: Limits,
        auth: Auth,
    ) -> Self {
        let search = Search::new(store.clone(), Arc::clone(&check), &limits);
        let commands = Arc::new(Semaphore::new(limits.commands_max));
        let reads = Bounds { running: READS_RUNNING_MAX, waiting: READS_WAITING_MAX, burst: READS_BURST_MAX };
        let reads = Queue::new("reads", reads);
        let attempts = Attempts::start(store.clone());
        let (claims, streams) = (idempotency::Claims::default(), Arc::new(Semaphore::new(STREAMS_MAX)));
        let (measures, standing) = (Measures::default(), Standing::new(admin.clock.now_ms()));
        let draining = watch::Sender::new(false);
        let (public_url, addresses) = (OnceLock::new(), OnceLock::new());
        Self {
            check,
            search,
            admin,
            store,
            limits,
            auth,
            commands,
            reads,
            attempts,
            claims,
            streams,
            public_url,
            reloader,
            recorder: None,
            tracing: None,
            addresses,
            measures,
            standing,
            draining,
        }
    }

    /// To be asked for before a question is decided; nothing where no decision is recorded.
    #[must_use]
    pub fn begun(&self) -> Option<Begun<'_>> {
        self.recorder.as_ref().map(Recorder::begun)
    }

    /// Whether the server is stopping.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Turns true when the server stops: what would go on for ever ends then.
    #[must_use]
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.draining.subscribe()
    }

    /// Waits for commands whose clients hung up; they are done or rolled back before the store closes.
    async fn commands_finished(&self) {
        let all = u32::try_from(self.limits.commands_max).unwrap_or(u32::MAX);
        let limit = Duration::from_secs(self.limits.drain_seconds);
        if tokio::time::timeout(limit, self.commands.acquire_many(all)).await.is_err() {
            tracing::warn!("changes were cut off: they outlasted the time to drain");
        }
    }
}

/// Serves both listeners until `shutdown`, then: not ready, no new connections, requests under way
/// finish, at most `drain_seconds` long.
pub async fn serve(listeners: Listeners, app: Arc<App>, shutdown: impl Future<Output = ()>) {
    let (stop, stopping) = watch::channel(false);
    let limits = app.limits;
    let (access_tls, admin_tls) = (app.auth.access_tls.clone(), app.auth.admin_tls.clone());
    let (address, is_tls) = (listeners.access.address(), access_tls.is_some());
    app.addresses.get_or_init(|| [address.clone(), listeners.admin.address().clone()]);
    app.public_url.get_or_init(|| authzen::metadata::default_url(address, is_tls));
    let access = router::access(Arc::clone(&app));
    let access = accept::accept(listeners.access, access_tls, access, limits, stopping.clone());
    let limits = Limits { connections_max: admin_connections_max(limits.connections_max), ..limits };
    let admin = router::admin(Arc::clone(&app)).into();
    let admin = accept::accept(listeners.admin, admin_tls, admin, limits, stopping.clone());
    let watch = auth::watch(&app.auth, stopping);
    let stopper = async {
        shutdown.await;
        // First, so that nobody is told to send more here.
        app.draining.send_replace(true);
        // Both loops hold a receiver until they have stopped.
        let _ = stop.send(true);
        tracing::info!("stopping: answering what is under way");
    };
    tokio::join!(stopper, access, admin, watch);
    app.commands_finished().await;
    app.attempts.close().await;
}
