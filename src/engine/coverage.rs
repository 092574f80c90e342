//! Which policies, and which of their conditions, requests have come to, and what they were there.
//!
//! A condition is what stands between `&&`, `||`, `!` and the branches of an `if`: the smallest part that is true or
//! false by itself. Parts are come to as Cedar comes to them, from left to right and no further than needed.

use super::parse::Parsed;
use super::program::Probe;
use super::{AllEntities, Bundle, PolicyInfo, Undecidable};
use crate::domain::{DecisionRequest, Outcome};
use cedar_policy_core::ast::{Expr, ExprKind, Literal, PrincipalOrResource, UnaryOp, ValueKind};
use std::ops::AddAssign;

/// How often something was come to, and what it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// It was true.
    pub held: u64,
    /// It was false.
    pub failed: u64,
    /// It could not be evaluated.
    pub errors: u64,
}

/// One condition of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// As it stands in the policy, on one line.
    pub text: String,
    /// Its line in the policy's file, from 1.
    pub line: usize,
    /// Its column, from 1.
    pub column: usize,
    /// What it was.
    pub seen: Seen,
}

/// A policy and its conditions.
#[derive(Debug)]
pub struct PolicyCoverage<'b> {
    /// Which policy.
    pub policy: PolicyInfo<'b>,
    /// What it was for requests that its scope lets in.
    pub seen: Seen,
    /// Its conditions in the order in which they stand; none if it has no `when` and no `unless`.
    pub conditions: Vec<Condition>,
    scope: Expr,
    tree: Option<Tree<'b>>,
}

/// Decides requests and keeps what their policies and conditions were.
#[derive(Debug)]
pub struct Observer<'b> {
    bundle: &'b Bundle,
    policies: Vec<PolicyCoverage<'b>>,
}

/// A condition taken apart, without a change of what is evaluated and when.
#[derive(Debug)]
enum Tree<'b> {
    And(Box<(Self, Self)>),
    Or(Box<(Self, Self)>),
    Not(Box<Self>),
    If(Box<(Self, Self, Self)>),
    /// The number of a condition; a literal has none.
    Leaf(Option<usize>, &'b Expr),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    True,
    False,
    Error,
}

impl<'b> Observer<'b> {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new(bundle: &'b Bundle) -> Self {
        let policies =
            bundle.policies.iter().zip(bundle.policies()).map(|(parsed, info)| PolicyCoverage::of(parsed, info));
        Self { bundle, policies: policies.collect() }
    }

    /// Decides as [`Bundle::decide`] does.
    ///
    /// # Errors
    /// [`Undecidable`] if the schema does not allow the request; nothing is seen then.
    pub fn decide(&mut self, request: &DecisionRequest, entities: &AllEntities) -> Result<Outcome, Undecidable> {
        let outcome = self.bundle.decide(request, entities)?;
        let (principal, resource) = (&request.principal.type_name, &request.resource.type_name);
        let environment = self.bundle.environment(principal, &request.action.borrow(), resource)?;
        let context = self.bundle.context(environment, &request.context)?;
        if let Ok(request) = environment.request(request, &context) {
            let probe = Probe::new(request, &entities.0);
            self.policies.iter_mut().for_each(|policy| policy.observe(&probe));
        }
        Ok(outcome)
    }

    /// What was seen, in the order of the policies.
    #[must_use]
    pub fn into_policies(self) -> Vec<PolicyCoverage<'b>> {
        self.policies
    }
}

impl<'b> PolicyCoverage<'b> {
    fn of(parsed: &'b Parsed, policy: PolicyInfo<'b>) -> Self {
        let whole = &parsed.policy;
        let principal = whole.principal_constraint().as_inner().as_expr(PrincipalOrResource::Principal);
        let resource = whole.resource_constraint().as_inner().as_expr(PrincipalOrResource::Resource);
        let scope = Expr::and(Expr::and(principal, whole.action_constraint().as_expr()), resource);
        let mut conditions = Vec::new();
        let tree = whole.non_scope_constraints().map(|expr| Tree::of(expr, parsed, &mut conditions));
        Self { policy, seen: Seen::default(), conditions, scope, tree }
    }

    fn observe(&mut self, probe: &Probe<'_>) {
        if judged(probe, &self.scope) == Verdict::True {
            let verdict = self.tree.as_ref().map_or(Verdict::True, |tree| tree.judge(probe, &mut self.conditions));
            self.seen += verdict;
        }
    }
}

impl<'b> Tree<'b> {
    fn of(expr: &'b Expr, policy: &Parsed, conditions: &mut Vec<Condition>) -> Self {
        if !is_one_in_the_text(expr) {
            let mut part = |expr| Self::of(expr, policy, conditions);
            match expr.expr_kind() {
                ExprKind::And { left, right } => return Self::And(Box::new((part(left), part(right)))),
                ExprKind::Or { left, right } => return Self::Or(Box::new((part(left), part(right)))),
                ExprKind::If { test_expr, then_expr, else_expr } => {
                    return Self::If(Box::new((part(test_expr), part(then_expr), part(else_expr))));
                }
                ExprKind::UnaryApp { op: UnaryOp::Not, arg } if is_made_of_parts(arg) || is_unless(expr, policy) => {
                    return Self::Not(Box::new(part(arg)));
                }
                _ => {}
            }
        }
        let is_literal = matches!(expr.expr_kind(), ExprKind::Lit(_));
        let number = (!is_literal).then_some(conditions.len());
        conditions.extend(number.map(|_| Condition::of(expr, policy)));
        Self::Leaf(number, expr)
    }

    fn judge(&self, probe: &Probe<'_>, conditions: &mut [Condition]) -> Verdict {
        match self {
            Self::And(parts) => match parts.0.judge(probe, conditions) {
                Verdict::True => parts.1.judge(probe, conditions),
                other => other,
            },
            Self::Or(parts) => match parts.0.judge(probe, conditions) {
                Verdict::False => parts.1.judge(probe, conditions),
                other => other,
            },
            Self::Not(part) => match part.judge(probe, conditions) {
                Verdict::True => Verdict::False,
                Verdict::False => Verdict::True,
                Verdict::Error => Verdict::Error,
            },
            Self::If(parts) => match parts.0.judge(probe, conditions) {
                Verdict::True => parts.1.judge(probe, conditions),
                Verdict::False => parts.2.judge(probe, conditions),
                Verdict::Error => Verdict::Error,
            },
            Self::Leaf(number, expr) => {
                let verdict = judged(probe, expr);
                if let Some(condition) = number.and_then(|number| conditions.get_mut(number)) {
                    condition.seen += verdict;
                }
                verdict
            }
        }
    }
}

fn judged(probe: &Probe<'_>, expr: &Expr) -> Verdict {
    match probe.value(expr) {
        Ok(ValueKind::Lit(Literal::Bool(true))) => Verdict::True,
        Ok(ValueKind::Lit(Literal::Bool(false))) => Verdict::False,
        _ => Verdict::Error,
    }
}

/// Whether Cedar made several expressions of one that the author wrote: `is … in …`.
fn is_one_in_the_text(expr: &Expr) -> bool {
    match expr.expr_kind() {
        ExprKind::And { left, right } => {
            let place = |expr: &Expr| expr.source_loc().map(|loc| loc.span);
            place(expr).is_some() && place(left) == place(expr) && place(right) == place(expr)
        }
        _ => false,
    }
}

fn is_made_of_parts(expr: &Expr) -> bool {
    match expr.expr_kind() {
        ExprKind::And { .. } | ExprKind::Or { .. } | ExprKind::If { .. } => !is_one_in_the_text(expr),
        ExprKind::UnaryApp { op: UnaryOp::Not, .. } => true,
        _ => false,
    }
}

/// `unless` is a `!` that nobody wrote.
fn is_unless(expr: &Expr, policy: &Parsed) -> bool {
    text(expr, policy).is_none_or(|text| text.starts_with("unless"))
}

fn text<'a>(expr: &Expr, policy: &'a Parsed) -> Option<&'a str> {
    let loc = expr.source_loc()?;
    policy.file.text.get(loc.start()..loc.end())
}

impl Condition {
    fn of(expr: &Expr, policy: &Parsed) -> Self {
        let written = text(expr, policy).map_or_else(|| expr.to_string(), str::to_owned);
        let start = expr.source_loc().map_or_else(|| policy.span.offset(), cedar_policy_core::parser::Loc::start);
        let (line, column) = policy.file.position(start);
        Self { text: written.split_whitespace().collect::<Vec<_>>().join(" "), line, column, seen: Seen::default() }
    }
}

impl AddAssign<Verdict> for Seen {
    fn add_assign(&mut self, verdict: Verdict) {
        let count = match verdict {
            Verdict::True => &mut self.held,
            Verdict::False => &mut self.failed,
            Verdict::Error => &mut self.errors,
        };
        *count += 1;
    }
}
