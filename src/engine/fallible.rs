//! Which expressions can fail when they are evaluated, although they validate.
//!
//! Validation leaves two reasons: a number grows beyond 64 bits, and an entity that is looked into does not exist.

use cedar_policy_core::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use cedar_policy_core::validator::types::{BoolType, Type};

/// Functions on dates that fail when the result leaves the range, and constructors, which fail on a bad text.
const CHECKED_FUNCTIONS: [&str; 7] = ["offset", "durationSince", "toDate", "datetime", "duration", "decimal", "ip"];

/// The first part of an expression whose result may not fit, or that may not be what its constructor takes.
pub(super) fn first_overflow(condition: &Expr) -> Option<&Expr> {
    condition.subexpressions().find(|part| may_overflow(part))
}

fn may_overflow<T>(expr: &Expr<T>) -> bool {
    let is_literal = |expr: &Expr<T>| matches!(expr.expr_kind(), ExprKind::Lit(_));
    match expr.expr_kind() {
        ExprKind::BinaryApp { op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, .. } => true,
        ExprKind::UnaryApp { op: UnaryOp::Neg, arg } => !is_literal(arg),
        ExprKind::ExtensionFunctionApp { fn_name, args } => {
            // The literals of constructors were tried when the policy was validated.
            CHECKED_FUNCTIONS.contains(&fn_name.to_string().as_str()) && !args.iter().all(is_literal)
        }
        _ => false,
    }
}

/// Whether a condition, typed for one environment, is false there and gets to that without any chance to fail.
///
/// A condition whose type is False but that may fail on its way is not the same as no condition: the failure of a
/// forbid denies, and every failure is reported.
pub(super) fn is_surely_false(typed: &Expr<Option<Type>>) -> bool {
    match typed.expr_kind() {
        ExprKind::And { left, right } => is_surely_false(left) || (never_fails(left) && is_surely_false(right)),
        ExprKind::Or { left, right } => is_surely_false(left) && is_surely_false(right),
        _ => typed.data() == &Some(Type::Bool(BoolType::False)) && never_fails(typed),
    }
}

fn never_fails<T>(expr: &Expr<T>) -> bool {
    expr.subexpressions().all(|part| match part.expr_kind() {
        ExprKind::Lit(_)
        | ExprKind::Var(_)
        | ExprKind::If { .. }
        | ExprKind::And { .. }
        | ExprKind::Or { .. }
        | ExprKind::HasAttr { .. }
        | ExprKind::Like { .. }
        | ExprKind::Is { .. }
        | ExprKind::Set(_)
        | ExprKind::Record(_) => true,
        ExprKind::UnaryApp { op, .. } => !matches!(op, UnaryOp::Neg),
        ExprKind::BinaryApp { op, .. } => {
            !matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::GetTag)
        }
        // Looking into an entity that does not exist fails.
        ExprKind::GetAttr { .. }
        | ExprKind::ExtHasAttr { .. }
        | ExprKind::ExtensionFunctionApp { .. }
        | ExprKind::Slot(_)
        | ExprKind::Unknown(_) => false,
    })
}
