//! Cedar values made of domain values: the one place that builds `cedar-policy-core` entities.
//!
//! The public API evaluates attributes and computes the hierarchy anew for every entity (about
//! 10 µs a slice); here ancestors are known and values are values, which costs a tenth of that.
//! `cedar-policy-core` promises no stable API, so its version is pinned exactly.

use crate::domain::EntityUid;
use crate::domain::uid::types;
use cedar_policy_core::ast::{self, EntityType, EntityUID, Literal, PartialValue, Value, ValueKind};
use cedar_policy_core::entities::{self, NoEntitiesSchema, TCComputation};
use cedar_policy_core::extensions::Extensions;
use smol_str::SmolStr;
use std::collections::HashSet;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};
use thiserror::Error;

mod draft;
mod model;
mod shape;
mod typed;
mod weight;

pub use cedar_policy::{Context, Entities};
pub use draft::{Draft, is_in_itself};
pub use model::{Described, EntityError, EntityModel};
pub use shape::shape;
pub use weight::weight;

/// An entity, ready for evaluation.
pub type Entity = ast::Entity;

/// Something that Cedar cannot hold.
#[derive(Debug, Error)]
pub enum CedarError {
    /// No type of entities is written like this.
    #[error("`{0}` is no entity type")]
    TypeName(SmolStr),
    /// What is stored of an entity by the host's word is not what the schema has: it was stored under another schema.
    #[error("`{0}`, which the host describes, is not what the schema says: {1}")]
    Described(EntityUid, #[source] EntityError),
    /// Two different entities with one uid: the slice is wrong.
    #[error("the slice contradicts itself")]
    Slice(#[source] Box<entities::err::EntitiesError>),
}

static BUILT_IN: LazyLock<Vec<(&'static str, EntityType)>> = LazyLock::new(|| {
    types::BUILT_IN
        .into_iter()
        .chain([types::ACTION])
        .filter_map(|name| Some((name, EntityType::EntityType(ast::Name::from_str(name).ok()?))))
        .collect()
});

fn entity_type(name: &str) -> Result<EntityType, CedarError> {
    if let Some((_, known)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
        return Ok(known.clone());
    }
    let parsed = ast::Name::from_str(name).map_err(|_| CedarError::TypeName(name.into()))?;
    Ok(EntityType::EntityType(parsed))
}

/// The uid as Cedar holds it.
///
/// # Errors
/// If the type is not written as types are.
pub fn uid(uid: &EntityUid) -> Result<EntityUID, CedarError> {
    let ty = entity_type(&uid.type_name)?;
    Ok(EntityUID::from_components(ty, ast::Eid::new(uid.id.clone()), None))
}

/// The uid as the domain holds it.
#[must_use]
pub fn domain_uid(uid: &EntityUID) -> EntityUid {
    let id: &str = uid.eid().as_ref();
    EntityUid::new(SmolStr::from(uid.entity_type().to_string()), id)
}

/// A request, both of whose entities may be absent from the slice.
///
/// # Errors
/// If a type is not written as types are.
pub fn request(
    principal: &EntityUid,
    action: &EntityUid,
    resource: &EntityUid,
    context: Context,
) -> Result<cedar_policy::Request, CedarError> {
    let public = |name| Ok::<_, CedarError>(cedar_policy::EntityUid::from(uid(name)?));
    cedar_policy::Request::new(public(principal)?, public(action)?, public(resource)?, context, None)
        .map_err(|_| CedarError::TypeName(action.type_name.clone()))
}

/// An entity made of values, with everything it is `in`. An ancestor that is a parent too counts as parent.
#[must_use]
pub fn entity(
    uid: EntityUID,
    attributes: impl IntoIterator<Item = (SmolStr, Value)>,
    parents: impl IntoIterator<Item = EntityUID>,
    further_ancestors: impl IntoIterator<Item = EntityUID>,
    tags: impl IntoIterator<Item = (SmolStr, Value)>,
) -> Arc<Entity> {
    let value = |(name, value)| (name, PartialValue::Value(value));
    let (attributes, tags) = (attributes.into_iter().map(value), tags.into_iter().map(value));
    let parents: HashSet<_> = parents.into_iter().collect();
    let mut further: HashSet<_> = further_ancestors.into_iter().collect();
    for parent in &parents {
        further.remove(parent);
    }
    Arc::new(Entity::new_with_attr_partial_value(uid, attributes, further, parents, tags))
}

/// A reference to an entity, as a value.
#[must_use]
pub fn reference(uid: EntityUID) -> Value {
    Value::from(Literal::EntityUID(Arc::new(uid)))
}

/// A set of references, as a value.
#[must_use]
pub fn references(uids: impl IntoIterator<Item = EntityUID>) -> Value {
    Value::set_of_lits(uids.into_iter().map(|uid| Literal::EntityUID(Arc::new(uid))), None)
}

/// Users and groups that something is granted to, as a value of the schema's type `Grantees`.
#[must_use]
pub fn grantees(users: Vec<EntityUID>, groups: Vec<EntityUID>) -> Value {
    if users.is_empty() && groups.is_empty() {
        return NOBODY.clone();
    }
    Value::record([("users", references(users)), ("groups", references(groups))], None)
}

/// Most things are granted to nobody, and such a record takes a kilobyte: there is one for all of them.
static NOBODY: LazyLock<Value> =
    LazyLock::new(|| Value::record([("users", references([])), ("groups", references([]))], None));

/// Whether it is the one value of what is granted to nobody.
fn is_nobody(value: &Value) -> bool {
    match (value.value_kind(), NOBODY.value_kind()) {
        (ValueKind::Record(fields), ValueKind::Record(nobody)) => Arc::ptr_eq(fields, nobody),
        _ => false,
    }
}

/// Entities whose ancestors are complete, as Cedar evaluates over them.
///
/// # Errors
/// If two of them differ but have the same uid.
pub fn slice(entities: impl IntoIterator<Item = Arc<Entity>>) -> Result<Entities, CedarError> {
    let core = entities::Entities::new().add_entities(
        entities,
        None::<&NoEntitiesSchema>,
        TCComputation::AssumeAlreadyComputed,
        Extensions::all_available(),
    );
    core.map(Entities::from).map_err(|error| CedarError::Slice(Box::new(error)))
}

/// The entities that an entity's attributes and tags name, each with the attribute; records looked through.
///
/// Members of sets are left out: Cedar has no way to dereference them.
#[must_use]
pub fn named_by(entity: &Entity) -> Vec<(SmolStr, EntityUid)> {
    let mut found = Vec::new();
    for (attribute, value) in entity.attrs().chain(entity.tags()) {
        if let PartialValue::Value(value) = value {
            for_each_named(value, &mut |uid| found.push((attribute.clone(), uid)));
        }
    }
    found
}

fn for_each_named(value: &Value, found: &mut impl FnMut(EntityUid)) {
    match value.value_kind() {
        ValueKind::Lit(Literal::EntityUID(uid)) => found(domain_uid(uid)),
        ValueKind::Record(fields) => fields.values().for_each(|value| for_each_named(value, found)),
        ValueKind::Lit(_) | ValueKind::Set(_) | ValueKind::ExtensionValue(_) => {}
    }
}

/// The entities that a context names, records looked through.
#[must_use]
pub fn named_by_context(context: &Context) -> Vec<EntityUid> {
    let mut found = Vec::new();
    let core: &ast::Context = context.as_ref();
    if let ast::Context::Value(fields) = core {
        fields.values().for_each(|value| for_each_named(value, &mut |uid| found.push(uid)));
    }
    found
}
