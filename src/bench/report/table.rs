//! A report for people.

use super::{Limit, QUANTILES, RateReport, Report, Workload};
use crate::bench::mix::Kind;
use std::fmt::Write as _;

// Writing to a String cannot fail, here and below.
impl Report {
    /// What was asked, a line for each rate, and what there is to say of some of them.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = self.workload.describe();
        let _ = writeln!(text, "{}, {} connections\n", self.target, self.connections);
        let _ = write!(text, "{:>10} {:>10}", "wanted/s", "achieved/s");
        for (name, _) in QUANTILES {
            let _ = write!(text, " {name:>8}");
        }
        let _ = writeln!(text, " {:>8}   latency, from when each request was due", "max");
        for rate in &self.rates {
            rate.row(&mut text);
        }
        for note in self.rates.iter().flat_map(RateReport::notes) {
            let _ = writeln!(text, "{note}");
        }
        text
    }
}

impl Workload {
    fn describe(&self) -> String {
        let mut text = format!("{} questions, {} of them different:", self.questions, self.distinct);
        let known = Kind::ALL.map(Kind::name);
        let rank = |name: &str| known.iter().position(|other| *other == name).unwrap_or(known.len());
        let mut actions: Vec<_> = self.actions.iter().collect();
        actions.sort_by_key(|(name, _)| rank(name));
        for (name, part) in actions {
            let _ = write!(text, " {name} {:.0} %,", 100.0 * part);
        }
        let _ = match self.allowed_share {
            Some(part) => writeln!(text, " {:.0} % allowed", 100.0 * part),
            None => writeln!(text, " answers unknown"),
        };
        text
    }
}

impl RateReport {
    fn row(&self, text: &mut String) {
        let _ = write!(text, "{:>10.0} {:>10.0}", self.wanted_per_second, self.achieved_per_second);
        for time in self.latency_us.quantiles().into_iter().chain([self.latency_us.max]) {
            let _ = write!(text, " {:>8}", time.map_or_else(|| "-".to_owned(), readable));
        }
        text.push('\n');
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(wrong @ 1..) = self.wrong {
            notes.push(format!("{wrong} WRONG DECISIONS of {}", self.answered));
        }
        for (said, count) in &self.errors {
            notes.push(format!("{count} of {} requests failed: {said}", self.requests));
        }
        if self.unanswered > 0 {
            notes.push(format!("{} of {} requests had no answer in the end", self.unanswered, self.requests));
        }
        notes.extend(self.limit.and_then(Limit::advice).map(str::to_owned));
        notes.iter().map(|note| format!("at {:.0}/s: {note}", self.wanted_per_second)).collect()
    }
}

impl Limit {
    const fn advice(self) -> Option<&'static str> {
        match self {
            Self::Client => Some("this program was the limit and not the server: give it more --threads"),
            Self::Server => Some("the server was the limit, or too few --connections"),
            Self::Machine => Some("this machine was the limit"),
            Self::Errors => None,
        }
    }
}

/// A time in a few characters, with its unit.
fn readable(microseconds: f64) -> String {
    match microseconds {
        us if us < 10.0 => format!("{us:.1} us"),
        us if us < 1e3 => format!("{us:.0} us"),
        us if us < 1e4 => format!("{:.1} ms", us / 1e3),
        us if us < 1e6 => format!("{:.0} ms", us / 1e3),
        us => format!("{:.1} s", us / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_and_have_a_unit() {
        for (us, said) in [
            (0.04, "0.0 us"),
            (9.9, "9.9 us"),
            (12.3, "12 us"),
            (1_234.0, "1.2 ms"),
            (45_600.0, "46 ms"),
            (2.5e6, "2.5 s"),
        ] {
            assert_eq!(readable(us), said);
        }
    }
}
