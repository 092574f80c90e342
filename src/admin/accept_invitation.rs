//! Accepting and declining an invitation by its token (A10).

use super::field::conflict;
use super::invite::is_for;
use super::token::{Token, unknown};
use super::{Admin, Caller, Done, Refusal, call, membership};
use crate::domain::{EntityUid, GroupId, Invitation, InvitationState, Rule, UserId};
use crate::store::WriteTransaction;

/// Who is in which group, once accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The group.
    pub group: GroupId,
    /// The new member.
    pub user: UserId,
}

/// Makes the actor a member. Accepting again succeeds as long as the actor is still in the group.
///
/// # Errors
/// [`Refusal`]: an unknown actor or token, an invitation for somebody else, one that was used,
/// ended or has expired (A10), somebody who is in the group already, or no place left (P4).
pub async fn accept_invitation(admin: &Admin, caller: &Caller, token: &Token) -> Result<Done<Admitted>, Refusal> {
    let mut tx = admin.begin("accept_invitation", caller).await?;
    let user = admin.known_actor(&mut tx, caller).await?;
    let invitation = presented(&mut tx, token, &user).await?;
    let group = membership::existing_group(&mut tx, &invitation.group).await?;
    let inside = membership::is_inside(&mut tx, &group, &user).await?;
    let again = invitation.state == InvitationState::Accepted && invitation.accepted_by.as_ref() == Some(&user);
    if !(again && inside) {
        check_pending(&invitation, admin.clock.now_ms())?;
        if inside {
            return Err(conflict(Rule::A10, format!("`{user}` is in the group already")));
        }
        membership::check_member_limit(&mut tx, &group).await?;
        tx.insert_member(&group.id, &user, admin.clock.now_ms()).await?;
        tx.use_invitation(&invitation.id, &user).await?;
        tx.use_invitations_of(&group.id, &user).await?;
    }
    let revision = admin.commit(tx).await?;
    Ok(Done { output: Admitted { group: group.id, user }, revision })
}

/// Turns an invitation down; its token admits nobody from then on.
///
/// # Errors
/// [`Refusal`]: an unknown actor or token, an invitation for somebody else, or one that was used,
/// ended or has expired (A10).
pub async fn decline_invitation(admin: &Admin, caller: &Caller, token: &Token) -> Result<Done<()>, Refusal> {
    let mut tx = admin.begin("decline_invitation", caller).await?;
    let user = admin.known_actor(&mut tx, caller).await?;
    let invitation = presented(&mut tx, token, &user).await?;
    check_pending(&invitation, admin.clock.now_ms())?;
    tx.end_invitation(&invitation.id, InvitationState::Declined).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: (), revision })
}

async fn presented(tx: &mut WriteTransaction, token: &Token, user: &UserId) -> Result<Invitation, Refusal> {
    let invitation = tx.invitation_by_token(&token.hash()).await?.ok_or_else(unknown)?;
    call::about(&EntityUid::group(&invitation.group));
    if is_for(&invitation, user) {
        return Ok(invitation);
    }
    let detail = "the invitation is for somebody else".to_owned();
    Err(Refusal::Forbidden { rule: Some(Rule::A10), detail })
}

fn check_pending(invitation: &Invitation, now_ms: i64) -> Result<(), Refusal> {
    let detail = match invitation.state {
        InvitationState::Pending if invitation.is_pending(now_ms) => return Ok(()),
        InvitationState::Pending => "the invitation has expired",
        InvitationState::Accepted => "the invitation was used",
        InvitationState::Declined => "the invitation was declined",
        InvitationState::Withdrawn => "the invitation was withdrawn",
    };
    Err(conflict(Rule::A10, detail))
}

#[cfg(test)]
mod tests {
    use super::super::invite::{resend_invitation, withdraw_invitation};
    use super::super::leave_group::{Leaving, leave_group};
    use super::super::testing::{DAY_MS, HOST, World, by};
    use super::*;
    use crate::domain::EntityUid;

    async fn decline(world: &World, actor: &str, token: &Token) -> Result<Done<()>, Refusal> {
        decline_invitation(&world.admin, &by(actor), token).await
    }

    #[tokio::test]
    async fn a10_a_member_only_after_accepting() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        let uid = EntityUid::group(&sales);
        let token = world.invite(&sales, r#"{"user":"ben"}"#).await.token.unwrap();
        assert!(!world.may("ben", "view_group", &uid).await);
        world.refused(world.accept("carl", &token), (403, Some("A10"))).await;
        world.refused(world.accept("stranger", &token), (403, None)).await;
        world.refused(world.accept("ben", &Token::presented("none")), (404, None)).await;
        world.refused(accept_invitation(&world.admin, &HOST, &token), (400, None)).await;

        let done = accept_invitation(&world.admin, &by("ben"), &token).await.unwrap();
        assert_eq!(world.touched(&done).await, ["changed User::\"ben\""]);
        assert!(world.may("ben", "view_group", &uid).await);
    }

    #[tokio::test]
    async fn a10_accepting_again_succeeds_only_while_in_the_group() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        let token = world.invite(&sales, r#"{"user":"ben"}"#).await.token.unwrap();
        let first = world.accept("ben", &token).await.unwrap();
        assert_eq!(world.accept("ben", &token).await.unwrap(), first);
        leave_group(&world.admin, &by("ben"), &sales, Leaving::default()).await.unwrap();
        world.refused(world.accept("ben", &token), (409, Some("A10"))).await;
    }

    #[tokio::test]
    async fn a10_an_ended_token_never_admits_anyone() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        let ben = r#"{"user":"ben"}"#;
        let withdrawn = world.invite(&sales, ben).await;
        withdraw_invitation(&world.admin, &by("anna"), &sales, &withdrawn.invitation.id).await.unwrap();
        let declined = world.invite(&sales, ben).await;
        decline(&world, "ben", declined.token.as_ref().unwrap()).await.unwrap();
        let expired = world.invite(&sales, ben).await;
        world.later(30 * DAY_MS);
        for ended in [&withdrawn, &declined, &expired] {
            let token = ended.token.as_ref().unwrap();
            world.refused(world.accept("ben", token), (409, Some("A10"))).await;
            world.refused(decline(&world, "ben", token), (409, Some("A10"))).await;
        }
    }

    #[tokio::test]
    async fn a10_sending_again_makes_another_token_and_another_expiry() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        let first = world.invite(&sales, r#"{"user":"ben"}"#).await;
        world.later(29 * DAY_MS);
        let id = &first.invitation.id;
        let again = resend_invitation(&world.admin, &HOST, &sales, id).await.unwrap().output;
        assert_eq!(again.invitation.expires_ms, first.invitation.expires_ms + 29 * DAY_MS);
        world.refused(world.accept("ben", &first.token.unwrap()), (404, None)).await;
        world.later(29 * DAY_MS);
        world.accept("ben", &again.token.unwrap()).await.unwrap();
        world.refused(resend_invitation(&world.admin, &HOST, &sales, id), (409, Some("A10"))).await;
    }

    #[tokio::test]
    async fn a10_an_invitation_by_email_is_for_whoever_accepts() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        let unknown = world.invite(&sales, r#"{"email":"new@example.org"}"#).await;
        assert_eq!(unknown.invitation.user, None);
        let token = unknown.token.unwrap();
        world.accept("ben", &token).await.unwrap();
        world.refused(world.accept("carl", &token), (403, Some("A10"))).await;

        let known = world.invite(&sales, r#"{"email":"carl@example.org"}"#).await;
        assert_eq!(known.invitation.user.unwrap().as_str(), "carl");
        world.refused(world.accept("dora", &known.token.unwrap()), (403, Some("A10"))).await;
    }

    #[tokio::test]
    async fn a10_who_is_in_the_group_uses_up_no_invitation() {
        let world = World::new().await;
        let sales = world.sales(&["ben"]).await;
        let token = world.invite(&sales, r#"{"email":"new@example.org"}"#).await.token.unwrap();
        world.refused(world.accept("ben", &token), (409, Some("A10"))).await;
        world.refused(world.accept("anna", &token), (409, Some("A10"))).await;
        world.accept("carl", &token).await.unwrap();
    }

    #[tokio::test]
    async fn p4_the_member_limit_holds_when_accepting_too() {
        let world = World::new().await;
        world.subscription("small", r#"{"max_members":1}"#).await;
        world.person("eve", "small").await;
        let small = world.group(r#"{"name":"Small","administrator":"eve"}"#, &[]).await;
        let ben = world.invite(&small, r#"{"user":"ben"}"#).await.token.unwrap();
        let carl = world.invite(&small, r#"{"user":"carl"}"#).await.token.unwrap();
        world.accept("ben", &ben).await.unwrap();
        world.refused(world.accept("carl", &carl), (409, Some("P4"))).await;
    }
}
