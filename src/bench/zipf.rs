//! Some are asked about often and most hardly ever: Zipf's law over any number of users or items.

use super::random::Chance;

/// Chooses one of `count` things, the one of rank r with a weight of r to the power of minus `exponent`.
///
/// By rejection-inversion (W. Hörmann and G. Derflinger, 1996): no table, so ten million items cost
/// what ten cost.
#[derive(Debug, Clone)]
pub struct Zipf {
    count: u64,
    exponent: f64,
    /// The area under the density left of the first rank and right of the last.
    area: (f64, f64),
    /// How close to its rank a point may lie to be taken without a second look.
    near: f64,
    spread: Spread,
}

impl Zipf {
    /// A choice among `count` things; an `exponent` of 0 makes all alike, 1 is Zipf's own.
    ///
    /// `chance` says which of them are the popular ones.
    pub fn new(count: u64, exponent: f64, chance: &mut Chance) -> Self {
        let mut zipf = Self { count, exponent, area: (0.0, 0.0), near: 0.0, spread: Spread::new(count, chance) };
        zipf.area = (zipf.integral(1.5) - 1.0, zipf.integral(float(count) + 0.5));
        zipf.near = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.density(2.0));
        zipf
    }

    /// The number of one of them, from 0 to below `count`.
    pub fn choose(&self, chance: &mut Chance) -> u64 {
        self.spread.number(self.rank(chance) - 1)
    }

    /// From 1, which is chosen most often, to `count`.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held between 1 and the count")]
    fn rank(&self, chance: &mut Chance) -> u64 {
        let (left, right) = self.area;
        loop {
            let area = right + chance.unit() * (left - right);
            let point = self.inverse(area);
            let rank = point.round().clamp(1.0, float(self.count.max(1)));
            if rank - point <= self.near || area >= self.integral(rank + 0.5) - self.density(rank) {
                return rank as u64;
            }
        }
    }

    fn density(&self, x: f64) -> f64 {
        x.powf(-self.exponent)
    }

    fn integral(&self, x: f64) -> f64 {
        let rest = 1.0 - self.exponent;
        if is_one(self.exponent) { x.ln() } else { (x.powf(rest) - 1.0) / rest }
    }

    fn inverse(&self, area: f64) -> f64 {
        let rest = 1.0 - self.exponent;
        if is_one(self.exponent) { area.exp() } else { (1.0 + area * rest).max(0.0).powf(1.0 / rest) }
    }
}

/// Ranks to numbers, one to one: the popular ones lie anywhere, as they do in life, and not all on
/// the first pages of the database.
#[derive(Debug, Clone)]
struct Spread {
    count: u64,
    step: u64,
    offset: u64,
}

impl Spread {
    fn new(count: u64, chance: &mut Chance) -> Self {
        let mut step = chance.below(count).max(1);
        while common_divisor(step, count) > 1 {
            step -= 1;
        }
        Self { count, step, offset: chance.below(count) }
    }

    fn number(&self, index: u64) -> u64 {
        let place = u128::from(index) * u128::from(self.step) + u128::from(self.offset);
        u64::try_from(place % u128::from(self.count.max(1))).unwrap_or(0)
    }
}

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

fn is_one(exponent: f64) -> bool {
    (exponent - 1.0).abs() < 1e-9
}

#[expect(clippy::cast_precision_loss, reason = "of what is counted here a double holds every number")]
const fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    /// How often each rank comes up in a hundred thousand choices.
    fn counts(count: u64, exponent: f64) -> Vec<f64> {
        let mut chance = Chance::new(5);
        let zipf = Zipf::new(count, exponent, &mut chance);
        let mut counts = vec![0.0; usize::try_from(count).unwrap()];
        for _ in 0..100_000 {
            counts[usize::try_from(zipf.rank(&mut chance)).unwrap() - 1] += 1.0;
        }
        counts
    }

    #[test]
    fn each_rank_comes_as_often_as_the_law_says() {
        for exponent in [0.0, 0.5, 1.0, 1.3] {
            let counts = counts(50, exponent);
            let weights: Vec<f64> = (1..=50).map(|rank| f64::from(rank).powf(-exponent)).collect();
            let all: f64 = weights.iter().sum();
            for (rank, (count, weight)) in counts.iter().zip(&weights).enumerate() {
                let wanted = 100_000.0 * weight / all;
                // Five standard deviations of a count.
                assert!((count - wanted).abs() < 5.0 * wanted.sqrt(), "{exponent} {rank} {count} {wanted}");
            }
        }
    }

    #[test]
    fn ten_million_need_no_table() {
        let mut chance = Chance::new(9);
        let zipf = Zipf::new(10_000_000, 1.0, &mut chance);
        let seen: HashSet<u64> = (0..1_000).map(|_| zipf.choose(&mut chance)).collect();
        assert!(seen.len() > 500, "{}", seen.len());
        assert!(seen.iter().all(|number| *number < 10_000_000));
    }

    proptest! {
        #[test]
        fn every_rank_has_a_number_of_its_own(count in 1_u64..2_000, seed: u64) {
            let spread = Spread::new(count, &mut Chance::new(seed));
            let numbers: HashSet<u64> = (0..count).map(|index| spread.number(index)).collect();
            prop_assert_eq!(numbers.len() as u64, count);
            prop_assert!(numbers.iter().all(|number| *number < count));
        }

        #[test]
        fn any_exponent_ends_in_a_rank(count in 1_u64..1_000_000, exponent in 0.0_f64..4.0, seed: u64) {
            let mut chance = Chance::new(seed);
            let zipf = Zipf::new(count, exponent, &mut chance);
            for _ in 0..20 {
                prop_assert!((1..=count).contains(&zipf.rank(&mut chance)));
            }
        }
    }
}
