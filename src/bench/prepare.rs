//! Makes a workload of what a database holds: real users, real items, and the true answers.

use super::mix::{Kind, Share, shares};
use super::question::Question;
use super::random::Chance;
use super::zipf::Zipf;
use crate::check::{Check, CheckError};
use crate::domain::{Decision, EntityUid};
use crate::store::sample::{Person, Place};
use crate::store::{Store, StoreError};
use thiserror::Error;

/// How many members of a group are considered: enough to choose from, in groups of any size.
const PEOPLE_MAX: u32 = 256;

/// Candidates that are tried for each question wanted, before the database counts as not having it.
const ATTEMPTS_PER_QUESTION: usize = 100;

/// Attempts that even the smallest workload has.
const ATTEMPTS_MIN: usize = 1_000;

/// What workload is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The same seed on the same database makes the same questions.
    pub seed: u64,
    /// How uneven the popularity of users and items is: 0 all alike, 1 Zipf's law.
    pub zipf: f64,
    /// How many questions.
    pub questions: usize,
}

/// Why there is no such workload.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// Nobody or nothing to ask about.
    #[error("the database has no {0} to ask about")]
    Nothing(&'static str),
    /// Some questions cannot be found.
    #[error(
        "the database gives too few questions about `{}` that are answered {}: {} of {} were found",
        missing.kind.name(), missing.decision.name(), wanted - missing.count, wanted
    )]
    TooFew {
        /// Which, and how many are missing.
        missing: Share,
        /// How many there should be.
        wanted: usize,
    },
    /// A question cannot be answered.
    #[error("a question has no answer")]
    Check(#[from] CheckError),
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Finds the questions of `plan` in the store, each with its true answer from `check`.
///
/// Candidates are guessed from who is in which group; what they count as is what the engine answers.
/// `found` is told of each question found.
///
/// # Errors
/// [`PrepareError`] if the database does not have them.
pub async fn prepare(
    store: &Store,
    check: &Check,
    plan: Plan,
    found: impl Fn(),
) -> Result<Vec<Question>, PrepareError> {
    let mut sampler = Sampler::new(store, plan).await?;
    let mut open = shares(plan.questions);
    let mut questions = Vec::with_capacity(plan.questions);
    let mut attempts = plan.questions.saturating_mul(ATTEMPTS_PER_QUESTION).max(ATTEMPTS_MIN);
    while let Some(wanted) = sampler.next_share(&open) {
        if attempts == 0 {
            return Err(too_few(&open, plan));
        }
        attempts -= 1;
        let Some(mut question) = sampler.candidate(wanted).await? else { continue };
        let decision = check.decide(&question.borrow()).await?.outcome().decision;
        let place = open.iter_mut().find(|share| share.kind == wanted.kind && share.decision == decision);
        if let Some(share) = place.filter(|share| share.count > 0) {
            share.count -= 1;
            question.expected = Some(decision);
            questions.push(question);
            found();
        }
    }
    sampler.chance.shuffle(&mut questions);
    Ok(questions)
}

fn too_few(open: &[Share], plan: Plan) -> PrepareError {
    let worst = shares(plan.questions).into_iter().zip(open).max_by_key(|(_, missing)| missing.count);
    worst.map_or(PrepareError::Nothing("question"), |(wanted, missing)| PrepareError::TooFew {
        missing: *missing,
        wanted: wanted.count,
    })
}

/// Chooses users and items of a store.
struct Sampler<'a> {
    store: &'a Store,
    chance: Chance,
    exponent: f64,
    users: Zipf,
    items: Zipf,
}

impl<'a> Sampler<'a> {
    async fn new(store: &'a Store, plan: Plan) -> Result<Self, PrepareError> {
        let extent = store.extent().await?;
        for (what, count) in [("users", extent.users), ("items", extent.items)] {
            if count == 0 {
                return Err(PrepareError::Nothing(what));
            }
        }
        let mut chance = Chance::new(plan.seed);
        let users = Zipf::new(extent.users, plan.zipf, &mut chance);
        let items = Zipf::new(extent.items, plan.zipf, &mut chance);
        Ok(Self { store, chance, exponent: plan.zipf, users, items })
    }

    /// One of the shares that are still open, each as likely as it is large.
    fn next_share(&mut self, open: &[Share]) -> Option<Share> {
        let left: usize = open.iter().map(|share| share.count).sum();
        let mut place = usize::try_from(self.chance.below(left as u64)).unwrap_or(0);
        for share in open {
            if place < share.count {
                return Some(*share);
            }
            place -= share.count;
        }
        None
    }

    /// A question that is probably answered so.
    async fn candidate(&mut self, wanted: Share) -> Result<Option<Question>, StoreError> {
        // Numbers begin at 1.
        let number = 1 + self.items.choose(&mut self.chance);
        let Some(place) = self.store.place_from(number).await? else { return Ok(None) };
        let principal = match wanted.decision {
            Decision::Allow => self.who_may(wanted.kind, &place).await?,
            Decision::Deny => self.who_may_not(wanted.kind, &place).await?,
        };
        let resource = if wanted.kind == Kind::Add { place.container } else { place.item };
        Ok(principal.map(|principal| Question::new(principal, wanted.kind.name(), resource)))
    }

    async fn who_may(&mut self, kind: Kind, place: &Place) -> Result<Option<EntityUid>, StoreError> {
        let somebody = match kind {
            Kind::Edit => place.author.clone(),
            Kind::View => self.member(place, |_| true).await?.unwrap_or_else(|| place.keeper.clone()),
            // Half of those who add may because they were granted it.
            Kind::Add if self.chance.percent(50) => match self.member(place, |_| true).await? {
                Some(member) => member,
                None => place.keeper.clone(),
            },
            Kind::Add | Kind::Delete if self.chance.percent(50) => {
                self.member(place, |person| person.co_administrator).await?.unwrap_or_else(|| place.keeper.clone())
            }
            Kind::Add | Kind::Delete => place.keeper.clone(),
        };
        Ok(Some(somebody))
    }

    /// Who may not: half of them in the group and without the right, half from anywhere. Everyone in a
    /// group may view, so who may not comes from outside.
    async fn who_may_not(&mut self, kind: Kind, place: &Place) -> Result<Option<EntityUid>, StoreError> {
        if kind != Kind::View
            && self.chance.percent(50)
            && let Some(member) = self.member(place, |person| !person.co_administrator).await?
        {
            return Ok(Some(member));
        }
        self.store.user_from(1 + self.users.choose(&mut self.chance)).await
    }

    /// A member of the group that the item belongs to, if it has one that will do.
    async fn member(
        &mut self,
        place: &Place,
        will_do: impl Fn(&Person) -> bool,
    ) -> Result<Option<EntityUid>, StoreError> {
        let Some(group) = &place.group else { return Ok(None) };
        let people = self.store.people_of(group, PEOPLE_MAX).await?;
        let people: Vec<_> = people.into_iter().filter(will_do).collect();
        if people.is_empty() {
            return Ok(None);
        }
        // Seeded by the group, so that its popular members are always the same ones.
        let mut order = Chance::new(group.bytes().fold(0, |hash, byte| hash * 31 % (1 << 50) + u64::from(byte)));
        let place = Zipf::new(people.len() as u64, self.exponent, &mut order).choose(&mut self.chance);
        Ok(people.into_iter().nth(usize::try_from(place).unwrap_or(0)).map(|person| person.user))
    }
}
