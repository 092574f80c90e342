//! What a line may be: checked here as far as the line alone tells, and written as a row of columns.

mod shape;

use super::FORMAT_VERSION;
use crate::config::limits::{ENTITY_BYTES_MAX, ENTITY_PARENTS_MAX};
use crate::domain::group::Switches;
use crate::domain::text::{TextError, description, email, language, line, message, name, picture};
use crate::domain::uid::types;
use crate::domain::{FolderId, Grantee, GroupSettings, InvitationState, ItemId, name::fold};
use crate::store::bulk::Kind;
use crate::store::bulk::items::{self, NewItem};
use serde::Deserialize;
use serde_json::json;
use shape::{
    Buried, Entity, Folder, Format, Grant, Group, Invitation, Item, JoinRequest, Member, NewContact, Parent, Resource,
    Subscription, Tombstone, User,
};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Why a line is refused before the database is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed {
    /// The field to mend, where it is one.
    pub(super) field: Option<String>,
    /// What is wrong.
    pub(super) detail: String,
    /// The rule that it breaks, if any.
    pub(super) rule: Option<&'static str>,
}

/// A line that says what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// The head of an export.
    Format,
    /// An item.
    Item(NewItem),
    /// Any other row for the database.
    Row {
        /// Of which kind.
        kind: Kind,
        /// A JSON array of columns, as `store::bulk` expects them.
        columns: String,
        /// The id of a folder, and that of the folder it lies in.
        folders: Option<(FolderId, Option<FolderId>)>,
    },
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

/// How an export begins a line about an item, which is what most lines of a large file are about.
const ITEM: &[u8] = br#"{"type":"item","#;

/// Reads a line.
pub(super) fn read(text: &[u8]) -> Result<Line, Malformed> {
    if text.starts_with(ITEM) {
        return item(parse(text)?);
    }
    let head: Head<'_> = parse(text)?;
    let Some(kind) = Kind::from_name(&head.kind) else {
        if head.kind == "format" {
            return format(&parse(text)?);
        }
        return Err(wrong("type", format!("is `{}`, which no line is", head.kind), None));
    };
    match kind {
        Kind::Subscription => subscription(&parse(text)?),
        Kind::User => user(&parse(text)?),
        Kind::Group => group(parse(text)?),
        Kind::Member => Ok(member(&parse(text)?)),
        Kind::Folder => folder(parse(text)?),
        Kind::Item => item(parse(text)?),
        Kind::Grant => Ok(grant(&parse(text)?)),
        Kind::Invitation => invitation(&parse(text)?),
        Kind::JoinRequest => join_request(&parse(text)?),
        Kind::Tombstone => Ok(tombstone(&parse(text)?)),
        Kind::Entity => entity(&parse(text)?),
    }
}

/// Reads once; only what is wrong is read again, to say where.
fn parse<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Malformed> {
    serde_json::from_slice(text).or_else(|_| {
        let mut deserializer = serde_json::Deserializer::from_slice(text);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = error.path().to_string();
            // It is the whole text that is one line here.
            let detail = error.inner().to_string().replace("at line 1 column", "at column");
            Malformed { field: Some(path).filter(|path| path != "." && path != "?"), detail, rule: None }
        })
    })
}

fn wrong(field: &str, detail: impl Into<String>, rule: Option<&'static str>) -> Malformed {
    Malformed { field: Some(field.to_owned()), detail: detail.into(), rule }
}

type Rule = fn(&str) -> Result<(), TextError>;

fn texts(fields: &[(&str, Option<&str>, Rule)]) -> Result<(), Malformed> {
    for (field, text, rule) in fields {
        if let Some(Err(error)) = text.map(rule) {
            return Err(wrong(field, error.to_string(), None));
        }
    }
    Ok(())
}

/// What the database counts in has a sign.
fn count(field: &str, number: u64) -> Result<i64, Malformed> {
    i64::try_from(number).map_err(|_| wrong(field, format!("must be from 0 to {}, not {number}", i64::MAX), None))
}

#[expect(clippy::needless_pass_by_value, reason = "made only to be handed over")]
fn row(kind: Kind, columns: serde_json::Value) -> Line {
    Line::Row { kind, columns: columns.to_string(), folders: None }
}

fn format(record: &Format) -> Result<Line, Malformed> {
    if record.version == FORMAT_VERSION {
        return Ok(Line::Format);
    }
    Err(wrong("version", format!("is {}, and this conclave reads {FORMAT_VERSION}", record.version), None))
}

fn subscription(record: &Subscription) -> Result<Line, Malformed> {
    for (field, limit) in [("max_groups", record.max_groups), ("max_members", record.max_members)] {
        limit.map(|limit| count(field, limit)).transpose()?;
    }
    for (kind, capacity) in &record.capacities {
        count(&format!("capacities.{kind}"), *capacity)?;
    }
    // Pairs: each database has its own way through the names of an object.
    let capacities: Vec<_> = record.capacities.iter().collect();
    let columns = json!([record.id, record.max_groups, record.max_members, capacities]);
    Ok(row(Kind::Subscription, columns))
}

fn user(record: &User) -> Result<Line, Malformed> {
    texts(&[
        ("username", Some(&record.username), name),
        ("last_name", record.last_name.as_deref(), line),
        ("first_name", record.first_name.as_deref(), line),
        ("organization", record.organization.as_deref(), line),
        ("email", record.email.as_deref(), email),
        ("picture", record.picture.as_deref(), picture),
        ("language", record.language.as_deref(), language),
    ])?;
    let User { id, username, last_name, first_name, organization, email, picture, language, subscription, .. } = record;
    let columns = json!([id, username, last_name, first_name, organization, email, picture, language, subscription]);
    Ok(row(Kind::User, columns))
}

fn group(record: Group) -> Result<Line, Malformed> {
    texts(&[
        ("name", Some(&record.name), name),
        ("full_name", record.full_name.as_deref(), line),
        ("description", record.description.as_deref(), description),
        ("language", record.language.as_deref(), language),
        ("sector", record.sector.as_deref(), line),
    ])?;
    let switches =
        Switches { published: record.published, members_published: record.members_published, open: record.open };
    let Group { full_name, description, language, activity, sector, .. } = record;
    let settings = GroupSettings { full_name, description, language, activity, sector, switches };
    settings.check().map_err(|error| wrong(error.field(), error.detail(), Some(error.rule().id())))?;
    let columns = json!([
        record.id,
        record.name,
        fold(&record.name),
        record.administrator,
        settings.full_name,
        settings.description,
        settings.language,
        settings.activity,
        settings.sector,
        u8::from(switches.published),
        u8::from(switches.members_published),
        u8::from(switches.open),
        record.created_ms,
    ]);
    Ok(row(Kind::Group, columns))
}

fn member(record: &Member) -> Line {
    let Member { group, user, co_administrator, since_ms, .. } = record;
    row(Kind::Member, json!([group, user, u8::from(*co_administrator), since_ms]))
}

fn folder(record: Folder) -> Result<Line, Malformed> {
    texts(&[("name", record.name.as_deref(), line)])?;
    let (tool, outer) = record.parent.columns();
    let columns = json!([record.id, tool, outer, record.name, record.author]).to_string();
    let outer = match record.parent {
        Parent::Tool(_) => None,
        Parent::Folder(folder) => Some(folder),
    };
    Ok(Line::Row { kind: Kind::Folder, columns, folders: Some((record.id, outer)) })
}

fn item(record: Item) -> Result<Line, Malformed> {
    texts(&[("name", record.name.as_deref(), line), ("kind", record.kind.as_deref(), line)])?;
    let size = count("size", record.size)?;
    let contact = record.contact.map(checked_contact).transpose()?;
    let parent = match record.parent {
        Parent::Tool(tool) => items::Parent::Tool(tool.into()),
        Parent::Folder(folder) => items::Parent::Folder(folder.into()),
    };
    let Item { id, name, kind, author, .. } = record;
    Ok(Line::Item(NewItem { id: id.into(), parent, name, kind, author: author.into(), size, contact }))
}

/// User, email, first and last name.
fn checked_contact(contact: NewContact) -> Result<[Option<String>; 4], Malformed> {
    let names = contact.first_name.is_some() || contact.last_name.is_some();
    if contact.user.is_some() == contact.email.is_some() || (contact.user.is_some() && names) {
        return Err(wrong("contact", "is either a user, or an address with or without names", Some("A9")));
    }
    texts(&[
        ("contact.email", contact.email.as_deref(), email),
        ("contact.first_name", contact.first_name.as_deref(), line),
        ("contact.last_name", contact.last_name.as_deref(), line),
    ])?;
    let user = contact.user.map(|user| user.as_str().to_owned());
    Ok([user, contact.email, contact.first_name, contact.last_name])
}

fn join_request(record: &JoinRequest) -> Result<Line, Malformed> {
    texts(&[("message", Some(&record.message), message)])?;
    let JoinRequest { id, group, user, created_ms, closed_ms, .. } = record;
    Ok(row(Kind::JoinRequest, json!([id, group, user, record.message, created_ms, closed_ms])))
}

fn grant(record: &Grant) -> Line {
    let (kind, id) = match &record.resource {
        Resource::Tool(tool) => (types::TOOL, tool.as_str()),
        Resource::Folder(folder) => (types::FOLDER, folder.as_str()),
        Resource::Item(item) => (types::ITEM, item.as_str()),
    };
    let (grantee_type, grantee) = match &record.to {
        Grantee::User(user) => (types::USER, user.as_str()),
        Grantee::Group(group) => (types::GROUP, group.as_str()),
    };
    row(Kind::Grant, json!([kind, id, record.right, grantee_type, grantee, u8::from(record.kept)]))
}

fn invitation(record: &Invitation) -> Result<Line, Malformed> {
    texts(&[
        ("email", record.email.as_deref(), email),
        ("first_name", record.first_name.as_deref(), line),
        ("last_name", record.last_name.as_deref(), line),
    ])?;
    let rule = Some("A10");
    if record.token_hash.len() != 64 || !record.token_hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong("token_hash", "must be a SHA-256 in hexadecimal", rule));
    }
    if record.user.is_none() && record.email.is_none() {
        return Err(wrong("user", "or `email` must say whom it is for", rule));
    }
    let state = InvitationState::from_name(&record.state);
    let state = state.ok_or_else(|| wrong("state", "must be pending, accepted, declined or withdrawn", rule))?;
    if record.accepted_by.is_some() != (state == InvitationState::Accepted) {
        return Err(wrong("accepted_by", "goes with the state `accepted`, and only with it", rule));
    }
    if record.expires_ms < record.created_ms {
        return Err(wrong("expires_ms", "must not be before `created_ms`", rule));
    }
    let Invitation { id, group, user, email, first_name, last_name, token_hash, accepted_by, .. } = record;
    let columns = json!([
        id,
        group,
        user,
        email,
        first_name,
        last_name,
        token_hash,
        state.name(),
        accepted_by,
        record.created_ms,
        record.expires_ms,
    ]);
    Ok(row(Kind::Invitation, columns))
}

fn tombstone(record: &Tombstone) -> Line {
    let of = match record.of {
        Buried::User => types::USER,
        Buried::Group => types::GROUP,
    };
    row(Kind::Tombstone, json!([of, record.id]))
}

/// What the schema says of it is asked when a server starts on the database: an import knows no schema.
fn entity(Entity { entity, .. }: &Entity) -> Result<Line, Malformed> {
    let named = std::iter::once(("entity.uid", &entity.uid));
    for (field, uid) in named.chain(entity.parents.iter().map(|parent| ("entity.parents", parent))) {
        ItemId::new(uid.id.clone()).map_err(|error| wrong(field, format!("names `{uid}`, whose id {error}"), None))?;
    }
    let text =
        |part: &BTreeMap<_, _>| serde_json::to_string(part).map_err(|error| wrong("entity", error.to_string(), None));
    let (attributes, tags) = (text(&entity.attrs)?, text(&entity.tags)?);
    if attributes.len() + tags.len() > ENTITY_BYTES_MAX {
        return Err(wrong("entity", format!("has more than {ENTITY_BYTES_MAX} bytes of JSON"), None));
    }
    if entity.parents.len() > ENTITY_PARENTS_MAX {
        return Err(wrong("entity.parents", format!("are more than {ENTITY_PARENTS_MAX}"), None));
    }
    let parents: Vec<_> = entity.parents.iter().map(|uid| json!([uid.type_name, uid.id])).collect();
    Ok(row(Kind::Entity, json!([entity.uid.type_name, entity.uid.id, attributes, tags, parents])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (Option<String>, Option<&'static str>) {
        let error = read(text.as_bytes()).unwrap_err();
        (error.field, error.rule)
    }

    #[test]
    fn a_line_is_a_row_of_columns() {
        let text = r#"{"type":"tombstone","of":"user","id":"a"}"#;
        let columns = r#"["User","a"]"#.to_owned();
        assert_eq!(read(text.as_bytes()).unwrap(), Line::Row { kind: Kind::Tombstone, columns, folders: None });
        assert_eq!(read(br#"{"type":"format","version":1}"#).unwrap(), Line::Format);
    }

    #[test]
    fn an_item_is_read_whatever_its_fields_come_in_first() {
        let texts = [
            r#"{"type":"item","id":"a","parent":{"tool":"user:x/documents"},"author":"x","size":7}"#,
            r#" {"size":7,"author":"x","parent":{"tool":"user:x/documents"},"type":"it\u0065m","id":"a"}"#,
        ];
        let [Ok(Line::Item(item)), Ok(Line::Item(same))] = texts.map(|text| read(text.as_bytes())) else {
            panic!("no items")
        };
        assert_eq!(item.columns(), r#"["a","user:x/documents",null,null,null,"x",7]"#);
        assert_eq!(item, same);
    }

    #[test]
    fn what_is_wrong_with_a_line_names_the_field_and_the_rule() {
        for (text, field, rule) in [
            ("", None, None),
            ("[]", None, None),
            (r#"{"id":"a"}"#, None, None),
            (r#"{"type":"thing"}"#, Some("type"), None),
            (r#"{"type":"format","version":2}"#, Some("version"), None),
            (r#"{"type":"user","id":"a/b","username":"a","subscription":"s"}"#, Some("id"), None),
            (r#"{"type":"user","id":"a","username":"","subscription":"s"}"#, Some("username"), None),
            (r#"{"type":"user","id":"a","username":"a","subscription":"s","email":"x"}"#, Some("email"), None),
            (r#"{"type":"user","id":"a","username":7,"subscription":"s"}"#, Some("username"), None),
            (r#"{"type":"user","id":"a","username":"a","subscription":"s","x":1}"#, Some("x"), None),
            (
                r#"{"type":"group","id":"g","name":"G","administrator":"a","created_ms":0,"open":true}"#,
                Some("open"),
                Some("A7"),
            ),
            (
                r#"{"type":"group","id":"g","name":"G","administrator":"a","created_ms":0,"sector":"x"}"#,
                Some("sector"),
                Some("A6"),
            ),
            (r#"{"type":"item","id":"i","parent":{"tool":"t"},"author":"a","size":-1}"#, Some("size"), None),
            (
                r#"{"type":"item","id":"i","parent":{"tool":"t"},"author":"a","size":9223372036854775808}"#,
                Some("size"),
                None,
            ),
            (
                r#"{"type":"subscription","id":"s","capacities":{"documents":9223372036854775808}}"#,
                Some("capacities.documents"),
                None,
            ),
            (
                r#"{"type":"invitation","id":"i","group":"g","email":"a@b","token_hash":"00","state":"pending","created_ms":0,"expires_ms":1}"#,
                Some("token_hash"),
                Some("A10"),
            ),
        ] {
            assert_eq!(refused(text), (field.map(str::to_owned), rule), "{text}");
        }
    }
}
