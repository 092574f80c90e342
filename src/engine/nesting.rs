//! How deep a text nests, looked at before anything recursive reads it: Cedar's parser has no bound of its own, and a
//! file of a megabyte can nest deeper than any stack.

use super::diagnostic::Problem;
use super::limits::{EXPRESSION_NESTING_MAX, POLICY_OPERATORS_MAX};
use super::sources::SourceFile;
use std::sync::Arc;

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Policies,
    /// In which `<` opens a bracket.
    Schema,
}

/// What of one policy, or of one declaration, was seen so far.
#[derive(Debug, Default)]
struct Count {
    open: usize,
    /// Choices nest without brackets.
    choices: usize,
    operators: usize,
}

/// The first place at which the text nests deeper than it may.
pub(super) fn too_deep(file: &Arc<SourceFile>, language: Language) -> Option<Problem> {
    let mut count = Count::default();
    let mut rest = file.text.as_ref();
    while let Some(token) = next_token(rest) {
        let start = file.text.len() - rest.len();
        if count.exceeds(token, language) {
            let message = "this nests too deep, or is too long for one policy";
            let problem = Problem::error(message).with_code("limit").at(file, (start, token.len()).into());
            let help = format!(
                "brackets and `if`s may nest {EXPRESSION_NESTING_MAX} deep, and a policy have {POLICY_OPERATORS_MAX} \
                 operators; make several policies of it"
            );
            return Some(problem.with_help(help));
        }
        rest = rest.get(token.len()..).unwrap_or_default();
    }
    None
}

impl Count {
    fn exceeds(&mut self, token: &str, language: Language) -> bool {
        match token {
            "(" | "[" | "{" => self.open += 1,
            ")" | "]" | "}" => self.open = self.open.saturating_sub(1),
            "<" if language == Language::Schema => self.open += 1,
            ">" if language == Language::Schema => self.open = self.open.saturating_sub(1),
            ";" => *self = Self::default(),
            "if" => self.choices += 1,
            "&" | "|" | "." | "+" | "-" | "*" | "!" => self.operators += 1,
            _ => {}
        }
        self.open + self.choices > EXPRESSION_NESTING_MAX || self.operators > POLICY_OPERATORS_MAX
    }
}

/// A word, a text in quotes, a comment, a pair of operators, or one character.
fn next_token(rest: &str) -> Option<&str> {
    let first = rest.chars().next()?;
    let until = |end: fn(char) -> bool| rest.find(end).unwrap_or(rest.len());
    let length = match first {
        '"' => quoted(rest),
        '/' if rest.starts_with("//") => until(|character| character == '\n'),
        _ if is_of_word(first) => until(|character| !is_of_word(character)),
        _ => first.len_utf8(),
    };
    rest.get(..length)
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The length of a text in quotes, these included.
fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (place, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return place + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(text: &str, language: Language) -> bool {
        too_deep(&SourceFile::new("p.cedar", text), language).is_some()
    }

    #[test]
    fn what_nests_without_end_is_refused_in_whatever_way_it_does() {
        for part in ["(", "[", "{", "if ", "a && ", "a || ", ".a", "1 + ", "-", "!"] {
            let few = format!("permit (principal, action, resource) when {{ {} }};", part.repeat(30));
            assert!(!is_refused(&few, Language::Policies), "{part}");
            assert!(is_refused(&few.replace(part, &part.repeat(100)), Language::Policies), "{part}");
        }
        assert!(is_refused(&format!("entity A {{ a: {}", "Set<".repeat(100)), Language::Schema));
    }

    #[test]
    fn what_is_only_long_is_not() {
        let policy =
            "@id(\"((((\") // [[[[\npermit (principal, action, resource) when { context.a like \"{\\\"{{\" };\n";
        assert!(!is_refused(&policy.repeat(1_000), Language::Policies));
        let list = format!("permit (principal, action in [{}], resource);", "Action::\"a.b\", ".repeat(10_000));
        assert!(!is_refused(&list, Language::Policies));
    }

    #[test]
    fn any_text_comes_to_its_end() {
        for text in ["", "\"", "\"\\", "/", "//", "ä(", "\u{0}", ")))]]]}}};;;"] {
            assert!(!is_refused(text, Language::Policies), "{text:?}");
        }
    }
}
