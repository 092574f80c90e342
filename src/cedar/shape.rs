//! The shape of an object, as a schema has it.

use crate::domain::shape::Shape;
use cedar_policy_core::validator::types::{Attributes, Type};
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The fields that `attributes` are, at any depth.
#[must_use]
pub fn shape(attributes: &Attributes) -> BTreeMap<SmolStr, Shape> {
    attributes.iter().map(|(name, attribute)| (name.clone(), of(&attribute.attr_type))).collect()
}

fn of(ty: &Type) -> Shape {
    match ty {
        Type::Record { attrs, .. } => Shape::Object(shape(attrs)),
        Type::Set { element_type: Some(of_elements) } => Shape::Array(Box::new(of(of_elements))),
        _ => Shape::Value,
    }
}
