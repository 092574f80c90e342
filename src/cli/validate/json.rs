//! Problems as one object of JSON.

use crate::engine::{Examination, Problem};
use serde_json::{Value, json};

/// The whole report; one line.
pub(super) fn report(found: &Examination) -> String {
    let summary = found
        .summary
        .map(|summary| json!({"policies": summary.policies, "actions": summary.actions, "level": summary.level}));
    let report = json!({
        "valid": found.is_valid(),
        "errors": found.errors(),
        "warnings": found.problems.len() - found.errors(),
        "summary": summary,
        "problems": found.problems.iter().map(problem).collect::<Vec<_>>(),
    });
    format!("{report}\n")
}

fn problem(problem: &Problem) -> Value {
    let mut said = json!({
        "severity": if problem.is_error() { "error" } else { "warning" },
        "code": problem.code(),
        "message": problem.message(),
    });
    let Some(fields) = said.as_object_mut() else { return said };
    fields.extend(problem.advice().map(|help| ("help".to_owned(), help.into())));
    if let (Some((file, line, column)), Some((end_line, end_column))) = (problem.position(), problem.end()) {
        fields.insert("file".to_owned(), file.into());
        let place = [("line", line), ("column", column), ("end_line", end_line), ("end_column", end_column)];
        fields.extend(place.map(|(name, number)| (name.to_owned(), number.into())));
    }
    said
}
