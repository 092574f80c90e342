//! Around every request: a limit in time, a net under panics, one log line, one span.

use super::App;
use super::access::answer::Decided;
use super::arriving::Clock;
use super::call::PREFIX;
use super::error::Problem;
use super::measures::Way;
use crate::config::Limits;
use crate::trace::{self, Span};
use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

/// Answers 503 to what takes longer than `request_seconds`, or `change_seconds`, from when its body is there, and 500 to
/// what panics: never an Allow.
pub async fn observe(State((app, way)): State<(Arc<App>, Way)>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = || request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let line = Line::start(&app, way, (request.method(), request.headers()), route);
    let seconds_max = seconds_max(&app.limits, &request);
    let span = line.as_ref().and_then(Line::span);
    let (parts, body) = request.into_parts();
    let (clock, body) = Clock::start(&app.limits, seconds_max, body);
    let request = Request::from_parts(parts, Body::new(body));
    let answering = trace::within(span, within(clock, next.run(request).map(Ok)));
    let response = answering.await.unwrap_or_else(Problem::into_response);
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

/// What `answering` comes to, within the time that it may take.
///
/// # Errors
/// 503 for what takes longer, 500 for what panics, and the problem of `answering`.
pub(super) async fn within<T>(clock: Clock, answering: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    // What a panic may leave half changed is a transaction, which is then rolled back.
    let mut answering = pin!(AssertUnwindSafe(answering).catch_unwind());
    // What is answered without waiting needs no timer.
    let answered = match futures_util::poll!(answering.as_mut()) {
        Poll::Ready(answered) => answered,
        Poll::Pending => tokio::select! {
            biased;
            answered = answering => answered,
            () = clock.runs_out() => return Err(Problem::unavailable("the answer took too long")),
        },
    };
    answered.unwrap_or_else(|_panic| Err(failed()))
}

/// What a client learns of a panic.
pub(super) fn failed() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed")
}

/// Whether anybody is told of the request that this task is about.
pub(super) fn is_told() -> bool {
    tracing::enabled!(tracing::Level::DEBUG) || trace::is_traced()
}

/// What the log and the collector of traces are told of a request: its route's template and never its path, as paths
/// hold ids.
pub(super) struct Line {
    method: Method,
    route: Option<String>,
    start: Instant,
    is_logged: bool,
    span: Option<Span>,
}

impl Line {
    /// `None` unless such lines are asked for, or this request is traced.
    pub(super) fn start(
        app: &App,
        way: Way,
        (method, headers): (&Method, &HeaderMap),
        route: impl FnOnce() -> Option<String>,
    ) -> Option<Self> {
        let is_logged = tracing::enabled!(tracing::Level::DEBUG);
        let traced = app.tracing.as_ref().and_then(|tracing| tracing.wanted(headers));
        if !is_logged && traced.is_none() {
            return None;
        }
        let route = route();
        let server = app.addresses.get().map(|[access, admin]| if way == Way::Admin { admin } else { access });
        let span = traced.map(|traced| traced.start(method, route.as_deref(), server));
        Some(Self { method: method.clone(), route, start: Instant::now(), is_logged, span })
    }

    /// The span of the request, if it is traced.
    pub(super) fn span(&self) -> Option<Span> {
        self.span.clone()
    }

    pub(super) fn end<B>(self, response: &axum::http::Response<B>) {
        let decided = response.extensions().get::<Decided>();
        let decision = decided.and_then(|decided| decided.decision).map(crate::domain::Decision::name);
        let cache = decided.and_then(|decided| decided.cache).map(crate::check::CacheUse::name);
        let revision = decided.map(|decided| decided.revision.0);
        if let Some(span) = &self.span {
            if let Some(revision) = revision {
                span.decided(decision, cache, revision);
            }
            span.answered(response.status());
        }
        if self.is_logged {
            tracing::debug!(
                method = self.method.as_str(),
                route = self.route.as_deref().unwrap_or("(none)"),
                status = response.status().as_u16(),
                decision,
                latency_us = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX),
                revision,
                cache,
                trace_id = self.span.as_ref().map(Span::trace_id),
                "request"
            );
        }
    }
}
