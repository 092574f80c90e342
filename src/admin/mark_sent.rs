//! The host says that it sent a mail: its text is erased.

use super::{Admin, Caller, Done, Refusal};
use crate::domain::MailId;

/// Marks a mail as sent. Said again it changes nothing; of a dead mail it can be said too.
///
/// # Errors
/// [`Refusal`]: no such mail, or the host's alone.
pub async fn mark_sent(admin: &Admin, caller: &Caller, id: &MailId) -> Result<Done<()>, Refusal> {
    admin.host_only(caller, "mails")?;
    let mut tx = admin.begin("mark_mail_sent", caller).await?;
    let missing = || Refusal::NotFound { what: format!("mail `{id}`") };
    let mail = tx.mail(id).await?.ok_or_else(missing)?;
    tx.mark_mail_sent(id, mail.attempts).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: (), revision })
}

#[cfg(test)]
mod tests {
    use super::super::outbox::read_outbox;
    use super::super::testing::{HOST, World, by};
    use super::*;
    use crate::domain::{Mail, MailState, Page};

    async fn mails(world: &World, state: MailState) -> Vec<Mail> {
        read_outbox(&world.admin, &HOST, state, &Page::first()).await.unwrap().rows
    }

    #[tokio::test]
    async fn a10_the_host_reads_the_token_once_and_says_that_it_sent_it() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        let token = world.invite(&sales, r#"{"email":"new@example.org"}"#).await.token.unwrap();
        let [mail] = &mails(&world, MailState::Pending).await[..] else { panic!() };
        assert_eq!(mail.to, "new@example.org");
        assert!(mail.body.as_ref().unwrap().reveal().contains(token.reveal()));

        let sent = mark_sent(&world.admin, &HOST, &mail.id).await.unwrap();
        assert_eq!(mark_sent(&world.admin, &HOST, &mail.id).await.unwrap(), sent);
        assert_eq!(mails(&world, MailState::Pending).await, []);
        let [kept] = &mails(&world, MailState::Sent).await[..] else { panic!() };
        assert_eq!((&kept.id, &kept.body, kept.attempts), (&mail.id, &None, 0));
    }

    #[tokio::test]
    async fn the_outbox_is_the_hosts_alone() {
        let world = World::new().await;
        let sales = world.sales(&[]).await;
        world.invite(&sales, r#"{"user":"carl"}"#).await;
        let id = mails(&world, MailState::Pending).await[0].id.clone();
        let (anna, first) = (by("anna"), Page::first());
        world.refused(read_outbox(&world.admin, &anna, MailState::Pending, &first), (403, None)).await;
        world.refused(mark_sent(&world.admin, &by("anna"), &id), (403, None)).await;
        world.refused(mark_sent(&world.admin, &HOST, &MailId::new("none").unwrap()), (404, None)).await;
    }
}
