//! Ids that hosts choose, and what they may look like.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use std::fmt;
use thiserror::Error;

/// Longest id, in characters (not bytes).
pub const ID_CHARACTERS_MAX: usize = 255;

/// Why a text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdError {
    /// An id has at least one character.
    #[error("must not be empty")]
    Empty,
    /// An id is short enough to index and to read.
    #[error("must have at most {ID_CHARACTERS_MAX} characters")]
    TooLong,
    /// Control characters would make logs and terminals lie.
    #[error("must not contain control characters")]
    Control,
    /// `.` and `..` disappear when a URL is normalized.
    #[error("must not be `.` or `..`")]
    Dots,
    /// Ids of users and groups are parts of tool ids, where `/` separates.
    #[error("must not contain `/`")]
    Slash,
}

fn check(text: &str, slash: bool) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.chars().count() > ID_CHARACTERS_MAX {
        return Err(IdError::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(IdError::Control);
    }
    if text == "." || text == ".." {
        return Err(IdError::Dots);
    }
    if !slash && text.contains('/') {
        return Err(IdError::Slash);
    }
    Ok(())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, slash: $slash:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "SmolStr", into = "SmolStr")]
        pub struct $name(SmolStr);

        impl $name {
            /// Checks `text` and makes it an id.
            ///
            /// # Errors
            /// [`IdError`] says which of the conditions on ids does not hold.
            pub fn new(text: impl Into<SmolStr>) -> Result<Self, IdError> {
                let text = text.into();
                check(&text, $slash)?;
                Ok(Self(text))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id as a cheaply cloned text.
            #[must_use]
            pub fn text(&self) -> SmolStr {
                self.0.clone()
            }
        }

        impl TryFrom<SmolStr> for $name {
            type Error = IdError;
            fn try_from(text: SmolStr) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for SmolStr {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A person's id, chosen by the host.
    UserId, slash: false;
    /// A group's id, chosen by the host or a UUIDv7.
    GroupId, slash: false;
    /// A folder's id, chosen by the host or a UUIDv7.
    FolderId, slash: true;
    /// An item's id, chosen by the host or a UUIDv7.
    ItemId, slash: true;
    /// A subscription's id, chosen by the host.
    SubscriptionId, slash: true;
    /// An invitation's id, a UUIDv7. Not the token that admits: that one is a secret.
    InvitationId, slash: false;
    /// The id of a request to join a closed group, a UUIDv7.
    JoinRequestId, slash: false;
    /// The id of a mail in the outbox, a UUIDv7.
    MailId, slash: false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_hold_any_unicode_but_controls() {
        for good in ["a", "ü", "日本語", "a b", "...", "💡", "\"", "\\", "'; DROP TABLE users"] {
            assert!(UserId::new(good).is_ok(), "{good}");
        }
        assert_eq!(UserId::new(""), Err(IdError::Empty));
        assert_eq!(UserId::new("a\0b"), Err(IdError::Control));
        assert_eq!(UserId::new("\u{85}"), Err(IdError::Control));
        assert_eq!(UserId::new("."), Err(IdError::Dots));
        assert_eq!(UserId::new(".."), Err(IdError::Dots));
        assert_eq!(UserId::new("a/b"), Err(IdError::Slash));
        assert!(ItemId::new("a/b").is_ok());
    }

    #[test]
    fn length_counts_characters_and_not_bytes() {
        assert!(UserId::new("é".repeat(ID_CHARACTERS_MAX)).is_ok());
        assert_eq!(UserId::new("é".repeat(ID_CHARACTERS_MAX + 1)), Err(IdError::TooLong));
    }
}
