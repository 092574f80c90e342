//! When each request is due, and who may send the next: an open loop.
//!
//! A closed loop sends the next request when the last one was answered. While the server hangs it
//! sends nothing, so it measures one slow answer where a thousand callers would have waited. Here
//! requests are due at a fixed rate whatever the server does, and each is timed from when it was due.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Requests at a fixed rate.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// When the first is due.
    pub start: Instant,
    /// How many are due in each second.
    pub rate: f64,
    /// How many there are.
    pub count: u64,
}

impl Schedule {
    /// As many as are due within `duration`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that fits no u64 never ends")]
    pub fn new(start: Instant, rate: f64, duration: Duration) -> Self {
        Self { start, rate, count: (rate * duration.as_secs_f64()).ceil() as u64 }
    }

    /// When the request of this number, counted from 0, is due.
    #[must_use]
    pub fn due(&self, number: u64) -> Instant {
        #[expect(clippy::cast_precision_loss, reason = "exact for as many requests as anyone can send")]
        let seconds = number as f64 / self.rate;
        self.start + Duration::from_secs_f64(seconds)
    }

    /// How many are due at `now`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held to the count")]
    pub fn due_by(&self, now: Instant) -> u64 {
        let Some(elapsed) = now.checked_duration_since(self.start) else { return 0 };
        let mut due = ((elapsed.as_secs_f64() * self.rate) as u64 + 1).min(self.count);
        // What doubles lose: a request is never let go before it is due.
        while due > 0 && self.due(due - 1) > now {
            due -= 1;
        }
        due
    }
}

/// What one opening of the gate let go.
#[derive(Debug, Clone, Copy)]
pub struct Released {
    /// How late the first of them was; `None` if nothing was due.
    pub late: Option<Duration>,
    /// When the next request is due; `None` after the last.
    pub next: Option<Instant>,
}

/// Lets requests go when they are due, to whoever is free to send one.
#[derive(Debug)]
pub struct Gate {
    schedule: Schedule,
    due: Semaphore,
    released: AtomicU64,
    taken: AtomicU64,
}

impl Gate {
    /// A gate that has let nothing go.
    #[must_use]
    pub const fn new(schedule: Schedule) -> Self {
        let due = Semaphore::const_new(0);
        Self { schedule, due, released: AtomicU64::new(0), taken: AtomicU64::new(0) }
    }

    /// When everything is due.
    #[must_use]
    pub const fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// How many requests were begun.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Acquire).min(self.schedule.count)
    }

    /// Lets go what is due at `now`. Called by one task or thread alone.
    pub fn release(&self, now: Instant) -> Released {
        let due = self.schedule.due_by(now);
        let before = self.released.swap(due, Ordering::AcqRel);
        let count = due.saturating_sub(before);
        self.due.add_permits(usize::try_from(count).unwrap_or(0));
        let late = (count > 0).then(|| now.saturating_duration_since(self.schedule.due(before)));
        if due < self.schedule.count {
            return Released { late, next: Some(self.schedule.due(due)) };
        }
        // Whoever still waits finds that there is nothing left.
        self.due.close();
        Released { late, next: None }
    }

    /// The number of the next request, once it is due; `None` if there is none left.
    pub async fn next(&self) -> Option<u64> {
        if let Ok(permit) = self.due.acquire().await {
            permit.forget();
        }
        // A closed gate lets everyone through, as everything is due then.
        let number = self.taken.fetch_add(1, Ordering::AcqRel);
        (number < self.schedule.count).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(rate: f64, seconds: u64) -> Schedule {
        Schedule::new(Instant::now(), rate, Duration::from_secs(seconds))
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_due_at_the_rate() {
        let schedule = schedule(1_000.0, 2);
        assert_eq!(schedule.count, 2_000);
        assert_eq!(schedule.due(1_500) - schedule.start, Duration::from_millis(1_500));
        let by = |milliseconds: u64| schedule.due_by(schedule.start + Duration::from_millis(milliseconds));
        assert_eq!([by(0), by(1), by(10), by(1_999), by(9_999)], [1, 2, 11, 2_000, 2_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_goes_before_it_is_due() {
        for rate in [0.3, 7.0, 333.3, 19_999.0, 1e6] {
            let schedule = Schedule { start: Instant::now(), rate, count: 5_000 };
            for number in 0..schedule.count {
                let due = schedule.due(number);
                assert!(schedule.due_by(due) > number || schedule.due_by(due + Duration::from_nanos(2)) > number);
                assert!(schedule.due_by(due) == 0 || schedule.due(schedule.due_by(due) - 1) <= due, "{rate} {number}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_request_goes_to_one_and_the_last_lets_all_leave() {
        let gate = Gate::new(schedule(10.0, 1));
        let mut released = gate.release(Instant::now());
        assert_eq!((gate.next().await, released.late), (Some(0), Some(Duration::ZERO)));
        assert_eq!(gate.release(Instant::now()).late, None);
        while let Some(due) = released.next {
            tokio::time::sleep_until(due + Duration::from_millis(3)).await;
            released = gate.release(Instant::now());
            assert_eq!(released.late, Some(Duration::from_millis(3)));
        }
        for number in 1..10 {
            assert_eq!(gate.next().await, Some(number));
        }
        assert_eq!([gate.next().await, gate.next().await], [None, None]);
        assert_eq!(gate.taken(), 10);
    }
}
