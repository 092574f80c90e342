//! `conclave eval`: stateless evaluation from files, through the same engine as the server.

mod request;

use super::output::Output;
use super::{PolicyArguments, validate};
use crate::config::limits::EVALUATED_FILE_BYTES_MAX;
use crate::engine::{Bundle, ErrorRule, SourceFile, Validation, elements};
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use request::Answer;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

const DETAILS: &str = "\
REQUESTS is a JSON array of {\"principal\", \"action\", \"resource\", \"context\"}. The first three are
references such as \"User::\\\"director\\\"\" or {\"type\": \"User\", \"id\": \"director\"}. One line of JSON is
printed for each request, in their order:

  {\"decision\":\"Allow\",\"diagnostics\":{\"reason\":[\"policy0\"],\"errors\":[]}}

and for one that cannot be decided {\"error\":\"…\",\"field\":\"action\"}. The files are all there is: no
database is opened, and nobody is denied for not being stored. A policy is called by its @id, or
policy0, policy1… by its place among all of them.

Examples:
  conclave eval --policies my.cedar --schema my.cedarschema --entities who.json --requests ask.json
      Decides by one's own policies.
  conclave eval --entities who.json --requests ask.json
      Decides by the built-in policies.
  jq .requests case.json | conclave eval --policies case.cedar --schema case.cedarschema \\
      --entities case.entities.json --requests - --forbid-errors skip --no-validate
      Decides as Cedar itself does, whether the policies validate or not.

Entities and requests may have 64 MiB each.

Exit codes: 0 every request has its decision, whatever it is, 2 misuse, failure, or a request
has none.";

/// What `conclave eval` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[command(flatten)]
    policies: PolicyArguments,
    /// The entities: a file with an array in Cedar's JSON form; - is standard input
    #[arg(long, value_name = "FILE")]
    entities: PathBuf,
    /// The requests: a file with a JSON array; - is standard input
    #[arg(long, value_name = "FILE")]
    requests: PathBuf,
    /// What a forbid does whose evaluation fails: deny as the server does, or be skipped as Cedar has it
    #[arg(long, value_name = "RULE", value_enum, default_value = "deny")]
    forbid_errors: ForbidErrors,
    /// Run the policies whether they validate or not; without --schema, run without one
    #[arg(long)]
    no_validate: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ForbidErrors {
    Deny,
    Skip,
}

/// Decides every request and prints the answers.
///
/// # Errors
/// Files that cannot be read, policies that do not validate, entities that are none.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    if arguments.entities == Path::new("-") && arguments.requests == Path::new("-") {
        return Err(miette!("--entities and --requests cannot both be standard input"));
    }
    let bundle = arguments.bundle()?;
    print_warnings(&bundle).into_diagnostic()?;
    let entities = bundle.entities(&read(&arguments.entities)?)?;
    let requests = read(&arguments.requests)?;
    let mut out = BufWriter::new(Output::new());
    let mut are_all_decided = true;
    for request in elements(&requests)? {
        let answer = request::answer(&bundle, &entities, request.get());
        are_all_decided &= matches!(answer, Answer::Decided { .. });
        serde_json::to_writer(&mut out, &answer).into_diagnostic()?;
        out.write_all(b"\n").into_diagnostic()?;
    }
    out.flush().into_diagnostic()?;
    Ok(if are_all_decided { ExitCode::SUCCESS } else { ExitCode::from(2) })
}

impl Arguments {
    fn bundle(&self) -> miette::Result<Bundle> {
        let sources = self.policies.load([])?.config.sources();
        let validation = match (self.no_validate, &sources.schema) {
            (false, _) => Validation::Strict,
            (true, Some(_)) => Validation::EntitiesOnly,
            (true, None) => Validation::None,
        };
        let rule = match self.forbid_errors {
            ForbidErrors::Deny => ErrorRule::Deny,
            ForbidErrors::Skip => ErrorRule::Skip,
        };
        Ok(Bundle::stateless(&sources, validation)?.with_error_rule(rule))
    }
}

/// On standard error: what is suspicious may explain an answer, and is no part of it.
fn print_warnings(bundle: &Bundle) -> io::Result<()> {
    let mut out = io::stderr();
    let colored = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    validate::print_all(bundle.warnings(), colored, &mut out)
}

fn read(path: &Path) -> miette::Result<Arc<SourceFile>> {
    let (name, text) = if path == Path::new("-") {
        ("standard input".to_owned(), read_text(io::stdin()))
    } else {
        (path.display().to_string(), File::open(path).and_then(read_text))
    };
    let text = text.into_diagnostic().wrap_err_with(|| format!("cannot read {name}"))?;
    Ok(SourceFile::new(name, text))
}

fn read_text(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    let count = from.take(EVALUATED_FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if count as u64 > EVALUATED_FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {EVALUATED_FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}
