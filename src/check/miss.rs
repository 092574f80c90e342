//! What happens where no cached answer is right: the slice, the policies, and what is kept of it.

use super::cached::Cached;
use super::{Answer, CacheUse, Check, CheckError, InForce, lent};
use crate::cedar;
use crate::domain::{DecisionRequest, EntityUid, Outcome};
use crate::engine::{Bundle, Detail, Environment, Handful};
use crate::slice::{Lending, Seeds, Slice};
use crate::stamp::{Stamp, Stamped as _, Turn, join};
use crate::trace;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Whether somebody who misses has yet to find a place to work at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Waits for one, or is turned away.
    Wanted,
    /// Has one of another queue, and must not wait for a second: whoever has that may wait for this one.
    Held,
}

/// A request as the schema knows it: what a decision begins with.
pub(super) struct Prepared<'a> {
    pub(super) environment: &'a Environment,
    pub(super) context: cedar::Context,
    /// Principal, resource, and what the context names.
    pub(super) uids: Vec<EntityUid>,
    pub(super) lent: Lending<'a>,
}

pub(super) fn prepared<'a>(bundle: &'a Bundle, request: &'a DecisionRequest) -> Result<Prepared<'a>, CheckError> {
    let environment =
        bundle.environment(&request.principal.type_name, &request.action.borrow(), &request.resource.type_name)?;
    let context = bundle.context(environment, &request.context)?;
    let mut uids = vec![request.principal.clone(), request.resource.clone()];
    uids.extend(cedar::named_by_context(&context));
    let lent = lent::lending(bundle.model(), &request.lent)?;
    Ok(Prepared { environment, context, uids, lent })
}

impl Check {
    /// Computes an answer, once for however many ask the same at the same time.
    pub(super) async fn miss(
        &self,
        (in_force, detail): (&InForce, Detail),
        request: DecisionRequest,
        place: Place,
    ) -> Result<Answer, CheckError> {
        let begun = Instant::now();
        // INVARIANT: held until the answer is kept, so answers to one question are kept in the order in which they were
        // made.
        let waiting = trace::child("turn");
        let _turn = self.turns.take(&request).await;
        drop(waiting);
        let present = self.decisions.get(&request).await;
        let is_new = present.is_none();
        let present = present.filter(|left| left.tells(detail));
        let fresh = |left| {
            let joined = self.fresh(in_force.generation(), left);
            if let Some(answer) = &joined {
                self.deciding.hit(answer.outcome().is_allow());
            } else {
                self.counting.invalidation();
            }
            joined
        };
        // After the turn: who only waits for what another is just computing needs no place.
        let fill = || async {
            let _place = match place {
                Place::Wanted => Some(self.misses.enter().await?),
                Place::Held => None,
            };
            self.counting.miss();
            self.fill(in_force, detail, &request).await
        };
        let turn = join(&self.stripes, present, fresh, fill).await;
        match turn.inspect_err(|error| self.deciding.undecided(error.kind()))? {
            Turn::Joined(joined) => Ok(joined),
            Turn::Filled(filled) => {
                let filled = Arc::new(filled);
                let outcome = filled.outcome();
                self.deciding.miss(outcome.is_allow(), !outcome.errors.is_empty(), begun.elapsed());
                self.keep(request, &filled, is_new).await;
                Ok(Answer::new(Arc::clone(&filled), filled.stamp().revision(), CacheUse::Miss))
            }
        }
    }

    // INVARIANT: a decision in which a policy failed is answered and not remembered.
    async fn keep(&self, request: DecisionRequest, filled: &Arc<Cached>, is_new: bool) {
        if filled.generation != self.published.generation() {
            // Of use to nobody who comes later.
            return;
        }
        if filled.outcome().errors.is_empty() {
            self.decisions.insert(request, Arc::clone(filled)).await;
            self.kept.fetch_add(u64::from(is_new), Ordering::Relaxed);
        } else if !is_new {
            self.decisions.invalidate(&request).await;
            self.forgotten.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Collects the slice and evaluates.
    async fn fill(&self, in_force: &InForce, detail: Detail, request: &DecisionRequest) -> Result<Cached, CheckError> {
        // What is kept of entities is answered from too.
        self.store.be_current().await?;
        let bundle = in_force.bundle();
        let Prepared { environment, context, uids, lent } = prepared(bundle, request)?;
        let reading = trace::child("slice");
        let slice = in_force.slicer().slice(&Seeds { uids, reach: environment.reach(), lent }).await?;
        drop(reading);
        let _evaluating = trace::child("evaluate");
        let outcome = self.evaluate(bundle, environment, (request, &context), &slice, detail)?;
        let stamp = Stamp::new(slice.revision, slice.stripes);
        Ok(Cached::new((outcome, detail), stamp, bundle))
    }

    /// What the policies say of a request over its slice.
    pub(super) fn evaluate(
        &self,
        bundle: &Bundle,
        environment: &Environment,
        (request, context): (&DecisionRequest, &cedar::Context),
        slice: &Slice,
        detail: Detail,
    ) -> Result<Outcome, CheckError> {
        if denied_unseen(bundle, request, slice) {
            return Ok(Outcome::deny());
        }
        let entities = Handful::of(slice.entities().chain(bundle.action_entities(environment)))?;
        let outcome = bundle.evaluate(environment, request, context, &entities, detail);
        if !self.verifier.is_due() {
            return Ok(outcome);
        }
        self.verifier.verified(bundle, environment, (request, context), slice, (outcome, detail))
    }
}

/// Whether the answer is Deny before Cedar is asked.
///
/// A permit without conditions on the principal would otherwise allow a stranger.
fn denied_unseen(bundle: &Bundle, request: &DecisionRequest, slice: &Slice) -> bool {
    unseen(bundle, request, slice).next().is_some()
}

/// The entities of the request that are of a type that Conclave keeps, and neither stored nor lent.
pub(super) fn unseen<'a>(
    bundle: &'a Bundle,
    request: &'a DecisionRequest,
    slice: &'a Slice,
) -> impl Iterator<Item = &'a EntityUid> {
    let named = [&request.principal, &request.resource].into_iter();
    named.filter(|uid| bundle.model().keeps(&uid.type_name) && !slice.holds(uid))
}
