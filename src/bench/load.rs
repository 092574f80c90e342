//! Puts questions at a rate, and times each from when it was due.

use super::ask::Ask;
use super::gate::{Gate, Schedule};
use super::question::Question;
use super::tally::Tally;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long answers are waited for after the last request was due.
pub const DRAIN: Duration = Duration::from_secs(2);

/// How far ahead the first request is, so that everyone is ready for it.
const LEAD: Duration = Duration::from_millis(20);

/// One rate to be driven.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Requests per second.
    pub per_second: f64,
    /// How long.
    pub duration: Duration,
    /// Whether answers are compared with what is expected.
    pub verify: bool,
}

/// What those who ask share.
struct Run {
    gate: Gate,
    questions: Arc<[Question]>,
    /// Where in the questions to begin.
    offset: u64,
    verify: bool,
    deadline: Instant,
    tally: Mutex<Tally>,
}

/// Drives one rate, each of `askers` sending one request at a time. `release` is to let requests go
/// when they are due: [`pace`] on a thread of its own, or in a test a task. Gives back what was
/// measured, and the askers.
pub async fn drive<A: Ask + 'static>(
    rate: Rate,
    questions: &Arc<[Question]>,
    offset: u64,
    askers: Vec<A>,
    release: impl FnOnce(Pace),
) -> (Tally, Vec<A>) {
    let schedule = Schedule::new(Instant::now() + LEAD, rate.per_second, rate.duration);
    let run = Arc::new(Run {
        gate: Gate::new(schedule),
        questions: Arc::clone(questions),
        offset,
        verify: rate.verify,
        deadline: schedule.due(schedule.count) + DRAIN,
        tally: Mutex::default(),
    });
    release(Pace(Arc::clone(&run)));
    let mut tasks = JoinSet::new();
    for asker in askers {
        tasks.spawn(work(Arc::clone(&run), asker));
    }
    let askers = tasks.join_all().await;
    let mut tally = run.locked(std::mem::take);
    for number in run.gate.taken()..schedule.count {
        tally.give_up(run.deadline - schedule.due(number));
    }
    (tally, askers)
}

/// Sends one request after the other, as long as there are any and there is time.
async fn work<A: Ask>(run: Arc<Run>, mut asker: A) -> A {
    while Instant::now() < run.deadline {
        let Some(number) = run.gate.next().await else { break };
        let question = run.question(number);
        let sent = Instant::now();
        let outcome = tokio::time::timeout_at(run.deadline, asker.ask(question)).await;
        let (due, now) = (run.gate.schedule().due(number), Instant::now());
        let expected = question.expected.filter(|_| run.verify);
        run.locked(|tally| {
            tally.ended = now - run.gate.schedule().start;
            match outcome {
                Ok(outcome) => tally.record(outcome, expected, now - due, now - sent),
                Err(_) => tally.give_up(now - due),
            }
        });
    }
    asker
}

impl Run {
    /// The questions come in their order, and again from the first.
    fn question(&self, number: u64) -> &Question {
        let count = self.questions.len() as u64;
        let place = usize::try_from((self.offset + number) % count.max(1)).unwrap_or(0);
        #[expect(clippy::indexing_slicing, reason = "a remainder; whoever drives without questions has made a mistake")]
        &self.questions[place]
    }

    fn locked<T>(&self, change: impl FnOnce(&mut Tally) -> T) -> T {
        change(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The hand on the gate.
pub struct Pace(Arc<Run>);

impl Pace {
    /// Lets go what is due, and says when to come again; `None` after the last.
    #[must_use]
    pub fn step(&self) -> Option<Instant> {
        let released = self.0.gate.release(Instant::now());
        if let Some(late) = released.late {
            self.0.locked(|tally| tally.lateness.record(late));
        }
        released.next
    }
}

/// Lets requests go when they are due, on a thread of its own: the timers of an async runtime count
/// milliseconds, and a request that is sent late by one would be measured as answered late.
pub fn pace(pace: Pace) {
    std::thread::spawn(move || {
        sleep_exactly();
        while let Some(due) = pace.step() {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
    });
}

/// How much processor time this program has used, where the system tells.
#[must_use]
pub fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Asks the system not to let this thread sleep longer than it said, to save power.
fn sleep_exactly() {
    #[cfg(target_os = "linux")]
    {
        // If it will not, sleeps are some fifty microseconds longer, which the lateness shows.
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
    }
}

#[cfg(test)]
mod tests;
