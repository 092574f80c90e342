//! Decisions: what they were, whether they were known, and why there was none.

use super::histogram::{Durations, Histogram};
use super::{SLOTS, own_slot};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Why no decision was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undecided {
    /// The question is at fault.
    Question,
    /// No connection to the database was free in time.
    Busy,
    /// Too many were waiting for one already.
    Shed,
    /// The database failed.
    Database,
    /// What is stored is not what this program writes.
    Data,
    /// Anything else.
    Other,
}

impl Undecided {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Question, Self::Busy, Self::Shed, Self::Database, Self::Data, Self::Other];

    /// As metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Busy => "busy",
            Self::Shed => "shed",
            Self::Database => "database",
            Self::Data => "data",
            Self::Other => "other",
        }
    }
}

/// Counts decisions.
#[derive(Debug, Default)]
pub struct Deciding {
    hits: [Hits; SLOTS],
    allowed: AtomicU64,
    denied: AtomicU64,
    /// Decisions in which a policy failed.
    troubled: AtomicU64,
    undecided: [AtomicU64; Undecided::ALL.len()],
    duration: Histogram,
}

/// What one thread found, in cache lines of its own. A hit adds to one of these and to nothing else, so all it pays is one
/// addition that no other thread disturbs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Hits {
    allowed: AtomicU64,
    denied: AtomicU64,
}

/// What was decided since the process began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionCounters {
    /// Known ones that allow.
    pub hits_allowed: u64,
    /// Known ones that deny.
    pub hits_denied: u64,
    /// Those that had to be made and allow.
    pub misses_allowed: u64,
    /// Those that had to be made and deny.
    pub misses_denied: u64,
    /// Those of them in which a policy failed.
    pub troubled: u64,
    /// Questions without a decision, each with why.
    pub undecided: [(Undecided, u64); Undecided::ALL.len()],
    /// How long those took that had to be made.
    pub duration: Durations,
}

impl Deciding {
    /// A decision was known.
    pub fn hit(&self, allowed: bool) {
        if let Some(hits) = self.hits.get(own_slot()) {
            let count = if allowed { &hits.allowed } else { &hits.denied };
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// So many were.
    pub fn hits(&self, allowed: usize, denied: usize) {
        if let Some(hits) = self.hits.get(own_slot()) {
            hits.allowed.fetch_add(u64::try_from(allowed).unwrap_or_default(), Ordering::Relaxed);
            hits.denied.fetch_add(u64::try_from(denied).unwrap_or_default(), Ordering::Relaxed);
        }
    }

    /// A decision was made, in so long; in a `troubled` one a policy failed.
    pub fn miss(&self, allowed: bool, troubled: bool, took: Duration) {
        let count = if allowed { &self.allowed } else { &self.denied };
        count.fetch_add(1, Ordering::Relaxed);
        self.troubled.fetch_add(u64::from(troubled), Ordering::Relaxed);
        self.duration.add(took);
    }

    /// None was made.
    pub fn undecided(&self, why: Undecided) {
        if let Some((_, count)) = Undecided::ALL.iter().zip(&self.undecided).find(|(kind, _)| **kind == why) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many decisions were known.
    #[must_use]
    pub fn hits_so_far(&self) -> u64 {
        let [allowed, denied] = self.known();
        allowed + denied
    }

    /// All that was counted so far. Not of one moment: each count is right for itself.
    #[must_use]
    pub fn read(&self) -> DecisionCounters {
        let [hits_allowed, hits_denied] = self.known();
        let mut undecided = Undecided::ALL.map(|why| (why, 0));
        for ((_, read), count) in undecided.iter_mut().zip(&self.undecided) {
            *read = count.load(Ordering::Relaxed);
        }
        DecisionCounters {
            hits_allowed,
            hits_denied,
            misses_allowed: self.allowed.load(Ordering::Relaxed),
            misses_denied: self.denied.load(Ordering::Relaxed),
            troubled: self.troubled.load(Ordering::Relaxed),
            undecided,
            duration: self.duration.read(),
        }
    }

    fn known(&self) -> [u64; 2] {
        let sum = |of: fn(&Hits) -> &AtomicU64| self.hits.iter().map(|hits| of(hits).load(Ordering::Relaxed)).sum();
        [sum(|hits| &hits.allowed), sum(|hits| &hits.denied)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_as_what_it_is() {
        let deciding = Deciding::default();
        std::thread::scope(|scope| {
            for _ in 0..2 * SLOTS {
                scope.spawn(|| {
                    deciding.hit(true);
                    deciding.hits(1, 3);
                });
            }
        });
        deciding.miss(true, false, Duration::from_millis(1));
        deciding.miss(false, true, Duration::from_millis(2));
        deciding.miss(false, false, Duration::from_millis(2));
        for why in Undecided::ALL {
            deciding.undecided(why);
        }
        deciding.undecided(Undecided::Data);
        let (counted, threads) = (deciding.read(), 2 * SLOTS as u64);
        assert_eq!((counted.hits_allowed, counted.hits_denied), (2 * threads, 3 * threads));
        assert_eq!(deciding.hits_so_far(), 5 * threads);
        assert_eq!((counted.misses_allowed, counted.misses_denied, counted.troubled), (1, 2, 1));
        assert_eq!(
            counted.undecided.map(|(why, count)| (why.name(), count)),
            [("question", 1), ("busy", 1), ("shed", 1), ("database", 1), ("data", 2), ("other", 1)]
        );
        assert_eq!((counted.duration.count(), counted.duration.nanoseconds), (3, 5_000_000));
    }
}
