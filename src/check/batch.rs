//! Many questions answered at one revision.

use super::{Answer, Check, CheckError, InForce, Place, RequestRef};
use crate::domain::{Decision, Revision};
use crate::engine::Detail;
use thiserror::Error;
use tokio::sync::SemaphorePermit;

/// How often a batch starts over because a write touched one of its answers meanwhile.
const ROUNDS_MAX: usize = 16;

/// A question of a batch that has no answer; then none of the batch has.
#[derive(Debug, Error)]
#[error("request {index}: {error}")]
pub struct BatchError {
    /// Which of the questions, counted from 0.
    pub index: usize,
    /// Why.
    #[source]
    pub error: CheckError,
}

/// The place of a batch among those that need the store: taken when it first needs one, and kept to its end.
type Seat<'a> = Option<SemaphorePermit<'a>>;

impl Check {
    /// Answers all questions, in their order, as of one revision and by one bundle.
    ///
    /// # Errors
    /// [`BatchError`] for the first question without an answer.
    pub async fn decide_all(&self, in_force: &InForce, requests: &[RequestRef<'_>]) -> Result<Vec<Answer>, BatchError> {
        let (mut answers, mut seat) = (Vec::with_capacity(requests.len()), Seat::None);
        for (index, request) in requests.iter().enumerate() {
            let answer = self.decide_seated((in_force, Detail::Policies), request, &mut seat).await;
            answers.push(answer.map_err(|error| BatchError { index, error })?);
        }
        for _ in 0..ROUNDS_MAX {
            let revision = newest(&answers);
            let mut settled = true;
            for (index, (answer, request)) in answers.iter_mut().zip(requests).enumerate() {
                if !self.holds_at(answer, revision) {
                    settled = false;
                    let again = self.decide_seated((in_force, Detail::Policies), request, &mut seat).await;
                    *answer = again.map_err(|error| BatchError { index, error })?;
                }
            }
            if settled {
                return Ok(answers);
            }
        }
        Err(BatchError { index: 0, error: CheckError::Unsettled })
    }

    /// Answers questions one after the other, until one of the answers `ends` it; all as of one revision and by
    /// one bundle. A question that is no question (`None`), or that the schema does not allow, counts as denied.
    ///
    /// # Errors
    /// [`CheckError`] if any decision cannot be made now.
    pub async fn decide_in_turn(
        &self,
        (in_force, detail): (&InForce, Detail),
        requests: &[Option<RequestRef<'_>>],
        ends: impl Fn(Decision) -> bool,
    ) -> Result<Vec<Option<Result<Answer, CheckError>>>, CheckError> {
        let mut seat = Seat::None;
        for _ in 0..ROUNDS_MAX {
            let mut turns = self.take_turns((in_force, detail), requests, &ends, &mut seat).await?;
            let answers = || turns.iter().flatten().flatten();
            let revision = answers().map(|answer| answer.revision).max().unwrap_or_default();
            let settled = turns.iter_mut().flatten().flatten().all(|answer| self.holds_at(answer, revision));
            if settled {
                return Ok(turns);
            }
        }
        Err(CheckError::Unsettled)
    }

    /// One answer of several.
    async fn decide_seated<'a>(
        &'a self,
        (in_force, detail): (&InForce, Detail),
        request: &RequestRef<'_>,
        seat: &mut Seat<'a>,
    ) -> Result<Answer, CheckError> {
        if let Some(answer) = self.look(in_force.generation(), detail, request) {
            self.deciding.hit(answer.outcome().is_allow());
            return Ok(answer);
        }
        if seat.is_none() {
            *seat = Some(self.batches.enter().await?);
        }
        self.miss((in_force, detail), request.to_owned(), Place::Held).await
    }

    async fn take_turns<'a>(
        &'a self,
        (in_force, detail): (&InForce, Detail),
        requests: &[Option<RequestRef<'_>>],
        ends: impl Fn(Decision) -> bool,
        seat: &mut Seat<'a>,
    ) -> Result<Vec<Option<Result<Answer, CheckError>>>, CheckError> {
        let mut turns = Vec::with_capacity(requests.len());
        for request in requests {
            let turn = match request {
                None => None,
                Some(request) => match self.decide_seated((in_force, detail), request, seat).await {
                    Err(error) if !error.is_of_the_question() => return Err(error),
                    turn => Some(turn),
                },
            };
            let decision = turn.as_ref().and_then(|turn| turn.as_ref().ok());
            let decision = decision.map_or(Decision::Deny, |answer| answer.outcome().decision);
            turns.push(turn);
            if ends(decision) {
                break;
            }
        }
        Ok(turns)
    }

    /// The answers to all questions if they are all cached and right at one revision, and `None` otherwise.
    #[must_use]
    pub fn cached_all(&self, requests: &[RequestRef<'_>]) -> Option<Vec<Answer>> {
        let generation = self.published.generation();
        let look = |request| self.look(generation, Detail::Policies, request);
        let mut answers = requests.iter().map(look).collect::<Option<Vec<_>>>()?;
        let revision = newest(&answers);
        let settled = answers.iter_mut().all(|answer| self.holds_at(answer, revision));
        settled.then(|| {
            let allowed = answers.iter().filter(|answer| answer.outcome().is_allow()).count();
            self.deciding.hits(allowed, answers.len() - allowed);
            answers
        })
    }

    /// Whether these answers are certain to have been the same at `revision`, which is no newer than they are.
    #[must_use]
    pub fn held_since(&self, answers: &[Answer], revision: Revision) -> bool {
        let unchanged = |answer: &Answer| self.stripes.unchanged_since(answer.stripes(), revision);
        revision >= self.began && answers.iter().all(unchanged)
    }

    /// Whether an answer is right at a revision that another answer of the batch rests on; says so in it.
    // INVARIANT: `revision` is committed, so every write up to it has raised its stripes.
    fn holds_at(&self, answer: &mut Answer, revision: Revision) -> bool {
        let holds = answer.revision == revision || self.stripes.unchanged_since(answer.stripes(), answer.revision);
        if holds {
            answer.revision = revision;
        }
        holds
    }
}

fn newest(answers: &[Answer]) -> Revision {
    answers.iter().map(|answer| answer.revision).max().unwrap_or_default()
}
