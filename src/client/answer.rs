//! An answer, as the sidecar gives it.

use crate::domain::{Decision, Revision};
use serde::Deserialize;

/// A decision, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[must_use = "a decision is there to be obeyed"]
pub struct Answer {
    /// Allow or Deny.
    pub decision: Decision,
    diagnostics: Diagnostics,
    /// The revision of the store that it rests on.
    pub revision: Revision,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Diagnostics {
    reason: Vec<String>,
    errors: Vec<String>,
}

/// The answers to several questions.
#[derive(Debug, Deserialize)]
pub(super) struct Answers {
    pub(super) responses: Vec<Answer>,
}

impl Answer {
    /// Whether the decision is Allow.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.decision == Decision::Allow
    }

    /// Ids of the determining policies.
    #[must_use]
    pub fn reasons(&self) -> &[String] {
        &self.diagnostics.reason
    }

    /// Policies that could not be evaluated, and why.
    #[must_use]
    pub fn errors(&self) -> &[String] {
        &self.diagnostics.errors
    }
}
