//! Sockets that somebody else listens on already and hands over: systemd, or whoever speaks its protocol
//! (`LISTEN_FDS`).
//!
//! They stay open while one server ends and the next begins, and the system keeps whoever connects meanwhile.

use super::listener::{Listener, OwnedSocket, Socket};
use crate::config::Address;
use listenfd::ListenFd;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use thiserror::Error;

/// How a socket is named that host applications ask at.
const ACCESS: &str = "access";

/// How one is named at which everything is managed.
const ADMIN: &str = "admin";

/// Why what was handed over cannot be used.
#[derive(Debug, Error, miette::Diagnostic)]
pub enum HandedError {
    /// Nobody can tell which is which.
    #[error("{count} sockets were handed over (LISTEN_FDS), named `{names}`")]
    #[diagnostic(help(
        "hand over the access listener, or it and then the admin listener, or name them `access` and `admin` \
         (FileDescriptorName= of a systemd socket)"
    ))]
    Unclear {
        /// How many there are.
        count: usize,
        /// What they are called.
        names: String,
    },
    /// It is no socket that takes connections.
    #[error("what was handed over as the {role} listener (LISTEN_FDS) cannot be listened on")]
    Unusable {
        /// What it is for.
        role: &'static str,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// The listeners that were handed over.
#[derive(Debug, Default)]
pub struct Handed {
    pub(super) access: Option<HandedSocket>,
    pub(super) admin: Option<HandedSocket>,
}

/// One of them.
#[derive(Debug)]
pub(super) enum HandedSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Handed {
    /// What the environment says was handed over to this process; nothing, if it is for another one. To be called
    /// once, and before there are other threads: the variables are taken away.
    ///
    /// # Errors
    /// [`HandedError`].
    pub fn from_env() -> Result<Self, HandedError> {
        // Without it, they may be anybody's.
        if std::env::var_os("LISTEN_PID").is_none() {
            return Ok(Self::default());
        }
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut sockets = ListenFd::from_env();
        let (access, admin) = places(sockets.len(), &names)?;
        let mut take = |place: Option<usize>, role| {
            let taken = place.map(|place| take(&mut sockets, place)).transpose();
            taken.map(Option::flatten).map_err(|source| HandedError::Unusable { role, source })
        };
        Ok(Self { access: take(access, ACCESS)?, admin: take(admin, ADMIN)? })
    }

    /// Whether anything was.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.access.is_some() || self.admin.is_some()
    }

    /// Where they listen, the access listener and the admin listener.
    ///
    /// # Errors
    /// If the system does not say.
    pub fn addresses(&self) -> io::Result<[Option<Address>; 2]> {
        let address = |socket: &Option<HandedSocket>| socket.as_ref().map(HandedSocket::address).transpose();
        Ok([address(&self.access)?, address(&self.admin)?])
    }
}

impl HandedSocket {
    fn address(&self) -> io::Result<Address> {
        Ok(match self {
            Self::Tcp(socket) => tcp_address(socket.local_addr()?),
            Self::Unix(socket) => {
                Address::Unix(socket.local_addr()?.as_pathname().map_or_else(PathBuf::new, PathBuf::from))
            }
        })
    }

    pub(super) fn listener(self) -> io::Result<Listener> {
        let address = self.address()?;
        match self {
            Self::Tcp(socket) => {
                socket.set_nonblocking(true)?;
                let socket = Socket::Tcp(tokio::net::TcpListener::from_std(socket)?);
                Ok(Listener::handed(socket, address))
            }
            Self::Unix(socket) => {
                socket.set_nonblocking(true)?;
                let socket = OwnedSocket::handed(tokio::net::UnixListener::from_std(socket)?)?;
                Ok(Listener::handed(Socket::Unix(socket), address))
            }
        }
    }
}

fn tcp_address(address: SocketAddr) -> Address {
    let ip = address.ip();
    let host = if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
    Address::Tcp { host, port: address.port() }
}

fn take(sockets: &mut ListenFd, place: usize) -> io::Result<Option<HandedSocket>> {
    if let Ok(socket) = sockets.take_tcp_listener(place) {
        return Ok(socket.map(HandedSocket::Tcp));
    }
    Ok(sockets.take_unix_listener(place)?.map(HandedSocket::Unix))
}

/// Which of so many is the access listener, and which the admin listener: by name, or in this order.
fn places(count: usize, names: &str) -> Result<(Option<usize>, Option<usize>), HandedError> {
    let place = |wanted: &str| names.split(':').position(|name| name == wanted).filter(|place| *place < count);
    let (access, admin) = (place(ACCESS), place(ADMIN));
    match (usize::from(access.is_some()) + usize::from(admin.is_some()), count) {
        (0, 0..=2) => Ok(((count > 0).then_some(0), (count > 1).then_some(1))),
        (found, count) if found == count => Ok((access, admin)),
        _ => Err(HandedError::Unclear { count, names: names.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_is_which_follows_from_names_or_else_from_their_order() {
        for (count, names, expected) in [
            (0, "", Some((None, None))),
            (1, "", Some((Some(0), None))),
            (2, "", Some((Some(0), Some(1)))),
            (2, "conclave.socket:conclave.socket", Some((Some(0), Some(1)))),
            (2, "admin:access", Some((Some(1), Some(0)))),
            (1, "admin", Some((None, Some(0)))),
            (1, "access", Some((Some(0), None))),
            (2, "access:other", None),
            (2, "access:access", None),
            (3, "", None),
            (3, "access:admin:metrics", None),
            // A name that stands for no socket.
            (1, "other:admin", Some((Some(0), None))),
        ] {
            assert_eq!(places(count, names).ok(), expected, "{count} {names}");
        }
    }

    #[tokio::test]
    async fn what_is_handed_over_is_not_ours_to_remove() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.sock");
        let listener = HandedSocket::Unix(UnixListener::bind(&path).unwrap()).listener().unwrap();
        assert_eq!(*listener.address(), Address::Unix(path.clone()));
        drop(listener);
        assert!(path.exists());
        let listener = HandedSocket::Tcp(TcpListener::bind("[::1]:0").unwrap()).listener().unwrap();
        assert!(listener.address().to_string().starts_with("[::1]:"), "{}", listener.address());
    }
}
