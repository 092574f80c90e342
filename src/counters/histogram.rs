//! How long something took, as Prometheus counts it: how often it took at most so long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The bounds of buckets, in nanoseconds, and in seconds as they are written. A hit takes microseconds, a decision from the
/// store some tenths of a millisecond, a write waits for the disk, and no request may take longer than a few seconds.
const BOUNDS: [(u64, &str); 18] = [
    (5_000, "0.000005"),
    (10_000, "0.00001"),
    (25_000, "0.000025"),
    (50_000, "0.00005"),
    (100_000, "0.0001"),
    (250_000, "0.00025"),
    (500_000, "0.0005"),
    (1_000_000, "0.001"),
    (2_500_000, "0.0025"),
    (5_000_000, "0.005"),
    (10_000_000, "0.01"),
    (25_000_000, "0.025"),
    (50_000_000, "0.05"),
    (100_000_000, "0.1"),
    (250_000_000, "0.25"),
    (500_000_000, "0.5"),
    (1_000_000_000, "1"),
    (2_500_000_000, "2.5"),
];

/// Counts durations. Taking one down is two additions that wait for nobody.
#[derive(Debug, Default)]
pub struct Histogram {
    /// Each duration in the first that it fits into; the last takes what fits into no other.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durations {
    /// For each bound in seconds, how many were no longer than it; the last bound is `+Inf`.
    pub at_most: Vec<(&'static str, u64)>,
    /// All of them together, in nanoseconds.
    pub nanoseconds: u64,
}

impl Histogram {
    /// Takes down one more.
    pub fn add(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|(bound, _)| *bound < nanoseconds);
        if let Some(count) = self.buckets.get(bucket) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// All that was counted so far. Not of one moment, but never fewer in a longer bound than in a shorter one.
    #[must_use]
    pub fn read(&self) -> Durations {
        let bounds = BOUNDS.iter().map(|(_, seconds)| *seconds).chain(["+Inf"]);
        let mut sum = 0_u64;
        let at_most = bounds.zip(&self.buckets).map(|(bound, count)| {
            sum = sum.saturating_add(count.load(Ordering::Relaxed));
            (bound, sum)
        });
        Durations { at_most: at_most.collect(), nanoseconds: self.nanoseconds.load(Ordering::Relaxed) }
    }
}

impl Durations {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.at_most.last().map_or(0, |(_, count)| *count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_rise_and_say_what_they_are() {
        assert!(BOUNDS.is_sorted_by(|(a, _), (b, _)| a < b));
        for (nanoseconds, seconds) in BOUNDS {
            let written: f64 = seconds.parse().unwrap();
            assert_eq!(Duration::from_secs_f64(written), Duration::from_nanos(nanoseconds));
        }
    }

    #[test]
    fn each_duration_is_in_every_bound_that_it_keeps_to() {
        let histogram = Histogram::default();
        for nanoseconds in [0, 5_000, 5_001, 2_500_000_000, 2_500_000_001, u64::MAX / 2] {
            histogram.add(Duration::from_nanos(nanoseconds));
        }
        let durations = histogram.read();
        assert_eq!(durations.count(), 6);
        let at_most = |bound| durations.at_most.iter().find(|(own, _)| *own == bound).unwrap().1;
        assert_eq!([at_most("0.000005"), at_most("0.00001"), at_most("1"), at_most("2.5")], [2, 3, 3, 4]);
        assert_eq!(durations.nanoseconds, 5_000 + 5_001 + 2_500_000_000 + 2_500_000_001 + u64::MAX / 2);
    }
}
