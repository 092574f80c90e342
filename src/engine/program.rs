//! Evaluation: the only file that runs Cedar's evaluator.
//!
//! Cedar's own authorizer rebuilds the condition of every policy on every call and tries every policy. Here the
//! conditions are built once, only those of one request environment are tried, and of these the evaluator runs only
//! those that cannot be answered by looking (`shortcut`).

use super::decide::Detail;
use super::known::Known;
use super::shortcut::{Test, View};
use cedar_policy::{Authorizer, Entities, PolicySet};
use cedar_policy_core::ast::{Context, EntityUID, EntityUIDEntry, Expr, Literal, Request, SlotEnv, Value, ValueKind};
use cedar_policy_core::evaluator::Evaluator;
use cedar_policy_core::extensions::Extensions;
use smol_str::SmolStr;
use std::cell::LazyCell;
use std::fmt;

/// A policy ready to be evaluated.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// The policy's id.
    pub id: SmolStr,
    /// When it applies, without the parts of its scope that its environment proves.
    pub condition: Expr,
    /// The same, as far as it can be told without the evaluator.
    shortcut: Test,
}

/// The policies of one environment.
#[derive(Debug, Clone, Default)]
pub(super) struct Programs {
    /// One that holds denies.
    pub forbids: Vec<Program>,
    /// One that holds allows, if no forbid holds.
    pub permits: Vec<Program>,
}

/// Which programs hold, and which could not be evaluated and why.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub forbids: Vec<SmolStr>,
    pub permits: Vec<SmolStr>,
    pub forbid_errors: Vec<String>,
    pub permit_errors: Vec<String>,
}

impl Programs {
    /// Evaluates every program, or as many as settle the decision: no permit once a forbid holds, and one that holds.
    pub(super) fn run(&self, request: Request, entities: &impl Known, detail: Detail) -> Findings {
        let view = View::new(&request, entities);
        let evaluator = LazyCell::new(move || {
            let all = entities.all().map_err(|error| error.to_string())?;
            Ok(Evaluator::new(request, all.as_ref(), Extensions::all_available()))
        });
        let run = |program: &Program, held: &mut Vec<SmolStr>, errors: &mut Vec<String>| match view
            .as_ref()
            .and_then(|view| program.shortcut.holds(view))
        {
            Some(true) => held.push(program.id.clone()),
            Some(false) => {}
            None => program.run(evaluator.as_ref(), held, errors),
        };
        let mut findings = Findings::default();
        let is_settled = |held: &Vec<SmolStr>| detail == Detail::Decision && !held.is_empty();
        for program in &self.forbids {
            if !is_settled(&findings.forbids) {
                run(program, &mut findings.forbids, &mut findings.forbid_errors);
            }
        }
        for program in &self.permits {
            if !is_settled(&findings.forbids) && !is_settled(&findings.permits) {
                run(program, &mut findings.permits, &mut findings.permit_errors);
            }
        }
        findings
    }
}

/// One expression after the other, on one request: for explanations.
pub(super) struct Probe<'e>(Evaluator<'e>);

impl<'e> Probe<'e> {
    pub(super) fn new(request: Request, entities: &'e Entities) -> Self {
        Self(Evaluator::new(request, entities.as_ref(), Extensions::all_available()))
    }

    /// What the expression is here; the error is why it is nothing.
    pub(super) fn value(&self, expr: &Expr) -> Result<ValueKind, String> {
        let value = self.0.interpret(expr, &SlotEnv::new());
        value.map(|value| value.value).map_err(|error| error.to_string())
    }
}

impl Program {
    pub(super) fn new(id: SmolStr, condition: Expr) -> Self {
        let shortcut = Test::of(&condition);
        Self { id, condition, shortcut }
    }

    /// `evaluator` is why there is none, if there is none: then no policy can be told to hold.
    fn run(&self, evaluator: Result<&Evaluator<'_>, &String>, held: &mut Vec<SmolStr>, errors: &mut Vec<String>) {
        let evaluator = match evaluator {
            Ok(evaluator) => evaluator,
            Err(why) => return errors.push(failure(&self.id, why)),
        };
        match evaluator.interpret(&self.condition, &SlotEnv::new()) {
            Ok(Value { value: ValueKind::Lit(Literal::Bool(true)), .. }) => held.push(self.id.clone()),
            Ok(Value { value: ValueKind::Lit(Literal::Bool(false)), .. }) => {}
            // Validation, and for whole conditions the `&&` they are made of, leave nothing but booleans.
            Ok(other) => errors.push(failure(&self.id, &format_args!("type error: expected bool, got {other}"))),
            Err(error) => errors.push(failure(&self.id, &error)),
        }
    }
}

/// As Cedar's `AuthorizationError` says it.
fn failure(id: &str, error: &dyn fmt::Display) -> String {
    format!("error while evaluating policy `{id}`: {error}")
}

/// A request as the evaluator takes it.
pub(super) fn request(
    principal: EntityUID,
    action: EntityUID,
    resource: EntityUID,
    context: &cedar_policy::Context,
) -> Request {
    let known = |uid| EntityUIDEntry::known(uid, None);
    let context: &Context = context.as_ref();
    Request::new_unchecked(known(principal), known(action), known(resource), Some(context.clone()))
}

/// What Cedar's own authorizer says of the whole set: whether it allows, the determining policies, the errors.
pub(super) fn stock(request: Request, policies: &PolicySet, entities: &Entities) -> (bool, Vec<SmolStr>, Vec<String>) {
    let response = Authorizer::new().is_authorized(&request.into(), policies, entities);
    let reasons = response.diagnostics().reason().map(SmolStr::new).collect();
    let errors = response.diagnostics().errors().map(ToString::to_string).collect();
    (response.decision() == cedar_policy::Decision::Allow, reasons, errors)
}
