//! How deep files may be nested: what reads, checks and evaluates them goes down once for each level, and a stack has
//! an end that nothing comes back from.
//!
//! Brackets and `if` are counted before a parser sees them, since parsers go down too, and what chains are made of, as
//! even to let go of a chain takes a stack. What is nested once it is parsed is looked at afterwards.

use super::diagnostic::Problem;
use super::limits::{CHAINING_CHARACTERS_MAX, EXPRESSION_LEVELS_MAX, NESTING_LEVELS_MAX};
use super::sources::SourceFile;
use cedar_policy_core::ast::{Expr, ExprKind};
use std::sync::Arc;

/// The language of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// In which `<` compares.
    Policies,
    /// In which `<` is a bracket.
    Schema,
}

/// Why a file must not be parsed, if it must not.
pub(super) fn too_deep(file: &Arc<SourceFile>, language: Language) -> Option<Problem> {
    let (mut depth, mut ifs, mut chaining) = (0_usize, 0_usize, 0_usize);
    let mut rest = file.text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let mut length = 1;
        match first {
            b'"' => length = string(rest),
            b'/' if after.first() == Some(&b'/') => length = line(rest),
            b'[' => (depth, chaining) = (depth + 1, chaining + 1),
            b'(' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'<' if language == Language::Schema => depth += 1,
            b'>' if language == Language::Schema => depth = depth.saturating_sub(1),
            b';' => (ifs, chaining) = (0, 0),
            b'.' | b'|' | b'&' | b'+' | b'-' | b'*' => chaining += 1,
            byte if is_of_word(*byte) => {
                length = rest.iter().take_while(|byte| is_of_word(**byte)).count();
                ifs += usize::from(language == Language::Policies && rest.get(..length) == Some(b"if".as_slice()));
            }
            _ => {}
        }
        let at = || (file.text.len() - rest.len(), 1).into();
        if depth + ifs > NESTING_LEVELS_MAX {
            let message = format!("this is nested in more than {NESTING_LEVELS_MAX} brackets and `if`s");
            return Some(Problem::error(message).with_code("limit").at(file, at()));
        }
        if language == Language::Policies && chaining > CHAINING_CHARACTERS_MAX {
            let message = format!("this policy has more than {CHAINING_CHARACTERS_MAX} characters of operators");
            return Some(Problem::error(message).with_code("limit").at(file, at()));
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    None
}

/// Whether an expression has more levels than anything here can go down.
pub(super) fn is_too_deep(expr: &Expr) -> bool {
    // With a list of its own instead of the stack: it may be deeper than that.
    let mut waiting = vec![(expr, 1)];
    while let Some((expr, level)) = waiting.pop() {
        if level > EXPRESSION_LEVELS_MAX {
            return true;
        }
        waiting.extend(parts(expr).into_iter().map(|part| (part, level + 1)));
    }
    false
}

/// What an expression is directly made of.
pub(super) fn parts(expr: &Expr) -> Vec<&Expr> {
    match expr.expr_kind() {
        ExprKind::BinaryApp { arg1: one, arg2: other, .. }
        | ExprKind::And { left: one, right: other }
        | ExprKind::Or { left: one, right: other } => vec![one, other],
        ExprKind::If { test_expr, then_expr, else_expr } => vec![test_expr, then_expr, else_expr],
        ExprKind::UnaryApp { arg: expr, .. }
        | ExprKind::GetAttr { expr, .. }
        | ExprKind::HasAttr { expr, .. }
        | ExprKind::ExtHasAttr { expr, .. }
        | ExprKind::Like { expr, .. }
        | ExprKind::Is { expr, .. } => vec![expr],
        ExprKind::Set(parts) | ExprKind::ExtensionFunctionApp { args: parts, .. } => parts.iter().collect(),
        ExprKind::Record(fields) => fields.values().collect(),
        ExprKind::Lit(_) | ExprKind::Var(_) | ExprKind::Slot(_) | ExprKind::Unknown(_) => Vec::new(),
    }
}

const fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The length of a text in quotes that `rest` begins with, up to the end of the file if nothing ends it.
fn string(rest: &[u8]) -> usize {
    let mut is_escaped = false;
    for (at, byte) in rest.iter().enumerate().skip(1) {
        match byte {
            b'"' if !is_escaped => return at + 1,
            b'\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    rest.len()
}

/// The length of a comment.
fn line(rest: &[u8]) -> usize {
    rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(text: &str, language: Language) -> bool {
        too_deep(&SourceFile::new("f", text), language).is_some()
    }

    #[test]
    fn brackets_count_where_they_are_brackets() {
        let open = |text: &str, times: usize| is_refused(&text.repeat(times), Language::Policies);
        for bracket in ["(", "[", "{ ", "if "] {
            assert!(!open(bracket, NESTING_LEVELS_MAX) && open(bracket, NESTING_LEVELS_MAX + 1), "{bracket}");
        }
        for other in ["()", "\"(\"", "\"\\\"(\"", "// (\n", "<", "iff ", "if ; ", "'"] {
            assert!(!open(other, 10 * NESTING_LEVELS_MAX), "{other}");
        }
        assert!(is_refused(&"Set<".repeat(NESTING_LEVELS_MAX + 1), Language::Schema));
        assert!(!is_refused(&"Set<X>, ".repeat(10 * NESTING_LEVELS_MAX), Language::Schema));
    }

    #[test]
    fn what_chains_are_made_of_counts_policy_by_policy() {
        for link in [".a", "+1", "[1]"] {
            let times = CHAINING_CHARACTERS_MAX;
            assert!(is_refused(&link.repeat(times + 1), Language::Policies), "{link}");
            assert!(!is_refused(&format!("{link};").repeat(times + 1), Language::Policies), "{link}");
        }
    }

    #[test]
    fn chains_count_by_what_they_become() {
        let chain = |parts: usize| vec!["principal == resource"; parts].join(" || ").parse::<Expr>().unwrap();
        assert!(!is_too_deep(&chain(EXPRESSION_LEVELS_MAX / 2)));
        assert!(is_too_deep(&chain(2 * EXPRESSION_LEVELS_MAX)));
    }
}
