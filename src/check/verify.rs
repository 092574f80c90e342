//! A sample of live decisions is made a second time, by Cedar's own authorizer.
//!
//! The engine decides as Cedar does, but by a shorter way. Tests hold it to Cedar on generated cases; this
//! holds it to Cedar on the cases that really come.

use super::CheckError;
use crate::cedar;
use crate::domain::{Decision, DecisionRequest, Outcome};
use crate::engine::{Bundle, Detail, Environment};
use crate::slice::Slice;
use std::sync::atomic::{AtomicU64, Ordering};

/// Up to so many policies the sample is as large as it is configured.
const FEW_POLICIES: usize = 64;

/// Chooses the sample and counts what did not agree.
#[derive(Debug)]
pub(super) struct Verifier {
    /// Of how many evaluations one is verified where there are few policies; 0 is none.
    one_in_few: u64,
    /// Of how many evaluations one is verified; 0 is none.
    one_in: AtomicU64,
    evaluated: AtomicU64,
    mismatches: AtomicU64,
}

impl Verifier {
    /// One in `one_in` evaluations, if there are few policies. Cedar takes each of them in turn: of many the
    /// sample is smaller, so that it costs about the same share of the time.
    pub(super) fn new(one_in: u64, policies: usize) -> Self {
        let [evaluated, mismatches] = [AtomicU64::new(0), AtomicU64::new(0)];
        let verifier = Self { one_in_few: one_in, one_in: AtomicU64::new(0), evaluated, mismatches };
        verifier.set_policies(policies);
        verifier
    }

    /// Says how many policies there are from now on.
    pub(super) fn set_policies(&self, policies: usize) {
        let times = policies.div_ceil(FEW_POLICIES).max(1) as u64;
        self.one_in.store(self.one_in_few.saturating_mul(times), Ordering::Relaxed);
    }

    /// How often Cedar came to another decision.
    pub(super) fn mismatches(&self) -> u64 {
        self.mismatches.load(Ordering::Relaxed)
    }

    /// Whether this evaluation is one of the sample. The first is.
    pub(super) fn is_due(&self) -> bool {
        let one_in = self.one_in.load(Ordering::Relaxed);
        one_in != 0 && self.evaluated.fetch_add(1, Ordering::Relaxed).is_multiple_of(one_in)
    }

    /// The outcome, if Cedar agrees; else what Cedar says.
    pub(super) fn verified(
        &self,
        bundle: &Bundle,
        environment: &Environment,
        (request, context): (&DecisionRequest, &cedar::Context),
        slice: &Slice,
        (ours, detail): (Outcome, Detail),
    ) -> Result<Outcome, CheckError> {
        let entities = cedar::slice(slice.entities().chain(bundle.all_actions()).cloned())?;
        let stock = bundle.stock(environment, request, context, &entities);
        if agree(&ours, &stock, detail) {
            return Ok(ours);
        }
        self.mismatches.fetch_add(1, Ordering::Relaxed);
        tracing::error!(
            principal_type = %request.principal.type_name, action = %request.action.id,
            resource_type = %request.resource.type_name, ours = ours.decision.name(), our_reasons = ?ours.reasons,
            cedar = stock.decision.name(), cedar_reasons = ?stock.reasons,
            "a decision is not Cedar's: Cedar's is answered. Please report this"
        );
        Ok(closed(stock))
    }
}

/// Whether two outcomes are the same, but for a forbid that fails: Cedar skips it, and here it denies. Where only the
/// decision was asked for, ours holds some of what determines it.
fn agree(ours: &Outcome, stock: &Outcome, detail: Detail) -> bool {
    match detail {
        Detail::Policies => ours == stock || (is_failed_deny(ours) && ours.errors == stock.errors),
        Detail::Decision => {
            let is_same = ours.decision == stock.decision
                && ours.reasons.is_empty() == stock.reasons.is_empty()
                && among(&ours.reasons, &stock.reasons);
            (is_same || is_failed_deny(ours)) && among(&ours.errors, &stock.errors)
        }
    }
}

fn among<T: PartialEq>(some: &[T], all: &[T]) -> bool {
    some.iter().all(|one| all.contains(one))
}

fn is_failed_deny(outcome: &Outcome) -> bool {
    outcome.decision == Decision::Deny && !outcome.errors.is_empty()
}

/// Cedar's outcome, which may not allow where a policy failed: it may be a forbid.
fn closed(stock: Outcome) -> Outcome {
    if stock.errors.is_empty() { stock } else { Outcome { errors: stock.errors, ..Outcome::deny() } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Check, RequestRef};
    use crate::config::Limits;
    use crate::domain::EntityUid;
    use crate::engine::Sources;
    use crate::store::testing::World;
    use std::sync::Arc;

    fn outcome(decision: Decision, reasons: &[&str], errors: &[&str]) -> Outcome {
        Outcome {
            decision,
            reasons: reasons.iter().map(|id| (*id).into()).collect(),
            errors: errors.iter().map(|error| (*error).to_owned()).collect(),
        }
    }

    #[test]
    fn one_in_so_many_is_verified() {
        let due = |one_in: u64| due_of(one_in, 1);
        assert_eq!([due(0), due(1), due(4), due(100)], [0, 10, 3, 1]);
    }

    #[test]
    fn of_many_policies_it_is_as_much_less() {
        assert_eq!([64, 65, 256, 1000].map(|policies| due_of(1, policies)), [10, 5, 3, 1]);
    }

    fn due_of(one_in: u64, policies: usize) -> usize {
        let verifier = Verifier::new(one_in, policies);
        (0..10).filter(|_| verifier.is_due()).count()
    }

    #[test]
    fn only_a_forbid_that_fails_may_make_a_difference() {
        use Decision::{Allow, Deny};
        let ours = outcome(Allow, &["p"], &[]);
        let whole = |ours: &Outcome, stock: &Outcome| agree(ours, stock, Detail::Policies);
        assert!(whole(&ours, &outcome(Allow, &["p"], &[])));
        for stock in [outcome(Deny, &["p"], &[]), outcome(Allow, &["q"], &[]), outcome(Allow, &["p"], &["e"])] {
            assert!(!whole(&ours, &stock), "{stock:?}");
        }
        let failed = outcome(Deny, &[], &["e"]);
        assert!(whole(&failed, &outcome(Allow, &["p"], &["e"])));
        assert!(!whole(&failed, &outcome(Allow, &["p"], &["f"])));
    }

    #[test]
    fn of_a_decision_alone_some_of_the_policies_are_told() {
        use Decision::{Allow, Deny};
        let brief = |ours: &Outcome, stock: &Outcome| agree(ours, stock, Detail::Decision);
        let ours = outcome(Allow, &["p"], &[]);
        for stock in [outcome(Allow, &["p"], &[]), outcome(Allow, &["o", "p"], &[]), outcome(Allow, &["p"], &["e"])] {
            assert!(brief(&ours, &stock), "{stock:?}");
        }
        for stock in [outcome(Deny, &["p"], &[]), outcome(Allow, &["q"], &[]), outcome(Deny, &[], &[])] {
            assert!(!brief(&ours, &stock), "{stock:?}");
        }
        assert!(!brief(&outcome(Allow, &[], &[]), &outcome(Allow, &["p"], &[])));
        assert!(!brief(&outcome(Deny, &[], &["e"]), &outcome(Allow, &["p"], &["f"])));
    }

    #[test]
    fn no_allow_comes_from_an_outcome_with_errors() {
        let stock = outcome(Decision::Allow, &["p"], &["e"]);
        assert_eq!(closed(stock), outcome(Decision::Deny, &[], &["e"]));
        let stock = outcome(Decision::Allow, &["p"], &[]);
        assert_eq!(closed(stock.clone()), stock);
    }

    async fn asked_of_the_stranger(stock: &str, verification_decisions: u64) -> (Outcome, u64) {
        let world = World::new().await;
        let bundle = Bundle::load(&Sources::default()).unwrap().with_stock_policies(stock);
        let limits = Limits { verification_decisions, ..Limits::default() };
        let check = Check::new(world.store.clone(), Arc::new(bundle), &limits).await.unwrap();
        let request = DecisionRequest {
            principal: EntityUid::new("User", "stranger"),
            action: EntityUid::action("view"),
            resource: EntityUid::new("Item", "offer"),
            context: crate::domain::Context::empty(),
            lent: crate::domain::Lent::nothing(),
        };
        let answer = check.decide(&RequestRef::from(&request)).await.unwrap();
        (Outcome::clone(answer.outcome()), check.mismatches())
    }

    #[tokio::test]
    async fn where_the_engine_is_wrong_cedar_is_answered_and_it_counts() {
        let all = "permit (principal, action, resource);";
        let stock = outcome(Decision::Allow, &["policy0"], &[]);
        assert_eq!(asked_of_the_stranger(all, 1).await, (stock, 1));
        assert_eq!(asked_of_the_stranger(all, 0).await, (Outcome::deny(), 0));
        assert_eq!(asked_of_the_stranger("", 1).await, (Outcome::deny(), 0));
        let failing =
            "permit (principal, action, resource); forbid (principal, action, resource) when { resource.none };";
        let (outcome, mismatches) = asked_of_the_stranger(failing, 1).await;
        assert_eq!((outcome.decision, outcome.errors.len(), mismatches), (Decision::Deny, 1, 1));
    }
}
