//! One evaluation for many askers: who misses waits for whoever misses the same just now.

use crate::domain::DecisionRequest;
use std::hash::{BuildHasher as _, RandomState};
use tokio::sync::{Mutex, MutexGuard};

/// Among how many places questions are spread. Two questions of one place wait for each other needlessly, which
/// costs a read of the database and nothing else.
const PLACES: usize = 4096;

/// Whose turn it is, by question.
#[derive(Debug)]
pub(super) struct Turns {
    places: Box<[Mutex<()>]>,
    hasher: RandomState,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| Mutex::new(())).collect(), hasher: RandomState::new() }
    }

    /// Waits until nobody else is answering this question. Who has a turn takes no other.
    pub(super) async fn take(&self, request: &DecisionRequest) -> Option<MutexGuard<'_, ()>> {
        let hash = usize::try_from(self.hasher.hash_one(request) % PLACES as u64).unwrap_or_default();
        Some(self.places.get(hash)?.lock().await)
    }
}
