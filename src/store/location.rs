//! Where a database is: `sqlite://PATH`, a plain path, or `postgres://…`.

use super::error::OpenError;
use super::server::Server;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where a database is.
#[derive(Debug, Clone)]
pub(super) enum Location {
    /// In a file.
    File(PathBuf),
    /// On a server.
    Server(Box<Server>),
}

impl Location {
    /// Reads `sqlite://PATH`, a plain path, or `postgres://USER@HOST:PORT/DATABASE`.
    ///
    /// The message of an error names no more of a URL than its scheme: the rest may hold a password.
    pub(super) fn parse(url: &str) -> Result<Self, OpenError> {
        let path = match url.split_once("://") {
            Some(("sqlite", path)) if path.contains('?') => return refuse(url, "takes no options after `?`"),
            Some(("sqlite", path)) => path,
            Some(("postgres" | "postgresql", _)) => return Server::parse(url).map(Box::new).map(Self::Server),
            Some((scheme, _)) => return Err(OpenError::Scheme(format!("{scheme}://"))),
            None if url.starts_with("sqlite:") => return refuse(url, "lacks the slashes of `sqlite://PATH`"),
            None => url,
        };
        match path {
            "" => refuse(url, "names no file"),
            ":memory:" => refuse(url, "keeps nothing: conclave needs a database in a file"),
            path if path.contains('\0') => refuse(url, "holds a NUL character"),
            path if Path::new(path).is_dir() => refuse(url, "is a directory and not a file"),
            path => Ok(Self::File(path.into())),
        }
    }

    /// The file itself, links followed, so that two names of one file are one database. `what` is only done with files.
    pub(super) fn file(self, what: &'static str) -> Result<PathBuf, OpenError> {
        match self {
            Self::File(path) => resolve(&path),
            Self::Server(server) => Err(OpenError::OnServer { database: server.name(), what }),
        }
    }
}

/// The file itself, links followed.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, OpenError> {
    let error = |source| OpenError::Directory { path: path.to_owned(), source };
    if path.exists() {
        return path.canonicalize().map_err(error);
    }
    // The file is yet to be made, and with it a name; the directory is there already.
    let absolute = std::path::absolute(path).map_err(error)?;
    let (Some(directory), Some(name)) = (absolute.parent(), absolute.file_name()) else {
        return refuse(&path.to_string_lossy(), "names no file");
    };
    Ok(directory.canonicalize().map_err(error)?.join(name))
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

    fn path(url: &str) -> PathBuf {
        match Location::parse(url).unwrap() {
            Location::File(path) => path,
            Location::Server(server) => server.name(),
        }
    }

    #[test]
    fn a_url_and_a_plain_path_name_the_same_file() {
        for url in ["sqlite://conclave.db", "conclave.db"] {
            assert_eq!(path(url), Path::new("conclave.db"));
        }
        assert_eq!(path("sqlite:///var/lib/c.db"), Path::new("/var/lib/c.db"));
        assert_eq!(path("what?.db"), Path::new("what?.db"));
    }

    #[test]
    fn what_is_no_file_is_refused_without_repeating_secrets() {
        let message = Location::parse("mysql://user:secret@host/db").unwrap_err().to_string();
        assert!(message.contains("mysql://") && message.contains("sqlite://PATH"), "{message}");
        assert!(!message.contains("secret"), "{message}");
        for url in ["", "sqlite://", "sqlite:x.db", "sqlite://x.db?mode=ro", "sqlite://:memory:", ":memory:", "/"] {
            assert!(Location::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_missing_directory_is_named() {
        let message = Location::parse("/nowhere/at/all/c.db").unwrap().file("this").unwrap_err().to_string();
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
        let resolve = |path: &Path| Location::parse(path.to_str().unwrap()).unwrap().file("this").unwrap();
        assert_eq!(resolve(&real), resolve(&link));
    }
}
