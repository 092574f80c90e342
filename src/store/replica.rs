//! A copy of the server's database, nearer than the server: decisions are read from it as long as it knows all that is
//! known here.
//!
//! It may lag, stand still or be gone at any time. Then the server itself is asked, and the copy left alone for a while.

use super::connection::{Plan, Role};
use super::error::{OpenError, StoreError};
use super::facts::{self, KnownKeys};
use super::follow::Before;
use super::lease::Leases;
use super::location::Location;
use super::sql::{self, Connection};
use super::{Store, limits};
use crate::domain::facts::{Snapshot, Wanted};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::time::timeout;

/// The copy, and whether it may be asked.
pub(super) struct Replica {
    plan: Plan,
    /// Of what it must be a copy.
    identity: String,
    standing: Mutex<Standing>,
}

enum Standing {
    /// It may be asked, from then on.
    Open(Arc<Leases>, Instant),
    /// Somebody looks whether it may.
    Opening,
    /// It is left alone until then.
    Resting(Instant),
}

/// Which cluster, and which database of it. A copy has those of what it is a copy of.
const IDENTITY: &str = "
    SELECT CAST(system_identifier AS TEXT) || '/' || current_database() FROM pg_control_system()";

impl Store {
    /// Reads decisions from a copy of the database too: `postgres://USER@HOST:PORT/DATABASE`. It need not be there yet.
    ///
    /// # Errors
    /// [`OpenError`] if that names no server, or the database itself is on none.
    pub async fn read_nearby(&self, url: &str) -> Result<(), OpenError> {
        let location = Location::parse(url)?;
        let is_fit = matches!(&location, Location::Server(server) if server.is_one()) && self.is_shared();
        if !is_fit {
            let problem = "is no copy of the database: one server, beside a database on a server";
            return Err(OpenError::Path { url: "the replica".to_owned(), problem });
        }
        let plan = Plan { location, role: Role::Replica };
        let own = Plan { location: self.inner.readers.location().clone(), role: Role::Reader };
        let mut connection = own.connect_checked().await?;
        let identity =
            sql::query_scalar(IDENTITY).fetch_one(&mut connection).await.map_err(|error| own.error(error))?;
        let standing = Mutex::new(Standing::Resting(Instant::now()));
        // Whoever says so twice has said so once.
        let _ = self.inner.replica.set(Replica { plan, identity, standing });
        Ok(())
    }

    /// What the copy holds, if it can be had there and is no older than what is known here.
    pub(super) async fn nearby(&self, wanted: &[Wanted], before: Before) -> Option<Snapshot> {
        let replica = self.inner.replica.get()?;
        let leases = replica.leases(self)?;
        let read = timeout(limits::REPLICA_WAIT_MAX, self.read_replica(&leases, wanted, before)).await;
        match read {
            Ok(Ok(Some(snapshot))) => Some(snapshot),
            Ok(Ok(None)) => {
                replica.stand(Standing::Open(leases, Instant::now() + limits::REPLICA_LAG_REST));
                None
            }
            Ok(Err(_)) | Err(_) => {
                replica.stand(Standing::Resting(Instant::now() + limits::REPLICA_REST));
                None
            }
        }
    }

    async fn read_replica(
        &self,
        leases: &Leases,
        wanted: &[Wanted],
        before: Before,
    ) -> Result<Option<Snapshot>, StoreError> {
        let mut lease = leases.lease().await?;
        lease.under_way();
        let snapshot = facts::fetch(lease.connection(), wanted, &KnownKeys::default()).await?.snapshot()?;
        // INVARIANT: as with the server itself, nothing is read from before what is known, and nothing is answered before
        // what was changed up to it is followed. How late this sidecar is it learns from the server alone.
        let is_known = self.seen_nearby(lease.connection(), snapshot.revision, before).await?;
        lease.over(true);
        Ok(is_known.then_some(snapshot))
    }
}

impl Replica {
    /// Its connections, if it may be asked now.
    fn leases(&self, store: &Store) -> Option<Arc<Leases>> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        match &*standing {
            Standing::Open(leases, from) => return (*from <= Instant::now()).then(|| Arc::clone(leases)),
            Standing::Resting(until) if *until <= Instant::now() => {}
            Standing::Resting(_) | Standing::Opening => return None,
        }
        *standing = Standing::Opening;
        drop(standing);
        // Nobody waits for that.
        let store = store.clone();
        tokio::spawn(async move {
            if let Some(replica) = store.inner.replica.get() {
                replica.open().await;
            }
        });
        None
    }

    async fn open(&self) {
        let opened = async {
            let mut connection = self.plan.connect_checked().await?;
            self.check(&mut connection).await?;
            Leases::open(&self.plan, limits::READ_CONNECTIONS_MAX, limits::REPLICA_WAIT_MAX).await
        };
        match opened.await {
            Ok(leases) => self.stand(Standing::Open(Arc::new(leases), Instant::now())),
            Err(error) => {
                tracing::warn!(%error, "the replica is not read from");
                self.stand(Standing::Resting(Instant::now() + limits::REPLICA_REST));
            }
        }
    }

    /// Refuses what is a copy of something else.
    async fn check(&self, connection: &mut Connection) -> Result<(), OpenError> {
        let found: String =
            sql::query_scalar(IDENTITY).fetch_one(connection).await.map_err(|error| self.plan.error(error))?;
        if found == self.identity {
            return Ok(());
        }
        Err(OpenError::Unfit { database: self.plan.name(), found: "it is no copy of the database".to_owned() })
    }

    fn stand(&self, standing: Standing) {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner) = standing;
    }
}
