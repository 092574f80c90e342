//! Whether a database keeps every invariant of the rules that it can be asked about.
//!
//! Reads only; a server may be running on the same database. May use `domain`, `store` and `config`.

use crate::config::ToolKinds;
use crate::domain::content::FOLDER_DEPTH_MAX;
use crate::store::doctor::Expected;
pub use crate::store::doctor::{Finding, Severity};
use crate::store::{Store, StoreError};

/// What was found out about a database.
#[derive(Debug, Clone)]
pub struct Report {
    /// Every check, those that found nothing too.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The checks that found an invariant broken.
    pub fn broken(&self) -> impl Iterator<Item = &Finding> {
        self.of(Severity::Broken)
    }

    /// What the rules allow and somebody may want to know.
    pub fn notes(&self) -> impl Iterator<Item = &Finding> {
        self.of(Severity::Note)
    }

    fn of(&self, severity: Severity) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |finding| finding.severity == severity && finding.count > 0)
    }
}

/// Checks everything, on one snapshot. `now_ms` is in milliseconds since 1970-01-01 UTC.
///
/// # Errors
/// [`StoreError`] if the database cannot be read.
pub async fn examine(store: &Store, kinds: &ToolKinds, now_ms: i64) -> Result<Report, StoreError> {
    let expected = Expected {
        group_tools: &kinds.group,
        private_tools: &kinds.private,
        now_ms,
        folder_depth_max: u32::try_from(FOLDER_DEPTH_MAX).unwrap_or(u32::MAX),
    };
    Ok(Report { findings: store.examine(&expected).await? })
}
