//! The side of TLS that asks.

use super::files::{TlsError, authorities, certificates, key};
use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Whom to believe that it is the server, and what to show who asks for a certificate. Its files are read once.
#[derive(Debug, Clone)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// Believes servers for which an authority vouches whose certificate is in this file, in PEM; no others, those that
    /// the system knows included.
    ///
    /// # Errors
    /// [`TlsError`] if the file cannot be used.
    pub fn new(authorities_file: impl AsRef<Path>) -> Result<Self, TlsError> {
        let file = authorities_file.as_ref();
        let built = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let built = built.with_protocol_versions(&[&TLS13, &TLS12]);
        let built = built.map_err(|error| TlsError::because(file, "TLS is not available", error))?;
        let mut config = built.with_root_certificates(authorities(file)?).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }

    /// The same, showing a server that asks for one this certificate: a file with it and those that vouch for it, and a
    /// file with its private key, both in PEM.
    ///
    /// # Errors
    /// [`TlsError`] if one of the files cannot be used, or they do not belong together.
    pub fn showing(self, certificate_file: impl AsRef<Path>, key_file: impl AsRef<Path>) -> Result<Self, TlsError> {
        let file = key_file.as_ref();
        let chain = certificates(certificate_file.as_ref())?;
        let shown = CertifiedKey::from_der(chain, key(file)?, self.0.crypto_provider());
        let shown = shown.map_err(|error| TlsError::because(file, "it does not belong to the certificate", error))?;
        let mut config = ClientConfig::clone(&self.0);
        config.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(shown));
        Ok(Self(Arc::new(config)))
    }

    /// Speaks TLS on a connection to `host`, a name or an address, which must stand in the server's certificate.
    ///
    /// # Errors
    /// What either end has against the other.
    pub async fn secure<S>(&self, host: &str, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(bare.to_owned()).map_err(io::Error::other)?;
        TlsConnector::from(Arc::clone(&self.0)).connect(name, stream).await
    }
}
