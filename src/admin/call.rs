//! One call of the admin API around the command that it runs: what the audit has to know and the
//! command does not say, and the commit put off until the answer to keep with it is there.
//!
//! The call travels with its task, so that no command has to hand it on. A command run outside a
//! call, as the demo data is, is recorded all the same: by what it creates or touches.

use super::{Admin, Refusal};
use crate::check::{Check, InForce};
use crate::domain::{EntityUid, Revision, UserId};
use crate::store::WriteTransaction;
use crate::store::idempotency::KeptAnswer;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

tokio::task_local! {
    static CALL: Arc<Call>;
}

/// What is known of one call.
#[derive(Default)]
pub struct Call {
    /// What the path names as acted on.
    target: Option<EntityUid>,
    /// Whom the path names inside the target.
    subject: Option<UserId>,
    /// Whether the commit waits for [`Call::settle`].
    puts_off: bool,
    /// By which everything is decided that the command asks.
    in_force: OnceLock<Arc<InForce>>,
    heard: Mutex<Heard>,
}

/// What the command lets be known while it runs.
#[derive(Default)]
struct Heard {
    command: Option<&'static str>,
    /// What the command asked leave for, or said it was about.
    about: Option<EntityUid>,
    /// The change, whole but for its commit.
    parked: Option<WriteTransaction>,
    /// Kept as long as the call.
    held: Vec<Box<dyn Send>>,
}

/// What the audit says of a call that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aim {
    /// The command, if one had begun.
    pub command: Option<&'static str>,
    /// What it was aimed at, where that is known.
    pub target: Option<EntityUid>,
    /// Whom inside the target.
    pub subject: Option<UserId>,
}

impl Call {
    /// A call on this target, and this person inside it, as far as the path says so.
    #[must_use]
    pub fn new(target: Option<EntityUid>, subject: Option<UserId>) -> Self {
        Self { target, subject, ..Self::default() }
    }

    /// The same; its change is committed by [`Call::settle`] and not before.
    #[must_use]
    pub fn put_off(self) -> Self {
        Self { puts_off: true, ..self }
    }

    /// What was tried.
    #[must_use]
    pub fn aim(&self) -> Aim {
        let (command, about) = self.with(|heard| (heard.command, heard.about.clone()));
        Aim { command, target: self.target.clone().or(about), subject: self.subject.clone() }
    }

    /// Keeps something until the call is over, if its commit is put off; otherwise lets go of it.
    pub fn hold(&self, thing: impl Send + 'static) {
        if self.puts_off {
            self.with(|heard| heard.held.push(Box::new(thing)));
        }
    }

    /// Commits the change that was put off, and its answer with it; `None` if there is none.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] if the store does not take it; nothing is changed then.
    // INVARIANT: change and answer are one transaction. A retry finds both or neither.
    pub async fn settle(&self, admin: &Admin, answer: KeptAnswer) -> Result<Option<Revision>, Refusal> {
        let Some(mut tx) = self.with(|heard| heard.parked.take()) else { return Ok(None) };
        tx.answer_with(answer);
        Ok(Some(make_last(admin, tx).await?))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Heard) -> T) -> T {
        change(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The call that this task runs for, if it runs for one.
#[must_use]
pub fn current() -> Option<Arc<Call>> {
    CALL.try_with(Arc::clone).ok()
}

/// Runs `work` for a call, or for none.
pub async fn within<T>(call: Option<Arc<Call>>, work: impl Future<Output = T>) -> T {
    match call {
        Some(call) => CALL.scope(call, work).await,
        None => work.await,
    }
}

/// Says what a call is about whose path does not name it.
pub fn about(uid: &EntityUid) {
    if let Some(call) = current() {
        call.with(|heard| {
            heard.about.get_or_insert_with(|| uid.clone());
        });
    }
}

/// What decides for the command that this task runs: from its first question on the same. Of two questions that are
/// decided by different policies neither may have allowed the command as a whole.
pub(super) fn in_force(check: &Check) -> Arc<InForce> {
    match current() {
        Some(call) => Arc::clone(call.in_force.get_or_init(|| check.in_force())),
        None => check.in_force(),
    }
}

/// A command begins.
pub(super) fn begins(command: &'static str) {
    if let Some(call) = current() {
        call.with(|heard| heard.command = Some(command));
    }
}

/// Commits, now or when the call is settled.
pub(super) async fn commit(admin: &Admin, mut tx: WriteTransaction) -> Result<Revision, Refusal> {
    let Some(call) = current() else { return make_last(admin, tx).await };
    // What is made says more than what it is made in.
    let created = tx.created().cloned();
    let target = call.target.clone().or(created).or_else(|| call.with(|heard| heard.about.clone()));
    tx.aim(target, call.subject.clone());
    if !call.puts_off {
        return make_last(admin, tx).await;
    }
    let revision = tx.outcome();
    call.with(|heard| heard.parked = Some(tx));
    Ok(revision)
}

/// The commit itself. Only after it can whoever sends mail see what was written.
async fn make_last(admin: &Admin, tx: WriteTransaction) -> Result<Revision, Refusal> {
    let writes_mail = tx.writes_mail();
    let revision = tx.commit(admin.check.stripes()).await?;
    if writes_mail {
        admin.desk.announce();
    }
    Ok(revision)
}
