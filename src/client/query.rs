//! A question, as the sidecar takes it.

use crate::domain::EntityUid;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

/// An action: `"view"` is short for `Action::"view"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action(pub EntityUid);

impl From<&str> for Action {
    fn from(name: &str) -> Self {
        Self(EntityUid::action(name))
    }
}

impl From<EntityUid> for Action {
    fn from(uid: EntityUid) -> Self {
        Self(uid)
    }
}

/// May this principal do this action on this resource?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    principal: EntityUid,
    action: EntityUid,
    resource: EntityUid,
    context: Option<Value>,
    entities: Option<Value>,
}

impl Query {
    /// A question without circumstances.
    #[must_use]
    pub fn new(principal: EntityUid, action: impl Into<Action>, resource: EntityUid) -> Self {
        Self { principal, action: action.into().0, resource, context: None, entities: None }
    }

    /// Circumstances of this question alone, a JSON object: `json!({"size": 1000})` of what is to be added.
    #[must_use]
    pub fn context(mut self, context: impl Into<Value>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Facts lent to this question alone, an array in Cedar's entity JSON.
    #[must_use]
    pub fn entities(mut self, entities: impl Into<Value>) -> Self {
        self.entities = Some(entities.into());
        self
    }
}

impl Serialize for Query {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Query", 5)?;
        fields.serialize_field("principal", &self.principal.to_string())?;
        fields.serialize_field("action", &self.action.to_string())?;
        fields.serialize_field("resource", &self.resource.to_string())?;
        match &self.context {
            Some(context) => fields.serialize_field("context", context)?,
            None => fields.skip_field("context")?,
        }
        match &self.entities {
            Some(entities) => fields.serialize_field("entities", entities)?,
            None => fields.skip_field("entities")?,
        }
        fields.end()
    }
}
