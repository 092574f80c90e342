//! Every acknowledged change in order, as `GET /changes` tells it.

use crate::domain::{EntityUid, Revision, UserId};
use crate::store::sql::{self, Row};
use crate::store::{Change, Store, StoreError, row};

/// How far somebody has read: up to and with this entity of this change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The change.
    pub revision: Revision,
    /// The place of the entity among what the change touched.
    ordinal: i64,
}

impl Place {
    /// After the whole of this change.
    #[must_use]
    pub const fn after(revision: Revision) -> Self {
        Self { revision, ordinal: i64::MAX }
    }
}

/// One entity that one change touched, and the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// Where it stands; what is read next begins after it.
    pub place: Place,
    /// When the change was made, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The command.
    pub command: String,
    /// On whose behalf; `None` is the host's own.
    pub actor: Option<UserId>,
    /// Which entity.
    pub uid: EntityUid,
    /// What happened to it.
    pub change: Change,
}

/// The inner query picks the rows by the primary key, so that nothing else is read.
const AFTER: &str = "
    SELECT picked.revision, picked.ordinal, picked.entity_type, picked.entity_id, picked.change,
           commits.at_ms, commits.command, commits.actor
    FROM (SELECT revision, ordinal, entity_type, entity_id, change FROM changes
          WHERE (revision, ordinal) > (?1, ?2) AND revision <= ?3
          ORDER BY revision, ordinal LIMIT ?4) AS picked
    CROSS JOIN commits ON commits.revision = picked.revision
    ORDER BY picked.revision, picked.ordinal";

impl Store {
    /// What follows `place` up to and with the change `until`, in order, at most so many entities.
    /// Fewer than asked for means that there is no more yet.
    ///
    /// One statement, so that whoever is slow to take it in holds nothing.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn history(&self, place: Place, until: Revision, rows_max: u32) -> Result<Vec<HistoryRow>, StoreError> {
        let number = |revision: Revision| i64::try_from(revision.0).unwrap_or(i64::MAX);
        let after = || sql::query(AFTER).bind(number(place.revision)).bind(place.ordinal);
        let rows = self.rows(|| after().bind(number(until)).bind(rows_max)).await?;
        rows.iter().map(read).collect()
    }
}

fn read(found: &Row) -> Result<HistoryRow, StoreError> {
    let change: &str = row::get(found, "change")?;
    let unknown = || StoreError::Corrupt(format!("change `{change}`"));
    Ok(HistoryRow {
        place: Place { revision: Revision(row::count(found, "revision")?), ordinal: row::get(found, "ordinal")? },
        at_ms: row::get(found, "at_ms")?,
        command: row::get(found, "command")?,
        actor: row::optional_id(found, "actor")?,
        uid: EntityUid::new(row::get::<&str>(found, "entity_type")?, row::get::<&str>(found, "entity_id")?),
        change: Change::from_name(change).ok_or_else(unknown)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{Silent, World, explain};

    #[tokio::test]
    async fn history_is_read_on_from_any_place_and_lacks_nothing() {
        let world = World::new().await;
        for round in 0..3 {
            let mut transaction = world.store.write("test", None, 7).await.unwrap();
            for touched in 0..=round {
                transaction.touch(EntityUid::new("Item", format!("{round}/{touched}")), Change::Created);
            }
            transaction.commit(&Silent).await.unwrap();
        }
        let all = world.store.history(Place::after(Revision(1)), Revision(9), 100).await.unwrap();
        let ids: Vec<_> = all.iter().map(|row| (row.place.revision.0, row.uid.id.as_str())).collect();
        assert_eq!(ids, [(2, "0/0"), (3, "1/0"), (3, "1/1"), (4, "2/0"), (4, "2/1"), (4, "2/2")]);
        for rows_max in 1..4 {
            let (mut place, mut read) = (Place::after(Revision(1)), Vec::new());
            loop {
                let some = world.store.history(place, Revision(9), rows_max).await.unwrap();
                let Some(last) = some.last() else { break };
                place = last.place;
                read.extend(some);
            }
            assert_eq!(read, all, "{rows_max}");
        }
        let bounded = world.store.history(Place::after(Revision(2)), Revision(3), 100).await.unwrap();
        assert_eq!(bounded, all[1..3]);
    }

    #[tokio::test]
    async fn reading_history_reads_no_other() {
        let world = World::new().await;
        for step in explain(&mut world.connection().await, AFTER, 4).await {
            assert!(!step.starts_with("SCAN") || step == "SCAN picked", "{step}");
        }
    }
}
