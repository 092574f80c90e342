//! `conclave fmt`: policies in Cedar's own layout.

use super::{PolicyArguments, output, validate};
use crate::engine::limits::SOURCE_FILE_BYTES_MAX;
use crate::engine::{Problem, SourceFile, files, formatted};
use clap::Args;
use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

const DETAILS: &str = "\
Policies keep their meaning and their comments; only spaces and line ends change. A file with a
mistake is left as it is.

Examples:
  conclave fmt policies
      Lays out every .cedar file of the folder, in place.
  conclave fmt --check policies
      For a build: changes nothing, lists the files that would change.
  conclave fmt - < mine.cedar
      From standard input to standard output, for editors.

Exit codes: 0 all is laid out, 1 with --check: a file would change, 2 misuse or failure.";

/// What `conclave fmt` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[arg(value_name = "PATH", help = "Files and folders of .cedar files; - is standard input [default: --policies]")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    policies: PolicyArguments,
    /// Change nothing, and say what would change
    #[arg(long)]
    check: bool,
}

/// Lays files out.
///
/// # Errors
/// Nothing to lay out, a file that cannot be written.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    if arguments.paths == [Path::new("-")] {
        return standard_input(arguments.check);
    }
    let (mut changed, mut problems) = (Vec::new(), Vec::new());
    for path in paths(arguments, &mut problems)? {
        match laid_out(&path) {
            Ok(Some(text)) => changed.push((path, text)),
            Ok(None) => {}
            Err(more) => problems.extend(more),
        }
    }
    for (path, text) in &changed {
        if !arguments.check {
            replace(path, text)?;
        }
    }
    let verb = if arguments.check { "would change" } else { "laid out" };
    for (path, _) in &changed {
        output::print(&format!("{verb}: {}\n", path.display()))?;
    }
    validate::print_all(&problems, false, &mut io::stderr()).into_diagnostic()?;
    Ok(match (problems.is_empty(), arguments.check && !changed.is_empty()) {
        (false, _) => ExitCode::from(2),
        (true, true) => ExitCode::FAILURE,
        (true, false) => ExitCode::SUCCESS,
    })
}

fn paths(arguments: &Arguments, problems: &mut Vec<Problem>) -> miette::Result<Vec<PathBuf>> {
    let mut named = arguments.paths.clone();
    if named.is_empty() {
        named.extend(arguments.policies.load([])?.config.sources().policies);
    }
    if named.is_empty() {
        return Err(miette!(help = "conclave fmt policies", "no file and no folder is named"));
    }
    if named.iter().any(|path| path == Path::new("-")) {
        return Err(miette!("standard input cannot be laid out together with files"));
    }
    let mut paths = Vec::new();
    for path in named {
        match if path.is_dir() { files(&path, &[".cedar"]) } else { Ok(vec![path]) } {
            Ok(found) => paths.extend(found),
            Err(problem) => problems.push(problem),
        }
    }
    Ok(paths)
}

/// The new text of a file; `None` if it is laid out already.
fn laid_out(path: &Path) -> Result<Option<String>, Vec<Problem>> {
    let file = SourceFile::read(path, SOURCE_FILE_BYTES_MAX).map_err(|problem| vec![problem])?;
    Ok(Some(formatted(&file)?).filter(|text| **text != *file.text))
}

fn standard_input(is_check: bool) -> miette::Result<ExitCode> {
    let mut text = String::new();
    let count = io::stdin().take(SOURCE_FILE_BYTES_MAX + 1).read_to_string(&mut text);
    if count.into_diagnostic().wrap_err("cannot read standard input")? as u64 > SOURCE_FILE_BYTES_MAX {
        return Err(miette!("standard input is larger than {SOURCE_FILE_BYTES_MAX} bytes"));
    }
    let file: Arc<SourceFile> = SourceFile::new("standard input", text);
    match formatted(&file) {
        Ok(text) if is_check => Ok(if *text == *file.text { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        Ok(text) => output::print(&text).map(|()| ExitCode::SUCCESS),
        Err(problems) => {
            validate::print_all(&problems, false, &mut io::stderr()).into_diagnostic()?;
            Ok(ExitCode::from(2))
        }
    }
}

/// Puts the text in the place of the file at once: whoever reads it meanwhile reads the old or the new one.
fn replace(path: &Path, text: &str) -> miette::Result<()> {
    let said = || format!("cannot write {}", path.display());
    // Through a link, the file behind it.
    let path = path.canonicalize().into_diagnostic().wrap_err_with(said)?;
    let mut partial = path.file_name().unwrap_or_default().to_owned();
    partial.push(".partial");
    let partial = path.with_file_name(partial);
    let written = std::fs::metadata(&path)
        .and_then(|known| std::fs::write(&partial, text).map(|()| known.permissions()))
        .and_then(|permissions| std::fs::set_permissions(&partial, permissions))
        .and_then(|()| std::fs::rename(&partial, &path));
    if written.is_err() {
        // Its name says what it is, if it cannot be removed.
        let _ = std::fs::remove_file(&partial);
    }
    written.into_diagnostic().wrap_err_with(said)
}
