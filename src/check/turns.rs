//! One evaluation for many askers: who misses waits for whoever misses the same just now.

use super::RequestRef;
use crate::domain::DecisionRequest;
use std::hash::{BuildHasher as _, Hash, RandomState};
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
        Some(self.place(request)?.lock().await)
    }

    /// Whether somebody is answering this question just now.
    pub(super) fn is_taken(&self, request: &RequestRef<'_>) -> bool {
        self.place(request).is_some_and(|place| place.try_lock().is_err())
    }

    fn place(&self, request: impl Hash) -> Option<&Mutex<()>> {
        let hash = usize::try_from(self.hasher.hash_one(request) % PLACES as u64).unwrap_or_default();
        self.places.get(hash)
    }
}
