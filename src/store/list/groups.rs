//! Groups, as the admin API shows and lists them.

use crate::domain::{Group, GroupId, Page, Paged, UserId};
use crate::store::list::members::is_in;
use crate::store::sql::{self, Connection};
use crate::store::{Store, StoreError, row};

/// A group and what its presentation to one person rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenGroup {
    /// The group, whole.
    pub group: Group,
    /// Whether the person is in it; `true` for the host. S6 says what that shows, F3 what remains.
    pub inside: bool,
    /// Where mail reaches the administrator: what F3 shows of a closed group.
    pub administrator_email: Option<String>,
}

impl Store {
    /// A group as `viewer` (`None`: the host) finds it, if there is one with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn group(&self, id: &GroupId, viewer: Option<&UserId>) -> Result<Option<SeenGroup>, StoreError> {
        let mut transaction = self.read_followed().await?;
        let connection = transaction.connection();
        let Some(group) = find(connection, id).await? else { return Ok(None) };
        let inside = match viewer {
            None => true,
            Some(user) => is_in(connection, id, user).await?,
        };
        let sql = "SELECT email FROM users WHERE id = ?";
        let row = sql::query(sql).bind(group.administrator.as_str()).fetch_one(connection).await?;
        Ok(Some(SeenGroup { group, inside, administrator_email: row::get(&row, "email")? }))
    }

    /// Groups by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn groups(&self, page: &Page) -> Result<Paged<Group>, StoreError> {
        let sql = "SELECT id, name, administrator, full_name, description, language, activity, sector,
                          published, members_published, open
                   FROM groups WHERE id > ? ORDER BY id LIMIT ?";
        let mut transaction = self.read_followed().await?;
        let query = sql::query(sql).bind(page.after()).bind(page.fetch());
        let rows = query.fetch_all(transaction.connection()).await?;
        let groups = rows.iter().map(row::group).collect::<Result<_, _>>()?;
        Ok(Paged::cut(groups, page, |group: &Group| group.id.text()))
    }

    /// The groups a user is in, as administrator or member, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn groups_of(&self, user: &UserId, page: &Page) -> Result<Paged<Group>, StoreError> {
        let sql = "SELECT id, name, administrator, full_name, description, language, activity, sector,
                          published, members_published, open
                   FROM groups
                   WHERE id > ?1 AND id IN (SELECT id FROM groups WHERE administrator = ?2
                                            UNION SELECT group_id FROM members WHERE user_id = ?2)
                   ORDER BY id LIMIT ?3";
        let mut transaction = self.read_followed().await?;
        let query = sql::query(sql).bind(page.after()).bind(user.as_str()).bind(page.fetch());
        let rows = query.fetch_all(transaction.connection()).await?;
        let groups = rows.iter().map(row::group).collect::<Result<_, _>>()?;
        Ok(Paged::cut(groups, page, |group: &Group| group.id.text()))
    }
}

/// One group, read over any connection.
pub(in crate::store) async fn find(connection: &mut Connection, id: &GroupId) -> Result<Option<Group>, StoreError> {
    let sql = "SELECT id, name, administrator, full_name, description, language, activity, sector,
                      published, members_published, open
               FROM groups WHERE id = ?";
    let row = sql::query(sql).bind(id.as_str()).fetch_optional(connection).await?;
    row.as_ref().map(row::group).transpose()
}
