//! How far one search goes through the index: in windows, until it has looked at enough.

use crate::store::sql::{self, Both, Connection};
use crate::store::{StoreError, row};

/// ?1 the threes as a JSON array, ?2 the key to begin after, ?3 how many entries to pass over. The
/// key before which the rarest of them has so many entries and one; NULL if some have fewer.
///
/// MATERIALIZED: else each of the two aggregates would look for itself.
const END: Both = Both {
    sqlite: "
    WITH ends (key) AS MATERIALIZED (
        SELECT (SELECT t.rowid FROM directory_terms t WHERE t.directory_terms MATCH three.value AND t.rowid > ?2
                ORDER BY t.rowid LIMIT 1 OFFSET ?3)
        FROM json_each(?1) AS three)
    SELECT CASE count(key) WHEN count(*) THEN max(key) END AS end FROM ends",
    // Of one list of all that is published, whatever is sought.
    postgres: "
    SELECT (SELECT key FROM directory WHERE key > ?2 AND ?1 <> '' ORDER BY key LIMIT 1 OFFSET ?3) AS end",
};

/// Entries, over all lists, that the first window looks at.
const FIRST_ENTRIES: i64 = 4_000;

/// How many times more each next window looks at.
const GROWTH: i64 = 4;

/// A part of the directory, by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// Keys greater than this.
    pub(super) after: i64,
    /// Up to and with this one.
    pub(super) until: i64,
}

/// The windows of one search. In each, the rarest three characters have so few entries that looking
/// for rows that hold all of them costs a bounded time; where they are rare enough, a window is all there is.
pub(super) struct Walk {
    threes: String,
    /// How many there are.
    lists: i64,
    /// Where the next window begins; `None` after the last.
    after: Option<i64>,
    /// How many entries, over all lists, may still be looked at.
    entries_left: i64,
    /// How many of them in the next window: few at first, as most searches end there.
    entries_next: i64,
}

impl Walk {
    /// Through what follows `after`, looking at no more than `entries_max` entries of all lists.
    pub(super) fn new(threes: &[String], after: i64, entries_max: i64) -> Self {
        Self {
            threes: serde_json::Value::from(threes).to_string(),
            lists: i64::try_from(threes.len()).unwrap_or(i64::MAX).max(1),
            after: Some(after),
            entries_left: entries_max,
            entries_next: FIRST_ENTRIES,
        }
    }

    /// The next window; `None` when all is looked through or enough is.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub(super) async fn window(&mut self, connection: &mut Connection) -> Result<Option<Window>, StoreError> {
        let Some(after) = self.after.filter(|_| self.entries_left > 0) else { return Ok(None) };
        // At least one, so that whoever goes on with the cursor gets further each time.
        let of_each = (self.entries_next.min(self.entries_left) / self.lists).max(1);
        self.entries_left -= of_each.saturating_mul(self.lists);
        self.entries_next = self.entries_next.saturating_mul(GROWTH);
        let query = sql::query(END).bind(&self.threes).bind(after).bind(of_each - 1);
        self.after = row::get(&query.fetch_one(connection).await?, "end")?;
        Ok(Some(Window { after, until: self.after.unwrap_or(i64::MAX) }))
    }

    /// The key after which another search has to go on; `None` if everything was looked through.
    pub(super) const fn rest(&self) -> Option<i64> {
        self.after
    }
}
