//! What the protocol runs among: a store, the two caches, and who was told what.

use super::protocol::Protocol;
use crate::domain::{EntityUid, Revision};
use crate::stamp::{Collected, Stamp, Stamped, Stripe, Stripes, Version};
use crate::store::{Follower as _, followed};
use loom::sync::Mutex;
use loom::sync::atomic::AtomicU64;
use std::hash::RandomState;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

/// Two entities stored as they are, and one joined from both, as effective grants are.
pub(super) const A: usize = 0;
pub(super) const B: usize = 1;
pub(super) const JOINED: usize = 2;

/// The revision that wrote an entity; `None` is absent.
type Written = Option<u64>;

/// What the store holds at one revision.
type State = [Written; 2];

/// What an entity looks like to whoever reads it. An answer is made of these, whole, so that an answer
/// from any other state differs.
pub(super) type Seen = Vec<Written>;

fn see(state: State, entity: usize) -> Seen {
    if entity == JOINED { state.to_vec() } else { vec![state[entity]] }
}

/// Which entities an answer rests on, and in how many reads they are found: one per wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question(pub(super) &'static [&'static [usize]]);

impl Question {
    fn entities(self) -> impl Iterator<Item = usize> {
        self.0.iter().flat_map(|wave| wave.iter().copied())
    }

    /// The answer that is right in this state.
    fn right(self, state: State) -> Vec<Seen> {
        self.entities().map(|entity| see(state, entity)).collect()
    }
}

/// A change: how it ends, and what becomes of entities (true: there, in a new form; false: gone).
pub(super) type Change = (Fate, &'static [(usize, bool)]);

/// How a change ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is acknowledged.
    Done,
    /// The commit fails: it never was, and the next change gets its revision.
    Failed,
    /// It is committed, but whoever made it is gone before it could be published.
    CutShort,
}

/// An answer, and what its asker knew before asking.
#[derive(Debug)]
pub(super) struct Answered {
    question: Question,
    told: u64,
    revision: u64,
    seen: Vec<Seen>,
}

/// An entity as it was read.
#[derive(Debug)]
struct Held {
    seen: Seen,
    rests_on: Vec<Stripe>,
    revision: Revision,
}

/// A remembered answer.
#[derive(Debug)]
pub(super) struct Cached<V> {
    seen: Vec<Seen>,
    pub(super) stamp: Stamp<V>,
}

/// An answer and the revision it is right at.
pub(super) type Found = (Revision, Vec<Seen>);

impl<V: Version> Cached<V> {
    pub(super) fn found(&self) -> Found {
        (self.stamp.revision(), self.seen.clone())
    }
}

impl<V> Stamped<V> for Cached<V> {
    fn stamp(&self) -> &Stamp<V> {
        &self.stamp
    }
}

/// Parts of an answer, in the order of the question.
#[derive(Debug)]
pub(super) struct Parts(Vec<Arc<Held>>);

impl Collected for Parts {
    fn parts(&self) -> impl Iterator<Item = (Revision, &[Stripe])> {
        self.0.iter().map(|held| (held.revision, held.rests_on.as_slice()))
    }
}

/// A place of the decision cache: the answer, and whose turn it is to compute it.
#[derive(Debug)]
struct Place<V> {
    question: Question,
    answer: Mutex<Option<Arc<Cached<V>>>>,
    turn: Mutex<()>,
}

#[derive(Debug)]
pub(super) struct World<P: Protocol> {
    stripes: Stripes<P::Version>,
    /// The state that each revision committed, from revision 1 on, and what it touched.
    committed: Mutex<Vec<(State, Vec<EntityUid>)>>,
    writer: Mutex<()>,
    /// Whether others change what is in the store: only then is anything followed.
    is_shared: bool,
    entities: [Mutex<Option<Arc<Held>>>; 3],
    decisions: Vec<Place<P::Version>>,
    /// The newest revision that anybody was told of, by an acknowledgement or an answer.
    told: AtomicU64,
    uids: [EntityUid; 2],
}

/// What does not change from one execution to the next: the checker needs each to begin alike.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    hasher: RandomState,
    uids: [EntityUid; 2],
}

/// Enough that the two entities have one each.
const STRIPES: usize = 2;

impl Ground {
    pub(super) fn new() -> Self {
        let hasher = RandomState::new();
        let stripes = Stripes::<std::sync::atomic::AtomicU64>::sized(Revision(1), STRIPES, hasher.clone());
        let uid = |stripe: Stripe| {
            let mut uids = (0..).map(|n| EntityUid::new("Item", n.to_string()));
            uids.find(|uid| stripes.of(uid) == stripe).unwrap()
        };
        Self { uids: [uid(0), uid(1)], hasher }
    }
}

impl<P: Protocol> World<P> {
    /// A world at revision 1, in which `there` says which entities exist.
    pub(super) fn new(ground: &Ground, there: [bool; 2], questions: &[Question], is_shared: bool) -> Self {
        let place = |question: &Question| Place { question: *question, answer: Mutex::new(None), turn: Mutex::new(()) };
        Self {
            stripes: Stripes::sized(Revision(1), STRIPES, ground.hasher.clone()),
            committed: Mutex::new(vec![(there.map(|there| there.then_some(1)), Vec::new())]),
            writer: Mutex::new(()),
            is_shared,
            entities: std::array::from_fn(|_| Mutex::new(None)),
            decisions: questions.iter().map(place).collect(),
            told: AtomicU64::new(1),
            uids: ground.uids.clone(),
        }
    }

    /// One transaction, from its begin to its acknowledgement.
    pub(super) fn write(&self, change: Change) {
        let writing = self.writer.lock().unwrap();
        let (base, mut state) = self.newest();
        if self.is_shared {
            P::build_on(&self.stripes, base, || self.catch_up());
        }
        let revision = base.next();
        let (fate, entities) = change;
        for (entity, there) in entities {
            state[*entity] = there.then_some(revision.0);
        }
        let touched: Vec<_> = entities.iter().map(|(entity, _)| self.uids[*entity].clone()).collect();
        let commit = || self.committed.lock().unwrap().push((state, touched.clone()));
        let acknowledge = || {
            self.told.fetch_max(revision.0, Ordering::AcqRel);
        };
        match fate {
            Fate::Done => P::write(&self.stripes, &touched, revision, commit, acknowledge),
            Fate::Failed => {
                assert_eq!(at_once(followed(&self.stripes, &touched, revision, async { Err(()) })), Err(()));
            }
            Fate::CutShort => {
                let commit = async {
                    commit();
                    std::future::pending::<Result<(), ()>>().await
                };
                assert_eq!(poll(pin!(followed(&self.stripes, &touched, revision, commit))), Poll::Pending);
            }
        }
        drop(writing);
    }

    /// One transaction of another sidecar, which acknowledges it to others.
    pub(super) fn write_elsewhere(&self, (_, entities): Change) {
        let writing = self.writer.lock().unwrap();
        let (base, mut state) = self.newest();
        for (entity, there) in entities {
            state[*entity] = there.then_some(base.next().0);
        }
        let touched = entities.iter().map(|(entity, _)| self.uids[*entity].clone()).collect();
        self.committed.lock().unwrap().push((state, touched));
        drop(writing);
    }

    /// As `Store::catch_up` does it.
    pub(super) fn catch_up(&self) {
        let applied = usize::try_from(self.stripes.applied().0).unwrap();
        let committed = self.committed.lock().unwrap();
        let changes = committed.iter().zip(1..).skip(applied);
        let changes: Vec<_> = changes.map(|((_, touched), n)| (Revision(n), touched.clone())).collect();
        drop(committed);
        P::tell(&self.stripes, &changes);
    }

    /// As `Followed::heard` does it: what the newest change touched was told, whatever became of what was told before.
    pub(super) fn hear(&self) {
        let committed = self.committed.lock().unwrap();
        let revision = Revision(committed.len() as u64);
        let touched = committed.last().unwrap().1.clone();
        drop(committed);
        if !P::hear(&self.stripes, revision, touched) {
            self.catch_up();
        }
    }

    /// One question, from its arrival until its answer has left.
    pub(super) fn ask(&self, question: Question) -> Answered {
        let told = self.told.load(Ordering::Acquire);
        let (Revision(revision), seen) = self.decide(question);
        self.told.fetch_max(revision, Ordering::AcqRel);
        Answered { question, told, revision, seen }
    }

    /// As `Check::decide` and `Check::miss` do it.
    fn decide(&self, question: Question) -> Found {
        let place = self.decisions.iter().find(|place| place.question == question).unwrap();
        let fresh = |cached: &Cached<_>| {
            let revision = P::hit(&cached.stamp, &self.stripes)?;
            Some((revision, cached.seen.clone()))
        };
        let present = place.answer.lock().unwrap().clone();
        if let Some(found) = present.and_then(|cached| fresh(&cached)) {
            return found;
        }
        let turn = place.turn.lock().unwrap();
        let present = place.answer.lock().unwrap().clone();
        let keep = |filled| *place.answer.lock().unwrap() = Some(Arc::new(filled));
        let found = P::join(&self.stripes, present, fresh, || self.fill(question), keep);
        drop(turn);
        found
    }

    fn fill(&self, question: Question) -> Cached<P::Version> {
        let (revision, Parts(parts)) = P::fill(&self.stripes, || self.gather(question), || self.reread(question));
        let rests_on = parts.iter().flat_map(|part| part.rests_on.iter().copied()).collect();
        let seen = parts.iter().map(|part| part.seen.clone()).collect();
        Cached { seen, stamp: Stamp::of(revision, rests_on) }
    }

    /// As `Slicer::gather` does it: what is cached and not known to be old, and of each wave one read for the rest.
    fn gather(&self, question: Question) -> Parts {
        let mut parts = Vec::new();
        for wave in question.0 {
            let kept: Vec<_> = wave.iter().map(|entity| self.kept(*entity)).collect();
            let read = kept.iter().any(Option::is_none).then(|| self.read());
            for (entity, kept) in wave.iter().zip(kept) {
                parts.push(match (kept, read) {
                    (None, Some(read)) => self.keep(*entity, read),
                    (kept, _) => kept.unwrap(),
                });
            }
        }
        Parts(parts)
    }

    fn kept(&self, entity: usize) -> Option<Arc<Held>> {
        let kept = self.entities[entity].lock().unwrap().clone()?;
        let is_newest = kept.revision >= self.stripes.published();
        (is_newest || self.stripes.unchanged_since(&kept.rests_on, kept.revision)).then_some(kept)
    }

    /// As `Slicer::reread` does it: everything from one snapshot.
    fn reread(&self, question: Question) -> Parts {
        let read = self.read();
        Parts(question.entities().map(|entity| self.keep(entity, read)).collect())
    }

    fn keep(&self, entity: usize, (revision, state): (Revision, State)) -> Arc<Held> {
        let seen = see(state, entity);
        let stripe = |entity: usize| self.stripes.of(&self.uids[entity]);
        let rests_on = if entity == JOINED { vec![stripe(A), stripe(B)] } else { vec![stripe(entity)] };
        let held = Arc::new(Held { rests_on: P::rests_on(&seen, rests_on), seen, revision });
        *self.entities[entity].lock().unwrap() = Some(Arc::clone(&held));
        held
    }

    /// As `Store::snapshot` does it: what is read beyond what is applied is followed first.
    fn read(&self) -> (Revision, State) {
        let read = self.newest();
        if self.is_shared {
            P::seen(&self.stripes, read.0, || self.catch_up());
        }
        read
    }

    /// One statement: the newest commit, whole.
    fn newest(&self) -> (Revision, State) {
        let committed = self.committed.lock().unwrap();
        (Revision(committed.len() as u64), committed.last().unwrap().0)
    }

    /// What is wrong with an answer, once all writes are done.
    pub(super) fn judge(&self, answered: &Answered) -> Result<(), String> {
        let committed = self.committed.lock().unwrap();
        let Answered { question, told, revision, seen } = answered;
        if revision < told {
            return Err(format!("an answer from {revision}, although {told} was known before: {answered:?}"));
        }
        let place = usize::try_from(*revision).unwrap() - 1;
        match committed.get(place) {
            Some((state, _)) if question.right(*state) == *seen => Ok(()),
            state => Err(format!("{answered:?}, but there the store holds {state:?}")),
        }
    }
}

/// Nothing here waits but on locks, which the checker knows of.
pub(super) fn at_once<T>(future: impl Future<Output = T>) -> T {
    match poll(pin!(future)) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a future of the model waits"),
    }
}

fn poll<T>(future: Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
