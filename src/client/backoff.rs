//! How long to wait before a question is sent again.

use super::limits::{BACKOFF_FIRST, BACKOFF_MAX};
use std::time::Duration;

/// The wait after `failures` tries: between half and all of what doubles with each of them, but no less than the
/// sidecar asks for. `chance` decides where in between; clients that failed together must not come back together.
pub(super) fn wait(failures: u32, chance: u8, asked: Option<Duration>) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    let longest = BACKOFF_FIRST.saturating_mul(doubled).min(BACKOFF_MAX);
    let jittered = longest / 2 + longest / 2 * u32::from(chance) / u32::from(u8::MAX);
    // Whoever is asked to come back at one moment is to come a little after it.
    asked.map_or(jittered, |asked| asked + jittered)
}

/// One unpredictable number.
#[expect(clippy::disallowed_methods, reason = "a host has no randomness to pass in, and no decision rests on a wait")]
pub(super) fn chance() -> u8 {
    let mut byte = [u8::MAX];
    // Without randomness the wait is the longest.
    let _ = getrandom::fill(&mut byte);
    u8::from_ne_bytes(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_bound_and_differ() {
        let waits = |chance| [1, 2, 3, 40].map(|failures| wait(failures, chance, None).as_millis());
        assert_eq!(waits(0), [10, 20, 40, 250]);
        assert_eq!(waits(u8::MAX), [20, 40, 80, 500]);
    }

    #[test]
    fn the_sidecar_is_given_the_time_that_it_asks_for() {
        let second = Duration::from_secs(1);
        assert_eq!(wait(1, 0, Some(second)), second + Duration::from_millis(10));
    }
}
