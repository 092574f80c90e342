//! `conclave backup`: a copy of a database, a server running on it or not.

use super::{DatabaseArguments, block_on, export};
use crate::backup::{self, Copied, Progress};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use miette::IntoDiagnostic as _;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

const DETAILS: &str = "\
The copy is of one moment, while a server may go on writing; it is a database of its own,
without free space and without anything that was erased. `conclave restore` puts it back, and
every command that reads a database reads it.

FILE is made with mode 0600, and appears only when it is complete, sound and on the disk. It
holds everything that the database holds: keep it as you keep that. Meanwhile there is
FILE.partial, which is no backup; the folder needs as much room as the database takes, and the
database's log grows with every change made meanwhile.

Exit codes: 0 done, 1 the copy is not sound, so the database is damaged, 2 misuse or failure.";

/// What `conclave backup` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    /// Where to write
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace FILE if it is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    settings: DatabaseArguments,
}

/// Makes the backup and says what it holds.
///
/// # Errors
/// A database that cannot be read, a file that cannot be written or is there already.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    let database = arguments.settings.load()?.database;
    let bar = ProgressBar::new(0).with_style(export::style("bytes"));
    let done = block_on(backup::backup(&database, &arguments.file, arguments.force, |progress| show(&bar, progress)))?;
    bar.finish_and_clear();
    match done {
        Ok(Copied { revision, bytes }) => {
            let file = arguments.file.display();
            writeln!(io::stdout(), "backed up revision {revision} to `{file}`: {bytes} bytes").into_diagnostic()?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if error.is_unsound() => {
            writeln!(io::stderr(), "no backup was made: {error}").into_diagnostic()?;
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error).into_diagnostic(),
    }
}

fn show(bar: &ProgressBar, progress: Progress) {
    match progress {
        Progress::Copied(done, total) => {
            bar.set_length(total.max(done));
            bar.set_position(done);
        }
        Progress::Verifying => {
            bar.set_style(ProgressStyle::default_spinner());
            bar.set_message("verifying");
            bar.tick();
        }
    }
}
