//! Proof that the model can see: the protocol with one step done wrong, each time another.

use super::protocol::{Ordered, Protocol};
use super::world::{Cached, Found, Parts, Seen};
use crate::domain::{EntityUid, Revision};
use crate::stamp::{Collected, Stamp, Stripe, Stripes};
use crate::store::{Follower, tell};
use loom::sync::atomic::AtomicU64;
use std::sync::Arc;
use std::sync::atomic::Ordering;

type Numbers = AtomicU64;

fn newest(from: Revision, parts: &Parts) -> Revision {
    parts.parts().map(|(read, _)| read).fold(from, Ord::max)
}

fn belong(stripes: &Stripes<Numbers>, parts: &Parts, revision: Revision) -> bool {
    parts.parts().all(|(read, rests_on)| read == revision || stripes.unchanged_since(rests_on, read))
}

/// What is cached is served.
#[derive(Debug)]
pub(super) struct NoStamp;

impl Protocol for NoStamp {
    type Version = Numbers;

    fn hit(_: &Stamp<Numbers>, stripes: &Stripes<Numbers>) -> Option<Revision> {
        Some(stripes.published())
    }
}

/// A hit looks at the stripes, then at the published revision.
#[derive(Debug)]
pub(super) struct StripesBeforePublished;

impl Protocol for StripesBeforePublished {
    type Version = Numbers;

    fn hit(stamp: &Stamp<Numbers>, stripes: &Stripes<Numbers>) -> Option<Revision> {
        let stamped = stamp.revision();
        if !stripes.unchanged_since(stamp.stripes(), stamped) {
            return None;
        }
        let published = stripes.published();
        stamp.revision.fetch_max(published.0, Ordering::SeqCst);
        Some(published.max(stamped))
    }
}

/// A hit answers from the revision it read first, but stamps with what is published after it.
#[derive(Debug)]
pub(super) struct StampedTooNew;

impl Protocol for StampedTooNew {
    type Version = Numbers;

    fn hit(stamp: &Stamp<Numbers>, stripes: &Stripes<Numbers>) -> Option<Revision> {
        let (published, stamped) = (stripes.published(), stamp.revision());
        if stamped >= published {
            return Some(stamped);
        }
        if !stripes.unchanged_since(stamp.stripes(), stamped) {
            return None;
        }
        stamp.revision.fetch_max(stripes.published().0, Ordering::SeqCst);
        Some(published)
    }
}

/// Cached entities are looked at before the read (as they are when taken), and not after it.
#[derive(Debug)]
pub(super) struct CheckedBeforeRead;

impl Protocol for CheckedBeforeRead {
    type Version = Numbers;

    fn fill(stripes: &Stripes<Numbers>, gather: impl Fn() -> Parts, _: impl Fn() -> Parts) -> (Revision, Parts) {
        let published = stripes.published();
        let parts = gather();
        (newest(published, &parts), parts)
    }
}

/// The revision of what was gathered is that published after it was checked.
#[derive(Debug)]
pub(super) struct FilledTooNew;

impl Protocol for FilledTooNew {
    type Version = Numbers;

    fn fill(stripes: &Stripes<Numbers>, gather: impl Fn() -> Parts, reread: impl Fn() -> Parts) -> (Revision, Parts) {
        let mut parts = gather();
        if !belong(stripes, &parts, newest(Revision(0), &parts)) {
            parts = reread();
        }
        (newest(stripes.published(), &parts), parts)
    }
}

/// The revision of what was gathered is that of the newest part, however old.
#[derive(Debug)]
pub(super) struct FilledTooOld;

impl Protocol for FilledTooOld {
    type Version = Numbers;

    fn fill(stripes: &Stripes<Numbers>, gather: impl Fn() -> Parts, reread: impl Fn() -> Parts) -> (Revision, Parts) {
        let mut parts = gather();
        if !belong(stripes, &parts, newest(Revision(0), &parts)) {
            parts = reread();
        }
        (newest(Revision(0), &parts), parts)
    }
}

/// What does not belong together is gathered once more instead of read from one snapshot.
#[derive(Debug)]
pub(super) struct GatheredAgain;

impl Protocol for GatheredAgain {
    type Version = Numbers;

    fn fill(stripes: &Stripes<Numbers>, gather: impl Fn() -> Parts, _: impl Fn() -> Parts) -> (Revision, Parts) {
        let published = stripes.published();
        let mut parts = gather();
        if !belong(stripes, &parts, newest(published, &parts)) {
            parts = gather();
        }
        (newest(published, &parts), parts)
    }
}

/// What was filled is answered without being published.
#[derive(Debug)]
pub(super) struct NoFetchMax;

impl Protocol for NoFetchMax {
    type Version = Numbers;

    fn join(
        _: &Stripes<Numbers>,
        present: Option<Arc<Cached<Numbers>>>,
        fresh: impl Fn(&Cached<Numbers>) -> Option<Found>,
        fill: impl FnOnce() -> Cached<Numbers>,
        keep: impl Fn(Cached<Numbers>),
    ) -> Found {
        present.and_then(|left| fresh(&left)).unwrap_or_else(|| {
            let filled = fill();
            let found = filled.found();
            keep(filled);
            found
        })
    }
}

/// What was filled is there for others before it is published.
#[derive(Debug)]
pub(super) struct KeptBeforePublished;

impl Protocol for KeptBeforePublished {
    type Version = Numbers;

    fn join(
        stripes: &Stripes<Numbers>,
        present: Option<Arc<Cached<Numbers>>>,
        fresh: impl Fn(&Cached<Numbers>) -> Option<Found>,
        fill: impl FnOnce() -> Cached<Numbers>,
        keep: impl Fn(Cached<Numbers>),
    ) -> Found {
        present.and_then(|left| fresh(&left)).unwrap_or_else(|| {
            let filled = fill();
            let found = filled.found();
            keep(filled);
            stripes.advance(found.0);
            found
        })
    }
}

/// What another filled meanwhile is served, however long ago it was read.
#[derive(Debug)]
pub(super) struct NoCheckAfterJoin;

impl Protocol for NoCheckAfterJoin {
    type Version = Numbers;

    fn join(
        stripes: &Stripes<Numbers>,
        present: Option<Arc<Cached<Numbers>>>,
        _: impl Fn(&Cached<Numbers>) -> Option<Found>,
        fill: impl FnOnce() -> Cached<Numbers>,
        keep: impl Fn(Cached<Numbers>),
    ) -> Found {
        if let Some(left) = present {
            return left.found();
        }
        let filled = fill();
        let found = filled.found();
        stripes.advance(found.0);
        keep(filled);
        found
    }
}

/// Writers that do the right things in a wrong order, or leave one out.
macro_rules! writers {
    ($($(#[$doc:meta])* $name:ident: $($step:ident)*;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub(super) struct $name;

            impl Protocol for $name {
                type Version = Numbers;

                fn write(
                    follower: &Stripes<Numbers>,
                    touched: &[EntityUid],
                    revision: Revision,
                    commit: impl FnOnce(),
                    acknowledge: impl FnOnce(),
                ) {
                    $(writers!(@$step follower, touched, revision, commit, acknowledge);)*
                }
            }
        )*
    };
    (@raise $follower:ident, $touched:ident, $revision:ident, $($rest:tt)*) => { $follower.raise($touched, $revision) };
    (@publish $follower:ident, $touched:ident, $revision:ident, $($rest:tt)*) => { $follower.publish($revision) };
    (@forget_touched $follower:ident, $touched:ident, $($rest:tt)*) => { let _ = $touched; };
    (@commit $follower:ident, $touched:ident, $revision:ident, $commit:ident, $acknowledge:ident) => { $commit() };
    (@acknowledge $follower:ident, $touched:ident, $revision:ident, $commit:ident, $acknowledge:ident) => { $acknowledge() };
}

writers! {
    /// Stripes are raised between commit and publication.
    RaisedAfterCommit: commit raise publish acknowledge;
    /// Stripes are raised once the change is published.
    RaisedAfterPublished: commit publish raise acknowledge;
    /// Stripes are not raised.
    NotRaised: forget_touched commit publish acknowledge;
    /// The revision is published before there is anything to read.
    PublishedBeforeCommit: raise publish commit acknowledge;
    /// The change is acknowledged before it is published.
    AcknowledgedBeforePublished: raise commit acknowledge publish;
}

/// An answer does not rest on what was looked for and not there.
#[derive(Debug)]
pub(super) struct AbsentLeftOut;

impl Protocol for AbsentLeftOut {
    type Version = Numbers;

    fn rests_on(seen: &Seen, stripes: Vec<Stripe>) -> Vec<Stripe> {
        if seen.iter().all(Option::is_none) { Vec::new() } else { stripes }
    }
}

/// A joined entity rests on the last thing alone of those it was joined from.
#[derive(Debug)]
pub(super) struct SourcesLeftOut;

impl Protocol for SourcesLeftOut {
    type Version = Numbers;

    fn rests_on(_: &Seen, stripes: Vec<Stripe>) -> Vec<Stripe> {
        stripes.into_iter().next_back().into_iter().collect()
    }
}

/// Reading a number says nothing of what its writer did before.
#[derive(Debug)]
pub(super) struct RelaxedLoads;

impl Protocol for RelaxedLoads {
    type Version = Ordered<0, 3>;
}

/// Raising a number says nothing of what its writer did before.
#[derive(Debug)]
pub(super) struct RelaxedRaises;

impl Protocol for RelaxedRaises {
    type Version = Ordered<1, 0>;
}

/// What others changed is published, and then raised.
#[derive(Debug)]
pub(super) struct PublishedBeforeFollowed;

impl Protocol for PublishedBeforeFollowed {
    type Version = Numbers;
    const ABOUT_OTHERS: bool = true;

    fn tell(stripes: &Stripes<Numbers>, changes: &[(Revision, Vec<EntityUid>)]) {
        if let Some((last, _)) = changes.last() {
            stripes.publish(*last);
        }
        tell(stripes, changes);
    }
}

/// What others changed counts as applied, and is then raised.
#[derive(Debug)]
pub(super) struct AppliedBeforeRaised;

impl Protocol for AppliedBeforeRaised {
    type Version = Numbers;
    const ABOUT_OTHERS: bool = true;

    fn tell(stripes: &Stripes<Numbers>, changes: &[(Revision, Vec<EntityUid>)]) {
        if let Some((last, _)) = changes.last() {
            stripes.apply(*last);
        }
        tell(stripes, changes);
    }
}

/// A change that is heard of counts as the next, whichever it is.
#[derive(Debug)]
pub(super) struct HeardOutOfTurn;

impl Protocol for HeardOutOfTurn {
    type Version = Numbers;
    const ABOUT_OTHERS: bool = true;

    fn hear(stripes: &Stripes<Numbers>, revision: Revision, touched: Vec<EntityUid>) -> bool {
        tell(stripes, &[(revision, touched)]);
        true
    }
}

/// A fill goes on with whatever revision it has read.
#[derive(Debug)]
pub(super) struct FilledWithoutFollowing;

impl Protocol for FilledWithoutFollowing {
    type Version = Numbers;
    const ABOUT_OTHERS: bool = true;

    fn seen(_: &Stripes<Numbers>, _: Revision, _: impl Fn()) {}

    fn build_on(stripes: &Stripes<Numbers>, revision: Revision, catch_up: impl Fn()) {
        if stripes.applied() < revision {
            catch_up();
        }
        stripes.publish(revision);
    }
}

/// A change is made on top of changes that nobody here knows of.
#[derive(Debug)]
pub(super) struct WrittenWithoutFollowing;

impl Protocol for WrittenWithoutFollowing {
    type Version = Numbers;
    const ABOUT_OTHERS: bool = true;

    fn build_on(_: &Stripes<Numbers>, _: Revision, _: impl Fn()) {}
}
