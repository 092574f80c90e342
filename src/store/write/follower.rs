//! Who learns of a change, and when.

use crate::domain::{EntityUid, Revision};

/// Who must learn of a change before it is acknowledged: the stripes of the decision cache.
pub trait Follower: Send + Sync {
    /// Called after the changes are written and before they are committed.
    ///
    /// The commit may still fail, and the next change then has the same revision: a raised stripe
    /// says that a decision may be out of date, never that it is.
    fn raise(&self, touched: &[EntityUid], revision: Revision);
    /// Called after the commit and before the acknowledgement. A revision may be published more than once.
    fn publish(&self, revision: Revision);
}

/// Commits a change that `touched` these entities, as `revision`, and has the follower know of it in
/// time. Once this has succeeded, the change may be acknowledged.
///
/// # Errors
/// Those of `commit`; then nothing is published.
// INVARIANT: the stripes of all that is touched are raised before the commit, the revision is published
// after it, and only then is the change acknowledged. A fill that raced this write read before the
// commit and finds its stripes raised; were they raised after it, the fill could put what it read in
// the cache, and it would be served after the acknowledgement. Published before the commit, a decision
// from before it would count as one of the new revision.
pub async fn followed<E>(
    follower: &dyn Follower,
    touched: &[EntityUid],
    revision: Revision,
    commit: impl Future<Output = Result<(), E>>,
) -> Result<(), E> {
    follower.raise(touched, revision);
    commit.await?;
    follower.publish(revision);
    Ok(())
}
