//! The circumstances of a request: a JSON object, kept in one canonical form.

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

/// A value of a context: JSON without fractions, which Cedar does not have.
///
/// Typed rather than text, so that equal contexts are equal cache keys and others are not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// `null`, which no schema accepts; kept so that the refusal can name the field.
    Null,
    /// A boolean.
    Bool(bool),
    /// A 64-bit integer.
    Long(i64),
    /// A text.
    String(SmolStr),
    /// An array: a set to Cedar.
    Array(Vec<Self>),
    /// An object: a record, an entity reference or an extension value to Cedar.
    Object(BTreeMap<SmolStr, Self>),
}

/// The whole context: an object, empty unless the request says something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Context(pub BTreeMap<SmolStr, Value>);

impl Context {
    /// A context with nothing in it.
    #[must_use]
    pub const fn empty() -> Self {
        Self(BTreeMap::new())
    }
}

impl Value {
    /// About how much memory it takes, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        const NODE_BYTES: usize = 64;
        NODE_BYTES
            + match self {
                Self::Null | Self::Bool(_) | Self::Long(_) => 0,
                Self::String(text) => text.len(),
                Self::Array(values) => values.iter().map(Self::weight).sum(),
                Self::Object(fields) => fields.iter().map(|(name, value)| name.len() + value.weight()).sum(),
            }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Long(value) => serializer.serialize_i64(*value),
            Self::String(value) => serializer.serialize_str(value),
            Self::Array(values) => serializer.collect_seq(values),
            Self::Object(values) => serializer.collect_map(values),
        }
    }
}

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(de::Error::custom("`context` must be an object")),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Long(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value)
            .map(Value::Long)
            .map_err(|_| E::custom(format!("{value} does not fit in 64 bits with sign")))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Err(E::custom(format!("{value} is no whole number of 64 bits")))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<SmolStr, Value>()? {
            // Two values for one name: whoever checks one and uses the other has been fooled.
            match fields.entry(name) {
                Entry::Vacant(place) => place.insert(value),
                Entry::Occupied(place) => return Err(de::Error::custom(format!("duplicate field `{}`", place.key()))),
            };
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Context, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn order_of_fields_makes_no_difference() {
        assert_eq!(read(r#"{"a":1,"b":[true,"x",{"c":null}]}"#), read(r#"{"b":[true,"x",{"c":null}],"a":1}"#));
        assert_ne!(read(r#"{"a":[1,2]}"#), read(r#"{"a":[2,1]}"#));
    }

    #[test]
    fn what_cedar_cannot_hold_is_refused() {
        for bad in ["1", "[]", r#"{"a":1.5}"#, r#"{"a":9223372036854775808}"#, r#"{"a":1,"a":2}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
