//! For programs.

use super::{Report, told};
use crate::domain::Outcome;
use crate::prove::{Changed, Replayed, Row};
use miette::IntoDiagnostic as _;
use serde_json::{Map, Value, json};

impl Report {
    pub(in crate::cli::diff) fn json(mut self) -> miette::Result<String> {
        let mut rows = Vec::new();
        for row in &self.rows {
            let mut value = environment(row);
            for told in told(row, &mut self.folder)? {
                let difference = told.difference;
                let name = if told.is_allowed { "newly_allowed" } else { "newly_denied" };
                let example = json!({
                    "request": difference.example.request_json(), "entities": difference.example.entities,
                    "old": difference.old.as_ref().map(outcome), "new": difference.new.as_ref().map(outcome),
                    "files": told.files,
                });
                value.insert(name.to_owned(), example);
            }
            rows.push(Value::Object(value));
        }
        let report = json!({"environments": rows, "replay": self.replayed.as_ref().map(replay)});
        Ok(serde_json::to_string_pretty(&report).into_diagnostic()? + "\n")
    }
}

fn environment(row: &Row) -> Map<String, Value> {
    let mut value = Map::new();
    let parts = [
        ("principal", json!(row.environment.principal)),
        ("action", json!(row.environment.action)),
        ("resource", json!(row.environment.resource)),
        ("known_to", json!(row.known_to)),
        ("change", json!(row.change())),
        ("unproved", json!(row.unproved)),
    ];
    value.extend(parts.map(|(name, part)| (name.to_owned(), part)));
    value
}

fn outcome(outcome: &Outcome) -> Value {
    json!({"decision": outcome.decision, "reason": outcome.reasons, "errors": outcome.errors})
}

fn replay(replayed: &Replayed) -> Value {
    let unusable = replayed.unusable_lines.iter().map(|(line, why)| json!({"line": line, "why": why}));
    json!({
        "decisions": replayed.decisions, "newly_allowed": replayed.newly_allowed,
        "newly_denied": replayed.newly_denied, "otherwise_logged": replayed.otherwise_logged,
        "changed": replayed.changed.iter().map(changed).collect::<Vec<_>>(),
        "unusable": replayed.unusable, "unusable_lines": unusable.collect::<Vec<_>>(),
    })
}

fn changed(changed: &Changed) -> Value {
    let Changed { line, decision_id, timestamp, request, logged, old, new } = changed;
    json!({
        "line": line, "decision_id": decision_id, "timestamp": timestamp,
        "principal": request.principal.to_string(), "action": request.action.to_string(),
        "resource": request.resource.to_string(), "context": request.context, "logged": logged,
        "old": {"decision": old.0, "reason": old.1}, "new": {"decision": new.0, "reason": new.1},
    })
}
