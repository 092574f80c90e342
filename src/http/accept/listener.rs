//! Bound addresses: TCP ports and Unix sockets.

use super::Peer;
use super::handed::{Handed, HandedSocket};
use super::stream::Stream;
use crate::config::{Address, Config, Uid};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixSocket, UnixStream};

/// How many connections the system keeps waiting.
const BACKLOG_CONNECTIONS_MAX: u32 = 1024;

/// Mode of the access socket: the user the server runs as, and its group.
const ACCESS_SOCKET_MODE: u32 = 0o660;

/// Mode of the admin socket: the user the server runs as.
const ADMIN_SOCKET_MODE: u32 = 0o600;

/// Mode of a socket whose users are listed by number: anybody may connect, and the server looks who it is.
const LISTED_SOCKET_MODE: u32 = 0o666;

/// Why an address cannot be listened on.
#[derive(Debug, Error, miette::Diagnostic)]
#[error("cannot listen on {address}")]
#[diagnostic(help("is another server running there? Give another address with --listen or --admin-listen"))]
pub struct BindError {
    address: Address,
    #[source]
    source: io::Error,
}

/// The two listeners of a server.
#[derive(Debug)]
pub struct Listeners {
    /// Where host applications ask for decisions.
    pub access: Listener,
    /// Where memberships, content and grants are managed.
    pub admin: Listener,
}

impl Listeners {
    /// Binds both.
    ///
    /// # Errors
    /// [`BindError`] names the address.
    pub async fn bind(access: &Address, admin: &Address) -> Result<Self, BindError> {
        Self::with(Handed::default(), (access, ACCESS_SOCKET_MODE), (admin, ADMIN_SOCKET_MODE)).await
    }

    /// Takes what was handed over, and binds what was not where the configuration says. A socket that lists its users is
    /// open to the others too, as who is listed may be of any group; they get no answer but a refusal.
    ///
    /// # Errors
    /// [`BindError`] names the address.
    pub async fn open(handed: Handed, config: &Config) -> Result<Self, BindError> {
        let mode = |uids: &[Uid], mode| if uids.is_empty() { mode } else { LISTED_SOCKET_MODE };
        let access_mode = mode(&config.access_uids, ACCESS_SOCKET_MODE);
        let admin_mode = mode(&config.admin_uids, ADMIN_SOCKET_MODE);
        Self::with(handed, (&config.listen, access_mode), (&config.admin_listen, admin_mode)).await
    }

    async fn with(handed: Handed, access: (&Address, u32), admin: (&Address, u32)) -> Result<Self, BindError> {
        Ok(Self {
            access: Listener::take_or_bind(handed.access, access.0, access.1).await?,
            admin: Listener::take_or_bind(handed.admin, admin.0, admin.1).await?,
        })
    }
}

/// A bound address.
#[derive(Debug)]
pub struct Listener {
    /// What accepts.
    pub(super) socket: Socket,
    address: Address,
    /// Somebody else keeps it open, and whoever waits there.
    pub(super) is_handed: bool,
}

#[derive(Debug)]
pub(super) enum Socket {
    Tcp(TcpListener),
    Unix(OwnedSocket),
}

impl Listener {
    /// Binds `address`. A Unix socket gets `mode` before anybody can connect.
    ///
    /// # Errors
    /// [`BindError`] if the port is taken, or the path is, by anything but a socket that nobody
    /// listens on.
    pub async fn bind(address: &Address, mode: u32) -> Result<Self, BindError> {
        let bound = match address {
            Address::Tcp { host, port } => tcp(host, *port).await,
            Address::Unix(path) => unix(path, mode).await.map(|socket| (Socket::Unix(socket), address.clone())),
        };
        let (socket, address) = bound.map_err(|source| BindError { address: address.clone(), source })?;
        Ok(Self { socket, address, is_handed: false })
    }

    async fn take_or_bind(handed: Option<HandedSocket>, address: &Address, mode: u32) -> Result<Self, BindError> {
        match handed {
            Some(socket) => socket.listener().map_err(|source| BindError { address: address.clone(), source }),
            None => Self::bind(address, mode).await,
        }
    }

    pub(super) const fn handed(socket: Socket, address: Address) -> Self {
        Self { socket, address, is_handed: true }
    }

    /// Where it listens, with the port that the system chose.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }
}

async fn tcp(host: &str, port: u16) -> io::Result<(Socket, Address)> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let listener = TcpListener::bind((bare, port)).await?;
    let port = listener.local_addr()?.port();
    Ok((Socket::Tcp(listener), Address::Tcp { host: host.to_owned(), port }))
}

async fn unix(path: &Path, mode: u32) -> io::Result<OwnedSocket> {
    remove_stale(path).await?;
    let socket = UnixSocket::new_stream()?;
    socket.bind(path)?;
    let metadata = fs::symlink_metadata(path)?;
    // From here on the file goes when this value does.
    let place = Place { path: path.to_owned(), device: metadata.dev(), inode: metadata.ino() };
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    // Only now can anybody connect: there is no moment with wider permissions.
    let listener = socket.listen(BACKLOG_CONNECTIONS_MAX)?;
    Ok(OwnedSocket { listener, own_uid: own_uid()?, _place: Some(place) })
}

/// The user this process runs as.
fn own_uid() -> io::Result<u32> {
    Ok(UnixStream::pair()?.0.peer_cred()?.uid())
}

/// Removes a socket file that a server left behind; never one that somebody listens on.
async fn remove_stale(path: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file that is no socket stands there"));
    }
    match UnixStream::connect(path).await {
        Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens there")),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) => Err(error),
    }
}

/// A Unix socket, and its file for as long as it lives if we made it.
#[derive(Debug)]
pub(super) struct OwnedSocket {
    listener: UnixListener,
    own_uid: u32,
    /// Dropped with it.
    _place: Option<Place>,
}

impl OwnedSocket {
    pub(super) fn handed(listener: UnixListener) -> io::Result<Self> {
        Ok(Self { listener, own_uid: own_uid()?, _place: None })
    }
}

#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        // Another server may have put its own socket there meanwhile.
        let still_ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|metadata| metadata.dev() == self.device && metadata.ino() == self.inode);
        if still_ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// What the accept loop needs of a listener.
pub(super) trait Accept: Send + Sync + Sized + 'static {
    /// A connection.
    type Stream: Stream;

    /// It, for the runtime of this thread to wait for.
    fn moved_here(self) -> io::Result<Self>;

    /// The next connection; nobody to vouch for its other end but over a Unix socket.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, Option<Peer>)>> + Send;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    fn moved_here(self) -> io::Result<Self> {
        Self::from_std(self.into_std()?)
    }

    async fn accept(&self) -> io::Result<(TcpStream, Option<Peer>)> {
        let (stream, _) = Self::accept(self).await?;
        // Answers are one small packet: waiting for more to send with it only delays them.
        stream.set_nodelay(true)?;
        Ok((stream, None))
    }
}

impl Accept for OwnedSocket {
    type Stream = UnixStream;

    fn moved_here(self) -> io::Result<Self> {
        Ok(Self { listener: UnixListener::from_std(self.listener.into_std()?)?, ..self })
    }

    async fn accept(&self) -> io::Result<(UnixStream, Option<Peer>)> {
        let (stream, _) = self.listener.accept().await?;
        // From the system (SO_PEERCRED), as of when the client connected: nothing that the client says.
        let uid = stream.peer_cred().map(|peer| peer.uid()).ok();
        Ok((stream, Some(Peer { uid, same_user: uid == Some(self.own_uid) })))
    }
}
