//! By what callers are known: files of certificates and keys, issuers of tokens, users of the machine.

use crate::domain::uid::types;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::path::{Path, PathBuf};

/// The files of a listener's TLS; none: the listener speaks plain HTTP.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate that the listener shows, in PEM, its own first and then those that vouch for it.
    pub certificate_file: Option<PathBuf>,
    /// The private key of that certificate, in PEM.
    pub key_file: Option<PathBuf>,
    /// Authorities in PEM; set, a client must show a certificate that one of them vouches for.
    pub client_ca_file: Option<PathBuf>,
}

/// The files of a listener that speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Who vouches for clients, if clients must show a certificate.
    pub client_ca: Option<PathBuf>,
}

impl Tls {
    /// The files, if the listener speaks TLS.
    #[must_use]
    pub fn files(&self) -> Option<TlsFiles> {
        let (certificate, key) = (self.certificate_file.clone()?, self.key_file.clone()?);
        Some(TlsFiles { certificate, key, client_ca: self.client_ca_file.clone() })
    }

    /// Every setting by its name.
    pub(super) fn named(&self) -> [(&'static str, Option<&Path>); 3] {
        [
            ("certificate_file", self.certificate_file.as_deref()),
            ("key_file", self.key_file.as_deref()),
            ("client_ca_file", self.client_ca_file.as_deref()),
        ]
    }
}

impl TlsFiles {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<PathBuf> {
        [&self.certificate, &self.key].into_iter().chain(&self.client_ca).cloned().collect()
    }
}

/// Whose signed tokens the access listener takes. Switched on by naming the keys, the issuer and the audience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jwt {
    /// The issuer's public keys (a JWK set, RFC 7517).
    pub jwks_file: Option<PathBuf>,
    /// What `iss` must be.
    pub issuer: Option<String>,
    /// What `aud` must be or hold.
    pub audience: Option<String>,
    /// The entity type of principals: `sub` is the id.
    pub principal_type: String,
    /// The algorithms by which tokens may be signed.
    pub algorithms: Vec<JwtAlgorithm>,
}

impl Default for Jwt {
    fn default() -> Self {
        let (jwks_file, issuer, audience) = (None, None, None);
        let algorithms = JwtAlgorithm::ALL.to_vec();
        Self { jwks_file, issuer, audience, principal_type: types::USER.to_owned(), algorithms }
    }
}

impl Jwt {
    /// Whether any of what switches it on is named.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.jwks_file.is_some() || self.issuer.is_some() || self.audience.is_some()
    }
}

/// How a token may be signed: by a private key that nobody here has. There is no other: with a shared secret
/// (`HS256`…) whoever checks tokens could also make them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names of RFC 7518 and RFC 8037 say it")]
pub enum JwtAlgorithm {
    EdDSA,
    ES256,
    ES384,
    PS256,
    PS384,
    PS512,
    RS256,
    RS384,
    RS512,
}

impl JwtAlgorithm {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::EdDSA,
        Self::ES256,
        Self::ES384,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
    ];
}

/// A user of the machine, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Uid(pub u32);

impl Uid {
    /// Whether this number means nobody in particular: it is what the system says of a process that it cannot name.
    pub(super) const fn is_nobody(self) -> bool {
        matches!(self.0, 65_534 | u32::MAX)
    }
}

// Also from a text: lists in variables are texts.
impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl serde::de::Visitor<'_> for Reader {
    type Value = Uid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the number of a user, such as 1000")
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Uid, E> {
        u32::try_from(number).map(Uid).map_err(|_| E::custom("must be the number of a user"))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Uid, E> {
        u32::try_from(number).map(Uid).map_err(|_| E::custom("must be the number of a user"))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Uid, E> {
        text.parse().map(Uid).map_err(|_| E::custom("must be the number of a user"))
    }
}
