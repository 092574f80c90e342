//! Spans of requests, for an OpenTelemetry collector: which requests are traced, and what is told of them.
//!
//! Nothing waits for a collector. A span that ended is queued or, where the queue is full, counted as dropped; a task sends
//! what is queued. Where no collector is named, a request costs one look at an option more than without this module.
//!
//! A span travels with its task, so that no part of the program has to hand it on. It says what the program itself chose
//! (method, route, status, the decision) and nothing of what callers wrote.
//!
//! May use `config`, `counters`, and of `admin` the randomness; never axum, SQL, Cedar.

mod collector;
mod export;
mod parent;
mod queue;
mod span;

pub use span::{Part, Span, carried, child, current_id, is_traced, within};

use crate::admin::Random;
use crate::config::limits::{TRACE_CLOSE_SECONDS, TRACE_EXPORT_SECONDS, TRACE_QUEUE_SPANS_MAX};
use crate::config::{Config, Ratio};
use crate::counters::scattered;
use collector::Collector;
use export::Worker;
use hyper::HeaderMap;
use miette::Diagnostic;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Context, InstrumentationScope, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, SpanExporter as _};
use parent::Wish;
use queue::{Counting, Queue};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Why requests cannot be traced.
#[derive(Debug, Error, Diagnostic)]
pub enum TraceError {
    /// The collector's address cannot be used.
    #[error("spans cannot be sent to `otlp_endpoint`: {0}")]
    Endpoint(String),
    /// The system gives no randomness.
    #[error("requests cannot be traced: {0}")]
    System(String),
}

/// What became of spans that ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The collector took them.
    pub sent: u64,
    /// The queue was full.
    pub dropped: u64,
    /// The collector did not take them.
    pub failed: u64,
}

/// Traces requests.
#[derive(Debug)]
pub struct Tracing {
    tracer: SdkTracer,
    ratio: Ratio,
    /// Where the sample begins: another place in each process.
    seed: u64,
    requests: AtomicU64,
    counts: Arc<Counting>,
    sending: Mutex<Option<Sending>>,
}

/// The task that sends, and how to tell it to end.
#[derive(Debug)]
struct Sending {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// A request that is to be traced.
#[derive(Debug)]
pub struct Wanted<'a> {
    tracing: &'a Tracing,
    /// Holds the caller's span, if there is one.
    parent: Context,
}

impl Tracing {
    /// Begins to send spans where `config` says, if it does. To be called inside a runtime. Connects to nothing yet.
    ///
    /// # Errors
    /// [`TraceError`] if the address of the collector is none.
    pub fn start(config: &Config, random: &dyn Random) -> Result<Option<Self>, TraceError> {
        let Some(endpoint) = &config.otlp_endpoint else { return Ok(None) };
        let mut seed = [0; 8];
        random.fill(&mut seed).map_err(|error| TraceError::System(error.to_string()))?;
        let resource = resource();
        let exporter = SpanExporter::builder().with_http().with_http_client(Collector).with_endpoint(endpoint);
        let exporter = exporter.with_timeout(Duration::from_secs(TRACE_EXPORT_SECONDS)).build();
        let mut exporter = exporter.map_err(|error| TraceError::Endpoint(error.to_string()))?;
        exporter.set_resource(&resource);
        let (queue, queued) = mpsc::channel(TRACE_QUEUE_SPANS_MAX);
        let counts = Arc::new(Counting::default());
        let (stop, stopped) = oneshot::channel();
        let worker = Worker::new(exporter, queued, Arc::clone(&counts));
        let task = tokio::spawn(worker.run(stopped));
        // Which requests are traced is decided before there is a span.
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOn).with_resource(resource);
        let provider = provider.with_span_processor(Queue::new(queue, Arc::clone(&counts))).build();
        let scope = InstrumentationScope::builder("conclave").with_version(env!("CARGO_PKG_VERSION")).build();
        Ok(Some(Self {
            tracer: provider.tracer_with_scope(scope),
            ratio: config.trace_ratio,
            seed: u64::from_be_bytes(seed),
            requests: AtomicU64::new(0),
            counts,
            sending: Mutex::new(Some(Sending { stop, task })),
        }))
    }

    /// Whether a request with these headers is traced: if its caller's trace is, or without one by chance.
    #[must_use]
    pub fn wanted(&self, headers: &HeaderMap) -> Option<Wanted<'_>> {
        let parent = match parent::wish(headers) {
            Wish::Traced(parent) => parent,
            Wish::Untraced => return None,
            Wish::Unsaid => self.is_drawn().then(Context::new)?,
        };
        Some(Wanted { tracing: self, parent })
    }

    /// What became of spans so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts.read()
    }

    /// Sends what is queued, and then no more. Gives up after [`TRACE_CLOSE_SECONDS`].
    pub async fn close(&self) {
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Sending { stop, mut task }) = sending else { return };
        // A task that is gone needs not be told.
        let _ = stop.send(());
        if tokio::time::timeout(Duration::from_secs(TRACE_CLOSE_SECONDS), &mut task).await.is_err() {
            tracing::warn!("spans were left out: the collector did not take them in time");
            task.abort();
        }
    }

    fn is_drawn(&self) -> bool {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        self.ratio.holds(scattered(number.wrapping_add(self.seed)))
    }
}

/// What is said of this process: its name, its version, and what `OTEL_RESOURCE_ATTRIBUTES` says, which counts more.
fn resource() -> Resource {
    let own = [KeyValue::new("service.name", "conclave"), KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))];
    Resource::builder_empty().with_attributes(own).with_detector(Box::new(EnvResourceDetector::new())).build()
}
