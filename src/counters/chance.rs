//! Numbers that look like chance, for samples: no two samples of one process follow a pattern of its callers.

/// A number that looks like chance, another one for each `number`: splitmix64.
#[must_use]
pub const fn scattered(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
