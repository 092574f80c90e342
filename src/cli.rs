//! The command line: one file per subcommand.
//!
//! Turns arguments into a configuration, runs, and turns what came of it into an exit code.

pub mod backup;
pub mod bench;
pub mod check;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod eval;
pub mod explain;
pub mod export;
pub mod fmt;
pub mod health;
pub mod import;
pub mod matrix;
mod output;
mod proof;
mod question;
pub mod restore;
pub mod serve;
pub mod test;
pub mod token;
pub mod validate;
pub mod verify;

use crate::config::{self, Config, ConfigError, Flags, Loaded};
use clap::{Args, Parser, Subcommand};
use miette::IntoDiagnostic as _;
use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  conclave serve --demo
      Starts the sidecar with the worked example and prints what to try.
  conclave check 'User::\"secretary\"' view_details 'Tool::\"user:director/calendar\"'
      Decides one question against ./conclave.db and says why.
  conclave explain 'User::\"salesman-1\"' add 'Tool::\"group:production/documents\"'
      The same in full: what is missing, and what would allow it.
  conclave validate --policies policies --schema schema
      Checks a set of policies and shows every mistake in its place.
  conclave test policies/tests
      Runs tests of policies and says what they covered.

Every setting is taken from its flag, else from its CONCLAVE_* variable (--admin-listen is
CONCLAVE_ADMIN_LISTEN), else from the TOML file named by --config, else it has a default.
`conclave serve --print-config` shows all of them and where each came from.

Exit codes: 0 success, 1 the answer is no, 2 misuse or failure.";

/// An authorization sidecar for applications in which people work in groups.
///
/// Host applications ask it over local HTTP whether a principal may do an action on a resource. It
/// decides by Cedar policies over entities that it keeps itself.
#[derive(Debug, Parser)]
#[command(name = "conclave", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the sidecar.
    Serve(serve::Arguments),
    /// Decide one question against a database file, without a server.
    Check(check::Arguments),
    /// Decide one question against a database file, and say in full why: policies, roles, grants, what is missing.
    Explain(explain::Arguments),
    /// Check policies and schema, and show every mistake with file, line and caret.
    Validate(validate::Arguments),
    /// Run tests of policies, and say what of the policies they came to.
    Test(test::Arguments),
    /// Prove what policies can and cannot do, and show a request where they do otherwise.
    Verify(verify::Arguments),
    /// Prove what one folder of policies allows or denies that another does not.
    Diff(diff::Arguments),
    /// Lay policies out as Cedar does.
    Fmt(fmt::Arguments),
    /// Draw tables of who may do what.
    Matrix(matrix::Arguments),
    /// Decide requests from files, without a server or a database.
    Eval(eval::Arguments),
    /// Ask the server on this machine whether it is ready.
    Health(health::Arguments),
    /// Make a token, and the line by which a server knows it.
    Token(token::Arguments),
    /// Check that a database keeps every invariant of the rules.
    Doctor(doctor::Arguments),
    /// Write everything a database holds as lines of JSON.
    Export(export::Arguments),
    /// Read lines of JSON into a database.
    Import(import::Arguments),
    /// Copy a database to a file, a server running on it or not.
    Backup(backup::Arguments),
    /// Put a backup in place of a database.
    Restore(restore::Arguments),
    /// Measure how long decisions take, of a running server or in this process.
    Bench(bench::Arguments),
}

/// Where the configuration and the policies are.
#[derive(Debug, Args)]
pub struct PolicyArguments {
    /// A TOML file with settings [no file is read by default]
    #[arg(long, value_name = "FILE", env = "CONCLAVE_CONFIG")]
    pub config: Option<PathBuf>,
    /// A folder of .cedar files, or one file [default: the built-in policies]
    #[arg(long, value_name = "DIR")]
    pub policies: Option<String>,
    /// A folder of .cedarschema and .json files, or one file, in place of the built-in schema; they add to each other's
    /// types and actions, so to extend the built-in one put a copy of groups.cedarschema beside your own [default: the
    /// built-in schema]
    #[arg(long, value_name = "DIR")]
    pub schema: Option<String>,
}

/// What `--database` takes.
const DATABASE_HELP: &str =
    "The database: sqlite://PATH, a path, or postgres://USER@HOST:PORT/DATABASE [default: sqlite://conclave.db]";

/// Where the store is.
#[derive(Debug, Args)]
pub struct StoreArguments {
    #[arg(long, value_name = "URL", help = DATABASE_HELP)]
    #[expect(missing_docs, reason = "its help says what it is")]
    pub database: Option<String>,
}

/// A database, and the settings that say what it should hold: for commands that ask no policies.
#[derive(Debug, Args)]
pub struct DatabaseArguments {
    #[command(flatten)]
    store: StoreArguments,
    /// A TOML file with settings [no file is read by default]
    #[arg(long, value_name = "FILE", env = "CONCLAVE_CONFIG")]
    config: Option<PathBuf>,
}

impl DatabaseArguments {
    /// The configuration: these flags over the environment, the file and the defaults.
    ///
    /// # Errors
    /// [`ConfigError`] names what is wrong and where it stands.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let settings = PolicyArguments { config: self.config.clone(), policies: None, schema: None };
        Ok(settings.load([("database", &self.store.database)])?.config)
    }
}

/// Does one thing from beginning to end, on this thread.
///
/// # Errors
/// If the system has no means to wait for sockets and time.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> miette::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().into_diagnostic()?;
    Ok(runtime.block_on(future))
}

impl PolicyArguments {
    /// The configuration: these flags and `more` over the environment, the file and the defaults.
    ///
    /// # Errors
    /// [`ConfigError`] names what is wrong and where it stands.
    pub fn load<'a>(
        &self,
        more: impl IntoIterator<Item = (&'static str, &'a Option<String>)>,
    ) -> Result<Loaded, ConfigError> {
        let given = |(key, value): (&'static str, &Option<String>)| Some((key, value.clone()?));
        let own = [("policies", &self.policies), ("schema", &self.schema)];
        let mut flags: Flags = own.into_iter().filter_map(given).collect();
        flags.extend(more.into_iter().filter_map(given));
        // A variable that is not Unicode is none of ours.
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        config::load(self.config.as_deref(), variables, &flags)
    }
}

/// Runs the command that `arguments` name.
///
/// # Errors
/// What stands in the way, for a person to read; the exit code is 2 then.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    match run_command(&arguments.command) {
        Err(_) if output::is_cut_off() => Ok(ExitCode::from(2)),
        result => result,
    }
}

fn run_command(command: &Command) -> miette::Result<ExitCode> {
    match command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Validate(arguments) => validate::run(arguments),
        Command::Test(arguments) => test::run(arguments),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::Fmt(arguments) => fmt::run(arguments),
        Command::Matrix(arguments) => matrix::run(arguments),
        Command::Eval(arguments) => eval::run(arguments),
        Command::Health(arguments) => health::run(arguments),
        Command::Token(arguments) => token::run(arguments),
        Command::Doctor(arguments) => doctor::run(arguments),
        Command::Export(arguments) => export::run(arguments),
        Command::Import(arguments) => import::run(arguments),
        Command::Backup(arguments) => backup::run(arguments),
        Command::Restore(arguments) => restore::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn help_shows_examples_variables_and_exit_codes() {
        let help = Arguments::command().render_long_help().to_string();
        for part in ["serve --demo", "CONCLAVE_", "Exit codes", "validate"] {
            assert!(help.contains(part), "{part}");
        }
    }

    #[test]
    fn lines_of_help_are_short_enough_to_stay_whole() {
        for command in Arguments::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in help.lines() {
                assert!(line.chars().count() <= 100, "{}: {line}", command.get_name());
            }
        }
    }

    #[test]
    fn misuse_is_exit_code_2() {
        for line in [&["conclave", "serv"][..], &["conclave", "serve", "--nope"], &["conclave", "check", "a"]] {
            assert_eq!(Arguments::try_parse_from(line).unwrap_err().exit_code(), 2);
        }
    }
}
