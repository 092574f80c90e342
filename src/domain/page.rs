//! One page of a list. The key of the last row, not a number, says where the next page begins, so
//! that what comes and goes meanwhile neither repeats nor hides a row.

use smol_str::SmolStr;
use std::fmt::Write as _;

/// Rows of a page whose request names no limit.
pub const PAGE_ROWS_DEFAULT: u32 = 100;
/// Rows that a page may have.
pub const PAGE_ROWS_MAX: u32 = 1000;

/// Longest page token, in characters: none of ours comes near.
pub const PAGE_TOKEN_CHARACTERS_MAX: usize = 8192;

/// Which page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Rows whose key is greater than this; `None` begins at the beginning.
    pub after: Option<SmolStr>,
    /// At most so many rows, 1 to [`PAGE_ROWS_MAX`].
    pub rows_max: u32,
}

impl Page {
    /// The first page, with the usual number of rows.
    #[must_use]
    pub const fn first() -> Self {
        Self { after: None, rows_max: PAGE_ROWS_DEFAULT }
    }

    /// How many rows to ask the database for: one more than the page has, to learn whether there
    /// is a next.
    #[must_use]
    pub fn fetch(&self) -> i64 {
        i64::from(self.rows_max) + 1
    }

    /// The key to begin after, as the database compares it: every key is greater than the empty text.
    #[must_use]
    pub fn after(&self) -> &str {
        self.after.as_deref().unwrap_or_default()
    }
}

/// A page and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paged<T> {
    /// The rows, by key.
    pub rows: Vec<T>,
    /// Key of the last row, if more rows follow.
    pub next: Option<SmolStr>,
}

impl<T> Paged<T> {
    /// Cuts what [`Page::fetch`] asked for to the page.
    #[must_use]
    pub fn cut(mut rows: Vec<T>, page: &Page, key: impl Fn(&T) -> SmolStr) -> Self {
        let rows_max = usize::try_from(page.rows_max).unwrap_or(usize::MAX);
        let more = rows.len() > rows_max;
        rows.truncate(rows_max);
        let next = if more { rows.last().map(key) } else { None };
        Self { rows, next }
    }

    /// The same page with each row turned into something else.
    #[must_use]
    pub fn map<U>(self, row: impl FnMut(T) -> U) -> Paged<U> {
        Paged { rows: self.rows.into_iter().map(row).collect(), next: self.next }
    }
}

/// `key` in the letters of a token, which stand as they are in every URL: hexadecimal digits.
#[must_use]
pub fn write_token(key: impl AsRef<[u8]>) -> String {
    let key = key.as_ref();
    key.iter().fold(String::with_capacity(key.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What [`write_token`] wrote; `None` if it cannot have written that.
#[must_use]
pub fn read_token(token: &str) -> Option<SmolStr> {
    if token.len() > PAGE_TOKEN_CHARACTERS_MAX {
        return None;
    }
    let digits: Option<Vec<u8>> =
        token.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    // No id holds a NUL, and not every database can be asked for one.
    String::from_utf8(bytes).ok().filter(|key| !key.contains('\0')).map(SmolStr::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_last_page_has_no_next() {
        let page = Page { after: None, rows_max: 2 };
        let key = |row: &&str| SmolStr::from(*row);
        assert_eq!(Paged::cut(vec!["a", "b"], &page, key), Paged { rows: vec!["a", "b"], next: None });
        assert_eq!(Paged::cut(vec!["a", "b", "c"], &page, key), Paged { rows: vec!["a", "b"], next: Some("b".into()) });
        assert_eq!(Paged::cut(vec![], &page, key), Paged { rows: vec![], next: None });
    }

    #[test]
    fn a_foreign_token_is_none() {
        for bad in [&"61".repeat(PAGE_TOKEN_CHARACTERS_MAX)[..], "6", "zz", "ff", "é", "6 ", "00", "610062"] {
            assert_eq!(read_token(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_token_reads_back(key in "[^\0]*") {
            let read = read_token(&write_token(&key));
            prop_assert_eq!(read.as_deref(), Some(key.as_str()));
        }
    }
}
