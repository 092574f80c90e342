//! A server's life: everything is opened and checked, then it serves, then it closes in order.
//!
//! Puts the parts together; the one place that knows them all.

mod files;

use crate::admin::demo::{self, DemoError};
use crate::admin::{Admin, Clock, Random, Settings};
use crate::check::Check;
use crate::config::limits::TAKEOVER_POLL_MILLISECONDS;
use crate::config::{Address, Config, Tls};
use crate::decision_log::{Recorder, RecorderError};
use crate::engine::{Bundle, LoadError};
use crate::http::auth::{AdminToken, Auth, AuthError, Reloaded, TokenError};
use crate::http::{self, App, Listeners};
use crate::mail::{AddressError, Composer, Delivery, Desk, Sender, Smtp, SmtpUrlError};
use crate::reload::{self, DescribedError, Fingerprint, Reloader, StoredError};
use crate::store::{Access, Following, OpenError, Store, StoreError};
use crate::trace::{TraceError, Tracing};
pub use files::connections_max;
use miette::Diagnostic;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::time::Instant;

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
    /// What hosts said of entities is not what the schema says.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Described(#[from] DescribedError),
    /// Callers cannot be known as the configuration says.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Auth(#[from] AuthError),
    /// The decision log cannot be written.
    #[error(transparent)]
    #[diagnostic(transparent)]
    DecisionLog(#[from] RecorderError),
    /// Requests cannot be traced.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Trace(#[from] TraceError),
    /// There is no admin token.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Token(#[from] TokenError),
    /// The mail server cannot be used.
    #[error(transparent)]
    Smtp(#[from] SmtpUrlError),
    /// `mail_from` is no address.
    #[error("`mail_from` {0}")]
    Sender(AddressError),
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
    /// `None` where the host sends the mail.
    delivery: Option<Delivery>,
    /// `None` where nobody else changes the database.
    following: Option<Following>,
}

impl Application {
    /// Opens and checks everything the configuration names.
    ///
    /// # Errors
    /// [`StartError`] for the first part that cannot be used; the store is closed again.
    pub async fn build(config: &Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, StartError> {
        // On the heap: this future is part of many others.
        Box::pin(Self::build_after(Duration::ZERO, config, clock, random)).await
    }

    /// The same, waiting so long for another server to let go of the database.
    ///
    /// # Errors
    /// As [`Application::build`].
    pub async fn build_after(
        wait_max: Duration,
        config: &Config,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, StartError> {
        // First what can be wrong without anything having been made.
        let read = config.sources().read();
        let print = read.fingerprint();
        let bundle = Arc::new(Bundle::of(read)?);
        for warning in bundle.warnings() {
            tracing::warn!(%warning, "policies");
        }
        if !bundle.model().has_groups() {
            tracing::warn!("the schema is not one of groups: every entity type in it is the host's own");
        }
        let post = post(config)?;
        let auth = Auth::read(config)?;
        warn_of_plain_http(config);
        let store = own(&config.database_url(), wait_max).await?;
        if let Some(replica) = config.replica_url() {
            // On the heap: this future is part of many others.
            Box::pin(store.read_nearby(&replica)).await?;
        }
        let built = match reload::check_stored(&store, bundle.model()).await {
            // On the heap: this future is part of many others.
            Ok(()) => {
                Box::pin(Self::assemble(config, store.clone(), (bundle, print), (clock, random), post, auth)).await
            }
            Err(StoredError::Described(error)) => Err(error.into()),
            Err(StoredError::Store(error)) => Err(error.into()),
        };
        if built.is_err() {
            store.close().await;
        }
        built
    }

    async fn assemble(
        config: &Config,
        store: Store,
        (bundle, print): (Arc<Bundle>, Fingerprint),
        (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
        post: Option<(Smtp, Sender)>,
        auth: Auth,
    ) -> Result<Self, StartError> {
        // The database is ours from here on, so no other server makes the same token file.
        let auth = match token(config, random.as_ref())? {
            Some(token) => auth.with_admin_token(token),
            None => auth,
        };
        let check = Arc::new(Check::new(store.clone(), bundle, &config.limits).await?);
        let staleness_max = Duration::from_millis(config.limits.staleness_milliseconds_max);
        let following = store.follow(check.follower(), staleness_max);
        let delivery = post.map(|(smtp, sender)| Delivery {
            store: store.clone(),
            follower: check.follower(),
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            smtp,
            sender,
            attempts_max: config.mail_attempts_max,
        });
        let (desk, settings) = (Arc::new(Desk::new(composer(config))), settings(config));
        let reloader = Reloader::new(config.sources(), print, Arc::clone(&check), store.clone(), Arc::clone(&clock));
        let recorder = Recorder::start(&config.decision_log, Arc::clone(&clock), random.as_ref())?;
        let tracing = Tracing::start(config, random.as_ref())?;
        let admin = Admin { store: store.clone(), check: Arc::clone(&check), clock, random, desk, settings };
        let demo = match config.demo {
            false => Demo::NotAsked,
            true if demo::load(&admin).await? => Demo::Loaded,
            true => Demo::NotEmpty,
        };
        let mut app = App::new(check, Arc::new(admin), store, Arc::new(reloader), config.limits, auth);
        app.recorder = recorder;
        app.tracing = tracing;
        if let Some(url) = &config.public_url {
            app.public_url.get_or_init(|| url.clone());
        }
        Ok(Self { app: Arc::new(app), demo, delivery, following })
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
        let (store, desk) = (self.app.store.clone(), Arc::clone(&self.app.admin.desk));
        let delivery = self.delivery.map(|delivery| delivery.start(desk));
        let watching = reload::watch(Arc::clone(&self.app.reloader), self.app.stopping());
        http::serve(listeners, Arc::clone(&self.app), shutdown).await;
        if let Some(watching) = watching {
            watching.stopped().await;
        }
        if let Some(recorder) = &self.app.recorder {
            recorder.close().await;
        }
        if let Some(tracing) = &self.app.tracing {
            tracing.close().await;
        }
        // After the last request, which may have written mail, and before the store it waits in.
        if let Some(delivery) = delivery {
            delivery.stop().await;
        }
        if let Some(following) = self.following {
            following.stop().await;
        }
        store.close().await;
    }
}

/// Opens the database, once whoever owns it has let go of it.
async fn own(database: &str, wait_max: Duration) -> Result<Store, OpenError> {
    let until = Instant::now() + wait_max;
    loop {
        match Store::open(database, Access::Own).await {
            Err(OpenError::Owned { .. }) if Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(TAKEOVER_POLL_MILLISECONDS)).await;
            }
            opened => return opened,
        }
    }
}

/// The one admin token: named, or made where no tokens are named at all.
fn token(config: &Config, random: &dyn Random) -> Result<Option<Reloaded<AdminToken>>, TokenError> {
    let file = config.token_file();
    if config.admin_token_file.is_none() {
        if config.tokens_file.is_some() {
            return Ok(None);
        }
        let (_, made) = AdminToken::read_or_make(&file, random)?;
        if made {
            tracing::info!(file = %file.display(), "an admin token was made");
        }
    }
    let files = vec![file.clone()];
    Reloaded::new("the admin token", files, move || AdminToken::read(&file)).map(Some)
}

/// A token that crosses a network in plain HTTP is known to whoever listens there.
fn warn_of_plain_http(config: &Config) {
    let beyond = |address: &Address, tls: &Tls| !address.is_local() && tls.files().is_none();
    if beyond(&config.admin_listen, &config.admin_tls) {
        tracing::warn!("the admin listener can be reached from other machines, and takes tokens in plain HTTP");
    }
    if config.is_access_guarded() && beyond(&config.listen, &config.tls) {
        tracing::warn!("the access listener can be reached from other machines, and takes tokens in plain HTTP");
    }
}

/// The mail server and whom mail comes from, if mail is sent from here.
fn post(config: &Config) -> Result<Option<(Smtp, Sender)>, StartError> {
    let smtp = match (&config.smtp_url, &config.smtp_url_file) {
        (Some(url), _) => Smtp::new(url.reveal().trim())?,
        (None, Some(file)) => Smtp::read(file)?,
        (None, None) => return Ok(None),
    };
    let sender = Sender::new(config.mail_from.as_deref().unwrap_or_default()).map_err(StartError::Sender)?;
    Ok(Some((smtp, sender)))
}

fn composer(config: &Config) -> Composer {
    Composer { product_name: config.product_name.clone(), accept_url: config.accept_url.clone() }
}

fn settings(config: &Config) -> Settings {
    Settings {
        group_tools: config.tool_kinds.group.clone(),
        private_tools: config.tool_kinds.private.clone(),
        invitation_days: config.invitation_days,
        directory_terms_min: config.directory_terms_min,
    }
}
