//! The cache key, and the reader of `Type::"id"`.

use super::Target;
use cedar_policy_core::ast::EntityUID;
use conclave::check::RequestRef;
use conclave::domain::lent::Manner;
use conclave::domain::{Context, DecisionRequest, EntityRecord, EntityUid, Lent, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, RandomState};
use std::str::FromStr as _;

/// An input that begins with `"` is a reference, without that character; one that begins with `{` is two contexts, a
/// line each; any other is two requests in a code of few words, so that they are often equal.
pub struct CacheKey {
    random: RandomState,
}

impl Target for CacheKey {
    fn new() -> Self {
        Self { random: RandomState::new() }
    }

    fn run(&mut self, input: &[u8]) {
        match (input.first(), std::str::from_utf8(input)) {
            (Some(b'"'), Ok(text)) => reference(&text[1..]),
            (Some(b'{'), Ok(text)) => self.contexts(text),
            _ => self.requests(input),
        }
    }
}

/// A reference reads as Cedar reads it.
fn reference(text: &str) {
    let ours = EntityUid::parse(text).ok();
    let cedar = EntityUID::from_str(text).ok();
    let cedar = cedar.map(|uid| EntityUid::new(uid.entity_type().to_string(), AsRef::<str>::as_ref(uid.eid())));
    match (&ours, &cedar) {
        (Some(_), _) => assert_eq!(ours, cedar, "{text:?}"),
        // Cedar takes white space and comments between the parts.
        (None, Some(_)) => {
            let is_spaced = |around: &str| around.contains(char::is_whitespace) || around.contains("//");
            assert!(around_id(text).iter().any(|around| is_spaced(around)), "{text:?} is {cedar:?} to Cedar");
        }
        (None, None) => {}
    }
    let Some(uid) = ours else { return };
    assert_eq!(EntityUid::parse(&uid.to_string()).as_ref(), Ok(&uid), "{text:?}");
    let again = EntityUID::from_str(&uid.to_string()).unwrap();
    assert_eq!(AsRef::<str>::as_ref(again.eid()), uid.id, "{text:?}");
}

/// What stands before the id in quotes, and what stands after it; the id may hold quotes that are escaped, and a comment
/// after it any.
fn around_id(text: &str) -> [&str; 2] {
    let Some((before, rest)) = text.split_once('"') else { return [text, ""] };
    let mut is_escaped = false;
    let end = rest.find(|c| {
        let is_end = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    });
    [before, end.map_or("", |end| &rest[end + 1..])]
}

impl CacheKey {
    /// Two contexts are one key exactly if they are the same JSON.
    fn contexts(&self, text: &str) {
        let mut lines = text.lines();
        let (one, other) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        let read = |text: &str| serde_json::from_str::<Context>(text).ok();
        let (Some(context), Some(other_context)) = (read(one), read(other)) else { return };
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        let key = |context| DecisionRequest { context, ..request(&mut [].iter()) };
        self.agree(&key(context), &key(other_context), json(one) == json(other));
    }

    fn requests(&self, input: &[u8]) {
        let (one, other) = input.split_at(input.len() / 2);
        let (one, other) = (request(&mut one.iter()), request(&mut other.iter()));
        self.agree(&one, &other, written(&one) == written(&other));
        self.agree(&one, &one.clone(), true);
    }

    fn agree(&self, one: &DecisionRequest, other: &DecisionRequest, is_same: bool) {
        let borrowed = RequestRef::from(one);
        assert_eq!(one == other, is_same, "{one:?} {other:?}");
        assert_eq!(equivalent::Equivalent::equivalent(&borrowed, other), is_same, "{one:?} {other:?}");
        assert_eq!(borrowed == RequestRef::from(other), is_same, "{one:?} {other:?}");
        assert_eq!(&borrowed.to_owned(), one);
        let plain = BuildHasherDefault::<DefaultHasher>::default();
        assert_eq!(self.random.hash_one(&borrowed), self.random.hash_one(one));
        assert_eq!(plain.hash_one(&borrowed), plain.hash_one(one));
        assert!(!is_same || self.random.hash_one(one) == self.random.hash_one(other), "{one:?} {other:?}");
        // What differs and hashes alike costs only time, but of the few words here none may.
        assert!(is_same || plain.hash_one(one) != plain.hash_one(other), "{one:?} {other:?}");
    }
}

type Code<'a> = std::slice::Iter<'a, u8>;

/// The next word of the code, one of so many; 0 after its end.
fn word(code: &mut Code<'_>, words: u8) -> u8 {
    code.next().copied().unwrap_or_default() % words
}

fn request(code: &mut Code<'_>) -> DecisionRequest {
    let (principal, action, resource) = (uid(code), uid(code), uid(code));
    let context = Context(fields(code));
    let manner = if word(code, 2) == 0 { Manner::Entities } else { Manner::Properties };
    let records = (0..word(code, 3)).map(|_| record(code)).collect();
    // What cannot be lent is no request.
    let lent = Lent::new(manner, records).unwrap_or_default();
    DecisionRequest { principal, action, resource, context, lent }
}

/// Ids that would be one if they were put together without care, or compared without.
fn uid(code: &mut Code<'_>) -> EntityUid {
    const TYPES: [&str; 5] = ["User", "Group", "Action", "A", "A::B"];
    EntityUid::new(TYPES[usize::from(word(code, 5))], text(code))
}

fn text(code: &mut Code<'_>) -> String {
    const PIECES: [&str; 8] = ["a", "A", "\"", "\\", "::", "\0", "é", "e\u{301}"];
    (0..word(code, 4)).map(|_| PIECES[usize::from(word(code, 8))]).collect()
}

fn fields<T: Ord + From<String>>(code: &mut Code<'_>) -> BTreeMap<T, Value> {
    (0..word(code, 3)).map(|_| (T::from(text(code)), value(code, 2))).collect()
}

fn value(code: &mut Code<'_>, depth: u8) -> Value {
    match word(code, if depth == 0 { 4 } else { 6 }) {
        0 => Value::Null,
        1 => Value::Bool(word(code, 2) == 0),
        2 => Value::Long(i64::from(word(code, 3)) - 1),
        3 => Value::String(text(code).into()),
        4 => Value::Array((0..word(code, 3)).map(|_| value(code, depth - 1)).collect()),
        _ => Value::Object((0..word(code, 3)).map(|_| (text(code).into(), value(code, depth - 1))).collect()),
    }
}

fn record(code: &mut Code<'_>) -> EntityRecord {
    let uid = uid(code);
    let (attrs, tags) = (fields(code), fields(code));
    let parents: BTreeSet<_> = (0..word(code, 2)).map(|_| self::uid(code)).collect();
    EntityRecord { uid, attrs, parents, tags }
}

/// All that a request says, each part with its kind and its length: the plain form that keys are held against.
fn written(request: &DecisionRequest) -> Vec<u8> {
    let DecisionRequest { principal, action, resource, context, lent } = request;
    let mut out = Vec::new();
    for uid in [principal, action, resource] {
        write_uid(&mut out, uid);
    }
    write_fields(&mut out, context.0.iter().map(|(name, value)| (name.as_str(), value)));
    if !lent.is_nothing() {
        out.push(if lent.manner() == Manner::Entities { b'e' } else { b'p' });
    }
    for EntityRecord { uid, attrs, parents, tags } in lent.entities() {
        out.push(b'r');
        write_uid(&mut out, uid);
        write_fields(&mut out, attrs.iter().map(|(name, value)| (name.as_str(), value)));
        write_fields(&mut out, tags.iter().map(|(name, value)| (name.as_str(), value)));
        out.extend(parents.len().to_be_bytes());
        for parent in parents {
            write_uid(&mut out, parent);
        }
    }
    out
}

fn write_uid(out: &mut Vec<u8>, uid: &EntityUid) {
    write_text(out, &uid.type_name);
    write_text(out, &uid.id);
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.extend(text.len().to_be_bytes());
    out.extend(text.bytes());
}

fn write_fields<'a>(out: &mut Vec<u8>, fields: impl ExactSizeIterator<Item = (&'a str, &'a Value)>) {
    out.extend(fields.len().to_be_bytes());
    for (name, value) in fields {
        write_text(out, name);
        write_value(out, value);
    }
}

fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.push(b'0'),
        Value::Bool(value) => out.extend([b'b', u8::from(*value)]),
        Value::Long(value) => out.extend([b'l'].into_iter().chain(value.to_be_bytes())),
        Value::String(value) => {
            out.push(b's');
            write_text(out, value);
        }
        Value::Array(values) => {
            out.push(b'a');
            out.extend(values.len().to_be_bytes());
            for value in values {
                write_value(out, value);
            }
        }
        Value::Object(values) => {
            out.push(b'o');
            write_fields(out, values.iter().map(|(name, value)| (name.as_str(), value)));
        }
    }
}
