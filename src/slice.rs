//! Which entities a decision needs, all as of one revision.
//!
//! A policy may dereference whatever the schema allows, so the slice is no hand-written list: it is
//! the closure of the request's entities over the entities their attributes name, as deep as the
//! policies of the request's environment were validated to reach. Ancestors need no entities of their
//! own: every entity carries all of its.
//!
//! May use `domain`, store reads and Cedar's entity types; evaluates nothing.

pub mod entity;

use crate::cedar::{self, CedarError, Entity};
use crate::domain::facts::{Facts, Neighbours, Snapshot, Wanted};
use crate::domain::uid::types;
use crate::domain::{EntityUid, Revision};
use crate::stamp::{Stripe, Stripes};
use crate::store::{Store, StoreError};
use moka::future::Cache;
use std::collections::HashMap;
use std::sync::Arc;
use thiserror::Error;

/// Everything a decision is made from, as it was at one revision.
#[derive(Debug)]
pub struct Slice {
    /// The revision all of it belongs to.
    pub revision: Revision,
    /// What the decision rests on: a change of any of these may change it.
    pub stripes: Vec<Stripe>,
    held: HashMap<EntityUid, Arc<Held>>,
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
}

/// One entity, or the knowledge that it is not there, as it was at a revision.
#[derive(Debug)]
struct Held {
    entity: Option<Arc<Entity>>,
    /// What its attributes name: where the closure goes on.
    names: Vec<EntityUid>,
    stripes: Box<[Stripe]>,
    revision: Revision,
}

/// Collects slices, and keeps the entities it has read.
#[derive(Debug)]
pub struct Slicer {
    store: Store,
    stripes: Arc<Stripes>,
    entities: Cache<EntityUid, Arc<Held>>,
}

/// The entities a request starts from, and how far to go from them.
#[derive(Debug, Clone)]
pub struct Seeds {
    /// Principal, resource, and what the context names.
    pub uids: Vec<EntityUid>,
    /// How many times the policies dereference: 1 needs only `uids`.
    pub level: u32,
}

impl Slice {
    /// Whether the store holds this entity.
    #[must_use]
    pub fn holds(&self, uid: &EntityUid) -> bool {
        self.held.get(uid).is_some_and(|held| held.entity.is_some())
    }

    /// The entities that exist.
    pub fn entities(&self) -> impl Iterator<Item = Arc<Entity>> {
        self.held.values().filter_map(|held| held.entity.clone())
    }
}

impl Slicer {
    /// A slicer over a store, keeping entities worth at most `bytes_max`.
    #[must_use]
    pub fn new(store: Store, stripes: Arc<Stripes>, bytes_max: u64) -> Self {
        let entities = Cache::builder()
            .name("entities")
            .max_capacity(bytes_max)
            .weigher(|uid: &EntityUid, held: &Arc<Held>| u32::try_from(weight(uid, held)).unwrap_or(u32::MAX))
            .build();
        Self { store, stripes, entities }
    }

    /// Forgets every entity; the next slices are read from the store.
    pub fn forget(&self) {
        self.entities.invalidate_all();
    }

    /// The slice for these seeds, from cached entities and at most a few reads.
    ///
    /// # Errors
    /// If the store does not answer; there is no partial slice.
    // INVARIANT: every entity that is not of the slice's revision is checked against its stripes after
    // the last read, so that the slice is what a single read at that revision would have returned.
    pub async fn slice(&self, seeds: &Seeds) -> Result<Slice, SliceError> {
        let published = self.stripes.published();
        let held = self.gather(seeds).await?;
        let revision = held.values().map(|held| held.revision).fold(published, Ord::max);
        let torn = held
            .values()
            .any(|held| held.revision < revision && !self.stripes.unchanged_since(&held.stripes, held.revision));
        if torn { self.reread(seeds).await } else { Ok(finish(revision, held)) }
    }

    /// Closure over the entity cache, with one statement for what is missing on each level.
    async fn gather(&self, seeds: &Seeds) -> Result<HashMap<EntityUid, Arc<Held>>, SliceError> {
        let mut held = HashMap::new();
        let mut wave = seeds.uids.clone();
        for level in (0..seeds.level).rev() {
            let missing = self.take_cached(&wave, &mut held).await;
            if !missing.is_empty() {
                let snapshot = self.store.snapshot(&wanted(missing, level > 0)).await?;
                self.keep(snapshot, &mut held).await?;
            }
            wave = next_wave(&wave, &held);
        }
        Ok(held)
    }

    /// Closure from one read snapshot, without the cache: what was cached belonged to other revisions.
    async fn reread(&self, seeds: &Seeds) -> Result<Slice, SliceError> {
        let mut held = HashMap::new();
        let mut wave = seeds.uids.clone();
        let mut read = self.store.read().await?;
        let mut revision = self.stripes.published();
        for level in (0..seeds.level).rev() {
            let missing: Vec<_> = wave.iter().filter(|uid| !held.contains_key(*uid)).cloned().collect();
            let snapshot = read.snapshot(&wanted(missing, level > 0)).await?;
            revision = snapshot.revision;
            self.keep(snapshot, &mut held).await?;
            wave = next_wave(&wave, &held);
        }
        Ok(finish(revision, held))
    }

    /// Moves what is cached into `held` and returns what is not.
    async fn take_cached(&self, wave: &[EntityUid], held: &mut HashMap<EntityUid, Arc<Held>>) -> Vec<EntityUid> {
        let mut missing = Vec::new();
        for uid in wave {
            if held.contains_key(uid) {
                continue;
            }
            match self.entities.get(uid).await {
                Some(cached) if self.stripes.unchanged_since(&cached.stripes, cached.revision) => {
                    held.insert(uid.clone(), cached);
                }
                _ => missing.push(uid.clone()),
            }
        }
        missing
    }

    /// Makes entities of what was read, for this slice and for later ones.
    async fn keep(&self, read: Snapshot, held: &mut HashMap<EntityUid, Arc<Held>>) -> Result<(), SliceError> {
        for (uid, facts) in read.entities {
            let fresh = Arc::new(self.hold(&uid, facts.as_ref(), read.revision)?);
            self.entities.insert(uid.clone(), Arc::clone(&fresh)).await;
            held.entry(uid).or_insert(fresh);
        }
        Ok(())
    }

    fn hold(&self, uid: &EntityUid, facts: Option<&Facts>, revision: Revision) -> Result<Held, SliceError> {
        let entity = facts.map(|facts| entity::entity(uid, facts)).transpose()?;
        let names = entity.as_deref().map(cedar::named_by).unwrap_or_default();
        let stripes = entity::rests_on(uid, facts).iter().map(|uid| self.stripes.of(uid)).collect();
        Ok(Held { entity, names, stripes, revision })
    }
}

fn wanted(missing: Vec<EntityUid>, neighbours: bool) -> Vec<Wanted> {
    let neighbours = if neighbours { Neighbours::ALL } else { Neighbours::NONE };
    missing.into_iter().map(|uid| Wanted { uid, neighbours }).collect()
}

/// What the entities of this wave name. Roles have no attributes and no parents: nothing to read.
fn next_wave(wave: &[EntityUid], held: &HashMap<EntityUid, Arc<Held>>) -> Vec<EntityUid> {
    let names = wave.iter().filter_map(|uid| held.get(uid)).flat_map(|held| &held.names);
    let mut next: Vec<_> = names.filter(|uid| uid.type_name != types::ROLE).cloned().collect();
    next.sort_unstable();
    next.dedup();
    next
}

fn finish(revision: Revision, held: HashMap<EntityUid, Arc<Held>>) -> Slice {
    let stripes = held.values().flat_map(|held| held.stripes.iter().copied()).collect();
    Slice { revision, stripes, held }
}

fn weight(uid: &EntityUid, held: &Held) -> usize {
    const ENTRY_BYTES: usize = 256;
    let names: usize = held.names.iter().map(|name| size_of::<EntityUid>() + name.id.len()).sum();
    let entity = held.entity.as_deref().map(cedar::weight).unwrap_or_default();
    ENTRY_BYTES + uid.id.len() + names + entity + size_of_val(&*held.stripes)
}
