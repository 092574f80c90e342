//! The context of a request, checked against the schema.

use super::environment::Scope;
use crate::domain::uid::types;
use crate::domain::{Context, Value};
use cedar_policy::Schema;
use cedar_policy_core::ast::EntityUID;
use cedar_policy_core::validator::types::{Attributes, Type};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt;
use thiserror::Error;

/// The context is not what the schema allows for the action: 400.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{path}` {detail}")]
pub struct ContextError {
    path: String,
    detail: String,
}

impl ContextError {
    /// The field of the request it is about: always `context`.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        "context"
    }

    /// What of the context it is: `context.size`, or `context` as a whole.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    fn new(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: path.into(), detail: detail.into() }
    }

    /// What Cedar says of a context whose shape is right.
    fn of_cedar(error: &dyn fmt::Display) -> Self {
        Self::new("context", format!("is not what the schema says: {error}"))
    }
}

/// Cedar's form of a context that is what `scope` wants.
pub(super) fn checked(
    schema: &Schema,
    scope: &Scope,
    context: &Context,
) -> Result<cedar_policy::Context, ContextError> {
    refuse_other_fields("context", &scope.context, &context.0)?;
    if context.0.is_empty() {
        return Ok(cedar_policy::Context::empty());
    }
    refuse_negative_size(scope, context)?;
    let checked = json(context, Some((schema, &scope.action)))?;
    checked.validate(schema, &scope.action).map_err(|error| ContextError::of_cedar(&error))?;
    Ok(checked)
}

/// Cedar checks all this too, but its message does not say which field is wrong.
fn refuse_other_fields(path: &str, wanted: &Attributes, fields: &BTreeMap<SmolStr, Value>) -> Result<(), ContextError> {
    for (name, value) in fields {
        let path = format!("{path}.{name}");
        match wanted.get_attr(name) {
            None => return Err(ContextError::new(path, "is no field that the schema has there")),
            Some(attribute) => refuse_other_shape(&path, &attribute.attr_type, value)?,
        }
    }
    match wanted.iter().find(|(name, attribute)| attribute.is_required && !fields.contains_key(*name)) {
        Some((missing, _)) => Err(ContextError::new(format!("{path}.{missing}"), "is missing")),
        None => Ok(()),
    }
}

fn refuse_other_shape(path: &str, wanted: &Type, value: &Value) -> Result<(), ContextError> {
    let expected = match (wanted, value) {
        (_, Value::Null) => return Err(ContextError::new(path, "must not be null; leave it out instead")),
        (Type::Record { attrs, .. }, Value::Object(fields)) => return refuse_other_fields(path, attrs, fields),
        (Type::Set { element_type: Some(wanted) }, Value::Array(values)) => {
            let mut numbered = values.iter().enumerate();
            return numbered.try_for_each(|(n, value)| refuse_other_shape(&format!("{path}[{n}]"), wanted, value));
        }
        (Type::Bool(_), Value::Bool(_))
        | (Type::Long, Value::Long(_))
        | (Type::String, Value::String(_))
        | (Type::Entity(_), Value::Object(_))
        | (Type::ExtensionType { .. }, Value::Object(_) | Value::String(_))
        | (Type::Set { element_type: None }, Value::Array(_))
        | (Type::Never, _) => return Ok(()),
        (Type::Bool(_), _) => "true or false",
        (Type::Long, _) => "a whole number",
        (Type::String, _) => "a text",
        (Type::Entity(_), _) => "an entity reference",
        (Type::ExtensionType { .. }, _) => "an extension value",
        (Type::Set { .. }, _) => "an array",
        (Type::Record { .. }, _) => "an object",
    };
    Err(ContextError::new(path, format!("must be {expected}")))
}

/// Cedar's form of a context without a schema.
pub(super) fn unchecked(context: &Context) -> Result<cedar_policy::Context, ContextError> {
    json(context, None)
}

fn json(
    context: &Context,
    schema: Option<(&Schema, &cedar_policy::EntityUid)>,
) -> Result<cedar_policy::Context, ContextError> {
    let value = serde_json::to_value(context).map_err(|error| ContextError::of_cedar(&error))?;
    cedar_policy::Context::from_json_value(value, schema).map_err(|error| ContextError::of_cedar(&error))
}

/// Nothing has a size below 0, and to add such a thing would make room (P6).
fn refuse_negative_size(scope: &Scope, context: &Context) -> Result<(), ContextError> {
    let action: &EntityUID = scope.action.as_ref();
    let is_add = AsRef::<str>::as_ref(action.eid()) == "add" && action.entity_type().to_string() == types::ACTION;
    match context.0.get("size") {
        Some(Value::Long(size)) if is_add && *size < 0 => {
            Err(ContextError::new("context.size", format!("must be 0 or more, not {size}")))
        }
        _ => Ok(()),
    }
}
