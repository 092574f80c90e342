//! A value that is never shown.

use std::fmt;

/// The variable that holds the URL of the mail server. There is neither a flag nor a key in the file
/// for it: both are read by more people than should know a password.
pub const SMTP_URL_VARIABLE: &str = "CONCLAVE_SMTP_URL";

/// The variable that holds the password of the database, where that is on a server.
pub const DATABASE_PASSWORD_VARIABLE: &str = "CONCLAVE_DATABASE_PASSWORD";

/// A text that does not print itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret; `None` if the text is empty, as of a variable that is set to nothing.
    #[must_use]
    pub fn new(text: String) -> Option<Self> {
        if text.trim().is_empty() { None } else { Some(Self(text)) }
    }

    /// The text, for the one who needs it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(set)")
    }
}
