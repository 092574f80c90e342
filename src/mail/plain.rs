//! What people wrote, made safe to stand among our own words in plain text.

use crate::domain::User;

/// One line: nothing in it begins another line, and nothing turns the direction of what follows it.
pub(super) fn line(text: &str) -> String {
    let kept = text.chars().filter(|c| !turns_direction(*c));
    let line: String = kept.map(|c| if c.is_control() || is_break(c) { ' ' } else { c }).collect();
    line.trim().to_owned()
}

/// What a person is called: by first and last name, or else by username.
pub(super) fn name(user: &User) -> String {
    let names = [user.profile.first_name.as_deref(), user.profile.last_name.as_deref()];
    let names: Vec<String> = names.into_iter().flatten().map(line).filter(|name| !name.is_empty()).collect();
    if names.is_empty() { line(&user.username) } else { names.join(" ") }
}

/// A text of several lines, unchanged but for a mark before each: nobody takes it for ours.
pub(super) fn quote(text: &str) -> String {
    let lines = text.replace("\r\n", "\n");
    let marked = lines.split(is_break).map(|line| if line.is_empty() { ">".to_owned() } else { format!("> {line}") });
    marked.collect::<Vec<_>>().join("\n")
}

/// Whatever some program shows as the end of a line.
fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Unicode's marks, embeddings, overrides and isolates of writing direction.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_on_its_line_and_in_its_direction() {
        for (text, expected) in [
            ("Sales", "Sales"),
            ("Sales\r\nBcc: x@example.org", "Sales  Bcc: x@example.org"),
            ("a\u{2028}b\u{85}c", "a b c"),
            ("\u{202e}selaS\u{202c}", "selaS"),
            ("مبيعات", "مبيعات"),
            (" \u{0} ", ""),
        ] {
            assert_eq!(line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn f5_every_line_of_a_message_is_marked() {
        assert_eq!(quote("Hello"), "> Hello");
        assert_eq!(quote("a\r\nb\rc\n\nd\u{2028}e\u{b}f"), "> a\n> b\n> c\n>\n> d\n> e\n> f");
        assert_eq!(quote(""), ">");
    }
}
