//! An entity as a host describes it: Cedar's entity JSON, in one canonical form.

use super::context::Value;
use super::json::Object;
use super::uid::{EntityUid, UidRef};
use serde::de::Error as _;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};

/// What a host says of one entity.
///
/// Sorted throughout, so that two descriptions that say the same are equal, whatever order they were written in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an entity: an object with `uid`, `attrs` and `parents`")]
pub struct EntityRecord {
    /// Which entity.
    #[serde(deserialize_with = "reference")]
    pub uid: EntityUid,
    /// Its attributes, by name.
    #[serde(default, deserialize_with = "fields")]
    pub attrs: BTreeMap<SmolStr, Value>,
    /// The entities that it is directly in.
    #[serde(default, deserialize_with = "uids")]
    pub parents: BTreeSet<EntityUid>,
    /// Its tags, by name.
    #[serde(default, deserialize_with = "fields")]
    pub tags: BTreeMap<SmolStr, Value>,
}

impl Serialize for EntityRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("EntityRecord", 3 + usize::from(!self.tags.is_empty()))?;
        fields.serialize_field("uid", &Written::of(&self.uid))?;
        fields.serialize_field("attrs", &self.attrs)?;
        fields.serialize_field("parents", &self.parents.iter().map(Written::of).collect::<Vec<_>>())?;
        if !self.tags.is_empty() {
            fields.serialize_field("tags", &self.tags)?;
        }
        fields.end()
    }
}

/// A reference as Cedar's JSON writes it.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(rename = "type")]
    type_name: &'a str,
    id: &'a str,
}

impl<'a> Written<'a> {
    fn of(uid: &'a EntityUid) -> Self {
        Self { type_name: &uid.type_name, id: &uid.id }
    }
}

/// The three ways in which Cedar's JSON names an entity, and the way of policies.
#[derive(Deserialize)]
#[serde(untagged)]
enum Reference {
    Text(String),
    Explicit(Object<Explicit>),
    Implicit(Object<Parts>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Explicit {
    __entity: Object<Parts>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    #[serde(rename = "type")]
    type_name: String,
    id: SmolStr,
}

impl Reference {
    fn uid(self) -> Result<EntityUid, String> {
        match self {
            Self::Text(text) => EntityUid::parse(&text).map_err(|error| error.to_string()),
            Self::Explicit(Object(Explicit { __entity: Object(parts) })) | Self::Implicit(Object(parts)) => parts.uid(),
        }
    }
}

impl Parts {
    fn uid(self) -> Result<EntityUid, String> {
        let Self { type_name, id } = self;
        let uid = UidRef::of_parts(&type_name, &id).map(|uid| uid.to_owned());
        uid.ok_or_else(|| format!("`{type_name}` is no name of an entity type"))
    }
}

/// The entity that a value refers to, in any of the ways in which Cedar's JSON names one.
#[must_use]
pub fn referred(value: &Value) -> Option<EntityUid> {
    let fields = match value {
        Value::String(text) => return EntityUid::parse(text).ok(),
        Value::Object(fields) => fields,
        _ => return None,
    };
    let fields = match (fields.len(), fields.get("__entity")) {
        (1, Some(Value::Object(parts))) => parts,
        (_, None) => fields,
        _ => return None,
    };
    match (fields.len(), fields.get("type"), fields.get("id")) {
        (2, Some(Value::String(type_name)), Some(Value::String(id))) => {
            UidRef::of_parts(type_name, id).map(|uid| uid.to_owned())
        }
        _ => None,
    }
}

/// Reads a reference in any of those ways: a `deserialize_with` of serde.
///
/// # Errors
/// If it is no reference.
pub fn reference<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EntityUid, D::Error> {
    let reference = Reference::deserialize(deserializer);
    let reference = reference.map_err(|_| D::Error::custom("must be `{\"type\": …, \"id\": …}` or `Type::\"id\"`"))?;
    reference.uid().map_err(D::Error::custom)
}

/// An object in which no name stands twice.
fn fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<SmolStr, Value>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(D::Error::custom("must be an object")),
    }
}

fn uids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<EntityUid>, D::Error> {
    let references = Vec::<Reference>::deserialize(deserializer)?;
    references.into_iter().map(|reference| reference.uid().map_err(D::Error::custom)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<EntityRecord, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_way_to_name_an_entity_names_the_same() {
        let records = [
            r#"{"uid":{"type":"Shop::Order","id":"1"},"parents":["A::\"x\"",{"type":"A","id":"w"}]}"#,
            r#"{"uid":{"__entity":{"type":"Shop::Order","id":"1"}},"attrs":{},"parents":[{"type":"A","id":"w"},{"__entity":{"type":"A","id":"x"}}]}"#,
            r#"{"uid":"Shop::Order::\"1\"","parents":["A::\"w\"","A::\"x\"","A::\"x\""]}"#,
        ];
        let [first, rest @ ..] = records.map(|text| read(text).unwrap());
        assert_eq!(first.uid, EntityUid::new("Shop::Order", "1"));
        assert!(rest.iter().all(|record| *record == first));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text =
            r#"{"uid":{"type":"A","id":"\""},"attrs":{"n":1},"parents":[{"type":"B","id":""}],"tags":{"t":[true]}}"#;
        assert_eq!(serde_json::to_string(&read(text).unwrap()).unwrap(), text);
        let plain = r#"{"uid":{"type":"A","id":"x"},"attrs":{},"parents":[]}"#;
        assert_eq!(serde_json::to_string(&read(plain).unwrap()).unwrap(), plain);
    }

    #[test]
    fn a_value_refers_to_an_entity_in_the_same_ways() {
        let read = |text: &str| referred(&serde_json::from_str(text).unwrap());
        for good in [r#""A::\"x\"""#, r#"{"type":"A","id":"x"}"#, r#"{"__entity":{"type":"A","id":"x"}}"#] {
            assert_eq!(read(good), Some(EntityUid::new("A", "x")), "{good}");
        }
        for bad in [
            "1",
            "null",
            r#""x""#,
            r#"{"type":"A"}"#,
            r#"{"type":"a-b","id":"x"}"#,
            r#"{"type":"A","id":1}"#,
            r#"{"type":"A","id":"x","more":1}"#,
            r#"{"__entity":{"type":"A","id":"x"},"type":"A","id":"x"}"#,
            r#"{"__entity":{"__entity":{"type":"A","id":"x"}}}"#,
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_names_no_entity_is_refused() {
        for bad in [
            "{}",
            r#"{"uid":1}"#,
            r#"{"uid":{"type":"a-b","id":"1"}}"#,
            r#"{"uid":{"type":"A"}}"#,
            r#"{"uid":"A"}"#,
            r#"{"uid":"A::\"1\"","attrs":[]}"#,
            r#"{"uid":"A::\"1\"","attrs":{"a":1,"a":2}}"#,
            r#"{"uid":"A::\"1\"","parents":["x"]}"#,
            r#"{"uid":"A::\"1\"","attributes":{}}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
