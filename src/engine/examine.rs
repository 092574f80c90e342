//! Everything that there is to say of a set, whether it would load or not.

use super::{Bundle, Naming, Problem, Sources, Summary, parse};

/// What is wrong with a set, what is suspicious, and how big it is.
#[derive(Debug)]
pub struct Examination {
    /// Every error and warning, in the order of files and lines.
    pub problems: Vec<Problem>,
    /// How big it is; `None` if it would not load.
    pub summary: Option<Summary>,
    is_read: bool,
}

impl Examination {
    /// Loads a set as the server would, and also tells what only matters to its authors: policies without `@rule`.
    #[must_use]
    pub fn of(sources: &Sources) -> Self {
        let (mut problems, summary) = match Bundle::load(sources) {
            Ok(bundle) => (bundle.warnings().to_vec(), Some(bundle.summary())),
            Err(error) => (error.problems().to_vec(), None),
        };
        // What is wrong with the files was told above.
        let mut told = Vec::new();
        let files = sources.policy_files(&mut told);
        let is_read = !files.is_empty() && !sources.schema_files(&mut told).is_empty();
        let policies = parse::parse(&files, Naming::Given, &sources.features, &mut told);
        problems.extend(parse::without_rule(&policies));
        Problem::sort(&mut problems);
        Self { problems, summary, is_read }
    }

    /// Whether it would load.
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        self.summary.is_some()
    }

    /// Whether any policy and any schema could be read, and so there is something to be valid or not.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        self.is_read
    }

    /// How many of the problems are errors.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.is_error()).count()
    }
}
