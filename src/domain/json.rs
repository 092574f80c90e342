//! JSON as it comes from strangers: how deep it may nest, before anything recursive reads it, and which field is at
//! fault.

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
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

/// The field that serde's own messages name although the path ends before it.
fn named(message: &str) -> Option<&str> {
    ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| message.strip_prefix(start))
        .and_then(|rest| rest.split_once('`'))
        .map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_brackets_outside_strings() {
        assert!(is_within_depth(b"[[1]]", 2));
        assert!(!is_within_depth(b"[[[1]]]", 2));
        assert!(is_within_depth(br#"["[[[", "\"[[["]"#, 1));
        assert!(is_within_depth(b"[],[],[]", 1));
        assert!(!is_within_depth(br#"{"a":{"b":{}}}"#, 2));
    }
}
