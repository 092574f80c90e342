//! Listening and accepting: how many connections, how long each may take, how they end.
//!
//! hyper is driven directly: `axum::serve` keeps half-sent headers, half-sent bodies and silent
//! connections open for good.

mod connection;
mod handed;
mod lanes;
mod last;
mod listener;
mod phase;
mod stop;
mod streamed;
mod timed;
mod tls;

pub use handed::{Handed, HandedError};
pub use listener::{BindError, Listener, Listeners};
pub use tls::settings as tls_settings;

use crate::config::Limits;
use crate::config::limits::ACCEPT_REST_MILLISECONDS;
use crate::http::auth::Reloaded;
use crate::http::served::Served;
use connection::Connections;
use futures_util::FutureExt as _;
use lanes::Lanes;
use listener::{Accept, Carried, Socket};
use rustls::ServerConfig;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

/// The process at the other end, as far as the system vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The user it runs as, if it came over a Unix socket and the system says so.
    pub uid: Option<u32>,
    /// It came over a Unix socket and runs as the user that the server runs as.
    pub same_user: bool,
}

/// TLS of a listener, with the certificates of the moment.
pub type Tls = Arc<Reloaded<ServerConfig>>;

/// How long requests under way get to finish when the server stops.
type Drain = Duration;

/// Serves `served` on `listener` until `stopping` turns true, then lets requests under way finish.
///
/// Returns once every connection is closed, at most `drain_seconds` later.
pub async fn accept(
    listener: Listener,
    tls: Option<Tls>,
    served: Served,
    limits: Limits,
    stopping: watch::Receiver<bool>,
) {
    let time = Duration::from_secs(limits.drain_seconds);
    // A handshake is long work: with TLS every connection stays with the runtime that all share.
    let lanes = if tls.is_none() && served.is_short() { limits.access_threads() } else { 0 };
    let served = if lanes > 0 { served.with_workers(Handle::current()) } else { served };
    let lanes = Lanes::start(lanes, time);
    let connections = Arc::new(Connections::new(served, limits, stopping));
    let gate = Gate { is_handed: listener.is_handed, tls, connections, lanes };
    match listener.socket {
        Socket::Tcp(socket) => gate.run(socket, &limits).await,
        Socket::Unix(socket) => gate.run(socket, &limits).await,
    }
}

/// Where connections come in.
struct Gate {
    is_handed: bool,
    tls: Option<Tls>,
    connections: Arc<Connections>,
    lanes: Lanes,
}

impl Gate {
    async fn run<A: Accept>(self, listener: A, limits: &Limits) {
        let mut stopping = self.connections.stopping();
        let permits = Arc::new(Semaphore::new(limits.connections_max));
        let mut tasks = JoinSet::new();
        loop {
            // The permit comes first: what cannot be served waits in the system's queue, not here.
            let next = async {
                let permit = Arc::clone(&permits).acquire_owned().await.ok()?;
                Some((permit, listener.accept().await))
            };
            let next = tokio::select! {
                next = next => next,
                () = stopped(&mut stopping) => None,
            };
            let Some((permit, accepted)) = next else { break };
            match accepted {
                Ok(accepted) => self.serve(&mut tasks, accepted, permit),
                Err(error) => rest(&error).await,
            }
        }
        // Who waits in the system's queue is turned away when the socket goes. One that was handed over stays, and they
        // wait for the next server.
        while !self.is_handed
            && let Ok(permit) = Arc::clone(&permits).try_acquire_owned()
            && let Some(Ok(accepted)) = listener.accept().now_or_never()
        {
            self.serve(&mut tasks, accepted, permit);
        }
        drop(listener);
        let time = Duration::from_secs(limits.drain_seconds);
        tokio::join!(drain(tasks, time), self.lanes.drained());
    }

    /// Has one connection served. `permit` is its place among all of them; a slow handshake holds it like a slow request.
    fn serve<S: Carried>(
        &self,
        tasks: &mut JoinSet<()>,
        (stream, peer): (S, Option<Peer>),
        permit: OwnedSemaphorePermit,
    ) {
        // Finished tasks wait to be collected; they are never more than there were permits.
        while tasks.try_join_next().is_some() {}
        let connections = Arc::clone(&self.connections);
        if let Some(tls) = &self.tls {
            let serving = secured(connections, tls.now(), stream, peer);
            tasks.spawn(serving.map(move |()| drop(permit)));
            return;
        }
        // Whoever waits for the bytes of a connection does so where it was made.
        let Ok(parts) = stream.detach() else { return };
        let arrival = move || {
            let serving = connections.serve(S::attach(parts).ok()?, peer);
            let serving: lanes::Serving = Box::pin(serving.map(move |()| drop(permit)));
            Some(serving)
        };
        if let Err(arrival) = self.lanes.serve(arrival)
            && let Some(serving) = arrival()
        {
            tasks.spawn(serving);
        }
    }
}

/// Serves a connection once the client and the server have agreed on a secret.
async fn secured<S>(connections: Arc<Connections>, settings: Arc<ServerConfig>, stream: S, peer: Option<Peer>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut stopping = connections.stopping();
    let limit = Duration::from_secs(connections.limits().tls_handshake_seconds);
    let agreed = tokio::select! {
        agreed = tls::handshake(settings, stream, limit) => agreed,
        () = stopped(&mut stopping) => None,
    };
    if let Some(stream) = agreed {
        connections.serve(stream, peer).await;
    }
}

async fn drain(mut tasks: JoinSet<()>, time: Drain) {
    let finished = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(time, finished).await.is_err() {
        tracing::warn!(connections = tasks.len(), "requests were cut off: they outlasted the time to drain");
        tasks.shutdown().await;
    }
}

/// Once the server stops.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Whoever could say so is gone: that is a stop too.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// A connection that broke before it was accepted is nothing; anything else, such as no file
/// descriptor being left, would come again at once.
async fn rest(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    if matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
        return;
    }
    tracing::error!(%error, "no connection can be accepted");
    tokio::time::sleep(Duration::from_millis(ACCEPT_REST_MILLISECONDS)).await;
}

#[cfg(test)]
mod tests;
