//! From the policies that hold to a decision.

use super::known::Known;
use super::program::{self, Findings};
use super::{Bundle, Environment, ErrorRule};
use crate::domain::{Decision, DecisionRequest, Outcome};
use cedar_policy::Entities;
use smol_str::SmolStr;

/// How much of a decision is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Allow or Deny: of the policies that determine it, those that were found until it was settled.
    Decision,
    /// With all policies that determine it.
    Policies,
}

impl Bundle {
    /// Decides. `entities` must hold the slice: everything up to the environment's level, and the actions.
    ///
    /// Any forbid that holds denies; so does any forbid that fails ([`ErrorRule::Deny`]); else any permit that holds
    /// allows; else Deny. The outcome names every policy that determined it, unless only the decision is asked for: the
    /// decision is the same, and what comes after the policy that settles it is not evaluated.
    #[must_use]
    pub fn evaluate(
        &self,
        environment: &Environment,
        request: &DecisionRequest,
        context: &cedar_policy::Context,
        entities: &impl Known,
        detail: Detail,
    ) -> Outcome {
        match environment.run(request, context, entities, detail) {
            Ok(findings) => conclude(findings, self.error_rule),
            Err(error) => {
                tracing::error!(%error, "a request was not evaluated and is denied");
                Outcome { errors: vec![error], ..Outcome::deny() }
            }
        }
    }

    /// What Cedar's own authorizer says, over all policies. Skips forbids that fail: for comparisons only.
    #[must_use]
    pub fn stock(
        &self,
        environment: &Environment,
        request: &DecisionRequest,
        context: &cedar_policy::Context,
        entities: &Entities,
    ) -> Outcome {
        let request = match environment.request(request, context) {
            Ok(request) => request,
            Err(error) => return Outcome { errors: vec![error], ..Outcome::deny() },
        };
        let (is_allowed, reasons, errors) = program::stock(request, &self.set, entities);
        outcome(is_allowed, reasons, errors)
    }
}

fn conclude(findings: Findings, rule: ErrorRule) -> Outcome {
    let Findings { forbids, permits, forbid_errors, permit_errors } = findings;
    for error in &forbid_errors {
        tracing::error!(%error, "a forbid could not be evaluated");
    }
    // INVARIANT: a forbid that fails never lets an Allow through; it may be the one that would have held.
    let is_undecided = rule == ErrorRule::Deny && !forbid_errors.is_empty();
    let errors = [forbid_errors, permit_errors].concat();
    if !forbids.is_empty() || is_undecided {
        return outcome(false, forbids, errors);
    }
    outcome(!permits.is_empty(), permits, errors)
}

fn outcome(is_allowed: bool, mut reasons: Vec<SmolStr>, mut errors: Vec<String>) -> Outcome {
    reasons.sort();
    errors.sort();
    Outcome { decision: if is_allowed { Decision::Allow } else { Decision::Deny }, reasons, errors }
}
