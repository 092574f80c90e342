//! Pending invitations, as their administrator lists them.

use crate::domain::{GroupId, Invitation, Page, Paged};
use crate::store::sql;
use crate::store::{Store, StoreError, row};

impl Store {
    /// Invitations to a group that still admit somebody at `now_ms`, by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn pending_invitations(
        &self,
        group: &GroupId,
        now_ms: i64,
        page: &Page,
    ) -> Result<Paged<Invitation>, StoreError> {
        let sql =
            "SELECT id, group_id, user_id, email, first_name, last_name, state, accepted_by, created_ms, expires_ms
                   FROM invitations WHERE group_id = ? AND state = 'pending' AND expires_ms > ? AND id > ?
                   ORDER BY id LIMIT ?";
        let mut transaction = self.read_followed().await?;
        let query = sql::query(sql).bind(group.as_str()).bind(now_ms).bind(page.after()).bind(page.fetch());
        let rows = query.fetch_all(transaction.connection()).await?;
        let invitations = rows.iter().map(row::invitation).collect::<Result<_, _>>()?;
        Ok(Paged::cut(invitations, page, |invitation: &Invitation| invitation.id.text()))
    }
}
