//! One connection from its first byte to its last.

use super::last::until_last;
use super::phase::{At, Phase};
use super::stop::until_stopped;
use super::timed::Timed;
use super::{Peer, streamed};
use crate::config::Limits;
use crate::http::served::Served;
use axum::http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::Instant;

/// What all connections of a listener have in common.
pub(super) struct Connections {
    served: Arc<Served>,
    limits: Limits,
    stopping: watch::Receiver<bool>,
    http: http1::Builder,
}

impl Connections {
    pub(super) fn new(served: Served, limits: Limits, stopping: watch::Receiver<bool>) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            // Headers are under the clock of `Timed`, which knows an idle connection from a slow one.
            .header_read_timeout(None)
            .max_header_size(limits.header_bytes_max)
            // Not `pipeline_flush`: with it hyper never sends an answer while unread bytes are left, so
            // that a 431 or 400 to a malformed request is lost.
            .keep_alive(true)
            // Answers are small: copying one behind its head is less work than a list of two pieces.
            .writev(false);
        Self { served: Arc::new(served), limits, stopping, http }
    }

    pub(super) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.clone()
    }

    pub(super) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The same for those who did not send a body in time: they are told so.
    pub(super) fn late(&self) -> Self {
        let served = Arc::new(self.served.late());
        Self { served, limits: self.limits, stopping: self.stopping(), http: self.http.clone() }
    }

    /// Serves one connection, open since `begun`, until either end closes it or the server stops.
    pub(super) fn serve<S>(
        &self,
        stream: S,
        peer: Option<Peer>,
        begun: Instant,
    ) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stopping = self.stopping();
        let phase = Arc::new(Phase::new(stopping.clone()));
        let io = TokioIo::new(Timed::new(stream, Arc::clone(&phase), &self.limits, begun));
        let (served, at) = (Arc::clone(&self.served), Arc::clone(&phase));
        let service = service_fn(move |request: Request<Incoming>| {
            at.set(At::Serving);
            let (answering, at) = (served.answer(with_peer(request, peer)), Arc::clone(&at));
            async move {
                let mut answer = answering.await;
                if at.ends() {
                    // Who is told does not send another request into a connection that is being closed.
                    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                }
                Ok::<_, Infallible>(streamed::until_sent(answer, at))
            }
        });
        let connection = self.http.serve_connection(io, service);
        let rest = Duration::from_millis(self.limits.drain_idle_milliseconds);
        async move {
            let mut connection = pin!(connection);
            let ended = match until_stopped(connection.as_mut(), &stopping).await {
                Some(ended) => ended,
                None => match until_last(connection.as_mut(), &phase, rest).await {
                    Some(ended) => ended,
                    None => return,
                },
            };
            if let Err(error) = ended {
                // Clients hang up and scanners send nonsense: nothing of it is the operator's concern.
                tracing::trace!(%error, "a connection ended");
            }
        }
    }
}

fn with_peer(mut request: Request<Incoming>, peer: Option<Peer>) -> Request<Incoming> {
    if let Some(peer) = peer {
        request.extensions_mut().insert(peer);
    }
    request
}
