//! Why a search has no answer.

use super::Found;
use crate::check::{BatchError, CheckError};
use crate::domain::Revision;
use crate::domain::shape::Misfit;
use crate::store::StoreError;
use thiserror::Error;

/// Why there is no page. None of it is ever a list that lacks something.
#[derive(Debug, Error)]
pub enum SearchError {
    /// The schema does not know the action or the context, or a candidate cannot be decided.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// What the request says does not fit the schema: 400.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The token is none of ours, or of another search: 400.
    #[error("{0}")]
    Token(&'static str),
    /// The limit differs from that of the page before: 400.
    #[error("must stay what it was on the first page")]
    Limit,
    /// Something that the pages so far rest on has changed: 409.
    #[error("the store has changed since revision {revision}: begin the search again")]
    Gone {
        /// The revision of the pages so far.
        revision: Revision,
        /// The revision now.
        now: Revision,
    },
    /// Other policies decide now than decided the pages so far: 409.
    #[error("the policies or the schema have changed: begin the search again")]
    Reloaded,
    /// So much was looked at in vain that the search stops: 503.
    #[error("the search looked at as much as it may without finding anything more: go on with the token")]
    Costly {
        /// Where it goes on.
        token: String,
    },
    /// Too many searches at a time: 503.
    #[error("too many searches are under way")]
    Busy,
}

impl From<StoreError> for SearchError {
    fn from(error: StoreError) -> Self {
        Self::Check(error.into())
    }
}

impl From<BatchError> for SearchError {
    fn from(error: BatchError) -> Self {
        Self::Check(error.error)
    }
}

/// Nothing is found of a type or by an action that the schema does not have.
pub(super) fn unless_unknown<T>(error: CheckError, revision: Revision) -> Result<Found<T>, SearchError> {
    match error {
        CheckError::NotAllowed(_) => Ok(Found::nothing(revision)),
        error => Err(error.into()),
    }
}
