//! Where in the files of a schema something stands.

use super::diagnostic::Problem;
use super::sources::SourceFile;
use cedar_policy_core::parser::Loc;
use miette::SourceSpan;
use std::sync::Arc;

/// The file that is read, among all of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub file: &'a Arc<SourceFile>,
    pub files: &'a [Arc<SourceFile>],
}

impl Place<'_> {
    /// `file:line`, where that is known.
    pub(super) fn line(&self, loc: Option<&Loc>) -> Option<String> {
        let (file, loc) = (self.file_of(loc?)?, loc?);
        Some(format!("{}:{}", file.name, file.position(loc.start()).0))
    }

    /// The problem, pointing at what `loc` spans, or else at the names that lead there in a file of JSON, of which
    /// Cedar keeps no places.
    pub(super) fn point(&self, problem: Problem, loc: Option<&Loc>, path: &[&str]) -> Problem {
        let spanned = loc.and_then(|loc| Some((self.file_of(loc)?, loc.span)));
        let named = || {
            let mut files = std::iter::once(self.file).chain(self.files).filter(|file| file.is_json());
            files.find_map(|file| Some((file, quoted(&file.text, path)?)))
        };
        match spanned.or_else(named) {
            Some((file, span)) => problem.at(file, span),
            None => problem.at(self.file, SourceSpan::from((0, 0))),
        }
    }

    fn file_of(&self, loc: &Loc) -> Option<&Arc<SourceFile>> {
        self.files.iter().find(|file| *file.text == *loc.src)
    }
}

/// The last of these names, each in quotes and after the one before.
fn quoted(text: &str, path: &[&str]) -> Option<SourceSpan> {
    let (mut start, mut length) = (0, 0);
    for name in path {
        let name = format!("\"{name}\"");
        start += length + text.get(start + length..)?.find(&name)?;
        length = name.len();
    }
    Some((start, length).into())
}
