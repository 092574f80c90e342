//! Problems as commands of a workflow of GitHub, which shows them beside the lines they are about.

use crate::engine::{Examination, Problem};

/// One line for each problem.
pub(super) fn report(found: &Examination) -> String {
    found.problems.iter().map(command).collect()
}

fn command(problem: &Problem) -> String {
    let severity = if problem.is_error() { "error" } else { "warning" };
    let place = match (problem.position(), problem.end()) {
        (Some((file, line, column)), Some((end_line, end_column))) => {
            let file = property(file);
            format!("file={file},line={line},endLine={end_line},col={column},endColumn={end_column},")
        }
        _ => String::new(),
    };
    let help = problem.advice().map(|help| format!("\n{help}")).unwrap_or_default();
    format!(
        "::{severity} {place}title={}::{}\n",
        property(problem.code()),
        data(&(problem.message().to_owned() + &help))
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_said_ends_a_command() {
        assert_eq!(data("50 %\nsure"), "50 %25%0Asure");
        assert_eq!(property("a:b,c.cedar"), "a%3Ab%2Cc.cedar");
    }
}
