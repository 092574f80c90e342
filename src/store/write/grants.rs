//! Granting and withdrawing rights, and who shares a group with whom (D2, S5).

use crate::domain::uid::types;
use crate::domain::{Grantee, GroupId, Right, UserId};
use crate::store::list::members::is_in;
use crate::store::sql;
use crate::store::write::content::Located;
use crate::store::{Change, StoreError, WriteTransaction, row};

/// The end of a statement that changes `grants`: answers with what carried each of them, as `type`
/// and `id`.
macro_rules! returning_carrier {
    () => {
        " RETURNING resource_type AS type, CASE resource_type
              WHEN 'Tool' THEN (SELECT id FROM tools WHERE key = resource)
              WHEN 'Folder' THEN (SELECT id FROM folders WHERE key = resource)
              ELSE (SELECT id FROM items WHERE key = resource) END AS id"
    };
}
pub(in crate::store) use returning_carrier;

/// The type and the id of a grantee, as the columns hold them.
pub(in crate::store) fn columns(grantee: &Grantee) -> (&'static str, &str) {
    match grantee {
        Grantee::User(user) => (types::USER, user.as_str()),
        Grantee::Group(group) => (types::GROUP, group.as_str()),
    }
}

impl WriteTransaction {
    /// Grants `right` on `content` to `grantee`. Whether that changed anything: a grant that is
    /// there already stays as it is.
    ///
    /// Touches the content that carries the grant and nothing else: whatever lies below rests on
    /// its folder chain, and so on it.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub async fn insert_grant(
        &mut self,
        content: &Located,
        right: Right,
        grantee: &Grantee,
    ) -> Result<bool, StoreError> {
        let sql = "INSERT INTO grants (resource_type, resource, access, grantee_type, grantee, tool)
                   VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
        let uid = content.content.uid();
        let (grantee_type, grantee) = columns(grantee);
        let query = sql::query(sql).bind(uid.type_name.as_str()).bind(content.key).bind(right.name());
        let query = query.bind(grantee_type).bind(grantee).bind(content.tool_key);
        let changed = query.execute(self.connection()).await?.rows_affected() > 0;
        if changed {
            self.touch(uid, Change::Changed);
        }
        Ok(changed)
    }

    /// Withdraws a grant. Whether it was there.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written.
    pub async fn remove_grant(
        &mut self,
        content: &Located,
        right: Right,
        grantee: &Grantee,
    ) -> Result<bool, StoreError> {
        let sql = "DELETE FROM grants
                   WHERE resource_type = ? AND resource = ? AND access = ? AND grantee_type = ? AND grantee = ?";
        let uid = content.content.uid();
        let (grantee_type, grantee) = columns(grantee);
        let query = sql::query(sql).bind(uid.type_name.as_str()).bind(content.key).bind(right.name());
        let query = query.bind(grantee_type).bind(grantee);
        let changed = query.execute(self.connection()).await?.rows_affected() > 0;
        if changed {
            self.touch(uid, Change::Changed);
        }
        Ok(changed)
    }

    /// Whether a grant is one that its owner kept when leaving (F7). One that is not there is not.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn is_kept(&mut self, content: &Located, right: Right, grantee: &Grantee) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM grants WHERE resource_type = ? AND resource = ? AND access = ?
                                  AND grantee_type = ? AND grantee = ? AND kept = 1) AS found";
        let (grantee_type, grantee) = columns(grantee);
        let query = sql::query(sql).bind(content.content.uid().type_name.to_string()).bind(content.key);
        let query = query.bind(right.name()).bind(grantee_type).bind(grantee);
        row::get(&query.fetch_one(self.connection()).await?, "found")
    }

    /// Whether `user` is in `group`, as administrator or member.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn is_in_group(&mut self, user: &UserId, group: &GroupId) -> Result<bool, StoreError> {
        is_in(self.connection(), group, user).await
    }

    /// Whether there is a group that both are in, as administrator or member.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn share_a_group(&mut self, one: &UserId, other: &UserId) -> Result<bool, StoreError> {
        let sql = "WITH ones (id) AS (SELECT group_id FROM members WHERE user_id = ?1
                                      UNION SELECT id FROM groups WHERE administrator = ?1),
                        others (id) AS (SELECT group_id FROM members WHERE user_id = ?2
                                        UNION SELECT id FROM groups WHERE administrator = ?2)
                   SELECT EXISTS (SELECT 1 FROM ones JOIN others USING (id)) AS found";
        let query = sql::query(sql).bind(one.as_str()).bind(other.as_str());
        row::get(&query.fetch_one(self.connection()).await?, "found")
    }
}
