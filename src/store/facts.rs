//! Facts about entities, read in one statement together with the revision they belong to.

mod row;
mod statement;

use super::error::StoreError;
use super::limits::FOLDER_DEPTH_MAX;
use crate::domain::facts::{Snapshot, Wanted};
use crate::domain::uid::types;
use crate::domain::{EntityUid, FolderId, GroupId, ItemId, Revision, ToolId, UserId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use std::collections::HashMap;

/// Reads the revision and all that is wanted.
///
/// INVARIANT: one statement, so one snapshot. Two would let a write pass between them, and an
/// answer could rest on facts of two revisions while it is stamped with one.
pub(super) async fn fetch(connection: &mut SqliteConnection, wanted: &[Wanted]) -> Result<Rows, StoreError> {
    let request = Request::of(wanted);
    let json = serde_json::to_string(&request.stored).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let depth_max = i64::try_from(FOLDER_DEPTH_MAX).unwrap_or(i64::MAX);
    let rows = sqlx::query(statement::FACTS).bind(json).bind(depth_max).fetch_all(connection).await?;
    Ok(Rows { asked: request.asked, rows })
}

/// What the database answered: to be read when the connection is free for others again.
pub(super) struct Rows {
    asked: Vec<EntityUid>,
    rows: Vec<SqliteRow>,
}

impl Rows {
    /// Makes facts of the rows. What was asked for and has no row is not stored.
    pub(super) fn snapshot(self) -> Result<Snapshot, StoreError> {
        let places: HashMap<EntityUid, usize> = self.asked.iter().cloned().zip(0..).collect();
        let mut entities: Vec<_> = self.asked.into_iter().map(|uid| (uid, None)).collect();
        let mut revision = None;
        for row in &self.rows {
            let (type_name, id, json): (&str, &str, &str) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            if type_name == "revision" {
                revision = Some(Revision(row::read(json)?));
                continue;
            }
            let (uid, facts) = (EntityUid::new(type_name, id), Some(row::decode(type_name, json)?));
            if let Some(entity) = places.get(&uid).and_then(|place| entities.get_mut(*place)) {
                entity.1 = facts;
            } else {
                entities.push((uid, facts));
            }
        }
        let revision = revision.ok_or_else(|| StoreError::Corrupt("no revision".to_owned()))?;
        Ok(Snapshot { revision, entities })
    }
}

/// What is wanted, each entity once.
struct Request<'a> {
    /// All of them, in the order they were first asked for.
    asked: Vec<EntityUid>,
    /// Type, id and whether neighbours are wanted, of those that can be stored at all.
    stored: Vec<(&'a str, &'a str, u8)>,
}

impl<'a> Request<'a> {
    fn of(wanted: &'a [Wanted]) -> Self {
        let mut neighbours: HashMap<&EntityUid, u8> = HashMap::with_capacity(wanted.len());
        let mut first = Vec::with_capacity(wanted.len());
        for Wanted { uid, neighbours: also } in wanted {
            let known = neighbours.entry(uid).or_insert_with(|| {
                first.push(uid);
                0
            });
            *known |= u8::from(*also);
        }
        let stored = first.iter().filter(|uid| is_storable(uid));
        Self {
            stored: stored
                .map(|uid| (uid.type_name.as_str(), uid.id.as_str(), neighbours.get(*uid).copied().unwrap_or(0)))
                .collect(),
            asked: first.into_iter().cloned().collect(),
        }
    }
}

/// Whether the store could hold facts about it. Ids that no entity can have never reach SQL, which
/// would take some of them, such as those with a NUL in them, for others.
fn is_storable(uid: &EntityUid) -> bool {
    let id = || uid.id.clone();
    match uid.type_name.as_str() {
        types::USER => UserId::new(id()).is_ok(),
        types::GROUP => GroupId::new(id()).is_ok(),
        types::TOOL | types::QUOTA => ToolId::parse(&uid.id).is_ok(),
        types::FOLDER => FolderId::new(id()).is_ok(),
        types::ITEM => ItemId::new(id()).is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
