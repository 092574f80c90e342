//! Reading: the revision, and facts together with it.

use super::Store;
use super::connection::{Begin, Slot};
use super::error::StoreError;
use super::facts::{self, KnownKeys};
use super::follow::Before;
use super::lease::Lease;
use crate::domain::facts::{Link, Snapshot, Wanted};
use crate::domain::{ContentRef, EntityUid, Revision};
use crate::store::sql::{self, Connection, Query, Row};

const REVISION: &str = "SELECT revision FROM store WHERE one = 1";

impl Store {
    /// The revision now.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not answer.
    pub async fn revision(&self) -> Result<Revision, StoreError> {
        let mut lease = self.inner.readers.lease().await?;
        match revision(&mut lease).await {
            Err(failure) if lease.mends(&failure).await => revision(&mut lease).await,
            read => read,
        }
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
        if self.is_shared() {
            return Box::pin(self.shared_snapshot(&mut lease, wanted)).await;
        }
        let read = facts::fetch(lease.connection(), wanted, &KnownKeys::default()).await;
        let rows = trusted(&mut lease, read)?;
        drop(lease);
        rows.snapshot()
    }

    /// The same where others change the database too.
    async fn shared_snapshot(&self, lease: &mut Lease, wanted: &[Wanted]) -> Result<Snapshot, StoreError> {
        match self.followed_snapshot(lease, wanted).await {
            Err(failure) if lease.mends(&failure).await => self.followed_snapshot(lease, wanted).await,
            read => read,
        }
    }

    async fn followed_snapshot(&self, lease: &mut Lease, wanted: &[Wanted]) -> Result<Snapshot, StoreError> {
        let before = self.before();
        lease.under_way();
        let read = facts::fetch(lease.connection(), wanted, &KnownKeys::default()).await;
        let snapshot = trusted(lease, read)?.snapshot()?;
        if let Some(before) = before {
            lease.under_way();
            let seen = self.seen(lease.connection(), snapshot.revision, before).await;
            trusted(lease, seen)?;
        }
        Ok(snapshot)
    }

    /// Several statements on one snapshot, which the first of them fixes.
    ///
    /// # Errors
    /// [`StoreError`] if no connection is free in time or the database does not answer.
    pub async fn read(&self) -> Result<ReadTransaction, StoreError> {
        let mut lease = self.inner.readers.lease().await?;
        let mut before = self.before();
        if let Err(failure) = lease.begin(Begin::Read).await {
            if !lease.mends(&failure).await {
                return Err(failure);
            }
            before = self.before();
            lease.begin(Begin::Read).await?;
        }
        let follows = before.map(|before| (self.clone(), before));
        Ok(ReadTransaction { lease, known: KnownKeys::default(), follows })
    }

    /// The same, with all that others changed up to it known here: for rows that are shown to whom a decision allows it.
    // INVARIANT: such a decision is asked for after the rows were read. One that is cached from before them could show
    // somebody what was written only after it was no longer theirs to see.
    pub(in crate::store) async fn read_followed(&self) -> Result<ReadTransaction, StoreError> {
        let mut transaction = self.read().await?;
        if transaction.follows.is_some() {
            transaction.snapshot(&[]).await?;
        }
        Ok(transaction)
    }

    /// The rows of one statement that only reads.
    pub(in crate::store) async fn rows(&self, statement: impl Fn() -> Query<'static>) -> Result<Vec<Row>, StoreError> {
        let mut lease = self.reader().await?;
        match rows(&mut lease, statement()).await {
            Err(failure) if lease.mends(&failure).await => rows(&mut lease, statement()).await,
            read => read,
        }
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

async fn revision(lease: &mut Lease) -> Result<Revision, StoreError> {
    lease.under_way();
    let read = sql::query_scalar(REVISION).fetch_one(lease.connection()).await;
    Ok(Revision(trusted(lease, read)?))
}

async fn rows(lease: &mut Lease, statement: Query<'_>) -> Result<Vec<Row>, StoreError> {
    lease.under_way();
    let read = statement.fetch_all(lease.connection()).await;
    Ok(trusted(lease, read)?)
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
    use crate::store::limits;
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
    async fn connections_that_the_server_ended_refuse_nobody() {
        let Some(world) = World::on_server().await else { return };
        let (store, mut beside) = (&world.store, world.connection().await);
        let mut ended = async || end_others(&mut beside).await;
        for _ in 0..2 {
            ended().await;
            let mut all = Vec::new();
            for _ in 0..limits::READ_CONNECTIONS_MAX {
                all.push(store.read().await.unwrap());
            }
            for mut reading in all {
                assert_eq!(reading.snapshot(&[]).await.unwrap().revision, Revision(1));
            }
        }
        ended().await;
        let asked = (0..limits::READ_CONNECTIONS_MAX).map(|_| store.snapshot(&[]));
        for snapshot in futures_util::future::join_all(asked).await {
            assert_eq!(snapshot.unwrap().revision, Revision(1));
        }
        ended().await;
        assert_eq!(store.revision().await.unwrap(), Revision(1));
        ended().await;
        assert_eq!(store.changes_since(Revision(0), 9).await.unwrap().len(), 1);
        ended().await;
        let written = store.write("test", None, 0).await.unwrap();
        assert_eq!(written.base(), Revision(1));
    }

    #[tokio::test]
    async fn a_transaction_that_ended_is_not_gone_on_with() {
        let Some(world) = World::on_server().await else { return };
        let mut reading = world.store.read().await.unwrap();
        reading.snapshot(&[]).await.unwrap();
        end_others(&mut world.connection().await).await;
        reading.snapshot(&[]).await.unwrap_err();
    }

    /// Ends every other connection to the database, and waits until they have.
    async fn end_others(connection: &mut Connection) {
        let end = "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        assert!(sql::query_scalar::<i64>(end).fetch_one(connection).await.unwrap() > 0);
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
