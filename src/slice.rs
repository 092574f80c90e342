//! Which entities a decision needs, all as of one revision.
//!
//! A policy may dereference whatever the schema allows, so the slice is no hand-written list: it is
//! the closure of the request's entities over the entities their attributes name, as far as the
//! policies of the request's environment reach. Ancestors need no entities of their
//! own: every entity carries all of its.
//!
//! May use `domain`, store reads and Cedar's entity types; evaluates nothing.

mod circumstances;
pub mod entity;
mod held;
mod kept;
mod lent;
mod pool;

pub use lent::{Lending, LentEntity, LentKind};
pub use pool::Pool;

use crate::cedar::{CedarError, Entity, EntityModel};
use crate::counters::{CacheCounters, Counting};
use crate::domain::facts::{Facts, Neighbours, Snapshot, Wanted};
use crate::domain::uid::types;
use crate::domain::{EntityUid, LentError, Reach, Revision, Step};
use crate::stamp::{self, Collected, Stripe, Stripes};
use crate::store::{ReadTransaction, Store, StoreError};
use held::{Held, RestsOn};
use kept::Kept;
use lent::Overlay;
use smol_str::SmolStr;
use std::borrow::Cow;
use std::sync::Arc;
use thiserror::Error;

/// Everything a decision is made from, as it was at one revision.
#[derive(Debug)]
pub struct Slice {
    /// The revision all of it belongs to.
    pub revision: Revision,
    /// What the decision rests on: a change of any of these may change it.
    pub stripes: Vec<Stripe>,
    held: Vec<(EntityUid, Arc<Held>)>,
    overlay: Overlay,
}

/// What was collected so far.
#[derive(Debug, Default)]
struct Gathered {
    /// A handful: searching it from end to end is faster than hashing.
    read: Vec<(EntityUid, Arc<Held>)>,
    /// What the request lends, over what of it was read; once that is there. What is wrong with it is
    /// told when the slice is one of a single revision.
    lent: Option<Result<Overlay, SliceError>>,
}

/// Why there is no slice.
#[derive(Debug, Error)]
pub enum SliceError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store's answer cannot be held by Cedar.
    #[error(transparent)]
    Cedar(#[from] CedarError),
    /// Something it needs was not read. Not reachable, and not worth a panic.
    #[error("the slice is not whole")]
    Incomplete,
    /// The request lends what it must not.
    #[error(transparent)]
    Lent(#[from] LentError),
}

/// Collects slices, and keeps the entities it has read.
#[derive(Debug)]
pub struct Slicer {
    store: Store,
    model: Arc<EntityModel>,
    stripes: Arc<Stripes>,
    entities: Kept,
    bytes_max: u64,
    counting: Arc<Counting>,
}

/// The entities a request starts from, and how far to go from them.
#[derive(Debug)]
pub struct Seeds<'a> {
    /// Principal, resource, and what the context names.
    pub uids: Vec<EntityUid>,
    /// How far the policies look from there.
    pub reach: &'a Reach,
    /// What the request lends. All of it is part of the slice, and what it lies in.
    pub lent: Lending<'a>,
}

impl Seeds<'_> {
    /// What is read first.
    fn first(&self) -> Cow<'_, [EntityUid]> {
        if self.lent.is_nothing() {
            return Cow::Borrowed(&self.uids);
        }
        let mut all: Vec<_> = self.uids.iter().chain(self.lent.uids()).cloned().collect();
        all.sort_unstable();
        all.dedup();
        Cow::Owned(all)
    }
}

impl Slice {
    /// Whether the store holds this entity, or the request lends it.
    #[must_use]
    pub fn holds(&self, uid: &EntityUid) -> bool {
        self.overlay.get(uid).is_some() || self.stored().any(|(own, _)| own == uid)
    }

    /// The entities that exist, as they count for this request.
    pub fn entities(&self) -> impl Iterator<Item = &Arc<Entity>> {
        let stored = self.stored().filter(|(uid, _)| self.overlay.get(uid).is_none());
        stored.map(|(_, entity)| entity).chain(self.overlay.entities())
    }

    fn stored(&self) -> impl Iterator<Item = (&EntityUid, &Arc<Entity>)> {
        stored(&self.held)
    }
}

fn stored(held: &[(EntityUid, Arc<Held>)]) -> impl Iterator<Item = (&EntityUid, &Arc<Entity>)> {
    held.iter().filter_map(|(uid, held)| Some((uid, held.entity.as_ref()?)))
}

impl Gathered {
    fn get(&self, uid: &EntityUid) -> Option<&Arc<Held>> {
        self.read.iter().find(|(own, _)| own == uid).map(|(_, held)| held)
    }

    /// What an entity names, as it counts for this request.
    fn names(&self, uid: &EntityUid) -> &[(SmolStr, EntityUid)] {
        let lent = self.lent.as_ref().and_then(|lent| lent.as_ref().ok()?.names(uid));
        lent.or_else(|| self.get(uid).map(|held| held.names.as_slice())).unwrap_or_default()
    }

    /// Lays what is lent over what is stored of it, which has been read first of all.
    fn lay(&mut self, lending: &Lending<'_>) {
        if self.lent.is_none() && !lending.is_nothing() {
            self.lent = Some(lending.over(|uid| self.get(uid)?.entity.as_deref()));
        }
    }

    /// Adds an entity, unless there is one of that uid.
    fn add(&mut self, uid: EntityUid, held: Arc<Held>) {
        if self.get(&uid).is_none() {
            self.read.push((uid, held));
        }
    }
}

impl Collected for Gathered {
    fn parts(&self) -> impl Iterator<Item = (Revision, &[Stripe])> {
        self.read.iter().map(|(_, held)| (held.revision, &*held.stripes))
    }
}

impl Slicer {
    /// A slicer over a store, for policies of one schema, keeping entities worth at most `bytes_max`.
    #[must_use]
    pub fn new(store: Store, stripes: Arc<Stripes>, model: Arc<EntityModel>, bytes_max: u64) -> Self {
        Self::counted(store, stripes, model, bytes_max, Arc::new(Counting::default()))
    }

    /// Another one over the same store for policies of another schema. It begins with no entities, as they are made by
    /// the schema's types, and counts where this one left off.
    #[must_use]
    pub fn with_model(&self, model: Arc<EntityModel>) -> Self {
        Self::counted(self.store.clone(), Arc::clone(&self.stripes), model, self.bytes_max, Arc::clone(&self.counting))
    }

    fn counted(
        store: Store,
        stripes: Arc<Stripes>,
        model: Arc<EntityModel>,
        bytes_max: u64,
        counting: Arc<Counting>,
    ) -> Self {
        let entities = Kept::new(bytes_max, Arc::clone(&counting));
        Self { store, model, stripes, entities, bytes_max, counting }
    }

    /// What the cache of entities did so far. Entities are not stamped anew.
    #[must_use]
    pub fn counters(&self) -> CacheCounters {
        self.counting.read()
    }

    /// How many entities were read from the store, for decisions and for searches; absent ones count too.
    #[must_use]
    pub fn loaded(&self) -> u64 {
        self.counting.loaded()
    }

    /// Forgets every entity; the next slices are read from the store.
    pub fn forget(&self) {
        self.entities.clear();
    }

    /// The slice for these seeds, from cached entities and at most a few reads.
    ///
    /// # Errors
    /// If the store does not answer; there is no partial slice.
    pub async fn slice(&self, seeds: &Seeds<'_>) -> Result<Slice, SliceError> {
        let (revision, held) = stamp::fill(&self.stripes, self.gather(seeds), || self.reread(seeds)).await?;
        finish(revision, held, &seeds.lent)
    }

    /// Closure over the entity cache, with one statement for what is missing at each step.
    async fn gather(&self, seeds: &Seeds<'_>) -> Result<Gathered, SliceError> {
        let mut held = Gathered::default();
        let mut wave = seeds.first();
        let mut steps = seeds.reach.steps().iter();
        loop {
            let step = steps.next();
            let missing = self.take_cached(&wave, &mut held);
            self.read(missing, step, &mut held).await?;
            held.lay(&seeds.lent);
            let Some(step) = step else { return Ok(held) };
            wave = Cow::Owned(self.next_wave(&wave, step, &held));
        }
    }

    /// Reads what is missing, if anything is.
    async fn read(&self, missing: Vec<EntityUid>, next: Option<&Step>, held: &mut Gathered) -> Result<(), SliceError> {
        if missing.is_empty() {
            return Ok(());
        }
        let snapshot = self.store.snapshot(&self.wanted(missing, next)).await?;
        self.keep(snapshot, held)
    }

    /// Closure from one read snapshot, without the cache: what was cached belonged to other revisions.
    async fn reread(&self, seeds: &Seeds<'_>) -> Result<Gathered, SliceError> {
        self.reread_on(&mut self.store.read().await?, seeds).await
    }

    /// The slice for these seeds as `read` sees it.
    ///
    /// # Errors
    /// If the store does not answer; there is no partial slice.
    pub async fn slice_on(&self, read: &mut ReadTransaction, seeds: &Seeds<'_>) -> Result<Slice, SliceError> {
        let gathered = self.reread_on(read, seeds).await?;
        // All of it is of one revision.
        let revision = gathered.parts().map(|(revision, _)| revision).max().unwrap_or_default();
        finish(revision, gathered, &seeds.lent)
    }

    async fn reread_on(&self, read: &mut ReadTransaction, seeds: &Seeds<'_>) -> Result<Gathered, SliceError> {
        let mut held = Gathered::default();
        let mut wave = seeds.first().into_owned();
        let mut steps = seeds.reach.steps().iter();
        loop {
            let step = steps.next();
            wave.retain(|uid| held.get(uid).is_none());
            let snapshot = read.snapshot(&self.wanted(wave.clone(), step)).await?;
            self.keep(snapshot, &mut held)?;
            held.lay(&seeds.lent);
            let Some(step) = step else { return Ok(held) };
            wave = self.next_wave(&wave, step, &held);
        }
    }

    /// Moves what is cached into `held` and returns what is not.
    fn take_cached(&self, wave: &[EntityUid], held: &mut Gathered) -> Vec<EntityUid> {
        let published = self.stripes.published();
        // Whether it is still right is found out once all of it is there; this is to read what is not in time for that.
        let is_fresh =
            |held: &Held| held.revision >= published || self.stripes.unchanged_since(&held.stripes, held.revision);
        let mut missing = Vec::new();
        for uid in wave {
            if held.get(uid).is_some() {
                continue;
            }
            match self.entities.get(uid) {
                Some(cached) if is_fresh(&cached) => {
                    self.counting.hits(1);
                    held.read.push((uid.clone(), cached));
                }
                found => {
                    self.counting.miss();
                    if found.is_some() {
                        self.counting.invalidation();
                    }
                    missing.push(uid.clone());
                }
            }
        }
        missing
    }

    /// Makes entities of what was read, for this slice and for later ones.
    fn keep(&self, read: Snapshot, held: &mut Gathered) -> Result<(), SliceError> {
        self.counting.loads(read.entities.len());
        for (uid, facts) in read.entities {
            let fresh = Arc::new(self.hold(&uid, facts.as_ref(), read.revision)?);
            self.entities.insert(uid.clone(), Arc::clone(&fresh));
            held.add(uid, fresh);
        }
        Ok(())
    }

    fn hold(&self, uid: &EntityUid, facts: Option<&Facts>, revision: Revision) -> Result<Held, SliceError> {
        Ok(self.made(uid, facts, revision)?.with_names().kept(uid, self.stripes_of(uid, facts)))
    }

    /// The same without names and without stripes.
    fn made(&self, uid: &EntityUid, facts: Option<&Facts>, revision: Revision) -> Result<Held, SliceError> {
        let entity = facts.map(|facts| entity::entity(uid, facts, &self.model)).transpose()?;
        Ok(Held { entity, ..Held::absent(revision) })
    }

    fn stripes_of(&self, uid: &EntityUid, facts: Option<&Facts>) -> RestsOn {
        entity::rests_on(uid, facts, &self.model).iter().map(|uid| self.stripes.of(uid)).collect()
    }

    /// What is missing, and with it what the next step leads to.
    fn wanted(&self, missing: Vec<EntityUid>, next: Option<&Step>) -> Vec<Wanted> {
        let taken = NEIGHBOURS.iter().filter(|(attribute, _)| next.is_some_and(|step| step.takes(attribute)));
        let neighbours = taken.fold(Neighbours::NONE, |all, (_, one)| all.with(*one));
        let keeper = self.model.keeper();
        missing.into_iter().map(|uid| Wanted { uid, neighbours, keeper }).collect()
    }

    fn next_wave(&self, wave: &[EntityUid], step: &Step, held: &Gathered) -> Vec<EntityUid> {
        next_of(wave, step, self.keeps_roles(), |uid| held.names(uid))
    }

    fn keeps_roles(&self) -> bool {
        self.model.keeps(types::ROLE)
    }
}

/// The attributes whose entities the store can read along.
const NEIGHBOURS: [(&str, Neighbours); 6] = [
    ("group", Neighbours::GROUP),
    ("tool", Neighbours::TOOL),
    ("owner", Neighbours::OWNER),
    ("author", Neighbours::AUTHOR),
    ("quota", Neighbours::QUOTA),
    ("administrator", Neighbours::ADMINISTRATOR),
];

/// What the entities of this wave lead to, as far as it was read. The roles that Conclave keeps have no attributes and no
/// parents: nothing to read.
fn next_of<'h>(
    wave: &[EntityUid],
    step: &Step,
    keeps_roles: bool,
    names: impl Fn(&EntityUid) -> &'h [(SmolStr, EntityUid)],
) -> Vec<EntityUid> {
    let names = wave.iter().flat_map(names);
    let is_read = |uid: &EntityUid| !keeps_roles || uid.type_name != types::ROLE;
    let taken = names.filter(|(attribute, uid)| step.takes(attribute) && is_read(uid));
    let mut next: Vec<_> = taken.map(|(_, uid)| uid.clone()).collect();
    next.sort_unstable();
    next.dedup();
    next
}

// INVARIANT: the stripes are those of all that was read, the absence of what is lent included: stored
// meanwhile, it must be decided upon anew.
fn finish(revision: Revision, gathered: Gathered, lending: &Lending<'_>) -> Result<Slice, SliceError> {
    let Gathered { read: held, lent } = gathered;
    let stripes = held.iter().flat_map(|(_, held)| held.stripes.iter().copied()).collect();
    let mut overlay = lent.transpose()?.unwrap_or_default();
    if !lending.is_nothing() {
        lending.complete(&mut overlay, stored(&held).map(|(uid, entity)| (uid, &**entity)))?;
    }
    Ok(Slice { revision, stripes, held, overlay })
}
