//! What a schema knows of an object, and JSON held against it that may say anything.

use super::context::Value;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use smol_str::{SmolStr, ToSmolStr as _};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use thiserror::Error;

/// Any JSON there is, fractions and numbers beyond 64 bits included.
#[derive(Debug, Clone, PartialEq)]
pub enum Anything {
    /// `null`: not said.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number that Cedar can hold.
    Long(i64),
    /// A number that it cannot, as it was read.
    Number(SmolStr),
    /// A text.
    String(SmolStr),
    /// An array.
    Array(Vec<Self>),
    /// An object.
    Object(Fields),
}

/// The fields of an object that may say anything.
pub type Fields = BTreeMap<SmolStr, Anything>;

/// What a schema has a place for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// A value without fields of its own, or one whose fields are all known.
    Value,
    /// An array of such values.
    Array(Box<Self>),
    /// An object with these fields, and no others.
    Object(BTreeMap<SmolStr, Self>),
}

/// What has a place in the schema and cannot be put there: 400.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{path}` {detail}")]
pub struct Misfit {
    /// The field: `context.size`.
    pub path: String,
    /// What is wrong with it; goes on after the path.
    pub detail: String,
}

impl Misfit {
    /// What is wrong at `path`.
    #[must_use]
    pub fn new(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: path.into(), detail: detail.into() }
    }
}

/// Those of the fields that `shape` has. What it does not have, and what is null, counts as not said.
///
/// # Errors
/// [`Misfit`] for a number that Cedar cannot hold, where the schema has a place for it: left out, it could
/// make the difference between Deny and Allow.
pub fn known(path: &str, shape: &BTreeMap<SmolStr, Shape>, fields: Fields) -> Result<BTreeMap<SmolStr, Value>, Misfit> {
    let mut found = BTreeMap::new();
    for (name, said) in fields {
        if let Some(shape) = shape.get(&name)
            && said != Anything::Null
        {
            let value = held(&format!("{path}.{name}"), shape, said)?;
            found.insert(name, value);
        }
    }
    Ok(found)
}

fn held(path: &str, shape: &Shape, said: Anything) -> Result<Value, Misfit> {
    Ok(match (said, shape) {
        (Anything::Null, _) => Value::Null,
        (Anything::Bool(value), _) => Value::Bool(value),
        (Anything::Long(value), _) => Value::Long(value),
        (Anything::String(value), _) => Value::String(value),
        (Anything::Number(number), _) => {
            return Err(Misfit::new(path, format!("must not be {number}: that is no whole number of 64 bits")));
        }
        (Anything::Array(values), shape) => {
            let of = if let Shape::Array(of) = shape { of } else { &Shape::Value };
            let values = values.into_iter().enumerate().map(|(n, said)| held(&format!("{path}[{n}]"), of, said));
            Value::Array(values.collect::<Result<_, _>>()?)
        }
        (Anything::Object(fields), Shape::Object(shape)) => Value::Object(known(path, shape, fields)?),
        (Anything::Object(fields), Shape::Value | Shape::Array(_)) => {
            let all = fields.into_iter().map(|(name, said)| {
                let value = held(&format!("{path}.{name}"), &Shape::Value, said)?;
                Ok((name, value))
            });
            Value::Object(all.collect::<Result<_, Misfit>>()?)
        }
    })
}

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnythingVisitor)
    }
}

struct AnythingVisitor;

impl<'de> Visitor<'de> for AnythingVisitor {
    type Value = Anything;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Anything, E> {
        Ok(Anything::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Anything, E> {
        Ok(Anything::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Anything, E> {
        Ok(Anything::Long(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Anything, E> {
        Ok(i64::try_from(value).map_or_else(|_| Anything::Number(value.to_smolstr()), Anything::Long))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Anything, E> {
        Ok(Anything::Number(value.to_smolstr()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Anything, E> {
        Ok(Anything::String(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Anything, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Anything::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Anything, A::Error> {
        let mut fields = Fields::new();
        while let Some((name, value)) = map.next_entry::<SmolStr, Anything>()? {
            match fields.entry(name) {
                Entry::Vacant(place) => place.insert(value),
                Entry::Occupied(place) => return Err(A::Error::custom(format!("duplicate field `{}`", place.key()))),
            };
        }
        Ok(Anything::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object<T>(fields: impl IntoIterator<Item = (&'static str, T)>) -> BTreeMap<SmolStr, T> {
        fields.into_iter().map(|(name, field)| (name.into(), field)).collect()
    }

    /// `{"size", "seen": [{"at"}], "by": {"type", "id"}}`
    fn held_of(text: &str) -> Result<String, String> {
        let at = object([("at", Shape::Value)]);
        let shape =
            object([("size", Shape::Value), ("seen", Shape::Array(Box::new(Shape::Object(at)))), ("by", Shape::Value)]);
        let Anything::Object(fields) = serde_json::from_str(text).map_err(|error| error.to_string())? else {
            return Err("no object".to_owned());
        };
        let held = known("context", &shape, fields).map_err(|misfit| misfit.path)?;
        serde_json::to_string(&held).map_err(|error| error.to_string())
    }

    #[test]
    fn what_the_schema_does_not_know_is_passed_over_at_any_depth() {
        assert_eq!(held_of(r#"{"size":1,"time":"now","heat":36.6,"big":1e99,"none":null}"#).unwrap(), r#"{"size":1}"#);
        let nested = r#"{"seen":[{"at":1,"in":2.5},{}],"by":{"type":"A","id":"x"}}"#;
        assert_eq!(held_of(nested).unwrap(), r#"{"by":{"id":"x","type":"A"},"seen":[{"at":1},{}]}"#);
    }

    #[test]
    fn null_is_not_said() {
        assert_eq!(held_of(r#"{"size":null,"seen":[{"at":null}]}"#).unwrap(), r#"{"seen":[{}]}"#);
    }

    #[test]
    fn what_the_schema_knows_is_never_passed_over() {
        assert_eq!(held_of(r#"{"size":1.5}"#), Err("context.size".to_owned()));
        assert_eq!(held_of(r#"{"seen":[{"at":18446744073709551615}]}"#), Err("context.seen[0].at".to_owned()));
        assert_eq!(held_of(r#"{"size":[1,{"a":0.5}]}"#), Err("context.size[1].a".to_owned()));
        assert_eq!(held_of(r#"{"size":"1","seen":3}"#).unwrap(), r#"{"seen":3,"size":"1"}"#, "the schema refuses it");
        assert!(held_of(r#"{"x":1,"x":2}"#).unwrap_err().starts_with("duplicate"));
    }
}
