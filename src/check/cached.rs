//! A decision as it is kept, and as it is handed out.

use super::CacheUse;
use crate::domain::{Outcome, Revision};
use crate::engine::{Bundle, Detail};
use crate::stamp::{Stamp, Stamped, Stripe};
use smol_str::SmolStr;
use std::sync::{Arc, OnceLock};

/// A decision and where it came from.
#[derive(Debug, Clone)]
pub struct Answer {
    /// One reference is all that a hit copies.
    cached: Arc<Cached>,
    /// A revision at which this is the right answer: at least as new as every write acknowledged
    /// before the question was asked.
    pub revision: Revision,
    /// Whether it was computed for this request.
    pub cache: CacheUse,
}

/// What the policies said, and what that rests on.
#[derive(Debug)]
pub(super) struct Cached {
    outcome: Outcome,
    /// How much of it is told: without all policies it is no answer for who asks for them.
    detail: Detail,
    stamp: Stamp,
    /// Of the policies it was decided with.
    pub(super) generation: u64,
    /// Theirs, for records of the decision.
    policy_digest: Arc<str>,
    /// How it is answered, once somebody was.
    text: OnceLock<Box<[u8]>>,
}

impl Answer {
    pub(super) const fn new(cached: Arc<Cached>, revision: Revision, cache: CacheUse) -> Self {
        Self { cached, revision, cache }
    }

    /// Allow or Deny, and why.
    #[must_use]
    pub fn outcome(&self) -> &Outcome {
        &self.cached.outcome
    }

    /// SHA-256 of the policies and the schema that it was decided with; see [`Bundle::digest`].
    #[must_use]
    pub fn policy_digest(&self) -> &Arc<str> {
        &self.cached.policy_digest
    }

    /// The outcome as `write` writes it: once for each decision, and kept with it. There is one way to
    /// write, the same for every answer.
    pub fn text(&self, write: impl FnOnce(&Outcome) -> Box<[u8]>) -> &[u8] {
        self.cached.text.get_or_init(|| write(&self.cached.outcome))
    }

    /// What it rests on, to tell whether it is right at a later revision too.
    pub(super) fn stripes(&self) -> &[Stripe] {
        self.cached.stamp.stripes()
    }
}

impl Stamped for Cached {
    fn stamp(&self) -> &Stamp {
        &self.stamp
    }
}

impl Cached {
    pub(super) fn new((outcome, detail): (Outcome, Detail), stamp: Stamp, bundle: &Bundle) -> Self {
        let (generation, policy_digest) = (bundle.generation(), Arc::clone(bundle.digest()));
        Self { outcome, detail, stamp, generation, policy_digest, text: OnceLock::new() }
    }

    /// Whether it tells as much as is asked for.
    pub(super) const fn tells(&self, asked: Detail) -> bool {
        matches!((asked, self.detail), (Detail::Decision, _) | (_, Detail::Policies))
    }

    pub(super) const fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// About how much memory it takes, in bytes, its text included whether or not it is written yet.
    pub(super) fn weight(&self) -> usize {
        const ENTRY_BYTES: usize = 336;
        const TEXT_BYTES: usize = 96;
        let ids: usize = self.outcome.reasons.iter().map(SmolStr::len).sum();
        let reasons = size_of_val(self.outcome.reasons.as_slice());
        // The ids stand in the text too, in quotes and with a comma.
        ENTRY_BYTES
            + TEXT_BYTES
            + reasons
            + 2 * ids
            + 3 * self.outcome.reasons.len()
            + size_of_val(self.stamp.stripes())
    }
}
