//! `conclave validate` on a folder in which everything is wrong, in each of its formats.

use super::{Bench, ROOT, Said, is_golden, run_in};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn validated(format: &str) -> Said {
    let places = ["--policies", "tests/data/broken/policies", "--schema", "tests/data/broken/schema"];
    run_in(Path::new(ROOT), &[&["validate", "--format", format][..], &places].concat())
}

#[test]
fn every_problem_is_told_at_once_with_carets_and_suggestions() {
    let (code, out, err) = validated("text");
    assert_eq!((code, err.as_str()), (Some(1), ""));
    is_golden("validate/broken.txt", &out);
    for told in [
        "the policy id `buyer` is used twice",
        "this policy has no `@id`",
        "the policy `no-rule` has no `@rule`",
        "did you mean `Action::\"read\"`?",
        "`buyer`",
        "`e has note && ..`",
        "the forbid `may-fail` may fail",
        "requires level",
        "is not a valid operator",
        "────",
    ] {
        assert!(out.contains(told), "{told}");
    }
}

#[test]
fn json_says_the_same() {
    let (code, out, _) = validated("json");
    assert_eq!(code, Some(1));
    let report: Value = serde_json::from_str(&out).unwrap();
    let problems = report["problems"].as_array().unwrap();
    let codes: BTreeSet<_> = problems.iter().map(|problem| problem["code"].as_str().unwrap()).collect();
    let expected = [
        "duplicate-id",
        "forbid-may-fail",
        "missing-has",
        "missing-id",
        "missing-rule",
        "never-applies",
        "syntax",
        "too-deep",
        "unknown-action",
        "unknown-attribute",
    ];
    for code in expected {
        assert!(codes.contains(code), "no {code} in {codes:?}");
    }
    let errors = problems.iter().filter(|problem| problem["severity"] == "error").count();
    assert_eq!((&report["valid"], &report["errors"]), (&Value::from(false), &Value::from(errors)));
    is_golden("validate/broken.json", &format!("{report:#}\n"));
}

#[test]
fn sarif_has_the_structure_of_sarif() {
    let (code, out, _) = validated("sarif");
    assert_eq!(code, Some(1));
    is_golden("validate/broken.sarif", &out);
    let log: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().ends_with("sarif-schema-2.1.0.json"));
    let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("one run") };
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string());
    let rules: Vec<_> = driver["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(rules.iter().collect::<BTreeSet<_>>().len(), rules.len(), "each rule once");
    let results = run["results"].as_array().unwrap();
    assert!(results.len() > 8);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index], result["ruleId"]);
        assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        for location in result["locations"].as_array().into_iter().flatten() {
            let place = &location["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            assert!(Path::new(ROOT).join(uri).is_file(), "{uri}");
            let of = |name: &str| place["region"][name].as_u64().unwrap();
            assert!(of("startLine") >= 1 && of("startColumn") >= 1);
            assert!((of("endLine"), of("endColumn")) >= (of("startLine"), of("startColumn")));
        }
    }
}

#[test]
fn github_shows_it_beside_the_lines() {
    let (code, out, _) = validated("github");
    assert_eq!(code, Some(1));
    is_golden("validate/broken.github.txt", &out);
    let commands: Vec<_> = out.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(commands.len() + 1, out.lines().count());
    assert!(commands.iter().all(|line| line.starts_with("::error ") || line.starts_with("::warning ")), "{out}");
    assert!(
        commands.iter().any(|line| line.contains("file=tests/data/broken/policies/a-names.cedar,line=10,")),
        "{out}"
    );
}

#[test]
fn a_set_without_mistakes_is_valid_in_every_format() {
    let bench = Bench::new(&[]);
    for format in ["text", "json", "sarif", "github"] {
        let (code, out, err) = bench.run(&["validate", "--format", format]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        assert!(format != "json" || out.contains("\"valid\":true"), "{out}");
    }
    assert_eq!(bench.run(&["validate", "--format", "xml"]).0, Some(2));
}
