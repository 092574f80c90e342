//! How long answers took, and how often there was none: counted here, told by `metrics`.

use crate::counters::{Durations, Histogram};
use axum::http::StatusCode;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Of how many answers from the cache one is timed: to look at a clock twice takes a good part of the time that such an
/// answer takes. A prime, so that no client that asks in turns has the same questions timed each time.
const TIMED_ANSWERS: u32 = 61;

/// The way an answer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// On the access listener, at once from the cache.
    Cached,
    /// On the access listener, otherwise.
    Access,
    /// On the admin listener.
    Admin,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Cached, Self::Access, Self::Admin];

    /// As metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cached => "cached",
            Self::Access => "access",
            Self::Admin => "admin",
        }
    }
}

/// Where somebody is turned away because too many are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shed {
    /// Calls that change something.
    Commands,
    /// Streams of changes.
    Streams,
}

impl Shed {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Commands, Self::Streams];

    /// As metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Commands => "commands",
            Self::Streams => "streams",
        }
    }
}

/// The statuses that are told apart; any other from 400 is `other`.
const STATUSES: [(u16, &str); 14] = [
    (400, "400"),
    (401, "401"),
    (403, "403"),
    (404, "404"),
    (405, "405"),
    (408, "408"),
    (409, "409"),
    (413, "413"),
    (415, "415"),
    (422, "422"),
    (428, "428"),
    (431, "431"),
    (500, "500"),
    (503, "503"),
];

/// What was measured since the process began.
#[derive(Debug, Default)]
pub struct Measures {
    durations: [Histogram; Way::ALL.len()],
    /// By way and by status, the last for any other.
    refused: [[AtomicU64; STATUSES.len() + 1]; Way::ALL.len()],
    shed: [AtomicU64; Shed::ALL.len()],
}

impl Measures {
    /// A request was answered, in so long.
    pub fn answered(&self, way: Way, took: Duration, status: StatusCode) {
        if let Some(durations) = own(Way::ALL, way, &self.durations) {
            durations.add(took);
        }
        if status.as_u16() >= 400 {
            self.refused(way, status);
        }
    }

    /// A request was refused, or had no answer.
    pub fn refused(&self, way: Way, status: StatusCode) {
        let place = STATUSES.iter().position(|(known, _)| *known == status.as_u16()).unwrap_or(STATUSES.len());
        if let Some(count) = own(Way::ALL, way, &self.refused).and_then(|counts| counts.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Somebody was turned away.
    pub fn shed(&self, at: Shed) {
        if let Some(count) = own(Shed::ALL, at, &self.shed) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How long answers took, by the way they were found; of those from the cache, a sample.
    pub fn durations(&self) -> impl Iterator<Item = (Way, Durations)> {
        Way::ALL.into_iter().zip(&self.durations).map(|(way, durations)| (way, durations.read()))
    }

    /// How often there was which error, by way and status. Those of answers from the cache are none.
    pub fn errors(&self) -> impl Iterator<Item = (Way, &'static str, u64)> {
        let ways = Way::ALL.into_iter().zip(&self.refused).filter(|(way, _)| *way != Way::Cached);
        ways.flat_map(|(way, counts)| {
            let names = STATUSES.iter().map(|(_, name)| *name).chain(["other"]);
            names.zip(counts).map(move |(name, count)| (way, name, count.load(Ordering::Relaxed)))
        })
    }

    /// How many were turned away, and where.
    pub fn turned_away(&self) -> impl Iterator<Item = (Shed, u64)> {
        Shed::ALL.into_iter().zip(&self.shed).map(|(at, count)| (at, count.load(Ordering::Relaxed)))
    }
}

/// What stands in the place of `wanted`.
fn own<T: Copy + PartialEq, V, const N: usize>(all: [T; N], wanted: T, values: &[V; N]) -> Option<&V> {
    all.iter().zip(values).find(|(one, _)| **one == wanted).map(|(_, value)| value)
}

/// When an answer that is to be timed was begun: the first of each thread, then one of every [`TIMED_ANSWERS`]. For the
/// others this counts on in a cell of their thread and looks at no clock.
pub(super) fn sampled() -> Option<Instant> {
    thread_local! {
        static NEXT: Cell<u32> = const { Cell::new(0) };
    }
    NEXT.with(|next| {
        let left = next.get();
        next.set(if left == 0 { TIMED_ANSWERS - 1 } else { left - 1 });
        (left == 0).then(Instant::now)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_so_many_is_timed() {
        let timed = std::thread::spawn(|| {
            let asked = 0..3 * TIMED_ANSWERS;
            asked.filter(|_| sampled().is_some()).collect::<Vec<_>>()
        });
        assert_eq!(timed.join().unwrap(), [0, TIMED_ANSWERS, 2 * TIMED_ANSWERS]);
    }

    #[test]
    fn each_status_is_counted_where_it_belongs() {
        let measures = Measures::default();
        for (way, status) in [(Way::Access, 200), (Way::Access, 503), (Way::Admin, 503), (Way::Admin, 418)] {
            measures.answered(way, Duration::from_millis(1), StatusCode::from_u16(status).unwrap());
        }
        let counted: Vec<_> = measures.errors().filter(|(.., count)| *count > 0).collect();
        assert_eq!(counted, [(Way::Access, "503", 1), (Way::Admin, "503", 1), (Way::Admin, "other", 1)]);
        let answered: Vec<_> = measures.durations().map(|(way, durations)| (way.name(), durations.count())).collect();
        assert_eq!(answered, [("cached", 0), ("access", 2), ("admin", 2)]);
        measures.shed(Shed::Streams);
        assert_eq!(measures.turned_away().map(|(_, count)| count).collect::<Vec<_>>(), [0, 1]);
    }
}
