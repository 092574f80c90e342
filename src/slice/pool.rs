//! Entities for many slices of one snapshot: what a search decides its candidates from.
//!
//! Nothing of it comes from the cache or goes there: candidates are many, and asked about once.

use super::{Gathered, Held, Overlay, Seeds, Slice, SliceError, Slicer, next_of};
use crate::domain::uid::UidMap;
use crate::domain::{EntityUid, Reach, Revision, Step};
use crate::stamp::Stripe;
use crate::store::ReadTransaction;
use smol_str::SmolStr;
use std::sync::Arc;

/// Entities as they were at one revision.
#[derive(Debug, Clone, Default)]
pub struct Pool {
    revision: Revision,
    held: UidMap<Arc<Held>>,
    /// Whether it is known what its entities name; where decisions look at nothing beyond principal and resource, nobody
    /// asks.
    is_named: bool,
    /// Whether roles are Conclave's, and so nothing to read.
    keeps_roles: bool,
    /// Whether what is read from now on is looked at once, and nobody asks what it rests on.
    is_passing: bool,
}

impl Pool {
    /// The same, for more that nobody asks the stripes of.
    #[must_use]
    pub fn for_candidates(&self) -> Self {
        Self { is_passing: true, ..self.clone() }
    }

    /// The revision all of it belongs to.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// Whether the store holds this entity; of what was not read nothing is known.
    #[must_use]
    pub fn holds(&self, uid: &EntityUid) -> bool {
        self.held.get(uid).is_some_and(|held| held.entity.is_some())
    }

    /// Whether any of it may rest on what is told by this stripe; candidates apart.
    #[must_use]
    pub fn rests_on(&self, stripe: Stripe) -> bool {
        self.held.values().any(|held| held.stripes.contains(&stripe))
    }

    fn names(&self, uid: &EntityUid) -> &[(SmolStr, EntityUid)] {
        self.held.get(uid).map_or(&[], |held| &held.names)
    }

    // INVARIANT: what an entity names is not taken to be nothing where nobody looked.
    fn steps<'r>(&self, reach: &'r Reach) -> Result<std::slice::Iter<'r, Step>, SliceError> {
        let steps = reach.steps();
        if steps.is_empty() || self.is_named { Ok(steps.iter()) } else { Err(SliceError::Incomplete) }
    }

    /// The slice for these seeds, which lend nothing.
    ///
    /// # Errors
    /// If not all of it was read.
    pub fn slice(&self, seeds: &Seeds<'_>) -> Result<Slice, SliceError> {
        let mut gathered = Gathered::default();
        let mut wave = seeds.uids.clone();
        let mut steps = self.steps(seeds.reach)?;
        loop {
            for uid in &wave {
                // INVARIANT: what was not read is not taken to be absent.
                let held = self.held.get(uid).ok_or(SliceError::Incomplete)?;
                gathered.add(uid.clone(), Arc::clone(held));
            }
            let Some(step) = steps.next() else { break };
            wave = next_of(&wave, step, self.keeps_roles, |uid| self.names(uid));
        }
        Ok(Slice { revision: self.revision, stripes: Vec::new(), held: gathered.read, overlay: Overlay::default() })
    }
}

impl Slicer {
    /// Reads what slices for any of these seeds need, as far as `pool` does not have it. `read` is the transaction
    /// that all of the pool comes from.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn pooled(
        &self,
        read: &mut ReadTransaction,
        seeds: &[EntityUid],
        reach: &Reach,
        pool: &mut Pool,
    ) -> Result<(), SliceError> {
        pool.keeps_roles = self.keeps_roles();
        if pool.held.is_empty() {
            pool.is_named = !reach.steps().is_empty();
        }
        let mut wave = seeds.to_vec();
        let mut steps = pool.steps(reach)?;
        loop {
            let step = steps.next();
            let missing: Vec<_> = wave.iter().filter(|uid| !pool.held.contains_key(*uid)).cloned().collect();
            if !missing.is_empty() || pool.held.is_empty() {
                let snapshot = read.snapshot(&self.wanted(missing, step)).await?;
                pool.revision = snapshot.revision;
                self.counting.loads(snapshot.entities.len());
                for (uid, facts) in snapshot.entities {
                    let mut held = self.made(&uid, facts.as_ref(), snapshot.revision)?;
                    if pool.is_named {
                        held = held.with_names();
                    }
                    if !pool.is_passing {
                        held.stripes = self.stripes_of(&uid, facts.as_ref());
                    }
                    pool.held.insert(uid, Arc::new(held));
                }
            }
            let Some(step) = step else { return Ok(()) };
            wave = next_of(&wave, step, pool.keeps_roles, |uid| pool.names(uid));
        }
    }
}
