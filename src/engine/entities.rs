//! Entities from a file: for evaluation that has no store.

use super::Bundle;
use super::diagnostic::Problem;
use super::json;
use super::sources::SourceFile;
use crate::domain::EntityUid;
use crate::domain::entity::reference;
use cedar_policy::Entities;
use serde::Deserialize;
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
