//! Mail to people: what is sent, and what became of it (A10, F5).

use super::id::MailId;
use smol_str::SmolStr;
use std::fmt;

/// What stands for the token in the address of a host's page for accepting an invitation.
pub const TOKEN_PLACE: &str = "{token}";

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailKind {
    /// Somebody is invited to a group (A10).
    Invitation,
    /// Somebody would like to join a closed group (F5).
    JoinRequest,
}

impl MailKind {
    /// The name in interfaces and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::JoinRequest => "join_request",
        }
    }

    /// The kind with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Invitation, Self::JoinRequest].into_iter().find(|kind| kind.name() == name)
    }
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailState {
    /// Not sent yet.
    Pending,
    /// Handed to a mail server, or to the host that said so. Its text is gone.
    Sent,
    /// Given up: refused for good, or tried too often.
    Dead,
}

impl MailState {
    /// The name in interfaces and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Dead => "dead",
        }
    }

    /// The state with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Sent, Self::Dead].into_iter().find(|state| state.name() == name)
    }
}

/// The text of a mail. It may hold a token that admits whoever reads it, so it does not print itself.
#[derive(Clone, PartialEq, Eq)]
pub struct MailBody(String);

impl MailBody {
    /// This text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the mail server, for the host, and for the row in which it waits.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MailBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailBody(secret)")
    }
}

/// A mail as it is written, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// What it is about.
    pub kind: MailKind,
    /// The address it goes to.
    pub to: String,
    /// The language it is written in: `en`, `it`, `nl` or `es` (T1).
    pub language: &'static str,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: MailBody,
    /// The id of the invitation or of the request to join that it tells of: once that ends, the mail is
    /// of no use.
    pub about: SmolStr,
}

/// A mail in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// A UUIDv7.
    pub id: MailId,
    /// What it is about.
    pub kind: MailKind,
    /// The address it goes to.
    pub to: String,
    /// The language it is written in.
    pub language: String,
    /// One line.
    pub subject: String,
    /// Plain text; `None` once it is sent.
    pub body: Option<MailBody>,
    /// What became of it.
    pub state: MailState,
    /// How often it was tried, the time that succeeded included.
    pub attempts: u32,
    /// When it was written, in milliseconds since 1970-01-01 UTC.
    pub created_ms: i64,
    /// Before when it is not tried again, in milliseconds since 1970-01-01 UTC.
    pub next_attempt_ms: i64,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was sent, in milliseconds since 1970-01-01 UTC.
    pub sent_ms: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a10_a_mail_does_not_print_its_text() {
        assert_eq!(format!("{:?}", MailBody::new("token".to_owned())), "MailBody(secret)");
    }

    #[test]
    fn names_read_back() {
        for state in [MailState::Pending, MailState::Sent, MailState::Dead] {
            assert_eq!(MailState::from_name(state.name()), Some(state));
        }
        for kind in [MailKind::Invitation, MailKind::JoinRequest] {
            assert_eq!(MailKind::from_name(kind.name()), Some(kind));
        }
        assert_eq!(MailState::from_name("gone"), None);
    }
}
