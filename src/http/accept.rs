//! Listening and accepting: how many connections, how long each may take, how they end.
//!
//! hyper is driven directly: `axum::serve` keeps half-sent headers, half-sent bodies and silent
//! connections open for good.

mod connection;
mod first;
mod handed;
mod lanes;
mod last;
mod listener;
mod phase;
mod stop;
mod stream;
mod streamed;
mod timed;
mod tls;

pub use handed::{Handed, HandedError};
pub use listener::{BindError, Listener, Listeners};
pub use tls::settings as tls_settings;

use crate::config::Limits;
use crate::config::limits::ACCEPT_REST_MILLISECONDS;
use crate::http::auth::Reloaded;
use crate::http::elsewhere::Elsewhere;
use crate::http::served::Served;
use connection::Connections;
use first::First;
use futures_util::FutureExt as _;
use lanes::Lanes;
use listener::{Accept, Socket};
use rustls::ServerConfig;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use stop::until_stopped;
use stream::{Parts, Stream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

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
    // A handshake is long work: with TLS every connection stays with the runtime that all share.
    let lanes = if tls.is_none() && served.is_short() { limits.access_threads() } else { 0 };
    let served = if lanes > 0 { served.with_workers(Handle::current()) } else { served };
    let lanes = Arc::new(Lanes::start(lanes));
    let connections = Arc::new(Connections::new(served, limits, stopping));
    let gate =
        Gate { is_handed: listener.is_handed, tls, connections, lanes: Arc::clone(&lanes), shared: Handle::current() };
    match listener.socket {
        Socket::Tcp(socket) => gate.attend(socket).await,
        Socket::Unix(socket) => gate.attend(socket).await,
    }
    // What was cut off ends with its thread.
    drop(lanes);
}

/// Where connections come in.
struct Gate {
    is_handed: bool,
    tls: Option<Tls>,
    connections: Arc<Connections>,
    lanes: Arc<Lanes>,
    /// What everything shares.
    shared: Handle,
}

impl Gate {
    /// Takes connections in and serves them, at the door if there is one.
    async fn attend<A: Accept>(self, listener: A) {
        let Some(door) = self.lanes.door().cloned() else { return self.attend_here(listener).await };
        let attending = async move {
            match listener.moved_here() {
                Ok(listener) => self.attend_here(listener).await,
                Err(error) => tracing::error!(%error, "no connections can be taken in"),
            }
        };
        if Elsewhere::begin(&door, attending).await.is_none() {
            tracing::error!("no more connections are taken in: that failed");
        }
    }

    async fn attend_here<A: Accept>(self, listener: A) {
        let limits = *self.connections.limits();
        drain(self.open(listener).await, &limits).await;
    }

    /// Takes connections in until the server stops, and answers with those that are open then.
    async fn open<A: Accept>(self, listener: A) -> JoinSet<()> {
        let mut stopping = self.connections.stopping();
        let permits = Arc::new(Semaphore::new(self.connections.limits().connections_max));
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
        tasks
    }

    /// Has one connection served. `permit` is its place among all of them; a slow handshake holds it like a slow request.
    fn serve(
        &self,
        tasks: &mut JoinSet<()>,
        (stream, peer): (impl Stream, Option<Peer>),
        permit: OwnedSemaphorePermit,
    ) {
        // Finished tasks wait to be collected; they are never more than there were permits.
        while tasks.try_join_next().is_some() {}
        let connections = Arc::clone(&self.connections);
        match &self.tls {
            Some(tls) => tasks.spawn(secured(connections, tls.now(), stream, peer).map(move |()| drop(permit))),
            None if self.lanes.is_empty() => {
                tasks.spawn(connections.serve(stream, peer, Instant::now()).map(move |()| drop(permit)))
            }
            None => {
                let threads = (Arc::clone(&self.lanes), self.shared.clone());
                tasks.spawn(placed(connections, threads, stream, peer).map(move |()| drop(permit)))
            }
        };
    }
}

/// Serves a connection on the thread that is right for it: one that begins with a whole request on one of those which have
/// nothing else to do; whatever stalls, or has to be looked into, on those that all share.
async fn placed(
    connections: Arc<Connections>,
    (lanes, shared): (Arc<Lanes>, Handle),
    stream: impl Stream,
    peer: Option<Peer>,
) {
    let (begun, mut has_head) = (Instant::now(), false);
    let stopping = connections.stopping();
    let first = until_stopped(pin!(First::of(&stream, connections.limits(), &mut has_head)), &stopping).await;
    // The clock of headers ends with them, however long the stop of the server finds somebody waiting for a body.
    let begun = if has_head { Instant::now() } else { begun };
    let first = first.unwrap_or(First::Other);
    // Nobody asked anything, so nobody is told anything.
    if first == First::Silent {
        return;
    }
    // INVARIANT: looking at the bytes has used up the news that they are there, and who reads them now would wait for more:
    // to wait for the connection anew is told of them anew.
    let Ok(parts) = stream.detach() else { return };
    let lane = match first {
        // Little work, so it is done here.
        First::Half => return attached(Arc::new(connections.late()), parts, peer, begun).await,
        First::Request => lanes.emptiest(),
        First::Other | First::Silent => None,
    };
    // It panicked, or its thread ends: either way the connection is closed.
    let _closed = match lane {
        Some(lane) => {
            let place = lane.place();
            let serving = attached(connections, parts, peer, Instant::now()).map(move |()| drop(place));
            Elsewhere::begin(&lane.handle, serving).await
        }
        None => Elsewhere::begin(&shared, attached(connections, parts, peer, begun)).await,
    };
}

/// Serves a connection where this runs: whoever waits for its bytes does so here.
async fn attached(connections: Arc<Connections>, parts: impl Parts, peer: Option<Peer>, begun: Instant) {
    if let Ok(stream) = parts.attach() {
        connections.serve(stream, peer, begun).await;
    }
}

/// Serves a connection once the client and the server have agreed on a secret.
async fn secured(connections: Arc<Connections>, settings: Arc<ServerConfig>, stream: impl Stream, peer: Option<Peer>) {
    let mut stopping = connections.stopping();
    let limit = Duration::from_secs(connections.limits().tls_handshake_seconds);
    let agreed = tokio::select! {
        agreed = tls::handshake(settings, stream, limit) => agreed,
        () = stopped(&mut stopping) => None,
    };
    if let Some(stream) = agreed {
        connections.serve(stream, peer, Instant::now()).await;
    }
}

async fn drain(mut tasks: JoinSet<()>, limits: &Limits) {
    let finished = async { while tasks.join_next().await.is_some() {} };
    if tokio::time::timeout(Duration::from_secs(limits.drain_seconds), finished).await.is_err() {
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
