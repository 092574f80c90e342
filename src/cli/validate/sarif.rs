//! Problems as SARIF 2.1.0, the form in which code scanning takes them.

use crate::engine::{Examination, Problem};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// What stays as it is in the path of an address.
const PATH: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What each kind of problem is, for whoever reads only that.
const KINDS: [(&str, &str); 20] = [
    ("duplicate-id", "Two policies have the same id."),
    ("feature-off", "A policy is left out, as it names a feature that is not on."),
    ("forbid-may-fail", "A forbid can fail when it is evaluated, and denies then."),
    ("limit", "More than can be loaded."),
    ("missing-has", "An attribute or tag that may be absent is read without `has`."),
    ("missing-id", "A policy has no `@id`."),
    ("missing-rule", "A policy has no `@rule`."),
    ("never-applies", "A policy can never apply."),
    ("no-policy", "No policy is in force, so everything is denied."),
    ("policies", "The policies cannot be loaded."),
    ("schema", "The schema has a mistake."),
    ("suspicious", "Something reads as what it is not."),
    ("syntax", "This is no policy."),
    ("template", "A template is no policy of its own."),
    ("too-deep", "A policy looks further than a decision can load."),
    ("type", "The types do not fit."),
    ("unknown-action", "The schema has no such action."),
    ("unknown-attribute", "The schema has no such attribute there."),
    ("unknown-type", "The schema has no such type."),
    ("unreadable", "A file or folder cannot be read."),
];

/// The whole log.
pub(super) fn report(found: &Examination) -> String {
    let codes: BTreeSet<_> = found.problems.iter().map(Problem::code).collect();
    let codes: Vec<_> = codes.into_iter().collect();
    let rules: Vec<_> = codes.iter().map(|code| rule(code)).collect();
    let results: Vec<_> = found.problems.iter().map(|problem| result(problem, &codes)).collect();
    let driver = json!({
        "name": "conclave",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    });
    format!("{log:#}\n")
}

fn rule(code: &str) -> Value {
    let known = KINDS.iter().find(|(known, _)| *known == code);
    let text = known.map_or_else(|| code.replace('-', " "), |(_, text)| (*text).to_owned());
    json!({"id": code, "shortDescription": {"text": text}})
}

fn result(problem: &Problem, codes: &[&str]) -> Value {
    let text = problem.advice().map_or_else(String::new, |help| format!("\n{help}"));
    let mut result = json!({
        "ruleId": problem.code(),
        "ruleIndex": codes.iter().position(|code| *code == problem.code()),
        "level": if problem.is_error() { "error" } else { "warning" },
        "message": {"text": problem.message().to_owned() + &text},
    });
    if let (Some((file, line, column)), Some((end_line, end_column))) = (problem.position(), problem.end())
        && let Some(fields) = result.as_object_mut()
    {
        let region = json!({"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column});
        let place = json!({"physicalLocation": {"artifactLocation": {"uri": uri(file)}, "region": region}});
        fields.insert("locations".to_owned(), json!([place]));
    }
    result
}

/// A path as an address: relative ones stay relative, to wherever the reader has the files.
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let encoded = utf8_percent_encode(path, &PATH);
    if Path::new(path).is_absolute() { format!("file://{encoded}") } else { encoded.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_an_address() {
        assert_eq!(uri("./policies/my own.cedar"), "policies/my%20own.cedar");
        assert_eq!(uri("/etc/conclave/ä.cedar"), "file:///etc/conclave/%C3%A4.cedar");
    }
}
