//! A part of a whole.

use serde::{Deserialize, Serialize};

/// From 0, which is none, to 1, which is all.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ratio(f64);

impl Ratio {
    /// This part; [`Ratio::is_one`] says whether it is any.
    #[must_use]
    pub const fn new(part: f64) -> Self {
        Self(part)
    }

    /// Whether it lies from 0 to 1.
    #[must_use]
    pub fn is_one(self) -> bool {
        (0.0..=1.0).contains(&self.0)
    }

    /// Whether a number by chance is among this part of all numbers.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "the upper 53 bits of a number are a fraction without loss")]
    pub fn holds(self, chance: u64) -> bool {
        const FRACTIONS: f64 = (1_u64 << 53) as f64;
        ((chance >> 11) as f64) / FRACTIONS < self.0
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.0.total_cmp(&other.0).is_eq()
    }
}

impl Eq for Ratio {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_none_and_all_is_all() {
        for chance in [0, 1, 1 << 62, u64::MAX] {
            assert!(!Ratio::new(0.0).holds(chance), "{chance}");
            assert!(Ratio::new(1.0).holds(chance), "{chance}");
        }
        assert!(Ratio::new(0.5).holds(u64::MAX / 2) && !Ratio::new(0.5).holds(u64::MAX / 2 + 1));
        for (part, is_one) in [(0.0, true), (1.0, true), (-0.1, false), (1.1, false), (f64::NAN, false)] {
            assert_eq!(Ratio::new(part).is_one(), is_one, "{part}");
        }
    }
}
