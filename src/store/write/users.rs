//! Changes of people (P1, P7).

use crate::domain::uid::types;
use crate::domain::{EntityUid, Grantee, Space, ToolKind, User, UserId};
use crate::store::list::users::find;
use crate::store::sql;
use crate::store::{Change, StoreError, WriteTransaction, row};

impl WriteTransaction {
    /// Whether there is a user with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn user_exists(&mut self, id: &UserId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE id = ?) AS found";
        let row = sql::query(sql).bind(id.as_str()).fetch_one(self.connection()).await?;
        row::get(&row, "found")
    }

    /// A user, if there is one with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn user(&mut self, id: &UserId) -> Result<Option<User>, StoreError> {
        find(self.connection(), id).await
    }

    /// Who has this username (P1).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn user_named(&mut self, username: &str) -> Result<Option<UserId>, StoreError> {
        let sql = "SELECT id FROM users WHERE username = ?";
        let row = sql::query(sql).bind(username).fetch_optional(self.connection()).await?;
        row.as_ref().map(|row| row::id(row, "id")).transpose()
    }

    /// The user to whom alone an email address belongs (A10).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn sole_owner_of_email(&mut self, email: &str) -> Result<Option<UserId>, StoreError> {
        let sql = "SELECT id FROM users WHERE email = ? LIMIT 2";
        let rows = sql::query(sql).bind(email).fetch_all(self.connection()).await?;
        match rows.as_slice() {
            [row] => row::id(row, "id").map(Some),
            _ => Ok(None),
        }
    }

    /// Whether a user or a group with this id was deleted: the id is never used again (P7, A14).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn is_buried(&mut self, uid: &EntityUid) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM tombstones WHERE entity_type = ? AND entity_id = ?) AS found";
        let query = sql::query(sql).bind(uid.type_name.as_str()).bind(uid.id.as_str());
        row::get(&query.fetch_one(self.connection()).await?, "found")
    }

    /// Remembers that an id was used.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub(in crate::store) async fn bury(&mut self, uid: &EntityUid) -> Result<(), StoreError> {
        let sql = "INSERT INTO tombstones (entity_type, entity_id) VALUES (?, ?)";
        let query = sql::query(sql).bind(uid.type_name.as_str()).bind(uid.id.as_str());
        query.execute(self.connection()).await?;
        Ok(())
    }

    /// Creates a user and the tools of the private space (S1).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn insert_user(&mut self, user: &User, tools: &[ToolKind]) -> Result<(), StoreError> {
        let sql = "INSERT INTO users (username, last_name, first_name, organization, email, picture, language,
                                      subscription, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        self.write_user(sql, user).await?;
        self.touch(EntityUid::user(&user.id), Change::Created);
        self.insert_tools(&Space::Private(user.id.clone()), tools).await
    }

    /// Replaces all that is known of a user.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn update_user(&mut self, user: &User) -> Result<(), StoreError> {
        let sql = "UPDATE users SET username = ?, last_name = ?, first_name = ?, organization = ?, email = ?,
                                    picture = ?, language = ?, subscription = ? WHERE id = ?";
        self.write_user(sql, user).await?;
        self.touch(EntityUid::user(&user.id), Change::Changed);
        Ok(())
    }

    async fn write_user(&mut self, sql: &'static str, user: &User) -> Result<(), StoreError> {
        let profile = &user.profile;
        sql::query(sql)
            .bind(&user.username)
            .bind(&profile.last_name)
            .bind(&profile.first_name)
            .bind(&profile.organization)
            .bind(&profile.email)
            .bind(&profile.picture)
            .bind(&profile.language)
            .bind(user.subscription.as_str())
            .bind(user.id.as_str())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Deletes a user who administers no group: memberships, private space, every grant naming
    /// them, every contact that is them, every invitation bound to them (P7). What they added to
    /// groups stays, and so do the items that were their contacts.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written, or the user administers a group.
    pub async fn delete_user(&mut self, id: &UserId) -> Result<(), StoreError> {
        self.revoke_everywhere(&Grantee::User(id.clone())).await?;
        self.forget_contact(id).await?;
        self.delete_space(&Space::Private(id.clone())).await?;
        let sql = "DELETE FROM invitations WHERE user_id = ? RETURNING 'Invitation' AS type, id";
        let invitations = sql::query(sql).bind(id.as_str()).fetch_all(self.connection()).await?;
        self.touch_all(&invitations, Change::Deleted)?;
        self.delete_join_requests_of(id).await?;
        for sql in ["DELETE FROM members WHERE user_id = ?", "DELETE FROM users WHERE id = ?"] {
            sql::query(sql).bind(id.as_str()).execute(self.connection()).await?;
        }
        let uid = EntityUid::new(types::USER, id.text());
        self.bury(&uid).await?;
        self.touch(uid, Change::Deleted);
        Ok(())
    }
}
