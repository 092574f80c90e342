//! HTTP: what comes in is read into words of the domain, what goes out is written from them.
//!
//! `router` is the list of every route, `error` the table of every error, `accept` how connections
//! are taken and limited. May use axum, hyper, `check`, `admin` and `config`; never sqlx, never Cedar.

pub mod accept;
pub mod access;
pub mod admin;
pub mod auth;
pub mod body;
pub mod error;
pub mod extract;
pub mod json;
pub mod observe;
pub mod openapi;
pub mod ops;
pub mod router;
pub mod routes;

pub use accept::{Listener, Listeners};
pub use error::Problem;

use crate::admin::Admin;
use crate::check::Check;
use crate::config::Limits;
use crate::store::Store;
use auth::AdminToken;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};

/// What every handler works with: one for the whole process.
pub struct App {
    /// Decides.
    pub check: Arc<Check>,
    /// Changes.
    pub admin: Arc<Admin>,
    /// What is kept; here for readiness and for lists.
    pub store: Store,
    /// Every bound.
    pub limits: Limits,
    /// Who holds it may use the admin listener.
    pub token: AdminToken,
    /// One permit for each command that may run or wait at a time.
    pub commands: Arc<Semaphore>,
    draining: AtomicBool,
}

impl App {
    /// The state of a server that is ready.
    #[must_use]
    pub fn new(check: Arc<Check>, admin: Arc<Admin>, store: Store, limits: Limits, token: AdminToken) -> Self {
        let commands = Arc::new(Semaphore::new(limits.commands_max));
        Self { check, admin, store, limits, token, commands, draining: AtomicBool::new(false) }
    }

    /// Whether the server is stopping.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
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
    let access = accept::accept(listeners.access, router::access(Arc::clone(&app)), limits, stopping.clone());
    let admin = accept::accept(listeners.admin, router::admin(Arc::clone(&app)), limits, stopping);
    let stopper = async {
        shutdown.await;
        // First, so that nobody is told to send more here.
        app.draining.store(true, Ordering::Relaxed);
        // Both loops hold a receiver until they have stopped.
        let _ = stop.send(true);
    };
    tokio::join!(stopper, access, admin);
    app.commands_finished().await;
}
