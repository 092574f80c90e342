//! From what is left of a condition to the places where it may hold.
//!
//! Of what must hold together one part is enough, of what may hold instead every part is needed, and a part
//! that is not understood, such as a negation, may hold everywhere. What is understood is what the store can
//! look up: which attributes these are is said in `slice::entity`, which makes them.

use crate::domain::filter::{Filter, Ids, Place, To};
use crate::domain::uid::types;
use crate::domain::{EntityUid, Right};
use cedar_policy_core::ast::{BinaryOp, EntityType, EntityUID, Literal, ValueKind, Var};
use cedar_policy_core::tpe::entities::PartialEntities;
use cedar_policy_core::tpe::residual::{Residual, ResidualKind};
use cedar_policy_core::validator::ValidatorSchema;
use smol_str::SmolStr;
use std::collections::BTreeSet;

/// Reads what is left of conditions on one sought entity.
pub(super) struct Reader<'a> {
    /// `principal` or `resource`.
    pub variable: Var,
    /// Its type.
    pub type_name: &'a str,
    /// What is known.
    pub entities: &'a PartialEntities,
    pub schema: &'a ValidatorSchema,
}

impl Reader<'_> {
    /// Where the condition may hold.
    pub(super) fn condition(&self, residual: &Residual) -> Filter {
        let kind = match residual {
            Residual::Partial { kind, .. } => kind,
            Residual::Concrete { .. } if residual.is_true() => return Filter::everything(),
            // A condition that cannot be evaluated does not hold.
            Residual::Concrete { .. } | Residual::Error(_) => return Filter::nothing(),
        };
        match kind {
            ResidualKind::And { left, right } => self.condition(left).and(self.condition(right)),
            ResidualKind::Or { left, right } => self.condition(left).or(self.condition(right)),
            ResidualKind::If { test_expr, then_expr, else_expr } => {
                let then = self.condition(test_expr).and(self.condition(then_expr));
                then.or(self.condition(else_expr))
            }
            ResidualKind::BinaryApp { op, arg1, arg2 } => {
                self.relation(*op, arg1, arg2).unwrap_or_else(Filter::everything)
            }
            ResidualKind::GetAttr { .. } => self.switch(residual).unwrap_or_else(Filter::everything),
            _ => Filter::everything(),
        }
    }

    /// Where a relation between the sought entity and something known may hold; `None` if that is not known.
    fn relation(&self, op: BinaryOp, one: &Residual, other: &Residual) -> Option<Filter> {
        if let (Some(path), Some(values)) = (self.path(one), values(other)) {
            return match op {
                BinaryOp::In if path.is_empty() => self.inside(&values),
                // Equal to a whole set may be one that has nothing in it.
                BinaryOp::Eq | BinaryOp::Contains if is_literal(other) => self.named(&path, &values),
                BinaryOp::ContainsAny => self.named(&path, &values),
                // Every one of them, so any.
                BinaryOp::ContainsAll if !values.is_empty() => self.named(&path, &values),
                _ => None,
            };
        }
        let (values, path) = (values(one)?, self.path(other)?);
        match op {
            BinaryOp::In => self.named(&path, &self.upwards(&values)?),
            BinaryOp::Eq if is_literal(one) => self.named(&path, &values),
            BinaryOp::Contains | BinaryOp::ContainsAny => self.named(&path, &values),
            _ => None,
        }
    }

    /// An attribute that must be true.
    fn switch(&self, residual: &Residual) -> Option<Filter> {
        match (self.type_name, self.path(residual)?.as_slice()) {
            // The last two are on only where the first is (A7).
            (types::GROUP, ["published" | "open" | "membersPublished"]) => Some(Filter::at(Place::Published)),
            _ => None,
        }
    }

    /// The attributes that lead from the sought entity to this value.
    fn path<'r>(&self, residual: &'r Residual) -> Option<Vec<&'r str>> {
        match residual {
            Residual::Partial { kind: ResidualKind::Var(variable), .. } if *variable == self.variable => {
                Some(Vec::new())
            }
            Residual::Partial { kind: ResidualKind::GetAttr { expr, attr }, .. } => {
                let mut path = self.path(expr)?;
                path.push(attr);
                Some(path)
            }
            _ => None,
        }
    }

    /// An entity and all it is in; `None` if that is not known.
    fn upwards(&self, values: &[Literal]) -> Option<Vec<Literal>> {
        let [Literal::EntityUID(uid)] = values else { return None };
        let ancestors = self.entities.get_ancestors(uid)?.iter().map(|uid| Literal::from(uid.clone()));
        Some(ancestors.chain(values.iter().cloned()).collect())
    }

    /// Where what a path leads to is one of these, or a set with one of these in it.
    fn named(&self, path: &[&str], values: &[Literal]) -> Option<Filter> {
        if path.is_empty() {
            return Some(Filter::at(Place::Among(ids(self.type_name, values))));
        }
        let (users, groups) = (ids(types::USER, values), ids(types::GROUP, values));
        Some(match (self.type_name, path) {
            (types::USER, ["groups"]) => Filter::at(Place::Members(groups)),
            (types::USER, ["canViewProfile", whom]) => Filter::at(Place::ShownTo(to(whom, users, groups)?)),
            (types::GROUP, ["administrator"]) => Filter::at(Place::AdministeredBy(users)),
            (types::GROUP, ["coAdministrators"]) => Filter::at(Place::Among(helped(values))),
            (types::TOOL | types::FOLDER | types::ITEM, ["toolKind"]) => Filter::of_kinds(texts(values)),
            (types::TOOL | types::FOLDER | types::ITEM, ["group"]) => Filter::at(Place::InGroups(groups)),
            (types::TOOL | types::FOLDER | types::ITEM, ["group", "administrator"]) => {
                Filter::at(Place::InGroupsOf(users))
            }
            (types::TOOL | types::FOLDER | types::ITEM, ["group", "coAdministrators"]) => {
                Filter::at(Place::InGroups(helped(values)))
            }
            (types::TOOL | types::FOLDER | types::ITEM, ["owner"]) => Filter::at(Place::OwnedBy(users)),
            (types::TOOL | types::FOLDER | types::ITEM, ["owner", "groups"]) => {
                Filter::at(Place::OwnedInGroups(groups))
            }
            (types::TOOL | types::FOLDER | types::ITEM, [granted, whom]) => {
                Filter::at(Place::Granted(right(granted)?, to(whom, users, groups)?))
            }
            (types::FOLDER | types::ITEM, ["tool"]) => {
                Filter::at(Place::Below(uids(values).filter(|uid| uid.type_name == types::TOOL).collect()))
            }
            (types::ITEM, ["author"]) => Filter::at(Place::AuthoredBy(users)),
            _ => return None,
        })
    }

    /// Where the sought entity is in one of these.
    fn inside(&self, values: &[Literal]) -> Option<Filter> {
        let filters = uids(values).map(|uid| self.inside_one(&uid));
        filters.collect::<Option<Vec<_>>>().map(|all| all.into_iter().fold(Filter::nothing(), Filter::or))
    }

    fn inside_one(&self, uid: &EntityUid) -> Option<Filter> {
        let own: Ids = [uid.id.clone()].into();
        Some(match (self.type_name, uid.type_name.as_str()) {
            (types::USER, types::GROUP) if self.only_in(types::GROUP, &[types::USER]) => {
                Filter::at(Place::Members(own))
            }
            (types::USER, types::ROLE) if self.only_in(types::ROLE, &[types::USER]) => {
                Filter::at(Place::Helpers([group_of(&uid.id)?].into()))
            }
            (types::FOLDER | types::ITEM, types::TOOL | types::FOLDER)
                if self.only_in(&uid.type_name, &[types::FOLDER, types::ITEM]) =>
            {
                Filter::at(Place::Below([uid.clone()].into()))
            }
            (sought, other) if sought == other && self.only_in(other, &[]) => Filter::at(Place::Among(own)),
            _ => return None,
        })
    }

    /// Whether nothing but these types can be in an entity of that type: a host's schema may lead there by other
    /// ways than those that the store keeps.
    fn only_in(&self, type_name: &str, types: &[&str]) -> bool {
        let Ok(ty) = type_name.parse::<EntityType>() else { return false };
        let Some(ty) = self.schema.get_entity_type(&ty) else { return false };
        ty.descendants.iter().all(|below| types.contains(&below.to_string().as_str()))
    }
}

/// The entities and texts that a value is or holds; `None` if it is or holds anything else.
fn values(residual: &Residual) -> Option<Vec<Literal>> {
    let Residual::Concrete { value, .. } = residual else { return None };
    match value.value_kind() {
        ValueKind::Lit(literal) => Some(vec![literal.clone()]),
        ValueKind::Set(set) => set
            .iter()
            .map(|value| match value.value_kind() {
                ValueKind::Lit(literal) => Some(literal.clone()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

fn is_literal(residual: &Residual) -> bool {
    matches!(residual, Residual::Concrete { value, .. } if matches!(value.value_kind(), ValueKind::Lit(_)))
}

fn entities(values: &[Literal]) -> impl Iterator<Item = &EntityUID> {
    values.iter().filter_map(|value| match value {
        Literal::EntityUID(uid) => Some(uid.as_ref()),
        _ => None,
    })
}

fn uids(values: &[Literal]) -> impl Iterator<Item = EntityUid> {
    entities(values).map(crate::cedar::domain_uid)
}

/// The ids of those that are of a type.
fn ids(type_name: &str, values: &[Literal]) -> Ids {
    uids(values).filter(|uid| uid.type_name == type_name).map(|uid| uid.id).collect()
}

fn texts(values: &[Literal]) -> Ids {
    let text = |value: &Literal| match value {
        Literal::String(text) => Some(text.clone()),
        _ => None,
    };
    values.iter().filter_map(text).collect()
}

/// The groups whose co-administrators' role is among these.
fn helped(values: &[Literal]) -> Ids {
    let roles: BTreeSet<_> = ids(types::ROLE, values);
    roles.iter().filter_map(|role| group_of(role)).collect()
}

/// `sales/co-administrators` → `sales`
fn group_of(role: &str) -> Option<SmolStr> {
    role.strip_suffix("/co-administrators").map(SmolStr::new)
}

fn right(attribute: &str) -> Option<Right> {
    Some(match attribute {
        "canView" => Right::View,
        "canViewDetails" => Right::ViewDetails,
        "canAdd" => Right::Add,
        "canEdit" => Right::Edit,
        "canDelete" => Right::Delete,
        _ => return None,
    })
}

fn to(whom: &str, users: Ids, groups: Ids) -> Option<To> {
    match whom {
        "users" => Some(To { users, groups: Ids::new() }),
        "groups" => Some(To { users: Ids::new(), groups }),
        _ => None,
    }
}
