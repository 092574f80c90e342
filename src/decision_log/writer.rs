//! The thread that writes: masks what is masked, one line for each decision.

use super::file::LogFile;
use super::limits::WRITE_BYTES;
use super::mask::Mask;
use super::record::Record;
use super::{Counting, Entry, Message};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;

pub(super) struct Writer {
    pub(super) file: LogFile,
    pub(super) mask: Mask,
    pub(super) seed: [u8; 10],
    pub(super) counts: Arc<Counting>,
}

/// Lines that are written together.
#[derive(Default)]
struct Lines {
    text: Vec<u8>,
    count: u64,
}

impl Writer {
    /// Writes until the end.
    pub(super) fn run(mut self, queued: &Receiver<Message>) {
        let bytes_max = WRITE_BYTES.min(usize::try_from(self.file.bytes_max()).unwrap_or(usize::MAX));
        let (mut lines, mut has_failed) = (Lines::default(), false);
        // Waits for the first, takes along what is there.
        while let Ok(first) = queued.recv() {
            let mut next = Some(first);
            while let Some(Message::Entry(entry)) = next {
                self.counts.queued_bytes.fetch_sub(entry.weight, Ordering::Relaxed);
                let line = self.line(*entry);
                if !lines.text.is_empty() && lines.text.len() + line.len() > bytes_max {
                    self.write(&mut lines, &mut has_failed);
                }
                lines.text.extend_from_slice(&line);
                lines.count += 1;
                next = queued.try_recv().ok();
            }
            self.write(&mut lines, &mut has_failed);
            if let Some(Message::End) = next {
                return;
            }
        }
    }

    fn write(&mut self, lines: &mut Lines, has_failed: &mut bool) {
        let Lines { text, count } = std::mem::take(lines);
        if count == 0 {
            return;
        }
        match self.file.add(&text) {
            Ok(()) => {
                self.counts.written.fetch_add(count, Ordering::Relaxed);
                *has_failed = false;
            }
            Err(error) => {
                self.counts.failed.fetch_add(count, Ordering::Relaxed);
                // Once, and not for each of a million decisions.
                if !*has_failed {
                    tracing::error!(%error, "decisions are left out of the log: the file takes nothing");
                }
                *has_failed = true;
            }
        }
    }

    fn line(&self, entry: Entry) -> Vec<u8> {
        // Texts and numbers always serialize.
        let mut line = serde_json::to_vec(&self.record(entry)).unwrap_or_default();
        line.push(b'\n');
        line
    }

    fn record(&self, entry: Entry) -> Record {
        let Entry { number, at_ms, latency, request, outcome, revision, policy_digest, cache, trace_id, .. } = entry;
        let mut record = Record {
            decision_id: self.id(at_ms, number),
            timestamp: time(at_ms),
            principal: self.mask.principal(&request.principal),
            action: request.action.to_string(),
            resource: self.mask.resource(&request.resource),
            context: request.context,
            decision: outcome.decision,
            determining_policies: outcome.reasons,
            errors: outcome.errors,
            revision,
            policy_digest: (*policy_digest).to_owned(),
            latency_us: u64::try_from(latency.as_micros()).unwrap_or(u64::MAX),
            cache,
            is_lent: !request.lent.is_nothing(),
            trace_id,
        };
        self.mask.apply(&mut record);
        record
    }

    /// A UUIDv7 whose random part is one of this process, counted on.
    fn id(&self, at_ms: i64, number: u64) -> String {
        let mut bytes = [0; 16];
        for (place, byte) in bytes.iter_mut().skip(6).zip(self.seed) {
            *place = byte;
        }
        let counted = u128::from_be_bytes(bytes).wrapping_add(u128::from(number)).to_be_bytes();
        let mut tail = [0; 10];
        for (place, byte) in tail.iter_mut().zip(counted.into_iter().skip(6)) {
            *place = byte;
        }
        let millis = u64::try_from(at_ms).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid().to_string()
    }
}

/// A time as answers write it; empty if it lies beyond the calendar.
fn time(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms);
    time.map(|time| format!("{time:.3}")).unwrap_or_default()
}
