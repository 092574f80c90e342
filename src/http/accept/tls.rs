//! TLS of a listener: certificates from files, and the handshake with its limit in time.

use crate::config::TlsFiles;
use crate::config::limits::PEM_FILE_BYTES_MAX;
use miette::Diagnostic;
use rustls::crypto::ring;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use std::error::Error;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Why files of certificates and keys cannot be used. Tells nothing of what stands in them.
#[derive(Debug, Error, Diagnostic)]
#[error("{} cannot be used: {detail}", path.display())]
pub struct TlsError {
    path: PathBuf,
    detail: &'static str,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl TlsError {
    fn new(path: &Path, detail: &'static str) -> Self {
        Self { path: path.to_owned(), detail, source: None }
    }

    fn because(path: &Path, detail: &'static str, source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..Self::new(path, detail) }
    }
}

/// What a listener with these files says and asks in a handshake: TLS 1.2 or 1.3, and HTTP/1.1 in it.
///
/// # Errors
/// [`TlsError`] names the file that cannot be used.
pub fn settings(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let built = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let built = built.with_protocol_versions(&[&TLS13, &TLS12]).map_err(|error| {
        // Of the program's own choice of ciphers: no file is at fault.
        TlsError::because(&files.certificate, "TLS is not available", error)
    })?;
    let built = match &files.client_ca {
        None => built.with_no_client_auth(),
        Some(file) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities(file)?), provider).build();
            built.with_client_cert_verifier(
                verifier.map_err(|error| TlsError::because(file, "nobody could be vouched for by it", error))?,
            )
        }
    };
    let (chain, key) = (certificates(&files.certificate)?, key(&files.key)?);
    let mut settings = built
        .with_single_cert(chain, key)
        .map_err(|error| TlsError::because(&files.key, "it does not belong to the certificate", error))?;
    settings.alpn_protocols = vec![b"http/1.1".to_vec()];
    if files.client_ca.is_some() {
        // Who comes back shows the certificate again: it may have expired meanwhile.
        settings.session_storage = Arc::new(NoServerSessionStorage {});
    }
    Ok(settings)
}

/// Who vouches for others.
///
/// # Errors
/// [`TlsError`] if the file cannot be read or holds none.
pub fn authorities(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut authorities = RootCertStore::empty();
    for certificate in certificates(file)? {
        authorities.add(certificate).map_err(|error| TlsError::because(file, "it holds no authority", error))?;
    }
    Ok(authorities)
}

/// The certificates of a file, in their order.
///
/// # Errors
/// [`TlsError`] if the file cannot be read or holds none.
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = contents(file)?;
    let found: Result<Vec<_>, PemError> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(TlsError::new(file, "it holds no certificate in PEM")),
    }
}

/// The private key of a file.
///
/// # Errors
/// [`TlsError`] if the file cannot be read or holds none.
pub fn key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = contents(file)?;
    let mode = file.metadata().map_or(0, |found| found.permissions().mode());
    if mode & 0o077 != 0 {
        tracing::warn!(file = %file.display(), "others than its owner may read the private key");
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| TlsError::new(file, "it holds no private key in PEM"))
}

fn contents(file: &Path) -> Result<Vec<u8>, TlsError> {
    let mut text = Vec::new();
    let read = File::open(file).and_then(|opened| opened.take(PEM_FILE_BYTES_MAX + 1).read_to_end(&mut text));
    read.map_err(|error: io::Error| TlsError::because(file, "it cannot be read", error))?;
    if text.len() as u64 > PEM_FILE_BYTES_MAX {
        return Err(TlsError::new(file, "it is too long"));
    }
    Ok(text)
}

/// Agrees with the client on a secret, within `limit`; `None` if that does not come about.
pub(super) async fn handshake<S>(settings: Arc<ServerConfig>, stream: S, limit: Duration) -> Option<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match tokio::time::timeout(limit, TlsAcceptor::from(settings).accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            // Scanners, clients without a certificate, plain HTTP: the client is told by an alert.
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_elapsed) => None,
    }
}
