//! What most conditions ask, answered by looking: no evaluator, no copies.
//!
//! Cedar's evaluator copies each value that it comes by. Most conditions are a few `has`, `in`, `==` and
//! `contains` between principal, resource and their attributes, and those are answered here from borrowed values.
//! Where anything is not quite as expected, an expression of another kind, a missing entity or attribute, a value of
//! another type, there is no answer, and Cedar's evaluator is asked: it alone fails, and says why.

use super::known::{Known, Unknown};
use crate::cedar::Entity;
use cedar_policy_core::ast::{
    BinaryOp, EntityType, EntityUID, Expr, ExprKind, Literal, PartialValue, Request, UnaryOp, Value, ValueKind, Var,
};
use smol_str::SmolStr;
use std::sync::Arc;

/// How deep an expression is looked into; what lies deeper is Cedar's.
const DEPTH_MAX: usize = 64;

/// A condition as far as it can be answered by looking.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Known(bool),
    /// An attribute that is true or false.
    Flag(Path),
    Has(Path, SmolStr),
    Is(Path, EntityType),
    Equal(Path, Path),
    In(Path, Path),
    Contains(Path, Path),
    Not(Box<Self>),
    And(Box<(Self, Self)>),
    Or(Box<(Self, Self)>),
    /// For Cedar's evaluator.
    Other,
}

/// A value: where it stands.
#[derive(Debug, Clone)]
pub(super) enum Path {
    Principal,
    Resource,
    Literal(Literal),
    Attribute(Box<Self>, SmolStr),
}

/// A request and its entities, to look at.
pub(super) struct View<'a, K> {
    principal: (Literal, Option<&'a Entity>),
    resource: (Literal, Option<&'a Entity>),
    entities: &'a K,
}

impl Test {
    /// What of this condition can be answered by looking.
    pub(super) fn of(condition: &Expr) -> Self {
        of(condition, DEPTH_MAX)
    }

    /// Whether the condition holds, if that can be seen.
    // INVARIANT: parts are looked at in Cedar's order, and one that cannot be seen ends it: what Cedar would not
    // have come to decides nothing, and what would have failed is left to fail.
    pub(super) fn holds(&self, view: &View<'_, impl Known>) -> Option<bool> {
        match self {
            Self::Known(known) => Some(*known),
            Self::Flag(path) => flag(view.see(path)?),
            Self::Has(path, attribute) => view.has(path, attribute),
            Self::Is(path, entity_type) => Some(uid(view.see(path)?)?.entity_type() == entity_type),
            Self::Equal(left, right) => equal(view.see(left)?, view.see(right)?),
            Self::In(left, right) => view.is_in(uid(view.see(left)?)?, view.see(right)?),
            Self::Contains(set, element) => contains(view.see(set)?, view.see(element)?),
            Self::Not(test) => test.holds(view).map(|holds| !holds),
            Self::And(tests) => {
                if tests.0.holds(view)? {
                    tests.1.holds(view)
                } else {
                    Some(false)
                }
            }
            Self::Or(tests) => {
                if tests.0.holds(view)? {
                    Some(true)
                } else {
                    tests.1.holds(view)
                }
            }
            Self::Other => None,
        }
    }
}

fn of(expr: &Expr, depth: usize) -> Test {
    let Some(depth) = depth.checked_sub(1) else { return Test::Other };
    let test = |expr: &Expr| of(expr, depth);
    match expr.expr_kind() {
        ExprKind::Lit(Literal::Bool(known)) => Test::Known(*known),
        ExprKind::And { left, right } => Test::And(Box::new((test(left), test(right)))),
        ExprKind::Or { left, right } => Test::Or(Box::new((test(left), test(right)))),
        ExprKind::UnaryApp { op: UnaryOp::Not, arg } => Test::Not(Box::new(test(arg))),
        ExprKind::GetAttr { .. } => path(expr, depth).map_or(Test::Other, Test::Flag),
        ExprKind::HasAttr { expr, attr } => path(expr, depth).map_or(Test::Other, |path| Test::Has(path, attr.clone())),
        ExprKind::Is { expr, entity_type } => {
            path(expr, depth).map_or(Test::Other, |path| Test::Is(path, entity_type.clone()))
        }
        ExprKind::BinaryApp { op, arg1, arg2 } => match (op, path(arg1, depth), path(arg2, depth)) {
            (BinaryOp::Eq, Some(left), Some(right)) => Test::Equal(left, right),
            (BinaryOp::In, Some(left), Some(right)) => Test::In(left, right),
            (BinaryOp::Contains, Some(set), Some(element)) => Test::Contains(set, element),
            _ => Test::Other,
        },
        _ => Test::Other,
    }
}

fn path(expr: &Expr, depth: usize) -> Option<Path> {
    let depth = depth.checked_sub(1)?;
    match expr.expr_kind() {
        ExprKind::Var(Var::Principal) => Some(Path::Principal),
        ExprKind::Var(Var::Resource) => Some(Path::Resource),
        ExprKind::Lit(literal) => Some(Path::Literal(literal.clone())),
        ExprKind::GetAttr { expr, attr } => Some(Path::Attribute(Box::new(path(expr, depth)?), attr.clone())),
        _ => None,
    }
}

/// A value that was seen where it stands.
#[derive(Clone, Copy)]
enum Seen<'a> {
    Literal(&'a Literal),
    /// A set or a record.
    Other(&'a ValueKind),
}

impl<'a, K: Known> View<'a, K> {
    /// `None` if principal or resource are unknown.
    pub(super) fn new(request: &Request, entities: &'a K) -> Option<Self> {
        let known = |uid: &EntityUID| {
            let entity = entities.find(uid).ok()?;
            Some((Literal::EntityUID(Arc::new(uid.clone())), entity))
        };
        let (principal, resource) = (known(request.principal().uid()?)?, known(request.resource().uid()?)?);
        Some(Self { principal, resource, entities })
    }

    fn see<'s>(&'s self, path: &'s Path) -> Option<Seen<'s>> {
        match path {
            Path::Principal => Some(Seen::Literal(&self.principal.0)),
            Path::Resource => Some(Seen::Literal(&self.resource.0)),
            Path::Literal(literal) => Some(Seen::Literal(literal)),
            Path::Attribute(of, name) => seen(match self.see(of)? {
                Seen::Other(ValueKind::Record(record)) => record.get(name)?,
                of => match self.entity(uid(of)?).ok()??.get(name)? {
                    PartialValue::Value(value) => value,
                    PartialValue::Residual(_) => return None,
                },
            }),
        }
    }

    fn has(&self, path: &Path, attribute: &str) -> Option<bool> {
        match self.see(path)? {
            Seen::Other(ValueKind::Record(record)) => Some(record.contains_key(attribute)),
            of => Some(self.entity(uid(of)?).ok()?.is_some_and(|entity| entity.get(attribute).is_some())),
        }
    }

    fn is_in(&self, uid: &EntityUID, of: Seen<'_>) -> Option<bool> {
        let entity = self.entity(uid).ok()?;
        let is_in = |of: &EntityUID| uid == of || entity.is_some_and(|entity| entity.is_descendant_of(of));
        match of {
            Seen::Literal(Literal::EntityUID(of)) => Some(is_in(of)),
            Seen::Other(ValueKind::Set(set)) => {
                // All are looked at, as one that is no entity makes Cedar fail.
                set.fast.as_ref()?.iter().try_fold(false, |found, element| match element {
                    Literal::EntityUID(of) => Some(found || is_in(of)),
                    _ => None,
                })
            }
            _ => None,
        }
    }

    fn entity(&self, wanted: &EntityUID) -> Result<Option<&'a Entity>, Unknown> {
        for (own, entity) in [&self.principal, &self.resource] {
            if matches!(own, Literal::EntityUID(own) if std::ptr::eq(&raw const **own, wanted)) {
                return Ok(*entity);
            }
        }
        self.entities.find(wanted)
    }
}

fn seen(value: &Value) -> Option<Seen<'_>> {
    match &value.value {
        ValueKind::Lit(literal) => Some(Seen::Literal(literal)),
        other @ (ValueKind::Set(_) | ValueKind::Record(_)) => Some(Seen::Other(other)),
        ValueKind::ExtensionValue(_) => None,
    }
}

fn uid(seen: Seen<'_>) -> Option<&EntityUID> {
    match seen {
        Seen::Literal(Literal::EntityUID(uid)) => Some(uid),
        _ => None,
    }
}

const fn flag(seen: Seen<'_>) -> Option<bool> {
    match seen {
        Seen::Literal(Literal::Bool(flag)) => Some(*flag),
        _ => None,
    }
}

fn equal(left: Seen<'_>, right: Seen<'_>) -> Option<bool> {
    match (left, right) {
        (Seen::Literal(left), Seen::Literal(right)) => Some(left == right),
        _ => None,
    }
}

fn contains(set: Seen<'_>, element: Seen<'_>) -> Option<bool> {
    match (set, element) {
        (Seen::Other(ValueKind::Set(set)), Seen::Literal(element)) => Some(set.fast.as_ref()?.contains(element)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cedar_policy_core::ast::{Context, EntityUIDEntry, SlotEnv};
    use cedar_policy_core::evaluator::Evaluator;
    use cedar_policy_core::extensions::Extensions;
    use proptest::prelude::*;
    use std::str::FromStr as _;

    fn entities() -> cedar_policy::Entities {
        let json = r#"[
            {"uid":{"type":"U","id":"a"},"attrs":{"s":[{"__entity":{"type":"G","id":"g"}}],"n":1,"r":{"s":[1]}},
             "parents":[{"type":"G","id":"g"}]},
            {"uid":{"type":"T","id":"t"},"attrs":{"g":{"__entity":{"type":"G","id":"g"}},"s":[{"__entity":{"type":"U","id":"a"}},1],
             "k":"x","b":true,"o":{"__entity":{"type":"U","id":"gone"}},"m":[[1]]},"parents":[]},
            {"uid":{"type":"G","id":"g"},"attrs":{"a":{"__entity":{"type":"U","id":"a"}}},"parents":[{"type":"G","id":"top"}]},
            {"uid":{"type":"G","id":"top"},"attrs":{},"parents":[]}]"#;
        cedar_policy::Entities::from_json_str(json, None).unwrap()
    }

    fn request(principal: &str) -> Request {
        let known = |text: &str| EntityUIDEntry::known(EntityUID::from_str(text).unwrap(), None);
        let (action, resource) = (known(r#"Action::"x""#), known(r#"T::"t""#));
        Request::new_unchecked(known(principal), action, resource, Some(Context::empty()))
    }

    /// What is seen, and what Cedar says.
    fn both(condition: &str, principal: &str) -> (Option<bool>, Option<bool>) {
        let (entities, request) = (entities(), request(principal));
        let condition = Expr::from_str(condition).unwrap();
        let seen = View::new(&request, &entities).and_then(|view| Test::of(&condition).holds(&view));
        let evaluator = Evaluator::new(request, entities.as_ref(), Extensions::all_available());
        let cedar = evaluator.interpret(&condition, &SlotEnv::new()).ok();
        let is = |literal: bool| cedar == Some(Value::from(literal));
        (seen, [true, false].into_iter().find(|literal| is(*literal)))
    }

    #[test]
    fn what_policies_ask_is_seen() {
        for (condition, expected) in [
            ("resource has g && principal in resource.g", true),
            ("resource has owner && resource.owner == principal", false),
            ("principal == resource.g.a", true),
            ("resource.b && !resource.b", false),
            (r#"principal in G::"top""#, true),
            ("principal.s.contains(resource.g) && resource.k == \"x\"", true),
            ("!(resource is U) && resource in principal.s", false),
            ("principal.r has s || principal.missing", true),
        ] {
            assert_eq!(both(condition, r#"U::"a""#), (Some(expected), Some(expected)), "{condition}");
        }
    }

    #[test]
    fn what_could_fail_is_left_to_cedar() {
        for condition in [
            "principal.missing == resource",
            "resource.o.name == principal",
            "principal in resource.s",
            "resource.m.contains(principal.s)",
            "principal.n < 2",
            "principal.missing || true",
            "resource.n.a == principal",
        ] {
            assert_eq!(both(condition, r#"U::"a""#).0, None, "{condition}");
        }
    }

    fn conditions() -> impl Strategy<Value = String> {
        let path = prop_oneof![
            Just("principal"),
            Just("resource"),
            Just("principal.s"),
            Just("principal.n"),
            Just("principal.r"),
            Just("principal.r.s"),
            Just("resource.g"),
            Just("resource.s"),
            Just("resource.k"),
            Just("resource.o"),
            Just("resource.o.x"),
            Just("resource.m"),
            Just("resource.g.a"),
            Just("resource.none"),
            Just(r#"G::"g""#),
            Just(r#"G::"top""#),
            Just("1"),
            Just("\"x\""),
            Just("[principal]"),
        ]
        .boxed();
        let test = prop_oneof![
            (path.clone(), prop_oneof![Just("s"), Just("g"), Just("x")])
                .prop_map(|(of, name)| format!("({of} has {name})")),
            (path.clone(), prop_oneof![Just("=="), Just("in")], path.clone())
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (path.clone(), path.clone()).prop_map(|(a, b)| format!("{a}.contains({b})")),
            (path, prop_oneof![Just("U"), Just("T")]).prop_map(|(of, ty)| format!("({of} is {ty})")),
            prop_oneof![Just("true"), Just("resource.b"), Just("resource.n"), Just("resource.k")]
                .prop_map(str::to_owned),
        ];
        test.prop_recursive(3, 12, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
                inner.prop_map(|a| format!("!({a})")),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_seen_is_what_cedar_says(condition in conditions(), stored in any::<bool>()) {
            let (seen, cedar) = both(&condition, if stored { r#"U::"a""# } else { r#"U::"gone""# });
            if seen.is_some() {
                prop_assert_eq!(seen, cedar, "{}", condition);
            }
        }
    }
}
