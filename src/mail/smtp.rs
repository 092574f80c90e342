//! The mail server: where it is, and what its answers mean.

use super::limits::{ANSWER_SECONDS_MAX, ERROR_CHARACTERS_MAX, SEND_SECONDS_MAX, URL_FILE_BYTES_MAX};
use super::plain;
use lettre::transport::smtp;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use thiserror::Error;
use url::{Host, Url};

/// A mail server that takes mail from us. Each mail has a connection of its own.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

/// Why there is no mail server. No message repeats the address, which may hold a password.
#[derive(Debug, Error)]
pub enum SmtpUrlError {
    /// The file that holds the address cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No URL, or without a host.
    #[error("the address of the mail server is no URL such as `smtps://user:password@mail.example.org`")]
    Malformed,
    /// A URL of something else.
    #[error("the address of the mail server begins with `smtps://` or `smtp://`, not `{0}://`")]
    Scheme(String),
    /// A parameter that is not known, perhaps a misspelt `tls`.
    #[error("the address of the mail server takes `?tls=required` or `?tls=opportunistic` and nothing else")]
    Parameter,
    /// Tokens and passwords would travel in plain text.
    #[error(
        "mail would travel to `{0}` unencrypted: write `smtps://`, or `?tls=required` behind the address; with \
         `?tls=opportunistic` it is encrypted only if the server offers to"
    )]
    Unencrypted(String),
    /// A name without a password, or one that is not UTF-8.
    #[error("the address of the mail server names a user without a password")]
    Credentials,
    /// The library cannot use it: no certificates, say.
    #[error("the mail server cannot be used: {0}")]
    Unusable(String),
}

/// Why a mail was not sent; each with what the server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// Not this one, ever.
    Refused(String),
    /// Not this one, now.
    Deferred(String),
    /// None at all, now.
    Unreachable(String),
}

impl Smtp {
    /// The server at `url`: `smtps://user:password@host`, or `smtp://` with STARTTLS
    /// (`?tls=required`). Without encryption only on this machine. Does not connect yet.
    ///
    /// # Errors
    /// [`SmtpUrlError`] says what is wrong, without repeating the URL.
    pub fn new(url: &str) -> Result<Self, SmtpUrlError> {
        check(url)?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|error| SmtpUrlError::Unusable(said(&error)))?;
        Ok(Self { transport: builder.timeout(Some(ANSWER_SECONDS_MAX)).build() })
    }

    /// The server whose URL stands in `file`.
    ///
    /// # Errors
    /// [`SmtpUrlError`] if the file cannot be read, and as [`Smtp::new`].
    pub fn read(file: &Path) -> Result<Self, SmtpUrlError> {
        let unreadable = |source| SmtpUrlError::Unreadable { path: file.to_owned(), source };
        let mut text = String::new();
        let mut opened = File::open(file).map_err(unreadable)?.take(URL_FILE_BYTES_MAX);
        opened.read_to_string(&mut text).map_err(unreadable)?;
        Self::new(text.trim())
    }

    /// Hands a mail over. Once this succeeds the server answers for it.
    pub(super) async fn send(&self, message: Message) -> Result<(), Failure> {
        let Ok(sent) = tokio::time::timeout(SEND_SECONDS_MAX, self.transport.send(message)).await else {
            return Err(Failure::Unreachable("the mail server took too long".to_owned()));
        };
        let Err(error) = sent else { return Ok(()) };
        let text = said(&error);
        if error.is_transient() || error.is_client() {
            return Err(Failure::Deferred(text));
        }
        // A server that lets us in and refuses the mail means the mail. One that refuses us (a wrong
        // password, say) will take the mail once that is mended.
        if error.is_permanent() && !means_us(&error) && self.lets_in().await {
            return Err(Failure::Refused(text));
        }
        Err(Failure::Unreachable(text))
    }

    async fn lets_in(&self) -> bool {
        let tested = tokio::time::timeout(SEND_SECONDS_MAX, self.transport.test_connection()).await;
        matches!(tested, Ok(Ok(true)))
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").finish_non_exhaustive()
    }
}

/// Whether the server asks for encryption or for another login (RFC 4954, RFC 3207).
fn means_us(error: &smtp::Error) -> bool {
    error.status().is_some_and(|code| matches!(u16::from(code), 503 | 530 | 534 | 535 | 538))
}

fn check(url: &str) -> Result<(), SmtpUrlError> {
    let url = Url::parse(url).map_err(|_| SmtpUrlError::Malformed)?;
    let encrypted = match url.scheme() {
        "smtps" => true,
        "smtp" => url.query().is_some(),
        other => return Err(SmtpUrlError::Scheme(other.to_owned())),
    };
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(SmtpUrlError::Malformed)?;
    match url.query() {
        None => {}
        Some("tls=required" | "tls=opportunistic") if url.scheme() == "smtp" => {}
        Some(_) => return Err(SmtpUrlError::Parameter),
    }
    if !encrypted && !is_this_machine(host) {
        return Err(SmtpUrlError::Unencrypted(host.to_owned()));
    }
    if !url.username().is_empty() && url.password().is_none() {
        return Err(SmtpUrlError::Credentials);
    }
    Ok(())
}

fn is_this_machine(host: &str) -> bool {
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name == "localhost",
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Err(_) => false,
    }
}

/// What is kept of an error: one line, not too long.
fn said(error: &smtp::Error) -> String {
    plain::line(&error.to_string()).chars().take(ERROR_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        Smtp::new(url).map(|_| ()).unwrap_err().to_string()
    }

    #[tokio::test]
    async fn mail_travels_encrypted_or_stays_here() {
        for good in [
            "smtps://user:p%40ss@mail.example.org",
            "smtp://user:pass@mail.example.org:587?tls=required",
            "smtp://mail.example.org?tls=opportunistic",
            "smtp://localhost:2525",
            "smtp://127.0.0.1:25",
            "smtp://[::1]:25",
            "smtps://mail.example.org:465/our-name.example.org",
        ] {
            assert!(Smtp::new(good).is_ok(), "{good}");
        }
        for bad in
            ["smtp://mail.example.org", "smtp://10.0.0.1:25", "smtp://localhost.example.org", "smtp://user:hunter2@h"]
        {
            assert!(refused(bad).contains("unencrypted"), "{bad}");
        }
        for bad in [
            "smtp://h?TLS=required",
            "smtp://h?tls=none",
            "smtp://h?",
            "smtp://h?tls=required&x=1",
            "smtps://h?tls=required",
        ] {
            assert!(refused(bad).contains("?tls=required"), "{bad}");
        }
        assert!(refused("https://h").contains("not `https://`"));
        for bad in ["", "mail.example.org", "smtp://", "smtps://:465"] {
            assert!(refused(bad).contains("no URL") || refused(bad).contains("begins with"), "{bad}");
        }
        assert!(refused("smtps://user@h").contains("without a password"));
    }

    #[test]
    fn no_message_repeats_the_password() {
        for bad in ["smtp://user:hunter2@h", "smtps://user:hunter2@h?x=1", "ftp://user:hunter2@h", "user:hunter2@h"] {
            let message = refused(bad);
            assert!(!message.contains("hunter2"), "{message}");
        }
        let smtp = Smtp::new("smtps://user:hunter2@mail.example.org").unwrap();
        assert_eq!(format!("{smtp:?}"), "Smtp { .. }");
    }

    #[test]
    fn the_address_may_stand_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("smtp-url");
        std::fs::write(&file, "smtps://user:pass@mail.example.org\n").unwrap();
        assert!(Smtp::read(&file).is_ok());
        let missing = Smtp::read(&folder.path().join("none")).unwrap_err().to_string();
        assert!(missing.contains("none cannot be read"), "{missing}");
    }
}
