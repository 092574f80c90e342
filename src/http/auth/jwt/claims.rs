//! What a signed token says.

use crate::domain::id::ID_CHARACTERS_MAX;
use jsonwebtoken::errors::{Error, ErrorKind};
use serde::Deserialize;
use std::fmt;

/// Why a token speaks for nobody, in words that repeat nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http::auth) struct Rejected(pub(super) &'static str);

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What is looked at. A claim of another type than it has here makes the token one that is not understood: to take
/// it for a claim that is not there would let a token past its own end.
#[derive(Deserialize)]
pub(super) struct Claims {
    sub: String,
    #[expect(dead_code, reason = "held to the configuration by the decoder, which would take a list too")]
    iss: String,
    exp: Seconds,
    #[serde(default)]
    nbf: Option<Seconds>,
    #[serde(default)]
    iat: Option<Seconds>,
}

/// A time, in seconds since 1970-01-01 UTC; JSON has them with and without a fraction.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Seconds(f64);

impl Claims {
    /// That the token is good at this time, give or take `skew_seconds`.
    #[expect(clippy::cast_precision_loss, reason = "seconds of any calendar are exact in this type")]
    pub(super) fn hold_at(&self, now_ms: i64, skew_seconds: u64) -> Result<(), Rejected> {
        let (now, skew) = (now_ms as f64 / 1000.0, skew_seconds as f64);
        // Written so that what is no number never holds.
        let is_past = |time: Seconds| time.0 <= now + skew;
        let is_ahead = |time: Seconds| time.0 > now - skew;
        if !is_ahead(self.exp) {
            return Err(Rejected("it is expired"));
        }
        if !self.nbf.is_none_or(is_past) {
            return Err(Rejected("it is not good yet"));
        }
        if !self.iat.is_none_or(is_past) {
            return Err(Rejected("it was issued in the future"));
        }
        Ok(())
    }

    /// Whom it speaks for.
    pub(super) fn subject(&self) -> Result<&str, Rejected> {
        let is_id = !self.sub.is_empty()
            && self.sub.chars().take(ID_CHARACTERS_MAX + 1).count() <= ID_CHARACTERS_MAX
            && !self.sub.contains(char::is_control);
        if is_id { Ok(&self.sub) } else { Err(Rejected("its subject (`sub`) is no id")) }
    }
}

/// What the decoder says, in words of ours: its own may quote the token.
pub(super) fn rejected(error: &Error) -> Rejected {
    Rejected(match error.kind() {
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::InvalidIssuer => "it is of another issuer (`iss`)",
        ErrorKind::InvalidAudience => "it is for another audience (`aud`)",
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) => {
            "one of its claims `exp`, `iss`, `aud` and `sub` is missing, or one is of another type than it has"
        }
        _ => "it is malformed",
    })
}
