//! Changes of the outbox: mail waits there until it is sent (A10, F5). They touch no entity that a
//! decision rests on, but the history tells them.

use crate::domain::uid::types;
use crate::domain::{EntityUid, Letter, Mail, MailId};
use crate::store::limits::SENT_MAIL_DAYS;
use crate::store::list::outbox::find;
use crate::store::sql;
use crate::store::{Change, StoreError, WriteTransaction};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl WriteTransaction {
    /// Puts a mail into the outbox, to be sent at once.
    ///
    /// INVARIANT: in the transaction of the change it tells of. Of a change that is not made nobody
    /// gets mail, and no mail about one that is made is lost.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn enqueue(&mut self, id: &MailId, letter: &Letter) -> Result<(), StoreError> {
        let sql = "INSERT INTO outbox (id, kind, recipient, language, subject, body, about, state, created_ms,
                                       next_attempt_ms) VALUES (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?)";
        let at_ms = self.at_ms;
        sql::query(sql)
            .bind(id.as_str())
            .bind(letter.kind.name())
            .bind(&letter.to)
            .bind(letter.language)
            .bind(&letter.subject)
            .bind(letter.body.reveal())
            .bind(letter.about.as_str())
            .bind(at_ms)
            .bind(at_ms)
            .execute(self.connection())
            .await?;
        self.touch(uid(id), Change::Created);
        Ok(())
    }

    /// Whether the change puts mail into the outbox.
    #[must_use]
    pub fn writes_mail(&self) -> bool {
        self.touched.iter().any(|(uid, change)| uid.type_name == types::MAIL && change == Change::Created)
    }

    /// A mail, if there is one with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn mail(&mut self, id: &MailId) -> Result<Option<Mail>, StoreError> {
        find(self.connection(), id).await
    }

    /// Says that a mail was sent, at the `attempts`th try, and erases its text; forgets those sent
    /// long ago. A mail that is gone or sent already stays as it is.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn mark_mail_sent(&mut self, id: &MailId, attempts: u32) -> Result<(), StoreError> {
        let sql = "UPDATE outbox SET state = 'sent', body = NULL, last_error = NULL, sent_ms = ?, attempts = ?
                   WHERE id = ? AND state <> 'sent'";
        let at_ms = self.at_ms;
        let query = sql::query(sql).bind(at_ms).bind(attempts).bind(id.as_str());
        if query.execute(self.connection()).await?.rows_affected() == 0 {
            return Ok(());
        }
        self.touch(uid(id), Change::Changed);
        let old_ms = at_ms.saturating_sub(SENT_MAIL_DAYS * DAY_MS);
        let forget = sql::query("DELETE FROM outbox WHERE state = 'sent' AND sent_ms < ?").bind(old_ms);
        forget.execute(self.connection()).await?;
        Ok(())
    }

    /// Says that the `attempts`th try failed, and why. The next one is at `next_attempt_ms`
    /// (milliseconds since 1970-01-01 UTC); without it there is none, and the mail is dead. A mail
    /// that was withdrawn or sent meanwhile stays as it is.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn mark_mail_failed(
        &mut self,
        id: &MailId,
        attempts: u32,
        next_attempt_ms: Option<i64>,
        error: &str,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE outbox SET state = iif(?1 IS NULL, 'dead', 'pending'),
                                     next_attempt_ms = coalesce(?1, next_attempt_ms), last_error = ?2, attempts = ?3
                   WHERE id = ?4 AND state = 'pending'";
        let query = sql::query(sql).bind(next_attempt_ms).bind(error).bind(attempts).bind(id.as_str());
        if query.execute(self.connection()).await?.rows_affected() != 0 {
            self.touch(uid(id), Change::Changed);
        }
        Ok(())
    }
}

fn uid(id: &MailId) -> EntityUid {
    EntityUid::new(types::MAIL, id.text())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{MailBody, MailKind, MailState, Page};
    use crate::store::Store;
    use crate::store::testing::{Silent, World};

    fn id(text: &str) -> MailId {
        MailId::new(text).unwrap()
    }

    /// As long as mail is, the token within.
    fn text() -> String {
        format!("{}token-1{}", "before ".repeat(80), " after".repeat(80))
    }

    fn letter(about: &str) -> Letter {
        Letter {
            kind: MailKind::Invitation,
            to: "anna@example.org".to_owned(),
            language: "it",
            subject: "Invito".to_owned(),
            body: MailBody::new(text()),
            about: about.into(),
        }
    }

    async fn enqueue(store: &Store, name: &str, at_ms: i64, about: &str) {
        let mut tx = store.write("invite", None, at_ms).await.unwrap();
        tx.enqueue(&id(name), &letter(about)).await.unwrap();
        tx.commit(&Silent).await.unwrap();
    }

    async fn names(store: &Store, state: MailState) -> Vec<String> {
        let page = store.outbox(state, &Page::first()).await.unwrap();
        page.rows.into_iter().map(|mail| mail.id.to_string()).collect()
    }

    async fn sent(store: &Store, name: &str, at_ms: i64) {
        let mut tx = store.write("mark_mail_sent", None, at_ms).await.unwrap();
        tx.mark_mail_sent(&id(name), 1).await.unwrap();
        tx.commit(&Silent).await.unwrap();
    }

    async fn failed(store: &Store, name: &str, next_attempt_ms: Option<i64>) {
        let mut tx = store.write("mark_mail_failed", None, 0).await.unwrap();
        tx.mark_mail_failed(&id(name), 3, next_attempt_ms, "no").await.unwrap();
        tx.commit(&Silent).await.unwrap();
    }

    #[tokio::test]
    async fn a10_mail_waits_whole_and_is_erased_when_sent() {
        let world = &World::new().await;
        let World { store, path, .. } = world;
        enqueue(store, "a", 5, "i").await;
        let waiting = store.next_mail().await.unwrap().unwrap();
        assert_eq!((waiting.state, waiting.attempts, waiting.next_attempt_ms), (MailState::Pending, 0, 5));
        assert_eq!(waiting.body.unwrap().reveal(), text());
        sent(store, "a", 9).await;
        let revision = store.revision().await.unwrap();
        sent(store, "a", 10).await;
        assert_eq!(store.revision().await.unwrap(), revision);
        let [mail] = &store.outbox(MailState::Sent, &Page::first()).await.unwrap().rows[..] else { panic!() };
        assert_eq!((&mail.body, mail.sent_ms, mail.attempts), (&None, Some(9), 1));
        assert_eq!(store.next_mail().await.unwrap(), None);
        if world.is_on_server() {
            return;
        }
        store.clone().close().await;
        assert!(!std::fs::read(path).unwrap().windows(7).any(|bytes| bytes == b"token-1"));
    }

    #[tokio::test]
    async fn mail_is_taken_by_when_it_is_due() {
        let World { store, .. } = &World::new().await;
        for (name, at_ms) in [("a", 5), ("b", 3), ("c", 3)] {
            enqueue(store, name, at_ms, "i").await;
        }
        assert_eq!(store.next_mail().await.unwrap().unwrap().id, id("b"));
        failed(store, "b", Some(50)).await;
        assert_eq!(store.next_mail().await.unwrap().unwrap().id, id("c"));
        failed(store, "c", None).await;
        assert_eq!(store.next_mail().await.unwrap().unwrap().id, id("a"));
        assert_eq!(names(store, MailState::Pending).await, ["a", "b"]);
        let dead = store.outbox(MailState::Dead, &Page::first()).await.unwrap().rows;
        assert_eq!((dead[0].last_error.as_deref(), dead[0].attempts), (Some("no"), 3));
        sent(store, "c", 9).await;
        failed(store, "c", Some(60)).await;
        assert_eq!(names(store, MailState::Sent).await, ["c"]);
    }

    #[tokio::test]
    async fn a10_what_ends_takes_its_unsent_mail_along() {
        for end in [
            "UPDATE invitations SET state = 'withdrawn' WHERE id = 'i'",
            "UPDATE invitations SET token_hash = unhex('02') WHERE id = 'i'",
            "DELETE FROM invitations WHERE id = 'i'",
            "UPDATE join_requests SET closed_ms = 9 WHERE id = 'i'",
            "DELETE FROM join_requests WHERE id = 'i'",
        ] {
            let world = World::new().await;
            world
                .run(
                    "INSERT INTO invitations (id, group_id, email, token_hash, state, created_ms, expires_ms)
                     VALUES ('i', 'sales', 'a@b', unhex('01'), 'pending', 0, 9), ('j', 'sales', 'c@d', unhex('03'), 'pending', 0, 9);
                     INSERT INTO join_requests (id, group_id, user_id, message, created_ms)
                     VALUES ('i', 'sales', 'stranger', '', 0)",
                )
                .await;
            for (name, about) in [("a", "i"), ("b", "i"), ("c", "j")] {
                enqueue(&world.store, name, 0, about).await;
            }
            sent(&world.store, "b", 0).await;
            world.run("UPDATE invitations SET expires_ms = 10; UPDATE join_requests SET message = 'm'").await;
            assert_eq!(names(&world.store, MailState::Pending).await, ["a", "c"]);
            world.run(end).await;
            assert_eq!(names(&world.store, MailState::Pending).await, ["c"], "{end}");
            assert_eq!(names(&world.store, MailState::Sent).await, ["b"]);
        }
    }

    #[tokio::test]
    async fn mail_sent_long_ago_is_forgotten() {
        let World { store, .. } = &World::new().await;
        for name in ["a", "b"] {
            enqueue(store, name, 0, "i").await;
        }
        sent(store, "a", 0).await;
        sent(store, "b", SENT_MAIL_DAYS * DAY_MS + 1).await;
        assert_eq!(names(store, MailState::Sent).await, ["b"]);
    }

    #[tokio::test]
    async fn the_queue_is_read_by_its_index() {
        let world = World::in_file().await;
        let mut connection = world.connection().await;
        let plan =
            sql::query("EXPLAIN QUERY PLAN SELECT id FROM outbox WHERE state = 'pending' ORDER BY next_attempt_ms, id")
                .fetch_all(&mut connection)
                .await
                .unwrap();
        let steps: Vec<String> = plan.iter().map(|row| row.try_get("detail").unwrap()).collect();
        assert_eq!(steps, ["SEARCH outbox USING COVERING INDEX outbox_by_due (state=?)"]);
    }
}
