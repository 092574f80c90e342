//! `conclave import`: lines of JSON into a database.

use super::{DatabaseArguments, block_on, export, output};
use crate::admin::{Clock as _, SystemClock};
use crate::bulk::import::TRANSACTION_LINES;
use crate::bulk::{ImportError, Imported, Plan, import};
use crate::config::Config;
use crate::store::{Access, Store};
use clap::Args;
use indicatif::ProgressBar;
use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const DETAILS: &str = "\
The lines are those of `conclave export`: each refers only to what stands before it, or is in the
database already. Every line is held to the rules that `conclave doctor` checks; limits of
subscriptions are not consulted (a plan may have become smaller).

The database is made if there is none. No server may run on it.

Without --atomic every 100,000 lines are kept as they are done: running the same command again goes
on from there, and notices if that part of the file was changed. Nothing after the first line that
is refused is imported; mend that line and run it again.

Exit codes: 0 done, 1 a line is refused, 2 misuse or failure.";

/// What `conclave import` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[arg(value_name = "FILE", help = "What to read; - is standard input (with --atomic)")]
    file: PathBuf,
    /// Everything in one transaction: all or nothing
    #[arg(long)]
    atomic: bool,
    /// Begin at the first line, whatever an earlier import left unfinished
    #[arg(long)]
    restart: bool,
    #[command(flatten)]
    settings: DatabaseArguments,
}

/// Reads the lines into the database.
///
/// # Errors
/// A file that cannot be read, a database that cannot be owned or written.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    if arguments.file == Path::new("-") && !arguments.atomic {
        return Err(miette!("standard input cannot be gone on with: give --atomic, or a file"));
    }
    let config = arguments.settings.load()?;
    // Before a database is made for it.
    let length = length(&arguments.file)?;
    match block_on(read(arguments, &config, length))?? {
        Ok(done) => {
            let again =
                if done.skipped > 0 { format!(" after {} of an earlier run", done.skipped) } else { String::new() };
            let said = format!("imported {} lines{again}; the revision is {}", done.lines, done.revision);
            output::print(&format!("{said}\n"))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error @ ImportError::Refused { .. }) => {
            let kept = if arguments.atomic { "nothing was imported" } else { "run it again once the line is mended" };
            writeln!(io::stderr(), "{}: {error}; {kept}", arguments.file.display()).into_diagnostic()?;
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error).into_diagnostic(),
    }
}

/// Of a file that can be read, how many bytes it has.
fn length(file: &Path) -> miette::Result<u64> {
    if file == Path::new("-") {
        return Ok(0);
    }
    let said = || format!("cannot read `{}`", file.display());
    let file = File::open(file).into_diagnostic().wrap_err_with(said)?;
    Ok(file.metadata().into_diagnostic().wrap_err_with(said)?.len())
}

async fn read(arguments: &Arguments, config: &Config, length: u64) -> miette::Result<Result<Imported, ImportError>> {
    let plan = Plan {
        transaction_lines: (!arguments.atomic).then_some(TRANSACTION_LINES),
        restart: arguments.restart,
        kinds: &config.tool_kinds,
        now_ms: SystemClock.now_ms(),
    };
    let store = Store::open(&config.database_url(), Access::Own).await.into_diagnostic()?;
    let bar = ProgressBar::new(length).with_style(export::style("bytes"));
    let done = import(&store, || open(&arguments.file), plan, |bytes| bar.inc(bytes)).await;
    bar.finish_and_clear();
    store.close().await;
    Ok(done)
}

fn open(file: &Path) -> io::Result<BufReader<Box<dyn Read + Send>>> {
    const BUFFER_BYTES: usize = 1024 * 1024;
    let file: Box<dyn Read + Send> =
        if file == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(file)?) };
    Ok(BufReader::with_capacity(BUFFER_BYTES, file))
}
