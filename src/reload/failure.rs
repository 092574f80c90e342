//! Why a set is not in force, for the log and for whoever asks.

use super::limits::{LOAD_SECONDS_MAX, NAMED_PROBLEMS_MAX};
use super::{Fingerprint, StoredError};
use crate::domain::Revision;
use crate::engine::LoadError;
use std::path::Path;
use thiserror::Error;

/// A load that changed nothing.
#[derive(Debug)]
pub struct Failure {
    /// Since when what stands in the folders is not in force, in milliseconds since 1970-01-01 UTC.
    pub since_ms: i64,
    /// When it was tried last.
    pub at_ms: i64,
    /// What the folders held, if that is known.
    pub(super) print: Option<Fingerprint>,
    /// Where the store stood.
    pub(super) revision: Revision,
    /// Why.
    pub error: ReloadError,
}

/// Why a set does not take the place of the one in force.
#[derive(Debug, Error)]
pub enum ReloadError {
    /// Policies or schema do not load; every problem at once.
    #[error(transparent)]
    Load(LoadError),
    /// What is stored of hosts' entities does not fit the schema.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// Somebody keeps writing.
    #[error("the files keep changing while they are read")]
    Unsettled,
    /// It takes too long.
    #[error("the load took more than {LOAD_SECONDS_MAX} seconds")]
    Late,
    /// An earlier one is still under way.
    #[error("an earlier load is still under way")]
    Busy,
    /// There is no more to say.
    #[error("the load failed: {0}")]
    Lost(String),
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Where, if it has a place.
    pub place: Option<Place>,
    /// What.
    pub reason: String,
    /// What to do about it, if anybody knows.
    pub help: Option<String>,
}

/// A place in a file; line and column from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As it was configured.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl ReloadError {
    /// Everything that is wrong, in the order of files and lines; at most [`NAMED_PROBLEMS_MAX`].
    #[must_use]
    pub fn troubles(&self) -> Vec<Trouble> {
        let Self::Load(error) = self else {
            let help = matches!(self, Self::Stored(StoredError::Described(_))).then(|| {
                "change the stored entities or the schema, then ask for a reload: POST /admin/v1/policies/reload"
                    .to_owned()
            });
            return vec![Trouble { place: None, reason: self.to_string(), help }];
        };
        let errors = error.problems().iter().filter(|problem| problem.is_error());
        let troubles = errors.map(|problem| Trouble {
            place: problem.position().map(|(file, line, column)| Place { file: file.to_owned(), line, column }),
            reason: problem.message().to_owned(),
            help: miette::Diagnostic::help(problem).map(|help| help.to_string()),
        });
        troubles.take(NAMED_PROBLEMS_MAX).collect()
    }

    /// The same in a few words that tell nothing of what stands in files, for whoever may ask whether the server is
    /// ready.
    #[must_use]
    pub fn hint(&self) -> String {
        let name = |place: &Place| Path::new(&place.file).file_name()?.to_str().map(str::to_owned);
        match self {
            Self::Load(_) => {
                let place = self.troubles().into_iter().find_map(|trouble| trouble.place);
                let named = place.and_then(|place| Some((name(&place)?, place.line)));
                named.map_or_else(
                    || "policies or schema do not load".to_owned(),
                    |(file, line)| format!("policies or schema do not load: {file}, line {line}"),
                )
            }
            Self::Stored(StoredError::Described(_)) => "what is stored does not fit the schema".to_owned(),
            Self::Stored(StoredError::Store(_)) => "the store could not be read".to_owned(),
            Self::Unsettled | Self::Late | Self::Busy => self.to_string(),
            Self::Lost(_) => "the load failed".to_owned(),
        }
    }
}

impl Failure {
    /// What need not be tried again at this revision, as long as the folders hold the same.
    pub(super) fn tried(&self, now: Revision) -> Option<Fingerprint> {
        let lasts = match self.error {
            ReloadError::Load(_) | ReloadError::Late | ReloadError::Lost(_) => true,
            ReloadError::Stored(StoredError::Described(_)) => self.revision == now,
            ReloadError::Stored(StoredError::Store(_)) | ReloadError::Unsettled | ReloadError::Busy => false,
        };
        self.print.filter(|_| lasts)
    }

    /// Says it, unless that was said before.
    pub(super) fn log(&self, before: Option<&Self>) {
        let troubles = self.error.troubles();
        if before.is_some_and(|before| before.error.troubles() == troubles) {
            return;
        }
        for Trouble { place, reason, help } in troubles {
            let (file, line) =
                (place.as_ref().map(|place| place.file.as_str()), place.as_ref().map(|place| place.line));
            let column = place.as_ref().map(|place| place.column);
            tracing::error!(file, line, column, reason, help, "policies are stale: what is in force stays");
        }
    }
}
