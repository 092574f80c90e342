//! What texts of people and groups may look like: every text has a greatest length.

use thiserror::Error;

/// Longest text of one line (names, organization, sector), in characters.
pub const LINE_CHARACTERS_MAX: usize = 255;
/// Longest description of a group, in characters.
pub const DESCRIPTION_CHARACTERS_MAX: usize = 4000;
/// Longest message of somebody who asks to join a group, in characters.
pub const MESSAGE_CHARACTERS_MAX: usize = 2000;
/// Longest email address, in characters; RFC 5321 allows no longer path.
pub const EMAIL_CHARACTERS_MAX: usize = 254;
/// Longest language tag, in characters; RFC 5646 asks readers for no more.
pub const LANGUAGE_CHARACTERS_MAX: usize = 35;
/// Longest reference to a picture, in characters.
pub const PICTURE_CHARACTERS_MAX: usize = 2048;

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TextError {
    /// This text must say something.
    #[error("must not be empty")]
    Empty,
    /// Longer than anybody reads.
    #[error("must have at most {0} characters")]
    TooLong(usize),
    /// Control characters would make logs, terminals and email headers lie.
    #[error("must not contain control characters")]
    Control,
    /// No email address.
    #[error("must be an email address such as `anna@example.org`")]
    Email,
    /// No language tag.
    #[error("must be a language tag such as `en` or `nl-BE`")]
    Language,
}

/// A text of one line, possibly empty.
///
/// # Errors
/// [`TextError`] if it is too long or has control characters.
pub fn line(text: &str) -> Result<(), TextError> {
    bounded(text, LINE_CHARACTERS_MAX)?;
    if text.chars().any(char::is_control) { Err(TextError::Control) } else { Ok(()) }
}

/// A name: a line that says something once folded, so that nothing invisible is a name.
///
/// # Errors
/// [`TextError`] if it is empty, too long or has control characters.
pub fn name(text: &str) -> Result<(), TextError> {
    line(text)?;
    if super::name::fold(text).trim().is_empty() { Err(TextError::Empty) } else { Ok(()) }
}

/// A text of several lines.
///
/// # Errors
/// [`TextError`] if it is too long or has control characters other than line breaks and tabs.
pub fn description(text: &str) -> Result<(), TextError> {
    several_lines(text, DESCRIPTION_CHARACTERS_MAX)
}

/// What somebody writes to an administrator, possibly nothing.
///
/// # Errors
/// [`TextError`] if it is too long or has control characters other than line breaks and tabs.
pub fn message(text: &str) -> Result<(), TextError> {
    several_lines(text, MESSAGE_CHARACTERS_MAX)
}

fn several_lines(text: &str, characters_max: usize) -> Result<(), TextError> {
    bounded(text, characters_max)?;
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(control) { Err(TextError::Control) } else { Ok(()) }
}

/// A reference to a picture, which only the host can read.
///
/// # Errors
/// [`TextError`] if it is too long or has control characters.
pub fn picture(text: &str) -> Result<(), TextError> {
    bounded(text, PICTURE_CHARACTERS_MAX)?;
    if text.chars().any(char::is_control) { Err(TextError::Control) } else { Ok(()) }
}

/// Something that mail can be sent to: whether anybody reads it there, only a reply can tell.
///
/// # Errors
/// [`TextError`] if it is too long or has not the form of an address.
pub fn email(text: &str) -> Result<(), TextError> {
    bounded(text, EMAIL_CHARACTERS_MAX)?;
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';');
    match text.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() && !text.contains(odd) => Ok(()),
        _ => Err(TextError::Email),
    }
}

/// A BCP 47 language tag, as far as its form goes.
///
/// # Errors
/// [`TextError`] if it is too long or has not the form of a tag.
pub fn language(text: &str) -> Result<(), TextError> {
    bounded(text, LANGUAGE_CHARACTERS_MAX)?;
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    let primary = (2..=8).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
    let rest = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    if primary && parts.all(rest) { Ok(()) } else { Err(TextError::Language) }
}

fn bounded(text: &str, characters_max: usize) -> Result<(), TextError> {
    if text.chars().count() > characters_max { Err(TextError::TooLong(characters_max)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_characters() {
        assert_eq!(line(&"é".repeat(LINE_CHARACTERS_MAX)), Ok(()));
        assert_eq!(line(&"é".repeat(LINE_CHARACTERS_MAX + 1)), Err(TextError::TooLong(LINE_CHARACTERS_MAX)));
    }

    #[test]
    fn a_name_is_seen() {
        assert_eq!(name("Sales"), Ok(()));
        for unseen in ["", " ", "\u{200b}", "\u{ad}\u{2060}"] {
            assert_eq!(name(unseen), Err(TextError::Empty), "{unseen:?}");
        }
        assert_eq!(name("a\nb"), Err(TextError::Control));
    }

    #[test]
    fn an_address_has_two_sides() {
        for good in ["a@b", "anna@example.org", "\"a@b\"@c", "é@münchen.de"] {
            assert_eq!(email(good), Ok(()), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b\r\nBcc: x@y", "<a@b>", "a@b,c@d"] {
            assert_eq!(email(bad), Err(TextError::Email), "{bad}");
        }
    }

    #[test]
    fn a_language_is_a_tag() {
        for good in ["en", "nl-BE", "zh-Hans-CN", "sl-rozaj-biske"] {
            assert_eq!(language(good), Ok(()), "{good}");
        }
        for bad in ["", "e", "en_US", "en-", "english language", "日本"] {
            assert_eq!(language(bad), Err(TextError::Language), "{bad}");
        }
    }

    #[test]
    fn a_description_has_lines() {
        assert_eq!(description("a\n\tb\r\n"), Ok(()));
        assert_eq!(description("a\0"), Err(TextError::Control));
    }
}
