//! Where spans that ended wait to be sent.

use super::Counts;
use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::Sender;

/// Takes spans that end. Never waits.
#[derive(Debug)]
pub(super) struct Queue {
    queue: Sender<SpanData>,
    counts: Arc<Counting>,
}

/// Counts what becomes of them.
#[derive(Debug, Default)]
pub(super) struct Counting {
    pub(super) sent: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) failed: AtomicU64,
}

impl Counting {
    pub(super) fn read(&self) -> Counts {
        let [sent, dropped, failed] =
            [&self.sent, &self.dropped, &self.failed].map(|count| count.load(Ordering::Relaxed));
        Counts { sent, dropped, failed }
    }
}

impl Queue {
    pub(super) const fn new(queue: Sender<SpanData>, counts: Arc<Counting>) -> Self {
        Self { queue, counts }
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _span: &mut Span, _context: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.queue.try_send(span).is_err() {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }
}
