//! The entities that were read, for as long as there is room for them.
//!
//! A decision that is not cached looks for a handful of entities, one after the other, and what a look costs is how many
//! places in memory it leads to. So this is not the cache that decisions are kept in: `quick_cache` keeps key and value
//! side by side and notes a hit in the same place.

use super::held::Held;
use crate::counters::Counting;
use crate::domain::EntityUid;
use crate::domain::uid::UidHasher;
use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, Weighter};
use std::sync::Arc;

/// What an entity takes about, in bytes. How many there will be decides into how many parts the cache is split, each
/// with a lock of its own, and how many keys that had to go are remembered.
const ENTITY_BYTES: u64 = 4 * 1024;

/// Entities by uid; absent ones too.
#[derive(Debug)]
pub(super) struct Kept(Cache<EntityUid, Arc<Held>, Weight, UidHasher, Evicted>);

#[derive(Debug, Clone)]
struct Weight;

impl Weighter<EntityUid, Arc<Held>> for Weight {
    fn weight(&self, _: &EntityUid, held: &Arc<Held>) -> u64 {
        u64::from(held.weight)
    }
}

/// Counts what had to go.
#[derive(Debug, Clone)]
struct Evicted(Arc<Counting>);

impl Lifecycle<EntityUid, Arc<Held>> for Evicted {
    type RequestState = ();

    // Not `on_evict`, which tells of what was replaced too.
    fn before_evict(&self, (): &mut (), _: &EntityUid, _: &mut Arc<Held>) {
        self.0.eviction();
    }
}

impl Kept {
    /// Room for entities worth so many bytes.
    pub(super) fn new(bytes_max: u64, counting: Arc<Counting>) -> Self {
        let places = usize::try_from(bytes_max / ENTITY_BYTES).unwrap_or(usize::MAX);
        Self(Cache::with(places, bytes_max, Weight, UidHasher::default(), Evicted(counting)))
    }

    /// What of this entity was kept.
    pub(super) fn get(&self, uid: &EntityUid) -> Option<Arc<Held>> {
        self.0.get(uid)
    }

    /// Keeps it, in place of what was kept of it.
    pub(super) fn insert(&self, uid: EntityUid, held: Arc<Held>) {
        self.0.insert(uid, held);
    }

    /// Forgets every entity.
    pub(super) fn clear(&self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Revision;

    fn held(weight: u32) -> Arc<Held> {
        Arc::new(Held { weight, ..Held::absent(Revision(1)) })
    }

    fn uid(number: usize) -> EntityUid {
        EntityUid::new("Item", number.to_string())
    }

    #[test]
    fn there_are_never_more_than_there_is_room_for_and_what_goes_is_counted() {
        const BYTES_MAX: u64 = 1 << 20;
        let counting = Arc::new(Counting::default());
        let kept = Kept::new(BYTES_MAX, Arc::clone(&counting));
        for number in 0..10_000 {
            kept.insert(uid(number), held(1_000));
            assert!(kept.0.weight() <= BYTES_MAX);
        }
        let left = (0..10_000).filter(|number| kept.get(&uid(*number)).is_some()).count();
        for number in 0..10_000 {
            if kept.get(&uid(number)).is_some() {
                kept.insert(uid(number), held(1_000));
            }
        }
        assert!(left > 500, "{left}");
        assert_eq!(counting.read().evictions, 10_000 - left as u64);
        kept.clear();
        assert_eq!((0..10_000).filter(|number| kept.get(&uid(*number)).is_some()).count(), 0);
    }

    #[test]
    fn what_is_asked_for_stays() {
        let kept = Kept::new(1 << 20, Arc::default());
        for number in 0..20_000 {
            kept.insert(uid(number), held(1_000));
            for popular in 0..20 {
                if kept.get(&uid(popular)).is_none() {
                    assert!(number <= popular, "{popular} went although it is asked for all the time");
                }
            }
        }
    }

    #[test]
    fn there_may_be_room_for_nothing() {
        for (bytes_max, weight) in [(0, 100), (1_000, 2_000)] {
            let kept = Kept::new(bytes_max, Arc::default());
            kept.insert(uid(1), held(weight));
            assert!(kept.get(&uid(1)).is_none(), "{bytes_max}");
        }
    }
}
