//! A page of results.

use crate::domain::Revision;

/// A page of results, and where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// What was found. Perhaps less than was asked for, or nothing, although there is a next page.
    pub results: Vec<T>,
    /// The token of the next page; `None` after the last.
    pub next: Option<String>,
    /// The revision that all of the page is of.
    pub revision: Revision,
    /// How it was found.
    pub way: Way,
}

/// How candidates were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In the places that the policies left.
    Filtered,
    /// Among all entities of the type.
    Scanned,
}

impl Way {
    /// `filtered` or `scanned`, as answers have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Filtered => "filtered",
            Self::Scanned => "scanned",
        }
    }
}

impl<T> Found<T> {
    /// There is nothing, and nothing was looked at.
    #[must_use]
    pub const fn nothing(revision: Revision) -> Self {
        Self { results: Vec::new(), next: None, revision, way: Way::Filtered }
    }
}
