//! What came of tests, for people.

use super::Hundredths;
use crate::domain::{Decision, Outcome};
use crate::workbench::coverage::{Gap, Never};
use crate::workbench::{Coverage, Failure, Ran, Run};
use smol_str::SmolStr;
use std::fmt::Write as _;

/// Failures, coverage, and one line that sums up. `wanted` is the coverage that was asked for and is not there.
pub(super) fn report(run: &Run<'_>, wanted: Option<Hundredths>) -> String {
    let mut out = String::new();
    for ran in &run.ran {
        if let Some(failure) = &ran.failure {
            out += &failed(ran, failure);
        }
    }
    out += &coverage(&run.coverage);
    for wrong in &run.coverage.wrong {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "unreachable? {wrong}");
    }
    let (all, failed) = (run.ran.len(), run.failed());
    let noun = if all == 1 { "question" } else { "questions" };
    let _ = writeln!(out, "\n{all} {noun}: {} as expected, {failed} not", all - failed);
    let (seen, outcomes) = run.coverage.counts();
    let _ = write!(out, "coverage: {} % ({seen} of {outcomes} outcomes seen)", percent(run.coverage.hundredths()));
    if let Some(Hundredths(wanted)) = wanted {
        let _ = write!(out, ", less than {} %", percent(wanted));
    }
    out.push('\n');
    out
}

/// Why a question failed, in a few lines.
pub(super) fn failed(ran: &Ran, failure: &Failure) -> String {
    let rule = ran.rule.as_ref().map(|rule| format!(" ({rule})")).unwrap_or_default();
    format!("FAIL {}:{} {}{rule}\n{}\n", ran.file, ran.line, ran.name, reason(failure))
}

/// What was asked, expected and got, and where the entities are described.
pub(super) fn reason(failure: &Failure) -> String {
    let mut out = format!("  asked     {}\n", failure.question);
    let by = failure.by.as_ref().map(|by| format!(" {}", policies(by))).unwrap_or_default();
    // Writing to a String cannot fail.
    let _ = writeln!(out, "  expected  {}{by}", shown(failure.expected));
    match &failure.got {
        Ok(Outcome { decision, reasons, errors }) => {
            let _ = writeln!(out, "  got       {} {}", shown(*decision), policies(reasons));
            for error in errors {
                let _ = writeln!(out, "            {error}");
            }
        }
        Err(error) => {
            let _ = writeln!(out, "  got       no decision: {error}");
        }
    }
    for entity in &failure.entities {
        let _ = writeln!(out, "  {entity}");
    }
    out
}

const fn shown(decision: Decision) -> &'static str {
    match decision {
        Decision::Allow => "allow",
        Decision::Deny => "deny",
    }
}

fn policies(ids: &[SmolStr]) -> String {
    if ids.is_empty() { "by no policy".to_owned() } else { format!("by {}", ids.join(", ")) }
}

/// One line for each policy, and one for each of its conditions of which something was not seen.
fn coverage(coverage: &Coverage<'_>) -> String {
    let gaps = coverage.gaps();
    let width = coverage.policies.iter().map(|covered| covered.policy.id.chars().count()).max().unwrap_or(0);
    let mut out = format!("{:width$}  {:>7} {:>7}  conditions\n", "policy", "true", "false");
    for (number, covered) in coverage.policies.iter().enumerate() {
        let missing: Vec<_> = gaps.iter().filter(|gap| gap.policy == number).collect();
        let conditions = covered.conditions.len();
        let seen = conditions - missing.iter().filter(|gap| gap.condition.is_some()).count();
        let (id, seen_whole) = (covered.policy.id, covered.seen);
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "{id:width$}  {:>7} {:>7}  {seen} of {conditions}",
            seen_whole.held,
            seen_whole.failed + seen_whole.errors
        );
        for gap in missing {
            out += &line(coverage, *gap);
        }
    }
    out
}

fn line(coverage: &Coverage<'_>, gap: Gap) -> String {
    let Some(covered) = coverage.policies.get(gap.policy) else { return String::new() };
    let never = never(gap.never);
    match gap.condition.and_then(|number| covered.conditions.get(number)) {
        None => format!("  {never}: the policy itself, {}:{}\n", covered.policy.file, covered.policy.line),
        Some(part) => format!("  {never}: {}, {}:{}:{}\n", part.text, covered.policy.file, part.line, part.column),
    }
}

/// As people read it.
pub(super) const fn never(never: Never) -> &'static str {
    match never {
        Never::Reached => "never reached",
        Never::True => "never true",
        Never::False => "never false",
    }
}

/// `97.5` of hundredths of a percent.
pub(super) fn percent(hundredths: usize) -> String {
    let text = format!("{}.{:02}", hundredths / 100, hundredths % 100);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
