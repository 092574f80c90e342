//! What one sidecar does for all of them, as long as it is there.

use crate::store::{Store, StoreError, row, sql};

/// Something that is done once, however many sidecars there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// Sending the mail that waits.
    Mail,
}

impl Duty {
    const fn number(self) -> i64 {
        match self {
            Self::Mail => 1,
        }
    }
}

/// Takes the duty, if nobody has it. It goes with the connection: when that ends, another may take it.
const TAKE: &str = "
    SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
                                 AND classid = 1129202508 AND objid = ?1)
        THEN true ELSE pg_try_advisory_lock(1129202508, CAST(?1 AS INTEGER)) END AS mine";

impl Store {
    /// Whether this process is the one that does this. Of a database in a file, the one that writes it.
    ///
    /// # Errors
    /// [`StoreError`] if the database does not answer.
    pub async fn is_turn(&self, duty: Duty) -> Result<bool, StoreError> {
        if self.inner.followed.is_none() {
            return Ok(true);
        }
        let mut lease = self.inner.writer.as_ref().ok_or(StoreError::ReadOnly)?.lease().await?;
        let taken = sql::query(TAKE).bind(duty.number()).fetch_one(lease.connection()).await;
        if taken.is_err() {
            lease.doubt();
        }
        row::get(&taken?, "mine")
    }
}
