//! `conclave export`: everything a database holds, as lines of JSON.

use super::output::Output;
use super::{DatabaseArguments, block_on};
use crate::bulk::export;
use crate::store::{Access, Store};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const DETAILS: &str = "\
One JSON object a line, in an order in which each refers only to what came before:
subscriptions, users, groups, members, folders, items with contacts, grants, invitations,
requests to join, tombstones (ids that are never used again), and what hosts say of entities.
All of it is from one moment, a server may be running, and the same content always gives the
same bytes. Of an invitation's token there is the SHA-256, as in the database.

FILE is made with mode 0600 and appears only when it is complete.

Exit codes: 0 done, 2 misuse or failure.";

/// What `conclave export` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[arg(value_name = "FILE", help = "Where to write; - is standard output")]
    file: PathBuf,
    #[command(flatten)]
    settings: DatabaseArguments,
}

/// Writes the lines.
///
/// # Errors
/// A database that cannot be read, a file that cannot be written.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    let database = arguments.settings.load()?.database_url();
    if arguments.file == Path::new("-") {
        block_on(write(&database, Output::whole()))??;
    } else {
        block_on(write_file(&database, &arguments.file))??;
    }
    Ok(ExitCode::SUCCESS)
}

async fn write_file(database: &str, file: &Path) -> miette::Result<()> {
    let name = file.file_name().ok_or_else(|| miette!("`{}` names no file", file.display()))?;
    let mut partial = name.to_owned();
    partial.push(".partial");
    let partial = file.with_file_name(partial);
    let said = || format!("cannot write `{}`", partial.display());
    let mut options = OpenOptions::new();
    let open: File = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&partial)
        .into_diagnostic()
        .wrap_err_with(said)?;
    let written = write(database, &open).await;
    let finished = written.and_then(|()| {
        open.sync_all().into_diagnostic().wrap_err_with(said)?;
        std::fs::rename(&partial, file).into_diagnostic().wrap_err_with(said)
    });
    if finished.is_err() {
        // Half an export is none; if it cannot be removed, its name says what it is.
        let _ = std::fs::remove_file(&partial);
    }
    finished
}

async fn write(database: &str, out: impl Write) -> miette::Result<()> {
    let store = Store::open(database, Access::ReadOnly).await.into_diagnostic()?;
    let bar = ProgressBar::new(0).with_style(style("lines"));
    let advance = |total: Option<u64>| total.map_or_else(|| bar.inc(1), |total| bar.set_length(total));
    let done = export(&store, &mut BufWriter::new(out), advance).await.into_diagnostic();
    bar.finish_and_clear();
    store.close().await;
    done.map(|_| ())
}

/// A bar on standard error, which draws nothing where that is no terminal.
pub(super) fn style(unit: &str) -> ProgressStyle {
    let (done, total) = if unit == "bytes" { ("{bytes}", "{total_bytes}") } else { ("{human_pos}", "{human_len}") };
    let template = format!("{{wide_bar}} {done}/{total} {{eta}}");
    ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
