//! The decision log: a line of JSON for each decision that a host was given, in a file, for audits and to replay.
//!
//! Nothing waits for it. A record is queued or, where the queue is full, counted as dropped; a thread masks and writes
//! what is queued. Where no log is kept, a decision costs one look at an option more than without this module.
//!
//! May use `domain`, `check`, `config` and `counters`, of `trace` the id, and of `admin` clock and randomness; never axum.

mod file;
pub mod limits;
mod mask;
mod record;
mod writer;

pub use mask::{MASKED, Mask, MaskError};
pub use record::{ReadError, Record, read};

use crate::admin::{Clock, Random};
use crate::check::key::weight;
use crate::check::{Answer, CacheUse, Explained, RequestRef};
use crate::config::DecisionLog;
use crate::counters::scattered;
use crate::domain::{DecisionRequest, Outcome, Revision};
use crate::trace;
use file::LogFile;
use limits::{CLOSE_SECONDS_MAX, QUEUE_BYTES_MAX};
use miette::Diagnostic;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Takes records of decisions.
pub struct Recorder {
    clock: Arc<dyn Clock>,
    queue: SyncSender<Message>,
    counts: Arc<Counting>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Of how many decisions one is recorded.
    one_in: u64,
    /// Where ids and the sample begin: another place in each process.
    seed: [u8; 10],
    decisions: AtomicU64,
}

/// What became of decisions that were to be recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// They are in the file.
    pub written: u64,
    /// The queue was full.
    pub dropped: u64,
    /// The file did not take them.
    pub failed: u64,
}

#[derive(Debug, Default)]
struct Counting {
    written: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
    /// What is queued, in bytes of memory.
    queued_bytes: AtomicUsize,
}

/// A decision on its way to the file.
#[derive(Debug)]
struct Entry {
    number: u64,
    at_ms: i64,
    latency: Duration,
    request: DecisionRequest,
    outcome: Outcome,
    revision: Revision,
    policy_digest: Arc<str>,
    cache: CacheUse,
    trace_id: Option<String>,
    weight: usize,
}

#[derive(Debug)]
enum Message {
    /// To be written.
    Entry(Box<Entry>),
    /// There is no more to come.
    End,
}

/// A question, or several, about to be decided.
#[derive(Debug, Clone, Copy)]
pub struct Begun<'a> {
    recorder: &'a Recorder,
    at: Instant,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("one_in", &self.one_in).finish_non_exhaustive()
    }
}

/// Why no log can be kept.
#[derive(Debug, Error, Diagnostic)]
pub enum RecorderError {
    /// The file cannot be written to.
    #[error("the decision log {} cannot be written", path.display())]
    #[diagnostic(help("it must be a regular file, in a folder that is there and may be written to"))]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// What is to be masked cannot be.
    #[error(transparent)]
    Mask(#[from] MaskError),
    /// The system gives no thread, or no randomness.
    #[error("the decision log cannot be kept: {0}")]
    System(String),
}

impl Recorder {
    /// Starts the log that `config` asks for, if it does.
    ///
    /// # Errors
    /// [`RecorderError`] if it cannot be kept: no server runs without the log that it should keep.
    pub fn start(
        config: &DecisionLog,
        clock: Arc<dyn Clock>,
        random: &dyn Random,
    ) -> Result<Option<Self>, RecorderError> {
        let Some(path) = &config.file else { return Ok(None) };
        let mask = Mask::read(&config.mask)?;
        let file = LogFile::open(path, config.file_bytes_max, config.files_max)
            .map_err(|error| RecorderError::File { path: path.clone(), error })?;
        let mut seed = [0; 10];
        random.fill(&mut seed).map_err(|error| RecorderError::System(error.to_string()))?;
        let (queue, queued) = sync_channel(config.queue_records_max);
        let counts = Arc::new(Counting::default());
        let writer = writer::Writer { file, mask, seed, counts: Arc::clone(&counts) };
        let recorder = Self {
            clock,
            queue,
            counts,
            thread: Mutex::new(None),
            one_in: config.sample_decisions,
            seed,
            decisions: AtomicU64::new(0),
        };
        recorder.run(writer, queued)?;
        Ok(Some(recorder))
    }

    fn run(&self, writer: writer::Writer, queued: Receiver<Message>) -> Result<(), RecorderError> {
        let builder = std::thread::Builder::new().name("decision-log".to_owned());
        let thread = builder.spawn(move || writer.run(&queued));
        let thread = thread.map_err(|error| RecorderError::System(error.to_string()))?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// A question is about to be decided.
    #[must_use]
    pub fn begun(&self) -> Begun<'_> {
        Begun { recorder: self, at: Instant::now() }
    }

    /// What became of decisions so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let Counting { written, dropped, failed, .. } = &*self.counts;
        let [written, dropped, failed] = [written, dropped, failed].map(|count| count.load(Ordering::Relaxed));
        Counts { written, dropped, failed }
    }

    /// How much memory the decisions that wait to be written take, in bytes; at most [`QUEUE_BYTES_MAX`].
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.counts.queued_bytes.load(Ordering::Relaxed)
    }

    /// Writes what is queued and ends the log; later decisions are dropped. Gives up after [`CLOSE_SECONDS_MAX`].
    pub async fn close(&self) {
        let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let queue = self.queue.clone();
        // A full queue is waited for, but not by a thread that serves. Not of the runtime's own, which it would wait for.
        let (done, ended) = tokio::sync::oneshot::channel();
        let waiter = std::thread::Builder::new().spawn(move || {
            // A writer that is gone needs no end.
            let _ = queue.send(Message::End);
            let _ = done.send(thread.join().is_ok());
        });
        let limit = Duration::from_secs(CLOSE_SECONDS_MAX);
        if waiter.is_err() || !matches!(tokio::time::timeout(limit, ended).await, Ok(Ok(true))) {
            tracing::warn!("decisions were left out of the log: it did not take them in time");
        }
    }

    /// The number of the next decision, if it is one of the sample.
    fn next(&self) -> Option<u64> {
        let number = self.decisions.fetch_add(1, Ordering::Relaxed);
        let begin = u64::from_be_bytes(self.seed.first_chunk().copied().unwrap_or_default());
        // By chance and not each so-manieth: questions may come in turns.
        let chance = scattered(number.wrapping_add(begin));
        chance.is_multiple_of(self.one_in.max(1)).then_some(number)
    }

    /// Queues an entry or counts it as dropped. Never waits.
    fn queue(&self, entry: Entry) {
        let weight = entry.weight;
        let before = self.counts.queued_bytes.fetch_add(weight, Ordering::Relaxed);
        let fits = before.saturating_add(weight) <= QUEUE_BYTES_MAX;
        if !fits || self.queue.try_send(Message::Entry(Box::new(entry))).is_err() {
            self.counts.queued_bytes.fetch_sub(weight, Ordering::Relaxed);
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Begun<'_> {
    /// Records the answer to a question, if it is one of the sample.
    pub fn answered(&self, request: &RequestRef<'_>, answer: &Answer) {
        let known = (answer.outcome(), answer.revision, answer.policy_digest(), answer.cache);
        self.record(|| request.to_owned(), known);
    }

    /// The same for a question that was explained.
    pub fn explained(&self, request: &DecisionRequest, explained: &Explained) {
        let Explained { outcome, revision, policy_digest, .. } = explained;
        self.record(|| request.clone(), (outcome, *revision, policy_digest, CacheUse::Miss));
    }

    fn record(
        &self,
        request: impl FnOnce() -> DecisionRequest,
        (outcome, revision, policy_digest, cache): (&Outcome, Revision, &Arc<str>, CacheUse),
    ) {
        let Some(number) = self.recorder.next() else { return };
        let (request, outcome) = (request(), outcome.clone());
        let errors: usize = outcome.errors.iter().map(String::len).sum();
        let entry = Entry {
            number,
            at_ms: self.recorder.clock.now_ms(),
            latency: self.at.elapsed(),
            weight: size_of::<Entry>() + weight(&request) + errors + size_of_val(outcome.reasons.as_slice()),
            request,
            outcome,
            revision,
            policy_digest: Arc::clone(policy_digest),
            cache,
            trace_id: trace::current_id(),
        };
        self.recorder.queue(entry);
    }
}

#[cfg(test)]
mod tests;
