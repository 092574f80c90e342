//! A server's life: everything is opened and checked, then it serves, then it closes in order.
//!
//! Puts the parts together; the one place that knows them all.

use crate::admin::demo::{self, DemoError};
use crate::admin::{Admin, Clock, Random, Settings};
use crate::check::Check;
use crate::config::Config;
use crate::engine::{Bundle, LoadError};
use crate::http::auth::{AdminToken, TokenError};
use crate::http::{self, App, Listeners};
use crate::store::{Access, OpenError, Store, StoreError};
use miette::Diagnostic;
use std::sync::Arc;
use thiserror::Error;

/// Why a server does not start. No port was bound, and nothing was changed but what a first start makes.
#[derive(Debug, Error, Diagnostic)]
pub enum StartError {
    /// The policies or the schema do not validate; every problem with file, line and caret.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Policies(#[from] LoadError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database was opened and cannot be read.
    #[error("the database cannot be read")]
    Store(#[from] StoreError),
    /// There is no admin token.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Token(#[from] TokenError),
    /// The worked example cannot be loaded.
    #[error("the worked example cannot be loaded")]
    Demo(#[from] DemoError),
}

/// What became of the worked example (rule E).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demo {
    /// Nobody asked for it.
    NotAsked,
    /// The database was empty and now holds it.
    Loaded,
    /// The database was not empty and was left as it is.
    NotEmpty,
}

/// A server that is ready to serve.
pub struct Application {
    app: Arc<App>,
    demo: Demo,
}

impl Application {
    /// Opens and checks everything the configuration names.
    ///
    /// # Errors
    /// [`StartError`] for the first part that cannot be used; the store is closed again.
    pub async fn build(config: &Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, StartError> {
        // First what can be wrong without anything having been made.
        let bundle = Arc::new(Bundle::load(&config.sources())?);
        for warning in bundle.warnings() {
            tracing::warn!(%warning, "policies");
        }
        let store = Store::open(&config.database, Access::Own).await?;
        let built = Self::assemble(config, store.clone(), bundle, clock, random).await;
        if built.is_err() {
            store.close().await;
        }
        built
    }

    async fn assemble(
        config: &Config,
        store: Store,
        bundle: Arc<Bundle>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StartError> {
        // The database is ours from here on, so no other server makes the same token file.
        let token = token(config, random.as_ref())?;
        let check = Arc::new(Check::new(store.clone(), bundle, &config.limits).await?);
        let admin =
            Admin { store: store.clone(), check: Arc::clone(&check), clock, random, settings: settings(config) };
        let demo = match config.demo {
            false => Demo::NotAsked,
            true if demo::load(&admin).await? => Demo::Loaded,
            true => Demo::NotEmpty,
        };
        let app = App::new(check, Arc::new(admin), store, config.limits, token);
        Ok(Self { app: Arc::new(app), demo })
    }

    /// What its handlers work with.
    #[must_use]
    pub const fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// What became of the worked example.
    #[must_use]
    pub const fn demo(&self) -> Demo {
        self.demo
    }

    /// Serves until `shutdown`, lets requests under way finish, then closes the store.
    pub async fn run(self, listeners: Listeners, shutdown: impl Future<Output = ()>) {
        let store = self.app.store.clone();
        http::serve(listeners, self.app, shutdown).await;
        store.close().await;
    }
}

fn token(config: &Config, random: &dyn Random) -> Result<AdminToken, TokenError> {
    if let Some(file) = &config.admin_token_file {
        return AdminToken::read(file);
    }
    let file = config.token_file();
    let (token, made) = AdminToken::read_or_make(&file, random)?;
    if made {
        tracing::info!(file = %file.display(), "an admin token was made");
    }
    Ok(token)
}

fn settings(config: &Config) -> Settings {
    Settings {
        group_tools: config.tool_kinds.group.clone(),
        private_tools: config.tool_kinds.private.clone(),
        invitation_days: config.invitation_days,
        directory_terms_min: config.directory_terms_min,
    }
}
