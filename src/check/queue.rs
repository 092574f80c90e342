//! A bounded queue: so many work at a time, so many wait for that, and everybody else is turned away at once.
//!
//! Who waits behind a thousand others is answered when nobody wants the answer any more. But what comes all at once
//! may be gone in a moment. So a burst may wait, and a queue that stands may not: it is short for as long as a third or more
//! are turned away, and as long as that is half or more, nobody waits at all. That nobody waits for a moment is no sign of an
//! end: a short queue is empty again and again. Nor is it a sign of more to come that some are turned away: what comes at
//! random times finds a short queue full now and then, also when it is less than can be done.

use crate::trace;
use std::sync::Arc;
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

/// Somebody who was let in and is on the way; counts as one of the queue until dropped.
///
/// Without it, a place that is free would let in all who come before the first of them takes it.
#[derive(Debug)]
pub struct Coming(Arc<AtomicUsize>);

/// Whose turn it is, first come first served.
#[derive(Debug)]
pub struct Queue {
    name: &'static str,
    bounds: Bounds,
    places: Semaphore,
    waiting: AtomicUsize,
    coming: Arc<AtomicUsize>,
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
        let (waiting, coming) = (AtomicUsize::new(0), Arc::default());
        let is_flooded = AtomicBool::new(false);
        let of_late = OfLate::default();
        Self {
            name,
            bounds,
            places,
            waiting,
            coming,
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

    /// Lets somebody in who asks for a place elsewhere in a moment. Never waits.
    ///
    /// # Errors
    /// [`Full`], if they would be turned away; it is counted as if they had come.
    pub fn expect(&self) -> Result<Coming, Full> {
        let before = self.coming.fetch_add(1, Ordering::Relaxed);
        let coming = Coming(Arc::clone(&self.coming));
        let (free, waiting) = (self.places.available_permits(), self.waiting.load(Ordering::Relaxed));
        let now = self.now();
        if before < free || waiting + (before - free) < self.bound(waiting, now) {
            return Ok(coming);
        }
        drop(coming);
        self.turn_away(now);
        Err(Full)
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

impl Drop for Coming {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
