//! The admin token: read from its file, or made at first start; only its digest is kept.

use crate::admin::Random;
use crate::admin::ambient::{RandomError, new_secret};
use crate::config::limits::{TOKEN_CHARACTERS_MIN, TOKEN_FILE_BYTES_MAX};
use miette::Diagnostic;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

/// Who holds this text may use the admin listener.
#[derive(Clone)]
pub struct AdminToken {
    /// Digests have one length, so comparing them tells nothing of the token's.
    digest: [u8; 32],
}

/// Why there is no token.
#[derive(Debug, Error, Diagnostic)]
pub enum TokenError {
    /// The file cannot be read.
    #[error("the admin token file {} cannot be read", path.display())]
    #[diagnostic(help(
        "make the file, with {TOKEN_CHARACTERS_MIN} characters or more on one line, or leave --admin-token-file out to \
         have one made beside the database"
    ))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file holds no token.
    #[error("the admin token file {} holds no token", path.display())]
    #[diagnostic(help(
        "a token stands on one line, without spaces; one is made only without --admin-token-file, where there is none beside \
         the database"
    ))]
    NoToken {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be made.
    #[error("the admin token file {} cannot be made", path.display())]
    #[diagnostic(help("make one yourself and name it with --admin-token-file"))]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No token can be made without randomness.
    #[error("no admin token can be made")]
    Random(#[source] RandomError),
}

impl AdminToken {
    /// The token of this text.
    #[must_use]
    pub fn new(text: &[u8]) -> Self {
        Self { digest: Sha256::digest(text).into() }
    }

    /// Whether `text` is the token; takes as long whether or not, and wherever they differ.
    #[must_use]
    pub fn is(&self, text: &[u8]) -> bool {
        Self::new(text).digest.ct_eq(&self.digest).into()
    }

    /// Reads the token from `file`.
    ///
    /// # Errors
    /// [`TokenError`] if it cannot be read or holds none. One that can be guessed is warned of.
    pub fn read(file: &Path) -> Result<Self, TokenError> {
        let text = contents(file).map_err(|source| TokenError::Unreadable { path: file.to_owned(), source })?;
        let text = text.trim();
        if text.is_empty() || text.contains(char::is_whitespace) {
            return Err(TokenError::NoToken { path: file.to_owned() });
        }
        let characters = text.chars().count();
        if characters < TOKEN_CHARACTERS_MIN {
            tracing::warn!(
                file = %file.display(),
                characters,
                wanted = TOKEN_CHARACTERS_MIN,
                "the admin token is so short that it can be guessed"
            );
        }
        Ok(Self::new(text.as_bytes()))
    }

    /// Reads the token from `file`, or makes the file with a new one (256 bits, mode 0600).
    ///
    /// Says whether it was made. Call it while owning the database: two servers must not both make it.
    ///
    /// # Errors
    /// [`TokenError`] if it can be neither read nor made.
    pub fn read_or_make(file: &Path, random: &dyn Random) -> Result<(Self, bool), TokenError> {
        match file.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let text = new_secret(random).map_err(TokenError::Random)?;
                make(file, &text).map_err(|source| TokenError::Unwritable { path: file.to_owned(), source })?;
                Ok((Self::new(text.as_bytes()), true))
            }
            _ => Ok((Self::read(file)?, false)),
        }
    }
}

fn contents(file: &Path) -> io::Result<String> {
    let opened = File::open(file)?;
    if opened.metadata()?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(file = %file.display(), "others than its owner may read the admin token file");
    }
    let mut text = String::new();
    opened.take(TOKEN_FILE_BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// Whole or not at all: a crash must not leave a file with half a token.
fn make(file: &Path, text: &str) -> io::Result<()> {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let unfinished = PathBuf::from(name);
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    writeln!(opened, "{text}")?;
    opened.sync_all()?;
    std::fs::rename(&unfinished, file)
}

impl fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminToken(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::SystemRandom;

    #[test]
    fn a_token_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("conclave.db.admin-token");
        let (made, new) = AdminToken::read_or_make(&file, &SystemRandom).unwrap();
        assert!(new);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&file).unwrap();
        assert_eq!(text.trim().len(), 64);
        assert!(made.is(text.trim().as_bytes()));
        let (read, new) = AdminToken::read_or_make(&file, &SystemRandom).unwrap();
        assert!(!new && read.is(text.trim().as_bytes()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn another_text_is_not_the_token() {
        let token = AdminToken::new(b"0123456789abcdef");
        assert!(token.is(b"0123456789abcdef"));
        for other in ["", "0123456789abcde", "0123456789abcdef0", "0123456789abcdeF"] {
            assert!(!token.is(other.as_bytes()), "{other}");
        }
        assert!(!format!("{token:?}").contains("0123"));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        for text in ["", "\n", "two words are no one token"] {
            std::fs::write(&file, text).unwrap();
            assert!(matches!(AdminToken::read(&file), Err(TokenError::NoToken { .. })), "{text:?}");
            assert!(AdminToken::read_or_make(&file, &SystemRandom).is_err());
        }
        for text in ["sixteen-letters!", "short"] {
            std::fs::write(&file, format!("  {text}\n")).unwrap();
            assert!(AdminToken::read(&file).unwrap().is(text.as_bytes()));
        }
        assert!(matches!(AdminToken::read(folder.path()), Err(TokenError::Unreadable { .. })));
        assert!(matches!(AdminToken::read(&folder.path().join("none")), Err(TokenError::Unreadable { .. })));
    }
}
