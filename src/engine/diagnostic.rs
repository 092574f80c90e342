//! What is wrong with policies or schema: file, line, caret, help.

use super::sources::SourceFile;
use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode, SourceSpan};
use std::fmt;
use std::sync::Arc;

/// One error or warning, with the place it is about where there is one.
#[derive(Debug, Clone)]
pub struct Problem {
    severity: Severity,
    /// What kind of problem it is, for programs.
    code: &'static str,
    message: String,
    help: Option<String>,
    /// Boxed because problems travel as the error of results.
    place: Option<Box<Place>>,
}

#[derive(Debug, Clone)]
struct Place {
    file: Arc<SourceFile>,
    /// What the renderer needs: the same text under the same name.
    source: NamedSource<Arc<str>>,
    labels: Vec<LabeledSpan>,
}

impl Problem {
    /// An error without a place.
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code: "policies", message: message.into(), help: None, place: None }
    }

    /// A warning without a place.
    pub(super) fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message) }
    }

    /// An error in a file that is neither of policies nor of schema, of tests say.
    #[must_use]
    pub fn of(file: &Arc<SourceFile>, span: impl Into<SourceSpan>, message: impl Into<String>) -> Self {
        Self::error(message).at(file, span.into())
    }

    /// The same, called by another name.
    pub(super) const fn with_code(mut self, code: &'static str) -> Self {
        self.code = code;
        self
    }

    /// The same with advice on what to do.
    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, pointing at `span` of `file`.
    pub(super) fn at(self, file: &Arc<SourceFile>, span: SourceSpan) -> Self {
        self.labelled(file, vec![LabeledSpan::underline(span)])
    }

    fn labelled(mut self, file: &Arc<SourceFile>, labels: Vec<LabeledSpan>) -> Self {
        let source = NamedSource::new(&file.name, Arc::clone(&file.text));
        self.place = Some(Box::new(Place { file: Arc::clone(file), source, labels }));
        self
    }

    /// Everything that a diagnostic of Cedar says, each of its errors as one problem.
    ///
    /// Cedar knows the text but not the file it came from: `files` are those it may be.
    pub(super) fn from_cedar(diagnostic: &dyn Diagnostic, files: &[Arc<SourceFile>]) -> Vec<Self> {
        let mut problem = match diagnostic.severity() {
            Some(Severity::Warning | Severity::Advice) => Self::warning(diagnostic.to_string()),
            _ => Self::error(diagnostic.to_string()),
        };
        problem.help = diagnostic.help().map(|help| help.to_string());
        let labels: Vec<_> = diagnostic.labels().into_iter().flatten().collect();
        let file = match files {
            [file] => Some(file),
            _ => diagnostic.source_code().and_then(|source| files.iter().find(|file| is_text_of(source, file))),
        };
        if let Some(file) = file
            && !labels.is_empty()
        {
            problem = problem.labelled(file, labels);
        }
        let related = diagnostic.related().into_iter().flatten();
        std::iter::once(problem).chain(related.flat_map(|next| Self::from_cedar(next, files))).collect()
    }

    /// What kind of problem it is, in a word or two: `missing-id`, `too-deep`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether it stops the set from loading.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        matches!(self.severity, Severity::Error)
    }

    /// File, line and column (both from 1), where there is a place.
    #[must_use]
    pub fn position(&self) -> Option<(&str, usize, usize)> {
        let place = self.place.as_ref()?;
        let (line, column) = place.file.position(place.labels.first()?.offset());
        Some((&place.file.name, line, column))
    }

    /// Line and column (both from 1) right behind the place.
    #[must_use]
    pub fn end(&self) -> Option<(usize, usize)> {
        let place = self.place.as_ref()?;
        let label = place.labels.first()?;
        Some(place.file.position(label.offset() + label.len()))
    }

    /// In the order of files and lines, whatever order Cedar found them in.
    pub(super) fn sort(problems: &mut [Self]) {
        problems.sort_by(|a, b| {
            (a.position(), &a.message).partial_cmp(&(b.position(), &b.message)).unwrap_or(std::cmp::Ordering::Equal)
        });
    }
}

fn is_text_of(source: &dyn SourceCode, file: &SourceFile) -> bool {
    let whole = SourceSpan::from((0, file.text.len()));
    source.read_span(&whole, 0, 0).is_ok_and(|contents| contents.data() == file.text.as_bytes())
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

impl Diagnostic for Problem {
    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|place| &place.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.place.as_ref().map(|place| Box::new(place.labels.iter().cloned()) as Box<dyn Iterator<Item = _>>)
    }
}

/// The policies do not load. Says every problem at once, warnings included.
#[derive(Debug)]
pub struct LoadError {
    /// Sorted by place; at least one is an error.
    problems: Vec<Problem>,
}

impl LoadError {
    pub(super) fn new(mut problems: Vec<Problem>) -> Self {
        Problem::sort(&mut problems);
        Self { problems }
    }

    /// Every error and warning, in the order of files and lines.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<_> = self.problems.iter().filter(|problem| problem.is_error()).collect();
        f.write_str("the policies do not load: ")?;
        if let Some(first) = errors.first() {
            if let Some((file, line, column)) = first.position() {
                write!(f, "{file}:{line}:{column}: ")?;
            }
            first.fmt(f)?;
        }
        match errors.len() {
            0 | 1 => Ok(()),
            errors => write!(f, " (and {} more)", errors - 1),
        }
    }
}

impl std::error::Error for LoadError {}

impl Diagnostic for LoadError {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.problems.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}
