//! One load, on a thread of its own: it may take long, and nothing can stop it.

use super::limits::{LOAD_SECONDS_MAX, LOAD_STACK_BYTES, READS_MAX, SETTLE_MILLISECONDS};
use super::{Fingerprint, ReloadError};
use crate::engine::{Bundle, Sources};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// Reads folders and makes bundles of what they hold.
#[derive(Debug)]
pub(super) struct Loader {
    sources: Arc<Sources>,
}

/// What the folders hold.
#[derive(Debug)]
pub(super) enum Loaded {
    /// What is in force.
    InForce,
    /// What was tried last.
    Tried,
    /// Something else.
    New(Fingerprint, Result<Arc<Bundle>, ReloadError>),
}

/// What the thread of a load has come to.
#[derive(Debug, Default)]
struct Begun(Mutex<Option<Fingerprint>>);

impl Begun {
    fn locked(&self) -> MutexGuard<'_, Option<Fingerprint>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loader {
    pub(super) fn new(sources: Sources) -> Self {
        Self { sources: Arc::new(sources) }
    }

    pub(super) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Loads what the folders hold, unless that is in force or was tried. `turn` comes back when the work is done.
    ///
    /// # Errors
    /// [`ReloadError`] if nothing came of it, and what the folders held, as far as that is known.
    pub(super) async fn load(
        &self,
        turn: OwnedSemaphorePermit,
        in_force: Fingerprint,
        tried: Option<Fingerprint>,
    ) -> Result<(OwnedSemaphorePermit, Loaded), (Option<Fingerprint>, ReloadError)> {
        let (sources, begun) = (Arc::clone(&self.sources), Arc::new(Begun::default()));
        let (done, result) = oneshot::channel();
        let seen = Arc::clone(&begun);
        let work = move || {
            let loaded = settled(&sources, (in_force, tried), &seen);
            // Who gave up waiting does not want to know.
            let _ = done.send((turn, loaded));
        };
        // Not of the runtime's own threads: those are waited for when the server stops.
        let builder = std::thread::Builder::new().name("policies".to_owned()).stack_size(LOAD_STACK_BYTES);
        builder.spawn(work).map_err(|error| (None, ReloadError::Lost(error.to_string())))?;
        let error = match tokio::time::timeout(Duration::from_secs(LOAD_SECONDS_MAX), result).await {
            Ok(Ok((turn, Ok(loaded)))) => return Ok((turn, loaded)),
            Ok(Ok((_turn, Err(error)))) => error,
            // The thread is gone without a word: it panicked.
            Ok(Err(_)) => ReloadError::Lost("it gave up".to_owned()),
            Err(_elapsed) => ReloadError::Late,
        };
        let print = *begun.locked();
        Err((print, error))
    }
}

/// What the folders hold, once they are left alone for long enough to be loaded.
// INVARIANT: what is loaded was read twice, with nothing changed in between, in no file. A set of which one half was
// read before somebody saved it and one half after is none.
fn settled(
    sources: &Sources,
    (in_force, tried): (Fingerprint, Option<Fingerprint>),
    begun: &Begun,
) -> Result<Loaded, ReloadError> {
    for _ in 0..READS_MAX {
        let read = sources.read();
        let print = read.fingerprint();
        if print == in_force {
            return Ok(Loaded::InForce);
        }
        if tried == Some(print) {
            return Ok(Loaded::Tried);
        }
        *begun.locked() = Some(print);
        let bundle = Bundle::of(read).map(Arc::new).map_err(ReloadError::Load);
        std::thread::sleep(Duration::from_millis(SETTLE_MILLISECONDS));
        if sources.read().fingerprint() == print {
            return Ok(Loaded::New(print, bundle));
        }
    }
    Err(ReloadError::Unsettled)
}

pub(super) fn log_loaded(bundle: &Bundle) {
    for warning in bundle.warnings() {
        let (file, line, _) = warning.position().unwrap_or_default();
        tracing::warn!(file, line, %warning, "policies");
    }
    let (policies, digest) = (bundle.summary().policies, &**bundle.digest());
    tracing::info!(policies, digest, generation = bundle.generation(), "policies and schema were reloaded");
}
