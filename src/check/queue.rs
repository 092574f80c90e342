//! A bounded queue: so many work at a time, so many wait for that, and everybody else is turned away at once.
//!
//! Who waits behind a thousand others is answered when nobody wants the answer any more. But what comes all at once
//! may be gone in a moment. So a burst may wait, and a queue that stands may not: it is short for as long as a third or more
//! are turned away, and as long as that is half or more, nobody waits at all. That nobody waits for a moment is no sign of an
//! end: a short queue is empty again and again. Nor is it a sign of more to come that some are turned away: what comes at
//! random times finds a short queue full now and then, also when it is less than can be done.

use crate::trace;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use thiserror::Error;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// How long somebody or other may have waited without a break before the queue counts as standing, and how often it looks
/// back whether it still does, in milliseconds.
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

/// Who came since it last looked back.
#[derive(Debug, Default)]
struct OfLate {
    /// When that was, in milliseconds since the queue began.
    since: AtomicU64,
    let_in: AtomicU64,
    turned_away: AtomicU64,
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
    /// Until when it stands because some were turned away, in milliseconds since `began`.
    stands_until: AtomicU64,
    /// While it stands: those who come are so many that nobody may wait.
    is_flooded: AtomicBool,
    of_late: OfLate,
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
        let (waiting, is_flooded) = (AtomicUsize::new(0), AtomicBool::new(false));
        let of_late = OfLate::default();
        Self {
            name,
            bounds,
            places,
            waiting,
            began: Instant::now(),
            since,
            stands_until,
            is_flooded,
            of_late,
            shed,
            told,
        }
    }

    /// Waits for a place to work at; it is given back by dropping it.
    ///
    /// # Errors
    /// [`Full`], at once.
    pub async fn enter(&self) -> Result<SemaphorePermit<'_>, Full> {
        let _waiting = trace::child("queue");
        // Nobody is overtaken: a place that is given back goes to who waits.
        if let Ok(place) = self.places.try_acquire() {
            self.of_late.let_in.fetch_add(1, Ordering::Relaxed);
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
        let is_full = self.places.available_permits() == 0 && before >= self.bound(before, now);
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
        if before < self.bound(before, now) {
            self.of_late.let_in.fetch_add(1, Ordering::Relaxed);
            return Ok(waiting);
        }
        drop(waiting);
        self.turn_away(now);
        Err(Full)
    }

    /// How many may wait now, when so many do.
    fn bound(&self, before: usize, now: u64) -> usize {
        self.look_back(now);
        let has_stood = before > 0 && now.saturating_sub(self.since.load(Ordering::Relaxed)) >= BURST_MILLISECONDS;
        let stands = now < self.stands_until.load(Ordering::Relaxed);
        match (stands, has_stood) {
            (true, _) if self.is_flooded.load(Ordering::Relaxed) => 0,
            (false, false) => self.bounds.burst,
            _ => self.bounds.waiting,
        }
    }

    /// Whether it stands from now on, by what became of those who came of late.
    fn look_back(&self, now: u64) {
        let since = self.of_late.since.load(Ordering::Relaxed);
        let took = now.saturating_sub(since);
        let is_due = took >= BURST_MILLISECONDS;
        // One of those who notice does it.
        if !is_due || self.of_late.since.compare_exchange(since, now, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            return;
        }
        let [let_in, away] =
            [&self.of_late.let_in, &self.of_late.turned_away].map(|count| count.swap(0, Ordering::Relaxed));
        // Nobody came to wait for a while: what was before says nothing of now.
        let is_old = took >= 2 * BURST_MILLISECONDS;
        if !is_old && away > 0 && 2 * away >= let_in {
            self.stands_until.store(now + BURST_MILLISECONDS, Ordering::Relaxed);
        }
        self.is_flooded.store(!is_old && away >= let_in, Ordering::Relaxed);
    }

    fn turn_away(&self, now: u64) {
        self.of_late.turned_away.fetch_add(1, Ordering::Relaxed);
        let looks_back = self.of_late.since.load(Ordering::Relaxed) + BURST_MILLISECONDS;
        self.stands_until.fetch_max(looks_back, Ordering::Relaxed);
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
    use std::sync::Arc;
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
    async fn a_queue_that_stands_is_short() {
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
        // A while in which nobody came.
        tokio::time::advance(Duration::from_millis(2 * BURST_MILLISECONDS)).await;
        let waiting: Vec<_> = (0..3)
            .map(|_| Box::pin(queue.enter()))
            .map(|mut place| {
                assert!((&mut place).now_or_never().is_none(), "a burst again");
                place
            })
            .collect();
        drop(waiting);
        assert_eq!(queue.state().waiting, 0, "who gave up waits no more");
        drop(working);
    }

    /// How long one works in the tests that follow, and how many can in a second.
    const WORK_MILLISECONDS: u64 = 10;
    const CAPACITY_PER_SECOND: u64 = 400;

    /// What became of those who came.
    #[derive(Debug, Default)]
    struct Came {
        worked: AtomicU64,
        turned_away: AtomicU64,
        waited_milliseconds_max: AtomicU64,
    }

    /// Has so many a second come at random times, alike in each run.
    async fn offer(queue: &Arc<Queue>, per_second: u64, milliseconds: u64) -> Arc<Came> {
        let (came, mut dice) = (Arc::new(Came::default()), 0x2545_F491_4F6C_DD1D_u64);
        for turn in 0..10 * milliseconds {
            // Marsaglia's xorshift.
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            if dice % 10_000 < per_second {
                tokio::spawn(work(Arc::clone(queue), Arc::clone(&came)));
            }
            if turn % 10 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        came
    }

    async fn work(queue: Arc<Queue>, came: Arc<Came>) {
        let begun = Instant::now();
        let Ok(_place) = queue.enter().await else {
            came.turned_away.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let waited = u64::try_from(begun.elapsed().as_millis()).unwrap();
        came.waited_milliseconds_max.fetch_max(waited, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(WORK_MILLISECONDS)).await;
        came.worked.fetch_add(1, Ordering::Relaxed);
    }

    fn wide() -> Arc<Queue> {
        let running = usize::try_from(CAPACITY_PER_SECOND * WORK_MILLISECONDS / 1_000).unwrap();
        Arc::new(Queue::new("test", Bounds { running, waiting: 1, burst: 100 }))
    }

    #[tokio::test(start_paused = true)]
    async fn in_a_flood_nobody_waits_and_as_much_is_done_as_can_be() {
        let queue = wide();
        offer(&queue, 10 * CAPACITY_PER_SECOND, 1_000).await;
        let came = offer(&queue, 10 * CAPACITY_PER_SECOND, 2_000).await;
        assert_eq!(came.waited_milliseconds_max.load(Ordering::Relaxed), 0, "{came:?}");
        let worked = came.worked.load(Ordering::Relaxed);
        assert!(worked >= 2 * CAPACITY_PER_SECOND * 8 / 10, "{came:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_can_be_done_is_done_again_as_soon_as_a_flood_is_over() {
        let queue = wide();
        offer(&queue, 10 * CAPACITY_PER_SECOND, 2_000).await;
        // At random times it would find a short queue full again and again.
        let less = CAPACITY_PER_SECOND * 6 / 10;
        offer(&queue, less, 1_000).await;
        // At random times it finds a short queue full again and again.
        let came = offer(&queue, less, 10_000).await;
        assert!(came.turned_away.load(Ordering::Relaxed) <= less / 10, "{came:?}");
        assert!(came.worked.load(Ordering::Relaxed) >= 9 * less, "{came:?}");
    }
}
