//! The span of one request, and of the parts of its way.

use super::Wanted;
use crate::config::Address;
use futures_util::future::Either;
use hyper::{Method, StatusCode};
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::SdkTracer;

tokio::task_local! {
    static CURRENT: Span;
}

/// A request that is traced. It ends when it is answered, or with its last copy.
#[derive(Debug, Clone)]
pub struct Span {
    tracer: SdkTracer,
    /// Holds the span.
    context: Context,
}

/// A part of the way of a request. It ends when it is dropped.
#[derive(Debug)]
pub struct Part {
    _span: opentelemetry_sdk::trace::Span,
}

impl Wanted<'_> {
    /// Begins the span of a request that came in at `server`.
    #[must_use]
    pub fn start(self, method: &Method, route: Option<&str>, server: Option<&Address>) -> Span {
        let mut attributes = vec![KeyValue::new("http.request.method", method_name(method).unwrap_or("_OTHER"))];
        attributes.extend(route.map(|route| KeyValue::new("http.route", route.to_owned())));
        match server {
            Some(Address::Tcp { host, port }) => {
                attributes.push(KeyValue::new("server.address", host.clone()));
                attributes.push(KeyValue::new("server.port", i64::from(*port)));
            }
            Some(Address::Unix(path)) => attributes.push(KeyValue::new("server.address", path.display().to_string())),
            None => {}
        }
        let method = method_name(method).unwrap_or("HTTP");
        let name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"));
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server).with_attributes(attributes);
        let tracer = self.tracing.tracer.clone();
        let context = self.parent.with_span(tracer.build_with_context(builder, &self.parent));
        Span { tracer, context }
    }
}

impl Span {
    /// The id of its trace, 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        self.context.span().span_context().trace_id().to_string()
    }

    /// What was decided, whether the cache had it, and as of which revision.
    pub fn decided(&self, decision: Option<&'static str>, cache: Option<&'static str>, revision: u64) {
        let span = self.context.span();
        span.set_attributes(decision.map(|decision| KeyValue::new("conclave.decision", decision)));
        span.set_attributes(cache.map(|cache| KeyValue::new("conclave.cache", cache)));
        span.set_attribute(KeyValue::new("conclave.revision", i64::try_from(revision).unwrap_or(i64::MAX)));
    }

    /// It is answered, and over.
    pub fn answered(&self, status: StatusCode) {
        let span = self.context.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        // What the caller did wrong is no error of this server.
        if status.is_server_error() {
            span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
            span.set_status(Status::error(""));
        }
        span.end();
    }

    /// Does something as part of it that never waits.
    pub fn over<T>(&self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), work)
    }
}

/// Does something as part of a request, if that is traced.
pub fn within<F: Future>(span: Option<Span>, work: F) -> impl Future<Output = F::Output> {
    match span {
        Some(span) => Either::Left(CURRENT.scope(span, work)),
        None => Either::Right(work),
    }
}

/// Does something in a task of its own as part of the request that this task is about.
pub fn carried<F: Future>(work: F) -> impl Future<Output = F::Output> {
    within(CURRENT.try_with(Clone::clone).ok(), work)
}

/// Begins a part of the request that this task is about; `None` if that is not traced.
#[must_use]
pub fn child(name: &'static str) -> Option<Part> {
    CURRENT
        .try_with(|span| Part { _span: span.tracer.build_with_context(SpanBuilder::from_name(name), &span.context) })
        .ok()
}

/// Whether the request that this task is about is traced.
#[must_use]
pub fn is_traced() -> bool {
    CURRENT.try_with(|_| ()).is_ok()
}

/// The id of the trace of the request that this task is about.
#[must_use]
pub fn current_id() -> Option<String> {
    CURRENT.try_with(Span::trace_id).ok()
}

/// The name of a method that the standards know: any other is a text of the caller's.
fn method_name(method: &Method) -> Option<&'static str> {
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"];
    known.into_iter().find(|name| *name == method.as_str())
}
