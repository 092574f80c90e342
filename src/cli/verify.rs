//! `conclave verify`: proofs that policies keep their properties.

mod report;

use super::proof::{Folder, SolverArguments, advance, bar};
use super::{PolicyArguments, validate};
use crate::engine::Bundle;
use crate::prove::{Checked, NONE_FAILS, NONE_IS_DEAD, Property, Verdict, verify};
use clap::Args;
use miette::{IntoDiagnostic as _, miette};
use report::Report;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

const DETAILS: &str = "\
A property is a file of Cedar policies that says what policies may allow at most: whatever they
allow, it must allow. With @direction(\"at least\") it says what they must allow. Which
principals, actions and resources it is about, its scopes say. Two properties need no file:
that no policy can fail to be evaluated, and that each decides something.

Nothing is sampled: the solver cvc5 (apt-get install cvc5) looks at every request and every set
of entities that the schema allows. Where a property does not hold, it finds a request that
shows it, which is written with its entities as files for `conclave eval`. What it cannot tell
in time is not proved, which is never taken for proved.

Examples:
  conclave verify
      Proves the built-in properties of the built-in policies.
  conclave verify --policies my-policies --properties my-properties --counterexamples wrong
      Proves one's own, and writes what refutes them into a folder.
  conclave verify --policies my-policies --only S2 --only no-policy-is-dead
      Two of them alone.

docs/verify.md says how to write a property.

Exit codes: 0 all proved, 1 a property does not hold, 2 not proved, misuse or failure.";

/// What `conclave verify` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[command(flatten)]
    policies: PolicyArguments,
    /// A folder of properties: .cedar files [default: the built-in ones]
    #[arg(long, value_name = "DIR")]
    properties: Option<PathBuf>,
    /// Only this property; may be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Where to write the requests that show what is wrong, with their entities [default: a new temporary folder]
    #[arg(long, value_name = "DIR")]
    counterexamples: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    solver: SolverArguments,
}

/// Proves and prints what came of it.
///
/// # Errors
/// Policies or properties that do not load, no solver, files that cannot be written.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    let sources = arguments.policies.load([])?.config.sources();
    let bundle = Bundle::load(&sources)?;
    let claims = Bundle::claims(arguments.properties.as_deref(), &sources)?;
    // A property that never applies is proved, and proves nothing.
    let mut err = io::stderr();
    let colored = err.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    validate::print_all(claims.warnings(), colored, &mut err).into_diagnostic()?;
    let properties = arguments.chosen(Property::all(&claims)?)?;
    let solver = arguments.solver.find()?;
    let (begun, bar) = (Instant::now(), bar());
    let mut checked = verify(&bundle, &properties, &solver, &mut advance(&bar)).into_diagnostic()?;
    bar.finish_and_clear();
    checked.retain(|one| arguments.is_chosen(&one.name));
    let report = Report {
        checked,
        folder: Folder::new(arguments.counterexamples.clone()),
        sources,
        solver: solver.version().to_owned(),
        time: begun.elapsed(),
    };
    let code = code(&report.checked);
    let text = if arguments.json { report.json()? } else { report.text()? };
    io::stdout().write_all(text.as_bytes()).into_diagnostic()?;
    Ok(code)
}

impl Arguments {
    /// The properties that are asked for.
    fn chosen(&self, mut properties: Vec<Property>) -> miette::Result<Vec<Property>> {
        let names = properties.iter().map(|property| property.name.as_str());
        let names: Vec<_> = names.chain([NONE_FAILS, NONE_IS_DEAD]).collect();
        if let Some(unknown) = self.only.iter().find(|name| !names.contains(&name.as_str())) {
            return Err(miette!("there is no property `{unknown}`, but {}", names.join(", ")));
        }
        properties.retain(|property| self.is_chosen(&property.name));
        Ok(properties)
    }

    fn is_chosen(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|chosen| chosen == name)
    }
}

fn code(checked: &[Checked]) -> ExitCode {
    let any = |verdict| checked.iter().any(|one| one.verdict() == verdict);
    ExitCode::from(if any(Verdict::Refuted) {
        1
    } else if any(Verdict::Unproved) {
        2
    } else {
        0
    })
}
