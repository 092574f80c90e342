//! What a request asks: subject, action, resource and context, each of which may stand elsewhere.

use crate::admin::schema::Word;
use crate::check::Told;
use crate::domain::EntityUid;
use crate::domain::json::Object;
use crate::domain::shape::{Anything, Fields};
use crate::domain::uid::{UidRef, types};
use crate::http::auth::Asker;
use crate::http::error::Problem;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use utoipa::ToSchema;

/// Who asks, or what about.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(in crate::http) struct Entity {
    /// A Cedar entity type.
    #[serde(rename = "type")]
    #[schema(value_type = Word)]
    pub(in crate::http) type_name: String,
    /// The entity's id.
    #[schema(value_type = Word)]
    pub(in crate::http) id: String,
    /// Attributes of the host's own, for this request alone.
    #[serde(default, deserialize_with = "fields")]
    #[schema(value_type = Option<Object>)]
    pub(in crate::http) properties: Fields,
}

/// What is to be done.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub(in crate::http) struct Action {
    /// A Cedar action: `view`, or with its namespace `Shop::Action::"buy"`.
    #[schema(value_type = Word)]
    pub(in crate::http) name: String,
    /// What policies see as `context.action`, where the schema has it.
    #[serde(default, deserialize_with = "fields")]
    #[schema(value_type = Option<Object>)]
    pub(in crate::http) properties: Fields,
}

/// The parts of a question, as far as they are said here.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::http) struct Parts {
    #[serde(default, deserialize_with = "object")]
    pub(in crate::http) subject: Option<Entity>,
    #[serde(default, deserialize_with = "object")]
    pub(in crate::http) action: Option<Action>,
    #[serde(default, deserialize_with = "object")]
    pub(in crate::http) resource: Option<Entity>,
    #[serde(default, deserialize_with = "said")]
    pub(in crate::http) context: Option<Fields>,
}

/// A question: what is not known of it is passed over.
#[derive(ToSchema)]
#[schema(as = Evaluation)]
#[expect(dead_code, reason = "describes `Parts` where all of them must be there")]
pub(in crate::http) struct Question {
    #[schema(inline = false)]
    subject: Entity,
    action: Action,
    resource: Entity,
    /// Circumstances of this request alone.
    #[schema(value_type = Option<Object>)]
    context: Option<()>,
}

impl Parts {
    /// These parts, and in the place of those that are not here the others', each of them whole.
    pub(in crate::http) fn or(self, others: &Self) -> Self {
        Self {
            subject: self.subject.or_else(|| others.subject.clone()),
            action: self.action.or_else(|| others.action.clone()),
            resource: self.resource.or_else(|| others.resource.clone()),
            context: self.context.or_else(|| others.context.clone()),
        }
    }

    /// The question; `None` if it names what no schema can have.
    ///
    /// # Errors
    /// 400 if a part is missing, 403 if the asker may not ask about this subject.
    pub(in crate::http) fn told(self, asker: &Asker) -> Result<Option<Told>, Problem> {
        let missing = |part: &str| Problem::malformed(part, "is missing");
        let subject = self.subject.ok_or_else(|| missing("subject"))?;
        let action = self.action.ok_or_else(|| missing("action"))?;
        let resource = self.resource.ok_or_else(|| missing("resource"))?;
        subject.is_asked_by(asker)?;
        let (Some(principal), Some(about)) = (subject.uid(), resource.uid()) else {
            return Ok(None);
        };
        Ok(Some(Told {
            principal,
            principal_properties: subject.properties,
            action: action.uid(),
            action_properties: action.properties,
            resource: about,
            resource_properties: resource.properties,
            context: self.context.unwrap_or_default(),
        }))
    }
}

impl Entity {
    /// The entity, if its type is written as types are.
    pub(in crate::http) fn uid(&self) -> Option<EntityUid> {
        UidRef::of_parts(&self.type_name, &self.id).map(|uid| uid.to_owned())
    }

    /// That the asker may ask about this subject.
    ///
    /// # Errors
    /// 403 if not.
    pub(in crate::http) fn is_asked_by(&self, asker: &Asker) -> Result<(), Problem> {
        // Not `uid`: what no schema can have is somebody else too.
        let subject = UidRef { type_name: &self.type_name, id: Cow::Borrowed(&self.id) };
        asker.speaks_for(&subject, "", "subject")
    }
}

impl Action {
    /// The action. A name that is no reference is that of an action without namespace.
    pub(in crate::http) fn uid(&self) -> EntityUid {
        match EntityUid::parse(&self.name) {
            Ok(uid) if is_action(&uid.type_name) => uid,
            _ => EntityUid::action(&self.name),
        }
    }
}

fn is_action(type_name: &str) -> bool {
    type_name == types::ACTION || type_name.rsplit_once("::").is_some_and(|(_, last)| last == types::ACTION)
}

/// An object, if it is said at all; never an array, whose elements serde would take for fields.
pub(super) fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(object)| object))
}

/// An object that may say anything, and as much as nothing where it is null.
fn fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
    said(deserializer).map(Option::unwrap_or_default)
}

/// The same, told from nothing.
pub(super) fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Fields>, D::Error> {
    match Anything::deserialize(deserializer)? {
        Anything::Object(fields) => Ok(Some(fields)),
        Anything::Null => Ok(None),
        _ => Err(D::Error::custom("must be an object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_named_with_or_without_its_namespace() {
        let uid = |name: &str| Action { name: name.to_owned(), properties: Fields::new() }.uid().to_string();
        assert_eq!(uid("view"), r#"Action::"view""#);
        assert_eq!(uid(r#"Action::"view""#), r#"Action::"view""#);
        assert_eq!(uid(r#"Shop::Action::"buy""#), r#"Shop::Action::"buy""#);
        assert_eq!(uid(r#"User::"view""#), r#"Action::"User::\"view\"""#, "any text may be the name of an action");
    }

    #[test]
    fn defaults_are_taken_whole() {
        let read = |text: &str| serde_json::from_str::<Parts>(text).unwrap();
        let defaults = read(
            r#"{"subject":{"type":"User","id":"ann","properties":{"a":1}},"action":{"name":"view"},"context":{"b":2}}"#,
        );
        let item = read(r#"{"subject":{"type":"User","id":"ben"},"context":{},"more":1}"#).or(&defaults);
        let subject = item.subject.unwrap();
        assert_eq!((subject.id.as_str(), subject.properties.len()), ("ben", 0), "nothing of the other subject");
        assert_eq!(item.context, Some(Fields::new()));
        assert_eq!(item.action.unwrap().name, "view");
        assert!(item.resource.is_none());
        assert_eq!(read(r#"{"context":null}"#).or(&defaults).context.unwrap().len(), 1, "null is not said");
    }

    #[test]
    fn what_is_missing_is_named() {
        let told = |text: &str| serde_json::from_str::<Parts>(text).unwrap().told(&Asker::Host);
        assert_eq!(told("{}").unwrap_err().field.as_deref(), Some("subject"));
        let subject = r#""subject":{"type":"User","id":"ann"}"#;
        assert_eq!(told(&format!("{{{subject}}}")).unwrap_err().field.as_deref(), Some("action"));
        let asked = format!(r#"{{{subject},"action":{{"name":"view"}},"resource":{{"type":"a b","id":""}}}}"#);
        assert_eq!(told(&asked).unwrap(), None, "no schema has such a type");
    }
}
