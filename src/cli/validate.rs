//! `conclave validate`: whether policies and schema would load, and everything that is wrong with them.

mod github;
mod json;
mod sarif;

use super::{PolicyArguments, output};
use crate::engine::{Examination, Problem, Summary};
use clap::{Args, ValueEnum};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

const DETAILS: &str = "\
Every file is read, and every error and warning told at once: syntax, types, unknown names with
what was meant, attributes read without `has`, policies that look too deep or can never apply,
forbids that may fail, ids that are missing or stand twice, policies without @rule. Warnings
alone are exit code 0.

Examples:
  conclave validate --policies policies --schema schema
      Shows each problem with its line and a caret.
  conclave validate --policies policies --format github
      The same as annotations of the files, in a workflow of GitHub.
  conclave validate --policies policies --format sarif > conclave.sarif
      The same for what reads SARIF 2.1.0, code scanning for one.

Exit codes: 0 no mistakes, 1 mistakes, 2 misuse, or nothing there that can be read.";

/// What `conclave validate` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[command(flatten)]
    policies: PolicyArguments,
    /// How problems are written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people: line and caret
    Text,
    /// One JSON object
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Commands of a workflow of GitHub
    Github,
}

/// Writes every error and warning, and whether the set is valid.
///
/// # Errors
/// A configuration that cannot be read, or standard output that cannot be written to.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    let found = Examination::of(&arguments.policies.load([])?.config.sources());
    output::print(&match arguments.format {
        Format::Text => text(&found, output::is_colored()),
        Format::Json => json::report(&found),
        Format::Sarif => sarif::report(&found),
        Format::Github => github::report(&found) + &summed_up(&found),
    })?;
    Ok(match found.is_read() {
        true if found.is_valid() => ExitCode::SUCCESS,
        true => ExitCode::FAILURE,
        false => ExitCode::from(2),
    })
}

/// Every problem with file, line and caret, then one line that sums up.
fn text(found: &Examination, colored: bool) -> String {
    let problems = found.problems.iter().map(|problem| render(problem, colored) + "\n");
    problems.collect::<String>() + &summed_up(found)
}

fn summed_up(found: &Examination) -> String {
    let (errors, all) = (found.errors(), found.problems.len());
    if let Some(summary) = found.summary {
        return format!("{}: valid{}\n", size(summary), counted(", with", all, "warning"));
    }
    let warnings = counted(" and", all - errors, "warning");
    format!("invalid: {}{warnings}\n", counted("", errors, "error").trim_start())
}

/// Writes problems as people read them.
///
/// # Errors
/// If `out` cannot be written to.
pub(super) fn print_all(problems: &[Problem], colored: bool, out: &mut dyn Write) -> io::Result<()> {
    problems.iter().try_for_each(|problem| writeln!(out, "{}", render(problem, colored)))
}

fn render(problem: &dyn Diagnostic, colored: bool) -> String {
    let theme = if colored { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let mut report = String::new();
    // Writing to a String cannot fail.
    let _ = GraphicalReportHandler::new_themed(theme).with_links(false).render_report(&mut report, problem);
    report
}

fn size(summary: Summary) -> String {
    let Summary { policies, actions, level } = summary;
    let noun = if policies == 1 { "policy" } else { "policies" };
    format!("{policies} {noun}, {actions} actions, level {level} at most")
}

/// ` 2 errors` after `before`; nothing for none.
fn counted(before: &str, count: usize, what: &str) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match count {
        0 => Ok(()),
        1 => write!(text, "{before} 1 {what}"),
        many => write!(text, "{before} {many} {what}s"),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Sources;
    use std::fs;
    use tempfile::TempDir;

    fn validated(policies: Option<&str>) -> (bool, String) {
        let folder = TempDir::new().unwrap();
        let policies = policies.map(|text| {
            fs::write(folder.path().join("mine.cedar"), text).unwrap();
            folder.path().to_owned()
        });
        let found = Examination::of(&Sources { policies, ..Sources::default() });
        (found.is_valid(), text(&found, false))
    }

    #[test]
    fn the_built_in_set_is_valid() {
        assert_eq!(validated(None), (true, "40 policies, 23 actions, level 2 at most: valid\n".to_owned()));
    }

    #[test]
    fn warnings_are_shown_and_do_not_fail() {
        let (is_valid, out) =
            validated(Some("@id(\"a\")\npermit (principal, action == Action::\"view\", resource is User);\n"));
        assert!(is_valid);
        assert!(out.contains("mine.cedar:1:1") && out.contains("has no `@rule`"), "{out}");
        assert!(out.ends_with("1 policy, 23 actions, level 1 at most: valid, with 3 warnings\n"), "{out}");
    }

    #[test]
    fn errors_are_shown_with_their_place() {
        let (is_valid, out) = validated(Some(
            "@id(\"a\")\npermit (principal, action == Action::\"vew\", resource);\n@id(\"b\")\nforbid (principal, action, resource)\nwhen { resource.own == principal };\n",
        ));
        assert!(!is_valid);
        assert!(out.contains("mine.cedar:2:30") && out.contains("mine.cedar:5:8"), "{out}");
        assert!(out.contains("did you mean `Action::\"view\"`?"), "{out}");
        assert!(out.lines().last().unwrap().starts_with("invalid: "), "{out}");
        assert!(!out.contains('\u{1b}'), "{out}");
    }
}
