//! Why a backup was not made, or not put back.

use crate::store::{OpenError, StoreError};
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// What stands in the way, and what to do about it.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The database, or the copy, cannot be opened or read, or the copy not be written.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It was opened and cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is something already.
    #[error("`{0}` is there already: give another name, or --force")]
    Exists(PathBuf),
    /// A backup that would be the database, or one of the files beside it.
    #[error("`{0}` belongs to the database itself: give another name")]
    Own(PathBuf),
    /// A file that is in use, or was left as it stood when a program ended.
    #[error(
        "`{log}` lies beside `{file}` and is taken for a part of it: `{file}` is a database in use or was cut short, \
         and no backup; make one of it with `conclave backup`, or take another name"
    )]
    Log {
        /// The file.
        file: PathBuf,
        /// The log beside it.
        log: PathBuf,
    },
    /// Another process writes the same file.
    #[error("`{0}` is being written by another process: wait for it, or give another name")]
    Busy(PathBuf),
    /// There is no such backup.
    #[error("there is no backup at `{0}`")]
    Missing(PathBuf),
    /// Written by a later version.
    #[error(
        "the backup `{backup}` was written by a newer conclave (it has schema version {found}, this one knows {known}): \
         upgrade this conclave, or take an older backup"
    )]
    Newer {
        /// The backup.
        backup: PathBuf,
        /// The newest schema version in it.
        found: i64,
        /// The newest schema version of this program.
        known: i64,
    },
    /// A file breaks what every database keeps.
    #[error("`{path}` is not sound, and nothing was changed: {broken}")]
    Unsound {
        /// The copy, by the name it was to have; or the backup.
        path: PathBuf,
        /// What it breaks.
        broken: String,
    },
    /// A file cannot be read or written.
    #[error("cannot {doing} `{path}`: {source}")]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

impl BackupError {
    pub(super) fn file(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }

    /// Whether the answer is that the copy is no good, and not that none could be made.
    #[must_use]
    pub const fn is_unsound(&self) -> bool {
        matches!(self, Self::Unsound { .. } | Self::Open(OpenError::Damaged { .. }))
    }
}
