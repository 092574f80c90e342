//! What is read from files and read again when they change, so that credentials are exchanged without a restart.
//!
//! New files that cannot be used change nothing: what was read before stays good until they can.

use crate::http::error::chain;
use arc_swap::ArcSwap;
use std::error::Error;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Something that is read from files, as they were when it last could be.
pub struct Reloaded<T> {
    what: &'static str,
    files: Vec<PathBuf>,
    value: ArcSwap<T>,
    /// What goes wrong is told as a text for the log.
    read: Box<dyn Fn() -> Result<T, String> + Send + Sync>,
    seen: Mutex<Seen>,
    stale: AtomicBool,
}

/// What is known of the files.
struct Seen {
    /// As they were when they were last read; `None` after a failure, which is tried again.
    marks: Option<Vec<Mark>>,
    /// What was logged last, so that it is not logged each time.
    failure: Option<String>,
}

/// How a file is known to be another, or to have changed: the change time cannot be set by programs, so a file
/// that was written in place of another with its old date is noticed too.
#[derive(PartialEq, Eq)]
enum Mark {
    Absent,
    Is { device: u64, inode: u64, bytes: u64, changed: (i64, i64) },
}

impl Mark {
    // Follows links: deployments exchange what a link leads to.
    fn of(file: &Path) -> Self {
        fs::metadata(file).map_or(Self::Absent, |found| Self::Is {
            device: found.dev(),
            inode: found.ino(),
            bytes: found.len(),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

impl<T> Reloaded<T> {
    /// Reads it for the first time. `what` names it in the log.
    ///
    /// # Errors
    /// What `read` says.
    pub fn new<E: Error + 'static>(
        what: &'static str,
        files: Vec<PathBuf>,
        read: impl Fn() -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        // Before reading: a change in between is seen as one.
        let marks = files.iter().map(|file| Mark::of(file)).collect();
        let value = ArcSwap::from_pointee(read()?);
        let read = Box::new(move || read().map_err(|error| chain(&error)));
        let seen = Mutex::new(Seen { marks: Some(marks), failure: None });
        Ok(Self { what, files, value, read, seen, stale: AtomicBool::new(false) })
    }

    /// As it was when it last could be read.
    #[must_use]
    pub fn now(&self) -> Arc<T> {
        self.value.load_full()
    }
}

/// What has files that may change.
pub trait Watched: Send + Sync {
    /// Reads the files again if they changed.
    fn look(&self);

    /// What it is, if its files cannot be used any more and what was read before is still good.
    fn stale(&self) -> Option<&'static str>;
}

impl<T: Send + Sync> Watched for Reloaded<T> {
    fn look(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let marks: Vec<_> = self.files.iter().map(|file| Mark::of(file)).collect();
        if seen.marks.as_ref() == Some(&marks) {
            return;
        }
        match (self.read)() {
            Ok(value) => {
                self.value.store(Arc::new(value));
                *seen = Seen { marks: Some(marks), failure: None };
                self.stale.store(false, Ordering::Relaxed);
                tracing::info!(what = self.what, "read again, as its files changed");
            }
            Err(error) => {
                self.stale.store(true, Ordering::Relaxed);
                if seen.failure.as_ref() != Some(&error) {
                    let what = self.what;
                    tracing::error!(
                        what,
                        error,
                        "its files changed and cannot be used: what was read before stays good"
                    );
                }
                *seen = Seen { marks: None, failure: Some(error) };
            }
        }
    }

    fn stale(&self) -> Option<&'static str> {
        self.stale.load(Ordering::Relaxed).then_some(self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    fn number(file: &Path) -> impl Fn() -> Result<u32, io::Error> + Send + Sync + 'static {
        let file = file.to_owned();
        move || fs::read_to_string(&file)?.trim().parse().map_err(io::Error::other)
    }

    #[test]
    fn new_files_are_read_and_broken_ones_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("number");
        fs::write(&file, "1").unwrap();
        let reloaded = Reloaded::new("number", vec![file.clone()], number(&file)).unwrap();
        reloaded.look();
        assert_eq!((*reloaded.now(), reloaded.stale()), (1, None));

        fs::write(&file, "22").unwrap();
        assert_eq!(*reloaded.now(), 1, "not before somebody looks");
        reloaded.look();
        assert_eq!(*reloaded.now(), 22);

        for broken in ["", "none of ours"] {
            fs::write(&file, broken).unwrap();
            reloaded.look();
            assert_eq!((*reloaded.now(), reloaded.stale()), (22, Some("number")));
        }
        fs::remove_file(&file).unwrap();
        reloaded.look();
        assert_eq!((*reloaded.now(), reloaded.stale()), (22, Some("number")));

        fs::write(&file, "333").unwrap();
        reloaded.look();
        assert_eq!((*reloaded.now(), reloaded.stale()), (333, None));
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("old"), "1").unwrap();
        fs::write(at("new"), "2").unwrap();
        std::os::unix::fs::symlink(at("old"), at("link")).unwrap();
        let reloaded = Reloaded::new("number", vec![at("link")], number(&at("link"))).unwrap();
        std::os::unix::fs::symlink(at("new"), at("link.new")).unwrap();
        fs::rename(at("link.new"), at("link")).unwrap();
        reloaded.look();
        assert_eq!(*reloaded.now(), 2);
    }

    #[test]
    fn what_cannot_be_read_at_first_is_an_error() {
        let file = Path::new("/nowhere/number");
        assert!(Reloaded::new("number", vec![file.to_owned()], number(file)).is_err());
    }
}
