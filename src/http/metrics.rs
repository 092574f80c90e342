//! `GET /metrics`: what was counted, in the text format of Prometheus.

mod page;

use super::App;
use super::ops;
use super::standing::{OK, Part};
use crate::admin::attempts::QUEUE_ATTEMPTS_MAX;
use crate::config::limits::{READINESS_MILLISECONDS, STREAMS_MAX};
use crate::counters::CacheCounters;
use crate::decision_log::limits::QUEUE_BYTES_MAX;
use crate::store::Failures;
use crate::trace::Counts;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use page::{Page, seconds};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The text format, in its version.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What was counted since the process began.
#[utoipa::path(get, path = "/metrics", responses((status = 200, description = "The text format of Prometheus", content_type = "text/plain", body = String)))]
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut page = Page::default();
    server(&mut page, &app);
    decisions(&mut page, &app);
    requests(&mut page, &app);
    store(&mut page, &app).await;
    policies(&mut page, &app);
    records(&mut page, &app);
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], page.0).into_response()
}

fn server(page: &mut Page, app: &App) {
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    page.gauges("conclave_build_info", "Which version this is.", &[(version.as_str(), 1)]);
    let started = "When the process began to be ready, in seconds since 1970-01-01 UTC.";
    page.gauge("conclave_start_timestamp_seconds", started, seconds(app.standing.began_ms()));
    let stopping = "1 once the server was told to stop, else 0.";
    page.gauge("conclave_stopping", stopping, u8::from(app.is_draining()));
    let stale = "How many of tokens, certificates and keys have new files that cannot be used.";
    page.gauge("conclave_credentials_stale", stale, app.auth.stale().len());
}

fn decisions(page: &mut Page, app: &App) {
    let check = &app.check;
    let counts = check.deciding();
    let decided = [
        ("decision=\"allow\",cache=\"hit\"", counts.hits_allowed),
        ("decision=\"deny\",cache=\"hit\"", counts.hits_denied),
        ("decision=\"allow\",cache=\"miss\"", counts.misses_allowed),
        ("decision=\"deny\",cache=\"miss\"", counts.misses_denied),
    ];
    page.counter("conclave_decisions_total", "Decisions, for hosts and for calls of the admin API.", &decided);
    let reasons = counts.undecided.map(|(why, count)| (format!("reason=\"{}\"", why.name()), count));
    let reasons: Vec<_> = reasons.iter().map(|(label, count)| (label.as_str(), *count)).collect();
    page.counter("conclave_decision_errors_total", "Questions that got no decision.", &reasons);
    let failed = "Decisions in which a policy could not be evaluated.";
    page.counter("conclave_decision_policy_errors_total", failed, &[("", counts.troubled)]);
    let took = "How long decisions took that were not in the cache.";
    page.histogram("conclave_decision_duration_seconds", took, &[("cache=\"miss\"".to_owned(), counts.duration)]);
    caches(page, [check.decision_counters(), check.entity_counters()]);
    let loaded = "Entities read from the database to decide, those that are not there included.";
    page.counter("conclave_entity_loads_total", loaded, &[("", check.entities_loaded())]);
    let mismatches = "Decisions that Cedar's own authorizer made otherwise.";
    page.counter("conclave_verification_mismatches_total", mismatches, &[("", check.mismatches())]);
}

fn caches(page: &mut Page, [decisions, entities]: [CacheCounters; 2]) {
    let mut each = |name: &str, help: &str, of: fn(&CacheCounters) -> u64| {
        let values = [("cache=\"decisions\"", of(&decisions)), ("cache=\"entities\"", of(&entities))];
        page.counter(&format!("conclave_cache_{name}_total"), help, &values);
    };
    each("hits", "Values that were found and still right.", |counters| counters.hits);
    each("misses", "Values that had to be made.", |counters| counters.misses);
    each("evictions", "Values let go because the cache was full.", |counters| counters.evictions);
    each("invalidations", "Values that were found and no longer right.", |counters| counters.invalidations);
    each("restamps", "Hits of values that a write in between had not touched.", |counters| counters.restamps);
}

fn requests(page: &mut Page, app: &App) {
    let durations = app.measures.durations().map(|(way, durations)| (format!("way=\"{}\"", way.name()), durations));
    let took = "How long requests took, to the head of the answer; of those from the cache one in 61 is timed.";
    page.histogram("conclave_request_duration_seconds", took, &durations.collect::<Vec<_>>());
    let errors = app.measures.errors();
    let errors = errors.map(|(way, status, count)| (format!("way=\"{}\",status=\"{status}\"", way.name()), count));
    let errors: Vec<_> = errors.collect();
    let errors: Vec<_> = errors.iter().map(|(labels, count)| (labels.as_str(), *count)).collect();
    page.counter("conclave_request_errors_total", "Requests answered with a status from 400.", &errors);
    let shed = app.measures.turned_away().map(|(at, count)| (format!("queue=\"{}\"", at.name()), count));
    let queues = [("searches", app.search.queue()), ("reads", app.reads.state())];
    let queues = app.check.queues().into_iter().chain(queues);
    let queues: Vec<_> = queues.map(|(name, state)| (format!("queue=\"{name}\""), state)).collect();
    let shed: Vec<_> = shed.chain(queues.iter().map(|(label, state)| (label.clone(), state.shed))).collect();
    let shed: Vec<_> = shed.iter().map(|(label, count)| (label.as_str(), *count)).collect();
    page.counter("conclave_shed_total", "Requests turned away because too many were there already.", &shed);
    let taken = |all: usize, permits: &Semaphore| all.saturating_sub(permits.available_permits());
    let commands_max = app.limits.commands_max;
    let depths = [
        ("queue=\"commands\"", taken(commands_max, &app.commands)),
        ("queue=\"streams\"", taken(STREAMS_MAX, &app.streams)),
        ("queue=\"audit\"", app.attempts.queued()),
    ];
    let waiting = queues.iter().map(|(label, state)| (label.as_str(), state.running + state.waiting));
    let depths: Vec<_> = depths.into_iter().chain(waiting).collect();
    page.gauges("conclave_queue_depth", "How many are in a queue, those at its head included.", &depths);
    let limits = [
        ("queue=\"commands\"", commands_max),
        ("queue=\"streams\"", STREAMS_MAX),
        ("queue=\"audit\"", QUEUE_ATTEMPTS_MAX),
    ];
    page.gauges("conclave_queue_depth_max", "How many may be in a queue.", &limits);
}

async fn store(page: &mut Page, app: &App) {
    page.gauge("conclave_revision", "The revision that answers are at least as new as.", app.check.revision());
    let state = ops::store(app).await;
    app.standing.seen(Part::Store, state, app.admin.clock.now_ms());
    page.gauge("conclave_store_available", "1 if the database answers in time, else 0.", u8::from(state == OK));
    let Failures { failed, busy } = Failures::so_far();
    let failures = [("reason=\"failed\"", failed), ("reason=\"busy\"", busy)];
    page.counter(
        "conclave_database_errors_total",
        "Statements that failed, and waits in vain for a connection.",
        &failures,
    );
    if state == OK {
        mail(page, app).await;
    }
}

/// What is in the outbox; nothing while the database does not say.
async fn mail(page: &mut Page, app: &App) {
    let limit = Duration::from_millis(READINESS_MILLISECONDS);
    let Ok(Ok(mail)) = tokio::time::timeout(limit, app.store.outbox_standing()).await else { return };
    let values = [("state=\"pending\"", mail.pending), ("state=\"dead\"", mail.dead)];
    page.gauges("conclave_mail_outbox", "Mail that waits to be sent, and mail that was given up.", &values);
    let age_ms = mail.oldest_pending_ms.map_or(0, |since_ms| app.admin.clock.now_ms().saturating_sub(since_ms).max(0));
    page.gauge(
        "conclave_mail_oldest_pending_seconds",
        "How long the oldest mail waits; 0 if none does.",
        seconds(age_ms),
    );
}

fn policies(page: &mut Page, app: &App) {
    let status = app.reloader.status();
    let stale = "1 while the folders of policies and schema hold what does not load, else 0.";
    page.gauge("conclave_policies_stale", stale, u8::from(status.failure.is_some()));
    let loaded = "When the policies in force were loaded, in seconds since 1970-01-01 UTC.";
    page.gauge("conclave_policies_loaded_timestamp_seconds", loaded, seconds(status.loaded_ms));
    let reloads = [("result=\"loaded\"", app.reloader.swapped()), ("result=\"failed\"", app.reloader.failed())];
    page.counter("conclave_policies_reloads_total", "Loads of policies after the start.", &reloads);
}

/// What is written down: refused attempts and, where it is asked for, decisions.
fn records(page: &mut Page, app: &App) {
    let dropped = "Refused attempts that were too many to be kept in the audit.";
    page.counter("conclave_audit_dropped_total", dropped, &[("", app.attempts.dropped())]);
    traces(page, app);
    let Some(recorder) = &app.recorder else { return };
    let counts = recorder.counts();
    page.counter("conclave_decision_log_written_total", "Decisions in the log.", &[("", counts.written)]);
    let dropped = "Decisions left out of the log because the queue was full.";
    page.counter("conclave_decision_log_dropped_total", dropped, &[("", counts.dropped)]);
    let failed = "Decisions left out of the log because the file took nothing.";
    page.counter("conclave_decision_log_failed_total", failed, &[("", counts.failed)]);
    let queued = "Memory of decisions that wait to be written, in bytes.";
    page.gauge("conclave_decision_log_queued_bytes", queued, recorder.queued_bytes());
    let queued_max = "How much memory they may take, in bytes.";
    page.gauge("conclave_decision_log_queued_bytes_max", queued_max, QUEUE_BYTES_MAX);
}

/// What became of spans, where requests are traced.
fn traces(page: &mut Page, app: &App) {
    let Some(tracing) = &app.tracing else { return };
    let Counts { sent, dropped, failed } = tracing.counts();
    let spans = [("result=\"sent\"", sent), ("result=\"dropped\"", dropped), ("result=\"failed\"", failed)];
    let help = "Spans by what became of them: sent, dropped as the queue was full, not taken by the collector.";
    page.counter("conclave_trace_spans_total", help, &spans);
}
