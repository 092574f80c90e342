//! `conclave test`: tests of policies, with what they covered.

mod json;
mod junit;
mod text;
mod watch;

use super::{PolicyArguments, output, validate};
use crate::config::Config;
use crate::engine::{Bundle, Problem, Validation};
use crate::workbench::{Run, Suite};
use clap::Args;
use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const DETAILS: &str = "\
A file of tests has a world and what is asked in it:

  world:
    groups:
      - {id: team, administrator: ann, members: [ben]}
  tests:
    - name: everyone in a group sees its documents
      principal: [User::\"ann\", User::\"ben\"]
      action: view
      resource: Tool::\"group:team/documents\"
      expect: allow
      by: [group-content-view]

`entities` in the place of `world`, or beside it, is a list in Cedar's JSON form, or the name
of a file of it. `by` (all determining policies), `context`, `rule` and `fails` may be left out.
docs/policies.md says it all.

After the tests stands what they came to: for each policy, and for each condition in it,
whether it was true at least once and false at least once.

Examples:
  conclave test policies/tests
      Tests the built-in policies.
  conclave test tests --policies policies --schema schema --min-coverage 100 --junit tests.xml
      For a build: fails unless everything was seen both ways.
  conclave test tests --policies policies --filter 'drop folder' --watch
      Runs what has this in its name, again after each change of a file.

Exit codes: 0 all as expected, 1 a test fails or the coverage is too low, 2 misuse or failure.";

/// What `conclave test` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[arg(value_name = "DIR", help = "A folder of tests (*.yaml, *.yml, *.json; sub-folders too), or one file")]
    place: PathBuf,
    #[command(flatten)]
    policies: PolicyArguments,
    /// Run only the tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Run them again whenever policies, schema or tests change, until interrupted
    #[arg(long)]
    watch: bool,
    /// Also write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Print everything as one JSON object
    #[arg(long)]
    json: bool,
    /// Fail if less than this of the outcomes of policies and conditions was seen
    #[arg(long, value_name = "PERCENT", value_parser = percent, conflicts_with = "filter")]
    min_coverage: Option<Hundredths>,
}

/// Hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hundredths(usize);

/// Runs the tests and prints what came of them.
///
/// # Errors
/// Policies that do not validate, tests that cannot be read.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    let config = arguments.policies.load([])?.config;
    if arguments.watch { watch::run(arguments, &config) } else { once(arguments, &config) }
}

fn once(arguments: &Arguments, config: &Config) -> miette::Result<ExitCode> {
    let bundle = Bundle::stateless(&config.sources(), Validation::Strict)?;
    let suite = match Suite::read(&bundle, &config.tool_kinds, &arguments.place) {
        Ok(suite) => suite,
        Err(problems) => return told(&problems),
    };
    let run = suite.run(&bundle, arguments.filter.as_deref());
    if let Some(filter) = arguments.filter.as_ref().filter(|_| run.ran.is_empty()) {
        return Err(miette!("no test has `{filter}` in its name"));
    }
    let is_covered = arguments.min_coverage.is_none_or(|wanted| run.coverage.hundredths() >= wanted.0);
    if let Some(path) = &arguments.junit {
        write(path, &junit::report(&run))?;
    }
    let wanted = arguments.min_coverage.filter(|_| !is_covered);
    output::print(&if arguments.json { json::report(&run) } else { text::report(&run, wanted) })?;
    let is_fine = run.failed() == 0 && is_covered && excuses_hold(arguments, &run);
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Of a part of the tests nothing can be said about what all of them come to.
fn excuses_hold(arguments: &Arguments, run: &Run<'_>) -> bool {
    arguments.filter.is_some() || run.coverage.wrong.is_empty()
}

fn told(problems: &[Problem]) -> miette::Result<ExitCode> {
    validate::print_all(problems, false, &mut io::stderr()).into_diagnostic()?;
    Ok(ExitCode::from(2))
}

fn write(path: &Path, text: &str) -> miette::Result<()> {
    std::fs::write(path, text).into_diagnostic().wrap_err_with(|| format!("cannot write {}", path.display()))
}

/// `100`, `97.5`: exact, as a build hangs on it.
fn percent(text: &str) -> Result<Hundredths, String> {
    let wrong = || format!("`{text}` is no percentage from 0 to 100, with two decimals at most");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) || part.len() > 2 {
        return Err(wrong());
    }
    let number: usize = format!("{whole}{part:0<2}").parse().map_err(|_| wrong())?;
    if number > 10_000 { Err(wrong()) } else { Ok(Hundredths(number)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_exact() {
        for (text, hundredths) in [("0", 0), ("97.5", 9_750), ("99.99", 9_999), ("100", 10_000), ("100.00", 10_000)] {
            assert_eq!(percent(text), Ok(Hundredths(hundredths)), "{text}");
        }
        for text in ["", ".", ".5", "-1", "1e2", "100.01", "101", "5.123", "five", "99999999999999999999"] {
            assert!(percent(text).is_err(), "{text}");
        }
    }
}
