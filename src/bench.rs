//! Measures decisions: a realistic mix of questions, at rates that do not wait for the answers.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `random`, `zipf`, `mix` | what is asked about, and how often: the same for the same seed |
//! | `prepare`, `question` | questions about what a database holds, with the true answers; files of them |
//! | `ask` | whom they are put to: a server over HTTP, or the pipeline in this process |
//! | `gate`, `load` | an open loop: when each request is due, and who sends it |
//! | `tally`, `report`, `plot` | what was measured, for programs, for people, as a picture |
//!
//! May use `check`, the samples of `store`, `config`'s addresses and `domain`; never SQL, axum or Cedar.

pub mod ask;
pub mod gate;
pub mod load;
pub mod mix;
pub mod plot;
pub mod prepare;
pub mod question;
pub mod random;
pub mod report;
pub mod tally;
pub mod zipf;

use ask::{Ask, Fault};
use load::{Rate, pace, processor_time};
use question::Question;
use report::{Driven, RateReport};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Rates to be driven one after the other, with the same questions.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// In requests per second.
    pub rates: Vec<f64>,
    /// How long each is driven.
    pub duration: Duration,
    /// Whether answers are compared with what is expected.
    pub verify: bool,
    /// Whether the pipeline runs in this process.
    pub in_process: bool,
    /// Threads of this program.
    pub threads: usize,
}

/// Drives every rate of `sweep`; `begun` is told of each when it begins.
pub async fn sweep<A: Ask + 'static>(
    sweep: &Sweep,
    questions: &Arc<[Question]>,
    mut askers: Vec<A>,
    begun: impl Fn(f64),
) -> Vec<RateReport> {
    let mut reports = Vec::with_capacity(sweep.rates.len());
    // Each rate goes on where the one before stopped: were all to begin at the first question, later
    // ones would find more in the cache.
    let mut offset = 0;
    for per_second in sweep.rates.iter().copied() {
        begun(per_second);
        let (started, used) = (Instant::now(), processor_time());
        let rate = Rate { per_second, duration: sweep.duration, verify: sweep.verify };
        let (tally, back) = load::drive(rate, questions, offset, askers, pace).await;
        askers = back;
        let requests = tally.requests();
        offset += requests;
        let client_cpus = processor_time().saturating_sub(used).as_secs_f64() / started.elapsed().as_secs_f64();
        let driven = Driven {
            per_second,
            duration: sweep.duration,
            requests,
            verify: sweep.verify,
            in_process: sweep.in_process,
            client_cpus: Some(client_cpus),
            threads: sweep.threads,
        };
        reports.push(RateReport::of(driven, &tally));
    }
    reports
}

/// Asks every question once, so that what follows finds everything in memory that fits there.
///
/// Gives back how often each fault came instead of a decision, and the askers.
pub async fn warm<A: Ask + 'static>(questions: &Arc<[Question]>, askers: Vec<A>) -> (BTreeMap<Fault, usize>, Vec<A>) {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for mut asker in askers {
        let (questions, next) = (Arc::clone(questions), Arc::clone(&next));
        tasks.spawn(async move {
            let mut faults = Vec::new();
            while let Some(question) = questions.get(next.fetch_add(1, Ordering::Relaxed)) {
                faults.extend(asker.ask(question).await.err());
            }
            (faults, asker)
        });
    }
    let mut faults = BTreeMap::new();
    let mut askers = Vec::new();
    for (met, asker) in tasks.join_all().await {
        for fault in met {
            *faults.entry(fault).or_default() += 1;
        }
        askers.push(asker);
    }
    (faults, askers)
}
