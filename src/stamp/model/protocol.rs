//! The steps that the model runs: the program's own, one by one replaceable by a mutant.

use super::world::{Cached, Found, Parts, Seen, at_once};
use crate::domain::{EntityUid, Revision};
use crate::stamp::{self, Stamp, Stripe, Stripes, Turn, Version};
use crate::store::{Follower, followed, hear, tell};
use loom::sync::atomic::AtomicU64;
use std::convert::Infallible;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Version for AtomicU64 {
    fn new(value: u64) -> Self {
        Self::new(value)
    }

    fn load(&self, order: Ordering) -> u64 {
        self.load(order)
    }

    fn fetch_max(&self, value: u64, order: Ordering) -> u64 {
        self.fetch_max(value, order)
    }
}

/// The protocol, by default that of the program.
pub(super) trait Protocol: Debug + Sized + 'static {
    type Version: Version + 'static;

    /// Whether it differs only where others change something.
    const ABOUT_OTHERS: bool = false;

    fn hit(stamp: &Stamp<Self::Version>, stripes: &Stripes<Self::Version>) -> Option<Revision> {
        stamp.check(stripes)
    }

    fn fill(
        stripes: &Stripes<Self::Version>,
        gather: impl Fn() -> Parts,
        reread: impl Fn() -> Parts,
    ) -> (Revision, Parts) {
        let gather = async { Ok::<_, Infallible>(gather()) };
        let Ok(filled) = at_once(stamp::fill(stripes, gather, || async { Ok(reread()) }));
        filled
    }

    fn join(
        stripes: &Stripes<Self::Version>,
        present: Option<Arc<Cached<Self::Version>>>,
        fresh: impl Fn(&Cached<Self::Version>) -> Option<Found>,
        fill: impl FnOnce() -> Cached<Self::Version>,
        keep: impl Fn(Cached<Self::Version>),
    ) -> Found {
        let fill = || async { Ok::<_, Infallible>(fill()) };
        match at_once(stamp::join(stripes, present, |left| fresh(&left), fill)) {
            Ok(Turn::Joined(found)) => found,
            Ok(Turn::Filled(filled)) => {
                let found = filled.found();
                keep(filled);
                found
            }
        }
    }

    fn write(
        follower: &Stripes<Self::Version>,
        touched: &[EntityUid],
        revision: Revision,
        commit: impl FnOnce(),
        acknowledge: impl FnOnce(),
    ) {
        let commit = async {
            commit();
            Ok::<_, Infallible>(())
        };
        let Ok(()) = at_once(followed(follower as &dyn Follower, touched, revision, commit));
        acknowledge();
    }

    /// What was read at this revision is used only once all up to it is applied.
    fn seen(stripes: &Stripes<Self::Version>, revision: Revision, catch_up: impl Fn()) {
        if stripes.applied() < revision {
            catch_up();
        }
    }

    /// A change builds on this revision.
    fn build_on(stripes: &Stripes<Self::Version>, revision: Revision, catch_up: impl Fn()) {
        Self::seen(stripes, revision, catch_up);
        stripes.publish(revision);
    }

    fn tell(stripes: &Stripes<Self::Version>, changes: &[(Revision, Vec<EntityUid>)]) {
        tell(stripes as &dyn Follower, changes);
    }

    fn hear(stripes: &Stripes<Self::Version>, revision: Revision, touched: Vec<EntityUid>) -> bool {
        hear(stripes as &dyn Follower, revision, Some(touched))
    }

    fn rests_on(_seen: &Seen, stripes: Vec<Stripe>) -> Vec<Stripe> {
        stripes
    }
}

/// As it runs.
#[derive(Debug)]
pub(super) struct Whole;

impl Protocol for Whole {
    type Version = AtomicU64;
}

/// Numbers with every access of this order, whatever the protocol asks for.
#[derive(Debug)]
pub(super) struct Ordered<const LOAD: u8, const RAISE: u8>(AtomicU64);

const fn order(number: u8) -> Ordering {
    match number {
        0 => Ordering::Relaxed,
        1 => Ordering::Acquire,
        2 => Ordering::Release,
        _ => Ordering::AcqRel,
    }
}

impl<const LOAD: u8, const RAISE: u8> Version for Ordered<LOAD, RAISE> {
    fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    fn load(&self, _: Ordering) -> u64 {
        self.0.load(order(LOAD))
    }

    fn fetch_max(&self, value: u64, _: Ordering) -> u64 {
        self.0.fetch_max(value, order(RAISE))
    }
}

/// With orders as weak as suffices.
#[derive(Debug)]
pub(super) struct AcquireRelease;

impl Protocol for AcquireRelease {
    type Version = Ordered<1, 3>;
}
