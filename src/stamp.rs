//! How a cached decision is known to be fresh: striped versions, one published revision, stamps.
//!
//! The whole protocol, in the order in which each side must act:
//!
//! - **Write** (`store::write`): raise the stripes of every touched entity to the new revision,
//!   commit, publish the revision, acknowledge.
//! - **Fill** (`slice`): take what is cached, read what is missing in one statement together with its
//!   revision, and only *then* look whether a stripe of a cached entity was raised above its stamp.
//!   Before the answer leaves, the revision it rests on is published.
//! - **Hit** (`check`): read the published revision first, then the stripes.
//! - **Join** (`check`): whoever waited for another's fill checks its result like a hit.
//!
//! - **Follow** (`store::follow`, where others write too): read what they touched, raise those stripes, count it as
//!   applied, publish it. What is told of a change is as good as read if it is the one right after those applied. Before a fill goes on with a revision beyond what is applied, and before a write builds on
//!   one, all up to it is followed.
//!
//! So an answer given after a write was acknowledged rests on that write, and no later answer rests
//! on an older revision than an earlier one did.
//!
//! Each order stands in one function: [`fill()`], [`join()`], [`Stamp::check`], and for writes
//! [`followed`](crate::store::followed), for changes by others [`tell`](crate::store::tell) and [`hear`](crate::store::hear). `model` runs these same functions in every order in which
//! threads could run them.

mod fill;
mod join;
mod version;

pub use fill::{Collected, fill};
pub use join::{Stamped, Turn, join};
pub use version::Version;

use crate::domain::{EntityUid, Revision};
use crate::store::Follower;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::watch;

/// How many versions there are. Two entities that share one only invalidate each other needlessly.
pub const STRIPES: usize = 1 << 16;

/// The index of a version.
pub type Stripe = u16;

/// The last revision that touched each entity, by the hash of its uid, and the last revision that
/// readers may know of.
#[derive(Debug)]
pub struct Stripes<V = AtomicU64> {
    versions: Box<[V]>,
    published: V,
    /// Every change up to this revision has raised its stripes, whoever made it.
    applied: V,
    hasher: RandomState,
    /// Wakes who follows the changes.
    news: watch::Sender<()>,
}

impl Stripes {
    /// Stripes of a store that stands at `revision`.
    #[must_use]
    pub fn new(revision: Revision) -> Self {
        Self::sized(revision, STRIPES, RandomState::new())
    }
}

impl<V: Version> Stripes<V> {
    /// Of `count` stripes: a power of two, at most [`STRIPES`].
    fn sized(revision: Revision, count: usize, hasher: RandomState) -> Self {
        Self {
            versions: std::iter::repeat_with(|| V::new(0)).take(count).collect(),
            published: V::new(revision.0),
            applied: V::new(revision.0),
            hasher,
            news: watch::Sender::new(()),
        }
    }

    /// The stripe of an entity.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the low bits of the hash are the stripe")]
    pub fn of(&self, uid: &EntityUid) -> Stripe {
        (self.hasher.hash_one(uid) as usize & self.versions.len().saturating_sub(1)) as Stripe
    }

    /// The revision that every answer given from now on is at least as new as.
    #[must_use]
    pub fn published(&self) -> Revision {
        Revision(self.published.load(Ordering::SeqCst))
    }

    /// Lets later answers be no older than `revision`.
    // INVARIANT: called with the revision of a fill before its answer leaves. A fill may read a commit
    // that its writer has not published yet; without this, a later hit could answer from before it.
    pub fn advance(&self, revision: Revision) {
        if self.published.fetch_max(revision.0, Ordering::SeqCst) < revision.0 {
            self.news.send_replace(());
        }
    }

    /// Changes whenever the published revision does: what is read from the store after that holds
    /// everything up to it.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// Whether nothing that maps to `stripes` changed after `revision`.
    #[must_use]
    pub fn unchanged_since(&self, stripes: &[Stripe], revision: Revision) -> bool {
        stripes.iter().all(|stripe| {
            self.versions.get(usize::from(*stripe)).is_some_and(|v| v.load(Ordering::SeqCst) <= revision.0)
        })
    }
}

impl<V: Version> Follower for Stripes<V> {
    // INVARIANT: before the commit. A fill that reads the commit then finds the stripe raised, whatever
    // happens in between; raised afterwards, a fill could combine cached entities with newer ones.
    fn raise(&self, touched: &[EntityUid], revision: Revision) {
        for uid in touched {
            if let Some(version) = self.versions.get(usize::from(self.of(uid))) {
                version.fetch_max(revision.0, Ordering::SeqCst);
            }
        }
    }

    fn raise_all(&self, revision: Revision) {
        for version in &self.versions {
            version.fetch_max(revision.0, Ordering::SeqCst);
        }
    }

    // INVARIANT: after the commit and before the acknowledgement.
    fn publish(&self, revision: Revision) {
        self.advance(revision);
    }

    fn applied(&self) -> Revision {
        Revision(self.applied.load(Ordering::SeqCst))
    }

    fn apply(&self, revision: Revision) {
        self.applied.fetch_max(revision.0, Ordering::SeqCst);
    }
}

/// What a cached value rests on: the state of these stripes at a revision.
#[derive(Debug)]
pub struct Stamp<V = AtomicU64> {
    revision: V,
    stripes: Box<[Stripe]>,
}

impl Stamp {
    /// A stamp for a value that was right at `revision`.
    #[must_use]
    pub fn new(revision: Revision, stripes: Vec<Stripe>) -> Self {
        Self::of(revision, stripes)
    }
}

impl<V: Version> Stamp<V> {
    fn of(revision: Revision, mut stripes: Vec<Stripe>) -> Self {
        stripes.sort_unstable();
        stripes.dedup();
        Self { revision: V::new(revision.0), stripes: stripes.into_boxed_slice() }
    }

    /// The newest revision at which the value is known to be right.
    #[must_use]
    pub fn revision(&self) -> Revision {
        Revision(self.revision.load(Ordering::SeqCst))
    }

    /// The stripes it rests on, sorted.
    #[must_use]
    pub fn stripes(&self) -> &[Stripe] {
        &self.stripes
    }

    /// The revision at which the value is right now, if it still is; remembered for the next time.
    // INVARIANT: the published revision is read before the stripes. A write raises before it publishes,
    // so every write up to the revision read here is seen in the stripes read after it.
    #[must_use]
    pub fn check(&self, stripes: &Stripes<V>) -> Option<Revision> {
        let published = stripes.published();
        let stamped = self.revision();
        if stamped >= published {
            return Some(stamped);
        }
        if !stripes.unchanged_since(&self.stripes, stamped) {
            return None;
        }
        self.revision.fetch_max(published.0, Ordering::SeqCst);
        Some(published)
    }
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests {
    use super::*;

    fn uid(id: &str) -> EntityUid {
        EntityUid::new("Item", id)
    }

    #[test]
    fn a_value_stays_right_while_others_change() {
        let stripes = Stripes::new(Revision(7));
        let stamp = Stamp::new(Revision(7), vec![stripes.of(&uid("mine"))]);
        let other = (0..1000).map(|n| uid(&n.to_string())).find(|other| stripes.of(other) != stripes.of(&uid("mine")));
        stripes.raise(&[other.unwrap()], Revision(8));
        stripes.publish(Revision(8));
        assert_eq!(stamp.check(&stripes), Some(Revision(8)));
    }

    #[test]
    fn a_value_ends_with_the_first_change_of_what_it_rests_on() {
        let stripes = Stripes::new(Revision(7));
        let stamp = Stamp::new(Revision(7), vec![stripes.of(&uid("mine"))]);
        stripes.raise(&[uid("mine")], Revision(8));
        assert_eq!(stamp.check(&stripes), Some(Revision(7)), "not committed yet: the old answer is the right one");
        stripes.publish(Revision(8));
        assert_eq!(stamp.check(&stripes), None);
    }
}
