//! The file is read, checked and made into batches on a thread of its own, while the database writes
//! the batches before.

use super::batch::Batch;
use super::import::ImportError;
use super::lines::Lines;
use super::record::{self, Line};
use crate::store::bulk::Progress;
use std::io::BufRead;
use std::ops::ControlFlow;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Batches that may wait for the database: more would only take memory.
const WAITING_MAX: usize = 4;

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Step {
    /// Add these rows.
    Rows(Box<Batch>),
    /// End the transaction: this much of the file is in it.
    End(Progress),
    /// End the import, once all that came before is known to be right.
    Stop(ImportError),
}

/// Reads on, with so many lines to a transaction; `None` is one transaction. Ends with the file, after
/// the first mistake, or when nobody listens any more.
pub(super) fn start<R>(lines: Lines<R>, transaction_lines: Option<u64>) -> Receiver<Step>
where
    R: BufRead + Send + 'static,
{
    let (steps, receiver) = channel(WAITING_MAX);
    tokio::task::spawn_blocking(move || {
        let mut reading = Reading { lines, batch: None, steps };
        while reading.transaction(transaction_lines).is_continue() {}
    });
    receiver
}

struct Reading<R> {
    lines: Lines<R>,
    batch: Option<Batch>,
    steps: Sender<Step>,
}

impl<R: BufRead> Reading<R> {
    /// Sends the lines of one transaction. Whether there may be more.
    fn transaction(&mut self, lines: Option<u64>) -> ControlFlow<()> {
        let step = match self.fill(lines) {
            Ok(finished) => Step::End(self.progress(finished)),
            Err(error) => Step::Stop(error),
        };
        let last = !matches!(step, Step::End(Progress { finished: false, .. }));
        // What comes before a mistake may be wrong too, and the first mistake is the one to show.
        self.flush()?;
        self.send(step)?;
        if last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Reads until the transaction is full or the file ends. Whether it ended.
    fn fill(&mut self, lines: Option<u64>) -> Result<bool, ImportError> {
        let end = lines.map_or(u64::MAX, |some| self.lines.count.saturating_add(some));
        while self.lines.count < end || self.lines.is_at_end()? {
            let Some(text) = self.lines.next()? else { return Ok(true) };
            let line = if text.is_empty() { Ok(Line::Format) } else { record::read(text) };
            let line = line.map_err(|error| ImportError::malformed(self.lines.count, &error))?;
            if self.add(line).is_break() {
                break;
            }
        }
        Ok(false)
    }

    fn add(&mut self, line: Line) -> ControlFlow<()> {
        let (number, bytes) = (self.lines.count, self.lines.bytes);
        let rest = match &mut self.batch {
            None => Some(line),
            Some(batch) => batch.add(line, number, bytes),
        };
        let Some(line) = rest else { return ControlFlow::Continue(()) };
        self.flush()?;
        self.batch = Batch::begin(line, number, bytes);
        ControlFlow::Continue(())
    }

    fn flush(&mut self) -> ControlFlow<()> {
        match self.batch.take() {
            Some(batch) => self.send(Step::Rows(Box::new(batch))),
            None => ControlFlow::Continue(()),
        }
    }

    fn send(&self, step: Step) -> ControlFlow<()> {
        match self.steps.blocking_send(step) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    fn progress(&self, finished: bool) -> Progress {
        Progress { lines: self.lines.count, bytes: self.lines.bytes, digest: self.lines.digest(), finished }
    }
}
