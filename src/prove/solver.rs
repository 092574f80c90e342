//! The solver: a process per worker, with bounds on its time and its memory.

use super::limits::{SOLVER_END_SECONDS, SOLVER_KIBIBYTES_MAX, SOLVER_START_SECONDS};
use cedar_policy_symcc::err::Error as SymbolicError;
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, Env, WellFormedAsserts};
use miette::Diagnostic;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use thiserror::Error;
use tokio::process::Command;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

/// Bounds the memory of what it becomes. Where the system knows no such bound, there is only that on time.
const BOUNDED: &str = r#"ulimit -v "$1" 2>/dev/null; shift; exec "$@""#;

/// There is no solver to ask.
#[derive(Debug, Error, Diagnostic)]
#[error("proofs need the solver cvc5, and `{path}` {why}")]
#[diagnostic(help("install it: apt-get install cvc5\nor say where it is: --solver PATH, or the variable CVC5"))]
pub struct SolverMissing {
    path: String,
    why: String,
}

/// Why the solver did not answer. Never a proof, and never a counterexample.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Open {
    /// It was stopped.
    #[error("the solver took longer than {0} s")]
    Timeout(u32),
    /// It could not tell.
    #[error("the solver gave up")]
    Unknown,
    /// Its process ended or said what nobody understands.
    #[error("the solver failed (it may have {memory} MiB of memory): {0}", memory = SOLVER_KIBIBYTES_MAX / 1024)]
    Failed(String),
    /// The policies cannot be put to it.
    #[error("the policies cannot be put to the solver: {0}")]
    Unsupported(String),
    /// It found an example that the engine decides otherwise, or that could not be read.
    #[error("the solver's example does not hold: {0}")]
    Example(String),
}

/// A solver that is there, and how it may be used.
#[derive(Debug, Clone)]
pub struct Solver {
    path: PathBuf,
    version: String,
    seconds: u32,
}

impl Solver {
    /// Looks for the solver at `path`, or for `cvc5` where programs are looked for; each question may take `seconds`.
    ///
    /// # Errors
    /// [`SolverMissing`] says how to install it.
    pub fn find(path: Option<&Path>, seconds: u32) -> Result<Self, SolverMissing> {
        let path = path.unwrap_or(Path::new("cvc5")).to_owned();
        let missing = |why: String| SolverMissing { path: path.display().to_string(), why };
        let runtime = runtime().map_err(|error| missing(error.to_string()))?;
        let version = runtime.block_on(version(&path)).map_err(missing)?;
        Ok(Self { path, version, seconds })
    }

    /// What it calls itself: `cvc5 1.0.3`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    fn start(&self) -> Result<LocalSolver, Open> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", BOUNDED, "sh", &SOLVER_KIBIBYTES_MAX.to_string()]);
        command.arg(&self.path).args(["--lang", "smt"]).kill_on_drop(true);
        LocalSolver::from_command(&mut command).map_err(|error| Open::Failed(chain(&error)))
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

async fn version(path: &Path) -> Result<String, String> {
    let mut command = Command::new(path);
    command.arg("--version").stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(Duration::from_secs(SOLVER_START_SECONDS), command.output()).await;
    let output = output.map_err(|_| format!("said nothing for {SOLVER_START_SECONDS} s"))?;
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "is not there".to_owned(),
        _ => format!("cannot be run: {error}"),
    })?;
    let said = String::from_utf8_lossy(&output.stdout);
    // `This is cvc5 version 1.0.3`
    let mut words = said.split_whitespace().skip_while(|word| *word != "version").skip(1);
    match words.next() {
        Some(number) if said.contains("cvc5") => Ok(format!("cvc5 {number}")),
        _ => Err("is no cvc5".to_owned()),
    }
}

/// A solver at work. Its process is started when there is something to ask, and again after it was stopped.
#[derive(Debug)]
pub(super) struct Prover<'a> {
    solver: &'a Solver,
    runtime: Runtime,
    running: Option<CedarSymCompiler<LocalSolver>>,
}

impl<'a> Prover<'a> {
    pub(super) fn new(solver: &'a Solver) -> io::Result<Self> {
        Ok(Self { solver, runtime: runtime()?, running: None })
    }

    /// Something that satisfies `asserts`; `None` is the proof that nothing does.
    ///
    /// # Errors
    /// [`Open`] if neither is known.
    pub(super) fn example(&mut self, asserts: &WellFormedAsserts<'_>) -> Result<Option<Env>, Open> {
        let Self { solver, runtime, running } = self;
        runtime.block_on(async {
            let mut compiler = match running.take() {
                Some(compiler) => compiler,
                None => CedarSymCompiler::new(solver.start()?).map_err(|error| open(&error))?,
            };
            let limit = Duration::from_secs(u64::from(solver.seconds));
            let answer = match timeout(limit, compiler.check_sat(asserts)).await {
                Ok(answer) => answer.map_err(|error| open(&error)),
                Err(_) => Err(Open::Timeout(solver.seconds)),
            };
            // What is left of a question that was not answered must not be read as the answer to the next one.
            if answer.is_ok() {
                *running = Some(compiler);
            } else {
                let _ = timeout(Duration::from_secs(SOLVER_END_SECONDS), compiler.solver_mut().clean_up()).await;
            }
            answer
        })
    }
}

/// What an error of the symbolic compiler means for the question.
pub(super) fn open(error: &SymbolicError) -> Open {
    match error {
        SymbolicError::SolverUnknown => Open::Unknown,
        SymbolicError::SolverError(_) => Open::Failed(chain(error)),
        SymbolicError::DecodeModel(_) | SymbolicError::ConcretizeError(_) | SymbolicError::ModelInvalid { .. } => {
            Open::Example(chain(error))
        }
        SymbolicError::PolicyNotWellTyped { errs } => {
            Open::Unsupported(errs.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        }
        _ => Open::Unsupported(chain(error)),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
