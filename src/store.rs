//! The store: everything Conclave keeps, in SQLite. The only place that knows SQL.
//!
//! May use sqlx and `domain`; never axum, never Cedar.

use crate::domain::facts::{Snapshot, Wanted};
use crate::domain::{EntityUid, Revision, UserId};
use std::path::PathBuf;
use thiserror::Error;

/// Who must learn of a change before it is acknowledged: the stripes of the decision cache.
pub trait Follower: Send + Sync {
    /// Called after the changes are written and before they are committed.
    fn raise(&self, touched: &[EntityUid], revision: Revision);
    /// Called after the commit and before the acknowledgement.
    fn publish(&self, revision: Revision);
}
