//! Certificates and keys from files, and TLS as whoever asks a server speaks it.
//!
//! May use rustls and the bounds of `config`; never axum, hyper, SQL, Cedar.

mod files;
mod trust;

pub use files::{TlsError, authorities, certificates, key};
pub use trust::Trust;
