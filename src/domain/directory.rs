//! What a search of the directory may ask for (F1).

use super::group::Activity;
use super::name::fold;

/// How many characters in a row a searched name must have without a space between them (F1).
pub const SEARCHED_CHARACTERS_MIN: usize = 3;

/// People of one group that a hit names; who wants them all lists the group's members.
pub const PEOPLE_SHOWN_MAX: usize = 20;

/// A search: what is given must hold, all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Stands in the group's name, both after [`fold`]; at least three characters, see [`searched_name`].
    pub name: Option<String>,
    /// What the group does.
    pub activity: Option<Activity>,
    /// The sector, as the group says it.
    pub sector: Option<String>,
    /// BCP 47 tag in lower case. Finds longer tags that begin with it too: `nl` finds `nl-BE` (the
    /// basic filtering of RFC 4647).
    pub language: Option<String>,
}

impl Search {
    /// How many terms are given (F1).
    #[must_use]
    pub fn terms(&self) -> usize {
        [self.name.is_some(), self.activity.is_some(), self.sector.is_some(), self.language.is_some()]
            .into_iter()
            .filter(|given| *given)
            .count()
    }
}

/// A name as it is searched, or `None` if it has not three letters in a row (F1).
///
/// Whatever is no space counts as a letter: there are names of digits and of emoji, and letters
/// that are written with several characters.
#[must_use]
pub fn searched_name(text: &str) -> Option<String> {
    let folded = fold(text);
    let enough = folded.split_whitespace().any(|word| word.chars().count() >= SEARCHED_CHARACTERS_MIN);
    enough.then(|| folded.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f1_a_searched_name_has_three_letters_in_a_row() {
        for (text, expected) in [
            ("SAL", Some("sal")),
            (" Sales dept ", Some("sales dept")),
            ("Straß", Some("strass")),
            ("ﬁn", Some("fin")),
            ("ﬃ", Some("ffi")),
            ("日本語", Some("日本語")),
            ("365", Some("365")),
            ("\"a\"", Some("\"a\"")),
            ("💡💡💡", Some("💡💡💡")),
            ("", None),
            ("sa", None),
            ("s a l", None),
            ("   ", None),
            ("sa\u{ad}\u{200b}", None),
            ("e\u{301}a", None),
        ] {
            assert_eq!(searched_name(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn f1_terms_are_counted() {
        let search = Search { name: Some("sal".to_owned()), activity: Some(Activity::Other), ..Search::default() };
        assert_eq!((Search::default().terms(), search.terms()), (0, 2));
    }
}
