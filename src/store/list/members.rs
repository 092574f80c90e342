//! Who is in a group, as the admin API lists them.

use crate::domain::{GroupId, Member, Page, Paged, UserId};
use crate::store::sql::{self, Connection};
use crate::store::{Store, StoreError, row};

/// A member and the names the directory may show (A7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedMember {
    /// The membership.
    pub member: Member,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
}

/// A page of the people in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// The one administrator (A2), who is no member.
    pub administrator: UserId,
    /// The members, by user id.
    pub members: Paged<NamedMember>,
    /// Whether the person who asks is in the group; `true` for the host.
    pub inside: bool,
}

impl Store {
    /// The people in a group as `viewer` (`None`: the host) finds them, if there is such a group.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn people(
        &self,
        group: &GroupId,
        viewer: Option<&UserId>,
        page: &Page,
    ) -> Result<Option<People>, StoreError> {
        let mut transaction = self.read_followed().await?;
        let connection = transaction.connection();
        let sql = "SELECT administrator FROM groups WHERE id = ?";
        let Some(row) = sql::query(sql).bind(group.as_str()).fetch_optional(&mut *connection).await? else {
            return Ok(None);
        };
        let administrator = row::id(&row, "administrator")?;
        let inside = match viewer {
            None => true,
            Some(user) => is_in(connection, group, user).await?,
        };
        Ok(Some(People { administrator, members: members(connection, group, page).await?, inside }))
    }
}

async fn members(connection: &mut Connection, group: &GroupId, page: &Page) -> Result<Paged<NamedMember>, StoreError> {
    let sql = "SELECT m.user_id, m.co_administrator, m.since_ms, u.first_name, u.last_name
               FROM members m JOIN users u ON u.id = m.user_id
               WHERE m.group_id = ? AND m.user_id > ? ORDER BY m.user_id LIMIT ?";
    let query = sql::query(sql).bind(group.as_str()).bind(page.after()).bind(page.fetch());
    let rows = query.fetch_all(connection).await?;
    let one = |row| {
        Ok(NamedMember {
            member: row::member(row)?,
            first_name: row::get(row, "first_name")?,
            last_name: row::get(row, "last_name")?,
        })
    };
    let members = rows.iter().map(one).collect::<Result<_, StoreError>>()?;
    Ok(Paged::cut(members, page, |named: &NamedMember| named.member.user.text()))
}

/// Whether a user is in a group, as administrator or member; read over any connection.
pub(in crate::store) async fn is_in(
    connection: &mut Connection,
    group: &GroupId,
    user: &UserId,
) -> Result<bool, StoreError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM groups WHERE id = ?1 AND administrator = ?2)
                   OR EXISTS (SELECT 1 FROM members WHERE group_id = ?1 AND user_id = ?2) AS found";
    let row = sql::query(sql).bind(group.as_str()).bind(user.as_str()).fetch_one(connection).await?;
    row::get(&row, "found")
}
