//! Entities from a file: for evaluation that has no store.

use super::Bundle;
use super::diagnostic::Problem;
use super::json;
use super::sources::SourceFile;
use crate::cedar::{self, Entity};
use crate::domain::entity::reference;
use crate::domain::uid::types;
use crate::domain::{EntityRecord, EntityUid};
use cedar_policy::Entities;
use cedar_policy_core::entities::{NoEntitiesSchema, TCComputation};
use cedar_policy_core::extensions::Extensions;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

/// Of an entity, only which it is.
#[derive(Deserialize)]
struct Named {
    #[serde(deserialize_with = "reference")]
    uid: EntityUid,
}

/// Every entity there is, for evaluation without a store.
#[derive(Debug)]
pub struct AllEntities(pub(super) Entities);

/// An entity that Cedar does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misdescribed {
    /// Which of those that were given, from 0, as far as it can be told.
    pub number: Option<usize>,
    /// What is wrong with it.
    pub message: String,
}

impl AllEntities {
    /// Whether this entity is among them.
    #[must_use]
    pub fn holds(&self, uid: &EntityUid) -> bool {
        cedar::uid(uid).is_ok_and(|uid| self.0.get(&uid.into()).is_some())
    }

    /// Every entity that is no action, sorted.
    #[must_use]
    pub fn uids(&self) -> Vec<EntityUid> {
        let uids = self.0.iter().map(|entity| cedar::domain_uid(entity.as_ref().uid()));
        let is_action = |uid: &EntityUid| uid.type_name.rsplit("::").next() == Some(types::ACTION);
        let mut uids: Vec<_> = uids.filter(|uid| !is_action(uid)).collect();
        uids.sort();
        uids
    }

    /// These and more; what is in what is found out anew over all of them.
    ///
    /// # Errors
    /// What Cedar says of two different entities of one name, or of one that is in itself.
    pub fn joined(self, more: impl IntoIterator<Item = Arc<Entity>>) -> Result<Self, String> {
        let core: cedar_policy_core::entities::Entities = self.0.as_ref().clone();
        let (schema, computed) = (None::<&NoEntitiesSchema>, TCComputation::ComputeNow);
        let joined = core.add_entities(more, schema, computed, Extensions::all_available());
        joined.map(|core| Self(core.into())).map_err(|error| chain(&error))
    }
}

impl Bundle {
    /// Reads entities in Cedar's JSON form. Where there is a schema they are held against it, may leave out what it
    /// makes clear (`__entity`, `__extn`), and its actions are among them.
    ///
    /// # Errors
    /// [`Problem`] with the place, as far as it can be told.
    pub fn entities(&self, file: &Arc<SourceFile>) -> Result<AllEntities, Problem> {
        let elements = json::elements(file)?;
        Entities::from_json_str(&file.text, self.schema()).map(AllEntities).map_err(|error| {
            let message = chain(&error);
            // Cedar says which entity it is about by name alone.
            let mut starts = elements.iter().map(|element| (json::place(file, element), element.get()));
            let culprit = starts.find(|(_, text)| is_named(text, &message));
            let problem = Problem::error(format!("{}: {message}", file.name));
            match culprit {
                Some((start, text)) => problem.at(file, (start, text.lines().next().map_or(0, str::len)).into()),
                None => json::problem(file, &message),
            }
        })
    }
}

impl Bundle {
    /// Entities as hosts describe them, held against the schema where there is one; its actions are among them.
    ///
    /// # Errors
    /// [`Misdescribed`] with the number of the one at fault.
    pub fn described(&self, records: &[&EntityRecord]) -> Result<AllEntities, Misdescribed> {
        let unnumbered = |error: &dyn Error| Misdescribed { number: None, message: chain(error) };
        let text = serde_json::to_string(records).map_err(|error| unnumbered(&error))?;
        Entities::from_json_str(&text, self.schema()).map(AllEntities).map_err(|error| {
            let message = chain(&error);
            let number = records.iter().position(|record| message.contains(&format!("`{}`", record.uid)));
            Misdescribed { number, message }
        })
    }
}

/// The entities of a file of JSON, each with the line on which it begins; what is none is passed over.
#[must_use]
pub fn entity_lines(file: &SourceFile) -> Vec<(EntityUid, usize)> {
    let elements: Vec<&RawValue> = serde_json::from_str(&file.text).unwrap_or_default();
    let line = |element: &RawValue| file.position(json::place(file, element)).0;
    let named = |element: &RawValue| serde_json::from_str::<Named>(element.get()).ok().map(|named| named.uid);
    elements.into_iter().filter_map(|element| Some((named(element)?, line(element)))).collect()
}

fn is_named(entity: &str, message: &str) -> bool {
    let uid = serde_json::from_str::<Named>(entity).map(|named| named.uid.to_string());
    uid.is_ok_and(|uid| message.contains(&format!("`{uid}`")))
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a String cannot fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
