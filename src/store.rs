//! The store: everything Conclave keeps, in SQLite. The only place that knows SQL.
//!
//! May use sqlx and `domain`; never axum, never Cedar.

use crate::domain::{EntityUid, Revision};
use thiserror::Error;

/// The store could not be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database did not answer, or answered with an error.
    #[error("the database is unavailable")]
    Database(#[source] sqlx::Error),
    /// The database answered with something this program never writes.
    #[error("the database holds something unexpected: {0}")]
    Corrupt(String),
    /// Another write takes too long.
    #[error("the writer is busy")]
    Busy,
}

/// Who must learn of a change before it is acknowledged: the stripes of the decision cache.
pub trait Follower: Send + Sync {
    /// Called after the changes are written and before they are committed.
    fn raise(&self, touched: &[EntityUid], revision: Revision);
    /// Called after the commit and before the acknowledgement.
    fn publish(&self, revision: Revision);
}
