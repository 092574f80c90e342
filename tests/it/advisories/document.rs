//! `docs/threat-model.md` names tests as proof. Here it is held to them.

use crate::by_rule::{below, tests_in};
use std::collections::BTreeSet;
use std::path::Path;

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Every `path.rs::test`.
fn named(document: &str) -> BTreeSet<(&str, &str)> {
    quoted(document)
        .filter_map(|text| text.split_once(".rs::").map(|(path, name)| (&text[..path.len() + 3], name)))
        .collect()
}

/// What is named and not there; `read` gives a source by its path.
fn missing(document: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let is_there = |path: &str, name: &str| read(path).is_some_and(|source| tests_in(&source).contains(name));
    named(document)
        .into_iter()
        .filter(|(path, name)| !is_there(path, name))
        .map(|(path, name)| format!("{path}::{name}"))
        .collect()
}

fn is_advisory(text: &str) -> bool {
    let groups = |rest: &str, count, is: fn(char) -> bool| {
        let groups: Vec<_> = rest.split('-').collect();
        groups.len() == count && groups.iter().all(|group| group.len() >= 4 && group.chars().all(is))
    };
    let digits: fn(char) -> bool = |c| c.is_ascii_digit();
    text.strip_prefix("CVE-").is_some_and(|rest| groups(rest, 2, digits))
        || text.strip_prefix("GHSA-").is_some_and(|rest| groups(rest, 3, |c| c.is_ascii_alphanumeric()))
}

/// The rows of the table of advisories: each begins with the id of one.
fn advisories(document: &str) -> Vec<&str> {
    let first = |line: &str| line.trim_start_matches(['|', ' ']).split([' ', ',']).next().map(is_advisory);
    document.lines().filter(|line| line.starts_with('|') && first(line) == Some(true)).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn document() -> String {
    std::fs::read_to_string(root().join("docs/threat-model.md")).unwrap()
}

#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let document = document();
    assert!(named(&document).len() > 50, "the document names its tests as `path.rs::test`");
    let gone = missing(&document, |path| std::fs::read_to_string(root().join(path)).ok());
    assert!(gone.is_empty(), "renamed, ignored or gone: {gone:#?}");
}

#[test]
fn every_file_that_the_threat_model_names_is_there() {
    let document = document();
    let files = quoted(&document).filter(|text| {
        text.split_once('/').is_some_and(|(folder, _)| ["src", "tests", "docs", "schema", "policies"].contains(&folder))
            && !text.contains([':', ' ', '*'])
    });
    let gone: Vec<_> = files.filter(|path| !root().join(path).exists()).collect();
    assert!(gone.is_empty(), "{gone:#?}");
}

#[test]
fn each_advisory_of_the_table_has_a_test_here() {
    let document = document();
    let rows = advisories(&document);
    assert!(rows.len() >= 10, "{}", rows.len());
    let without: Vec<_> = rows.into_iter().filter(|row| named(row).is_empty()).collect();
    assert!(without.is_empty(), "{without:#?}");
}

#[test]
fn each_test_of_an_advisory_is_named_in_the_threat_model() {
    let (document, folder) = (document(), root().join("tests/it/advisories"));
    for path in below(folder, "rs").into_iter().filter(|path| !path.ends_with("document.rs")) {
        let source = std::fs::read_to_string(&path).unwrap();
        let path = path.strip_prefix(root()).unwrap().to_str().unwrap();
        for name in tests_in(&source) {
            assert!(named(&document).contains(&(path, name.as_str())), "{path}::{name} proves nothing that is said");
        }
    }
}

#[test]
fn a_test_that_is_not_there_is_missed() {
    let source = format!("{}\nasync fn good() {{}}\nfn helper() {{}}\n", "#[tokio::test]");
    let read = |path: &str| (path == "tests/a.rs").then(|| source.clone());
    let text = "It is `tests/a.rs::good`, `tests/a.rs::helper`, `tests/a.rs::gone` and `tests/b.rs::good`, not `a::b`.";
    assert_eq!(missing(text, read), ["tests/a.rs::gone", "tests/a.rs::helper", "tests/b.rs::good"]);
    let table = "| CVE-2024-12345, `x.rs::y` | \n| GHSA-2222-3333-x4x4 |\n| CVE-no | \n| id |\nCVE-2024-12345";
    assert_eq!(advisories(table).len(), 2);
}
