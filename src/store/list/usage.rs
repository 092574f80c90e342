//! How full the tools of a space are (P5).

use crate::domain::{Space, ToolKind};
use crate::store::sql::{self, Row};
use crate::store::write::content::Room;
use crate::store::{Store, StoreError, row};

impl Store {
    /// Whether the group or the user of this space exists.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn space_exists(&self, space: &Space) -> Result<bool, StoreError> {
        let (sql, id) = match space {
            Space::Group(group) => ("SELECT EXISTS (SELECT 1 FROM groups WHERE id = ?) AS found", group.as_str()),
            Space::Private(user) => ("SELECT EXISTS (SELECT 1 FROM users WHERE id = ?) AS found", user.as_str()),
        };
        let mut transaction = self.read_followed().await?;
        row::get(&sql::query(sql).bind(id).fetch_one(transaction.connection()).await?, "found")
    }

    /// Each tool of the space with what it holds and may hold; a space that does not exist has none.
    ///
    /// The capacity is that of the user's own subscription, in a group of its administrator's.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn usage(&self, space: &Space) -> Result<Vec<(ToolKind, Room)>, StoreError> {
        let of_group = "SELECT t.kind, t.used, c.capacity
                        FROM tools t JOIN groups g ON g.id = t.group_id JOIN users u ON u.id = g.administrator
                        LEFT JOIN capacities c ON c.subscription = u.subscription AND c.kind = t.kind
                        WHERE t.group_id = ? ORDER BY t.kind";
        let of_user = "SELECT t.kind, t.used, c.capacity
                       FROM tools t JOIN users u ON u.id = t.owner
                       LEFT JOIN capacities c ON c.subscription = u.subscription AND c.kind = t.kind
                       WHERE t.owner = ? ORDER BY t.kind";
        let (sql, id) = match space {
            Space::Group(group) => (of_group, group.as_str()),
            Space::Private(user) => (of_user, user.as_str()),
        };
        let mut transaction = self.read_followed().await?;
        let rows = sql::query(sql).bind(id).fetch_all(transaction.connection()).await?;
        rows.iter().map(tool).collect()
    }
}

fn tool(row: &Row) -> Result<(ToolKind, Room), StoreError> {
    let kind: &str = row::get(row, "kind")?;
    Ok((ToolKind::new(kind), Room { used: row::get(row, "used")?, capacity: row::get(row, "capacity")? }))
}
