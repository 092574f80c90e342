//! What shows that a token of a page is one of ours.

use super::connection::Plan;
use super::error::OpenError;
use super::sql::{self, Connection};
use crate::domain::page::{read_token, write_token};
use ring::hmac::{self, HMAC_SHA256, Key};
use smol_str::SmolStr;
use std::fmt;
use subtle::ConstantTimeEq as _;

/// Bytes of the mark of a token: 128 bits are more than anybody can try.
const MARK_BYTES: usize = 16;
const MARK_CHARACTERS: usize = 2 * MARK_BYTES;

/// Writes and reads the tokens of pages, with a secret that is kept in the database: a token is good for every server
/// of the same database, before and after a restart, and for the list alone that it is of.
///
/// A token is authentic, not secret: it holds the key of the last row for whoever can read hexadecimal digits.
#[derive(Clone)]
pub struct Seal(Key);

impl Seal {
    /// A seal with this secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(Key::new(HMAC_SHA256, secret))
    }

    /// The secret of this database.
    pub(super) async fn of(plan: &Plan, connection: &mut Connection) -> Result<Self, OpenError> {
        let secret: Option<String> = sql::query_scalar("SELECT secret FROM seal WHERE one = 1")
            .fetch_optional(connection)
            .await
            .map_err(|source| plan.error(source))?;
        let damaged =
            || OpenError::Damaged { path: plan.name(), found: "the secret of its page tokens is gone".to_owned() };
        secret.filter(|secret| secret.len() >= 32).map(|secret| Self::new(secret.as_bytes())).ok_or_else(damaged)
    }

    /// The token of the page of `list` that begins after `key`.
    #[must_use]
    pub fn write(&self, list: &str, key: &str) -> String {
        // The length first, so that no list goes on in the key of another.
        let of = [&list.len().to_be_bytes(), list.as_bytes(), key.as_bytes()].concat();
        let tag = hmac::sign(&self.0, &of);
        let mark = tag.as_ref().get(..MARK_BYTES).unwrap_or_default();
        write_token(mark) + &write_token(key)
    }

    /// What a token of `list` says; `None` if it was not written here, or for another list.
    #[must_use]
    pub fn read(&self, list: &str, token: &str) -> Option<SmolStr> {
        let (_, key) = token.split_at_checked(MARK_CHARACTERS)?;
        let key = read_token(key)?;
        let ours = self.write(list, &key);
        bool::from(ours.as_bytes().ct_eq(token.as_bytes())).then_some(key)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seal() -> Seal {
        Seal::new(b"of this database")
    }

    #[test]
    fn a_token_is_good_for_its_own_list_and_database_alone() {
        let token = seal().write("users", "ann");
        assert_eq!(seal().read("users", &token).as_deref(), Some("ann"));
        assert_eq!(seal().read("groups", &token), None);
        assert_eq!(seal().read("usersa", &token), None);
        assert_eq!(Seal::new(b"of another").read("users", &token), None);
        assert_eq!(format!("{:?}", seal()), "Seal(..)");
    }

    proptest! {
        #[test]
        fn a_token_reads_back(list in any::<String>(), key in "[^\0]*") {
            let read = seal().read(&list, &seal().write(&list, &key));
            prop_assert_eq!(read.as_deref(), Some(key.as_str()));
        }

        #[test]
        fn an_altered_token_is_none(at in 0_usize..1_000, digit in 0_u32..16, cut in 0_usize..1_000) {
            let token = seal().write("users", "a key of some length");
            let mut altered: Vec<char> = token.chars().collect();
            let at = at % altered.len();
            altered[at] = char::from_digit(digit, 16).unwrap();
            let altered: String = altered.into_iter().collect();
            prop_assert!(altered == token || seal().read("users", &altered).is_none());
            prop_assert!(seal().read("users", &token[..cut % token.len()]).is_none());
        }

        #[test]
        fn what_was_made_up_is_none(text in any::<String>()) {
            prop_assert_eq!(seal().read("users", &text), None);
            prop_assert_eq!(seal().read("users", &write_token(&text)), None);
        }
    }
}
