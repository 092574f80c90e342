//! Join: one fill for all who ask the same at the same time.

use super::{Stamp, Stripes, Version};
use std::sync::atomic::AtomicU64;

/// An answer that carries its stamp.
pub trait Stamped<V = AtomicU64> {
    /// What it rests on.
    fn stamp(&self) -> &Stamp<V>;
}

/// How an asker whose turn it was came to an answer.
#[derive(Debug)]
pub enum Turn<J, T> {
    /// By what another asker has filled meanwhile.
    Joined(J),
    /// By a fill of its own, which the next ones may join.
    Filled(T),
}

/// What an asker does once those who asked the same before it are done: `present` is what they left,
/// and `fresh` looks whether it is right now, as for a hit.
///
/// # Errors
/// Those of `fill`.
pub async fn join<V, P, J, T, E, F>(
    stripes: &Stripes<V>,
    present: Option<P>,
    fresh: impl FnOnce(P) -> Option<J>,
    fill: impl FnOnce() -> F,
) -> Result<Turn<J, T>, E>
where
    V: Version,
    T: Stamped<V>,
    F: Future<Output = Result<T, E>>,
{
    // INVARIANT: what another filled is checked like a hit. It may have been read before a write that was
    // acknowledged before this asker came.
    if let Some(joined) = present.and_then(fresh) {
        return Ok(Turn::Joined(joined));
    }
    let filled = fill().await?;
    // INVARIANT: before the answer leaves, and before others can find it; see `Stripes::advance`.
    stripes.advance(filled.stamp().revision());
    Ok(Turn::Filled(filled))
}
