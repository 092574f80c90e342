//! Hot reload: the folders of policies and schema are watched, and a set that is sound takes the place of the one
//! in force, whole.
//!
//! What is loaded passes everything that a start asks for. What does not pass changes nothing: the last good set answers
//! on, and the reason stands in the log, in `/readyz` and in `GET /admin/v1/policies`.
//!
//! May use `engine`, `check`, `store`, `cedar` and `domain`, and of `admin` the clock; never axum.

mod failure;
pub mod limits;
mod load;
mod stored;
mod watch;

pub use failure::{Failure, Place, ReloadError, Trouble};
pub use stored::{DescribedError, StoredError, check as check_stored};
pub use watch::{Watching, watch};

use crate::admin::Clock;
use crate::check::Check;
use crate::engine::{Bundle, Sources};
use crate::store::Store;
use limits::TURN_SECONDS_MAX;
use load::{Loaded, Loader};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Loads sets of policies, one at a time, and puts those that are sound in force.
pub struct Reloader {
    check: Arc<Check>,
    store: Store,
    clock: Arc<dyn Clock>,
    loader: Loader,
    /// One load at a time: sets take each other's place in the order in which they were read.
    turn: Arc<Semaphore>,
    status: Mutex<Status>,
    swapped: AtomicU64,
    failed: AtomicU64,
}

/// How the set in force came to be, and whether there is one that should be instead.
#[derive(Debug, Clone)]
pub struct Status {
    /// When the set in force was loaded, in milliseconds since 1970-01-01 UTC.
    pub loaded_ms: i64,
    /// Why what stands in the folders now is not in force; nothing if it is.
    pub failure: Option<Arc<Failure>>,
    /// What the folders held when the set in force was read.
    in_force: Fingerprint,
}

/// What the folders held; see [`crate::engine::ReadSources::fingerprint`].
pub type Fingerprint = [u8; 32];

/// Who wants a set to be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Somebody asked for it.
    Asked,
    /// The folders may have changed; what was tried before is not tried again.
    Changed,
}

impl Reloader {
    /// Reloads `sources`. What `check` decides by was made of them when they held `in_force`.
    #[must_use]
    pub fn new(
        sources: Sources,
        in_force: Fingerprint,
        check: Arc<Check>,
        store: Store,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let status = Mutex::new(Status { loaded_ms: clock.now_ms(), failure: None, in_force });
        let (loader, turn) = (Loader::new(sources), Arc::new(Semaphore::new(1)));
        let [swapped, failed] = [AtomicU64::new(0), AtomicU64::new(0)];
        Self { check, store, clock, loader, turn, status, swapped, failed }
    }

    /// Puts in force what the folders hold now. Does nothing if it is in force already.
    ///
    /// # Errors
    /// [`Failure`] with everything that is wrong; the set in force stays.
    pub async fn reload(&self) -> Result<(), Arc<Failure>> {
        self.follow(Wanted::Asked).await
    }

    /// When the set in force was loaded, and why what should be in its place is not.
    #[must_use]
    pub fn status(&self) -> Status {
        self.locked().clone()
    }

    /// How many sets took the place of another.
    #[must_use]
    pub fn swapped(&self) -> u64 {
        self.swapped.load(Ordering::Relaxed)
    }

    /// How many loads failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    async fn follow(&self, wanted: Wanted) -> Result<(), Arc<Failure>> {
        let turn = Arc::clone(&self.turn).acquire_owned();
        let Ok(Ok(turn)) = tokio::time::timeout(Duration::from_secs(TURN_SECONDS_MAX), turn).await else {
            return Err(self.failed_by(None, ReloadError::Busy));
        };
        let known = self.status();
        let failure = known.failure.as_ref().filter(|_| wanted == Wanted::Changed);
        let tried = failure.and_then(|failure| failure.tried(self.check.revision()));
        // The turn goes along: a load that cannot be stopped is waited for by the next one.
        let (_turn, loaded) = match self.loader.load(turn, known.in_force, tried).await {
            Ok(loaded) => loaded,
            Err((print, error)) => return Err(self.failed_by(print, error)),
        };
        match loaded {
            Loaded::InForce => self.is_in_force(),
            Loaded::Tried => return known.failure.map_or(Ok(()), Err),
            Loaded::New(print, loaded) => match self.put_in_force(loaded).await {
                Ok(()) => self.took_place(print),
                Err(error) => return Err(self.failed_by(Some(print), error)),
            },
        }
        Ok(())
    }

    /// Lets the bundle decide from now on, if all that is stored fits it.
    async fn put_in_force(&self, loaded: Result<Arc<Bundle>, ReloadError>) -> Result<(), ReloadError> {
        let bundle = loaded?;
        if self.check.bundle().has_schema_of(&bundle) {
            // What is stored fits the schema, and every write is held to it.
            self.replace(bundle);
            return Ok(());
        }
        let seen = self.store.revision().await.map_err(StoredError::from)?;
        stored::check(&self.store, bundle.model()).await?;
        // INVARIANT: as the one writer. What is written of entities is either looked at here, or held to the new schema
        // before it is written.
        let writer = self.store.write("reload_policies", None, self.clock.now_ms()).await.map_err(StoredError::from)?;
        if writer.base() != seen {
            stored::check(&self.store, bundle.model()).await?;
        }
        self.replace(bundle);
        drop(writer);
        Ok(())
    }

    fn replace(&self, bundle: Arc<Bundle>) {
        let before = self.check.replace(bundle);
        // Not by a thread that serves.
        tokio::task::spawn_blocking(move || drop(before));
    }

    fn took_place(&self, print: Fingerprint) {
        *self.locked() = Status { loaded_ms: self.clock.now_ms(), failure: None, in_force: print };
        self.swapped.fetch_add(1, Ordering::Relaxed);
        load::log_loaded(&self.check.bundle());
    }

    fn is_in_force(&self) {
        if self.locked().failure.take().is_some() {
            tracing::info!("the folders hold again what is in force");
        }
    }

    /// Keeps why a load came to nothing, and tells the log.
    fn failed_by(&self, print: Option<Fingerprint>, error: ReloadError) -> Arc<Failure> {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let at_ms = self.clock.now_ms();
        let mut status = self.locked();
        let since_ms = status.failure.as_ref().map_or(at_ms, |before| before.since_ms);
        let revision = self.check.revision();
        let failure = Arc::new(Failure { since_ms, at_ms, print, revision, error });
        failure.log(status.failure.as_deref());
        status.failure = Some(Arc::clone(&failure));
        failure
    }

    fn locked(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
