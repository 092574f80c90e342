//! Plans, as the admin API lists them.

use crate::domain::{Limits, Page, Paged, Subscription, SubscriptionId, ToolKind};
use crate::store::sql::{self, Connection};
use crate::store::{Store, StoreError, row};
use std::collections::BTreeMap;

impl Store {
    /// A subscription, if there is one with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn subscription(&self, id: &SubscriptionId) -> Result<Option<Subscription>, StoreError> {
        find(self.read_followed().await?.connection(), id).await
    }

    /// Subscriptions by id.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn subscriptions(&self, page: &Page) -> Result<Paged<Subscription>, StoreError> {
        let mut transaction = self.read_followed().await?;
        let connection = transaction.connection();
        let sql = "SELECT id, max_groups, max_members FROM subscriptions WHERE id > ? ORDER BY id LIMIT ?";
        let rows = sql::query(sql).bind(page.after()).bind(page.fetch()).fetch_all(&mut *connection).await?;
        let mut found = Vec::with_capacity(rows.len());
        for row in &rows {
            let id: SubscriptionId = row::id(row, "id")?;
            let limits = Limits { capacities: capacities(connection, &id).await?, ..limits(row)? };
            found.push(Subscription { id, limits });
        }
        Ok(Paged::cut(found, page, |subscription| subscription.id.text()))
    }
}

/// One subscription, read over any connection.
pub(in crate::store) async fn find(
    connection: &mut Connection,
    id: &SubscriptionId,
) -> Result<Option<Subscription>, StoreError> {
    let sql = "SELECT max_groups, max_members FROM subscriptions WHERE id = ?";
    let Some(row) = sql::query(sql).bind(id.as_str()).fetch_optional(&mut *connection).await? else {
        return Ok(None);
    };
    let limits = Limits { capacities: capacities(connection, id).await?, ..limits(&row)? };
    Ok(Some(Subscription { id: id.clone(), limits }))
}

fn limits(row: &sql::Row) -> Result<Limits, StoreError> {
    Ok(Limits {
        max_groups: row::optional_count(row, "max_groups")?,
        max_members: row::optional_count(row, "max_members")?,
        capacities: BTreeMap::new(),
    })
}

async fn capacities(
    connection: &mut Connection,
    id: &SubscriptionId,
) -> Result<BTreeMap<ToolKind, Option<u64>>, StoreError> {
    let sql = "SELECT kind, capacity FROM capacities WHERE subscription = ?";
    let rows = sql::query(sql).bind(id.as_str()).fetch_all(connection).await?;
    let one = |row| Ok((ToolKind::new(row::get::<&str>(row, "kind")?), Some(row::count(row, "capacity")?)));
    rows.iter().map(one).collect()
}
