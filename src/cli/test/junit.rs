//! What came of tests, as JUnit XML: what builds read.

use super::text::reason;
use crate::workbench::{Ran, Run};
use std::fmt::Write as _;

/// The whole document: a suite for each file of tests.
pub(super) fn report(run: &Run<'_>) -> String {
    let (all, failed) = (run.ran.len(), run.failed());
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a String cannot fail.
    let _ = writeln!(out, "<testsuites name=\"conclave\" tests=\"{all}\" failures=\"{failed}\" errors=\"0\">");
    for of_file in run.ran.chunk_by(|one, next| one.file == next.file) {
        let Some(first) = of_file.first() else { continue };
        let failed = of_file.iter().filter(|ran| ran.failure.is_some()).count();
        let (name, tests) = (escaped(&first.file), of_file.len());
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\">"
        );
        for ran in of_file {
            out += &case(ran);
        }
        out += "  </testsuite>\n";
    }
    out + "</testsuites>\n"
}

fn case(ran: &Ran) -> String {
    let (name, file, line) = (escaped(&ran.name), escaped(&ran.file), ran.line);
    let start = format!("    <testcase name=\"{name}\" classname=\"{file}\" file=\"{file}\" line=\"{line}\"");
    let Some(failure) = &ran.failure else { return format!("{start}/>\n") };
    let reason = reason(failure);
    let message = reason.lines().filter(|line| line.starts_with("  expected") || line.starts_with("  got"));
    let message: Vec<_> = message.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let (message, text) = (escaped(&message.join(", ")), escaped(&reason));
    format!("{start}>\n      <failure type=\"decision\" message=\"{message}\">{text}</failure>\n    </testcase>\n")
}

/// A text as it may stand in XML, whose documents have no place for most control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\n' | '\t' => out.push(character),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            character if character.is_control() => out.push('\u{fffd}'),
            character => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_fits_into_xml() {
        assert_eq!(
            escaped("a<b>&\"c\"\u{0}\u{1b}\u{ffff}\nä"),
            "a&lt;b&gt;&amp;&quot;c&quot;\u{fffd}\u{fffd}\u{fffd}\nä"
        );
    }
}
