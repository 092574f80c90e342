//! Which entities a condition looks into, found from its types.
//!
//! Cedar looks into an entity for an attribute, a tag, or what it is `in`. How the condition got hold of
//! that entity is followed back to the request: through attributes it is a path; through anything else
//! (a choice, a tag) it is taken to be any entity up to the level that the policy was validated at.

use crate::domain::Reach;
use cedar_policy_core::ast::{BinaryOp, EntityType, Expr, ExprKind, Literal, Var};
use cedar_policy_core::validator::types::{EntityKind, Type};
use smol_str::SmolStr;

type Typed = Expr<Option<Type>>;

/// How far the condition looks; `level` is what it was validated at.
pub(super) fn of(condition: &Typed, level: u32) -> Reach {
    let mut reach = Reach::default();
    for part in condition.subexpressions() {
        match looks_into(part) {
            Look::Nowhere => {}
            Look::Into(path) => reach.add_path(&path),
            Look::Anywhere => return Reach::everything(level),
        }
    }
    reach
}

/// Which entity an expression itself looks into, its parts apart.
enum Look {
    Nowhere,
    /// The one to which these attributes lead from an entity of the request.
    Into(Vec<SmolStr>),
    Anywhere,
}

fn looks_into(expr: &Typed) -> Look {
    let target = match expr.expr_kind() {
        ExprKind::GetAttr { expr, .. } | ExprKind::HasAttr { expr, .. } if is_record(expr) => return Look::Nowhere,
        ExprKind::GetAttr { expr, .. } | ExprKind::HasAttr { expr, .. } => expr,
        ExprKind::BinaryApp { op: BinaryOp::In | BinaryOp::GetTag | BinaryOp::HasTag, arg1, .. } => arg1,
        // `has a.b` may look into several on its way.
        ExprKind::ExtHasAttr { .. } => return Look::Anywhere,
        _ => return Look::Nowhere,
    };
    path(target).map_or(Look::Anywhere, Look::Into)
}

fn is_record(expr: &Typed) -> bool {
    matches!(expr.data(), Some(Type::Record { .. }))
}

/// The attributes that lead from an entity of the request to this one.
fn path(expr: &Typed) -> Option<Vec<SmolStr>> {
    match expr.expr_kind() {
        // Validation lets a policy look into no entity that it names itself, but for actions; those are always there.
        ExprKind::Var(Var::Principal | Var::Action | Var::Resource) | ExprKind::Lit(Literal::EntityUID(_)) => {
            Some(Vec::new())
        }
        ExprKind::GetAttr { expr: holder, .. } if is_record(holder) => path_of_record(holder),
        ExprKind::GetAttr { expr: holder, attr } => Some(extended(path(holder)?, attr)),
        _ => None,
    }
}

/// The attributes that lead to a record: what an entity names in it counts as that entity's attribute, and what the
/// context names as an entity of the request.
fn path_of_record(expr: &Typed) -> Option<Vec<SmolStr>> {
    match expr.expr_kind() {
        ExprKind::Var(Var::Context) => Some(Vec::new()),
        ExprKind::GetAttr { expr: holder, .. } if is_record(holder) => path_of_record(holder),
        ExprKind::GetAttr { expr: holder, attr } => Some(extended(path(holder)?, attr)),
        _ => None,
    }
}

fn extended(mut path: Vec<SmolStr>, attribute: &SmolStr) -> Vec<SmolStr> {
    path.push(attribute.clone());
    path
}

/// Whether evaluating needs the schema's actions: to look into one, or to see what one is `in`.
///
/// `condition` is what is evaluated, `typed` the same with types.
pub(super) fn needs_actions(condition: &Expr, typed: &Typed) -> bool {
    condition.subexpressions().any(names_an_action) || typed.subexpressions().any(leads_to_an_action)
}

fn names_an_action(expr: &Expr) -> bool {
    match expr.expr_kind() {
        ExprKind::Var(Var::Action) => true,
        ExprKind::Lit(Literal::EntityUID(uid)) => uid.is_action(),
        _ => false,
    }
}

/// Whether an attribute or a tag may hold an action.
fn leads_to_an_action(expr: &Typed) -> bool {
    let is_led_to =
        matches!(expr.expr_kind(), ExprKind::GetAttr { .. } | ExprKind::BinaryApp { op: BinaryOp::GetTag, .. });
    is_led_to
        && match expr.data() {
            Some(Type::Entity(EntityKind::Entity(types))) => {
                types.get_single_entity().is_none_or(EntityType::is_action)
            }
            // Of what has no type, or any, nothing is known.
            Some(Type::Entity(EntityKind::AnyEntity)) | None => true,
            Some(_) => false,
        }
}
