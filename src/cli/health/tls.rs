//! Asking a server that speaks TLS, on the machine whose files both read.

use crate::config::TlsFiles;
use crate::tls::{certificates, key};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
};
use std::io;
use std::net::TcpStream;
use std::sync::Arc;

/// Speaks TLS on `stream` with the server that has these files.
///
/// # Errors
/// Files that cannot be used.
pub(super) fn secured(files: &TlsFiles, stream: TcpStream) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let chain = certificates(&files.certificate).map_err(io::Error::other)?;
    let provider = Arc::new(ring::default_provider());
    let shown = chain.first().cloned().ok_or_else(|| io::Error::other("there is no certificate"))?;
    let verifier = Arc::new(Shown { shown, provider: Arc::clone(&provider) });
    let built = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let built = built.map_err(io::Error::other)?.dangerous().with_custom_certificate_verifier(verifier);
    // A server that asks for a certificate is shown its own: nobody else's is at hand.
    let config = match &files.client_ca {
        Some(_) => {
            let key = key(&files.key).map_err(io::Error::other)?;
            built.with_client_auth_cert(chain, key).map_err(io::Error::other)?
        }
        None => built.with_no_client_auth(),
    };
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    Ok(StreamOwned::new(connection, stream))
}

/// Takes the one certificate that stands in the server's own file, whatever name and authority it has.
#[derive(Debug)]
struct Shown {
    shown: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Shown {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if *end_entity == self.shown {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
