//! Policies in Cedar's own layout.

use super::nesting::{self, Language};
use super::{Problem, SourceFile};
use cedar_policy_core::parser::parse_policyset;
use cedar_policy_formatter::{Config, policies_str_to_pretty};
use std::sync::Arc;

/// Characters of a line, as far as it can be broken.
const LINE_CHARACTERS: usize = 100;

/// The text of a policy file as Cedar's formatter lays it out. Says the same, comments included.
///
/// # Errors
/// Every [`Problem`] of a file that does not parse, or one if the layout would lose a comment.
pub fn formatted(file: &Arc<SourceFile>) -> Result<String, Vec<Problem>> {
    let files = std::slice::from_ref(file);
    if let Some(problem) = nesting::too_deep(file, Language::Policies) {
        return Err(vec![problem]);
    }
    parse_policyset(&file.text).map_err(|errors| Problem::from_cedar(&errors, files))?;
    let config = Config { line_width: LINE_CHARACTERS, ..Config::default() };
    let failed =
        |error: &dyn std::fmt::Display| vec![Problem::of(file, (0, 0), format!("cannot be laid out: {error}"))];
    let text = policies_str_to_pretty(&file.text, &config).map_err(|error| failed(&error))?;
    let text = text.trim_start_matches('\n');
    if comments(&file.text) != comments(text) {
        return Err(failed(&"a comment would be lost; put it on a line of its own above what it is about"));
    }
    Ok(text.to_owned())
}

/// What every comment says, in order.
fn comments(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in text.lines() {
        let (mut in_string, mut escaped, mut slash) = (false, false, false);
        for (place, character) in line.char_indices() {
            if !in_string && slash && character == '/' {
                found.extend(line.get(place + 1..).map(str::trim));
                break;
            }
            slash = !in_string && character == '/';
            match character {
                '"' if !escaped => in_string = !in_string,
                _ => {}
            }
            escaped = in_string && character == '\\' && !escaped;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid_out(text: &str) -> String {
        let once = formatted(&SourceFile::new("p.cedar", text)).unwrap();
        let twice = formatted(&SourceFile::new("p.cedar", once.clone())).unwrap();
        assert_eq!(once, twice, "laying out again changes nothing");
        once
    }

    #[test]
    fn comments_stay_where_they_are() {
        let text = "// one\n@id(\"a//b\")permit(principal,action,resource)when{// two\nprincipal==resource}; // three\n// four";
        let out = laid_out(text);
        assert_eq!(comments(&out), ["one", "two", "three", "four"], "{out}");
        assert!(out.starts_with("// one\n@id(\"a//b\")\npermit (principal, action, resource)\nwhen"), "{out}");
    }

    #[test]
    fn nothing_stays_nothing_and_a_mistake_has_its_place() {
        assert_eq!(laid_out(""), "");
        assert_eq!(laid_out("// only this\n"), "// only this\n");
        let problems = formatted(&SourceFile::new("p.cedar", "permit (principal;\n")).unwrap_err();
        assert_eq!(problems[0].position(), Some(("p.cedar", 1, 18)));
    }
}
