//! Entity references, written as Cedar writes them: `User::"director"`.

use smol_str::SmolStr;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use thiserror::Error;

/// The built-in entity types.
pub mod types {
    /// A person.
    pub const USER: &str = "User";
    /// A group.
    pub const GROUP: &str = "Group";
    /// A role of a group, held by members.
    pub const ROLE: &str = "Role";
    /// What is left of a tool's capacity.
    pub const QUOTA: &str = "Quota";
    /// A tool of a space.
    pub const TOOL: &str = "Tool";
    /// A folder.
    pub const FOLDER: &str = "Folder";
    /// An item.
    pub const ITEM: &str = "Item";
    /// Cedar's own type for actions.
    pub const ACTION: &str = "Action";
    /// A plan; no entity of the schema, but a fact that decisions about capacity rest on.
    pub const SUBSCRIPTION: &str = "Subscription";
    /// An invitation; no entity of the schema and no ground of any decision, but a change of one is
    /// a change that the history tells.
    pub const INVITATION: &str = "Invitation";
    /// A request to join a closed group; told by the history alone, like an invitation.
    pub const JOIN_REQUEST: &str = "JoinRequest";
    /// A mail in the outbox; like an invitation, told by the history and no ground of any decision.
    pub const MAIL: &str = "Mail";

    /// Types whose entities Conclave keeps: not stored means denied.
    pub const BUILT_IN: [&str; 7] = [USER, GROUP, ROLE, QUOTA, TOOL, FOLDER, ITEM];
}

/// A reference to an entity: its type and its id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityUid {
    /// The entity type, with its namespace if it has one: `User`, `Shop::Order`.
    pub type_name: SmolStr,
    /// The id, unescaped; any Unicode.
    pub id: SmolStr,
}

/// How references are hashed where many are looked up: another way in each process, so that who chooses ids cannot
/// choose those that collide.
pub type UidHasher = foldhash::quality::RandomState;

/// What is known of entities.
pub type UidMap<V> = HashMap<EntityUid, V, UidHasher>;

/// An [`EntityUid`] that borrows from the request it was read from.
///
/// INVARIANT: hashes as the [`EntityUid`] of the same type and id does; cache look-ups rely on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UidRef<'a> {
    /// The entity type.
    pub type_name: &'a str,
    /// The id; owned only if it was written with escapes.
    pub id: Cow<'a, str>,
}

/// Why a text is no entity reference.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UidError {
    /// Not of the form `Type::"id"`.
    #[error("must be an entity reference such as `User::\"director\"`, not `{0}`")]
    Form(String),
    /// An escape sequence that Cedar does not have.
    #[error("has an escape sequence in its id that Cedar does not know: `{0}`")]
    Escape(String),
}

impl EntityUid {
    /// A reference made of its parts.
    #[must_use]
    pub fn new(type_name: impl Into<SmolStr>, id: impl Into<SmolStr>) -> Self {
        Self { type_name: type_name.into(), id: id.into() }
    }

    /// `Action::"name"`.
    #[must_use]
    pub fn action(name: &str) -> Self {
        Self::new(types::ACTION, name)
    }

    /// `User::"id"`.
    #[must_use]
    pub fn user(id: &super::id::UserId) -> Self {
        Self::new(types::USER, id.text())
    }

    /// `Group::"id"`.
    #[must_use]
    pub fn group(id: &super::id::GroupId) -> Self {
        Self::new(types::GROUP, id.text())
    }

    /// Reads `Type::"id"`.
    ///
    /// # Errors
    /// [`UidError`] if the text is of another form.
    pub fn parse(text: &str) -> Result<Self, UidError> {
        UidRef::parse(text).map(|uid| uid.to_owned())
    }

    /// The same reference, borrowed.
    #[must_use]
    pub fn borrow(&self) -> UidRef<'_> {
        UidRef { type_name: &self.type_name, id: Cow::Borrowed(&self.id) }
    }

    /// Whether Conclave itself keeps entities of this type.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        types::BUILT_IN.contains(&self.type_name.as_str())
    }
}

impl fmt::Display for EntityUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::\"{}\"", self.type_name, self.id.escape_debug())
    }
}

impl<'a> UidRef<'a> {
    /// Reads `Type::"id"` without copying unless the id has escapes.
    ///
    /// Accepts what Cedar's own parser accepts, white space and comments between tokens apart.
    ///
    /// # Errors
    /// [`UidError`] if the text is of another form.
    pub fn parse(text: &'a str) -> Result<Self, UidError> {
        let form = || UidError::Form(text.to_owned());
        let (type_name, quoted) = text.split_once("::\"").ok_or_else(form)?;
        let id = quoted.strip_suffix('"').ok_or_else(form)?;
        if !is_type_name(type_name) {
            return Err(form());
        }
        Ok(Self { type_name, id: unescape(id)? })
    }

    /// `Type::"id"` of its parts; `None` if `type_name` is not the name of a type.
    #[must_use]
    pub fn of_parts(type_name: &'a str, id: &'a str) -> Option<Self> {
        is_type_name(type_name).then_some(Self { type_name, id: Cow::Borrowed(id) })
    }

    /// The same reference, owning its text.
    #[must_use]
    pub fn to_owned(&self) -> EntityUid {
        EntityUid::new(self.type_name, self.id.as_ref())
    }
}

impl PartialEq<EntityUid> for UidRef<'_> {
    fn eq(&self, other: &EntityUid) -> bool {
        self.type_name == other.type_name && self.id == other.id.as_str()
    }
}

const RESERVED: [&str; 9] = ["true", "false", "if", "then", "else", "in", "like", "has", "is"];

fn is_type_name(text: &str) -> bool {
    // Most names have no namespace, and looking for one takes longer than looking at the name.
    is_name(text) || text.split("::").all(is_name)
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next();
    first.is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        // No reserved word has a capital letter.
        && (first.is_some_and(|b| b.is_ascii_uppercase()) || !(RESERVED.contains(&text) || text == "__cedar"))
}

fn unescape(text: &str) -> Result<Cow<'_, str>, UidError> {
    if text.contains(['"', '\r']) && !text.contains('\\') {
        return Err(UidError::Form(text.to_owned()));
    }
    if !text.contains('\\') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' | '\r' => return Err(UidError::Form(text.to_owned())),
            '\\' => out.push(escape(&mut rest).ok_or_else(|| UidError::Escape(text.to_owned()))?),
            c => out.push(c),
        }
    }
    Ok(Cow::Owned(out))
}

fn escape(rest: &mut std::str::Chars<'_>) -> Option<char> {
    match rest.next()? {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '0' => Some('\0'),
        '\\' => Some('\\'),
        '\'' => Some('\''),
        '"' => Some('"'),
        'x' => ascii(rest),
        'u' => unicode(rest),
        _ => None,
    }
}

fn ascii(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let high = rest.next()?.to_digit(8)?;
    let low = rest.next()?.to_digit(16)?;
    char::from_u32(high * 16 + low)
}

fn unicode(rest: &mut std::str::Chars<'_>) -> Option<char> {
    const DIGITS_MAX: usize = 6;
    let (digits, after) = rest.as_str().strip_prefix('{')?.split_once('}')?;
    let hex: String = digits.chars().filter(|c| *c != '_').collect();
    if digits.starts_with('_') || hex.is_empty() || hex.len() > DIGITS_MAX {
        return None;
    }
    if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    *rest = after.chars();
    char::from_u32(u32::from_str_radix(&hex, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::str::FromStr;

    fn cedar(text: &str) -> Option<(String, String)> {
        // The parser of policies; `cedar_policy::EntityUid` reads only ids written as it writes them.
        let uid = cedar_policy_core::ast::EntityUID::from_str(text).ok()?;
        Some((uid.entity_type().to_string(), AsRef::<str>::as_ref(uid.eid()).to_owned()))
    }

    fn ours(text: &str) -> Option<(String, String)> {
        let uid = EntityUid::parse(text).ok()?;
        Some((uid.type_name.to_string(), uid.id.to_string()))
    }

    #[test]
    fn reads_what_cedar_reads() {
        for text in [
            r#"User::"director""#,
            r#"A::B_1::"x""#,
            r#"User::"""#,
            r#"User::"a\"b\\c\n\t\0\'\x41\u{1F600}""#,
            r#"User::"\u{00_41}""#,
            r#"User::"ü 日本""#,
            r#"User::"a::"b""#,
            r#"User::"a\q""#,
            r#"User::"\u{}""#,
            r#"User::"\u{110000}""#,
            r#"User::"\xff""#,
            r#"User::"\""#,
            r#"User::""""#,
            r#"1User::"a""#,
            r#"if::"a""#,
            r#"__cedar::"a""#,
            r#"Us-er::"a""#,
            r#"::"a""#,
            r#"User:"a""#,
            "User::\"a\rb\"",
            "User::\"a\nb\"",
            "User",
            "",
        ] {
            assert_eq!(ours(text), cedar(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_id_reads_back(id in any::<String>()) {
            let uid = EntityUid::new("User", id.as_str());
            prop_assert_eq!(EntityUid::parse(&uid.to_string()), Ok(uid.clone()));
            prop_assert_eq!(cedar(&uid.to_string()), Some(("User".to_owned(), id)));
        }

        #[test]
        fn nothing_is_read_differently_than_cedar_reads_it(text in r#"[A-Za-z:_"\\nux{}0-9 é]{0,24}"#) {
            if let Some(read) = ours(&text) {
                prop_assert_eq!(Some(read), cedar(&text));
            }
        }
    }
}
