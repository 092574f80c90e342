//! Changes of who is in a group, and of who helps its administrator (A10-A13, C1, C5).

use crate::domain::{EntityUid, GroupId, Member, UserId};
use crate::store::sql;
use crate::store::{Change, StoreError, WriteTransaction, row};

impl WriteTransaction {
    /// The membership of a user in a group; `None` for its administrator too.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn member(&mut self, group: &GroupId, user: &UserId) -> Result<Option<Member>, StoreError> {
        let sql = "SELECT user_id, co_administrator, since_ms FROM members WHERE group_id = ? AND user_id = ?";
        let query = sql::query(sql).bind(group.as_str()).bind(user.as_str());
        let row = query.fetch_optional(self.connection()).await?;
        row.as_ref().map(row::member).transpose()
    }

    /// All members of a group, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn member_ids(&mut self, group: &GroupId) -> Result<Vec<UserId>, StoreError> {
        let sql = "SELECT user_id FROM members WHERE group_id = ? ORDER BY user_id";
        let rows = sql::query(sql).bind(group.as_str()).fetch_all(self.connection()).await?;
        rows.iter().map(|row| row::id(row, "user_id")).collect()
    }

    /// How many members a group has, its administrator not counted (P4).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn member_count(&mut self, group: &GroupId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS number FROM members WHERE group_id = ?";
        let row = sql::query(sql).bind(group.as_str()).fetch_one(self.connection()).await?;
        row::count(&row, "number")
    }

    /// Makes a user a member; a request to be let in is answered by that (F5). Grants that were kept may
    /// be withdrawn again where this makes owner and grantee share a group (F7).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn insert_member(&mut self, group: &GroupId, user: &UserId, since_ms: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO members (group_id, user_id, co_administrator, since_ms) VALUES (?, ?, 0, ?)";
        let query = sql::query(sql).bind(group.as_str()).bind(user.as_str()).bind(since_ms);
        query.execute(self.connection()).await?;
        self.delete_join_request_of(group, user).await?;
        self.touch(EntityUid::user(user), Change::Changed);
        self.release_kept_grants(group, user).await
    }

    /// Ends a membership, with the role and the grants inside the group's space that go with it
    /// (A12). What the person added stays.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn remove_member(&mut self, group: &GroupId, user: &UserId) -> Result<(), StoreError> {
        self.revoke_in_group(group, user).await?;
        let sql = "DELETE FROM members WHERE group_id = ? AND user_id = ?";
        sql::query(sql).bind(group.as_str()).bind(user.as_str()).execute(self.connection()).await?;
        self.touch(EntityUid::user(user), Change::Changed);
        Ok(())
    }

    /// Appoints or dismisses a member as co-administrator (C1). Rights granted by name stay (C5).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn set_co_administrator(
        &mut self,
        group: &GroupId,
        user: &UserId,
        co_administrator: bool,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE members SET co_administrator = ? WHERE group_id = ? AND user_id = ?";
        let query = sql::query(sql).bind(co_administrator).bind(group.as_str()).bind(user.as_str());
        query.execute(self.connection()).await?;
        self.touch(EntityUid::user(user), Change::Changed);
        Ok(())
    }
}
