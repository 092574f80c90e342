//! `GET /metrics`: what was counted, in the text format of Prometheus.

use super::App;
use crate::counters::CacheCounters;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use std::fmt::{Display, Write as _};
use std::sync::Arc;

/// The text format, in its version.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page of numbers.
#[derive(Debug, Default)]
struct Page(String);

impl Page {
    /// A number that only ever rises while the process lives.
    fn counter(&mut self, name: &str, help: &str, values: &[(&str, u64)]) {
        self.add(name, "counter", help, values);
    }

    /// A number that is what it is.
    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.add(name, "gauge", help, &[("", value)]);
    }

    /// `values`, each with its labels, or with none.
    fn add(&mut self, name: &str, kind: &str, help: &str, values: &[(&str, impl Display)]) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            let _ = match *labels {
                "" => writeln!(self.0, "{name} {value}"),
                labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
            };
        }
    }

    fn caches(&mut self, [decisions, entities]: [CacheCounters; 2]) {
        let mut each = |name: &str, help: &str, of: fn(&CacheCounters) -> u64| {
            let values = [("cache=\"decisions\"", of(&decisions)), ("cache=\"entities\"", of(&entities))];
            self.counter(&format!("conclave_cache_{name}_total"), help, &values);
        };
        each("hits", "Values that were found and still right.", |counters| counters.hits);
        each("misses", "Values that had to be made.", |counters| counters.misses);
        each("evictions", "Values let go because the cache was full.", |counters| counters.evictions);
        each("invalidations", "Values that were found and no longer right.", |counters| counters.invalidations);
        each("restamps", "Hits of values that a write in between had not touched.", |counters| counters.restamps);
    }
}

/// What was counted since the process began.
#[utoipa::path(get, path = "/metrics", responses((status = 200, description = "The text format of Prometheus", content_type = "text/plain", body = String)))]
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], page(&app).0).into_response()
}

fn page(app: &App) -> Page {
    let mut page = Page::default();
    let (check, status) = (&app.check, app.reloader.status());
    page.gauge("conclave_revision", "The revision that answers are at least as new as.", check.revision());
    page.caches([check.decision_counters(), check.entity_counters()]);
    let mismatches = "Decisions that Cedar's own authorizer made otherwise.";
    page.counter("conclave_verification_mismatches_total", mismatches, &[("", check.mismatches())]);
    let stale = "1 while the folders of policies and schema hold what does not load, else 0.";
    page.gauge("conclave_policies_stale", stale, u8::from(status.failure.is_some()));
    let loaded = "When the policies in force were loaded, in seconds since 1970-01-01 UTC.";
    page.gauge("conclave_policies_loaded_timestamp_seconds", loaded, seconds(status.loaded_ms));
    let reloads = [("result=\"loaded\"", app.reloader.swapped()), ("result=\"failed\"", app.reloader.failed())];
    page.counter("conclave_policies_reloads_total", "Loads of policies after the start.", &reloads);
    let dropped = "Refused attempts that were too many to be kept in the audit.";
    page.counter("conclave_audit_dropped_total", dropped, &[("", app.attempts.dropped())]);
    if let Some(recorder) = &app.recorder {
        let counts = recorder.counts();
        page.counter("conclave_decision_log_written_total", "Decisions in the log.", &[("", counts.written)]);
        let dropped = "Decisions left out of the log because the queue was full.";
        page.counter("conclave_decision_log_dropped_total", dropped, &[("", counts.dropped)]);
        let failed = "Decisions left out of the log because the file took nothing.";
        page.counter("conclave_decision_log_failed_total", failed, &[("", counts.failed)]);
    }
    page
}

/// Milliseconds as seconds with a fraction.
fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", ms.unsigned_abs() / 1000, ms.unsigned_abs() % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_stands_beneath_what_it_is() {
        let mut page = Page::default();
        page.counter("a_total", "What a is.", &[("kind=\"x\"", 1), ("kind=\"y\"", 2)]);
        page.gauge("b_seconds", "What b is.", seconds(1_700_000_000_042));
        let text = "# HELP a_total What a is.\n# TYPE a_total counter\na_total{kind=\"x\"} 1\na_total{kind=\"y\"} 2\n\
                    # HELP b_seconds What b is.\n# TYPE b_seconds gauge\nb_seconds 1700000000.042\n";
        assert_eq!(page.0, text);
    }
}
