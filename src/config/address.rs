//! Where a listener listens: `host:port` or `unix:PATH`.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use thiserror::Error;

/// An address to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Address {
    /// `host:port`; port 0 lets the system choose one.
    Tcp {
        /// A name or an address, IPv6 in brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// `unix:PATH`: a socket in the file system.
    Unix(PathBuf),
}

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no address: write `host:port`, such as `127.0.0.1:7180`, with a port up to 65535, or `unix:PATH`")]
pub struct AddressError(String);

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() || path.contains('\0') {
                Err(AddressError(text))
            } else {
                Ok(Self::Unix(path.into()))
            };
        }
        let parts = text.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
        match parts {
            Some((host, Ok(port))) if is_host(host) => Ok(Self::Tcp { host: host.to_owned(), port }),
            _ => Err(AddressError(text)),
        }
    }
}

impl Address {
    /// Whether only this machine reaches the address. A name may lead anywhere, but for `localhost`.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp { host, .. } => {
                let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
                bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
        }
    }
}

fn is_host(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(bare) => bare.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '[', ']', '/']) && !host.contains(char::is_whitespace),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_machines_may_reach_is_known() {
        let is_local = |text: &str| Address::try_from(text.to_owned()).unwrap().is_local();
        for text in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "LocalHost:1", "unix:/a"] {
            assert!(is_local(text), "{text}");
        }
        for text in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[::ffff:10.0.0.1]:1", "pdp:1", "localhost.example:1", "0:1"]
        {
            assert!(!is_local(text), "{text}");
        }
    }

    #[test]
    fn addresses_read_back() {
        for text in ["127.0.0.1:7180", "localhost:0", "[::1]:80", "unix:/run/conclave.sock", "unix:a b"] {
            assert_eq!(Address::try_from(text.to_owned()).map(String::from).as_deref(), Ok(text));
        }
        for text in ["", "7180", ":7180", "localhost", "a:b", "::1:80", "[::1]", "[x]:1", "h:65536", "unix:", "a b:1"] {
            assert!(Address::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
