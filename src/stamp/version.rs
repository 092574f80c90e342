//! The atomic number that the protocol is written in.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that many threads read and raise at a time.
///
/// The program has that of `std`; the model checker brings its own, whose every access is a place
/// where another thread may come in between.
pub trait Version: Debug + Send + Sync {
    /// A number that stands at `value`.
    fn new(value: u64) -> Self;
    /// Its value.
    fn load(&self, order: Ordering) -> u64;
    /// Raises it to `value` if it is lower; answers what it was.
    fn fetch_max(&self, value: u64, order: Ordering) -> u64;
}

impl Version for AtomicU64 {
    #[inline]
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    #[inline]
    fn load(&self, order: Ordering) -> u64 {
        self.load(order)
    }

    #[inline]
    fn fetch_max(&self, value: u64, order: Ordering) -> u64 {
        self.fetch_max(value, order)
    }
}
