//! A file that is being written: its name says that it is not what it will be, and goes with it if it never is.

use super::BackupError;
use crate::store::backup::beside;
use std::fs::{File, OpenOptions, Permissions, TryLockError, hard_link, remove_file, rename};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// An empty file for its owner alone, locked against other processes that would write it; removed when dropped.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    file: File,
}

impl Partial {
    /// Makes the file, or takes the one that a process left behind when it was killed.
    pub(super) fn begin(path: PathBuf) -> Result<Self, BackupError> {
        let failed = || BackupError::file("write", path.clone());
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed())?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BackupError::Busy(path)),
            Err(TryLockError::Error(source)) => return Err(failed()(source)),
        }
        // Whoever held the lock until now may have finished: then this is a backup, under another name.
        if !is_at(&file, &path) {
            return Err(BackupError::Busy(path));
        }
        file.set_permissions(Permissions::from_mode(0o600)).map_err(failed())?;
        file.set_len(0).map_err(failed())?;
        let partial = Self { path, file };
        partial.clear();
        Ok(partial)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    /// Gives it its name once it is on the disk; how long it is. What bears the name already is replaced if
    /// `force`, and otherwise in the way.
    pub(super) fn become_file(self, name: &Path, force: bool) -> Result<u64, BackupError> {
        let failed = || BackupError::file("write", name);
        self.file.sync_all().map_err(failed())?;
        let bytes = self.file.metadata().map_err(failed())?.len();
        if force {
            rename(&self.path, name).map_err(failed())?;
        } else {
            name_anew(&self.path, name)?;
        }
        sync_folder(name).map_err(failed())?;
        Ok(bytes)
    }

    /// Removes what SQLite keeps beside a file, of this one.
    fn clear(&self) {
        for file in beside(&self.path) {
            // Most often there is none; what stays is found by whoever looks for it.
            let _ = remove_file(file);
        }
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // While the lock is held nobody else has taken the name; if it cannot be removed, the name says what it is.
        if is_at(&self.file, &self.path) {
            self.clear();
            let _ = remove_file(&self.path);
        }
    }
}

/// Whether this open file is what bears this name.
fn is_at(file: &File, path: &Path) -> bool {
    let number = |file: io::Result<std::fs::Metadata>| file.ok().map(|file| (file.dev(), file.ino()));
    let opened = number(file.metadata());
    opened.is_some() && opened == number(path.metadata())
}

/// A second name for a file that nothing may bear yet. The first goes when the partial file is dropped.
fn name_anew(path: &Path, name: &Path) -> Result<(), BackupError> {
    match hard_link(path, name) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(BackupError::Exists(name.to_owned())),
        // A file system without second names.
        Err(_) if !name.exists() => rename(path, name).map_err(BackupError::file("write", name)),
        Err(_) => Err(BackupError::Exists(name.to_owned())),
    }
}

/// Has the names of files in the folder of `file` on the disk.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.partial");
        std::fs::write(&path, "left by a process that was killed").unwrap();
        let first = Partial::begin(path.clone()).unwrap();
        assert_eq!(path.metadata().unwrap().len(), 0);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(Partial::begin(path.clone()), Err(BackupError::Busy(_))));
        drop(first);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_name_that_is_taken_is_left_alone_unless_forced() {
        let folder = tempfile::tempdir().unwrap();
        let (path, name) = (folder.path().join("b.partial"), folder.path().join("b"));
        std::fs::write(&name, "mine").unwrap();
        let partial = Partial::begin(path.clone()).unwrap();
        assert!(matches!(partial.become_file(&name, false), Err(BackupError::Exists(_))));
        assert_eq!(std::fs::read_to_string(&name).unwrap(), "mine");
        Partial::begin(path.clone()).unwrap().become_file(&name, true).unwrap();
        assert_eq!(name.metadata().unwrap().len(), 0);
        assert!(!path.exists());
    }
}
