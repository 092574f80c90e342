//! A backup in place of a database: verified first, and what was there kept beside it.

use super::partial::{Partial, sync_folder};
use super::{BackupError, alone, broken, verify};
use crate::config::ToolKinds;
use crate::doctor::examine;
use crate::domain::Revision;
use crate::store::backup::{Ownership, Source, beside, resolve, settle, suffixed};
use crate::store::{Access, Store};
use std::fs::{File, hard_link, remove_file};
use std::io;
use std::path::{Path, PathBuf};

/// A backup that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// The state that the backup holds.
    pub from: Revision,
    /// The revision of the restore, which the database stands at now.
    pub revision: Revision,
    /// The database it is.
    pub database: PathBuf,
    /// Where the database is that was there before.
    pub kept: Option<PathBuf>,
}

/// Puts the backup `file` in place of the database at `url`, which no server may run on. It is copied, brought to the
/// schema version of this program, held to every rule, and marked as restored, before it takes the place.
///
/// `now_ms` is in milliseconds since 1970-01-01 UTC.
///
/// # Errors
/// [`BackupError`]; the database is then as it was.
pub async fn restore(
    file: &Path,
    url: &str,
    force: bool,
    kinds: &ToolKinds,
    now_ms: i64,
) -> Result<Restored, BackupError> {
    let database = resolve(url)?;
    let file = resolve(&file.to_string_lossy())?;
    if !file.exists() {
        return Err(BackupError::Missing(file));
    }
    if file == database {
        return Err(BackupError::Own(file));
    }
    alone(&file)?;
    // INVARIANT: from here to the end. A server that started meanwhile would go on with the file that is taken away.
    let _owner = Ownership::take(&database)?;
    let is_there = database.exists() || alone(&database).is_err();
    if is_there && !force {
        return Err(BackupError::Exists(database));
    }
    let partial = Partial::begin(suffixed(&database, ".restoring"))?;
    copy(&file, &partial)?;
    let from = verify(partial.path(), &file).await?;
    let past = newest(&database).await;
    let revision = prepare(partial.path(), &file, kinds, past, now_ms).await?;
    let kept = if is_there { Some(set_aside(&database, now_ms).await?) } else { None };
    partial.become_file(&database, true)?;
    Ok(Restored { from, revision, database, kept })
}

fn copy(file: &Path, partial: &Partial) -> Result<(), BackupError> {
    let mut from = File::open(file).map_err(BackupError::file("read", file))?;
    io::copy(&mut from, &mut partial.file()).map_err(BackupError::file("write", partial.path()))?;
    Ok(())
}

/// The revision of the database that is to go, where it can be read.
async fn newest(database: &Path) -> Revision {
    let Ok(mut old) = Source::open(database.to_owned()).await else { return Revision::default() };
    let revision = old.revision().await.unwrap_or_default();
    old.close().await;
    revision
}

/// Migrates the copy, holds it to every rule, and marks it; its revision then.
async fn prepare(
    copy: &Path,
    file: &Path,
    kinds: &ToolKinds,
    past: Revision,
    now_ms: i64,
) -> Result<Revision, BackupError> {
    let opened = Store::open(&copy.to_string_lossy(), Access::Own).await;
    let prepared = match opened {
        Ok(store) => {
            let held = held(&store, file, kinds, past, now_ms).await;
            store.close().await;
            held
        }
        Err(error) => Err(error.into()),
    };
    // Of a file that will be called otherwise.
    let _ = remove_file(suffixed(copy, ".lock"));
    let revision = prepared?;
    // All of it is in the one file that takes the place.
    alone(copy)?;
    Ok(revision)
}

async fn held(
    store: &Store,
    file: &Path,
    kinds: &ToolKinds,
    past: Revision,
    now_ms: i64,
) -> Result<Revision, BackupError> {
    let report = examine(store, kinds, now_ms).await?;
    if let Some(broken) = broken(&report.findings) {
        return Err(BackupError::Unsound { path: file.to_owned(), broken });
    }
    Ok(store.mark_restored(past, now_ms).await?)
}

/// Gives the database a second name, under which it stays, and its log too where that cannot be moved into it.
///
/// INVARIANT: no log is left where the new file comes. A log is replayed into whatever file bears the name of its own.
async fn set_aside(database: &Path, now_ms: i64) -> Result<PathBuf, BackupError> {
    let kept = suffixed(database, &format!(".before-{}", stamp(now_ms)));
    let failed = || BackupError::file("keep the old database as", kept.clone());
    let aside = logs(&kept);
    for (file, name) in logs(database).iter().zip(&aside).filter(|(file, _)| file.exists()) {
        also(file, name).map_err(failed())?;
    }
    // Only now: SQLite removes a log that it can make nothing of.
    settle(database).await;
    for empty in aside.iter().filter(|file| file.metadata().is_ok_and(|file| file.len() == 0)) {
        removed(empty).map_err(failed())?;
    }
    if database.exists() {
        also(database, &kept).map_err(failed())?;
    }
    sync_folder(database).map_err(failed())?;
    for file in beside(database) {
        removed(&file).map_err(BackupError::file("remove", file.clone()))?;
    }
    Ok(kept)
}

/// That it is not there any more: a connection that could not be opened is closed a moment later, and SQLite may then take
/// the log away itself.
fn removed(file: &Path) -> io::Result<()> {
    match remove_file(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// The files beside a database without which it is not whole.
fn logs(database: &Path) -> [PathBuf; 2] {
    let [log, _, journal] = beside(database);
    [log, journal]
}

/// The same file under a second name; a copy, where a file system has but one for each.
fn also(file: &Path, name: &Path) -> io::Result<()> {
    match hard_link(file, name) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => std::fs::copy(file, name).map(|_| ()),
        linked => linked,
    }
}

/// `20261122T131500.250Z`
fn stamp(now_ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    time.strftime("%Y%m%dT%H%M%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_named_by_its_time() {
        assert_eq!(stamp(0), "19700101T000000.000Z");
    }
}
