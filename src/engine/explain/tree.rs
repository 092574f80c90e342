//! A condition taken apart: what must hold together, what may hold instead, and each part judged by itself.

use super::answer::Verdict;
use crate::engine::program::Probe;
use cedar_policy_core::ast::{Expr, ExprKind, Literal, UnaryOp, ValueKind};

/// A part of a condition. `!` is moved inwards, so that `unless { a || b }` is two parts.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub kind: Kind<'a>,
    /// The expression as the policy has it, and whether a `!` around it was moved inwards.
    pub shown: (&'a Expr, bool),
    pub verdict: Verdict,
    pub error: Option<String>,
}

#[derive(Debug)]
pub(super) enum Kind<'a> {
    /// All of them, in this order.
    All(Vec<Part<'a>>),
    /// Any of them, in this order.
    Any(Vec<Part<'a>>),
    /// An expression that is looked at whole; with `negated`, it must be false.
    Leaf { expr: &'a Expr, negated: bool },
}

impl<'a> Part<'a> {
    /// The parts of a whole condition that must all hold.
    pub(super) fn conjuncts(condition: &'a Expr) -> Vec<Self> {
        let parts = match Self::of(condition, false, (condition, false)) {
            Self { kind: Kind::All(parts), .. } => parts,
            one => vec![one],
        };
        parts.into_iter().filter(|part| !part.is_literally_true()).collect()
    }

    fn new(kind: Kind<'a>, shown: (&'a Expr, bool)) -> Self {
        Self { kind, shown, verdict: Verdict::NotReached, error: None }
    }

    fn of(expr: &'a Expr, negated: bool, shown: (&'a Expr, bool)) -> Self {
        match expr.expr_kind() {
            ExprKind::UnaryApp { op: UnaryOp::Not, arg } => Self::of(arg, !negated, shown),
            ExprKind::And { left, right } | ExprKind::Or { left, right } => {
                let is_all = matches!(expr.expr_kind(), ExprKind::And { .. }) != negated;
                let mut parts = Vec::new();
                for side in [left.as_ref(), right.as_ref()] {
                    let part = Self::of(side, negated, (side, negated));
                    match part.kind {
                        Kind::All(inner) if is_all => parts.extend(inner),
                        Kind::Any(inner) if !is_all => parts.extend(inner),
                        _ => parts.push(part),
                    }
                }
                Self::new(if is_all { Kind::All(parts) } else { Kind::Any(parts) }, shown)
            }
            _ => Self::new(Kind::Leaf { expr, negated }, shown),
        }
    }

    fn is_literally_true(&self) -> bool {
        let Kind::Leaf { expr, negated } = &self.kind else { return false };
        matches!(expr.expr_kind(), ExprKind::Lit(Literal::Bool(value)) if value != negated)
    }

    pub(super) fn holds(&self) -> bool {
        self.verdict == Verdict::Holds
    }

    /// Judges the part and all that it is made of. `reached` is whether Cedar would come to it: what fails to be
    /// evaluated only behind a condition that does not hold is no error.
    fn judge(&mut self, probe: &Probe<'_>, reached: bool) {
        (self.verdict, self.error) = match &mut self.kind {
            Kind::All(parts) => judge_all(parts, probe, reached),
            Kind::Any(parts) => judge_any(parts, probe, reached),
            Kind::Leaf { expr, negated } => match probe.value(expr) {
                Ok(ValueKind::Lit(Literal::Bool(value))) if value != *negated => (Verdict::Holds, None),
                Ok(ValueKind::Lit(Literal::Bool(_))) => (Verdict::Fails, None),
                _ if !reached => (Verdict::NotReached, None),
                Ok(_) => (Verdict::Error, Some("it is neither true nor false".to_owned())),
                Err(error) => (Verdict::Error, Some(error)),
            },
        };
    }

    /// Every leaf.
    pub(super) fn leaves(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Leaf { .. } => vec![self],
            Kind::All(parts) | Kind::Any(parts) => parts.iter().flat_map(Self::leaves).collect(),
        }
    }
}

/// Judges parts that must all hold, as `&&` does: by the first that does not.
pub(super) fn judge_all(parts: &mut [Part<'_>], probe: &Probe<'_>, reached: bool) -> (Verdict, Option<String>) {
    judge_until(parts, probe, reached, Verdict::Holds)
}

/// As `||` does: by the first that is not false.
fn judge_any(parts: &mut [Part<'_>], probe: &Probe<'_>, reached: bool) -> (Verdict, Option<String>) {
    judge_until(parts, probe, reached, Verdict::Fails)
}

fn judge_until(
    parts: &mut [Part<'_>],
    probe: &Probe<'_>,
    reached: bool,
    goes_on: Verdict,
) -> (Verdict, Option<String>) {
    let mut whole = (goes_on, None);
    for part in parts {
        part.judge(probe, reached && whole.0 == goes_on);
        if whole.0 == goes_on {
            whole = (part.verdict, part.error.clone());
        }
    }
    whole
}
