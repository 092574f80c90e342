//! Copies of a database: made while it is in use, verified before anything bears their name, and put back.
//!
//! May use `store`, `doctor`, `config` and `domain`; never SQL.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `partial` | a file that is no backup yet, and how it becomes one |
//! | `restore` | a backup put in place of what is there, or of nothing |

mod error;
mod partial;
mod restore;

pub use error::BackupError;
pub use restore::{Restored, restore};

use crate::domain::Revision;
use crate::store::OpenError;
use crate::store::backup::{Source, beside, resolve, suffixed};
use crate::store::doctor::Finding;
use partial::Partial;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

/// How often the progress of a copy is told.
const TOLD_EVERY: Duration = Duration::from_millis(100);

/// How far a backup is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Bytes that are written, and about how many there will be.
    Copied(u64, u64),
    /// It is all there and being verified.
    Verifying,
}

/// A backup that was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// The state it holds.
    pub revision: Revision,
    /// Its size.
    pub bytes: u64,
}

/// Copies the database at `url`, as of one moment, to `file`: whether or not a server writes to it meanwhile. Nothing
/// is called `file` before it is whole, verified and on the disk.
///
/// # Errors
/// [`BackupError`]; `file` is then as it was.
pub async fn backup(
    url: &str,
    file: &Path,
    force: bool,
    mut advance: impl FnMut(Progress),
) -> Result<Copied, BackupError> {
    let mut source = Source::open(resolve(url)?).await?;
    let file = target(file, source.path(), force)?;
    let partial = Partial::begin(suffixed(&file, ".partial"))?;
    let total = source.bytes().await?;
    let copied = told(source.copy_into(partial.path()), partial.path(), |bytes| {
        advance(Progress::Copied(bytes, total));
    });
    copied.await?;
    source.close().await;
    advance(Progress::Verifying);
    let revision = verify(partial.path(), &file).await?;
    let bytes = partial.become_file(&file, force)?;
    Ok(Copied { revision, bytes })
}

/// Waits for a copy, and tells how long the file is by now.
async fn told<T>(copying: impl Future<Output = T>, file: &Path, mut tell: impl FnMut(u64)) -> T {
    let mut copying = pin!(copying);
    loop {
        match tokio::time::timeout(TOLD_EVERY, &mut copying).await {
            Ok(done) => return done,
            Err(_elapsed) => tell(file.metadata().map_or(0, |file| file.len())),
        }
    }
}

/// What the store promises of every database must hold of `copy` too, which is to be called `name`; its revision.
async fn verify(copy: &Path, name: &Path) -> Result<Revision, BackupError> {
    let unsound = |broken: String| BackupError::Unsound { path: name.to_owned(), broken };
    // What to do about a damaged database is not what to do about a copy.
    let mut source = Source::open(copy.to_owned()).await.map_err(|error| match error {
        OpenError::Damaged { found, .. } => unsound(found),
        OpenError::Foreign(_) => unsound("it is no conclave database".to_owned()),
        OpenError::Newer { found, known, .. } => BackupError::Newer { backup: name.to_owned(), found, known },
        other => other.into(),
    })?;
    let findings = source.soundness().await?;
    if let Some(broken) = broken(&findings) {
        return Err(unsound(broken));
    }
    let revision = source.revision().await?;
    source.close().await;
    Ok(revision)
}

/// What is broken, a line for each; `None` if nothing is.
fn broken(findings: &[Finding]) -> Option<String> {
    let lines: Vec<_> = findings.iter().filter(|finding| finding.is_broken()).map(Finding::to_string).collect();
    (!lines.is_empty()).then(|| lines.join("; "))
}

/// Where a backup is to be, if it may be there.
fn target(file: &Path, database: &Path, force: bool) -> Result<PathBuf, BackupError> {
    let file = resolve(&file.to_string_lossy())?;
    let [log, index, journal] = beside(database);
    let kept = [database.to_owned(), log, index, journal, suffixed(database, ".lock")];
    if kept.contains(&file) {
        return Err(BackupError::Own(file));
    }
    if file.exists() && !force {
        return Err(BackupError::Exists(file));
    }
    alone(&file)?;
    Ok(file)
}

/// Refuses a file with a log beside it, which SQLite would take for the file's own.
fn alone(file: &Path) -> Result<(), BackupError> {
    let is_used = |file: &PathBuf| file.metadata().is_ok_and(|file| file.len() > 0);
    let [log, _, journal] = beside(file);
    match [log, journal].into_iter().find(is_used) {
        Some(log) => Err(BackupError::Log { file: file.to_owned(), log }),
        None => Ok(()),
    }
}
