//! Values as hosts write them, in JSON, made into Cedar's by the types of the schema.
//!
//! What the schema knows need not be said: an entity reference is `{"type": …, "id": …}` with or without
//! `__entity`, an extension value a text or a call with or without `__extn`.

use super::model::{EntityModel, Mismatch};
use crate::domain::uid::UidRef;
use crate::domain::{EntityUid, Value as Json};
use cedar_policy_core::ast::{EntityUID, Name, Value, ValueKind};
use cedar_policy_core::entities::conformance::typecheck_restricted_expr_against_schematype;
use cedar_policy_core::entities::json::err::JsonDeserializationErrorContext;
use cedar_policy_core::entities::json::{SchemaType, ValueParser};
use cedar_policy_core::evaluator::RestrictedEvaluator;
use cedar_policy_core::extensions::Extensions;
use cedar_policy_core::validator::types::{Attributes, EntityKind, Type};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt;

/// The value, if it is of this type.
pub(super) fn value(model: &EntityModel, wanted: &Type, given: &Json) -> Result<Value, Mismatch> {
    let expected = match (wanted, given) {
        (_, Json::Null) => return Err(Mismatch::of("must not be null; leave it out instead")),
        (Type::Bool(_), Json::Bool(value)) => return Ok((*value).into()),
        (Type::Long, Json::Long(value)) => return Ok((*value).into()),
        (Type::String, Json::String(value)) => return Ok(value.clone().into()),
        (Type::Entity(kind), Json::Object(fields)) => return entity(model, kind, fields),
        (Type::ExtensionType { name }, Json::Object(_) | Json::String(_)) => return extension(name, given),
        (Type::Set { element_type: Some(wanted) }, Json::Array(values)) => return set(model, wanted, values),
        (Type::Record { attrs, .. }, Json::Object(fields)) => return record(model, attrs, fields),
        (Type::Bool(_), _) => "true or false",
        (Type::Long, _) => "a whole number",
        (Type::String, _) => "a text",
        (Type::Entity(_), _) => REFERENCE,
        (Type::ExtensionType { name }, _) => return Err(Mismatch::of(format!("must be a value of `{name}`"))),
        (Type::Set { .. }, _) => "an array",
        (Type::Record { .. }, _) => "an object",
        (Type::Never, _) => "nothing: the schema has no value for it",
    };
    Err(Mismatch::of(format!("must be {expected}")))
}

const REFERENCE: &str = "an entity reference such as `{\"type\": \"User\", \"id\": \"director\"}`";

fn set(model: &EntityModel, wanted: &Type, values: &[Json]) -> Result<Value, Mismatch> {
    let typed = values
        .iter()
        .enumerate()
        .map(|(n, given)| value(model, wanted, given).map_err(|mismatch| mismatch.inside(&format!("[{n}]"))));
    Ok(Value::set(typed.collect::<Result<Vec<_>, _>>()?, None))
}

fn record(model: &EntityModel, wanted: &Attributes, fields: &BTreeMap<SmolStr, Json>) -> Result<Value, Mismatch> {
    let typed = named(model, wanted, fields)?;
    if let Some(missing) = first_missing(wanted, fields) {
        return Err(Mismatch::of("is missing").inside(missing).inside("."));
    }
    Ok(Value::record(typed, None))
}

/// Each field with its value, if the schema has it.
pub(super) fn named(
    model: &EntityModel,
    wanted: &Attributes,
    fields: &BTreeMap<SmolStr, Json>,
) -> Result<Vec<(SmolStr, Value)>, Mismatch> {
    let typed = fields.iter().map(|(name, given)| {
        let found = wanted.get_attr(name).ok_or_else(|| Mismatch::of("is nothing that the schema has there"));
        let typed = found.and_then(|wanted| value(model, &wanted.attr_type, given));
        Ok((name.clone(), typed.map_err(|mismatch| mismatch.inside(name).inside("."))?))
    });
    typed.collect()
}

/// The first field that must be there and is not.
fn first_missing<'a>(wanted: &'a Attributes, fields: &BTreeMap<SmolStr, Json>) -> Option<&'a SmolStr> {
    wanted.iter().find(|(name, wanted)| wanted.is_required && !fields.contains_key(*name)).map(|(name, _)| name)
}

fn entity(model: &EntityModel, wanted: &EntityKind, fields: &BTreeMap<SmolStr, Json>) -> Result<Value, Mismatch> {
    let no_reference = || Mismatch::of(format!("must be {REFERENCE}"));
    let uid = parts(fields).ok_or_else(no_reference)?;
    let uid = super::uid(&uid).map_err(|_| no_reference())?;
    let allowed = match wanted {
        EntityKind::Entity(types) => types.get_single_entity(),
        EntityKind::AnyEntity => None,
    };
    match allowed {
        Some(allowed) if allowed == uid.entity_type() => {}
        Some(allowed) => return Err(Mismatch::of(format!("must name an entity of type `{allowed}`"))),
        None => return Err(Mismatch::of("is of no single entity type in the schema")),
    }
    model.check_uid(&uid)?;
    Ok(super::reference(uid))
}

fn parts(fields: &BTreeMap<SmolStr, Json>) -> Option<EntityUid> {
    let parts = match (fields.get("__entity"), fields.len()) {
        (Some(Json::Object(parts)), 1) => parts,
        _ => fields,
    };
    match (parts.get("type"), parts.get("id"), parts.len()) {
        (Some(Json::String(type_name)), Some(Json::String(id)), 2) => {
            UidRef::of_parts(type_name, id).map(|uid| uid.to_owned())
        }
        _ => None,
    }
}

fn extension(name: &Name, given: &Json) -> Result<Value, Mismatch> {
    let no_value = |error: &dyn fmt::Display| Mismatch::of(format!("is no value of `{name}`: {error}"));
    let (extensions, wanted) = (Extensions::all_available(), SchemaType::Extension { name: name.clone() });
    let json = serde_json::to_value(given).map_err(|error| no_value(&error))?;
    let called = ValueParser::new(extensions)
        .val_into_restricted_expr(json, Some(&wanted), &|| JsonDeserializationErrorContext::Unknown)
        .map_err(|error| no_value(&error))?;
    typecheck_restricted_expr_against_schematype(called.as_borrowed(), &wanted, extensions)
        .map_err(|_| no_value(&"it is of another type"))?;
    // An `unknown` passes the check of types; it has no value.
    let value =
        RestrictedEvaluator::new(extensions).interpret(called.as_borrowed()).map_err(|error| no_value(&error))?;
    match value.value_kind() {
        ValueKind::ExtensionValue(_) => Ok(value),
        _ => Err(no_value(&"it is of another type")),
    }
}

/// How a reference is written in a sentence.
pub(super) fn shown(uid: &EntityUID) -> String {
    super::domain_uid(uid).to_string()
}
