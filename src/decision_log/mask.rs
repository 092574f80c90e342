//! What of a decision the log does not tell.

use super::record::Record;
use crate::domain::EntityUid;
use crate::domain::context::{Context, Value};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use thiserror::Error;

/// What stands in the place of a masked id or value.
pub const MASKED: &str = "[masked]";

/// Which parts are masked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mask {
    principal: bool,
    resource: bool,
    context: bool,
    /// Each the names that lead to a value of the context.
    fields: Vec<Vec<SmolStr>>,
}

/// A text that names no part of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Error, miette::Diagnostic)]
#[error("`{0}` cannot be masked: name `principal`, `resource`, `context`, or a field as in `context.location.city`")]
pub struct MaskError(pub String);

impl Mask {
    /// Reads `principal`, `resource`, `context` and `context.NAME` with further names.
    ///
    /// # Errors
    /// [`MaskError`] for the first that is none of these.
    pub fn read(parts: &[String]) -> Result<Self, MaskError> {
        let mut mask = Self::default();
        for part in parts {
            match (part.as_str(), part.strip_prefix("context.")) {
                ("principal", _) => mask.principal = true,
                ("resource", _) => mask.resource = true,
                ("context", _) => mask.context = true,
                (_, Some(path)) if path.split('.').all(|name| !name.is_empty()) => {
                    mask.fields.push(path.split('.').map(SmolStr::new).collect());
                }
                _ => return Err(MaskError(part.clone())),
            }
        }
        Ok(mask)
    }

    /// The principal as it is told.
    pub(super) fn principal(&self, uid: &EntityUid) -> String {
        told(uid, self.principal)
    }

    /// The resource as it is told.
    pub(super) fn resource(&self, uid: &EntityUid) -> String {
        told(uid, self.resource)
    }

    /// Masks what is named of the rest.
    pub(super) fn apply(&self, record: &mut Record) {
        if self.context {
            record.context.0.values_mut().for_each(hide);
        }
        for path in &self.fields {
            within(&mut record.context, path);
        }
        if *self != Self::default() {
            // What failed may say of what.
            record.errors.iter_mut().for_each(|error| *error = policy_alone(error));
        }
    }
}

/// Of a masked entity the type stays.
fn told(uid: &EntityUid, is_masked: bool) -> String {
    if is_masked { EntityUid::new(uid.type_name.clone(), MASKED).to_string() } else { uid.to_string() }
}

fn hide(value: &mut Value) {
    *value = Value::String(SmolStr::new_static(MASKED));
}

fn within(context: &mut Context, path: &[SmolStr]) {
    hide_in(&mut context.0, path);
}

fn hide_in(fields: &mut BTreeMap<SmolStr, Value>, path: &[SmolStr]) {
    let Some((name, rest)) = path.split_first() else { return };
    if let Some(value) = fields.get_mut(name) {
        if rest.is_empty() { hide(value) } else { hide_below(value, rest) }
    }
}

fn hide_below(value: &mut Value, path: &[SmolStr]) {
    match value {
        Value::Object(fields) => hide_in(fields, path),
        Value::Array(values) => values.iter_mut().for_each(|value| hide_below(value, path)),
        Value::Null | Value::Bool(_) | Value::Long(_) | Value::String(_) => {}
    }
}

/// The part of an error that names the policy.
fn policy_alone(error: &str) -> String {
    match error.split_once("`: ") {
        Some((policy, _)) => format!("{policy}`: {MASKED}"),
        None => MASKED.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn masked(parts: &[&str], context: serde_json::Value) -> serde_json::Value {
        let parts: Vec<_> = parts.iter().map(|part| (*part).to_owned()).collect();
        let mask = Mask::read(&parts).unwrap();
        let mut record = super::super::tests::record();
        record.context = serde_json::from_value(context).unwrap();
        mask.apply(&mut record);
        json!(record.context)
    }

    #[test]
    fn named_values_are_masked_wherever_they_stand_and_others_are_not() {
        let context =
            json!({"ip": "10.0.0.1", "at": {"city": "Rome", "zone": 1}, "all": [{"city": "x"}, {"city": 2}, 3]});
        let some = masked(&["context.ip", "context.at.city", "context.all.city", "context.none"], context.clone());
        let expected = json!({"ip": MASKED, "at": {"city": MASKED, "zone": 1},
                              "all": [{"city": MASKED}, {"city": MASKED}, 3]});
        assert_eq!(some, expected);
        assert_eq!(masked(&["context"], context.clone()), json!({"ip": MASKED, "at": MASKED, "all": MASKED}));
        assert_eq!(masked(&["principal"], context.clone()), context);
    }

    #[test]
    fn of_ids_the_type_stays() {
        let mask = Mask::read(&["principal".to_owned()]).unwrap();
        let uid = EntityUid::new("User", "director");
        assert_eq!(mask.principal(&uid), "User::\"[masked]\"");
        assert_eq!(mask.resource(&uid), "User::\"director\"");
    }

    #[test]
    fn what_failed_is_told_by_its_policy_alone() {
        let mut record = super::super::tests::record();
        record.errors =
            vec!["error while evaluating policy `a`: `User::\"x\"` has no `y`".to_owned(), "odd".to_owned()];
        Mask::read(&["resource".to_owned()]).unwrap().apply(&mut record);
        assert_eq!(record.errors, ["error while evaluating policy `a`: [masked]", MASKED]);
    }

    #[test]
    fn nothing_else_can_be_masked() {
        for bad in ["", "action", "context.", "context..x", "context.x.", "Principal", "decision"] {
            assert_eq!(Mask::read(&[bad.to_owned()]), Err(MaskError(bad.to_owned())));
        }
    }
}
