//! What `verify` and `diff` have in common: the solver, the bar, the files of examples.

use crate::prove::limits::SOLVER_SECONDS;
use crate::prove::{Environment, Example, Files, Solver};
use clap::Args;
use indicatif::ProgressBar;
use miette::{IntoDiagnostic as _, WrapErr as _};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How the solver is found and bounded.
#[derive(Debug, Args)]
pub(super) struct SolverArguments {
    /// The solver cvc5 [default: the cvc5 that is found as programs are; apt-get install cvc5]
    #[arg(long, value_name = "PATH", env = "CVC5")]
    solver: Option<PathBuf>,
    /// How long the solver may take for one question; what takes longer is not proved
    #[arg(long, value_name = "SECONDS", default_value_t = SOLVER_SECONDS, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    timeout: u32,
}

impl SolverArguments {
    pub(super) fn find(&self) -> miette::Result<Solver> {
        Ok(Solver::find(self.solver.as_deref(), self.timeout)?)
    }
}

/// A bar over environments, for people who watch.
pub(super) fn bar() -> ProgressBar {
    ProgressBar::new(0).with_style(super::export::style("environments"))
}

/// Tells a bar how far it is.
pub(super) fn advance(bar: &ProgressBar) -> impl FnMut(usize, usize) {
    |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    }
}

/// Where examples are written: a folder that was asked for, or a new one that is made when there is one to write.
#[derive(Debug)]
pub(super) struct Folder {
    asked: Option<PathBuf>,
    made: Option<PathBuf>,
}

impl Folder {
    pub(super) fn new(asked: Option<PathBuf>) -> Self {
        Self { asked, made: None }
    }

    /// Writes an example as `NAME.PRINCIPAL.ACTION.RESOURCE`.
    pub(super) fn write(&mut self, example: &Example, of: &str, environment: &Environment) -> miette::Result<Files> {
        let folder = self.path()?.to_owned();
        let written = example.write(&folder, &environment.example_name(of)).into_diagnostic();
        written.wrap_err_with(|| format!("cannot write into {}", folder.display()))
    }

    fn path(&mut self) -> miette::Result<&Path> {
        let path = match (self.asked.clone(), self.made.take()) {
            (Some(asked), _) => asked,
            (None, Some(made)) => made,
            (None, None) => temporary().into_diagnostic().wrap_err("cannot make a folder for examples")?,
        };
        Ok(self.made.insert(path))
    }
}

/// A folder that was not there before: what somebody else put there is neither used nor followed.
fn temporary() -> io::Result<PathBuf> {
    let base = std::env::temp_dir();
    let mut number = std::process::id();
    loop {
        let path = base.join(format!("conclave-examples-{number}"));
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number = number.wrapping_add(1),
            made => return made.map(|()| path),
        }
    }
}

/// A path as a shell takes it.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The command that decides an example again.
pub(super) fn eval(policies: Option<&Path>, schema: Option<&Path>, files: &Files) -> String {
    let option = |name: &str, path: Option<&Path>| path.map(|path| format!(" --{name} {}", quoted(path)));
    format!(
        "conclave eval{}{} --entities {} --requests {}",
        option("policies", policies).unwrap_or_default(),
        option("schema", schema).unwrap_or_default(),
        quoted(&files.entities),
        quoted(&files.requests)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_survive_the_shell() {
        assert_eq!(quoted(Path::new("a/b.json")), "a/b.json");
        assert_eq!(quoted(Path::new("it's here")), "'it'\\''s here'");
        assert_eq!(quoted(Path::new("")), "''");
    }

    #[test]
    fn every_temporary_folder_is_another() {
        let (first, second) = (temporary().unwrap(), temporary().unwrap());
        assert_ne!(first, second);
        fs::remove_dir(first).unwrap();
        fs::remove_dir(second).unwrap();
    }
}
