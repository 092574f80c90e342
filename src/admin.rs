//! The admin commands: what a change checks, what it changes, and why it is refused.
//!
//! One command per file, free of HTTP. Every command is one transaction: it begins by becoming the
//! one writer, then asks whether the actor may, then checks the invariants that hold whatever the
//! policies say, then changes, then commits. What is refused leaves nothing behind.
//!
//! May use `domain`, store writes, `check` and the texts of `mail`; never axum.

pub mod accept_invitation;
pub mod ambient;
pub mod appoint_co_administrator;
pub mod attempts;
pub mod authority;
pub mod call;
pub mod candidates;
pub mod change_folder;
pub mod change_group;
pub mod change_item;
pub mod contact;
mod content;
pub mod contexts;
pub mod create_folder;
pub mod create_group;
pub mod create_item;
pub mod delete_folder;
pub mod delete_group;
pub mod delete_item;
pub mod delete_user;
pub mod demo;
pub mod field;
pub mod grant;
pub mod hand_over;
pub mod invite;
pub mod join_group;
pub mod leave_group;
pub mod leave_preview;
mod letters;
pub mod list_grants;
pub mod mark_sent;
pub mod membership;
pub mod outbox;
pub mod put_entities;
pub mod put_subscription;
pub mod put_user;
pub mod read_content;
pub mod read_entity;
pub mod read_group;
pub mod read_user;
pub mod refusal;
pub mod remove_members;
pub mod request_join;
pub mod revoke;
pub mod schema;
pub mod search_directory;
#[cfg(test)]
pub(crate) mod testing;
pub mod token;
pub mod usage;

pub use ambient::{Clock, Random, SystemClock, SystemRandom};
pub use refusal::{Refusal, Shortfall, Wrong};

use crate::check::Check;
use crate::domain::{Revision, ToolKind, UserId};
use crate::mail::Desk;
use crate::store::{Store, WriteTransaction};
use std::sync::Arc;

/// Everything the commands work with: one for the whole process.
pub struct Admin {
    /// What is kept, and the one writer.
    pub store: Store,
    /// Decides whether an actor may, and learns what each change touched.
    pub check: Arc<Check>,
    /// What time it is: since when somebody is a member, when an invitation expires.
    pub clock: Arc<dyn Clock>,
    /// Where ids and invitation tokens come from.
    pub random: Arc<dyn Random>,
    /// Where mail is written and announced to whoever sends it (A10, F5).
    pub desk: Arc<Desk>,
    /// What the deployment decides.
    pub settings: Settings,
}

/// What of the admin commands is configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The tools made with every group (S1).
    pub group_tools: Vec<ToolKind>,
    /// The tools made with every user's private space (S1).
    pub private_tools: Vec<ToolKind>,
    /// After how many days an invitation expires (A10).
    pub invitation_days: u32,
    /// How many terms a search of the directory takes at least (F1).
    pub directory_terms_min: u32,
}

/// On whose behalf a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The person (`Conclave-Actor`), whose right is decided by the policies; `None` is the host's
    /// own call (operator): no right needed, bound by every invariant.
    pub actor: Option<UserId>,
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done<T> {
    /// What to tell the caller.
    pub output: T,
    /// The revision from which on everybody sees it.
    pub revision: Revision,
}

/// What a `PUT` did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put<T> {
    /// Whether it was not there before.
    pub created: bool,
    /// What is there now.
    pub value: T,
}

impl Admin {
    /// Becomes the one writer: what is read after this, nobody else changes before the commit.
    ///
    /// `command` names the change in the history, such as `create_group`.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] if the store does not answer or its writer stays busy.
    pub async fn begin(&self, command: &'static str, caller: &Caller) -> Result<WriteTransaction, Refusal> {
        call::begins(command);
        Ok(self.store.write(command, caller.actor.as_ref(), self.clock.now_ms()).await?)
    }

    /// Makes the change last, and tells the decision cache before anybody else. The last thing that a
    /// command does: in a call with an `Idempotency-Key` the commit is put off until the answer is there.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`] if the store does not take it; nothing is changed then.
    pub async fn commit(&self, tx: WriteTransaction) -> Result<Revision, Refusal> {
        call::commit(self, tx).await
    }
}
