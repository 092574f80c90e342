//! The task that sends spans, some at a time.

use super::queue::Counting;
use crate::config::limits::{TRACE_BATCH_MILLISECONDS, TRACE_BATCH_SPANS_MAX, TRACE_EXPORT_SECONDS};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};

pub(super) struct Worker {
    exporter: SpanExporter,
    queued: Receiver<SpanData>,
    counts: Arc<Counting>,
    /// Whether the last were not taken, which was told then.
    has_failed: bool,
}

impl Worker {
    pub(super) const fn new(exporter: SpanExporter, queued: Receiver<SpanData>, counts: Arc<Counting>) -> Self {
        Self { exporter, queued, counts, has_failed: false }
    }

    /// Sends until it is told to stop, and then what is left.
    pub(super) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let (mut batch, mut is_open) = (Vec::new(), true);
        loop {
            tokio::select! {
                () = collect(&mut self.queued, &mut batch) => {}
                // Whoever could say so is gone: that is a stop too.
                _ = &mut stop, if is_open => {
                    // What has been collected stays in the batch.
                    self.queued.close();
                    is_open = false;
                    continue;
                }
            }
            if batch.is_empty() {
                return;
            }
            self.send(std::mem::take(&mut batch)).await;
        }
    }

    async fn send(&mut self, batch: Vec<SpanData>) {
        let count = u64::try_from(batch.len()).unwrap_or_default();
        // The exporter bounds its tries and not each of them.
        let limit = Duration::from_secs(TRACE_EXPORT_SECONDS);
        let sent = match timeout(limit, self.exporter.export(batch)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_elapsed) => Err("it does not answer".to_owned()),
        };
        let counted = if sent.is_ok() { &self.counts.sent } else { &self.counts.failed };
        counted.fetch_add(count, Ordering::Relaxed);
        if let Err(error) = &sent {
            // Once, and not for each batch.
            if !self.has_failed {
                tracing::warn!(error, "spans are left out: the collector takes nothing");
            }
        }
        self.has_failed = sent.is_err();
    }
}

/// Waits for a span, and a little for others. None come where there will be no more.
async fn collect(queued: &mut Receiver<SpanData>, batch: &mut Vec<SpanData>) {
    if batch.is_empty() && queued.recv_many(batch, TRACE_BATCH_SPANS_MAX).await == 0 {
        return;
    }
    let until = Instant::now() + Duration::from_millis(TRACE_BATCH_MILLISECONDS);
    while let Some(room) = TRACE_BATCH_SPANS_MAX.checked_sub(batch.len()).filter(|room| *room > 0) {
        match timeout_at(until, queued.recv_many(batch, room)).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}
