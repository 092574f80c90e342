//! When a mail that could not be sent is tried again.

use super::limits::{BACKOFF_FIRST_MILLISECONDS, BACKOFF_MILLISECONDS_MAX};

/// How long to wait after the `attempts`th failure, in milliseconds: twice as long every time, and by
/// `chance` up to half of it shorter, so that what failed together is not tried together.
pub(super) fn delay_ms(attempts: u32, chance: u64) -> i64 {
    let doubled = 1_i64.checked_shl(attempts.saturating_sub(1)).filter(|factor| *factor > 0).unwrap_or(i64::MAX);
    let full = BACKOFF_FIRST_MILLISECONDS.saturating_mul(doubled).min(BACKOFF_MILLISECONDS_MAX);
    let half = full / 2;
    let spread = u64::try_from(half).unwrap_or_default().saturating_add(1);
    full - i64::try_from(chance % spread).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_doubles_up_to_a_limit() {
        let delays: Vec<_> = [1, 2, 3, 10, 11, 64, 65, u32::MAX].map(|attempts| delay_ms(attempts, 0)).into();
        let max = BACKOFF_MILLISECONDS_MAX;
        assert_eq!(delays, [30_000, 60_000, 120_000, 15_360_000, max, max, max, max]);
    }

    proptest! {
        #[test]
        fn chance_takes_away_half_at_most(attempts: u32, chance: u64) {
            let (delay, full) = (delay_ms(attempts, chance), delay_ms(attempts, 0));
            prop_assert!((full / 2..=full).contains(&delay));
        }
    }
}
