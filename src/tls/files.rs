//! Files of certificates and keys.

use crate::config::limits::PEM_FILE_BYTES_MAX;
use miette::Diagnostic;
use rustls::RootCertStore;
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::error::Error;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use thiserror::Error;

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
    pub(crate) fn new(path: &Path, detail: &'static str) -> Self {
        Self { path: path.to_owned(), detail, source: None }
    }

    pub(crate) fn because(path: &Path, detail: &'static str, source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)), ..Self::new(path, detail) }
    }
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
