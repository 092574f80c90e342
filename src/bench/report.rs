//! What a bench says, as JSON for programs and as a table for people.
//!
//! The names below are the fields of the JSON; units stand last in them.

mod table;

use super::ask::Fault;
use super::question::Question;
use super::tally::{Tally, Times};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// Less of the wanted rate than this, in percent, is too little.
const REACHED_PERCENT: f64 = 98.0;

/// A client that is busy so much of its threads' time, in percent, is at its limit.
const BUSY_PERCENT: f64 = 90.0;

/// Percentiles that people look at.
pub const QUANTILES: [(&str, f64); 5] =
    [("p50", 0.50), ("p90", 0.90), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)];

/// Everything that one run measured.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whom was asked: a server, or `in process`.
    pub target: String,
    /// What was asked.
    pub workload: Workload,
    /// How many requests could be under way at a time.
    pub connections: usize,
    /// Threads of this program that sent them.
    pub threads: usize,
    /// Each rate, in the order driven.
    pub rates: Vec<RateReport>,
}

/// What was asked.
#[derive(Debug, Clone, Serialize)]
pub struct Workload {
    /// How many questions were prepared; they are asked in turn, over and over.
    pub questions: usize,
    /// How many of them differ.
    pub distinct: usize,
    /// Which part of them each action is, from 0 to 1.
    pub actions: BTreeMap<String, f64>,
    /// Which part of them is expected to be allowed, from 0 to 1; none if nothing is expected.
    pub allowed_share: Option<f64>,
    /// What they were chosen by; none for questions from a file.
    pub seed: Option<u64>,
    /// How uneven the popularity of users and items is; none for questions from a file.
    pub zipf: Option<f64>,
}

/// What was measured at one rate.
#[derive(Debug, Clone, Serialize)]
pub struct RateReport {
    /// The rate asked for, in requests per second.
    pub wanted_per_second: f64,
    /// The rate of requests that were answered with a decision, in requests per second.
    pub achieved_per_second: f64,
    /// How long requests were due for, in seconds.
    pub seconds: f64,
    /// How many requests were due.
    pub requests: u64,
    /// How many were answered with a decision.
    pub answered: u64,
    /// How many had no answer when the waiting ended.
    pub unanswered: u64,
    /// How many failed, by what was said of them: `status 503`, `connection refused`.
    pub errors: BTreeMap<String, u64>,
    /// How many decisions differ from what was expected; none if they were not compared.
    pub wrong: Option<u64>,
    /// Which part of the decisions was Allow, from 0 to 1.
    pub allowed_share: Option<f64>,
    /// Which part of the decisions came from the cache, from 0 to 1; none if that cannot be seen.
    pub cached_share: Option<f64>,
    /// From when a request was due to its answer, waiting for a connection included.
    pub latency_us: TimesReport,
    /// From when a request was sent to its answer: what a closed loop would call latency.
    pub service_us: TimesReport,
    /// How late this program let requests go; part of `latency_us`.
    pub client_lateness_us: TimesReport,
    /// How many processors this program kept busy; none where the system does not tell.
    pub client_cpus: Option<f64>,
    /// What kept the rate from being reached, if it was not.
    pub limit: Option<Limit>,
}

/// What keeps a rate from being reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// This program: its threads were busy all the time. The server might do more.
    Client,
    /// The server, or too few connections to it.
    Server,
    /// The pipeline and this program together: they share the processors.
    Machine,
    /// Requests that failed.
    Errors,
}

/// A distribution of times, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct TimesReport {
    /// The median.
    pub p50: Option<f64>,
    /// What 90 % are not above.
    pub p90: Option<f64>,
    /// What 99 % are not above.
    pub p99: Option<f64>,
    /// What 99.9 % are not above.
    #[serde(rename = "p99.9")]
    pub p99_9: Option<f64>,
    /// What 99.99 % are not above.
    #[serde(rename = "p99.99")]
    pub p99_99: Option<f64>,
    /// The longest.
    pub max: Option<f64>,
    /// The mean.
    pub mean: Option<f64>,
}

impl From<&Times> for TimesReport {
    fn from(times: &Times) -> Self {
        let at = |quantile| times.quantile_us(quantile);
        let [p50, p90, p99, p99_9, p99_99] = QUANTILES.map(|(_, quantile)| at(quantile));
        Self { p50, p90, p99, p99_9, p99_99, max: times.max_us(), mean: times.mean_us() }
    }
}

impl TimesReport {
    /// By the names of [`QUANTILES`].
    #[must_use]
    pub const fn quantiles(&self) -> [Option<f64>; 5] {
        [self.p50, self.p90, self.p99, self.p99_9, self.p99_99]
    }
}

impl Workload {
    /// What these questions are.
    #[must_use]
    pub fn of(questions: &[Question], chosen: Option<(u64, f64)>) -> Self {
        let distinct = questions.iter().map(|question| &question.request).collect::<HashSet<_>>().len();
        let mut counts = BTreeMap::<String, u64>::new();
        for question in questions {
            *counts.entry(question.request.action.id.to_string()).or_default() += 1;
        }
        let of_all = |(action, count)| (action, share(count, questions.len() as u64));
        let actions = counts.into_iter().map(of_all).collect();
        let expected = questions.iter().filter_map(|question| question.expected);
        let (mut known, mut allowed) = (0, 0);
        for decision in expected {
            known += 1;
            allowed += u64::from(decision == crate::domain::Decision::Allow);
        }
        let allowed_share = (known > 0).then(|| share(allowed, known));
        let (seed, zipf) = chosen.unzip();
        Self { questions: questions.len(), distinct, actions, allowed_share, seed, zipf }
    }
}

/// How a rate was driven, beside what came of it.
#[derive(Debug, Clone, Copy)]
pub struct Driven {
    /// Requests per second.
    pub per_second: f64,
    /// For how long.
    pub duration: Duration,
    /// How many requests that made.
    pub requests: u64,
    /// Whether decisions were compared.
    pub verify: bool,
    /// Whether the pipeline runs in this process.
    pub in_process: bool,
    /// Processors that this program kept busy.
    pub client_cpus: Option<f64>,
    /// Threads of this program.
    pub threads: usize,
}

impl RateReport {
    /// What came of one rate.
    #[must_use]
    pub fn of(driven: Driven, tally: &Tally) -> Self {
        // Answers that come after the last request was due make a run longer: a server that falls
        // behind does not reach the rate, though it answers all in the end.
        let elapsed = driven.duration.max(tally.ended);
        let [hits, misses] = tally.cache;
        let mut report = Self {
            wanted_per_second: driven.per_second,
            achieved_per_second: float(tally.answered) / elapsed.as_secs_f64(),
            seconds: driven.duration.as_secs_f64(),
            requests: driven.requests,
            answered: tally.answered,
            unanswered: tally.unanswered,
            errors: tally.faults.iter().map(|(Fault(said), count)| (said.to_string(), *count)).collect(),
            wrong: driven.verify.then_some(tally.wrong),
            allowed_share: (tally.answered > 0).then(|| share(tally.allowed, tally.answered)),
            cached_share: (hits + misses > 0).then(|| share(hits, hits + misses)),
            latency_us: (&tally.latency).into(),
            service_us: (&tally.service).into(),
            client_lateness_us: (&tally.lateness).into(),
            client_cpus: driven.client_cpus,
            limit: None,
        };
        report.limit = report.limited(driven);
        report
    }

    fn limited(&self, driven: Driven) -> Option<Limit> {
        let reached = 100.0 * self.achieved_per_second >= REACHED_PERCENT * self.wanted_per_second;
        let busy = self.client_cpus.is_some_and(|cpus| 100.0 * cpus >= BUSY_PERCENT * float(driven.threads as u64));
        match () {
            () if reached => None,
            () if self.errors.values().sum::<u64>() > self.unanswered => Some(Limit::Errors),
            () if driven.in_process => Some(Limit::Machine),
            () if busy => Some(Limit::Client),
            () => Some(Limit::Server),
        }
    }
}

impl Report {
    /// Whether every request was answered, and none wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.rates.iter().all(|rate| rate.unanswered == 0 && rate.errors.is_empty() && rate.wrong.unwrap_or(0) == 0)
    }
}

fn share(part: u64, whole: u64) -> f64 {
    float(part) / float(whole.max(1))
}

#[expect(clippy::cast_precision_loss, reason = "of what is counted here a double holds every number")]
const fn float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests;
