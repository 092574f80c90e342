//! Connections before anybody reads from them: looked at, and carried from one thread to another.

use rustix::net::{RecvFlags, recv};
use std::io;
use tokio::io::{AsyncRead, AsyncWrite, Interest, Ready};
use tokio::net::{TcpStream, UnixStream};

/// A connection of a client on this machine or another.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync + Sized + 'static {
    /// It while nobody waits for it: each runtime waits for its own sockets.
    type Parts: Parts;

    /// Off the runtime that waited for it.
    fn detach(self) -> io::Result<Self::Parts>;

    /// Once there is something to read, or an end.
    fn until_readable(&self) -> impl Future<Output = io::Result<Ready>> + Send;

    /// What `judge` makes of the bytes that are there, which stay there. If it says `WouldBlock`, there is nothing to read
    /// until more has come.
    fn look<T>(&self, bytes: &mut [u8], judge: impl FnOnce(&[u8]) -> io::Result<T>) -> io::Result<T>;
}

/// A connection that nobody waits for.
pub(super) trait Parts: Send + 'static {
    /// It where somebody does.
    type Stream: Stream;

    /// To the runtime of this thread, which is told of what is there to be read already.
    fn attach(self) -> io::Result<Self::Stream>;
}

macro_rules! streams {
    ($($tokio:ty = $std:ty),*) => {$(
        impl Stream for $tokio {
            type Parts = $std;

            fn detach(self) -> io::Result<Self::Parts> {
                self.into_std()
            }

            fn until_readable(&self) -> impl Future<Output = io::Result<Ready>> + Send {
                self.ready(Interest::READABLE)
            }

            fn look<T>(&self, bytes: &mut [u8], judge: impl FnOnce(&[u8]) -> io::Result<T>) -> io::Result<T> {
                self.try_io(Interest::READABLE, || {
                    let (length, _) = recv(self, &mut *bytes, RecvFlags::PEEK)?;
                    judge(bytes.get(..length).unwrap_or_default())
                })
            }
        }

        impl Parts for $std {
            type Stream = $tokio;

            fn attach(self) -> io::Result<Self::Stream> {
                <$tokio>::from_std(self)
            }
        }
    )*};
}

streams!(TcpStream = std::net::TcpStream, UnixStream = std::os::unix::net::UnixStream);
