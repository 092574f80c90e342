//! The record of what each change touched.

use super::Store;
use super::error::StoreError;
use crate::domain::{EntityUid, Revision};
use crate::store::sql::{self, FromRow, Row};

/// What happened to an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Created,
    /// Something that decisions may rest on is different.
    Changed,
    /// It is no longer there.
    Deleted,
}

impl Change {
    /// The name in interfaces and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
        }
    }

    pub(in crate::store) fn from_name(name: &str) -> Option<Self> {
        [Self::Created, Self::Changed, Self::Deleted].into_iter().find(|change| change.name() == name)
    }
}

/// One entity that one change touched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// The change.
    pub revision: Revision,
    /// Its place among what the change touched, from 0.
    pub ordinal: u64,
    /// Which entity.
    pub uid: EntityUid,
    /// What happened to it.
    pub change: Change,
}

/// The revisions come from `commits`, so that the last of them is never cut in half.
const SINCE: &str = "
    SELECT changes.revision, changes.ordinal, changes.entity_type, changes.entity_id, changes.change
    FROM (SELECT revision FROM commits WHERE revision > ?1 ORDER BY revision LIMIT ?2) AS picked
    CROSS JOIN changes ON changes.revision = picked.revision
    ORDER BY changes.revision, changes.ordinal";

impl Store {
    /// What the changes after `revision` touched, in order: of at most `revisions_max` changes,
    /// each whole. Empty when there is none yet.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not answer, or not as this program writes.
    pub async fn changes_since(&self, revision: Revision, revisions_max: u32) -> Result<Vec<ChangeRow>, StoreError> {
        if let Some(rows) = self.inner.followed.as_ref().and_then(|followed| followed.recent(revision, revisions_max)) {
            return Ok(rows);
        }
        let after = i64::try_from(revision.0).unwrap_or(i64::MAX);
        let rows = self.rows(|| sql::query(SINCE).bind(after).bind(revisions_max)).await?;
        Ok(rows.iter().map(ChangeRow::from_row).collect::<Result<_, _>>()?)
    }
}

impl FromRow for ChangeRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let name: &str = row.try_get("change")?;
        let change = Change::from_name(name).ok_or_else(|| sqlx::Error::Decode(format!("change `{name}`").into()))?;
        Ok(Self {
            revision: Revision(row.try_get("revision")?),
            ordinal: row.try_get("ordinal")?,
            uid: EntityUid::new(row.try_get::<&str, _>("entity_type")?, row.try_get::<&str, _>("entity_id")?),
            change,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{Silent, World, explain};

    #[tokio::test]
    async fn changes_come_in_order_and_never_in_halves() {
        let world = World::new().await;
        let since = world.store.revision().await.unwrap();
        for round in 0..3 {
            let mut transaction = world.store.write("test", None, 0).await.unwrap();
            for touched in 0..=round {
                transaction.touch(EntityUid::new("Item", format!("{round}/{touched}")), Change::Created);
            }
            transaction.commit(&Silent).await.unwrap();
        }
        let read = |since, max| world.store.changes_since(since, max);
        let all = read(since, 100).await.unwrap();
        let ids: Vec<_> = all.iter().map(|row| (row.revision.0, row.ordinal, row.uid.id.as_str())).collect();
        assert_eq!(ids, [(2, 0, "0/0"), (3, 0, "1/0"), (3, 1, "1/1"), (4, 0, "2/0"), (4, 1, "2/1"), (4, 2, "2/2")]);
        assert_eq!(read(since, 2).await.unwrap(), all[..3]);
        assert_eq!(read(Revision(3), 1).await.unwrap(), all[3..]);
        assert_eq!(read(Revision(4), 1).await.unwrap(), []);
        assert_eq!(read(Revision(u64::MAX), 1).await.unwrap(), []);
    }

    #[tokio::test]
    async fn reading_changes_reads_no_others() {
        let world = World::new().await;
        for step in explain(&mut world.connection().await, SINCE, 2).await {
            assert!(!step.starts_with("SCAN") || step == "SCAN picked", "{step}");
        }
    }
}
