//! A question as it stands in a request's body.

use crate::admin::schema::Reference;
use crate::check::RequestRef;
use crate::config::limits::{LENT_BYTES_MAX, LENT_ENTITIES_MAX};
use crate::domain::json::{Object, objects};
use crate::domain::lent::Manner;
use crate::domain::uid::UidRef;
use crate::domain::{Context, EntityRecord, Lent, LentError};
use crate::http::auth::Asker;
use crate::http::error::Problem;
use serde::Deserialize;
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
    /// Facts lent for this request alone, in Cedar's entity JSON: items and folders that are not stored,
    /// or further attributes. Never anything about a `User`, a `Group` or a `Role`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    entities: Option<Vec<Object<EntityRecord>>>,
}

/// Several questions, to be answered from one state.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Batch<'a> {
    #[serde(borrow, deserialize_with = "objects")]
    pub(super) requests: Vec<Question<'a>>,
}

impl Question<'_> {
    /// The question in the words of the domain. `place` stands before a field's name in what is
    /// refused: empty, or `requests[3].`.
    ///
    /// Context and entities are taken out: a question is asked once.
    ///
    /// # Errors
    /// 400 for a part that is malformed, 403 if the asker may not ask about this principal.
    pub(super) fn request(&mut self, asker: &Asker, place: &str) -> Result<RequestRef<'_>, Problem> {
        let principal = reference(&self.principal, place, "principal")?;
        asker.speaks_for(&principal, place, "principal")?;
        Ok(RequestRef {
            principal,
            action: reference(&self.action, place, "action")?,
            resource: reference(&self.resource, place, "resource")?,
            context: self.context.take().unwrap_or_default(),
            lent: lent(self.entities.take().unwrap_or_default(), place)?,
        })
    }
}

fn reference<'a>(text: &'a str, place: &str, field: &str) -> Result<UidRef<'a>, Problem> {
    UidRef::parse(text).map_err(|error| Problem::malformed(format!("{place}{field}"), error))
}

fn lent(entities: Vec<Object<EntityRecord>>, place: &str) -> Result<Lent, Problem> {
    let field = || format!("{place}entities");
    if entities.len() > LENT_ENTITIES_MAX {
        let detail = format!("must hold at most {LENT_ENTITIES_MAX} entities, not {}", entities.len());
        return Err(Problem::out_of_range(field(), detail));
    }
    let entities = entities.into_iter().map(|Object(entity)| entity).collect();
    let lent = Lent::new(Manner::Entities, entities).map_err(|LentError { place: at, path, detail }| {
        Problem::malformed(format!("{place}entities[{at}].{path}"), detail)
    })?;
    if lent.weight() > LENT_BYTES_MAX {
        return Err(Problem::out_of_range(field(), format!("must take at most {LENT_BYTES_MAX} bytes of memory")));
    }
    Ok(lent)
}
