//! Connections to a sidecar: plain, over TLS, or over a Unix socket.

use super::limits::CONNECT_TIMEOUT;
use crate::tls::Trust;
use hyper::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tower::Service;

/// The way to a sidecar.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// Plain HTTP to where the address of a question says.
    Plain,
    /// The same over TLS.
    Tls(Trust),
    /// This socket, whatever the address says.
    Unix(Arc<Path>),
}

/// A connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Connection for Box<dyn Stream> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

type Connecting = Pin<Box<dyn Future<Output = io::Result<TokioIo<Box<dyn Stream>>>> + Send>>;

impl Service<Uri> for Way {
    type Response = TokioIo<Box<dyn Stream>>;
    type Error = io::Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, address: Uri) -> Connecting {
        let way = self.clone();
        Box::pin(async move {
            let late = |_elapsed| io::Error::from(io::ErrorKind::TimedOut);
            timeout(CONNECT_TIMEOUT, way.connect(&address)).await.map_err(late)?.map(TokioIo::new)
        })
    }
}

impl Way {
    async fn connect(&self, address: &Uri) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Unix(path) => Box::new(UnixStream::connect(path).await?),
            Self::Plain => Box::new(reach(address, 80).await?),
            Self::Tls(trust) => {
                let stream = reach(address, 443).await?;
                Box::new(trust.secure(address.host().unwrap_or_default(), stream).await?)
            }
        })
    }
}

/// A connection to where an address says, or to this port where it says none.
async fn reach(address: &Uri, port: u16) -> io::Result<TcpStream> {
    // The brackets of IPv6 are part of the host.
    let host = address.host().unwrap_or_default();
    let stream = TcpStream::connect(format!("{host}:{}", address.port_u16().unwrap_or(port))).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
