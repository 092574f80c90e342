//! The policy engine: policies and schema loaded, validated and indexed as one [`Bundle`], and decisions by it.
//!
//! A bundle never changes. A new set of policies is loaded and validated whole, then takes the old one's place as one
//! `Arc`; who decides with the old one finishes with the old one.
//!
//! May use cedar-policy and `domain`; never sqlx, moka or axum.

mod bundle;
mod claims;
mod condition;
mod context;
pub mod coverage;
mod decide;
mod diagnostic;
mod entities;
mod environment;
mod examine;
pub mod explain;
mod fallible;
mod format;
mod groups;
mod index;
mod json;
mod known;
pub mod limits;
mod load;
mod merge;
mod nesting;
mod not_allowed;
mod parse;
mod place;
mod program;
mod reach;
mod residual;
mod schema;
mod shortcut;
mod sources;
mod stateless;
#[cfg(test)]
mod tests;
mod validate;

pub use bundle::Bundle;
pub use context::ContextError;
pub use decide::Detail;
pub use diagnostic::{LoadError, Problem};
pub use entities::{AllEntities, Misdescribed, entity_lines};
pub use environment::Environment;
pub use examine::Examination;
pub use format::formatted;
pub use json::elements;
pub use known::{Handful, Known, Unknown};
pub use not_allowed::NotAllowed;
pub use parse::{Naming, refused_requests};
pub use residual::Sought;
pub use sources::{MESSAGING, ReadSources, SourceFile, Sources, files};
pub use stateless::{Undecidable, Validation};

use cedar_policy::Effect;

/// What a forbid does that cannot be evaluated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ErrorRule {
    /// It denies: what it was to forbid may be what was asked.
    #[default]
    Deny,
    /// It is skipped, as Cedar itself does. For comparisons only.
    Skip,
}

/// What there is to know about a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyInfo<'a> {
    /// Its `@id`, unique in the set.
    pub id: &'a str,
    /// Its `@rule`, such as `D4`; a host's own policies may have none.
    pub rule: Option<&'a str>,
    /// Whether it permits or forbids.
    pub effect: Effect,
    /// The file it stands in.
    pub file: &'a str,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// Its text, annotations included.
    pub text: &'a str,
    /// The comment right above it, on one line; empty if there is none.
    pub comment: &'a str,
}

/// How big a bundle is, for a person to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Policies in force; those of features that are off are not counted.
    pub policies: usize,
    /// Actions of the schema.
    pub actions: usize,
    /// The largest level of any request environment.
    pub level: u32,
}
