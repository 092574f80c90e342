//! Facts about entities, read in one statement together with the revision they belong to.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `request` | what is asked for, as far as it can be stored |
//! | `parts` | the facts about an entity of each kind, as SQL |
//! | `few`, `many` | the two statements made of them: for the entities of a slice, and for any number |
//! | `known` | keys of items that the same snapshot has just shown |
//! | `row`, `found` | from what the database answers to facts |
//! | `chain` | the same facts with each grant left where it sits |

mod chain;
mod few;
mod found;
mod known;
mod many;
pub(in crate::store) mod parts;
mod request;
mod row;

pub(super) use chain::chain;
pub(super) use known::KnownKeys;

use super::error::StoreError;
use crate::domain::EntityUid;
use crate::domain::facts::{Keeper, Neighbours, Snapshot, Wanted};
use crate::domain::uid::types;
use crate::store::sql::{Connection, Row};
use found::Found;
use request::Request;

/// Reads the revision and all that is wanted.
///
/// INVARIANT: one statement, so one snapshot. Two would let a write pass between them, and an
/// answer could rest on facts of two revisions while it is stamped with one.
pub(super) async fn fetch<'a>(
    connection: &mut Connection,
    wanted: &'a [Wanted],
    known: &KnownKeys,
) -> Result<Rows<'a>, StoreError> {
    let request = Request::of(wanted);
    let answer = if request.stored.len() <= few::ENTITIES_MAX {
        Answer::Few(few::fetch(connection, &request.stored).await?)
    } else {
        Answer::Many(many::fetch(connection, &request.stored, known).await?)
    };
    Ok(Rows { request, answer })
}

/// Asks once what decisions ask, about nobody. The first question over a connection to a server has that read up on every
/// table, which takes as long as some hundred questions.
pub(super) async fn rehearse(connection: &mut Connection) -> Result<(), StoreError> {
    let wanted = [types::USER, types::ITEM].map(|type_name| Wanted {
        uid: EntityUid::new(type_name, "nobody"),
        neighbours: Neighbours::ALL,
        keeper: Keeper::Conclave,
    });
    fetch(connection, &wanted, &KnownKeys::default()).await.map(drop)
}

/// What the database answered: to be read when the connection is free for others again.
pub(super) struct Rows<'a> {
    request: Request<'a>,
    answer: Answer,
}

enum Answer {
    Few(Row),
    Many(Row),
}

impl Rows<'_> {
    /// Makes facts of the rows. What was asked for and has none is not stored.
    pub(super) fn snapshot(self) -> Result<Snapshot, StoreError> {
        let mut found = Found::nothing_of(self.request.all.into_iter().cloned().collect());
        let revision = match &self.answer {
            Answer::Few(row) => few::read(&self.request.stored, row, &mut found)?,
            Answer::Many(row) => many::read(row, &mut found)?,
        };
        Ok(Snapshot { revision, entities: found.into_entities() })
    }
}

#[cfg(test)]
mod tests;
