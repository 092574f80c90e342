//! The decision pipeline: a question, the cache, and on a miss the slice and the engine.
//!
//! May use moka, `slice`, `stamp`, `engine`, `trace` and `domain`; never axum, never sqlx.

pub mod batch;
mod cached;
mod counted;
pub mod error;
pub mod explain;
mod in_force;
pub mod key;
mod lent;
mod miss;
pub mod queue;
pub mod snapshot;
pub mod told;
mod turns;
mod verify;

pub use batch::BatchError;
pub use cached::Answer;
pub use error::CheckError;
pub use explain::Explained;
pub use in_force::InForce;
pub use key::RequestRef;
pub use snapshot::{Decider, Searched};
pub use told::{Asked, Told, ToldError};

use crate::config::limits::{BATCHES_BURST_MAX, BATCHES_RUNNING_MAX, BATCHES_WAITING_MAX, Limits};
use crate::counters::{Counting, Deciding};
use crate::domain::uid::UidHasher;
use crate::domain::{DecisionRequest, Revision};
use crate::engine::{Bundle, Detail};
use crate::slice::Slicer;
use crate::stamp::{Stamped, Stripes};
use crate::store::limits::READ_CONNECTIONS_MAX;
use crate::store::{Follower, Store, StoreError};
use cached::Cached;
use futures_util::FutureExt as _;
use in_force::Published;
use miss::Place;
use moka::future::Cache;
use queue::{Bounds, Coming, Queue, QueueState};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use turns::Turns;
use verify::Verifier;

/// Answers decisions, from memory where that is safe.
#[derive(Debug)]
pub struct Check {
    published: Published,
    stripes: Arc<Stripes>,
    /// Says whether what is kept may still be answered from.
    store: Store,
    decisions: Cache<DecisionRequest, Arc<Cached>, UidHasher>,
    turns: Turns,
    /// In front of what single questions need from the store.
    misses: Queue,
    /// In front of what needs more than one answer: batches, searches for actions, explanations.
    batches: Queue,
    /// How many decisions were put into the cache beside those that were there.
    kept: AtomicU64,
    /// How many of them were taken out again.
    forgotten: AtomicU64,
    counting: Counting,
    deciding: Deciding,
    verifier: Verifier,
    /// What changed before is in no stripe.
    began: Revision,
}

/// Whether an answer was computed for this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheUse {
    /// It was in the cache, or another request was just computing it.
    Hit,
    /// It was computed.
    Miss,
}

impl CacheUse {
    /// `hit` or `miss`, as logs and metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

impl Check {
    /// A pipeline over a store and a policy bundle.
    ///
    /// # Errors
    /// If the store's revision cannot be read.
    pub async fn new(store: Store, bundle: Arc<Bundle>, limits: &Limits) -> Result<Self, StoreError> {
        let began = store.revision().await?;
        let stripes = Arc::new(Stripes::new(began));
        let model = Arc::clone(bundle.model());
        let slicer = Slicer::new(store.clone(), Arc::clone(&stripes), model, limits.entity_cache_bytes_max);
        let (counting, deciding) = (Counting::default(), Deciding::default());
        let decisions = Cache::builder()
            .name("decisions")
            .max_capacity(limits.decision_cache_bytes_max)
            .weigher(|key: &DecisionRequest, cached: &Arc<Cached>| {
                u32::try_from(key::weight(key) + cached.weight()).unwrap_or(u32::MAX)
            })
            .build_with_hasher(UidHasher::default());
        let verifier = Verifier::new(limits.verification_decisions, bundle.policies().count());
        let (turns, misses, batches) = (Turns::new(), misses(limits, store.is_shared()), batches());
        let (kept, forgotten) = (AtomicU64::new(0), AtomicU64::new(0));
        let published = Published::new(InForce::new(bundle, Arc::new(slicer)));
        Ok(Self {
            published,
            stripes,
            store,
            decisions,
            turns,
            misses,
            batches,
            kept,
            forgotten,
            counting,
            deciding,
            verifier,
            began,
        })
    }

    /// May this principal do this action on this resource?
    ///
    /// # Errors
    /// [`CheckError`] if the schema does not know the question, or no decision can be made now; too many may be
    /// waiting for one. An error is never an Allow, and is never remembered.
    pub async fn decide(&self, request: &RequestRef<'_>) -> Result<Answer, CheckError> {
        if let Some(answer) = self.cached(request) {
            return Ok(answer);
        }
        self.miss((&self.in_force(), Detail::Policies), request.to_owned(), Place::Wanted).await
    }

    /// The same by a bundle that the asker took hold of before, so that all it asks is decided by one; with every policy
    /// that determines it or, where nobody asks for those, up to the one that settles it.
    ///
    /// # Errors
    /// As [`Check::decide`].
    pub async fn decide_in(
        &self,
        in_force: &InForce,
        detail: Detail,
        request: &RequestRef<'_>,
    ) -> Result<Answer, CheckError> {
        if let Some(answer) = self.look(in_force.generation(), detail, request) {
            self.deciding.hit(answer.outcome().is_allow());
            return Ok(answer);
        }
        self.miss((in_force, detail), request.to_owned(), Place::Wanted).await
    }

    /// The same by a bundle in force, past the queue: for the one writer, who waits in no other than its own.
    ///
    /// # Errors
    /// As [`Check::decide`].
    pub async fn decide_past_queue(&self, in_force: &InForce, request: &RequestRef<'_>) -> Result<Answer, CheckError> {
        if let Some(answer) = self.look(in_force.generation(), Detail::Policies, request) {
            self.deciding.hit(answer.outcome().is_allow());
            return Ok(answer);
        }
        self.miss((in_force, Detail::Policies), request.to_owned(), Place::Held).await
    }

    /// The answer with all policies that determine it, if it is cached and still right. Never waits.
    #[must_use]
    pub fn cached(&self, request: &RequestRef<'_>) -> Option<Answer> {
        let answer = self.look(self.published.generation(), Detail::Policies, request)?;
        self.deciding.hit(answer.outcome().is_allow());
        Some(answer)
    }

    /// Lets a question in that has no cached answer and is decided elsewhere in a moment. Never waits.
    ///
    /// What is given counts in the queue, and is to be let go of just before [`Check::decide`]: nobody may hold it while
    /// waiting for anything.
    ///
    /// # Errors
    /// [`CheckError::Full`] if it would be turned away, counted as if it had been tried.
    pub fn expect(&self, request: &RequestRef<'_>) -> Result<Option<Coming>, CheckError> {
        // Who only waits for what another is just computing needs no place.
        if self.turns.is_taken(request) {
            return Ok(None);
        }
        let coming = self.misses.expect().map_err(CheckError::Full);
        coming.map(Some).inspect_err(|full| self.deciding.undecided(full.kind()))
    }

    /// The same, not counted, for who began with the bundle of this generation.
    fn look(&self, generation: u64, detail: Detail, request: &RequestRef<'_>) -> Option<Answer> {
        // A read waits only where it tidies up and another read is doing so. What is begun then is
        // finished by a later one.
        let cached = self.decisions.get(request).now_or_never()?.filter(|cached| cached.tells(detail))?;
        self.fresh(generation, cached)
    }

    /// What every write must tell before it is acknowledged.
    #[must_use]
    pub fn stripes(&self) -> &Stripes {
        &self.stripes
    }

    /// The same, for a task of its own that writes.
    #[must_use]
    pub fn follower(&self) -> Arc<dyn Follower> {
        Arc::clone(&self.stripes) as _
    }

    /// The revision that answers are at least as new as.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.stripes.published()
    }

    /// Has what others changed up to now known here, where others change the database too.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn catch_up(&self) -> Result<(), StoreError> {
        self.store.catch_up().await
    }

    /// Lets later answers be no older than a revision that was read from the store and is about to be told of.
    ///
    /// # Errors
    /// If the store does not answer.
    // INVARIANT: followed before it is published. A decision from before what others changed would else count as one of
    // this revision.
    pub async fn learn(&self, revision: Revision) -> Result<(), StoreError> {
        self.store.catch_up_to(revision).await?;
        self.stripes.advance(revision);
        Ok(())
    }

    /// What decides for whoever begins now.
    #[must_use]
    pub fn in_force(&self) -> Arc<InForce> {
        self.published.get()
    }

    /// The policies that decide for whoever begins now.
    #[must_use]
    pub fn bundle(&self) -> Arc<Bundle> {
        Arc::clone(self.in_force().bundle())
    }

    /// Lets another bundle decide, policies, schema and index at once. Who has begun ends with the bundle before;
    /// nobody who begins from now on is answered by it.
    ///
    /// What is stored of hosts' entities must fit the schema, and go on to do so: where the schema is another,
    /// the caller is the one writer. Answers with what decided before: to let go of it, with all that its cache holds, may
    /// take a while.
    #[must_use = "it is for the caller to choose where what decided before is let go of"]
    pub fn replace(&self, bundle: Arc<Bundle>) -> Arc<InForce> {
        self.verifier.set_policies(bundle.policies().count());
        self.published.replace(bundle)
    }

    /// The queues in front of the store: of single questions, and of what needs more than one answer.
    #[must_use]
    pub fn queues(&self) -> [(&'static str, QueueState); 2] {
        [("misses", self.misses.state()), ("batches", self.batches.state())]
    }

    /// Forgets every cached decision; a bench measures misses with it.
    pub async fn forget_decisions(&self) {
        self.decisions.run_pending_tasks().await;
        self.forgotten.fetch_add(self.decisions.entry_count(), Ordering::Relaxed);
        self.decisions.invalidate_all();
        // What is forgotten is cleared away here, and not by the misses that are to be measured.
        while self.decisions.entry_count() > 0 {
            self.decisions.run_pending_tasks().await;
        }
    }

    /// Forgets every cached entity; a bench measures cold misses with it.
    pub fn forget_entities(&self) {
        self.in_force().slicer().forget();
    }

    /// What is cached, if it is still right, for who began with the bundle of this generation.
    fn fresh(&self, generation: u64, cached: Arc<Cached>) -> Option<Answer> {
        // INVARIANT: nothing is answered from memory while nobody here knows what others may have changed meanwhile.
        if !self.store.is_current() {
            return None;
        }
        // INVARIANT: what another bundle decided answers nobody, whenever it was filled.
        if cached.generation != generation {
            return None;
        }
        let stamped = cached.stamp().revision();
        let revision = cached.stamp().check(&self.stripes)?;
        if revision > stamped {
            self.counting.restamp();
        }
        Some(Answer::new(cached, revision, CacheUse::Hit))
    }
}

fn misses(limits: &Limits, is_shared: bool) -> Queue {
    let Limits { misses_running_max: running, misses_waiting_max: waiting, misses_burst_max: burst, .. } = *limits;
    // More at a time than there are processors only wait for each other, and each of them longer. What waits for a server
    // does so for a connection to it.
    let processors = || std::thread::available_parallelism().map_or(2, |processors| processors.get().max(2));
    let at_once = || if is_shared { processors().max(READ_CONNECTIONS_MAX) } else { processors() };
    let running = if running == 0 { at_once() } else { running };
    Queue::new("misses", Bounds { running, waiting, burst })
}

fn batches() -> Queue {
    let (running, waiting, burst) = (BATCHES_RUNNING_MAX, BATCHES_WAITING_MAX, BATCHES_BURST_MAX);
    Queue::new("batches", Bounds { running, waiting, burst })
}

#[cfg(test)]
mod tests;
