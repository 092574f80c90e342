//! `conclave validate`: whether policies and schema would load, and everything that is wrong with them.

use crate::engine::{Bundle, LoadError, Problem, Sources, Summary};
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use std::io::{self, Write};

/// Writes every error and warning with file, line and caret, then one line that sums up. Returns whether the set is
/// valid; warnings do not make it invalid.
///
/// `colored` is whether `out` is a terminal that wants colors.
///
/// # Errors
/// If `out` cannot be written to.
pub fn run(sources: &Sources, colored: bool, out: &mut dyn Write) -> io::Result<bool> {
    match Bundle::load(sources) {
        Ok(bundle) => {
            print_all(bundle.warnings(), colored, out)?;
            writeln!(
                out,
                "{}: valid{}",
                size(bundle.summary()),
                counted(", with", bundle.warnings().len(), "warning")
            )?;
            Ok(true)
        }
        Err(error) => {
            print_all(error.problems(), colored, out)?;
            writeln!(out, "invalid: {}", counts(&error))?;
            Ok(false)
        }
    }
}

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

fn counts(error: &LoadError) -> String {
    let errors = error.problems().iter().filter(|problem| problem.is_error()).count();
    let warnings = error.problems().len() - errors;
    format!("{}{}", counted("", errors, "error").trim_start(), counted(" and", warnings, "warning"))
}

/// ` 2 errors` after `before`; nothing for none.
fn counted(before: &str, count: usize, what: &str) -> String {
    match count {
        0 => String::new(),
        1 => format!("{before} 1 {what}"),
        many => format!("{before} {many} {what}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    fn validated(policies: Option<&str>) -> (bool, String) {
        let folder = TempDir::new().unwrap();
        let policies = policies.map(|text| {
            fs::write(folder.path().join("mine.cedar"), text).unwrap();
            folder.path().to_owned()
        });
        let mut out = Vec::new();
        let is_valid = run(&Sources { policies, ..Sources::default() }, false, &mut out).unwrap();
        (is_valid, String::from_utf8(out).unwrap())
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
        assert!(out.contains("mine.cedar:1:1"), "{out}");
        assert!(out.ends_with("1 policy, 23 actions, level 1 at most: valid, with 2 warnings\n"), "{out}");
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
