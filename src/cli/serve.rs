//! `conclave serve`: runs the sidecar.

use super::{PolicyArguments, StoreArguments, demo, output};
use crate::admin::{SystemClock, SystemRandom};
use crate::config::{Config, Loaded};
use crate::http::{Handed, Listeners};
use crate::lifecycle::{Application, Demo, connections_max};
use crate::telemetry;
use clap::Args;
use miette::{IntoDiagnostic as _, WrapErr as _};
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

const DETAILS: &str = "\
An address is host:port or unix:PATH. Over a Unix socket the admin listener lets the server's own
user in without the token, or the users that admin_uids lists; its socket has mode 0600, the access
socket 0660, and either 0666 if it lists its users.

The admin token is read from --admin-token-file. With neither that nor --tokens-file given it
is made at first start, in the file DATABASE.admin-token (mode 0600).

Mail, limits, TLS, who may ask and whatever else has no flag here is set by variables or in the
file: --print-config names each setting.

Sockets that are handed over (LISTEN_FDS, as systemd does it) are taken in place of --listen and
--admin-listen, in this order or by their names, access and admin.

The first SIGTERM or SIGINT stops the server once the requests under way are answered; the second
stops it at once.";

/// What `conclave serve` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    store: StoreArguments,
    /// Where host applications ask for decisions [default: 127.0.0.1:7180]
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Where memberships, content and grants are managed [default: 127.0.0.1:7181]
    #[arg(long, value_name = "ADDR")]
    admin_listen: Option<String>,
    /// The file that holds the admin token [default: one is made beside the database]
    #[arg(long, value_name = "FILE")]
    admin_token_file: Option<String>,
    /// The file of hashed tokens with their scopes; `conclave token` makes one
    #[arg(long, value_name = "FILE")]
    tokens_file: Option<String>,
    /// Record each decision in this file, as a line of JSON [default: decisions are not recorded]
    #[arg(long, value_name = "FILE")]
    decision_log: Option<String>,
    /// Load the worked example into an empty database, and print what to try
    #[arg(long)]
    demo: bool,
    /// Show every setting and where it came from, and exit
    #[arg(long)]
    print_config: bool,
}

impl Arguments {
    fn load(&self) -> miette::Result<Loaded> {
        let demo = self.demo.then(|| "true".to_owned());
        let more = [
            ("database", &self.store.database),
            ("listen", &self.listen),
            ("admin_listen", &self.admin_listen),
            ("admin_token_file", &self.admin_token_file),
            ("tokens_file", &self.tokens_file),
            ("decision_log.file", &self.decision_log),
            ("demo", &demo),
        ];
        Ok(self.policies.load(more)?)
    }
}

/// Runs the sidecar until it is told to stop.
///
/// # Errors
/// Whatever keeps it from starting.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    let mut loaded = arguments.load()?;
    if arguments.print_config {
        output::print(&loaded.describe())?;
        return Ok(ExitCode::SUCCESS);
    }
    telemetry::start(&loaded.config.log)?;
    for variable in &loaded.unknown_variables {
        tracing::warn!(variable, "this variable sets nothing");
    }
    let limits = &mut loaded.config.limits;
    limits.connections_max = connections_max(limits.connections_max, limits.access_threads());
    // Before there are threads that could look at the environment.
    let handed = Handed::from_env()?;
    loaded.hand_over(handed.addresses().into_diagnostic()?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().into_diagnostic()?;
    runtime.block_on(serve(&loaded.config, handed))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: &Config, handed: Handed) -> miette::Result<()> {
    // Before anything that would have to be closed in order.
    let signals = Signals::listen().into_diagnostic().wrap_err("signals cannot be received")?;
    // Where connections wait already, the server before this one may still be answering its last.
    let wait_max = Duration::from_secs(if handed.is_any() { config.limits.takeover_seconds } else { 0 });
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
    let application = Box::pin(Application::build_after(wait_max, config, clock, random)).await?;
    let listeners = Listeners::open(handed, config).await?;
    let (access, admin) = (listeners.access.address(), listeners.admin.address());
    tracing::info!(version = env!("CARGO_PKG_VERSION"), %access, %admin, "serving");
    if application.demo() != Demo::NotAsked {
        let text = demo::invitation(&application, access, admin, config);
        // Nobody may be there to read it; that is no reason not to serve.
        let _ = io::stdout().write_all(text.as_bytes());
    }
    application.run(listeners, signals.stop()).await;
    tracing::info!("stopped");
    Ok(())
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The number of the next signal.
    async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.terminate.recv() => SignalKind::terminate().as_raw_value(),
            _ = self.interrupt.recv() => SignalKind::interrupt().as_raw_value(),
        }
    }

    /// Once the server shall stop; a second signal then ends the process where it stands.
    async fn stop(mut self) {
        self.next().await;
        tokio::spawn(async move {
            let number = self.next().await;
            tracing::warn!("stopped at once");
            // What the shell says of a process that a signal ended.
            std::process::exit(128 + number);
        });
        tracing::info!("told to stop; a second signal stops at once");
    }
}
