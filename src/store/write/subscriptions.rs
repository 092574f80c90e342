//! Changes of plans (P1-P6).

use crate::domain::uid::types;
use crate::domain::{EntityUid, Limits, SubscriptionId, UserId};
use crate::store::list::subscriptions::find;
use crate::store::sql;
use crate::store::{Change, StoreError, WriteTransaction, row};

impl WriteTransaction {
    /// Whether there is a subscription with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn subscription_exists(&mut self, id: &SubscriptionId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM subscriptions WHERE id = ?) AS found";
        let row = sql::query(sql).bind(id.as_str()).fetch_one(self.connection()).await?;
        row::get(&row, "found")
    }

    /// Whether anybody has this subscription (P1).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn subscription_is_used(&mut self, id: &SubscriptionId) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM users WHERE subscription = ?) AS found";
        let row = sql::query(sql).bind(id.as_str()).fetch_one(self.connection()).await?;
        row::get(&row, "found")
    }

    /// The limits that a user's subscription sets; `None` if there is no such user.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn limits_of(&mut self, user: &UserId) -> Result<Option<Limits>, StoreError> {
        let sql = "SELECT subscription FROM users WHERE id = ?";
        let Some(row) = sql::query(sql).bind(user.as_str()).fetch_optional(self.connection()).await? else {
            return Ok(None);
        };
        let id = row::id(&row, "subscription")?;
        Ok(find(self.connection(), &id).await?.map(|subscription| subscription.limits))
    }

    /// Creates a subscription or replaces its limits. Whether it was created.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn put_subscription(&mut self, id: &SubscriptionId, limits: &Limits) -> Result<bool, StoreError> {
        let created = !self.subscription_exists(id).await?;
        let sql = "INSERT INTO subscriptions (id, max_groups, max_members) VALUES (?, ?, ?)
                   ON CONFLICT (id) DO UPDATE SET max_groups = excluded.max_groups, max_members = excluded.max_members";
        let (groups, members) = (limits.max_groups.map(column), limits.max_members.map(column));
        sql::query(sql).bind(id.as_str()).bind(groups).bind(members).execute(self.connection()).await?;
        let sql = "DELETE FROM capacities WHERE subscription = ?";
        sql::query(sql).bind(id.as_str()).execute(self.connection()).await?;
        let sql = "INSERT INTO capacities (subscription, kind, capacity) VALUES (?, ?, ?)";
        for (kind, capacity) in &limits.capacities {
            // No row is no limit.
            let Some(capacity) = *capacity else { continue };
            let query = sql::query(sql).bind(id.as_str()).bind(kind.as_str()).bind(column(capacity));
            query.execute(self.connection()).await?;
        }
        self.touch(uid(id), if created { Change::Created } else { Change::Changed });
        Ok(created)
    }

    /// Deletes a subscription that nobody has. Whether it was there.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written, or somebody has it.
    pub async fn delete_subscription(&mut self, id: &SubscriptionId) -> Result<bool, StoreError> {
        let sql = "DELETE FROM subscriptions WHERE id = ?";
        let done = sql::query(sql).bind(id.as_str()).execute(self.connection()).await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        self.touch(uid(id), Change::Deleted);
        Ok(true)
    }
}

fn uid(id: &SubscriptionId) -> EntityUid {
    EntityUid::new(types::SUBSCRIPTION, id.text())
}

/// As the database holds it; the commands refuse what does not fit.
fn column(limit: u64) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
