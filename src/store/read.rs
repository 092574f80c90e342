//! Reading: the revision, and facts together with it.

use super::Store;
use super::connection::{Begin, Slot};
use super::error::StoreError;
use super::facts::{self, KnownKeys};
use super::follow::Before;
use super::lease::Lease;
use crate::domain::facts::{Link, Snapshot, Wanted};
use crate::domain::{ContentRef, EntityUid, Revision};
use crate::store::sql::{self, Connection};

const REVISION: &str = "SELECT revision FROM store WHERE one = 1";

impl Store {
    /// The revision now.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not answer.
    pub async fn revision(&self) -> Result<Revision, StoreError> {
        let mut lease = self.inner.readers.lease().await?;
        lease.under_way();
        let read = sql::query_scalar(REVISION).fetch_one(lease.connection()).await;
        Ok(Revision(trusted(&mut lease, read)?))
    }

    /// The revision and everything wanted, in one statement.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not answer, or not as this program writes.
    pub async fn snapshot(&self, wanted: &[Wanted]) -> Result<Snapshot, StoreError> {
        if self.inner.replica.get().is_some()
            && let Some(before) = self.before()
            && let Some(snapshot) = Box::pin(self.nearby(wanted, before)).await
        {
            return Ok(snapshot);
        }
        let mut lease = self.inner.readers.lease().await?;
        let before = self.before();
        lease.under_way();
        let read = facts::fetch(lease.connection(), wanted, &KnownKeys::default()).await;
        let rows = trusted(&mut lease, read)?;
        let Some(before) = before else {
            drop(lease);
            return rows.snapshot();
        };
        let snapshot = rows.snapshot()?;
        lease.under_way();
        let seen = Box::pin(self.seen(lease.connection(), snapshot.revision, before)).await;
        trusted(&mut lease, seen)?;
        Ok(snapshot)
    }

    /// Several statements on one snapshot, which the first of them fixes.
    ///
    /// # Errors
    /// [`StoreError`] if no connection is free in time or the database does not answer.
    pub async fn read(&self) -> Result<ReadTransaction, StoreError> {
        let mut transaction = ReadTransaction {
            lease: self.inner.readers.lease().await?,
            known: KnownKeys::default(),
            follows: self.before().map(|before| (self.clone(), before)),
        };
        transaction.lease.begin(Begin::Read).await?;
        Ok(transaction)
    }

    /// A connection for one statement that only reads.
    pub(in crate::store) async fn reader(&self) -> Result<Lease, StoreError> {
        self.inner.readers.lease().await
    }
}

/// Several reads of one and the same state. Ends when dropped.
pub struct ReadTransaction {
    lease: Lease,
    /// Of what this snapshot has just shown: sound for as long as the snapshot is.
    known: KnownKeys,
    /// Where others change anything: told of that up to what is read. And what was known before that.
    follows: Option<(Store, Before)>,
}

impl ReadTransaction {
    /// The revision and everything wanted, as of this transaction.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not answer, or not as this program writes.
    pub async fn snapshot(&mut self, wanted: &[Wanted]) -> Result<Snapshot, StoreError> {
        let snapshot = facts::fetch(self.lease.connection(), wanted, &self.known).await?.snapshot()?;
        if let Some((store, before)) = &self.follows {
            Box::pin(store.seen(self.lease.connection(), snapshot.revision, *before)).await?;
        }
        Ok(snapshot)
    }

    /// The content, the folders it lies in and its tool, each with the grants on it alone, as of this transaction;
    /// nothing of content that is not stored.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not answer, or not as this program writes.
    pub async fn chain(&mut self, content: &ContentRef) -> Result<Vec<Link>, StoreError> {
        facts::chain(self.connection(), content).await
    }

    /// Remembers where an item was found.
    pub(in crate::store) fn found(&mut self, uid: &EntityUid, key: i64) {
        self.known.put(uid, key);
    }

    /// For the statements of this module's parts.
    pub(in crate::store) fn connection(&mut self) -> &mut Connection {
        self.lease.connection()
    }
}

/// Has the connection checked before its next use if this use failed.
fn trusted<T, E>(slot: &mut Slot, result: Result<T, E>) -> Result<T, E> {
    slot.over(result.is_ok());
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::{Keeper, Neighbours};
    use crate::store::testing::World;

    #[tokio::test]
    async fn a_read_transaction_stays_at_its_revision() {
        let world = World::new().await;
        let wanted =
            [Wanted { uid: EntityUid::new("Group", "sales"), neighbours: Neighbours::NONE, keeper: Keeper::Conclave }];
        let mut reading = world.store.read().await.unwrap();
        let before = reading.snapshot(&wanted).await.unwrap();
        world.run("UPDATE groups SET open = 0 WHERE id = 'sales'").await;
        let again = reading.snapshot(&wanted).await.unwrap();
        assert_eq!((before.revision, &before.entities), (again.revision, &again.entities));
        drop(reading);
        let after = world.store.snapshot(&wanted).await.unwrap();
        assert_eq!(after.revision, before.revision.next());
        assert_ne!(after.entities, before.entities);
    }

    #[tokio::test]
    async fn a_dropped_read_transaction_leaves_no_old_snapshot_behind() {
        let world = World::new().await;
        for _ in 0..20 {
            let mut reading = world.store.read().await.unwrap();
            reading.snapshot(&[]).await.unwrap();
            drop(reading);
            world.run("UPDATE groups SET open = 1 - open WHERE id = 'sales'").await;
            let newest: i64 = sql::query_scalar(REVISION).fetch_one(&mut world.connection().await).await.unwrap();
            for _ in 0..8 {
                assert_eq!(i64::try_from(world.store.revision().await.unwrap().0).unwrap(), newest);
            }
        }
    }
}
