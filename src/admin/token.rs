//! Tokens by which invited persons accept: 256 bits, kept only as a hash (A10).

use super::ambient::{RandomError, new_secret};
use super::{Admin, Refusal};
use crate::store::write::invitations::TokenHash;
use sha2::{Digest as _, Sha256};
use std::fmt;

pub(super) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A token in plain text: shown once, then gone.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new token.
    ///
    /// # Errors
    /// [`RandomError`] if there is no randomness.
    pub fn new(admin: &Admin) -> Result<Self, RandomError> {
        new_secret(admin.random.as_ref()).map(Self)
    }

    /// The token as somebody presents it.
    #[must_use]
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text, for the one answer or email that carries it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What the store keeps of it. The token is random and long, so a plain hash gives nothing away.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(secret)")
    }
}

/// When an invitation made or sent again now expires, in milliseconds since 1970-01-01 UTC.
#[must_use]
pub fn expiry_ms(admin: &Admin, now_ms: i64) -> i64 {
    now_ms.saturating_add(i64::from(admin.settings.invitation_days).saturating_mul(DAY_MS))
}

/// A 404 that does not repeat the token.
#[must_use]
pub fn unknown() -> Refusal {
    Refusal::NotFound { what: "this invitation".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a10_a_token_does_not_print_itself() {
        let token = Token::presented("abc");
        assert_eq!(format!("{token:?}"), "Token(secret)");
        assert_eq!(token.hash(), Token::presented("abc").hash());
        assert_ne!(token.hash(), Token::presented("abd").hash());
    }
}
