//! Who may use which connection now.

use super::connection::{Plan, Role, Slot};
use super::error::{OpenError, StoreError};
use super::location::Location;
use super::{facts, limits};
use crate::store::sql::Connection;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// Connections of one kind, each lent to one task at a time, first come first served.
pub(super) struct Leases {
    slots: Vec<Arc<Mutex<Slot>>>,
    /// One permit for each that is not lent: who waits, waits for whichever comes back first.
    free: Arc<Semaphore>,
    /// How long to wait for a connection.
    wait_max: Duration,
    location: Location,
    /// Nothing is lent any more.
    closed: AtomicBool,
}

/// A connection lent to one task; given back by dropping it.
pub(super) struct Lease {
    slot: OwnedMutexGuard<Slot>,
    /// Goes with the connection, and to whoever brings it to rest.
    permit: Option<OwnedSemaphorePermit>,
}

impl Leases {
    /// Lends `connection` alone.
    pub(super) fn one(plan: Plan, connection: Connection, wait_max: Duration) -> Self {
        let location = plan.location.clone();
        Self::of(location, vec![Slot::new(plan, connection)], wait_max)
    }

    /// Opens and lends `count` connections.
    pub(super) async fn open(plan: &Plan, count: usize, wait_max: Duration) -> Result<Self, OpenError> {
        let mut slots = Vec::with_capacity(count);
        for _ in 0..count {
            let mut slot = Slot::new(plan.clone(), plan.connect_checked().await?);
            if matches!(plan.role, Role::Reader | Role::Replica) && matches!(plan.location, Location::Server(_)) {
                rehearse(&mut slot).await;
            }
            slots.push(slot);
        }
        Ok(Self::of(plan.location.clone(), slots, wait_max))
    }

    fn of(location: Location, slots: Vec<Slot>, wait_max: Duration) -> Self {
        Self {
            location,
            free: Arc::new(Semaphore::new(slots.len())),
            slots: slots.into_iter().map(|slot| Arc::new(Mutex::new(slot))).collect(),
            wait_max,
            closed: AtomicBool::new(false),
        }
    }

    /// Lends a connection that is outside any transaction.
    pub(super) async fn lease(&self) -> Result<Lease, StoreError> {
        let leased = tokio::time::timeout(self.wait_max, self.first()).await;
        let mut lease = leased.ok().flatten().ok_or_else(StoreError::busy)?;
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Database(sqlx::Error::PoolClosed));
        }
        lease.rest().await?;
        Ok(lease)
    }

    /// Where the database is.
    pub(super) const fn location(&self) -> &Location {
        &self.location
    }

    /// Lends nothing from now on. What is lent stays so until given back.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Closes every connection that is not lent.
    pub(super) async fn end(self) {
        for slot in self.slots.into_iter().filter_map(Arc::into_inner) {
            slot.into_inner().close().await;
        }
    }

    /// The first that is free: the less there is to do, the fewer connections do it, and the more of
    /// what it asks for each of them still has in memory.
    async fn first(&self) -> Option<Lease> {
        let permit = Arc::clone(&self.free).acquire_owned().await.ok()?;
        loop {
            if let Some(slot) = self.slots.iter().find_map(|slot| Arc::clone(slot).try_lock_owned().ok()) {
                return Some(Lease { slot, permit: Some(permit) });
            }
            // There is one for each permit. Somebody else's went from one hand to the next while we looked past it.
            tokio::task::yield_now().await;
        }
    }
}

/// Has a connection be asked before anybody waits for it. What goes wrong then is said to whoever asks next.
async fn rehearse(slot: &mut Slot) {
    slot.under_way();
    let asked = tokio::time::timeout(limits::SERVER_WAIT_MAX, facts::rehearse(slot.connection())).await;
    slot.over(asked.is_ok_and(|asked| asked.is_ok()));
}

impl Deref for Lease {
    type Target = Slot;

    fn deref(&self) -> &Slot {
        &self.slot
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Slot {
        &mut self.slot
    }
}

impl Drop for Lease {
    /// Ends at once what a task left open, where there is a runtime to do it in: an idle reader in
    /// a transaction keeps the write-ahead log from being reused. Whoever leases next makes sure.
    fn drop(&mut self) {
        if !self.slot.is_unsure() {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let slot = Arc::clone(OwnedMutexGuard::mutex(&self.slot));
            let permit = self.permit.take();
            runtime.spawn(async move {
                // Failing, it stays in doubt, and the next lease tries again and can say so.
                let _ = slot.lock().await.rest().await;
                drop(permit);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::connection::Begin;
    use crate::store::sql;
    use crate::store::testing::World;

    async fn leases(world: &World, count: usize) -> Leases {
        let plan = world.plan(Role::Reader);
        Leases::open(&plan, count, Duration::from_millis(50)).await.unwrap()
    }

    #[tokio::test]
    async fn waiting_has_an_end() {
        let world = World::new().await;
        let leases = leases(&world, 2).await;
        let first = leases.lease().await.unwrap();
        let _second = leases.lease().await.unwrap();
        assert!(matches!(leases.lease().await, Err(StoreError::Busy)));
        drop(first);
        leases.lease().await.unwrap();
    }

    #[tokio::test]
    async fn who_reads_from_a_server_is_not_the_first_to_ask_over_a_connection() {
        let Some(world) = World::on_server().await else { return };
        let leases = leases(&world, 2).await;
        let mut held = [leases.lease().await.unwrap(), leases.lease().await.unwrap()];
        for lease in &mut held {
            let asked = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT revision%'";
            assert_eq!(sql::query_scalar::<i64>(asked).fetch_one(lease.connection()).await.unwrap(), 1);
        }
    }

    #[tokio::test]
    async fn a_free_connection_is_found_wherever_it_is() {
        let world = World::new().await;
        let leases = leases(&world, 3).await;
        let mut held =
            vec![leases.lease().await.unwrap(), leases.lease().await.unwrap(), leases.lease().await.unwrap()];
        for free in [0, 2, 1, 1, 0] {
            held.remove(free);
            held.insert(free, leases.lease().await.unwrap());
        }
    }

    #[tokio::test]
    async fn who_waits_gets_whichever_comes_back_first() {
        let world = World::new().await;
        let leases = leases(&world, 3).await;
        for back in [0, 1, 2] {
            let mut held =
                vec![leases.lease().await.unwrap(), leases.lease().await.unwrap(), leases.lease().await.unwrap()];
            let returns = async {
                tokio::task::yield_now().await;
                drop(held.remove(back));
            };
            let (next, ()) = tokio::join!(leases.lease(), returns);
            next.unwrap();
        }
    }

    #[tokio::test]
    async fn what_was_left_open_is_ended() {
        let world = World::new().await;
        let leases = leases(&world, 1).await;
        let mut lease = leases.lease().await.unwrap();
        lease.begin(Begin::Read).await.unwrap();
        drop(lease);
        let mut lease = leases.lease().await.unwrap();
        lease.begin(Begin::Read).await.unwrap();
        drop(lease);
        // And without anybody leasing.
        while leases.slots[0].lock().await.is_unsure() {
            tokio::task::yield_now().await;
        }
    }
}
