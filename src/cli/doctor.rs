//! `conclave doctor`: proves every invariant of the rules on a database.

use super::{DatabaseArguments, block_on, output};
use crate::admin::{Clock as _, SystemClock};
use crate::config::Config;
use crate::doctor::{Finding, Report, Severity, examine};
use crate::store::{Access, Store};
use clap::Args;
use miette::IntoDiagnostic as _;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::process::ExitCode;

const DETAILS: &str = "\
Reads only; a server may be running on the same database. Which tools a space has (S1) is
configuration: give the server's own --config, or its CONCLAVE_* variables.

Exit codes: 0 every invariant holds, 1 some do not, 2 the database cannot be read.";

/// What `conclave doctor` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[command(flatten)]
    settings: DatabaseArguments,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// Checks and prints what was found.
///
/// # Errors
/// A database or a configuration that cannot be read.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    let config = arguments.settings.load()?;
    let report = block_on(look(&config))??;
    let text = if arguments.json { format!("{}\n", as_json(&report)) } else { as_table(&report) };
    output::print(&text)?;
    Ok(if report.broken().next().is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn look(config: &Config) -> miette::Result<Report> {
    let store = Store::open(&config.database_url(), Access::ReadOnly).await.into_diagnostic()?;
    let report = examine(&store, &config.tool_kinds, SystemClock.now_ms()).await.into_diagnostic()?;
    store.close().await;
    Ok(report)
}

fn as_table(report: &Report) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        let state = match (finding.count, finding.severity) {
            (0, _) => "ok",
            (_, Severity::Broken) => "BROKEN",
            (_, Severity::Note) => "note",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{state:<6}  {:<5}  {}", finding.rule, finding.says);
        for offender in &finding.offenders {
            let _ = writeln!(text, "                 {}", printable(offender));
        }
        if let Some(more) = more(finding) {
            let _ = writeln!(text, "                 and {more} more");
        }
    }
    let broken = report.broken().count();
    let _ = match broken {
        0 => writeln!(text, "every invariant holds ({} checks)", report.findings.len()),
        _ => writeln!(text, "{broken} of {} checks found something broken", report.findings.len()),
    };
    text
}

fn more(finding: &Finding) -> Option<u64> {
    let named = u64::try_from(finding.offenders.len()).unwrap_or(u64::MAX);
    Some(finding.count.saturating_sub(named)).filter(|more| *more > 0)
}

/// A damaged database may hold what would make a terminal lie.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn as_json(report: &Report) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "rule": finding.rule,
            "says": finding.says,
            "severity": if finding.severity == Severity::Broken { "broken" } else { "note" },
            "count": finding.count,
            "offenders": finding.offenders,
        })
    };
    json!({
        "clean": report.broken().next().is_none(),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(count: u64) -> Report {
        let offenders = (0..count.min(2)).map(|n| format!("g{n}\n")).collect();
        Report { findings: vec![Finding { rule: "A6", says: "names", severity: Severity::Broken, offenders, count }] }
    }

    #[test]
    fn the_table_names_the_rule_and_who_breaks_it() {
        let text = as_table(&report(3));
        for part in ["BROKEN  A6     names\n", "g0\u{fffd}\n", "and 1 more\n", "1 of 1 checks"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(as_table(&report(0)).contains("ok      A6     names\nevery invariant holds (1 checks)"));
    }

    #[test]
    fn json_says_the_same() {
        let value = as_json(&report(3));
        assert_eq!(value["clean"], false);
        assert_eq!(value["findings"][0]["count"], 3);
        assert_eq!(as_json(&report(0))["clean"], true);
    }
}
