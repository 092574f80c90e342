//! What the pipeline and its caches did, for whoever reports it.

use super::Check;
use crate::counters::{CacheCounters, DecisionCounters};
use futures_util::FutureExt as _;
use std::sync::atomic::Ordering;

impl Check {
    /// What the cache of decisions did so far.
    #[must_use]
    pub fn decision_counters(&self) -> CacheCounters {
        // What the cache has to do yet it does now, unless somebody else is doing it.
        self.decisions.run_pending_tasks().now_or_never();
        let [kept, forgotten] = [&self.kept, &self.forgotten].map(|count| count.load(Ordering::Relaxed));
        // A listener would tell of each eviction, and have the cache lock every key that it inserts.
        let evictions = kept.saturating_sub(forgotten + self.decisions.entry_count());
        CacheCounters { evictions, hits: self.deciding.hits_so_far(), ..self.counting.read() }
    }

    /// What was decided so far, for hosts and for the calls of the admin API. Searches and explanations, which have no
    /// use for the cache, are not among it.
    #[must_use]
    pub fn deciding(&self) -> DecisionCounters {
        self.deciding.read()
    }

    /// How many entities were read from the store so far.
    #[must_use]
    pub fn entities_loaded(&self) -> u64 {
        self.in_force().slicer().loaded()
    }

    /// What the cache of entities did so far.
    #[must_use]
    pub fn entity_counters(&self) -> CacheCounters {
        self.in_force().slicer().counters()
    }

    /// How many of the decisions that Cedar's own authorizer made again it made otherwise: a fault of this
    /// program, whatever the number.
    #[must_use]
    pub fn mismatches(&self) -> u64 {
        self.verifier.mismatches()
    }
}
