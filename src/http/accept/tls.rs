//! TLS of a listener: certificates from files, and the handshake with its limit in time.

use crate::config::TlsFiles;
use crate::tls::{TlsError, authorities, certificates, key};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

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
