//! Requests to join a group, as its administrator lists them (F5).

use crate::domain::{GroupId, JoinRequest, Page, Paged};
use crate::store::sql;
use crate::store::{Store, StoreError, row};

impl Store {
    /// The open requests to join a group, by id, which is by age.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn join_requests(&self, group: &GroupId, page: &Page) -> Result<Paged<JoinRequest>, StoreError> {
        let sql = "SELECT id, group_id, user_id, message, created_ms, closed_ms
                   FROM join_requests WHERE group_id = ? AND closed_ms IS NULL AND id > ? ORDER BY id LIMIT ?";
        let mut transaction = self.read_followed().await?;
        let query = sql::query(sql).bind(group.as_str()).bind(page.after()).bind(page.fetch());
        let rows = query.fetch_all(transaction.connection()).await?;
        let requests = rows.iter().map(row::join_request).collect::<Result<_, _>>()?;
        Ok(Paged::cut(requests, page, |request: &JoinRequest| request.id.text()))
    }
}
