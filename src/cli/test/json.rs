//! What came of tests, for programs.

use super::text::percent;
use crate::domain::Decision;
use crate::engine::coverage::{Condition, PolicyCoverage, Seen};
use crate::workbench::coverage::Never;
use crate::workbench::{Coverage, Failure, Ran, Run};
use serde_json::{Value, json};

/// The whole report; one line.
pub(super) fn report(run: &Run<'_>) -> String {
    let report = json!({
        "questions": run.ran.len(),
        "failed": run.failed(),
        "tests": run.ran.iter().map(ran).collect::<Vec<_>>(),
        "coverage": coverage(&run.coverage),
    });
    format!("{report}\n")
}

fn ran(ran: &Ran) -> Value {
    let mut said = json!({"file": ran.file, "line": ran.line, "name": ran.name, "passed": ran.failure.is_none()});
    let Some(fields) = said.as_object_mut() else { return said };
    fields.extend(ran.rule.as_ref().map(|rule| ("rule".to_owned(), rule.as_str().into())));
    fields.extend(ran.failure.as_ref().map(|why| ("failure".to_owned(), failure(why))));
    said
}

fn failure(failure: &Failure) -> Value {
    let word = |decision: Decision| if decision == Decision::Allow { "Allow" } else { "Deny" };
    let got = match &failure.got {
        Ok(outcome) => json!({
            "decision": word(outcome.decision),
            "diagnostics": {"reason": outcome.reasons, "errors": outcome.errors},
        }),
        Err(error) => json!({"error": error}),
    };
    let expected = json!({"decision": word(failure.expected), "reason": failure.by});
    json!({"question": failure.question, "expected": expected, "got": got, "entities": failure.entities})
}

fn coverage(coverage: &Coverage<'_>) -> Value {
    let (seen, outcomes) = coverage.counts();
    let gaps = coverage.gaps();
    let never_of = |policy: usize, condition: Option<usize>| {
        let gap = gaps.iter().find(|gap| gap.policy == policy && gap.condition == condition);
        gap.map(|gap| match gap.never {
            Never::Reached => "reached",
            Never::True => "true",
            Never::False => "false",
        })
    };
    let policies = coverage.policies.iter().enumerate().map(|(number, covered)| {
        let conditions = covered.conditions.iter().enumerate();
        let conditions = conditions.map(|(part, written)| condition(written, never_of(number, Some(part))));
        policy(covered, never_of(number, None), &conditions.collect::<Vec<_>>())
    });
    let policies: Vec<_> = policies.collect();
    let percent: Value = serde_json::from_str(&percent(coverage.hundredths())).unwrap_or_default();
    json!({"percent": percent, "seen": seen, "outcomes": outcomes, "policies": policies, "wrong": coverage.wrong})
}

fn policy(covered: &PolicyCoverage<'_>, never: Option<&str>, conditions: &[Value]) -> Value {
    json!({
        "id": covered.policy.id,
        "rule": covered.policy.rule,
        "file": covered.policy.file,
        "line": covered.policy.line,
        "seen": seen(covered.seen),
        "never": never,
        "conditions": conditions,
    })
}

fn condition(part: &Condition, never: Option<&str>) -> Value {
    json!({"text": part.text, "line": part.line, "column": part.column, "seen": seen(part.seen), "never": never})
}

fn seen(seen: Seen) -> Value {
    json!({"true": seen.held, "false": seen.failed, "errors": seen.errors})
}
