//! Inviting somebody, sending an invitation again, withdrawing it (A9-A11).

use super::contact::{self, NewContact};
use super::field::{conflict, id};
use super::letters::write_invitation;
use super::schema::{Email, Line};
use super::token::{Token, expiry_ms};
use super::{Admin, Caller, Done, Refusal, ambient, authority, membership};
use crate::domain::{
    Contact, EntityUid, Group, GroupId, Invitation, InvitationId, InvitationState, Invitee, Rule, UserId,
};
use crate::store::WriteTransaction;
use serde::Deserialize;
use utoipa::ToSchema;

/// Whom to invite, as a request says it: `user` or `email`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct NewInvitation {
    /// A known user.
    #[schema(value_type = Option<UserId>)]
    pub user: Option<String>,
    /// Anybody with an address.
    #[schema(value_type = Option<Email>)]
    pub email: Option<String>,
    /// Given name of somebody invited by address.
    #[schema(value_type = Option<Line>)]
    pub first_name: Option<String>,
    /// Family name of somebody invited by address.
    #[schema(value_type = Option<Line>)]
    pub last_name: Option<String>,
}

/// An invitation and, for the host alone, the token that accepts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The invitation.
    pub invitation: Invitation,
    /// The token; `None` for actors, whose invited person reads it in the email.
    pub token: Option<Token>,
}

impl NewInvitation {
    /// Whom it is for, by its form alone.
    fn contact(&self) -> Result<Contact, Refusal> {
        let Self { user, email, first_name, last_name } = self.clone();
        NewContact { user, email, first_name, last_name }.read_as(["user", "email", "first_name", "last_name"])
    }
}

/// Invites somebody who is not in the group. Who is no candidate becomes one first: a contact in
/// the private contacts of who invites, the administrator (A9).
///
/// # Errors
/// [`Refusal`]: no such group or user, not the administrator (A9), somebody who is in the group or
/// invited already (A10), or no place left (P4).
pub async fn invite(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    input: NewInvitation,
) -> Result<Done<Issued>, Refusal> {
    let contact = input.contact()?;
    let mut tx = admin.begin("invite", caller).await?;
    admin.authorize(caller, "invite", &EntityUid::group(group)).await?;
    let stored = membership::existing_group(&mut tx, group).await?;
    let invitee = bound(&mut tx, &contact).await?;
    let now_ms = admin.clock.now_ms();
    check_invitable(&mut tx, &stored, &invitee, now_ms).await?;
    let owner = caller.actor.as_ref().unwrap_or(&stored.administrator);
    contact::remember(admin, &mut tx, owner, &invitee, &contact).await?;
    let invitation = Invitation {
        id: id("id", &ambient::new_uuid(admin.clock.as_ref(), admin.random.as_ref())?)?,
        group: group.clone(),
        user: match invitee {
            Invitee::User(user) => Some(user),
            Invitee::Email(_) => None,
        },
        email: input.email,
        first_name: input.first_name,
        last_name: input.last_name,
        state: InvitationState::Pending,
        accepted_by: None,
        created_ms: now_ms,
        expires_ms: expiry_ms(admin, now_ms),
    };
    let token = Token::new(admin)?;
    tx.insert_invitation(&invitation, &token.hash()).await?;
    write_invitation(admin, &mut tx, &stored, &invitation, &token).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: Issued { invitation, token: shown(caller, token) }, revision })
}

/// Sends a pending invitation again, with another token and another expiry.
///
/// # Errors
/// [`Refusal`]: no such group or invitation, not the administrator, or no longer pending (A10).
pub async fn resend_invitation(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    invitation: &InvitationId,
) -> Result<Done<Issued>, Refusal> {
    let mut tx = admin.begin("resend_invitation", caller).await?;
    let stored = managed(admin, &mut tx, caller, group, invitation).await?;
    let now_ms = admin.clock.now_ms();
    if !stored.is_pending(now_ms) {
        return Err(conflict(Rule::A10, "the invitation is no longer pending"));
    }
    let renewed = Invitation { created_ms: now_ms, expires_ms: expiry_ms(admin, now_ms), ..stored };
    let token = Token::new(admin)?;
    tx.renew_invitation(&renewed, &token.hash()).await?;
    let group = membership::existing_group(&mut tx, group).await?;
    // After the renewal, which takes unsent mail with the old token along.
    write_invitation(admin, &mut tx, &group, &renewed, &token).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: Issued { invitation: renewed, token: shown(caller, token) }, revision })
}

/// Takes a pending invitation back.
///
/// # Errors
/// [`Refusal`]: no such group or invitation, not the administrator, or used or ended before (A10).
pub async fn withdraw_invitation(
    admin: &Admin,
    caller: &Caller,
    group: &GroupId,
    invitation: &InvitationId,
) -> Result<Done<()>, Refusal> {
    let mut tx = admin.begin("withdraw_invitation", caller).await?;
    let stored = managed(admin, &mut tx, caller, group, invitation).await?;
    if stored.state != InvitationState::Pending {
        return Err(conflict(Rule::A10, "the invitation is no longer pending"));
    }
    tx.end_invitation(invitation, InvitationState::Withdrawn).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: (), revision })
}

async fn managed(
    admin: &Admin,
    tx: &mut WriteTransaction,
    caller: &Caller,
    group: &GroupId,
    invitation: &InvitationId,
) -> Result<Invitation, Refusal> {
    admin.authorize(caller, "manage_invitations", &EntityUid::group(group)).await?;
    membership::existing_group(tx, group).await?;
    let missing = || Refusal::NotFound { what: format!("invitation `{invitation}` to the group `{group}`") };
    tx.invitation(group, invitation).await?.ok_or_else(missing)
}

/// An address that belongs to exactly one user stands for that user (A10).
async fn bound(tx: &mut WriteTransaction, contact: &Contact) -> Result<Invitee, Refusal> {
    match contact {
        Contact::User { user } if tx.user_exists(user).await? => Ok(Invitee::User(user.clone())),
        Contact::User { user } => Err(authority::not_found(&EntityUid::user(user))),
        Contact::Address { email, .. } => {
            let owner = tx.sole_owner_of_email(email).await?;
            Ok(owner.map_or_else(|| Invitee::Email(email.clone()), Invitee::User))
        }
    }
}

async fn check_invitable(
    tx: &mut WriteTransaction,
    group: &Group,
    invitee: &Invitee,
    now_ms: i64,
) -> Result<(), Refusal> {
    if let Invitee::User(user) = invitee
        && membership::is_inside(tx, group, user).await?
    {
        return Err(conflict(Rule::A10, format!("`{user}` is in the group already")));
    }
    if tx.is_invited(&group.id, invitee, now_ms).await? {
        return Err(conflict(Rule::A10, "a pending invitation for this person exists: send it again or withdraw it"));
    }
    membership::check_member_limit(tx, group).await
}

fn shown(caller: &Caller, token: Token) -> Option<Token> {
    caller.actor.is_none().then_some(token)
}

/// Whether an invitation is for this user, or for whoever holds its token.
pub(super) fn is_for(invitation: &Invitation, user: &UserId) -> bool {
    invitation.user.as_ref().is_none_or(|bound| bound == user)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{DAY_MS, HOST, NOON_MS, World, body, by, user};
    use super::*;

    async fn ask(world: &World, caller: &Caller, group: &GroupId, json: &str) -> Result<Done<Issued>, Refusal> {
        invite(&world.admin, caller, group, body(json)).await
    }

    #[tokio::test]
    async fn a9_only_the_administrator_invites() {
        let world = World::new().await;
        let sales = world.sales(&["ben"]).await;
        let carl = r#"{"user":"carl"}"#;
        world.refused(ask(&world, &by("ben"), &sales, carl), (403, Some("A9"))).await;
        world.refused(ask(&world, &by("dora"), &sales, carl), (404, None)).await;
        let done = ask(&world, &by("anna"), &sales, carl).await.unwrap();
        assert_eq!(done.output.token, None);
        let invitation = done.output.invitation;
        assert_eq!((invitation.created_ms, invitation.expires_ms), (NOON_MS, NOON_MS + 30 * DAY_MS));
        let id = &invitation.id;
        world.refused(withdraw_invitation(&world.admin, &by("ben"), &sales, id), (403, Some("A10"))).await;
        world.refused(resend_invitation(&world.admin, &by("carl"), &sales, id), (404, None)).await;
        let other = world.group(r#"{"name":"Other","administrator":"ben"}"#, &[]).await;
        world.refused(withdraw_invitation(&world.admin, &by("ben"), &other, id), (404, None)).await;
        withdraw_invitation(&world.admin, &by("anna"), &sales, id).await.unwrap();
        world.refused(withdraw_invitation(&world.admin, &by("anna"), &sales, id), (409, Some("A10"))).await;
    }

    #[tokio::test]
    async fn a10_nobody_is_invited_twice_or_while_in_the_group() {
        let world = World::new().await;
        let sales = world.sales(&["ben"]).await;
        world.invite(&sales, r#"{"user":"carl"}"#).await;
        world.invite(&sales, r#"{"email":"new@example.org","first_name":"N"}"#).await;
        for (json, expected) in [
            (r#"{"user":"ben"}"#, (409, Some("A10"))),
            (r#"{"user":"anna"}"#, (409, Some("A10"))),
            (r#"{"user":"carl"}"#, (409, Some("A10"))),
            (r#"{"email":"carl@example.org"}"#, (409, Some("A10"))),
            (r#"{"email":"new@example.org"}"#, (409, Some("A10"))),
            (r#"{"user":"nobody"}"#, (404, None)),
            (r#"{"email":"nothing"}"#, (422, None)),
            (r#"{"user":"a/b"}"#, (422, None)),
            ("{}", (400, None)),
            (r#"{"user":"dora","email":"dora@example.org"}"#, (400, None)),
        ] {
            world.refused(ask(&world, &HOST, &sales, json), expected).await;
        }
        world.later(30 * DAY_MS);
        world.invite(&sales, r#"{"user":"carl"}"#).await;
    }

    #[tokio::test]
    async fn a10_a_shared_address_binds_nobody() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        for (id, email) in [("eve", "both@example.org"), ("fay", "both@example.org")] {
            let new = format!(r#"{{"username":"{id}","email":"{email}","subscription":"free"}}"#);
            super::super::put_user::put_user(&world.admin, &HOST, user(id), body(&new)).await.unwrap();
        }
        assert_eq!(world.invite(&sales, r#"{"email":"both@example.org"}"#).await.invitation.user, None);
    }

    #[tokio::test]
    async fn p4_a_full_group_invites_nobody() {
        let world = World::new().await;
        world.subscription("small", r#"{"max_members":1}"#).await;
        world.person("eve", "small").await;
        let small = world.group(r#"{"name":"Small","administrator":"eve"}"#, &["ben"]).await;
        world.refused(ask(&world, &by("eve"), &small, r#"{"user":"carl"}"#), (409, Some("P4"))).await;
    }
}
