//! Why a question has no answer.

use super::queue::Full;
use crate::cedar::CedarError;
use crate::counters::Undecided;
use crate::domain::LentError;
use crate::engine::{ContextError, NotAllowed};
use crate::slice::SliceError;
use crate::store::StoreError;
use thiserror::Error;

/// Why no decision was made. Never an Allow, never remembered.
#[derive(Debug, Error)]
pub enum CheckError {
    /// The schema does not have this action, or not for these types: 400.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The schema does not allow this context: 400.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The request lends what it must not: 400.
    #[error(transparent)]
    Lent(#[from] LentError),
    /// The store cannot be read: 503.
    #[error(transparent)]
    Unavailable(#[from] StoreError),
    /// The slice cannot be held by Cedar: 503.
    #[error(transparent)]
    Slice(#[from] CedarError),
    /// The batch kept changing under the hands: 503.
    #[error("the store changes faster than the batch can be decided at one revision")]
    Unsettled,
    /// So many wait for an answer that no more may: 503, at once.
    #[error("too many questions are waiting")]
    Full(#[from] Full),
    /// Something that a decision needs was not read, or was not decided: 503. Not reachable, and not worth a panic.
    #[error("no decision was made")]
    Lost,
}

impl CheckError {
    /// Whether the question itself is at fault, and would be at any other time.
    #[must_use]
    pub const fn is_of_the_question(&self) -> bool {
        match self {
            Self::NotAllowed(_) | Self::Context(_) | Self::Lent(_) => true,
            Self::Unavailable(_) | Self::Slice(_) | Self::Unsettled | Self::Full(_) | Self::Lost => false,
        }
    }
}

impl CheckError {
    /// As what it is counted.
    #[must_use]
    pub const fn kind(&self) -> Undecided {
        match self {
            Self::NotAllowed(_) | Self::Context(_) | Self::Lent(_) => Undecided::Question,
            Self::Unavailable(StoreError::Busy) => Undecided::Busy,
            Self::Unavailable(StoreError::Database(_) | StoreError::ReadOnly) => Undecided::Database,
            Self::Unavailable(StoreError::Corrupt(_)) | Self::Slice(_) => Undecided::Data,
            Self::Full(_) => Undecided::Shed,
            Self::Unsettled | Self::Lost => Undecided::Other,
        }
    }
}

impl From<SliceError> for CheckError {
    fn from(error: SliceError) -> Self {
        match error {
            SliceError::Store(error) => Self::Unavailable(error),
            SliceError::Cedar(error) => Self::Slice(error),
            SliceError::Incomplete => Self::Lost,
            SliceError::Lent(error) => Self::Lent(error),
        }
    }
}
