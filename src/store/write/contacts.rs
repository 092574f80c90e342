//! Contacts inside a write: kept with their item, and who is one already (A9).

use crate::domain::{Contact, ItemId, UserId};
use crate::store::list::candidates::books;
use crate::store::sql;
use crate::store::{Change, StoreError, WriteTransaction, row};

/// ?1 a user or NULL, ?2 who invites, ?3 an address or NULL.
const IS_CONTACT: &str = concat!(
    books!(),
    " SELECT EXISTS (SELECT 1 FROM contacts CROSS JOIN items ON items.key = contacts.item
                     WHERE contacts.user_id = ?1 AND items.tool IN (SELECT tool FROM books))
          OR EXISTS (SELECT 1 FROM contacts CROSS JOIN items ON items.key = contacts.item
                     WHERE contacts.email = ?3 AND items.tool IN (SELECT tool FROM books)) AS found"
);

impl WriteTransaction {
    /// Keeps whom an item stands for.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written, or there is no such item.
    pub(in crate::store) async fn insert_contact(
        &mut self,
        item: &ItemId,
        contact: &Contact,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO contacts (item, user_id, email, first_name, last_name)
                   VALUES ((SELECT key FROM items WHERE id = ?), ?, ?, ?, ?)";
        let (user, email, first_name, last_name) = match contact {
            Contact::User { user } => (Some(user.as_str()), None, None, None),
            Contact::Address { email, first_name, last_name } => {
                (None, Some(email.as_str()), first_name.as_deref(), last_name.as_deref())
            }
        };
        let query = sql::query(sql).bind(item.as_str()).bind(user).bind(email).bind(first_name).bind(last_name);
        query.execute(self.connection()).await?;
        Ok(())
    }

    /// Forgets that items stand for a user who is deleted; the items stay (P7).
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub(in crate::store) async fn forget_contact(&mut self, user: &UserId) -> Result<(), StoreError> {
        let sql = "DELETE FROM contacts WHERE user_id = ?
                   RETURNING 'Item' AS type, (SELECT id FROM items WHERE key = item) AS id";
        let items = sql::query(sql).bind(user.as_str()).fetch_all(self.connection()).await?;
        self.touch_all(&items, Change::Changed)
    }

    /// Whether somebody is a contact in the private contacts tool of `inviter` or in one of their
    /// groups': as a user, or by this address.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn is_contact(
        &mut self,
        inviter: &UserId,
        user: Option<&UserId>,
        email: Option<&str>,
    ) -> Result<bool, StoreError> {
        let query = sql::query(IS_CONTACT).bind(user.map(UserId::as_str)).bind(inviter.as_str()).bind(email);
        row::get(&query.fetch_one(self.connection()).await?, "found")
    }

    /// The address that belongs to this user and to nobody else, if there is one (A10).
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn sole_email_of(&mut self, user: &UserId) -> Result<Option<String>, StoreError> {
        let Some(email) = self.user(user).await?.and_then(|user| user.profile.email) else { return Ok(None) };
        let owner = self.sole_owner_of_email(&email).await?;
        Ok(owner.filter(|owner| owner == user).map(|_| email))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{World, explain};

    #[tokio::test]
    async fn a9_who_is_a_contact_is_found_by_user_or_address() {
        let world = World::new().await;
        for step in explain(&mut world.connection().await, IS_CONTACT, 3).await {
            assert!(!step.starts_with("SCAN contacts") && !step.starts_with("SCAN items"), "{step}");
        }
    }

    #[tokio::test]
    async fn d8_a_contact_goes_with_its_item() {
        let world = World::new().await;
        world.run("INSERT INTO contacts (item, email) VALUES (1, 'a@example.org'), (3, 'b@example.org')").await;
        world.run("DELETE FROM items WHERE key = 1").await;
        let emails: Vec<String> =
            sql::query_scalar("SELECT email FROM contacts").fetch_all(&mut world.connection().await).await.unwrap();
        assert_eq!(emails, ["b@example.org"]);
    }
}
