//! A question as it stands in a request's body.

use crate::admin::schema::Reference;
use crate::check::RequestRef;
use crate::domain::Context;
use crate::domain::uid::UidRef;
use crate::http::error::Problem;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::borrow::Cow;
use utoipa::ToSchema;

/// One question: cedar-agent's shape. Names it does not know are refused, as they may be a
/// misspelled `context` without which the answer would be another.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Question<'a> {
    #[serde(borrow)]
    #[schema(value_type = Reference)]
    principal: Cow<'a, str>,
    #[serde(borrow)]
    #[schema(value_type = Reference)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    #[schema(value_type = Reference)]
    resource: Cow<'a, str>,
    /// Circumstances of this request alone, such as the `size` of what is added.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    context: Option<Context>,
    /// Facts lent for this request alone, by number only: they are not taken yet.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>, max_items = 0)]
    entities: Option<Vec<IgnoredAny>>,
}

/// Several questions, to be answered from one state.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch<'a> {
    #[serde(borrow)]
    pub(super) requests: Vec<Question<'a>>,
}

impl Question<'_> {
    /// The question in the words of the domain. `place` stands before a field's name in what is
    /// refused: empty, or `requests[3].`.
    ///
    /// The context is taken out: a question is asked once.
    pub(super) fn request(&mut self, place: &str) -> Result<RequestRef<'_>, Problem> {
        if self.entities.as_ref().is_some_and(|entities| !entities.is_empty()) {
            return Err(Problem::malformed(format!("{place}entities"), "is not supported yet: leave it out or empty"));
        }
        Ok(RequestRef {
            principal: reference(&self.principal, place, "principal")?,
            action: reference(&self.action, place, "action")?,
            resource: reference(&self.resource, place, "resource")?,
            context: self.context.take().unwrap_or_default(),
        })
    }
}

fn reference<'a>(text: &'a str, place: &str, field: &str) -> Result<UidRef<'a>, Problem> {
    UidRef::parse(text).map_err(|error| Problem::malformed(format!("{place}{field}"), error))
}
