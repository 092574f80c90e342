//! The text format of Prometheus, as it is written.

use crate::counters::Durations;
use std::fmt::{Display, Write as _};

/// A page of numbers.
#[derive(Debug, Default)]
pub(super) struct Page(pub(super) String);

impl Page {
    /// A number that only ever rises while the process lives.
    pub(super) fn counter(&mut self, name: &str, help: &str, values: &[(&str, u64)]) {
        self.add(name, "counter", help, values);
    }

    /// A number that is what it is.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.add(name, "gauge", help, &[("", value)]);
    }

    /// Several of them, each with its labels.
    pub(super) fn gauges(&mut self, name: &str, help: &str, values: &[(&str, impl Display)]) {
        self.add(name, "gauge", help, values);
    }

    /// How long something took, each with its label.
    pub(super) fn histogram(&mut self, name: &str, help: &str, values: &[(String, Durations)]) {
        self.head(name, "histogram", help);
        for (label, durations) in values {
            for (bound, count) in &durations.at_most {
                self.line(&format!("{name}_bucket"), &format!("{label},le=\"{bound}\""), count);
            }
            let nanoseconds = durations.nanoseconds;
            let sum = format!("{}.{:09}", nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
            self.line(&format!("{name}_sum"), label, sum);
            self.line(&format!("{name}_count"), label, durations.count());
        }
    }

    /// `values`, each with its labels, or with none.
    fn add(&mut self, name: &str, kind: &str, help: &str, values: &[(&str, impl Display)]) {
        self.head(name, kind, help);
        for (labels, value) in values {
            self.line(name, labels, value);
        }
    }

    // Writing to a String cannot fail.
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl Display) {
        let _ = match labels {
            "" => writeln!(self.0, "{name} {value}"),
            labels => writeln!(self.0, "{name}{{{labels}}} {value}"),
        };
    }
}

/// Milliseconds as seconds with a fraction.
pub(super) fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", ms.unsigned_abs() / 1000, ms.unsigned_abs() % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::Histogram;
    use std::time::Duration;

    #[test]
    fn each_number_stands_beneath_what_it_is() {
        let mut page = Page::default();
        page.counter("a_total", "What a is.", &[("kind=\"x\"", 1), ("kind=\"y\"", 2)]);
        page.gauge("b_seconds", "What b is.", seconds(1_700_000_000_042));
        let text = "# HELP a_total What a is.\n# TYPE a_total counter\na_total{kind=\"x\"} 1\na_total{kind=\"y\"} 2\n\
                    # HELP b_seconds What b is.\n# TYPE b_seconds gauge\nb_seconds 1700000000.042\n";
        assert_eq!(page.0, text);
    }

    #[test]
    fn of_durations_stand_there_bounds_sum_and_number() {
        let (mut page, histogram) = (Page::default(), Histogram::default());
        histogram.add(Duration::from_millis(1_500));
        page.histogram("c_seconds", "What c is.", &[("way=\"x\"".to_owned(), histogram.read())]);
        let lines: Vec<_> = page.0.lines().collect();
        assert_eq!(lines[1], "# TYPE c_seconds histogram");
        for line in [
            "c_seconds_bucket{way=\"x\",le=\"1\"} 0",
            "c_seconds_bucket{way=\"x\",le=\"2.5\"} 1",
            "c_seconds_bucket{way=\"x\",le=\"+Inf\"} 1",
            "c_seconds_sum{way=\"x\"} 1.500000000",
            "c_seconds_count{way=\"x\"} 1",
        ] {
            assert!(lines.contains(&line), "{line}: {}", page.0);
        }
    }
}
