//! Changes of who is in a group, and of who helps its administrator (A10-A13, C1, C5).

use crate::domain::{EntityUid, GroupId, Member, UserId};
use crate::store::{Change, StoreError, WriteTransaction, row};

impl WriteTransaction {
    /// The membership of a user in a group; `None` for its administrator too.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn member(&mut self, group: &GroupId, user: &UserId) -> Result<Option<Member>, StoreError> {
        let sql = "SELECT user_id, co_administrator, since_ms FROM members WHERE group_id = ? AND user_id = ?";
        let query = sqlx::query(sql).bind(group.as_str()).bind(user.as_str());
        let row = query.fetch_optional(self.connection()).await?;
        row.as_ref().map(row::member).transpose()
    }

    /// All members of a group, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn member_ids(&mut self, group: &GroupId) -> Result<Vec<UserId>, StoreError> {
        let sql = "SELECT user_id FROM members WHERE group_id = ? ORDER BY user_id";
        let rows = sqlx::query(sql).bind(group.as_str()).fetch_all(self.connection()).await?;
        rows.iter().map(|row| row::id(row, "user_id")).collect()
    }

    /// How many members a group has, its administrator not counted (P4).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn member_count(&mut self, group: &GroupId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS number FROM members WHERE group_id = ?";
        let row = sqlx::query(sql).bind(group.as_str()).fetch_one(self.connection()).await?;
        row::count(&row, "number")
    }

    /// Makes a user a member; a request to be let in is answered by that (F5).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn insert_member(&mut self, group: &GroupId, user: &UserId, since_ms: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO members (group_id, user_id, co_administrator, since_ms) VALUES (?, ?, 0, ?)";
        let query = sqlx::query(sql).bind(group.as_str()).bind(user.as_str()).bind(since_ms);
        query.execute(self.connection()).await?;
        self.delete_join_request_of(group, user).await?;
        self.touch(EntityUid::user(user), Change::Changed);
        Ok(())
    }

    /// Ends a membership, with the role and the grants inside the group's space that go with it
    /// (A12). What the person added stays.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn remove_member(&mut self, group: &GroupId, user: &UserId) -> Result<(), StoreError> {
        self.revoke_in_group(group, user).await?;
        let sql = "DELETE FROM members WHERE group_id = ? AND user_id = ?";
        sqlx::query(sql).bind(group.as_str()).bind(user.as_str()).execute(self.connection()).await?;
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
        let query = sqlx::query(sql).bind(co_administrator).bind(group.as_str()).bind(user.as_str());
        query.execute(self.connection()).await?;
        self.touch(EntityUid::user(user), Change::Changed);
        Ok(())
    }

    /// How many grants a user made on their private space through a group: to all its members, or
    /// to a person with whom no other group is shared (F7).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn grants_through(&mut self, group: &GroupId, user: &UserId) -> Result<u64, StoreError> {
        let query = sqlx::query(GRANTS_THROUGH).bind(group.as_str()).bind(user.as_str());
        row::count(&query.fetch_one(self.connection()).await?, "number")
    }
}

/// ?1 the group, ?2 the owner of the private space.
const GRANTS_THROUGH: &str = "
    WITH others (id) AS (
        SELECT group_id FROM members WHERE user_id = ?2 AND group_id <> ?1
        UNION SELECT id FROM groups WHERE administrator = ?2 AND id <> ?1),
    people (id) AS (
        SELECT user_id FROM members WHERE group_id = ?1
        UNION SELECT administrator FROM groups WHERE id = ?1)
    SELECT count(*) AS number FROM tools t JOIN grants g ON g.tool = t.key
    WHERE t.owner = ?2 AND CASE g.grantee_type
        WHEN 'Group' THEN g.grantee = ?1
        ELSE g.grantee IN (SELECT id FROM people)
            AND NOT EXISTS (SELECT 1 FROM others JOIN members m ON m.group_id = others.id WHERE m.user_id = g.grantee)
            AND NOT EXISTS (SELECT 1 FROM others JOIN groups o ON o.id = others.id WHERE o.administrator = g.grantee)
        END";

#[cfg(test)]
mod tests {
    use crate::domain::{GroupId, UserId};
    use crate::store::testing::{Silent, World};

    #[tokio::test]
    async fn f7_a_grant_counts_as_made_through_the_last_shared_group() {
        let world = World::new().await;
        let director = UserId::new("director").unwrap();
        let [company, sales] = ["company", "sales"].map(|id| GroupId::new(id).unwrap());
        let mut transaction = world.store.write("test", None, 0).await.unwrap();
        // To all members of the company; the secretary is shared with sales too.
        assert_eq!(transaction.grants_through(&company, &director).await.unwrap(), 1);
        assert_eq!(transaction.grants_through(&sales, &director).await.unwrap(), 0);
        transaction.remove_member(&company, &UserId::new("secretary").unwrap()).await.unwrap();
        assert_eq!(transaction.grants_through(&sales, &director).await.unwrap(), 1);
        transaction.commit(&Silent).await.unwrap();
    }
}
