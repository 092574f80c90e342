//! Mail that tells of a change: written into the outbox with it (A10, F5).

use super::token::Token;
use super::{Admin, Refusal, ambient};
use crate::domain::{Group, Invitation, Letter, MailId, User};
use crate::mail::{Asked, Invited};
use crate::store::{StoreError, WriteTransaction};

/// Writes to the invited person, in the name of the group's administrator (A9). A user without an
/// address gets no mail; the invitation stands all the same.
///
/// # Errors
/// [`Refusal`] if the store cannot be written.
pub async fn write_invitation(
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

/// Writes to the administrator of a group that `person` asks to be let in (F5). Says whether it was
/// written: an administrator without an address cannot be.
///
/// # Errors
/// [`Refusal`] if the store cannot be written.
pub async fn write_join_request(
    admin: &Admin,
    tx: &mut WriteTransaction,
    group: &Group,
    person: &User,
    message: &str,
) -> Result<bool, Refusal> {
    let administrator = administrator(tx, group).await?;
    let Some(to) = administrator.profile.email.as_deref() else { return Ok(false) };
    let letter = admin.desk.composer.join_request(&Asked { person, group, to, message });
    enqueue(admin, tx, &letter).await?;
    Ok(true)
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
    use super::super::invite::{resend_invitation, withdraw_invitation};
    use super::super::put_user::put_user;
    use super::super::testing::{HOST, World, body, by, user};
    use super::*;
    use crate::domain::{GroupId, Mail, MailKind, MailState, Page};

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

    async fn ask(world: &World, group: &GroupId, message: &str) -> bool {
        let mut tx = world.admin.begin("request_join", &by("dora")).await.unwrap();
        let stored = super::super::membership::existing_group(&mut tx, group).await.unwrap();
        let dora = tx.user(&user("dora")).await.unwrap().unwrap();
        let written = write_join_request(&world.admin, &mut tx, &stored, &dora, message).await.unwrap();
        world.admin.commit(tx).await.unwrap();
        written
    }

    #[tokio::test]
    async fn f5_the_administrator_reads_who_asks() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        assert!(ask(&world, &sales, "May I?").await);
        let [mail] = &pending(&world).await[..] else { panic!() };
        assert_eq!((mail.to.as_str(), mail.kind), ("anna@example.org", MailKind::JoinRequest));
        assert!(text(mail).contains("\n> May I?\n") && text(mail).contains("dora@example.org"), "{}", text(mail));

        put_user(&world.admin, &HOST, user("eve"), body(r#"{"username":"eve","subscription":"free"}"#)).await.unwrap();
        let silent = world.group(r#"{"name":"Silent","administrator":"eve"}"#, &[]).await;
        assert!(!ask(&world, &silent, "May I?").await);
    }
}
