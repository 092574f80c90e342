//! A search as it stands in a request's body. What the specification does not name is passed over.

use crate::check::Searched;
use crate::domain::uid::types;
use crate::domain::{Context, EntityUid, Value};
use crate::search::Page;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use smol_str::SmolStr;
use utoipa::ToSchema;

/// Who may do this to that?
#[derive(Debug, Deserialize, ToSchema)]
pub struct SubjectSearch {
    subject: Kind,
    action: Action,
    resource: Entity,
    /// Circumstances; what the schema does not know is passed over.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Json>>,
    /// Which page.
    #[serde(default)]
    #[schema(inline)]
    pub(super) page: PageAsked,
}

/// To what may they do this?
#[derive(Debug, Deserialize, ToSchema)]
pub struct ResourceSearch {
    subject: Entity,
    action: Action,
    resource: Kind,
    /// Circumstances; what the schema does not know is passed over.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Json>>,
    /// Which page.
    #[serde(default)]
    #[schema(inline)]
    pub(super) page: PageAsked,
}

/// What may they do to that?
#[derive(Debug, Deserialize, ToSchema)]
pub struct ActionSearch {
    subject: Entity,
    resource: Entity,
    /// Circumstances; what the schema does not know is passed over.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    context: Option<Map<String, Json>>,
    /// Which page.
    #[serde(default)]
    #[schema(inline)]
    pub(super) page: PageAsked,
}

/// What is sought: any of a type.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SearchedType)]
struct Kind {
    /// A Cedar entity type.
    #[schema(max_length = 255)]
    r#type: String,
}

/// A subject or a resource.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SearchEntity)]
struct Entity {
    /// A Cedar entity type.
    #[schema(max_length = 255)]
    r#type: String,
    #[schema(max_length = 255)]
    id: String,
}

/// An action.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = SearchAction)]
struct Action {
    /// The id of a Cedar action; the whole reference if its type is in a namespace.
    #[schema(max_length = 255)]
    name: String,
    /// What policies see as `context.action`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    properties: Option<Map<String, Json>>,
}

/// Which page of the results.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(super) struct PageAsked {
    /// `next_token` of the page before; all else must be as it was there.
    #[serde(default)]
    #[schema(max_length = 8192)]
    token: Option<String>,
    /// Most results of a page.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 4_294_967_295_u64)]
    limit: Option<u32>,
}

impl PageAsked {
    /// An empty token is that of the first page: an empty `next_token` is none.
    pub(super) fn page(&self) -> Page {
        Page { limit: self.limit, token: self.token.clone().filter(|token| !token.is_empty()) }
    }
}

impl SubjectSearch {
    pub(super) fn searched(self) -> Searched {
        let context = context(self.context, self.action.properties.as_ref());
        let (type_name, action) = (self.subject.r#type.into(), action(&self.action.name));
        Searched { principal: true, type_name, known: self.resource.uid(), action, context }
    }
}

impl ResourceSearch {
    pub(super) fn searched(self) -> Searched {
        let context = context(self.context, self.action.properties.as_ref());
        let (type_name, action) = (self.resource.r#type.into(), action(&self.action.name));
        Searched { principal: false, type_name, known: self.subject.uid(), action, context }
    }
}

impl ActionSearch {
    pub(super) fn asked(self) -> (EntityUid, EntityUid, Context) {
        (self.subject.uid(), self.resource.uid(), context(self.context, None))
    }
}

impl Entity {
    fn uid(self) -> EntityUid {
        EntityUid::new(self.r#type, self.id)
    }
}

fn action(name: &str) -> EntityUid {
    EntityUid::parse(name).unwrap_or_else(|_| EntityUid::new(types::ACTION, name))
}

fn context(context: Option<Map<String, Json>>, action: Option<&Map<String, Json>>) -> Context {
    let fields = context.unwrap_or_default();
    let mut context = Context(fields.into_iter().map(|(name, value)| (name.into(), read(value))).collect());
    if let Some(properties) = action {
        context.0.insert(SmolStr::new_static("action"), read(Json::Object(properties.clone())));
    }
    context
}

/// JSON as Cedar can hold it. What it cannot hold, such as a fraction, becomes a null, which no schema accepts: it
/// is refused where the schema has such a field, and passed over where it has not.
fn read(value: Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(number) => number.as_i64().map_or(Value::Null, Value::Long),
        Json::String(text) => Value::String(text.into()),
        Json::Array(values) => Value::Array(values.into_iter().map(read).collect()),
        Json::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name.into(), read(value))).collect())
        }
    }
}
