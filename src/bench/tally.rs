//! What was measured at one rate.

use super::ask::{Fault, Reply};
use crate::check::CacheUse;
use crate::domain::Decision;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::time::Duration;

/// Longest time that is told apart, in nanoseconds: an hour.
const NANOSECONDS_MAX: u64 = 3_600_000_000_000;

/// Digits that a recorded time keeps.
const DIGITS: u8 = 3;

/// Times, to three digits.
#[derive(Debug, Clone)]
pub struct Times(Option<Histogram<u64>>);

impl Times {
    /// No times yet.
    #[must_use]
    pub fn new() -> Self {
        // These bounds are valid ones; without a histogram nothing would be shown rather than a wrong number.
        Self(Histogram::new_with_bounds(1, NANOSECONDS_MAX, DIGITS).ok())
    }

    /// One more time.
    pub fn record(&mut self, time: Duration) {
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).max(1));
        }
    }

    /// How many times there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, Histogram::len)
    }

    /// The time that this share of all is not above, in microseconds; `None` without any.
    #[must_use]
    pub fn quantile_us(&self, quantile: f64) -> Option<f64> {
        self.filled().map(|histogram| microseconds(histogram.value_at_quantile(quantile)))
    }

    /// The longest time, in microseconds.
    #[must_use]
    pub fn max_us(&self) -> Option<f64> {
        self.filled().map(|histogram| microseconds(histogram.max()))
    }

    /// The mean, in microseconds.
    #[must_use]
    pub fn mean_us(&self) -> Option<f64> {
        self.filled().map(|histogram| histogram.mean() / 1_000.0)
    }

    fn filled(&self) -> Option<&Histogram<u64>> {
        self.0.as_ref().filter(|histogram| !histogram.is_empty())
    }
}

impl Default for Times {
    fn default() -> Self {
        Self::new()
    }
}

#[expect(clippy::cast_precision_loss, reason = "an hour in nanoseconds fits a double")]
fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1_000.0
}

/// All that came of the requests of one rate.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// From when a request was due to its answer; to the end of the waiting where none came.
    pub latency: Times,
    /// From sending to the answer: what a closed loop would call latency.
    pub service: Times,
    /// How late this program let requests go: its own lateness, not the server's.
    pub lateness: Times,
    /// Requests that were answered with a decision.
    pub answered: u64,
    /// Of these, how many Allow.
    pub allowed: u64,
    /// Of these, how many differ from what was expected.
    pub wrong: u64,
    /// Of these, how many came from the cache and how many did not, where that can be seen.
    pub cache: [u64; 2],
    /// Requests that were not answered with a decision, by what was said of them.
    pub faults: BTreeMap<Fault, u64>,
    /// Requests that had no answer, or had not even been sent, when the waiting ended.
    pub unanswered: u64,
    /// From when the first request was due to the last answer.
    pub ended: Duration,
}

impl Tally {
    /// What one request came to: `waited` since it was due, `served` since it was sent.
    pub fn record(
        &mut self,
        outcome: Result<Reply, Fault>,
        expected: Option<Decision>,
        waited: Duration,
        served: Duration,
    ) {
        match outcome {
            Ok(reply) => {
                self.latency.record(waited);
                self.service.record(served);
                self.answered += 1;
                self.allowed += u64::from(reply.decision == Decision::Allow);
                self.wrong += u64::from(expected.is_some_and(|expected| expected != reply.decision));
                match reply.cache {
                    Some(CacheUse::Hit) => self.cache[0] += 1,
                    Some(CacheUse::Miss) => self.cache[1] += 1,
                    None => {}
                }
            }
            // A refused connection is quick; as a latency it would make a broken server look good.
            Err(fault) => *self.faults.entry(fault).or_default() += 1,
        }
    }

    /// A request that nobody answered in all of `waited`.
    pub fn give_up(&mut self, waited: Duration) {
        self.latency.record(waited);
        self.unanswered += 1;
    }

    /// How many requests there were, whatever became of them.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.answered + self.unanswered + self.faults.values().sum::<u64>()
    }

    /// Whether every request was answered, and as expected.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.wrong == 0 && self.unanswered == 0 && self.faults.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOW: Reply = Reply { decision: Decision::Allow, cache: None };

    #[test]
    fn times_are_kept_to_three_digits() {
        let mut times = Times::new();
        assert_eq!((times.quantile_us(0.5), times.max_us(), times.mean_us()), (None, None, None));
        for microseconds in 1..=10_000 {
            times.record(Duration::from_micros(microseconds));
        }
        for (quantile, wanted) in [(0.5, 5_000.0), (0.99, 9_900.0), (0.9999, 9_999.0)] {
            let found = times.quantile_us(quantile).unwrap();
            assert!((found / wanted - 1.0).abs() < 0.001, "{found} {wanted}");
        }
        assert_eq!(times.count(), 10_000);
    }

    #[test]
    fn what_goes_wrong_is_counted_and_what_failed_at_once_is_no_latency() {
        let mut tally = Tally::default();
        let second = Duration::from_secs(1);
        tally.record(Ok(ALLOW), Some(Decision::Allow), second, second);
        assert!(tally.is_clean());
        tally.record(Ok(ALLOW), Some(Decision::Deny), second, second);
        tally.record(Ok(ALLOW), None, second, second);
        assert_eq!((tally.answered, tally.allowed, tally.wrong), (3, 3, 1));
        for _ in 0..2 {
            tally.record(Err(Fault("status 503".into())), None, Duration::from_nanos(1), Duration::from_nanos(1));
        }
        assert_eq!(tally.faults, BTreeMap::from([(Fault("status 503".into()), 2)]));
        assert_eq!(tally.latency.count(), 3);
        tally.give_up(9 * second);
        assert!(tally.latency.max_us().unwrap() > 8e6 && tally.unanswered == 1);
    }
}
