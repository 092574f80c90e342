//! Changes of groups: creation, settings, handover, deletion (A1-A8, A14).

use crate::domain::group::Activity;
use crate::domain::uid::types;
use crate::domain::{EntityUid, Grantee, Group, GroupId, GroupSettings, Space, ToolKind, UserId};
use crate::store::list::groups::find;
use crate::store::sql;
use crate::store::{Change, StoreError, WriteTransaction, row};

/// A tool of a group and how much of it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedTool {
    /// Its kind; a group has one tool of each.
    pub kind: ToolKind,
    /// Sum of the sizes of all that is in it, in the tool's own unit.
    pub used: u64,
}

impl WriteTransaction {
    /// A group, if there is one with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn group(&mut self, id: &GroupId) -> Result<Option<Group>, StoreError> {
        find(self.connection(), id).await
    }

    /// Whether a group has this name, folded (A6).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn group_name_is_taken(&mut self, folded: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM groups WHERE name_folded = ?) AS found";
        let row = sql::query(sql).bind(folded).fetch_one(self.connection()).await?;
        row::get(&row, "found")
    }

    /// How many groups a user administers now (P3).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn administered_groups(&mut self, user: &UserId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS number FROM groups WHERE administrator = ?";
        let row = sql::query(sql).bind(user.as_str()).fetch_one(self.connection()).await?;
        row::count(&row, "number")
    }

    /// Creates a group and the tools of its space (S1, A1). `folded` is its name after
    /// `NFKC_Casefold` (A6).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn insert_group(
        &mut self,
        group: &Group,
        folded: &str,
        created_ms: i64,
        tools: &[ToolKind],
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO groups (full_name, description, language, activity, sector, published,
                       members_published, open, id, name, name_folded, administrator, created_ms)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        bind_settings(sql, &group.settings)
            .bind(group.id.as_str())
            .bind(&group.name)
            .bind(folded)
            .bind(group.administrator.as_str())
            .bind(created_ms)
            .execute(self.connection())
            .await?;
        self.touch(EntityUid::group(&group.id), Change::Created);
        self.touch(EntityUid::user(&group.administrator), Change::Changed);
        self.insert_tools(&Space::Group(group.id.clone()), tools).await
    }

    /// Replaces a group's settings (A6).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn update_group_settings(&mut self, id: &GroupId, settings: &GroupSettings) -> Result<(), StoreError> {
        let sql = "UPDATE groups SET full_name = ?, description = ?, language = ?, activity = ?, sector = ?,
                       published = ?, members_published = ?, open = ? WHERE id = ?";
        bind_settings(sql, settings).bind(id.as_str()).execute(self.connection()).await?;
        self.touch(EntityUid::group(id), Change::Changed);
        Ok(())
    }

    /// Makes a member the administrator, and the administrator a member since `now_ms` (A4).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn replace_administrator(
        &mut self,
        group: &Group,
        successor: &UserId,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let sql = "DELETE FROM members WHERE group_id = ? AND user_id = ?";
        sql::query(sql).bind(group.id.as_str()).bind(successor.as_str()).execute(self.connection()).await?;
        let sql = "UPDATE groups SET administrator = ? WHERE id = ?";
        sql::query(sql).bind(successor.as_str()).bind(group.id.as_str()).execute(self.connection()).await?;
        self.insert_member(&group.id, &group.administrator, now_ms).await?;
        self.touch(EntityUid::group(&group.id), Change::Changed);
        self.touch(EntityUid::user(successor), Change::Changed);
        self.touch_quotas(&group.id).await
    }

    /// The capacity of a group's tools follows its administrator's subscription (P5).
    async fn touch_quotas(&mut self, group: &GroupId) -> Result<(), StoreError> {
        let sql = "SELECT 'Quota' AS type, id FROM tools WHERE group_id = ?";
        let tools = sql::query(sql).bind(group.as_str()).fetch_all(self.connection()).await?;
        self.touch_all(&tools, Change::Changed)
    }

    /// The tools of a group and how full they are (P5).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn used_tools(&mut self, group: &GroupId) -> Result<Vec<UsedTool>, StoreError> {
        let sql = "SELECT kind, used FROM tools WHERE group_id = ? ORDER BY kind";
        let rows = sql::query(sql).bind(group.as_str()).fetch_all(self.connection()).await?;
        let one =
            |row| Ok(UsedTool { kind: ToolKind::new(row::get::<&str>(row, "kind")?), used: row::count(row, "used")? });
        rows.iter().map(one).collect()
    }

    /// Deletes a group without members: its space, every grant in it or made to it, every
    /// invitation (A14). The name becomes free, the id is never used again.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written, or the group has members.
    pub async fn delete_group(&mut self, group: &Group) -> Result<(), StoreError> {
        self.revoke_everywhere(&Grantee::Group(group.id.clone())).await?;
        self.delete_space(&Space::Group(group.id.clone())).await?;
        let sql = "DELETE FROM invitations WHERE group_id = ? RETURNING 'Invitation' AS type, id";
        let invitations = sql::query(sql).bind(group.id.as_str()).fetch_all(self.connection()).await?;
        self.touch_all(&invitations, Change::Deleted)?;
        self.delete_join_requests_to(&group.id).await?;
        let sql = "DELETE FROM groups WHERE id = ?";
        sql::query(sql).bind(group.id.as_str()).execute(self.connection()).await?;
        let uid = EntityUid::new(types::GROUP, group.id.text());
        self.bury(&uid).await?;
        self.touch(uid, Change::Deleted);
        self.touch(EntityUid::user(&group.administrator), Change::Changed);
        Ok(())
    }
}

fn bind_settings<'q>(sql: &'static str, settings: &'q GroupSettings) -> sql::Query<'q> {
    sql::query(sql)
        .bind(&settings.full_name)
        .bind(&settings.description)
        .bind(&settings.language)
        .bind(settings.activity.map(Activity::name))
        .bind(&settings.sector)
        .bind(settings.switches.published)
        .bind(settings.switches.members_published)
        .bind(settings.switches.open)
}
