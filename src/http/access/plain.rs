//! Questions as almost every client writes them, read in one pass and without a copy.
//!
//! In JSON every entity reference has escapes (`"User::\"director\""`), so that a general reader has
//! to copy each. Here only the plain form is known: three references, an empty context at most, ids
//! without escapes of their own. Whatever is written in any other way, or is wrong, is read by
//! `question`, which alone refuses.

use crate::check::RequestRef;
use crate::domain::uid::UidRef;
use crate::domain::{Context, Lent};

/// A question, if `text` is one and plain.
pub(super) fn one(text: &[u8]) -> Option<RequestRef<'_>> {
    let mut cursor = Cursor { rest: std::str::from_utf8(text).ok()? };
    let question = cursor.question()?;
    cursor.end()?;
    Some(question)
}

/// The questions of a batch, if all of it is plain.
pub(super) fn batch(text: &[u8]) -> Option<Vec<RequestRef<'_>>> {
    /// About the length of a question.
    const QUESTION_BYTES: usize = 96;
    let mut cursor = Cursor { rest: std::str::from_utf8(text).ok()? };
    cursor.token('{')?;
    if cursor.name()? != "requests" {
        return None;
    }
    cursor.token(':')?;
    cursor.token('[')?;
    let mut questions = Vec::with_capacity(text.len() / QUESTION_BYTES);
    if cursor.token(']').is_none() {
        questions.push(cursor.question()?);
        while cursor.token(',').is_some() {
            questions.push(cursor.question()?);
        }
        cursor.token(']')?;
    }
    cursor.token('}')?;
    cursor.end()?;
    Some(questions)
}

/// What is not read yet. A step that returns `None` may have taken some of it: then all is given up,
/// but for `token`, which then has taken white space alone.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn question(&mut self) -> Option<RequestRef<'a>> {
        let (mut principal, mut action, mut resource, mut context) = (None, None, None, None);
        self.token('{')?;
        loop {
            let name = self.name()?;
            self.token(':')?;
            // A field that stands there twice is not plain.
            match name {
                "principal" if principal.is_none() => principal = Some(self.reference()?),
                "action" if action.is_none() => action = Some(self.reference()?),
                "resource" if resource.is_none() => resource = Some(self.reference()?),
                "context" if context.is_none() => context = Some(self.empty_object()?),
                _ => return None,
            }
            if self.token(',').is_none() {
                break;
            }
        }
        self.token('}')?;
        let context = context.unwrap_or_else(Context::empty);
        Some(RequestRef { principal: principal?, action: action?, resource: resource?, context, lent: Lent::nothing() })
    }

    /// `"Type::\"id\""`
    fn reference(&mut self) -> Option<UidRef<'a>> {
        self.token('"')?;
        let type_name = self.verbatim().strip_suffix("::")?;
        self.rest = self.rest.strip_prefix(r#"\""#)?;
        let id = self.verbatim();
        self.rest = self.rest.strip_prefix(r#"\"""#)?;
        UidRef::of_parts(type_name, id)
    }

    fn name(&mut self) -> Option<&'a str> {
        self.token('"')?;
        let name = self.verbatim();
        self.rest = self.rest.strip_prefix('"')?;
        Some(name)
    }

    fn empty_object(&mut self) -> Option<Context> {
        self.token('{')?;
        self.token('}')?;
        Some(Context::empty())
    }

    /// What stands for itself in a JSON text: everything up to a quote, an escape, or what has no place there.
    fn verbatim(&mut self) -> &'a str {
        let length = verbatim_bytes(self.rest.as_bytes());
        // Each of these bytes is a character of its own, so this is no place within one.
        let (before, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        before
    }

    /// A mark of JSON's, after any white space.
    fn token(&mut self, mark: char) -> Option<()> {
        // Hardly anybody writes white space.
        if let Some(rest) = self.rest.strip_prefix(mark) {
            self.rest = rest;
            return Some(());
        }
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.rest = self.rest.strip_prefix(mark)?;
        Some(())
    }

    fn end(&self) -> Option<()> {
        self.rest.trim_start_matches([' ', '\t', '\n', '\r']).is_empty().then_some(())
    }
}

/// How many bytes come before the first that ends verbatim text; eight are looked at in one step.
fn verbatim_bytes(text: &[u8]) -> usize {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH_BIT: u64 = EACH << 7;
    let ends = |byte: u8| byte == b'"' || byte == b'\\' || byte < b' ';
    // The high bit of each byte that is less than so many, at most 128; what stands above the lowest may be wrong.
    let below = |eight: u64, least: u64| eight.wrapping_sub(EACH * least) & !eight & HIGH_BIT;
    let is = |eight: u64, byte: u8| below(eight ^ (EACH * u64::from(byte)), 1);
    let (steps, rest) = text.as_chunks::<8>();
    for (bytes, place) in steps.iter().zip((0..).step_by(8)) {
        let eight = u64::from_le_bytes(*bytes);
        let found = below(eight, u64::from(b' ')) | is(eight, b'"') | is(eight, b'\\');
        if found != 0 {
            return place + found.trailing_zeros() as usize / 8;
        }
    }
    let tail = rest.iter().position(|byte| ends(*byte)).unwrap_or(rest.len());
    text.len() - rest.len() + tail
}

#[cfg(test)]
mod tests {
    use super::super::question::{Batch, Question};
    use super::*;
    use crate::config::Limits;
    use crate::http::auth::Asker;
    use crate::http::json;
    use proptest::prelude::*;

    const ASKED: &str = r#"{"principal":"User::\"a b\"","action":"Action::\"view\"","resource":"A::Item::\"é/'1\""}"#;

    #[test]
    fn the_plain_form_is_read_in_any_order_and_spacing() {
        let read = one(ASKED.as_bytes()).unwrap();
        assert_eq!((read.principal.type_name, read.principal.id.as_ref()), ("User", "a b"));
        assert_eq!((read.resource.type_name, read.resource.id.as_ref()), ("A::Item", "é/'1"));
        let spaced = r#" { "context" : { } , "resource":"A::Item::\"é/'1\"",
            "action":"Action::\"view\"", "principal":"User::\"a b\"" } "#;
        assert_eq!(one(spaced.as_bytes()), Some(read.clone()));
        assert_eq!(batch(format!(r#"{{"requests":[{ASKED},{spaced}]}}"#).as_bytes()).unwrap(), [read.clone(), read]);
        assert_eq!(batch(br#"{"requests":[]}"#), Some(Vec::new()));
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_general_reader() {
        for (part, other) in [
            ("a b", r"a\\b"),
            ("a b", r"a\u0041"),
            ("User::", "User:"),
            ("User::", "Us er::"),
            ("User::", "if::"),
            ("principal", "subject"),
            ("principal", "action"),
            (r#""principal""#, r#""entities":[],"principal""#),
            (r#""principal""#, r#""context":{"size":1},"principal""#),
            (r#""principal""#, r#""context":null,"principal""#),
            (r#"\"view\""#, "view"),
            ("}", ",}"),
            ("}", "}}"),
            ("a b", "a\nb"),
        ] {
            let text = ASKED.replacen(part, other, 1);
            assert_eq!(one(text.as_bytes()), None, "{text}");
            assert_eq!(batch(format!(r#"{{"requests":[{text}]}}"#).as_bytes()), None, "{text}");
        }
    }

    /// Texts that look like questions, many of them wrong somewhere.
    fn texts() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            8 => Just(r#""principal":"User::\"a\"""#.to_owned()),
            8 => Just(r#""action" : "Action::\"view\"""#.to_owned()),
            8 => Just(r#""resource":"Item::\"é\"""#.to_owned()),
            2 => Just(r#""context":{}"#.to_owned()),
            2 => r#""(principal|action|context)":"?[A-Za-z:_\\"{}\x00-\x20é]{0,12}"?"#,
        ];
        (proptest::collection::vec(piece, 2..6), "[ \t\n\r\x0c,}]{0,2}")
            .prop_map(|(pieces, end)| format!("{{{}}}{end}", pieces.join(",")))
    }

    proptest! {
        #[test]
        fn verbatim_text_ends_where_it_does_byte_by_byte(text in proptest::collection::vec(prop_oneof![9 => b' '..=255, 1 => 0..=255_u8], 0..64)) {
            let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..b' ');
            prop_assert_eq!(verbatim_bytes(&text), text.iter().position(ends).unwrap_or(text.len()));
        }

        #[test]
        fn what_is_plain_is_what_the_general_reader_reads(text in texts()) {
            if let Some(plain) = one(text.as_bytes()) {
                let mut general: Question<'_> = json::read(text.as_bytes(), &Limits::default()).unwrap();
                prop_assert_eq!(plain, general.request(&Asker::Host, "").unwrap());
            }
            let several = format!(r#"{{"requests":[{text},{text}]}}"#);
            if let Some(plain) = batch(several.as_bytes()) {
                let mut general: Batch<'_> = json::read(several.as_bytes(), &Limits::default()).unwrap();
                let general: Vec<_> = general.requests.iter_mut().map(|question| question.request(&Asker::Host, "").unwrap()).collect();
                prop_assert_eq!(plain, general);
            }
        }
    }
}
