//! The public keys of an issuer (a JWK set, RFC 7517), from a file.

use crate::config::limits::{JWKS_FILE_BYTES_MAX, JWKS_KEYS_MAX};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use miette::Diagnostic;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use thiserror::Error;

const EDWARDS: &[Algorithm] = &[Algorithm::EdDSA];
const P256: &[Algorithm] = &[Algorithm::ES256];
const P384: &[Algorithm] = &[Algorithm::ES384];
const RSA: &[Algorithm] =
    &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];

/// Members that make a key a private or a shared one.
const SECRET: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "k"];

/// The keys of an issuer.
pub(in crate::http::auth) struct Keys(Vec<Key>);

/// One key, and what it is for.
pub(super) struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    pub(super) decoding: DecodingKey,
}

/// Why a file of keys cannot be used. Tells places in it and nothing of what stands there.
#[derive(Debug, Error, Diagnostic)]
#[error("the keys for signed tokens in {} cannot be used: {detail}", path.display())]
pub struct KeysError {
    path: PathBuf,
    detail: String,
    #[source]
    source: Option<io::Error>,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Map<String, Value>>,
}

impl Keys {
    /// Reads the keys of `file`.
    ///
    /// # Errors
    /// [`KeysError`] if it cannot be read, holds no key that can be used, or holds one that is no public key.
    pub(super) fn read(file: &Path) -> Result<Self, KeysError> {
        let failed = |detail: String, source| KeysError { path: file.to_owned(), detail, source };
        let text = contents(file).map_err(|error| failed("it cannot be read".to_owned(), Some(error)))?;
        Self::parse(&text).map_err(|detail| failed(detail, None))
    }

    /// Reads the keys of a file's text. A key of a kind that is not known here is passed over, as the RFC has it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        if text.len() as u64 > JWKS_FILE_BYTES_MAX {
            return Err(format!("it has more than {JWKS_FILE_BYTES_MAX} bytes"));
        }
        let set: Set = serde_json::from_slice(text)
            .map_err(|error| format!("it is no JWK set: line {}, column {}", error.line(), error.column()))?;
        if set.keys.len() > JWKS_KEYS_MAX {
            return Err(format!("it must hold at most {JWKS_KEYS_MAX} keys, not {}", set.keys.len()));
        }
        let mut keys: Vec<Key> = Vec::new();
        for (place, members) in set.keys.into_iter().enumerate() {
            if SECRET.iter().any(|name| members.contains_key(*name)) {
                return Err(format!("`keys[{place}]` is a private or a shared key: only public ones belong here"));
            }
            let Some(key) = key(members) else {
                tracing::warn!(place, "a key of the JWK set is passed over: it is for no signature that is known here");
                continue;
            };
            if keys.iter().any(|other| other.id == key.id) {
                return Err(format!("`keys[{place}]` has the `kid` of another, or both have none"));
            }
            keys.push(key);
        }
        if keys.is_empty() { Err("it holds no key that can be used".to_owned()) } else { Ok(Self(keys)) }
    }

    /// The key of this id; of a token that names none, the only key there is.
    pub(super) fn find(&self, id: Option<&str>) -> Option<&Key> {
        match (id, self.0.as_slice()) {
            (Some(id), keys) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

impl Key {
    /// Whether this algorithm is one of the key's own: with another, what is a key to one could be a secret to it.
    pub(super) fn signs_by(&self, algorithm: Algorithm) -> bool {
        self.algorithms.contains(&algorithm)
    }
}

fn key(members: Map<String, Value>) -> Option<Key> {
    let jwk: Jwk = serde_json::from_value(Value::Object(members)).ok()?;
    if jwk.common.public_key_use.as_ref().is_some_and(|used| *used != PublicKeyUse::Signature) {
        return None;
    }
    let able = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => RSA,
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => P256,
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P384 => P384,
        AlgorithmParameters::OctetKeyPair(curve) if curve.curve == EllipticCurve::Ed25519 => EDWARDS,
        _ => return None,
    };
    let named = jwk.common.key_algorithm.map(|algorithm| algorithm.to_string());
    let is_its = |algorithm: &Algorithm| named.as_ref().is_none_or(|named| *named == format!("{algorithm:?}"));
    let algorithms: Vec<_> = able.iter().copied().filter(is_its).collect();
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    (!algorithms.is_empty()).then_some(Key { id: jwk.common.key_id, algorithms, decoding })
}

fn contents(file: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(file)?.take(JWKS_FILE_BYTES_MAX + 1).read_to_end(&mut text)?;
    Ok(text)
}
