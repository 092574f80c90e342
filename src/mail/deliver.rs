//! The task that empties the outbox: one mail at a time, the one that is due first.
//!
//! A mail is marked as sent after the mail server took it. Should the process end in between, it is
//! sent once more at the next start: twice is possible, never is not. Both have the same
//! `Message-ID`, by which mail programs show them as one.

use super::backoff::delay_ms;
use super::limits::{
    ANOTHER_SENDS_MILLISECONDS, SLEEP_SECONDS_MAX, STOP_SECONDS_MAX, STORE_REST_SECONDS, UNREACHABLE_REST_SECONDS,
};
use super::message::message;
use super::smtp::{Failure, Smtp};
use super::{Desk, Sender};
use crate::admin::{Clock, Random};
use crate::domain::{Mail, MailId};
use crate::store::{Duty, Follower, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What it takes to send mail.
pub struct Delivery {
    /// Where the outbox is.
    pub store: Store,
    /// Told of every change, as of all others.
    pub follower: Arc<dyn Follower>,
    /// When mail is due.
    pub clock: Arc<dyn Clock>,
    /// Spreads the tries that follow a failure.
    pub random: Arc<dyn Random>,
    /// Where mail goes.
    pub smtp: Smtp,
    /// Whom it comes from.
    pub sender: Sender,
    /// How often a mail is tried before it is given up.
    pub attempts_max: u32,
}

/// The task under way.
pub struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// Ends the task once the mail that is being sent is sent and marked; one that takes too long is
    /// cut off, and sent again at the next start.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        // The task ends by itself: nothing cuts it off while it writes.
        if self.task.await.is_err() {
            tracing::error!("the task that sends mail failed");
        }
    }
}

/// What one look at the outbox came to.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// One mail was tried; there may be more.
    Tried,
    /// The mail server could not be reached: trying the next mail would be no better.
    Unreachable,
    /// Nothing is due before this, in milliseconds since 1970-01-01 UTC; `None`: nothing waits.
    Idle(Option<i64>),
    /// The task is to stop and the mail under way took too long.
    Cut,
}

impl Delivery {
    /// Starts the task. `desk` is where new mail is announced.
    #[must_use]
    pub fn start(self, desk: Arc<Desk>) -> Running {
        let (stop, stopping) = watch::channel(false);
        Running { stop, task: tokio::spawn(self.run(desk, stopping)) }
    }

    async fn run(self, desk: Arc<Desk>, mut stopping: watch::Receiver<bool>) {
        while !*stopping.borrow() {
            let step = self.step(&mut stopping).await;
            let rest = match step {
                Ok(Step::Tried | Step::Cut) => continue,
                Ok(Step::Idle(due_ms)) => {
                    tokio::select! {
                        () = desk.arrival() => {}
                        () = tokio::time::sleep(self.until(due_ms)) => {}
                        () = stopped(&mut stopping) => {}
                    }
                    continue;
                }
                Ok(Step::Unreachable) => UNREACHABLE_REST_SECONDS,
                Err(error) => {
                    tracing::warn!(%error, "the outbox cannot be used");
                    STORE_REST_SECONDS
                }
            };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = stopped(&mut stopping) => {}
            }
        }
    }

    fn until(&self, due_ms: Option<i64>) -> Duration {
        let wait_ms = due_ms.map_or(i64::MAX, |due_ms| due_ms.saturating_sub(self.clock.now_ms()));
        Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default()).min(SLEEP_SECONDS_MAX)
    }

    /// Tries the mail that is due first, if one is.
    async fn step(&self, stopping: &mut watch::Receiver<bool>) -> Result<Step, StoreError> {
        let Some(mail) = self.store.next_mail().await? else { return Ok(Step::Idle(None)) };
        if mail.next_attempt_ms > self.clock.now_ms() {
            return Ok(Step::Idle(Some(mail.next_attempt_ms)));
        }
        if !self.store.is_turn(Duty::Mail).await? {
            // Another sidecar sends the mail, as long as it is there.
            return Ok(Step::Idle(Some(self.clock.now_ms().saturating_add(ANOTHER_SENDS_MILLISECONDS))));
        }
        let sent = tokio::select! {
            biased;
            sent = self.send(&mail) => sent,
            () = cut(stopping) => return Ok(Step::Cut),
        };
        let attempts = mail.attempts.saturating_add(1);
        match sent {
            Ok(()) => {
                self.mark_sent(&mail.id, attempts, stopping).await?;
                Ok(Step::Tried)
            }
            Err(failure) => self.mark_failed(&mail.id, attempts, &failure).await,
        }
    }

    async fn send(&self, mail: &Mail) -> Result<(), Failure> {
        let message = message(&self.sender, mail, self.clock.now_ms());
        let message = message.map_err(|error| Failure::Refused(format!("`{}` {error}", mail.to)))?;
        self.smtp.send(message).await
    }

    /// Until the store takes it, no other mail is sent and this one not again.
    async fn mark_sent(
        &self,
        id: &MailId,
        attempts: u32,
        stopping: &mut watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        loop {
            let Err(error) = self.record_sent(id, attempts).await else {
                tracing::info!(mail = %id, attempts, "mail sent");
                return Ok(());
            };
            if *stopping.borrow() {
                return Err(error);
            }
            tracing::warn!(mail = %id, %error, "mail was sent and cannot be marked as sent");
            tokio::select! {
                () = tokio::time::sleep(STORE_REST_SECONDS) => {}
                () = stopped(stopping) => {}
            }
        }
    }

    async fn record_sent(&self, id: &MailId, attempts: u32) -> Result<(), StoreError> {
        let mut tx = self.store.write("mark_mail_sent", None, self.clock.now_ms()).await?;
        tx.mark_mail_sent(id, attempts).await?;
        tx.commit(self.follower.as_ref()).await?;
        Ok(())
    }

    async fn mark_failed(&self, id: &MailId, attempts: u32, failure: &Failure) -> Result<Step, StoreError> {
        let now_ms = self.clock.now_ms();
        let (Failure::Refused(error) | Failure::Deferred(error) | Failure::Unreachable(error)) = failure;
        let given_up = matches!(failure, Failure::Refused(_)) || attempts >= self.attempts_max;
        let next_ms = (!given_up).then(|| now_ms.saturating_add(delay_ms(attempts, self.chance())));
        let mut tx = self.store.write("mark_mail_failed", None, now_ms).await?;
        tx.mark_mail_failed(id, attempts, next_ms, error).await?;
        tx.commit(self.follower.as_ref()).await?;
        if given_up {
            tracing::warn!(mail = %id, attempts, "mail given up; the outbox says why");
        }
        if matches!(failure, Failure::Unreachable(_)) {
            // Said of the server and not of the mail, so it names nobody.
            tracing::warn!(%error, "the mail server cannot be used");
            return Ok(Step::Unreachable);
        }
        Ok(Step::Tried)
    }

    fn chance(&self) -> u64 {
        let mut bytes = [0; 8];
        // Without randomness tries are not spread, which is no reason not to try.
        let _ = self.random.fill(&mut bytes);
        u64::from_ne_bytes(bytes)
    }
}

/// Once the task is to stop.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Whoever could say so being gone says it too.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Once the task is to stop and has had its time.
async fn cut(stopping: &mut watch::Receiver<bool>) {
    stopped(stopping).await;
    tokio::time::sleep(STOP_SECONDS_MAX).await;
}

#[cfg(test)]
mod tests;
