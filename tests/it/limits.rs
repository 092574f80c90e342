//! `docs/limits.md` says every bound that there is, in the words of `src/config/limits.rs`. `CONCLAVE_UPDATE_GOLDEN=1`
//! writes it anew.

use conclave::config::Limits;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const HEAD: &str = "\
# Limits

No queue, body, depth, list or wait is without a bound. Written by a test from `src/config/limits.rs` and `src/store/limits.rs`:
change it there. Bounds of policy files, mail, proofs, tests and the client are in `src/*/limits.rs`.

## Settings

In the file below `[limits]`, or each by a variable: `connections_max` is `CONCLAVE_LIMITS_CONNECTIONS_MAX`.

| setting | default | may be | what it bounds |
| --- | ---: | --- | --- |
";

const FIXED: &str = "
## Fixed

| bound | value | what it bounds |
| --- | ---: | --- |
";

/// What is declared, by its name: its value if it has one there, and its comment in one line.
fn declared(source: &str) -> Vec<(String, Option<String>, String)> {
    let (mut found, mut comment) = (Vec::new(), Vec::new());
    for line in source.lines().map(str::trim) {
        let item = line
            .strip_prefix("pub const ")
            .or_else(|| line.strip_prefix("pub "))
            .filter(|item| !["fn ", "struct "].iter().any(|other| item.starts_with(other)));
        if let Some(text) = line.strip_prefix("///") {
            comment.push(text.trim());
        } else if let Some((name, rest)) = item.and_then(|item| item.split_once(": ")) {
            let value = rest.trim_end_matches([',', ';']).split_once(" = ").map(|(_, value)| value.to_owned());
            found.push((name.to_owned(), value, comment.join(" ")));
            comment.clear();
        } else if !line.starts_with("#[") {
            comment.clear();
        }
    }
    found
}

fn document() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    let source = read("src/config/limits.rs");
    let ranges: BTreeMap<_, _> =
        Limits::default().ranges().into_iter().map(|(name, value, least, most)| (name, (value, least, most))).collect();
    let (mut settings, mut fixed) = (HEAD.to_owned(), FIXED.to_owned());
    let mut listed = 0;
    for (name, value, comment) in declared(source.split("#[cfg(test)]").next().unwrap()) {
        assert!(!comment.is_empty(), "{name} says nothing of itself");
        if let Some(value) = value {
            writeln!(fixed, "| `{name}` | `{value}` | {comment} |").unwrap();
        } else {
            let (value, least, most) = ranges[name.as_str()];
            writeln!(settings, "| `{name}` | {value} | {least} to {most} | {comment} |").unwrap();
            listed += 1;
        }
    }
    assert_eq!(listed, ranges.len());
    for (name, value, comment) in declared(&read("src/store/limits.rs")) {
        let units = [("from_mins", "minutes"), ("from_secs", "seconds"), ("from_millis", "milliseconds")];
        let value =
            units.iter().fold(value.unwrap(), |value, (made, unit)| value.replace(&format!("Duration::{made}"), unit));
        let comment = comment.replace("[`super::StoreError::Busy`]", "`Busy`");
        writeln!(fixed, "| `{name}` | `{value}` | {comment} |").unwrap();
    }
    settings
        + &fixed
        + &read("docs/limits.md").split_once("\n## How").map_or_else(String::new, |(_, rest)| format!("\n## How{rest}"))
}

#[test]
fn every_bound_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/limits.md");
    let document = document();
    if std::env::var_os("CONCLAVE_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == document, "docs/limits.md is not what it should be; set CONCLAVE_UPDATE_GOLDEN=1 to write it");
}
