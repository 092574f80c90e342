//! Around every request: a limit in time, a net under panics, one log line.

use super::App;
use super::access::answer::Decided;
use super::error::Problem;
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Answers 503 to what takes longer than `request_seconds` and 500 to what panics: never an Allow.
pub async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let line = Line::start(&request);
    let limit = Duration::from_secs(app.limits.request_seconds);
    // What a panic may leave half changed is a transaction, which is then rolled back.
    let answering = AssertUnwindSafe(next.run(request)).catch_unwind();
    let response = match tokio::time::timeout(limit, answering).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed").into_response(),
        Err(_elapsed) => Problem::unavailable("the answer took too long").into_response(),
    };
    if let Some(line) = line {
        line.end(&response);
    }
    response
}

/// What the log says of a request: its route's template and never its path, as paths hold ids.
struct Line {
    method: axum::http::Method,
    route: Option<MatchedPath>,
    start: Instant,
}

impl Line {
    fn start(request: &Request) -> Option<Self> {
        tracing::enabled!(tracing::Level::DEBUG).then(|| Self {
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            start: Instant::now(),
        })
    }

    fn end(self, response: &Response) {
        let decided = response.extensions().get::<Decided>();
        tracing::debug!(
            method = self.method.as_str(),
            route = self.route.as_ref().map_or("(none)", MatchedPath::as_str),
            status = response.status().as_u16(),
            decision = decided.and_then(|decided| decided.decision).map(crate::domain::Decision::name),
            latency_us = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX),
            revision = decided.map(|decided| decided.revision.0),
            cache = decided.and_then(|decided| decided.cache).map(cache),
            "request"
        );
    }
}

const fn cache(used: crate::check::CacheUse) -> &'static str {
    match used {
        crate::check::CacheUse::Hit => "hit",
        crate::check::CacheUse::Miss => "miss",
    }
}
