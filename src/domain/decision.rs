//! A question and its answer.

use super::context::Context;
use super::lent::Lent;
use super::uid::EntityUid;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;

/// How many changes the store has seen: each acknowledged change makes it one more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Allow or Deny; there is no third.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Decision {
    /// A permit holds and no forbid does.
    Allow,
    /// Everything else.
    Deny,
}

impl Decision {
    /// `Allow` or `Deny`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        }
    }
}

/// May this principal do this action on this resource, in this context?
///
/// Every field is an input of the decision, so the whole value is the cache key: two requests are
/// the same question exactly when they are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DecisionRequest {
    /// Who asks.
    pub principal: EntityUid,
    /// What they want to do: `Action::"view"`.
    pub action: EntityUid,
    /// To what.
    pub resource: EntityUid,
    /// Circumstances of this request alone, such as the `size` of what is added.
    pub context: Context,
    /// Facts of this request alone.
    pub lent: Lent,
}

/// What the policies say of a request, without where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Allow or Deny.
    pub decision: Decision,
    /// Ids of the determining policies, sorted.
    pub reasons: Vec<SmolStr>,
    /// Policies that could not be evaluated, and why; sorted. Not empty means never cached.
    pub errors: Vec<String>,
}

impl Outcome {
    /// Whether it is Allow.
    #[must_use]
    pub const fn is_allow(&self) -> bool {
        matches!(self.decision, Decision::Allow)
    }

    /// A Deny that no policy decided: an unknown principal, an unknown resource.
    #[must_use]
    pub const fn deny() -> Self {
        Self { decision: Decision::Deny, reasons: Vec::new(), errors: Vec::new() }
    }
}
