//! Changes of requests to join a closed group (F5). They touch no entity that a decision rests on.

use crate::domain::uid::types;
use crate::domain::{EntityUid, GroupId, JoinRequest, JoinRequestId, UserId};
use crate::store::sql;
use crate::store::{Change, StoreError, WriteTransaction, row};

impl WriteTransaction {
    /// A request to join a group, open or closed, if there is one with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn join_request(
        &mut self,
        group: &GroupId,
        id: &JoinRequestId,
    ) -> Result<Option<JoinRequest>, StoreError> {
        let sql = "SELECT id, group_id, user_id, message, created_ms, closed_ms
                   FROM join_requests WHERE id = ? AND group_id = ?";
        let query = sql::query(sql).bind(id.as_str()).bind(group.as_str());
        let row = query.fetch_optional(self.connection()).await?;
        row.as_ref().map(row::join_request).transpose()
    }

    /// The last request of a person to join a group, open or closed.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn last_join_request(
        &mut self,
        group: &GroupId,
        user: &UserId,
    ) -> Result<Option<JoinRequest>, StoreError> {
        let sql = "SELECT id, group_id, user_id, message, created_ms, closed_ms
                   FROM join_requests WHERE group_id = ? AND user_id = ?";
        let query = sql::query(sql).bind(group.as_str()).bind(user.as_str());
        let row = query.fetch_optional(self.connection()).await?;
        row.as_ref().map(row::join_request).transpose()
    }

    /// How many requests to join a group are open.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn open_join_requests(&mut self, group: &GroupId) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS number FROM join_requests WHERE group_id = ? AND closed_ms IS NULL";
        let row = sql::query(sql).bind(group.as_str()).fetch_one(self.connection()).await?;
        row::count(&row, "number")
    }

    /// How many requests of a person are open or were made after `since_ms`.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn join_requests_of(&mut self, user: &UserId, since_ms: i64) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) AS number FROM join_requests
                   WHERE user_id = ? AND (closed_ms IS NULL OR created_ms > ?)";
        let row = sql::query(sql).bind(user.as_str()).bind(since_ms).fetch_one(self.connection()).await?;
        row::count(&row, "number")
    }

    /// Adds a request in the place of the last one of this person to this group.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn insert_join_request(&mut self, request: &JoinRequest) -> Result<(), StoreError> {
        self.delete_join_request_of(&request.group, &request.user).await?;
        let sql = "INSERT INTO join_requests (id, group_id, user_id, message, created_ms) VALUES (?, ?, ?, ?, ?)";
        sql::query(sql)
            .bind(request.id.as_str())
            .bind(request.group.as_str())
            .bind(request.user.as_str())
            .bind(&request.message)
            .bind(request.created_ms)
            .execute(self.connection())
            .await?;
        self.touch(EntityUid::new(types::JOIN_REQUEST, request.id.text()), Change::Created);
        Ok(())
    }

    /// Closes an open request; what the person wrote goes at once.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn close_join_request(&mut self, id: &JoinRequestId, now_ms: i64) -> Result<(), StoreError> {
        let sql = "UPDATE join_requests SET closed_ms = ?, message = '' WHERE id = ? AND closed_ms IS NULL";
        sql::query(sql).bind(now_ms).bind(id.as_str()).execute(self.connection()).await?;
        self.touch(EntityUid::new(types::JOIN_REQUEST, id.text()), Change::Changed);
        Ok(())
    }

    /// Forgets the request of a person to a group, who has become a member, say.
    pub(super) async fn delete_join_request_of(&mut self, group: &GroupId, user: &UserId) -> Result<(), StoreError> {
        let sql = "DELETE FROM join_requests WHERE group_id = ? AND user_id = ? RETURNING 'JoinRequest' AS type, id";
        let query = sql::query(sql).bind(group.as_str()).bind(user.as_str());
        let deleted = query.fetch_all(self.connection()).await?;
        self.touch_all(&deleted, Change::Deleted)
    }

    /// Forgets every request to a group that is deleted (A14).
    pub(super) async fn delete_join_requests_to(&mut self, group: &GroupId) -> Result<(), StoreError> {
        let sql = "DELETE FROM join_requests WHERE group_id = ? RETURNING 'JoinRequest' AS type, id";
        let deleted = sql::query(sql).bind(group.as_str()).fetch_all(self.connection()).await?;
        self.touch_all(&deleted, Change::Deleted)
    }

    /// Forgets every request of a user who is deleted (P7).
    pub(super) async fn delete_join_requests_of(&mut self, user: &UserId) -> Result<(), StoreError> {
        let sql = "DELETE FROM join_requests WHERE user_id = ? RETURNING 'JoinRequest' AS type, id";
        let deleted = sql::query(sql).bind(user.as_str()).fetch_all(self.connection()).await?;
        self.touch_all(&deleted, Change::Deleted)
    }
}
