//! Whether the person on whose behalf a command runs may do it.

use super::{Admin, Caller, Refusal, call};
use crate::check::{CheckError, RequestRef};
use crate::domain::uid::types;
use crate::domain::{Context, Decision, EntityUid, Lent, Rule, UserId};
use crate::store::WriteTransaction;

/// Where the actor is named, for refusals that ask for one.
pub const ACTOR_HEADER: &str = "Conclave-Actor";

impl Admin {
    /// Whether the caller may do `action` on `resource`; the operator always may.
    ///
    /// A command asks after [`Admin::begin`], so that nothing changes between decision and commit.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] if the actor may not even see the resource, [`Refusal::Forbidden`]
    /// with the rule that reserves the action if they may, [`Refusal::Undecided`] if no decision
    /// could be made.
    pub async fn authorize(&self, caller: &Caller, action: &str, resource: &EntityUid) -> Result<(), Refusal> {
        self.authorize_with(caller, action, resource, Context::empty()).await
    }

    /// [`Admin::authorize`], in a context: the `size` of what is added, say.
    ///
    /// # Errors
    /// As [`Admin::authorize`].
    pub async fn authorize_with(
        &self,
        caller: &Caller,
        action: &str,
        resource: &EntityUid,
        context: Context,
    ) -> Result<(), Refusal> {
        call::about(resource);
        let Some(actor) = &caller.actor else { return Ok(()) };
        if self.allows(actor, action, resource, context).await? {
            return Ok(());
        }
        let view = view_action(resource);
        if action == view || !self.allows(actor, view, resource, Context::empty()).await? {
            return Err(not_found(resource));
        }
        let (rule, who) = reserved(action);
        Err(Refusal::Forbidden { rule: Some(rule), detail: who.to_owned() })
    }

    /// What the policies say, asked like any other decision.
    ///
    /// # Errors
    /// [`Refusal::Undecided`] if no decision could be made.
    pub async fn allows(
        &self,
        actor: &UserId,
        action: &str,
        resource: &EntityUid,
        context: Context,
    ) -> Result<bool, Refusal> {
        let (principal, action) = (EntityUid::user(actor), EntityUid::action(action));
        let request = RequestRef {
            principal: principal.borrow(),
            action: action.borrow(),
            resource: resource.borrow(),
            context,
            lent: Lent::nothing(),
        };
        let in_force = call::in_force(&self.check);
        let answer = self.check.decide_past_queue(&in_force, &request).await.map_err(undecided)?;
        Ok(answer.outcome().decision == Decision::Allow)
    }

    /// For calls that are the host's alone; `what` is the plural of what they are about.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] for every actor.
    pub fn host_only(&self, caller: &Caller, what: &str) -> Result<(), Refusal> {
        match caller.actor {
            None => Ok(()),
            Some(_) => Err(Refusal::Forbidden { rule: None, detail: format!("{what} are the host's alone") }),
        }
    }

    /// The actor of a call that is open to every known user. Deleted ones are not (P7).
    ///
    /// # Errors
    /// [`Refusal::Malformed`] if the call names no actor, [`Refusal::Forbidden`] if nobody has
    /// that id.
    pub async fn known_actor(&self, tx: &mut WriteTransaction, caller: &Caller) -> Result<UserId, Refusal> {
        let actor = named_actor(caller)?;
        if tx.user_exists(actor).await? {
            return Ok(actor.clone());
        }
        Err(unknown(actor))
    }
}

/// A schema that does not have the question will never have an answer: nobody may, whoever asks and whenever.
fn undecided(error: CheckError) -> Refusal {
    let no_place = |error: &dyn std::fmt::Display| {
        let detail = format!("the schema that is loaded has no place for this call: {error}");
        Refusal::Forbidden { rule: None, detail }
    };
    match error {
        CheckError::NotAllowed(error) => no_place(&error),
        CheckError::Context(error) => no_place(&error),
        error => Refusal::Undecided(Box::new(error)),
    }
}

/// A refusal of a call on behalf of nobody in particular.
pub(super) fn unknown(actor: &UserId) -> Refusal {
    Refusal::Forbidden { rule: None, detail: format!("nobody is known as `{actor}`") }
}

/// The actor, of a call that makes sense only on somebody's behalf.
///
/// # Errors
/// [`Refusal::Malformed`] if the call names none.
pub fn named_actor(caller: &Caller) -> Result<&UserId, Refusal> {
    let missing = || Refusal::Malformed {
        field: ACTOR_HEADER,
        detail: "is needed: this call is made on behalf of a person".to_owned(),
    };
    caller.actor.as_ref().ok_or_else(missing)
}

/// A 404 that names what was asked for as the request did.
#[must_use]
pub fn not_found(resource: &EntityUid) -> Refusal {
    Refusal::NotFound { what: format!("{} `{}`", resource.type_name.to_lowercase(), resource.id) }
}

/// The action without which a resource does not exist to an actor.
fn view_action(resource: &EntityUid) -> &'static str {
    if resource.type_name == types::GROUP { "view_group" } else { "view" }
}

/// The rule that reserves an action, and to whom.
fn reserved(action: &str) -> (Rule, &'static str) {
    match action {
        "list_members" => (Rule::F3, "the group does not publish who is in it"),
        "modify_settings" => (Rule::A8, "only the administrator changes settings"),
        "invite" => (Rule::A9, "only the administrator invites"),
        "manage_invitations" => (Rule::A10, "only the administrator manages invitations"),
        "remove_member" => (Rule::A12, "only the administrator removes members"),
        "delete_group" => (Rule::A14, "only the administrator deletes the group"),
        "appoint_co_administrator" | "dismiss_co_administrator" => {
            (Rule::C1, "only the administrator appoints and dismisses co-administrators")
        }
        "hand_over" => (Rule::A4, "only the administrator hands the group over"),
        "join" => (Rule::F4, "only an open group can be joined, by somebody who is not in it"),
        "request_join" => (Rule::F5, "only a closed group is asked for membership, by somebody who is not in it"),
        "leave" => (Rule::F6, "only a member leaves"),
        "add" => (Rule::D1, "adding takes the right to add there"),
        "delete" => (Rule::D1, "deleting takes the right to delete there"),
        "edit" => (Rule::D4, "editing takes the right to edit: the author's, or one the author gave"),
        "manage_access" => (Rule::D7, "managing access here is not this person's"),
        _ => (Rule::S2, "the policies do not allow it"),
    }
}
