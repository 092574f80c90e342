//! The bundle in force, and how another takes its place while decisions are being made.
//!
//! Whoever begins takes hold of the bundle and ends with it. Answers that are kept say which bundle
//! made them, by its generation, and answer nobody who began with another.

use crate::engine::Bundle;
use crate::slice::Slicer;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// A bundle, and entities as its schema has them: all that a decision is made with.
#[derive(Debug)]
pub struct InForce {
    bundle: Arc<Bundle>,
    /// Shared with the bundle before, if the schema is the same.
    slicer: Arc<Slicer>,
}

impl InForce {
    pub(super) const fn new(bundle: Arc<Bundle>, slicer: Arc<Slicer>) -> Self {
        Self { bundle, slicer }
    }

    /// The policies that decide, with their schema.
    #[must_use]
    pub const fn bundle(&self) -> &Arc<Bundle> {
        &self.bundle
    }

    pub(super) fn generation(&self) -> u64 {
        self.bundle.generation()
    }

    pub(super) fn slicer(&self) -> &Slicer {
        &self.slicer
    }

    /// What takes the place of this.
    fn next(&self, bundle: Arc<Bundle>) -> Self {
        let slicer = if self.bundle.has_schema_of(&bundle) {
            Arc::clone(&self.slicer)
        } else {
            // INVARIANT: entities made by one schema take no part in decisions under another.
            Arc::new(self.slicer.with_model(Arc::clone(bundle.model())))
        };
        Self { bundle, slicer }
    }
}

/// What is in force now.
#[derive(Debug)]
pub(super) struct Published {
    current: RwLock<Arc<InForce>>,
    /// That of `current`, by itself: a hit looks at nothing else.
    generation: AtomicU64,
}

impl Published {
    pub(super) fn new(first: InForce) -> Self {
        Self { generation: AtomicU64::new(first.generation()), current: RwLock::new(Arc::new(first)) }
    }

    /// What decides for whoever begins now.
    pub(super) fn get(&self) -> Arc<InForce> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Its generation. An answer of any other is nobody's who begins now.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// Lets `bundle` decide for all who begin from now on; answers with what decided until now.
    // INVARIANT: the generation changes while nobody can take hold of either bundle. Changed later, an answer of the
    // new bundle could be followed by one that the old one had left in the cache.
    pub(super) fn replace(&self, bundle: Arc<Bundle>) -> Arc<InForce> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let next = Arc::new(current.next(bundle));
        self.generation.store(next.generation(), Ordering::SeqCst);
        std::mem::replace(&mut *current, next)
    }
}
