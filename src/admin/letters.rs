//! Mail that tells of a change: written into the outbox with it (A10, F5).

use super::token::Token;
use super::{Admin, Refusal, ambient};
use crate::domain::{Group, Invitation, JoinRequest, Letter, MailId, User};
use crate::mail::{Asked, Invited};
use crate::store::{StoreError, WriteTransaction};

/// Writes to the invited person, in the name of the group's administrator (A9). A user without an
/// address gets no mail; the invitation stands all the same.
///
/// # Errors
/// [`Refusal`] if the store cannot be written.
pub(super) async fn write_invitation(
    admin: &Admin,
    tx: &mut WriteTransaction,
    group: &Group,
    invitation: &Invitation,
    token: &Token,
) -> Result<(), Refusal> {
    let person = match &invitation.user {
        Some(user) => tx.user(user).await?,
        None => None,
    };
    let profile = person.as_ref().map(|user| &user.profile);
    let Some(to) = invitation.email.as_deref().or_else(|| profile?.email.as_deref()) else { return Ok(()) };
    let first_name = invitation.first_name.as_deref().or_else(|| profile?.first_name.as_deref());
    let inviter = administrator(tx, group).await?;
    let facts = Invited { invitation, group, inviter: &inviter, to, first_name, token: token.reveal() };
    let letter = admin.desk.composer.invitation(&facts);
    enqueue(admin, tx, &letter).await
}

/// Writes to the administrator of a group what `person` asks (F5). An administrator without an address
/// gets no mail, and reads the request in the list of them.
///
/// # Errors
/// [`Refusal`] if the store cannot be written.
pub(super) async fn write_join_request(
    admin: &Admin,
    tx: &mut WriteTransaction,
    group: &Group,
    request: &JoinRequest,
) -> Result<(), Refusal> {
    let administrator = administrator(tx, group).await?;
    let Some(to) = administrator.profile.email.as_deref() else { return Ok(()) };
    // Whoever may ask is stored: that was decided in this transaction.
    let Some(person) = tx.user(&request.user).await? else { return Ok(()) };
    let letter = admin.desk.composer.join_request(&Asked { request, person: &person, group, to });
    enqueue(admin, tx, &letter).await
}

async fn enqueue(admin: &Admin, tx: &mut WriteTransaction, letter: &Letter) -> Result<(), Refusal> {
    let id = ambient::new_uuid(admin.clock.as_ref(), admin.random.as_ref())?;
    let id = MailId::new(id).map_err(|error| StoreError::Corrupt(format!("mail id {error}")))?;
    Ok(tx.enqueue(&id, letter).await?)
}

async fn administrator(tx: &mut WriteTransaction, group: &Group) -> Result<User, Refusal> {
    let missing = || StoreError::Corrupt(format!("`{}` has no administrator", group.id));
    Ok(tx.user(&group.administrator).await?.ok_or_else(missing)?)
}

#[cfg(test)]
mod tests {
    use super::super::call::{self, Call};
    use super::super::invite::{resend_invitation, withdraw_invitation};
    use super::super::put_user::put_user;
    use super::super::request_join::{close_join_request, request_join};
    use super::super::testing::{HOST, World, body, by, user};
    use super::*;
    use crate::domain::{GroupId, Mail, MailKind, MailState, Page};
    use crate::store::idempotency::KeptAnswer;
    use std::sync::Arc;
    use std::time::Duration;

    async fn pending(world: &World) -> Vec<Mail> {
        world.admin.store.outbox(MailState::Pending, &Page::first()).await.unwrap().rows
    }

    fn text(mail: &Mail) -> &str {
        mail.body.as_ref().unwrap().reveal()
    }

    #[tokio::test]
    async fn a10_an_invited_person_gets_mail_with_the_token() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        let token = world.invite(&sales, r#"{"user":"carl"}"#).await.token.unwrap();
        let [mail] = &pending(&world).await[..] else { panic!() };
        assert_eq!(
            (mail.to.as_str(), mail.kind, mail.language.as_str()),
            ("carl@example.org", MailKind::Invitation, "en")
        );
        assert_eq!(mail.subject, "anna invites you to the group “Sales”");
        assert!(text(mail).starts_with("Hello carl,\n") && text(mail).contains(token.reveal()), "{}", text(mail));
        world.accept("carl", &token).await.unwrap();
        assert_eq!(pending(&world).await, []);
    }

    #[tokio::test]
    async fn mail_is_announced_once_it_can_be_seen() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        let desk = Arc::clone(&world.admin.desk);
        let announced = || async { tokio::time::timeout(Duration::ZERO, desk.arrival()).await.is_ok() };
        assert!(!announced().await, "a group was made, and nobody wrote");
        world.invite(&sales, r#"{"user":"ben"}"#).await;
        assert!(announced().await);
        // A commit that waits for the answer to be kept with it.
        let call = Arc::new(Call::new(None, None).put_off());
        call::within(Some(Arc::clone(&call)), world.invite(&sales, r#"{"user":"carl"}"#)).await;
        assert!(!announced().await);
        let (key_hash, request_hash) = ([1; 32], [2; 32]);
        let answer = KeptAnswer { key_hash, request_hash, status: 201, revision: None, body: Vec::new() };
        call.settle(&world.admin, answer).await.unwrap();
        assert!(announced().await);
        assert_eq!(pending(&world).await.len(), 2);
    }

    #[tokio::test]
    async fn a10_what_is_sent_again_takes_the_place_of_what_waits() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        let issued = world.invite(&sales, r#"{"email":"new@example.org"}"#).await;
        let (first, id) = (issued.token.unwrap(), &issued.invitation.id);
        let again = resend_invitation(&world.admin, &HOST, &sales, id).await.unwrap().output.token.unwrap();
        let [mail] = &pending(&world).await[..] else { panic!() };
        assert!(text(mail).contains(again.reveal()) && !text(mail).contains(first.reveal()));
        withdraw_invitation(&world.admin, &by("anna"), &sales, id).await.unwrap();
        assert_eq!(pending(&world).await, []);
    }

    #[tokio::test]
    async fn a10_a_user_without_an_address_is_invited_without_mail() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        put_user(&world.admin, &HOST, user("eve"), body(r#"{"username":"eve","subscription":"free"}"#)).await.unwrap();
        let token = world.invite(&sales, r#"{"user":"eve"}"#).await.token.unwrap();
        assert_eq!(pending(&world).await, []);
        world.accept("eve", &token).await.unwrap();
    }

    async fn ask(world: &World, group: &GroupId) -> JoinRequest {
        let asked = request_join(&world.admin, &by("dora"), group, body(r#"{"message":"May I?"}"#)).await;
        asked.unwrap().output
    }

    #[tokio::test]
    async fn f5_the_administrator_reads_who_asks() {
        let world = World::new().await;
        let closed = world.group(r#"{"name":"Closed","administrator":"anna","published":true}"#, &[]).await;
        let request = ask(&world, &closed).await;
        let [mail] = &pending(&world).await[..] else { panic!() };
        assert_eq!((mail.to.as_str(), mail.kind), ("anna@example.org", MailKind::JoinRequest));
        assert!(text(mail).contains("\n> May I?\n") && text(mail).contains("dora@example.org"), "{}", text(mail));
        close_join_request(&world.admin, &by("dora"), &closed, &request.id).await.unwrap();
        assert_eq!(pending(&world).await, []);

        put_user(&world.admin, &HOST, user("eve"), body(r#"{"username":"eve","subscription":"free"}"#)).await.unwrap();
        let silent = world.group(r#"{"name":"Silent","administrator":"eve","published":true}"#, &[]).await;
        ask(&world, &silent).await;
        assert_eq!(pending(&world).await, []);
    }
}
