//! `conclave diff`: what a change of policies newly allows or denies.

mod report;
mod sides;

use super::proof::{Folder, SolverArguments, advance, bar};
use super::{PolicyArguments, StoreArguments};
use crate::prove::{Change, Replayed, Row, compare};
use clap::{Args, ValueEnum};
use miette::IntoDiagnostic as _;
use report::Report;
use sides::Loaded;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

const DETAILS: &str = "\
For each principal type, action and resource type the solver cvc5 (apt-get install cvc5) proves
whether NEW allows the same as OLD, more, less, or some more and some less. Where they differ
there is an example: a request with its entities, written as files for `conclave eval`, which
OLD and NEW answer differently. Examples are looked for among all entities that the schema
allows, whether a database would ever hold them or not.

With --replay, decisions that were really asked for are made again, by OLD and by NEW, over
what --database holds now or over the entities of a file. What has changed in the database
since they were made changes both alike; how many are answered otherwise than the log says is
told.

Where NEW has another schema than OLD, give it as --schema and the old one as --old-schema.
What both schemas let ask is compared under the new one. Where only one of them lets ask, all
that it allows is newly allowed, or newly denied.

Examples:
  conclave diff policies-before policies
      What has changed, and an example for each change.
  git worktree add /tmp/main main && conclave diff /tmp/main/policies policies --format markdown
      For a comment on a pull request.
  conclave diff policies-before policies --replay decisions.jsonl --database sqlite://conclave.db
      Also how many real decisions change, and which.

Exit codes: 0 nothing is newly allowed, 1 something is, 2 not proved, misuse or failure.";

/// What `conclave diff` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[arg(help = "The old policies: a folder of .cedar files, or one file")]
    old: PathBuf,
    #[arg(help = "The new policies: a folder of .cedar files, or one file")]
    new: PathBuf,
    /// The schema of NEW, and of OLD if --old-schema is not given [default: the built-in schema]
    #[arg(long, value_name = "DIR")]
    schema: Option<String>,
    /// The schema of OLD, where it is another one
    #[arg(long, value_name = "DIR")]
    old_schema: Option<PathBuf>,
    /// A decision log to make the decisions of again: lines of JSON; - is standard input
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArguments,
    /// Make them over these entities, an array in Cedar's JSON form, in place of a database
    #[arg(long, value_name = "FILE", requires = "replay", conflicts_with = "database")]
    entities: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// Where to write the requests that are answered differently, with their entities [default: a new temporary folder]
    #[arg(long, value_name = "DIR")]
    examples: Option<PathBuf>,
    #[command(flatten)]
    solver: SolverArguments,
    /// A TOML file with settings [no file is read by default]
    #[arg(long, value_name = "FILE", env = "CONCLAVE_CONFIG")]
    config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Markdown,
}

/// Compares and prints what came of it.
///
/// # Errors
/// Policies that do not load, no solver, a log or a database that cannot be read, files that cannot be written.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    let settings =
        PolicyArguments { config: arguments.config.clone(), policies: None, schema: arguments.schema.clone() };
    let config = settings.load([("database", &arguments.store.database)])?.config;
    let loaded = Loaded::load(&config, arguments)?;
    let solver = arguments.solver.find()?;
    let bar = bar();
    let rows = compare(loaded.sides(), &solver, &mut advance(&bar)).into_diagnostic()?;
    bar.finish_and_clear();
    let replayed = arguments.replay.as_deref().map(|log| loaded.replay(log, &config, arguments)).transpose()?;
    let code = code(&rows, replayed.as_ref());
    let folder = Folder::new(arguments.examples.clone());
    let report = Report { rows, replayed, folder, sources: loaded.sources() };
    let text = match arguments.format {
        Format::Text => report.text()?,
        Format::Json => report.json()?,
        Format::Markdown => report.markdown()?,
    };
    io::stdout().write_all(text.as_bytes()).into_diagnostic()?;
    Ok(code)
}

/// That something is newly allowed is told before that something is not known.
fn code(rows: &[Row], replayed: Option<&Replayed>) -> ExitCode {
    let allows = rows.iter().any(|row| row.newly_allowed.is_some());
    let is_unknown = rows.iter().any(|row| row.change() == Change::Unproved || !row.unproved.is_empty());
    let unusable = replayed.is_some_and(|replayed| replayed.unusable > 0);
    ExitCode::from(if allows || replayed.is_some_and(|replayed| replayed.newly_allowed > 0) {
        1
    } else if is_unknown || unusable {
        2
    } else {
        0
    })
}
