//! `conclave restore`: a backup in place of a database.

use super::{DatabaseArguments, block_on};
use crate::admin::{Clock as _, SystemClock};
use crate::backup::{self, Restored};
use clap::Args;
use miette::IntoDiagnostic as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

const DETAILS: &str = "\
FILE is copied, brought to the schema version of this conclave, and held to everything that
`conclave doctor` checks; only then does the copy take the place of the database. FILE itself
is left as it is. What was there before is kept beside it, as DATABASE.before-TIME. The admin
token stays.

No server may run on the database. The restore counts the revision up by 1,000,000,000, so that
no revision is ever given twice: changes made after the backup are lost, and whoever follows
the changes is told by `Store::\"*\"` to read everything anew.

Exit codes: 0 done, 1 FILE is not sound, 2 misuse or failure. Unless it is done, nothing has
changed.";

/// What `conclave restore` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    /// What `conclave backup` has made
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the database if there is one
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    settings: DatabaseArguments,
}

/// Puts the backup in place and says what became of it.
///
/// # Errors
/// A backup that cannot be read, a database that is there already or in use.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    let config = arguments.settings.load()?;
    let (file, now_ms) = (&arguments.file, SystemClock.now_ms());
    let done = block_on(backup::restore(file, &config.database, arguments.force, &config.tool_kinds, now_ms))?;
    match done {
        Ok(restored) => {
            io::stdout().write_all(said(&restored).as_bytes()).into_diagnostic()?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if error.is_unsound() => {
            writeln!(io::stderr(), "nothing was restored: {error}").into_diagnostic()?;
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error).into_diagnostic(),
    }
}

fn said(restored: &Restored) -> String {
    let Restored { from, revision, database, kept } = restored;
    let done = format!("restored revision {from} to `{}`; its revision is now {revision}\n", database.display());
    match kept {
        Some(kept) => format!("{done}what was there before is `{}`\n", kept.display()),
        None => done,
    }
}
