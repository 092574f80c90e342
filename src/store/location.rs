//! Where a database is: `sqlite://PATH` or a plain path. `PostgreSQL` will be told apart here.

use super::error::OpenError;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The file of an `SQLite` database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    path: PathBuf,
}

impl Location {
    /// Reads `sqlite://PATH` or a plain path.
    ///
    /// The message of an error names no more of a URL than its scheme: the rest may hold a password.
    pub(super) fn parse(url: &str) -> Result<Self, OpenError> {
        let path = match url.split_once("://") {
            Some(("sqlite", path)) if path.contains('?') => return refuse(url, "takes no options after `?`"),
            Some(("sqlite", path)) => path,
            Some((scheme, _)) => return Err(OpenError::Scheme(format!("{scheme}://"))),
            None if url.starts_with("sqlite:") => return refuse(url, "lacks the slashes of `sqlite://PATH`"),
            None => url,
        };
        match path {
            "" => refuse(url, "names no file"),
            ":memory:" => refuse(url, "keeps nothing: conclave needs a database in a file"),
            path if path.contains('\0') => refuse(url, "holds a NUL character"),
            path if Path::new(path).is_dir() => refuse(url, "is a directory and not a file"),
            path => Ok(Self { path: path.into() }),
        }
    }

    /// The file itself, links followed, so that two names of one file are one database.
    pub(super) fn resolve(&self) -> Result<PathBuf, OpenError> {
        let error = |source| OpenError::Directory { path: self.path.clone(), source };
        if self.path.exists() {
            return self.path.canonicalize().map_err(error);
        }
        // The file is yet to be made, and with it a name; the directory is there already.
        let absolute = std::path::absolute(&self.path).map_err(error)?;
        let (Some(directory), Some(name)) = (absolute.parent(), absolute.file_name()) else {
            return refuse(&self.path.to_string_lossy(), "names no file");
        };
        Ok(directory.canonicalize().map_err(error)?.join(name))
    }
}

/// The file beside `database` whose lock says who owns it.
pub(super) fn lock_path(database: &Path) -> PathBuf {
    let mut name = OsString::from(database);
    name.push(".lock");
    name.into()
}

fn refuse<T>(url: &str, problem: &'static str) -> Result<T, OpenError> {
    Err(OpenError::Path { url: url.to_owned(), problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_and_a_plain_path_name_the_same_file() {
        for url in ["sqlite://conclave.db", "conclave.db"] {
            assert_eq!(Location::parse(url).unwrap().path, Path::new("conclave.db"));
        }
        assert_eq!(Location::parse("sqlite:///var/lib/c.db").unwrap().path, Path::new("/var/lib/c.db"));
        assert_eq!(Location::parse("what?.db").unwrap().path, Path::new("what?.db"));
    }

    #[test]
    fn what_is_no_file_is_refused_without_repeating_secrets() {
        let message = Location::parse("postgres://user:secret@host/db").unwrap_err().to_string();
        assert!(message.contains("postgres://") && message.contains("sqlite://PATH"), "{message}");
        assert!(!message.contains("secret"), "{message}");
        for url in ["", "sqlite://", "sqlite:x.db", "sqlite://x.db?mode=ro", "sqlite://:memory:", ":memory:", "/"] {
            assert!(Location::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_missing_directory_is_named() {
        let message = Location::parse("/nowhere/at/all/c.db").unwrap().resolve().unwrap_err().to_string();
        assert!(message.contains("/nowhere/at/all/c.db"), "{message}");
    }

    #[cfg(unix)]
    #[test]
    fn two_names_of_one_file_are_one_database() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().join("real.db");
        let link = directory.path().join("link.db");
        std::fs::write(&real, "").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let resolve = |path: &Path| Location::parse(path.to_str().unwrap()).unwrap().resolve().unwrap();
        assert_eq!(resolve(&real), resolve(&link));
    }
}
