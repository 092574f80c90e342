//! Checks of single fields: a refusal names the field and the limit.

use super::Refusal;
use crate::domain::text::TextError;
use crate::domain::{IdError, Rule};
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use smol_str::SmolStr;

/// 2 to the power of 63, the first number beyond 64 bits with sign.
const FLOAT_TOO_LARGE: f64 = 9_223_372_036_854_775_808.0;

/// A check of `domain::text`.
pub type Check = fn(&str) -> Result<(), TextError>;

/// A value out of range, no rule behind it.
pub fn out_of_range(field: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal::OutOfRange { field, detail: detail.into(), rule: None }
}

/// A field that a request of this form must have, or must not.
pub fn malformed(field: &'static str, detail: impl Into<String>) -> Refusal {
    Refusal::Malformed { field, detail: detail.into() }
}

/// A broken invariant and the rule behind it.
pub fn conflict(rule: Rule, detail: impl Into<String>) -> Refusal {
    Refusal::Conflict { rule: Some(rule), detail: detail.into() }
}

/// Checks a text that must be there.
///
/// # Errors
/// [`Refusal::OutOfRange`] naming the field.
pub fn text(field: &'static str, text: &str, check: Check) -> Result<(), Refusal> {
    check(text).map_err(|error| out_of_range(field, error.to_string()))
}

/// Checks texts that may be left out.
///
/// # Errors
/// [`Refusal::OutOfRange`] naming the first bad field.
pub fn texts(fields: &[(&'static str, Option<&str>, Check)]) -> Result<(), Refusal> {
    fields.iter().try_for_each(|(field, value, check)| value.map_or(Ok(()), |value| text(field, value, *check)))
}

/// Reads an id out of a body.
///
/// # Errors
/// [`Refusal::OutOfRange`] naming the field.
pub fn id<T: TryFrom<SmolStr, Error = IdError>>(field: &'static str, text: &str) -> Result<T, Refusal> {
    T::try_from(SmolStr::new(text)).map_err(|error| out_of_range(field, error.to_string()))
}

/// A count, or a size in the tool's own unit, that may be left out: from 0.
///
/// # Errors
/// [`Refusal::Malformed`] for a number that is not whole, [`Refusal::OutOfRange`] for one that is negative or has more than
/// 64 bits.
pub fn amount(field: &'static str, number: Option<&Number>) -> Result<Option<i64>, Refusal> {
    let Some(number) = number else { return Ok(None) };
    match (number.as_i64(), number.as_f64()) {
        (Some(amount), _) if amount >= 0 => Ok(Some(amount)),
        // A number too large for 64 bits is read as a float; smaller floats were written as such.
        (None, Some(float)) if number.is_f64() && float.abs() < FLOAT_TOO_LARGE => {
            Err(malformed(field, "must be a whole number"))
        }
        _ => Err(out_of_range(field, format!("must be from 0 to {}, not {number}", i64::MAX))),
    }
}

/// Tells a field that is left out (`None`) from one that is null (`Some(None)`).
///
/// # Errors
/// Those of the field's own type.
pub fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
