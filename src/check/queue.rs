//! A bounded queue: so many work at a time, so many wait for that, and everybody else is turned away at once.
//!
//! Who waits behind a thousand others is answered when nobody wants the answer any more. But what comes all at once
//! may be gone in a moment. So a burst may wait, and a queue that stands may not: it is short until nobody has been turned
//! away for a while. That nobody waits for a moment is no such sign: a short queue is empty again and again.

use crate::trace;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use thiserror::Error;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// How long somebody or other may have waited without a break before the queue counts as standing, and how long it does so
/// after it turned somebody away, in milliseconds.
const BURST_MILLISECONDS: u64 = 100;

/// How often the log tells that some are turned away, in milliseconds.
const TOLD_MILLISECONDS: u64 = 1_000;

/// Of one kind of work, how much there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many work at a time.
    pub running: usize,
    /// How many wait while the queue stands.
    pub waiting: usize,
    /// How many wait while it does not.
    pub burst: usize,
}

/// What a queue does and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueState {
    /// How many work now.
    pub running: usize,
    /// How many wait now.
    pub waiting: usize,
    /// How many were turned away since the process began.
    pub shed: u64,
}

/// Too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("too many are waiting")]
pub struct Full;

/// Whose turn it is, first come first served.
#[derive(Debug)]
pub struct Queue {
    name: &'static str,
    bounds: Bounds,
    places: Semaphore,
    waiting: AtomicUsize,
    began: Instant,
    /// When somebody came to wait where nobody did, in milliseconds since `began`.
    since: AtomicU64,
    /// Until when it stands because somebody was turned away, in milliseconds since `began`.
    stands_until: AtomicU64,
    shed: AtomicU64,
    /// When the log told so last, in milliseconds since `began`, and one more.
    told: AtomicU64,
}

impl Queue {
    /// A queue in which nobody is; the log calls it `name`.
    #[must_use]
    pub fn new(name: &'static str, bounds: Bounds) -> Self {
        let places = Semaphore::new(bounds.running.min(Semaphore::MAX_PERMITS));
        let [since, stands_until, shed, told] = [0; 4].map(AtomicU64::new);
        let waiting = AtomicUsize::new(0);
        Self { name, bounds, places, waiting, began: Instant::now(), since, stands_until, shed, told }
    }

    /// Waits for a place to work at; it is given back by dropping it.
    ///
    /// # Errors
    /// [`Full`], at once.
    pub async fn enter(&self) -> Result<SemaphorePermit<'_>, Full> {
        let _waiting = trace::child("queue");
        // Nobody is overtaken: a place that is given back goes to who waits.
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        let _waiting = self.wait()?;
        self.places.acquire().await.map_err(|_closed| Full)
    }

    /// What it does and did.
    #[must_use]
    pub fn state(&self) -> QueueState {
        QueueState {
            running: self.bounds.running.saturating_sub(self.places.available_permits()),
            waiting: self.waiting.load(Ordering::Relaxed),
            shed: self.shed.load(Ordering::Relaxed),
        }
    }

    /// Whether somebody who came now would be turned away; it is counted as if they had come.
    #[must_use]
    pub fn turns_away(&self) -> bool {
        let (before, now) = (self.waiting.load(Ordering::Relaxed), self.now());
        let is_full = self.places.available_permits() == 0 && before > 0 && before >= self.bound(now);
        if is_full {
            self.turn_away(now);
        }
        is_full
    }

    fn wait(&self) -> Result<Waiting<'_>, Full> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(&self.waiting);
        let now = self.now();
        if before == 0 {
            self.since.store(now, Ordering::Relaxed);
        }
        if before < self.bound(now) {
            return Ok(waiting);
        }
        drop(waiting);
        self.turn_away(now);
        Err(Full)
    }

    /// How many may wait now.
    fn bound(&self, now: u64) -> usize {
        let stands = now.saturating_sub(self.since.load(Ordering::Relaxed)) >= BURST_MILLISECONDS
            || now < self.stands_until.load(Ordering::Relaxed);
        if stands { self.bounds.waiting } else { self.bounds.burst }
    }

    fn turn_away(&self, now: u64) {
        self.stands_until.store(now + BURST_MILLISECONDS, Ordering::Relaxed);
        let shed = self.shed.fetch_add(1, Ordering::Relaxed) + 1;
        let told = self.told.load(Ordering::Relaxed);
        let is_due = told == 0 || now >= told - 1 + TOLD_MILLISECONDS;
        // A line for each would be more work than answering.
        if is_due && self.told.compare_exchange(told, now + 1, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            tracing::warn!(queue = self.name, shed, "too much is asked at a time: some are turned away");
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Counts as waiting until dropped, whatever ends the wait.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use std::time::Duration;

    fn queue() -> Queue {
        Queue::new("test", Bounds { running: 1, waiting: 1, burst: 3 })
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_may_wait_and_everybody_else_is_turned_away_at_once() {
        let queue = queue();
        let working = queue.enter().await.unwrap();
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(queue.enter())).collect();
        assert!(waiting.iter_mut().all(|place| place.now_or_never().is_none()));
        assert_eq!(queue.enter().now_or_never().unwrap().err(), Some(Full));
        assert_eq!(queue.state(), QueueState { running: 1, waiting: 3, shed: 1 });
        drop(working);
        for place in waiting {
            // In their order, one at a time.
            drop(place.now_or_never().unwrap().unwrap());
        }
        assert_eq!(queue.state(), QueueState { running: 0, waiting: 0, shed: 1 });
    }

    #[tokio::test(start_paused = true)]
    async fn who_would_be_turned_away_is_told_so_before_they_come() {
        let queue = queue();
        assert!(!queue.turns_away());
        let _working = queue.enter().await.unwrap();
        let mut waiting: Vec<_> = (0..3).map(|_| Box::pin(queue.enter())).collect();
        for place in &mut waiting {
            assert!(!queue.turns_away());
            assert!(place.now_or_never().is_none());
        }
        assert!(queue.turns_away());
        assert_eq!(queue.state(), QueueState { running: 1, waiting: 3, shed: 1 });
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_stands_is_short_until_nobody_was_turned_away_for_a_while() {
        let queue = queue();
        let working = queue.enter().await.unwrap();
        let mut first = Box::pin(queue.enter());
        assert!((&mut first).now_or_never().is_none());
        tokio::time::advance(Duration::from_millis(BURST_MILLISECONDS)).await;
        assert!(queue.enter().now_or_never().unwrap().is_err(), "it stands");
        drop(working);
        let working = first.await.unwrap();
        let mut next = Box::pin(queue.enter());
        assert!((&mut next).now_or_never().is_none());
        assert!(queue.enter().now_or_never().unwrap().is_err(), "nobody waited for a moment, and it still stands");
        drop(next);
        tokio::time::advance(Duration::from_millis(BURST_MILLISECONDS)).await;
        let waiting: Vec<_> = (0..3)
            .map(|_| Box::pin(queue.enter()))
            .map(|mut place| {
                assert!((&mut place).now_or_never().is_none(), "nobody was turned away of late: a burst again");
                place
            })
            .collect();
        drop(waiting);
        assert_eq!(queue.state().waiting, 0, "who gave up waits no more");
        drop(working);
    }
}
