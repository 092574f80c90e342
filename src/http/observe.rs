//! Around every request: a limit in time, a net under panics, one log line.

use super::App;
use super::access::answer::Decided;
use super::call::PREFIX;
use super::error::Problem;
use super::measures::Way;
use crate::config::Limits;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Answers 503 to what takes longer than `request_seconds`, or `change_seconds`, and 500 to what panics: never an
/// Allow.
pub async fn observe(State((app, way)): State<(Arc<App>, Way)>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = || request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let line = Line::start(request.method(), route);
    let seconds_max = seconds_max(&app.limits, &request);
    let response = within(seconds_max, next.run(request).map(Ok)).await.unwrap_or_else(Problem::into_response);
    app.measures.answered(way, begun.elapsed(), response.status());
    if let Some(line) = line {
        line.end(&response);
    }
    response
}

/// How long this request may take, in seconds. A change goes on when its time is over: whoever is told so too early
/// does not know whether it was made.
fn seconds_max(limits: &Limits, request: &Request) -> u64 {
    let is_change = !request.method().is_safe() && request.uri().path().starts_with(PREFIX);
    if is_change { limits.change_seconds } else { limits.request_seconds }
}

/// What `answering` comes to, within the time that a question may take.
///
/// # Errors
/// 503 for what takes longer, 500 for what panics, and the problem of `answering`.
pub(super) async fn guarded<T>(
    limits: &Limits,
    answering: impl Future<Output = Result<T, Problem>>,
) -> Result<T, Problem> {
    within(limits.request_seconds, answering).await
}

async fn within<T>(seconds_max: u64, answering: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    // What a panic may leave half changed is a transaction, which is then rolled back.
    let mut answering = pin!(AssertUnwindSafe(answering).catch_unwind());
    // What is answered without waiting needs no timer.
    let answered = match futures_util::poll!(answering.as_mut()) {
        Poll::Ready(answered) => answered,
        Poll::Pending => tokio::time::timeout(Duration::from_secs(seconds_max), answering)
            .await
            .map_err(|_elapsed| Problem::unavailable("the answer took too long"))?,
    };
    answered.unwrap_or_else(|_panic| Err(failed()))
}

/// What a client learns of a panic.
pub(super) fn failed() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed")
}

/// What the log says of a request: its route's template and never its path, as paths hold ids.
pub(super) struct Line {
    method: Method,
    route: Option<String>,
    start: Instant,
}

impl Line {
    /// `None` unless such lines are asked for.
    pub(super) fn start(method: &Method, route: impl FnOnce() -> Option<String>) -> Option<Self> {
        let wanted = tracing::enabled!(tracing::Level::DEBUG);
        wanted.then(|| Self { method: method.clone(), route: route(), start: Instant::now() })
    }

    pub(super) fn end<B>(self, response: &axum::http::Response<B>) {
        let decided = response.extensions().get::<Decided>();
        tracing::debug!(
            method = self.method.as_str(),
            route = self.route.as_deref().unwrap_or("(none)"),
            status = response.status().as_u16(),
            decision = decided.and_then(|decided| decided.decision).map(crate::domain::Decision::name),
            latency_us = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX),
            revision = decided.map(|decided| decided.revision.0),
            cache = decided.and_then(|decided| decided.cache).map(crate::check::CacheUse::name),
            "request"
        );
    }
}
