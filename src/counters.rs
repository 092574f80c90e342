//! What was done, counted where it is done and read by whoever reports it.
//!
//! Uses std's atomics and nothing else.

mod chance;
mod deciding;
mod histogram;

pub use chance::scattered;
pub use deciding::{Deciding, DecisionCounters, Undecided};
pub use histogram::{Durations, Histogram};

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How many threads count without disturbing each other; more share.
const SLOTS: usize = 16;

/// What a cache did since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheCounters {
    /// Found, and still right.
    pub hits: u64,
    /// Not found, or no longer right: had to be made.
    pub misses: u64,
    /// Let go because the cache was full.
    pub evictions: u64,
    /// Found, and no longer right: a write had touched what it rests on.
    pub invalidations: u64,
    /// Hits of a value that was last looked at before some write, and that the write did not touch.
    pub restamps: u64,
}

/// Counts for one cache.
#[derive(Debug, Default)]
pub struct Counting {
    slots: [Slot; SLOTS],
    loads: AtomicU64,
}

/// The counts of one thread, in cache lines of their own: two threads that count in one line would
/// take it from each other each time.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Slot {
    hits: AtomicU64,
    misses: AtomicU64,
    evictions: AtomicU64,
    invalidations: AtomicU64,
    restamps: AtomicU64,
}

impl Counting {
    /// So many values were found and are right.
    pub fn hits(&self, count: usize) {
        self.count(|slot| &slot.hits, u64::try_from(count).unwrap_or_default());
    }

    /// A value has to be made.
    pub fn miss(&self) {
        self.count(|slot| &slot.misses, 1);
    }

    /// A value had to go because the cache is full.
    pub fn eviction(&self) {
        self.count(|slot| &slot.evictions, 1);
    }

    /// A value was found that a write has made wrong.
    pub fn invalidation(&self) {
        self.count(|slot| &slot.invalidations, 1);
    }

    /// A value was found right at a later revision than it was before.
    pub fn restamp(&self) {
        self.count(|slot| &slot.restamps, 1);
    }

    /// So many values were read from where they are kept.
    pub fn loads(&self, count: usize) {
        self.loads.fetch_add(u64::try_from(count).unwrap_or_default(), Ordering::Relaxed);
    }

    /// How many were so far.
    #[must_use]
    pub fn loaded(&self) -> u64 {
        self.loads.load(Ordering::Relaxed)
    }

    /// All that was counted so far. Not of one moment: each count is right for itself.
    #[must_use]
    pub fn read(&self) -> CacheCounters {
        let sum = |of: fn(&Slot) -> &AtomicU64| self.slots.iter().map(|slot| of(slot).load(Ordering::Relaxed)).sum();
        CacheCounters {
            hits: sum(|slot| &slot.hits),
            misses: sum(|slot| &slot.misses),
            evictions: sum(|slot| &slot.evictions),
            invalidations: sum(|slot| &slot.invalidations),
            restamps: sum(|slot| &slot.restamps),
        }
    }

    fn count(&self, of: impl FnOnce(&Slot) -> &AtomicU64, count: u64) {
        if let Some(slot) = self.slots.get(own_slot()) {
            of(slot).fetch_add(count, Ordering::Relaxed);
        }
    }
}

/// The slot of this thread: threads take them in turn.
fn own_slot() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<Option<usize>> = const { Cell::new(None) };
    }
    OWN.with(|own| {
        own.get().unwrap_or_else(|| {
            let taken = NEXT.fetch_add(1, Ordering::Relaxed) % SLOTS;
            own.set(Some(taken));
            taken
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_any_thread_counts_is_counted_once() {
        let counting = Arc::new(Counting::default());
        let threads: Vec<_> = (0..2 * SLOTS)
            .map(|_| {
                let counting = Arc::clone(&counting);
                std::thread::spawn(move || {
                    counting.hits(2);
                    counting.miss();
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        counting.eviction();
        counting.invalidation();
        counting.restamp();
        let threads = 2 * SLOTS as u64;
        let expected =
            CacheCounters { hits: 2 * threads, misses: threads, evictions: 1, invalidations: 1, restamps: 1 };
        assert_eq!(counting.read(), expected);
    }
}
