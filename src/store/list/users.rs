//! People, as the admin API lists them.

use crate::domain::{Page, Paged, User, UserId};
use crate::store::sql::{self, Connection};
use crate::store::{Store, StoreError, row};

impl Store {
    /// A user, if there is one with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        find(self.read_followed().await?.connection(), id).await
    }

    /// Users by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn users(&self, page: &Page) -> Result<Paged<User>, StoreError> {
        let sql = "SELECT id, username, last_name, first_name, organization, email, picture, language, subscription
                   FROM users WHERE id > ? ORDER BY id LIMIT ?";
        let mut transaction = self.read_followed().await?;
        let query = sql::query(sql).bind(page.after()).bind(page.fetch());
        let rows = query.fetch_all(transaction.connection()).await?;
        let users = rows.iter().map(row::user).collect::<Result<_, _>>()?;
        Ok(Paged::cut(users, page, |user: &User| user.id.text()))
    }
}

/// One user, read over any connection.
pub(in crate::store) async fn find(connection: &mut Connection, id: &UserId) -> Result<Option<User>, StoreError> {
    let sql = "SELECT id, username, last_name, first_name, organization, email, picture, language, subscription
               FROM users WHERE id = ?";
    let row = sql::query(sql).bind(id.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(row::user).transpose()
}
