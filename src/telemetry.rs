//! What the server says about itself: log lines on standard error.

use crate::config::{Log, LogFormat};
use std::io::IsTerminal as _;
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// Why nothing can be logged.
#[derive(Debug, Error, miette::Diagnostic)]
pub enum TelemetryError {
    /// The filter is none.
    #[error("`log.filter` is no filter")]
    Filter(#[from] ParseError),
    /// Somebody else logs in this process already.
    #[error("logging is set up already")]
    Taken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Reads a filter such as `info,conclave::http=debug`.
///
/// # Errors
/// [`ParseError`] says which part is none.
pub fn filter(text: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().parse(text)
}

/// Logs to standard error from now on: for people on a terminal, as JSON otherwise.
///
/// # Errors
/// [`TelemetryError`] if the filter is none or something logs already.
pub fn start(log: &Log) -> Result<(), TelemetryError> {
    let json = match log.format {
        LogFormat::Json => true,
        LogFormat::Human => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter(&log.filter)?).with_writer(std::io::stderr);
    let started = if json {
        lines.json().flatten_event(true).try_init()
    } else {
        lines.with_ansi(std::io::stderr().is_terminal()).try_init()
    };
    started.map_err(TelemetryError::Taken)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

// Where, and not what: the message of a panic may hold whatever a request brought.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(String::new, ToString::to_string);
    let what = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(message withheld)");
    tracing::error!(place, what, "a part of the program gave up");
}
