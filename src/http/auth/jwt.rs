//! Signed tokens (JWT, RFC 7519) whose subject is the principal.
//!
//! What RFC 8725 advises is not left to the token: the algorithms are the configuration's, a key is used for its own
//! algorithms alone, `iss`, `aud`, `exp` and `sub` must be there and be of their types.

mod claims;
mod keys;
mod ring;

pub(super) use keys::Keys;
pub use keys::KeysError;

use super::Reloaded;
use crate::config::limits::JWT_BYTES_MAX;
use crate::config::{Jwt, JwtAlgorithm};
use crate::domain::EntityUid;
use claims::{Claims, Rejected};
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use smol_str::SmolStr;
use std::sync::Arc;

/// Whose signed tokens are good here.
pub struct Issuer {
    name: String,
    audience: String,
    principal_type: SmolStr,
    algorithms: Vec<Algorithm>,
    skew_seconds: u64,
    keys: Arc<Reloaded<Keys>>,
}

impl Issuer {
    /// The issuer that the configuration names, if it names one.
    ///
    /// # Errors
    /// [`KeysError`] if its keys cannot be used.
    pub fn read(jwt: &Jwt, skew_seconds: u64) -> Result<Option<Self>, KeysError> {
        let (Some(file), Some(issuer), Some(audience)) = (&jwt.jwks_file, &jwt.issuer, &jwt.audience) else {
            return Ok(None);
        };
        ring::install();
        let (path, files) = (file.clone(), vec![file.clone()]);
        let keys = Reloaded::new("the keys for signed tokens", files, move || Keys::read(&path))?;
        Ok(Some(Self {
            name: issuer.clone(),
            audience: audience.clone(),
            principal_type: SmolStr::new(&jwt.principal_type),
            algorithms: jwt.algorithms.iter().copied().map(algorithm).collect(),
            skew_seconds,
            keys: Arc::new(keys),
        }))
    }

    pub(super) const fn keys(&self) -> &Arc<Reloaded<Keys>> {
        &self.keys
    }

    /// The principal that this token speaks for at this time.
    ///
    /// # Errors
    /// Why it speaks for nobody, in words that repeat nothing of it.
    pub(super) fn principal(&self, token: &[u8], now_ms: i64) -> Result<EntityUid, Rejected> {
        if token.len() > JWT_BYTES_MAX {
            return Err(Rejected("it is too long"));
        }
        let header =
            decode_header(token).map_err(|_| Rejected("it is no signed token of a kind that is taken here"))?;
        if header.crit.is_some() {
            return Err(Rejected("it asks for something that is not known here (`crit`)"));
        }
        if !self.algorithms.contains(&header.alg) {
            return Err(Rejected("it is signed in a way that is not taken here"));
        }
        let keys = self.keys.now();
        let key = keys.find(header.kid.as_deref()).ok_or(Rejected("its key is not known here"))?;
        if !key.signs_by(header.alg) {
            return Err(Rejected("its key is for another algorithm"));
        }
        let decoded = decode::<Claims>(token, &key.decoding, &self.validation(header.alg));
        let claims = decoded.map_err(|error| claims::rejected(&error))?.claims;
        claims.hold_at(now_ms, self.skew_seconds)?;
        Ok(EntityUid::new(self.principal_type.clone(), claims.subject()?))
    }

    /// All but the times, which `Claims` holds to the server's own clock.
    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.name]);
        validation.set_audience(&[&self.audience]);
        validation
    }
}

const fn algorithm(algorithm: JwtAlgorithm) -> Algorithm {
    match algorithm {
        JwtAlgorithm::EdDSA => Algorithm::EdDSA,
        JwtAlgorithm::ES256 => Algorithm::ES256,
        JwtAlgorithm::ES384 => Algorithm::ES384,
        JwtAlgorithm::PS256 => Algorithm::PS256,
        JwtAlgorithm::PS384 => Algorithm::PS384,
        JwtAlgorithm::PS512 => Algorithm::PS512,
        JwtAlgorithm::RS256 => Algorithm::RS256,
        JwtAlgorithm::RS384 => Algorithm::RS384,
        JwtAlgorithm::RS512 => Algorithm::RS512,
    }
}

#[cfg(test)]
mod tests;
