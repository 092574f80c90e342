//! Chance that can be had again: the seed is printed with every failure.

use conclave::admin::{Clock as _, SystemClock};

/// How often each kind of accident is tried, `CONCLAVE_CRASH_ROUNDS`.
pub fn rounds() -> u32 {
    std::env::var("CONCLAVE_CRASH_ROUNDS").map_or(1, |rounds| rounds.parse().expect("a number of rounds"))
}

/// Random numbers (splitmix64).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// From `CONCLAVE_CRASH_SEED`, or from the time; says which.
    pub fn roll() -> Self {
        let seed = std::env::var("CONCLAVE_CRASH_SEED").map_or_else(
            |_| u64::try_from(SystemClock.now_ms()).unwrap() % 1_000_000,
            |seed| seed.parse().expect("a seed is a number"),
        );
        println!("CONCLAVE_CRASH_SEED={seed}");
        Self(seed)
    }

    /// Others, that depend on these.
    pub fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// Below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
