//! JSON as it comes from strangers: how deep it may nest, before anything recursive reads it, and which field is at
//! fault.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// Whether no array or object of this JSON text nests deeper than `depth_max`.
///
/// One pass over the bytes, no recursion and no allocation; says nothing about whether the text
/// is JSON at all.
#[must_use]
pub fn is_within_depth(text: &[u8], depth_max: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for &byte in text {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > depth_max {
            return false;
        }
    }
    true
}

/// Whether this JSON text is an array, if it is JSON at all. serde takes one for a struct, its elements for the fields.
#[must_use]
pub fn is_array(text: &[u8]) -> bool {
    text.trim_ascii_start().first() == Some(&b'[')
}

/// A `T` that is written as an object, and never as an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfMap<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for OfMap<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map))
            }
        }

        deserializer.deserialize_map(OfMap(PhantomData)).map(Self)
    }
}

/// For a field that holds objects alone.
///
/// # Errors
/// Those of `D`.
pub fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Object(object)| object).collect())
}

/// For a field that holds an object or nothing.
///
/// # Errors
/// Those of `D`.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(object)| object))
}

/// A map in which no key stands twice; serde takes the last of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distinct<K, V>(pub BTreeMap<K, V>);

impl<'de, K: Deserialize<'de> + Ord + fmt::Display, V: Deserialize<'de>> Deserialize<'de> for Distinct<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys<K, V>(PhantomData<(K, V)>);

        impl<'de, K: Deserialize<'de> + Ord + fmt::Display, V: Deserialize<'de>> Visitor<'de> for Keys<K, V> {
            type Value = BTreeMap<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut read = BTreeMap::new();
                while let Some(key) = map.next_key::<K>()? {
                    if read.contains_key(&key) {
                        return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
                    }
                    read.insert(key, map.next_value()?);
                }
                Ok(read)
            }
        }

        deserializer.deserialize_map(Keys(PhantomData)).map(Self)
    }
}

/// Where in `text` the first thing is that makes it no `T`: `requests[3].action`.
#[must_use]
pub fn field_at_fault<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Option<String> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let error = serde_path_to_error::deserialize::<_, T>(&mut reader).err()?;
    let path = error.path().to_string();
    let path = if path == "." { String::new() } else { path };
    let message = error.inner().to_string();
    let Some(name) = named(&message) else { return Some(path).filter(|path| !path.is_empty()) };
    match path.rsplit('.').next() {
        Some(last) if last == name => Some(path),
        _ if path.is_empty() => Some(name.to_owned()),
        _ => Some(format!("{path}.{name}")),
    }
}

/// The field that serde's own messages name.
#[must_use]
pub fn named(message: &str) -> Option<&str> {
    ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.split_once(start))
        .and_then(|(_, rest)| rest.split_once('`'))
        .map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_refused_and_named() {
        type Read = BTreeMap<String, Distinct<String, u8>>;
        let read: Read = serde_json::from_str(r#"{"a": {"b": 1, "c": 2}}"#).unwrap();
        assert_eq!(read["a"].0, BTreeMap::from([("b".to_owned(), 1), ("c".to_owned(), 2)]));
        let twice = r#"{"a": {"b": 1, "b": 2}}"#;
        assert!(serde_json::from_str::<Read>(twice).unwrap_err().to_string().starts_with("duplicate field `b`"));
        assert_eq!(field_at_fault::<Read>(twice.as_bytes()).unwrap(), "a.b");
        assert!(serde_json::from_str::<Read>(r#"{"a": [["b", 1]]}"#).is_err());
    }

    #[test]
    fn counts_brackets_outside_strings() {
        assert!(is_within_depth(b"[[1]]", 2));
        assert!(!is_within_depth(b"[[[1]]]", 2));
        assert!(is_within_depth(br#"["[[[", "\"[[["]"#, 1));
        assert!(is_within_depth(b"[],[],[]", 1));
        assert!(!is_within_depth(br#"{"a":{"b":{}}}"#, 2));
    }
}
