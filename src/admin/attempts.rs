//! Writing down what was refused: beside the calls and never in their way.
//!
//! A refusal is answered at once and queued; a task writes what has gathered, a few times a second at
//! most, so that a flood of refusals costs the writer no more than that. What does not fit into the
//! queue is counted and let go.

use crate::store::audit::Attempt;
use crate::store::{Store, StoreError};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Refusals that may wait to be written.
pub const QUEUE_ATTEMPTS_MAX: usize = 4096;
/// Refusals written in one transaction.
pub const BATCH_ATTEMPTS_MAX: usize = 256;
/// The least time between two such transactions.
pub const PAUSE: Duration = Duration::from_millis(100);
/// How long a reader of the audit, or the end of the server, waits for what is queued.
pub const FLUSH_WAIT_MAX: Duration = Duration::from_secs(5);

enum Message {
    Refused(Attempt),
    /// Answered when everything queued before is written.
    Flush(oneshot::Sender<()>),
}

/// The queue, and the task at its end.
pub struct Attempts {
    /// `None` once closed.
    sender: Mutex<Option<mpsc::Sender<Message>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    dropped: Arc<AtomicU64>,
}

impl Attempts {
    /// Starts the task. To be called inside a runtime.
    #[must_use]
    pub fn start(store: Store) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_ATTEMPTS_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = tokio::spawn(write(store, receiver, Arc::clone(&dropped)));
        Self { sender: Mutex::new(Some(sender)), writer: Mutex::new(Some(writer)), dropped }
    }

    /// Queues a refusal, or counts it as dropped; never waits.
    pub fn refused(&self, attempt: Attempt) {
        let sent = self.sender().is_some_and(|sender| sender.try_send(Message::Refused(attempt)).is_ok());
        if !sent {
            drop_some(&self.dropped, 1);
        }
    }

    /// How many refusals were not written since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// How many refusals wait to be written.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.sender().map_or(0, |sender| sender.max_capacity().saturating_sub(sender.capacity()))
    }

    /// Waits until what is queued now is written; gives up after [`FLUSH_WAIT_MAX`].
    pub async fn flush(&self) {
        let Some(sender) = self.sender() else { return };
        let (done, written) = oneshot::channel();
        let flushed = async {
            if sender.send(Message::Flush(done)).await.is_ok() {
                // Answered or not: there is nothing more to wait for.
                let _ = written.await;
            }
        };
        let _ = tokio::time::timeout(FLUSH_WAIT_MAX, flushed).await;
    }

    /// Writes what is queued and ends the task; later refusals are dropped.
    pub async fn close(&self) {
        drop(self.sender.lock().unwrap_or_else(PoisonError::into_inner).take());
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && tokio::time::timeout(FLUSH_WAIT_MAX, writer).await.is_err()
        {
            tracing::warn!("refused attempts were left out of the audit: the store did not take them in time");
        }
    }

    fn sender(&self) -> Option<mpsc::Sender<Message>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn write(store: Store, mut receiver: mpsc::Receiver<Message>, dropped: Arc<AtomicU64>) {
    let mut messages = Vec::with_capacity(BATCH_ATTEMPTS_MAX);
    while receiver.recv_many(&mut messages, BATCH_ATTEMPTS_MAX).await > 0 {
        let (mut attempts, mut waiting) = (Vec::new(), Vec::new());
        for message in messages.drain(..) {
            match message {
                Message::Refused(attempt) => attempts.push(attempt),
                Message::Flush(done) => waiting.push(done),
            }
        }
        if !attempts.is_empty() {
            record(&store, &attempts, &dropped).await;
        }
        for done in waiting {
            // Who gave up waiting does not want to know.
            let _ = done.send(());
        }
        if !attempts.is_empty() && !receiver.is_closed() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn record(store: &Store, attempts: &[Attempt], dropped: &AtomicU64) {
    loop {
        match store.record_refused(attempts).await {
            Ok(()) => return,
            // A long change, an import say: the queue waits with it.
            Err(StoreError::Busy) => {}
            Err(error) => {
                tracing::error!(%error, "refused attempts could not be written to the audit");
                return drop_some(dropped, attempts.len());
            }
        }
    }
}

fn drop_some(dropped: &AtomicU64, count: usize) {
    let before = dropped.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
    if before == 0 {
        tracing::warn!("refused attempts are left out of the audit; `GET /audit` says how many");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{World, user};
    use super::*;
    use crate::store::audit::{AuditFilter, Outcome};

    fn attempt(number: i64) -> Attempt {
        Attempt {
            at_ms: number,
            actor: Some(user("ben")),
            action: "create_group".to_owned(),
            target: None,
            subject: None,
            rule: Some("A6".into()),
        }
    }

    #[tokio::test]
    async fn refusals_are_written_in_their_order_and_are_no_change() {
        let world = World::new().await;
        let revision = world.admin.store.revision().await.unwrap();
        let attempts = Attempts::start(world.admin.store.clone());
        for number in 0..600 {
            attempts.refused(attempt(number));
        }
        attempts.flush().await;
        let refused = AuditFilter { outcome: Some(Outcome::Refused), ..AuditFilter::default() };
        let rows = world.admin.store.audit(&refused, 1000).await.unwrap();
        assert!(rows.iter().rev().map(|row| row.attempt.at_ms).eq(0..600), "{}", rows.len());
        assert_eq!(world.admin.store.revision().await.unwrap(), revision);
        assert_eq!(attempts.dropped(), 0);
    }

    #[tokio::test]
    async fn a_flood_of_refusals_is_dropped_and_counted_and_never_waited_for() {
        let world = World::new().await;
        let attempts = Attempts::start(world.admin.store.clone());
        // No `await` in between: nothing is taken out of the queue.
        for number in 0..5000 {
            attempts.refused(attempt(number));
        }
        assert_eq!(attempts.dropped(), 5000 - u64::try_from(QUEUE_ATTEMPTS_MAX).unwrap());
        attempts.close().await;
        let rows = world.admin.store.audit(&AuditFilter::default(), 9000).await.unwrap();
        let refused = rows.iter().filter(|row| row.outcome == Outcome::Refused).count();
        assert_eq!(refused, QUEUE_ATTEMPTS_MAX);
        attempts.refused(attempt(1));
        assert_eq!(attempts.dropped(), 5001 - u64::try_from(QUEUE_ATTEMPTS_MAX).unwrap());
    }
}
