//! What a condition looked at: its text, and the values of the attribute paths in it.

use super::answer::Seen;
use super::tree::{Kind, Part};
use crate::engine::limits::SHOWN_VALUE_CHARACTERS_MAX;
use crate::engine::nesting::parts;
use crate::engine::program::Probe;
use cedar_policy_core::ast::{BinaryOp, Expr, ExprKind, Literal, ValueKind, Var};
use cedar_policy_core::entities::{Dereference, Entities};

/// The part in the policy's own words, where it stands there on one line, else as Cedar writes it.
pub(super) fn text(part: &Part<'_>) -> String {
    let (expr, is_negated) = part.shown;
    let own = expr.source_loc().and_then(|loc| loc.snippet());
    let text = own.filter(|text| !text.contains('\n')).map_or_else(|| expr.to_string(), str::to_owned);
    shortened(if is_negated { format!("!({text})") } else { text })
}

/// Every path in the part with its value, each once.
pub(super) fn values(part: &Part<'_>, probe: &Probe<'_>, entities: &Entities) -> Vec<Seen> {
    let mut seen: Vec<Seen> = Vec::new();
    for leaf in part.leaves() {
        let Kind::Leaf { expr, .. } = leaf.kind else { continue };
        let mut paths = Vec::new();
        collect(expr, false, &mut paths);
        for (path, asks_inside) in paths {
            let shown = path.to_string();
            match seen.iter_mut().find(|seen| seen.path == shown) {
                Some(known) if !asks_inside || known.inside.is_some() => {}
                Some(known) => known.inside = inside(path, probe, entities),
                None => {
                    let value = probe.value(path).ok().map(|value| shortened(value_text(&value)));
                    let inside = if asks_inside { inside(path, probe, entities) } else { None };
                    seen.push(Seen { path: shown, value, inside });
                }
            }
        }
    }
    seen
}

/// The longest paths from a variable; `true` with those of which is asked what they are in.
fn collect<'a>(expr: &'a Expr, asks_inside: bool, paths: &mut Vec<(&'a Expr, bool)>) {
    if is_path(expr) {
        if !matches!(expr.expr_kind(), ExprKind::Var(Var::Action | Var::Context)) {
            paths.push((expr, asks_inside));
        }
        return;
    }
    if let ExprKind::BinaryApp { op: BinaryOp::In, arg1, arg2 } = expr.expr_kind() {
        collect(arg1, true, paths);
        return collect(arg2, false, paths);
    }
    for part in parts(expr) {
        collect(part, false, paths);
    }
}

fn is_path(expr: &Expr) -> bool {
    match expr.expr_kind() {
        ExprKind::Var(_) => true,
        ExprKind::GetAttr { expr, .. } => is_path(expr),
        _ => false,
    }
}

fn inside(path: &Expr, probe: &Probe<'_>, entities: &Entities) -> Option<Vec<String>> {
    let Ok(ValueKind::Lit(Literal::EntityUID(uid))) = probe.value(path) else { return None };
    let Dereference::Data(entity) = entities.entity(&uid) else { return Some(Vec::new()) };
    let mut inside: Vec<_> = entity.ancestors().map(ToString::to_string).collect();
    inside.sort_unstable();
    Some(inside)
}

fn value_text(value: &ValueKind) -> String {
    cedar_policy_core::ast::Value::new(value.clone(), None).to_string()
}

/// Cut off where it is longer than anybody reads.
fn shortened(text: String) -> String {
    match text.char_indices().nth(SHOWN_VALUE_CHARACTERS_MAX) {
        None => text,
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
