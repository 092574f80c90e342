//! The grants somebody made through a group: what leaving it asks about (F7).

use super::grants::{GrantRow, grant};
use crate::domain::{ContentRef, EntityUid, GroupId, Page, Paged, UserId};
use crate::store::sql::{self, Connection, Row};
use crate::store::write::grants::columns;
use crate::store::{Store, StoreError, row};
use smol_str::{SmolStr, format_smolstr};

/// Which rows of `grants` the user ?2 made on their private space through the group ?1: to all its
/// members, or to a person in it with whom the user shares no other group.
macro_rules! through {
    () => {
        " WHERE tool IN (SELECT key FROM tools WHERE owner = ?2) AND CASE grantee_type
            WHEN 'Group' THEN grantee = ?1
            ELSE (EXISTS (SELECT 1 FROM members WHERE group_id = ?1 AND user_id = grantee)
                  OR EXISTS (SELECT 1 FROM groups WHERE id = ?1 AND administrator = grantee))
                AND NOT EXISTS (
                    SELECT 1 FROM (SELECT group_id AS other FROM members WHERE user_id = ?2
                                   UNION SELECT id FROM groups WHERE administrator = ?2) AS others
                    WHERE other <> ?1
                        AND (EXISTS (SELECT 1 FROM members WHERE group_id = other AND user_id = grantee)
                             OR EXISTS (SELECT 1 FROM groups WHERE id = other AND administrator = grantee)))
            END"
    };
}
pub(in crate::store) use through;

/// ?3 the key to begin after, ?4 how many rows. No id holds the control character of the key.
const PAGE: &str = concat!(
    "WITH found AS (SELECT resource_type, access, grantee_type, grantee, kept, CASE resource_type
         WHEN 'Tool' THEN (SELECT id FROM tools WHERE key = resource)
         WHEN 'Folder' THEN (SELECT id FROM folders WHERE key = resource)
         ELSE (SELECT id FROM items WHERE key = resource) END AS id FROM grants",
    through!(),
    "), keyed AS (SELECT *, resource_type || char(31) || id || char(31) || access || char(31) || grantee_type
                            || char(31) || grantee AS place FROM found)
     SELECT resource_type, id, access, grantee_type, grantee, kept FROM keyed
     WHERE place > ?3 ORDER BY place LIMIT ?4"
);

impl Store {
    /// A page of the grants that a user made on their private space through a group, by what
    /// carries them.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn grants_through(
        &self,
        group: &GroupId,
        owner: &UserId,
        page: &Page,
    ) -> Result<Paged<GrantRow>, StoreError> {
        page_through(self.read_followed().await?.connection(), group, owner, page).await
    }
}

/// The same, read over any connection.
pub(in crate::store) async fn page_through(
    connection: &mut Connection,
    group: &GroupId,
    owner: &UserId,
    page: &Page,
) -> Result<Paged<GrantRow>, StoreError> {
    let query = sql::query(PAGE).bind(group.as_str()).bind(owner.as_str());
    let rows = query.bind(page.after()).bind(page.fetch()).fetch_all(connection).await?;
    let grants = rows.iter().map(located).collect::<Result<_, _>>()?;
    Ok(Paged::cut(grants, page, key))
}

fn located(row: &Row) -> Result<GrantRow, StoreError> {
    let uid = EntityUid::new(row::get::<&str>(row, "resource_type")?, row::get::<&str>(row, "id")?);
    let resource = ContentRef::try_from(&uid).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    grant(row, resource)
}

/// What the list is ordered by.
fn key(grant: &GrantRow) -> SmolStr {
    let (uid, (grantee_type, grantee)) = (grant.resource.uid(), columns(&grant.to));
    format_smolstr!("{}\u{1f}{}\u{1f}{}\u{1f}{grantee_type}\u{1f}{grantee}", uid.type_name, uid.id, grant.right)
}
