//! Who learns of a change, and when.

use crate::domain::{EntityUid, Revision};

/// Who must learn of a change before it is acknowledged: the stripes of the decision cache.
pub trait Follower: Send + Sync {
    /// Called after the changes are written and before they are committed.
    ///
    /// The commit may still fail, and the next change then has the same revision: a raised stripe
    /// says that a decision may be out of date, never that it is.
    fn raise(&self, touched: &[EntityUid], revision: Revision);
    /// The same of a change that touched everything there is.
    fn raise_all(&self, revision: Revision) {
        self.raise(&[EntityUid::new("Store", "*")], revision);
    }
    /// Called after the commit and before the acknowledgement. A revision may be published more than once.
    fn publish(&self, revision: Revision);
    /// The revision up to which every change has raised its stripes here, whoever made it. Who keeps nothing has
    /// nothing to be told of.
    fn applied(&self) -> Revision {
        Revision(u64::MAX)
    }
    /// Called once every change up to this revision has raised its stripes.
    fn apply(&self, _revision: Revision) {}
}

/// The entity that stands for every entity there is: what imports touch.
const EVERYTHING: (&str, &str) = ("Store", "*");

/// What a change counts as having touched of which nobody can say what it was.
pub(in crate::store) fn everything() -> Vec<EntityUid> {
    vec![EntityUid::new(EVERYTHING.0, EVERYTHING.1)]
}

/// Tells of changes that others made, each whole, in order, and the first of them right after those that are applied.
// INVARIANT: a change raises its stripes before it counts as applied, and counts as applied before anybody here can
// learn its revision: an answer of that revision is then never put together from what was kept before it. Two may tell
// of the same changes at the same time.
pub fn tell(follower: &dyn Follower, changes: &[(Revision, Vec<EntityUid>)]) {
    for (revision, touched) in changes {
        if touched.iter().any(|uid| (uid.type_name.as_str(), uid.id.as_str()) == EVERYTHING) {
            follower.raise_all(*revision);
        } else {
            follower.raise(touched, *revision);
        }
    }
    if let Some((last, _)) = changes.last() {
        follower.apply(*last);
        follower.publish(*last);
    }
}

/// Tells of one change that others made, as it is heard of the moment it is there; `touched` is everything that it touched,
/// where that was said. Whether all up to it is known now: else the changes must be read.
// INVARIANT: only the change right after those that are applied is told so. Whoever hears of a later one has not heard of
// one in between, or not what it touched, and counting as applied it would count what it never raised.
pub fn hear(follower: &dyn Follower, revision: Revision, touched: Option<Vec<EntityUid>>) -> bool {
    let applied = follower.applied();
    if revision <= applied {
        return true;
    }
    let Some(touched) = touched.filter(|_| revision == applied.next()) else { return false };
    tell(follower, &[(revision, touched)]);
    true
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
    // The change began with all before it applied, and nobody else could make one until now.
    follower.apply(revision);
    follower.publish(revision);
    Ok(())
}
