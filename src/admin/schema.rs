//! How the words of requests and answers look in the OpenAPI document: the domain knows their bounds,
//! here each is stated as a JSON schema.

mod domain;

use crate::domain::id::ID_CHARACTERS_MAX;
use crate::domain::text::{
    DESCRIPTION_CHARACTERS_MAX, EMAIL_CHARACTERS_MAX, LANGUAGE_CHARACTERS_MAX, LINE_CHARACTERS_MAX,
    MESSAGE_CHARACTERS_MAX, PICTURE_CHARACTERS_MAX,
};
use crate::domain::{
    FolderId, GroupId, InvitationId, ItemId, JoinRequestId, Revision, SubscriptionId, ToolKind, UserId,
};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{RefOr, schema::SchemaType};
use utoipa::{PartialSchema, ToSchema};

/// An id of a user, a group or an invitation: no control characters, neither `.` nor `..`, no `/`.
const ID: &str = r"^(?!\.{1,2}$)[^/\u0000-\u001f\u007f-\u009f]+$";
/// Any other id.
const ID_WITH_SLASH: &str = r"^(?!\.{1,2}$)[^\u0000-\u001f\u007f-\u009f]+$";
/// The name of an entity type, as far as its form goes.
const TYPE: &str = r"^[A-Za-z_][A-Za-z0-9_]*(::[A-Za-z_][A-Za-z0-9_]*)*$";
/// One line: no control characters.
const ONE_LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// As far as a pattern can say what mail can be sent to.
const MAIL: &str = r"^[^\s<>,;\u0000-\u001f\u007f-\u009f]+@[^\s<>,;@\u0000-\u001f\u007f-\u009f]+$";
/// A BCP 47 tag, as far as its form goes.
const TAG: &str = r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$";
/// As Cedar writes it.
const REFERENCE: &str = r#"^([A-Za-z_][A-Za-z0-9_]*::)+"([^"\\]|\\.)*"$"#;

/// A name, organization or sector: one line of text.
pub struct Line;
/// What a group or a user is called: one line of text that shows something.
pub struct Name;
/// Text of several lines.
pub struct Description;
/// What somebody writes to an administrator.
pub struct Message;
/// Where mail is sent.
pub struct Email;
/// The language of a text.
pub struct Language;
/// A reference to a picture, as the host understands it.
pub struct Picture;
/// An entity, as Cedar writes it.
pub struct Reference;
/// A type of entities.
pub struct EntityType;
/// What a tool may hold, in its own unit, if there is a limit.
pub struct Capacity(pub Option<i64>);
/// Any text, as long as the body may be.
pub struct Word;
/// The secret by which an invitation is accepted.
pub struct InvitationToken;
/// An amount in a tool's own unit, or a number of things.
pub struct Amount;

fn text(characters_min: usize, characters_max: usize, pattern: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .min_length(Some(characters_min))
        .max_length(Some(characters_max))
        .pattern(Some(pattern))
}

fn amount() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::Integer))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(0))
        .maximum(Some(i64::MAX))
}

macro_rules! schemas {
    ($($name:ident: $schema:expr, $description:literal;)*) => {$(
        impl ToSchema for $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                $schema.description(Some($description)).into()
            }
        }
    )*};
}

schemas! {
    UserId: text(1, ID_CHARACTERS_MAX, ID),
        "A person's id, chosen by the host: no control characters, no `/`, neither `.` nor `..`";
    GroupId: text(1, ID_CHARACTERS_MAX, ID),
        "A group's id, the host's or a UUIDv7: no control characters, no `/`, neither `.` nor `..`";
    InvitationId: text(1, ID_CHARACTERS_MAX, ID), "An invitation's id, a UUIDv7; not its token";
    JoinRequestId: text(1, ID_CHARACTERS_MAX, ID), "A request's id, a UUIDv7";
    FolderId: text(1, ID_CHARACTERS_MAX, ID_WITH_SLASH),
        "A folder's id, the host's or a UUIDv7: no control characters, neither `.` nor `..`";
    ItemId: text(1, ID_CHARACTERS_MAX, ID_WITH_SLASH),
        "An item's id, the host's or a UUIDv7: no control characters, neither `.` nor `..`";
    SubscriptionId: text(1, ID_CHARACTERS_MAX, ID_WITH_SLASH),
        "A plan's id, chosen by the host: no control characters, neither `.` nor `..`";
    ToolKind: ObjectBuilder::new().schema_type(SchemaType::new(Type::String)),
        "A kind of tool, such as `documents`: one that is configured";
    Revision: amount(), "How many changes the store has seen";
    Line: text(0, LINE_CHARACTERS_MAX, ONE_LINE), "One line without control characters";
    Name: text(1, LINE_CHARACTERS_MAX, ONE_LINE), "One line that shows something, without control characters";
    Description: ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .max_length(Some(DESCRIPTION_CHARACTERS_MAX)),
        "Several lines; no control characters but line breaks and tabs";
    Message: ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .max_length(Some(MESSAGE_CHARACTERS_MAX)),
        "Several lines; no control characters but line breaks and tabs";
    Email: text(3, EMAIL_CHARACTERS_MAX, MAIL), "Where mail is sent";
    Language: text(2, LANGUAGE_CHARACTERS_MAX, TAG), "A BCP 47 tag such as `en` or `nl-BE`";
    Picture: text(0, PICTURE_CHARACTERS_MAX, ONE_LINE), "A reference to a picture, as the host understands it";
    Reference: ObjectBuilder::new().schema_type(SchemaType::new(Type::String)).pattern(Some(REFERENCE)),
        "An entity as Cedar writes it, such as `User::\"director\"`";
    Word: ObjectBuilder::new().schema_type(SchemaType::new(Type::String)), "Any text";
    EntityType: text(1, ID_CHARACTERS_MAX, TYPE),
        "A type of entities, with its namespace if it has one, such as `Shop::Order`";
    InvitationToken: text(64, 64, "^[0-9a-f]*$"), "The secret by which an invitation is accepted";
    Capacity: amount().schema_type(SchemaType::from_iter([Type::Integer, Type::Null])),
        "In the tool's own unit (bytes of documents, say); `null` is without limit";
    Amount: amount(), "In the tool's own unit (bytes of documents, say), or a number of things";
}
