//! The end of a connection when the server stops: no request is lost that could have been answered.
//!
//! A request may be on its way while nobody knows of it yet. So a connection that rests is kept a moment for one more,
//! whose answer says that it is the last.

use super::phase::{At, Phase};
use axum::body::HttpBody;
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper::server::conn::http1::Connection;
use hyper::service::HttpService;
use std::pin::Pin;
use std::time::Duration;
use tower::BoxError;

/// What the connection comes to once it has served what is under way, or one more request if nothing is; `None` if
/// nothing came on it at all.
pub(super) async fn until_last<I, S, B>(
    mut connection: Pin<&mut Connection<I, S>>,
    phase: &Phase,
    rest: Duration,
) -> Option<hyper::Result<()>>
where
    I: Read + Write + Unpin,
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<BoxError>,
    B: HttpBody + 'static,
    B::Error: Into<BoxError>,
{
    if let Ok(ended) = tokio::time::timeout(rest, connection.as_mut()).await {
        return Some(ended);
    }
    match phase.get() {
        At::Silent => return None,
        // Half a request: hyper would take the connection for one that rests, and close it.
        At::Head => {}
        At::Serving | At::Answered | At::Idle => connection.as_mut().graceful_shutdown(),
    }
    Some(connection.await)
}
