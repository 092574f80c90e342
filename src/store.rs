//! The store: everything Conclave keeps, in a file of `SQLite` or on a `PostgreSQL` server. The only place that knows SQL.
//!
//! May use sqlx and `domain`; never axum, never Cedar.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `location`, `lock`, `open`, `migrate` | from a URL to a database that is ours, whole and, as a file, owned by this process |
//! | `server` | connections to a `PostgreSQL` server, and what is asked of it |
//! | `sql` | one text of SQL for both databases |
//! | `connection`, `lease`, `ended` | one connection and its settings; who may use it now; whether it was what failed |
//! | `damage` | what SQLite says of a file that it cannot use |
//! | `read`, `facts` | what a decision needs, from one snapshot together with its revision |
//! | `follow` | what other sidecars changed in the database of a server |
//! | `replica` | a copy of such a database, to read decisions from |
//! | `write`, `changes` | the one writer, and the record of what each change touched |
//! | `audit`, `idempotency` | who did what or was refused; first answers, for retries |
//! | `backup` | copies of the whole, and what is done when one is put back |
//! | `bulk` | everything out and in as lines |
//! | `doctor` | whether what is kept keeps the invariants |
//! | `seal` | what shows that a token of a page is one of ours |
//! | `sample` | users and items by number, for benches |
//! | `search` | candidates of a search, a part at a time |
//!
//! What callers see (this file's `Store`, the two transactions, `Follower`) names neither `SQLite` nor `PostgreSQL`;
//! `location` is where the two part.

pub mod audit;
pub mod backup;
pub mod bulk;
mod changes;
mod connection;
mod damage;
pub mod doctor;
mod ended;
mod error;
mod facts;
mod follow;
pub mod idempotency;
mod lease;
pub mod limits;
pub mod list;
mod location;
mod lock;
mod migrate;
mod open;
mod read;
mod replica;
mod row;
pub mod sample;
mod seal;
pub mod search;
mod server;
mod sql;
#[cfg(test)]
pub(crate) mod testing;
pub mod write;

pub use changes::{Change, ChangeRow};
pub use error::{Failures, OpenError, StoreError};
pub use follow::{Duty, Following};
pub use open::Access;
pub use read::ReadTransaction;
pub use seal::Seal;
pub use write::{Follower, WriteTransaction, followed, hear, tell};

use follow::Followed;
use lease::Leases;
use lock::OwnerLock;
use replica::Replica;
use sql::Dialect;
use std::sync::{Arc, OnceLock};

/// An open database. Cheap to clone; all clones are the same store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    /// Connections that cannot write.
    readers: Leases,
    /// The one connection that writes; `None` when opened with [`Access::ReadOnly`].
    writer: Option<Leases>,
    /// How far the changes of others are known; `None` where there are none.
    followed: Option<Followed>,
    /// A copy to read decisions from; unset where there is none.
    replica: OnceLock<Replica>,
    seal: Seal,
    /// Held as long as anything could write; last, so that it goes after the connections.
    lock: Option<OwnerLock>,
}

impl Store {
    /// Writes and reads tokens of pages.
    #[must_use]
    pub fn seal(&self) -> &Seal {
        &self.inner.seal
    }

    /// Ends the store for all its clones: waits for a write under way, moves the write-ahead log
    /// into the database file and gives up the ownership. Later calls fail.
    ///
    /// A write that does not end in time keeps the ownership until it does.
    pub async fn close(self) {
        self.inner.readers.close();
        if let Some(writer) = &self.inner.writer {
            let Ok(mut last) = writer.lease().await else { return };
            writer.close();
            // Best effort: a log that stays behind is read at the next open. A server has its own.
            if last.connection().dialect() == Dialect::Sqlite {
                let _ = sql::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(last.connection()).await;
            }
        }
        match Arc::try_unwrap(self.inner) {
            Ok(inner) => inner.end().await,
            // Clones can do nothing any more, their idle connections harm nobody.
            Err(shared) => shared.lock.iter().for_each(OwnerLock::release),
        }
    }
}

impl Inner {
    async fn end(self) {
        self.readers.end().await;
        if let Some(writer) = self.writer {
            writer.end().await;
        }
        drop(self.lock);
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("writes", &self.inner.writer.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{Silent, World};
    use super::*;

    #[tokio::test]
    async fn closing_empties_the_log_and_gives_up_the_ownership() {
        let world = World::in_file().await;
        let lingering = world.store.clone();
        let log = world.path.with_extension("db-wal");
        assert!(std::fs::metadata(&log).unwrap().len() > 0);
        world.store.clone().close().await;
        assert_eq!(std::fs::metadata(&log).unwrap().len(), 0);

        let successor = Store::open(world.path.to_str().unwrap(), Access::Own).await.unwrap();
        assert!(lingering.write("late", None, 0).await.is_err());
        assert!(lingering.revision().await.is_err());
        let transaction = successor.write("early", None, 0).await.unwrap();
        transaction.commit(&Silent).await.unwrap();
    }

    #[test]
    fn a_store_goes_wherever_tasks_go() {
        fn anywhere<T: Send + Sync>() {}
        fn moved<T: Send>() {}
        anywhere::<Store>();
        moved::<WriteTransaction>();
        moved::<ReadTransaction>();
    }
}
