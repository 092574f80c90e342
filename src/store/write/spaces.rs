//! Spaces as a whole: made with a group or a user, gone with them (S1, A14, P7); and the grants
//! that end with a membership.

use crate::domain::uid::types;
use crate::domain::{EntityUid, Grantee, GroupId, Space, ToolId, ToolKind, UserId};
use crate::store::sql::{self, Row};
use crate::store::write::grants;
use crate::store::{Change, StoreError, WriteTransaction, row};

impl WriteTransaction {
    /// Makes the tools of a new space, empty.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub(in crate::store) async fn insert_tools(&mut self, space: &Space, kinds: &[ToolKind]) -> Result<(), StoreError> {
        let sql = "INSERT INTO tools (id, kind, group_id, owner) VALUES (?, ?, ?, ?)";
        for kind in kinds {
            let tool = ToolId { space: space.clone(), kind: kind.clone() }.text();
            let (group, owner) = columns(space);
            let query = sql::query(sql).bind(tool.as_str()).bind(kind.as_str()).bind(group).bind(owner);
            query.execute(self.connection()).await?;
            self.touch(EntityUid::new(types::TOOL, tool), Change::Created);
        }
        Ok(())
    }

    /// Deletes a space: its tools, all content, every grant in it.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub(in crate::store) async fn delete_space(&mut self, space: &Space) -> Result<(), StoreError> {
        let (group, owner) = columns(space);
        let sql = "SELECT key, id FROM tools WHERE group_id = ?1 OR owner = ?2";
        let tools = sql::query(sql).bind(group).bind(owner).fetch_all(self.connection()).await?;
        for tool in &tools {
            let key: i64 = row::get(tool, "key")?;
            self.delete_content(key).await?;
            self.touch(EntityUid::new(types::TOOL, row::get::<&str>(tool, "id")?), Change::Deleted);
        }
        Ok(())
    }

    async fn delete_content(&mut self, tool: i64) -> Result<(), StoreError> {
        let sql = "SELECT 'Item' AS type, id FROM items WHERE tool = ?1
                   UNION ALL SELECT 'Folder', id FROM folders WHERE tool = ?1";
        let content = sql::query(sql).bind(tool).fetch_all(self.connection()).await?;
        for sql in [
            "DELETE FROM grants WHERE tool = ?",
            "DELETE FROM items WHERE tool = ?",
            "DELETE FROM folders WHERE tool = ?",
            "DELETE FROM tools WHERE key = ?",
        ] {
            sql::query(sql).bind(tool).execute(self.connection()).await?;
        }
        self.touch_all(&content, Change::Deleted)
    }

    /// Withdraws every grant to somebody, wherever it is.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub(in crate::store) async fn revoke_everywhere(&mut self, grantee: &Grantee) -> Result<(), StoreError> {
        let (kind, id) = grants::columns(grantee);
        let sql = concat!("DELETE FROM grants WHERE grantee_type = ? AND grantee = ?", grants::returning_carrier!());
        let carriers = sql::query(sql).bind(kind).bind(id).fetch_all(self.connection()).await?;
        self.touch_all(&carriers, Change::Changed)
    }

    /// Withdraws every grant that names a user inside a group's space (A12).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub(in crate::store) async fn revoke_in_group(&mut self, group: &GroupId, user: &UserId) -> Result<(), StoreError> {
        let sql = concat!(
            "DELETE FROM grants WHERE grantee_type = 'User' AND grantee = ?
             AND tool IN (SELECT key FROM tools WHERE group_id = ?)",
            grants::returning_carrier!()
        );
        let query = sql::query(sql).bind(user.as_str()).bind(group.as_str());
        let carriers = query.fetch_all(self.connection()).await?;
        self.touch_all(&carriers, Change::Changed)
    }

    /// Touches the entities that rows of `type` and `id` name.
    pub(in crate::store) fn touch_all(&mut self, rows: &[Row], change: Change) -> Result<(), StoreError> {
        for row in rows {
            let uid = EntityUid::new(row::get::<&str>(row, "type")?, row::get::<&str>(row, "id")?);
            self.touch(uid, change);
        }
        Ok(())
    }
}

/// `group_id` and `owner` of a space's tools.
fn columns(space: &Space) -> (Option<&str>, Option<&str>) {
    match space {
        Space::Group(group) => (Some(group.as_str()), None),
        Space::Private(owner) => (None, Some(owner.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::{GroupId, Revision, UserId};
    use crate::store::sql;
    use crate::store::testing::{Silent, World};
    use crate::store::{Store, WriteTransaction};

    async fn begin(world: &World) -> WriteTransaction {
        world.store.write("test", None, 0).await.unwrap()
    }

    /// What the change touched, sorted: `changed User::"secretary"`.
    async fn commit(store: &Store, transaction: WriteTransaction) -> Vec<String> {
        let revision = transaction.commit(&Silent).await.unwrap();
        let rows = store.changes_since(Revision(revision.0 - 1), 1).await.unwrap();
        let mut touched: Vec<_> = rows.iter().map(|row| format!("{} {}", row.change.name(), row.uid)).collect();
        touched.sort();
        touched
    }

    fn user(id: &str) -> UserId {
        UserId::new(id).unwrap()
    }

    async fn count(world: &World, sql: &'static str) -> i64 {
        sql::query_scalar(sql).fetch_one(&mut world.connection().await).await.unwrap()
    }

    #[tokio::test]
    async fn a12_grants_inside_the_group_go_with_the_membership_and_no_others() {
        let world = World::new().await;
        let sales = GroupId::new("sales").unwrap();
        let mut transaction = begin(&world).await;
        transaction.remove_member(&sales, &user("secretary")).await.unwrap();
        let touched = commit(&world.store, transaction).await;
        let expected =
            ["changed Item::\"offer\"", "changed Tool::\"group:sales/documents\"", "changed User::\"secretary\""];
        assert_eq!(touched, expected);
        // The one on the director's private calendar stays.
        assert_eq!(count(&world, "SELECT count(*) FROM grants WHERE grantee = 'secretary'").await, 1);
        assert_eq!(count(&world, "SELECT count(*) FROM grants").await, 7);
    }

    #[tokio::test]
    async fn p7_every_grant_naming_a_deleted_user_goes_and_what_they_added_stays() {
        let world = World::new().await;
        world.run("INSERT INTO items (id, tool, author) VALUES ('private', 3, 'secretary')").await;
        let mut transaction = begin(&world).await;
        transaction.delete_user(&user("secretary")).await.unwrap();
        let touched = commit(&world.store, transaction).await;
        let expected = [
            "changed Item::\"offer\"",
            "changed Tool::\"group:sales/documents\"",
            "changed Tool::\"user:director/calendar\"",
            "deleted Item::\"private\"",
            "deleted Tool::\"user:secretary/documents\"",
            "deleted User::\"secretary\"",
        ];
        assert_eq!(touched, expected);
        assert_eq!(count(&world, "SELECT count(*) FROM grants WHERE grantee = 'secretary'").await, 0);
        assert_eq!(count(&world, "SELECT count(*) FROM members WHERE user_id = 'secretary'").await, 0);
        assert_eq!(count(&world, "SELECT count(*) FROM folders WHERE author = 'secretary'").await, 1);
    }

    #[tokio::test]
    async fn a14_a_deleted_group_takes_its_content_and_every_grant_with_it() {
        let world = World::new().await;
        world.run("INSERT INTO grants VALUES ('Tool', 3, 'view', 'Group', 'sales', 3, 0)").await;
        let sales = GroupId::new("sales").unwrap();
        let mut transaction = begin(&world).await;
        for member in transaction.member_ids(&sales).await.unwrap() {
            transaction.remove_member(&sales, &member).await.unwrap();
        }
        commit(&world.store, transaction).await;
        let mut transaction = begin(&world).await;
        let group = transaction.group(&sales).await.unwrap().unwrap();
        transaction.delete_group(&group).await.unwrap();
        let touched = commit(&world.store, transaction).await;
        let expected = [
            "changed Tool::\"user:secretary/documents\"",
            "changed User::\"director\"",
            "deleted Folder::\"bottom\"",
            "deleted Folder::\"middle\"",
            "deleted Folder::\"top\"",
            "deleted Group::\"sales\"",
            "deleted Item::\"offer\"",
            "deleted Item::\"orphan\"",
            "deleted Tool::\"group:sales/documents\"",
        ];
        assert_eq!(touched, expected);
        assert_eq!(count(&world, "SELECT count(*) FROM grants").await, 2);
        assert_eq!(count(&world, "SELECT count(*) FROM tombstones WHERE entity_id = 'sales'").await, 1);
    }
}
