//! The admin commands: what a change checks, what it changes, and why it is refused.
//!
//! One command per file, free of HTTP. Every command is one transaction: it begins by becoming the
//! one writer, then asks whether the actor may, then checks the invariants that hold whatever the
//! policies say, then changes, then commits. What is refused leaves nothing behind.
//!
//! May use `domain`, store writes and `check`; never axum.

pub mod ambient;
pub mod refusal;

pub use ambient::{Clock, Random, SystemClock, SystemRandom};
pub use refusal::Refusal;

use crate::domain::{Revision, UserId};

/// On whose behalf a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The person (`Conclave-Actor`), whose right is decided by the policies; `None` is the host's
    /// own call (operator): no right needed, bound by every invariant.
    pub actor: Option<UserId>,
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<T> {
    /// What to tell the caller.
    pub output: T,
    /// The revision from which on everybody sees it.
    pub revision: Revision,
}
