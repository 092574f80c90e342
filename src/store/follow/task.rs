//! The task that follows: woken by the server, and by the clock.

use crate::store::location::Location;
use crate::store::{Store, limits};
use sqlx::postgres::{PgListener, PgPoolOptions};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// What the server tells of changes on.
// INVARIANT: a name that only who may read the database knows. What is told there is believed, and anybody who may connect
// can notify on a channel that they can name.
pub(super) const CHANNEL: &str = "SELECT channel FROM told WHERE one = 1";

/// How often the server is asked although it told of nothing, in parts of the staleness that is allowed.
const ASKED_PER_STALENESS: u32 = 4;

/// The task, ended when this is dropped.
#[derive(Debug)]
pub struct Following {
    task: JoinHandle<()>,
    stopping: watch::Sender<bool>,
}

impl Following {
    /// Starts it.
    pub(super) fn start(store: Store, staleness_max: Duration) -> Self {
        let (stopping, stopped) = watch::channel(false);
        let task = tokio::spawn(follow(store, staleness_max / ASKED_PER_STALENESS, stopped));
        Self { task, stopping }
    }

    /// Ends it, and waits until it has.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
        // It ends at its next wait; one that does not is cut off with this.
        let _ = timeout(limits::SERVER_WAIT_MAX, &mut self.task).await;
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(store: Store, pause: Duration, mut stopped: watch::Receiver<bool>) {
    let (mut ear, mut is_cut_off) = (None, false);
    loop {
        if ear.is_none() {
            ear = listen(&store).await;
        }
        let caught = timeout(limits::SERVER_WAIT_MAX, store.catch_up()).await;
        let is_reached = matches!(caught, Ok(Ok(())));
        if is_reached == is_cut_off {
            is_cut_off = !is_reached;
            if is_cut_off {
                tracing::warn!("the database does not tell what changed: decisions from memory end soon");
            } else {
                tracing::info!("the database tells what changed again");
            }
        }
        tokio::select! {
            () = sleep(pause) => {}
            heard = hear(&store, &mut ear) => if !heard { ear = None },
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
    }
}

/// Waits until the server tells of a change for which something must be read; whether it still may tell.
async fn hear(store: &Store, ear: &mut Option<PgListener>) -> bool {
    // Only the clock wakes.
    let Some(listener) = ear else { return std::future::pending().await };
    loop {
        let Ok(Some(told)) = listener.try_recv().await else { return false };
        if !store.heard(told.payload()) {
            return true;
        }
    }
}

async fn listen(store: &Store) -> Option<PgListener> {
    let Location::Server(server) = store.inner.readers.location() else { return None };
    let options = server.current()?.clone();
    let opened = async {
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let mut listener = PgListener::connect_with(&pool.connect_with(options).await?).await?;
        listener.ignore_pool_close_event(true);
        listener.eager_reconnect(false);
        let channel: String = sqlx::query_scalar(CHANNEL).fetch_one(&mut listener).await?;
        listener.listen(&channel).await?;
        Ok::<_, sqlx::Error>(listener)
    };
    timeout(limits::SERVER_WAIT_MAX, opened).await.ok()?.ok()
}
