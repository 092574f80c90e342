//! `conclave test`.

use super::{Bench, ROOT, run_in};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

const SCHEMA: &str = "entity User; entity Doc { owner: User, open: Bool, n: Long, reader?: User };
    action read, write appliesTo { principal: User, resource: Doc, context: { urgent?: Bool } };";

const POLICIES: &str = "@id(\"owner\") @rule(\"X1\")
permit (principal, action, resource)
when { resource.owner == principal }
unless { resource.n + 1 > 10 };

@id(\"reader\") @rule(\"X2\")
permit (principal, action == Action::\"read\", resource)
when { resource.open || (resource has reader && resource.reader == principal) };

@id(\"chief\")
permit (principal == User::\"chief\", action, resource);
";

const WORLD: &str = "entities:
  - {uid: 'User::\"ann\"'}
  - {uid: 'User::\"ben\"'}
  - uid: Doc::\"d\"
    attrs: {owner: {type: User, id: ann}, open: false, n: 1, reader: {type: User, id: ben}}
  - uid: Doc::\"full\"
    attrs: {owner: {type: User, id: ann}, open: true, n: 10}
  - uid: Doc::\"broken\"
    attrs: {owner: {type: User, id: ann}, open: true, n: 9223372036854775807}
";

fn bench(tests: &str) -> Bench {
    let tests = format!("{WORLD}tests:\n{tests}");
    Bench::new(&[("p/a.cedar", POLICIES), ("s/a.cedarschema", SCHEMA), ("t/a.yaml", &tests)])
}

fn tested(bench: &Bench, more: &[&str]) -> (Option<i32>, String, String) {
    bench.run(&[&["test", "t", "--policies", "p", "--schema", "s"], more].concat())
}

fn reported(bench: &Bench, more: &[&str]) -> (Option<i32>, Value) {
    let (code, out, err) = tested(bench, &[&["--json"], more].concat());
    assert!(out.starts_with('{'), "{out}{err}");
    (code, serde_json::from_str(&out).unwrap())
}

#[test]
fn every_built_in_policy_and_condition_is_seen_both_ways_and_every_rule_is_tested() {
    let (code, out, err) = run_in(Path::new(ROOT), &["test", "policies/tests", "--min-coverage", "100"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.ends_with("outcomes seen)\n") && out.contains("coverage: 100 %"), "{out}");
    let (_, out, _) = run_in(Path::new(ROOT), &["test", "policies/tests", "--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    let ids = |list: &Value, of: &str| -> BTreeSet<String> {
        list.as_array().unwrap().iter().filter_map(|one| one[of].as_str()).map(str::to_owned).collect()
    };
    let (tested, decided) = (ids(&report["tests"], "rule"), ids(&report["coverage"]["policies"], "rule"));
    assert!(decided.is_subset(&tested), "rules without a test: {:?}", decided.difference(&tested).collect::<Vec<_>>());
    assert_eq!(report["coverage"]["percent"], 100);
}

#[test]
fn the_policies_beside_their_tests_load_as_ever() {
    let (code, out, err) = run_in(Path::new(ROOT), &["validate", "--policies", "policies", "--schema", "schema"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
}

#[test]
fn a_test_that_passes_says_nothing_and_one_that_fails_says_all() {
    let bench = bench(
        "  - {name: the owner reads, principal: 'User::\"ann\"', action: read, resource: 'Doc::\"d\"', expect: allow, by: [owner]}
  - name: a stranger writes
    rule: X9
    principal: [User::\"ben\", User::\"zoe\"]
    action: write
    resource: Doc::\"d\"
    expect: Allow
    by: [owner]
  - {name: by another, principal: 'User::\"ben\"', action: read, resource: 'Doc::\"d\"', expect: allow, by: [chief, owner]}
  - {name: no such question, principal: 'Doc::\"d\"', action: read, resource: 'Doc::\"d\"', expect: deny}
",
    );
    let (code, out, err) = tested(&bench, &[]);
    assert_eq!((code, err.as_str()), (Some(1), ""));
    assert!(!out.contains("the owner reads"), "{out}");
    assert!(
        out.contains(
            "FAIL t/a.yaml:12 a stranger writes: User::\"ben\" write Doc::\"d\" (X9)
  asked     User::\"ben\" write Doc::\"d\"
  expected  allow by owner
  got       deny by no policy
  principal User::\"ben\" is described at t/a.yaml:3
  resource Doc::\"d\" is described at t/a.yaml:4
"
        ),
        "{out}"
    );
    assert!(out.contains("principal User::\"zoe\" is not described"), "{out}");
    assert!(out.contains("expected  allow by chief, owner\n  got       allow by reader\n"), "{out}");
    assert!(out.contains("got       no decision: `principal`"), "{out}");
    assert!(out.contains("5 questions: 1 as expected, 4 not"), "{out}");
}

#[test]
fn a_policy_that_cannot_be_evaluated_fails_the_test_unless_it_says_so() {
    let fails =
        "  - {principal: 'User::\"ann\"', action: write, resource: 'Doc::\"broken\"', expect: deny, fails: [owner]}\n";
    assert_eq!(tested(&bench(fails), &[]).0, Some(0));
    let (code, out, _) = tested(&bench(&fails.replace(", fails: [owner]", "")), &[]);
    assert_eq!(code, Some(1));
    assert!(out.contains("error while evaluating policy `owner`"), "{out}");
    assert_eq!(tested(&bench(&fails.replace("broken", "d").replace("deny", "allow")), &[]).0, Some(1), "nothing fails");
}

#[test]
fn coverage_says_what_was_true_false_or_never_reached() {
    let bench = bench(
        "  - {principal: 'User::\"ann\"', action: write, resource: 'Doc::\"d\"', expect: allow}
  - {principal: 'User::\"ann\"', action: read, resource: 'Doc::\"full\"', expect: allow}\n",
    );
    let (code, report) = reported(&bench, &[]);
    assert_eq!(code, Some(0));
    let policies = report["coverage"]["policies"].as_array().unwrap();
    let never = |policy: usize| -> Vec<(&str, Option<&str>)> {
        let conditions = policies[policy]["conditions"].as_array().unwrap();
        conditions.iter().map(|part| (part["text"].as_str().unwrap(), part["never"].as_str())).collect()
    };
    assert_eq!(never(0), [("resource.owner == principal", Some("false")), ("resource.n + 1 > 10", None)]);
    assert_eq!(
        never(1),
        [
            ("resource.open", Some("false")),
            ("resource has reader", Some("reached")),
            ("resource.reader == principal", Some("reached")),
        ]
    );
    assert_eq!(policies[2]["never"], "reached", "nobody asked as chief");
    assert_eq!(policies[2]["conditions"], Value::Array(Vec::new()));
    // Of 2 + 4, 2 + 6 and 1.
    assert_eq!((&report["coverage"]["seen"], &report["coverage"]["outcomes"]), (&7.into(), &15.into()), "{report:#}");
    assert_eq!(report["coverage"]["percent"], 46.66);
    for (wanted, code) in [("46.66", 0), ("46.67", 1), ("100", 1), ("0", 0), ("101", 2), ("x", 2)] {
        assert_eq!(tested(&bench, &["--min-coverage", wanted]).0, Some(code), "{wanted}");
    }
    let (_, out, _) = tested(&bench, &[]);
    assert!(out.contains("  never reached: resource has reader, p/a.cedar:8:26\n"), "{out}");
    assert!(out.contains("  never reached: the policy itself, p/a.cedar:10\n"), "{out}");
}

#[test]
fn what_can_never_be_seen_is_excused_with_a_reason_and_an_excuse_that_is_wrong_fails() {
    let tests = "  - {principal: 'User::\"ann\"', action: write, resource: 'Doc::\"d\"', expect: allow}\n";
    let with = |policy: &str, condition: &str, never: bool| {
        let bench = bench(tests);
        let excuse = format!(
            "unreachable:\n  - {{policy: {policy}, condition: '{condition}', never: {never}, because: it is so}}\n"
        );
        bench.write("t/coverage.yaml", &excuse);
        let (code, report) = reported(&bench, &[]);
        (code, report["coverage"]["outcomes"].as_u64().unwrap(), report["coverage"]["wrong"].to_string())
    };
    assert_eq!(with("owner", "resource.owner == principal", false).1, 14);
    let (code, outcomes, wrong) = with("owner", "resource.owner == principal", true);
    assert_eq!((code, outcomes), (Some(1), 15));
    assert!(wrong.contains("t/coverage.yaml:2") && wrong.contains("was seen true"), "{wrong}");
    assert!(with("nobody", "x", true).2.contains("no policy `nobody`"));
    assert!(with("owner", "x", true).2.contains("no condition `x`"));
}

#[test]
fn tests_are_chosen_by_name() {
    let bench = bench(
        "  - {name: good one, principal: 'User::\"ann\"', action: write, resource: 'Doc::\"d\"', expect: allow}
  - {name: bad one, principal: 'User::\"ann\"', action: write, resource: 'Doc::\"d\"', expect: deny}\n",
    );
    assert_eq!(tested(&bench, &[]).0, Some(1));
    assert_eq!(tested(&bench, &["--filter", "good"]).0, Some(0));
    assert_eq!(tested(&bench, &["--filter", "nobody"]).0, Some(2));
    assert_eq!(
        tested(&bench, &["--filter", "good", "--min-coverage", "1"]).0,
        Some(2),
        "of a part nothing can be said"
    );
}

#[test]
fn builds_read_junit() {
    let bench = bench(
        "  - {name: good & <quick>, principal: 'User::\"ann\"', action: write, resource: 'Doc::\"d\"', expect: allow}
  - {name: bad, principal: 'User::\"ann\"', action: write, resource: 'Doc::\"d\"', expect: deny}\n",
    );
    assert_eq!(tested(&bench, &["--junit", "out.xml"]).0, Some(1));
    let xml = bench.read("out.xml");
    for part in [
        "<testsuites name=\"conclave\" tests=\"2\" failures=\"1\" errors=\"0\">",
        "<testsuite name=\"t/a.yaml\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\">",
        "<testcase name=\"good &amp; &lt;quick&gt;\" classname=\"t/a.yaml\" file=\"t/a.yaml\" line=\"11\"/>",
        "<failure type=\"decision\" message=\"expected deny, got allow by owner\">",
    ] {
        assert!(xml.contains(part), "{part}: {xml}");
    }
    assert_eq!(tested(&bench, &["--junit", "no/such/out.xml"]).0, Some(2));
}

#[test]
fn a_world_of_groups_decides_as_the_server_does_and_a_host_says_more_of_it() {
    let schema = std::fs::read_to_string(format!("{ROOT}/schema/groups.cedarschema")).unwrap();
    let more = "entity User { suspended?: Bool }; entity Badge; entity Item { badge?: Badge };";
    let policies = "@id(\"view\") permit (principal, action == Action::\"view\", resource) when { resource has group && principal in resource.group };
        @id(\"out\") forbid (principal, action, resource) when { principal has suspended && principal.suspended };";
    let tests = "world:
  groups: [{id: team, administrator: ann, members: [ben]}]
  items: [{id: plan, parent: 'Tool::\"group:team/documents\"', author: ann}]
entities:
  - {uid: 'User::\"ben\"', attrs: {suspended: true}}
tests:
  - {principal: 'User::\"ann\"', action: view, resource: 'Item::\"plan\"', expect: allow, by: [view]}
  - {principal: 'User::\"ben\"', action: view, resource: 'Item::\"plan\"', expect: deny, by: [out]}
  - {name: a ghost, principal: 'User::\"ghost\"', action: view, resource: 'Item::\"plan\"', expect: allow}
";
    let files =
        [("s/a.cedarschema", schema.as_str()), ("s/b.cedarschema", more), ("p/a.cedar", policies), ("t/a.yaml", tests)];
    let (code, out, err) = tested(&Bench::new(&files), &[]);
    assert_eq!((code, err.as_str()), (Some(1), ""));
    assert!(out.contains("FAIL t/a.yaml:9 a ghost\n") && out.contains("3 questions: 2 as expected"), "{out}");
    assert!(out.contains("User::\"ghost\" is not in the world"), "{out}");
}

#[test]
fn entities_stand_in_a_file_beside_in_either_form() {
    let test = |name: &str| {
        format!(
            "{{\"entities\": \"{name}\", \"tests\": [{{\"principal\": \"User::\\\"ann\\\"\", \"action\": \"write\", \"resource\": \"Doc::\\\"d\\\"\", \"expect\": \"deny\", \"name\": \"\\ud83d\\ude00 \\\"quoted\\\"\"}}]}}"
        )
    };
    let bench = Bench::new(&[("p/a.cedar", POLICIES), ("s/a.cedarschema", SCHEMA)]);
    bench.write("t/sub/who.json", "[\n{\"uid\": {\"type\": \"User\", \"id\": \"ann\"}, \"attrs\": {}, \"parents\": []},\n{\"uid\": {\"type\": \"Doc\", \"id\": \"d\"}, \"attrs\": {\"owner\": {\"__entity\": {\"type\": \"User\", \"id\": \"ann\"}}, \"open\": true, \"n\": 2}, \"parents\": []}]");
    bench.write("t/sub/who.yaml", &WORLD.replace("entities:\n", ""));
    bench.write("t/sub/a.json", &test("who.json"));
    bench.write("t/sub/b.json", &test("who.yaml"));
    let (code, out, err) = tested(&bench, &[]);
    assert_eq!((code, err.as_str()), (Some(1), ""));
    assert!(out.contains("FAIL t/sub/a.json:1 \u{1f600} \"quoted\"\n"), "{out}");
    assert!(out.contains("Doc::\"d\" is described at t/sub/who.json:3"), "{out}");
    assert!(out.contains("Doc::\"d\" is described at t/sub/who.yaml:3"), "{out}");
}

#[test]
fn what_is_wrong_with_a_file_of_tests_is_told_with_its_line() {
    for (tests, place) in [
        ("  - {principal: 'User::\"ann\"', action: read, resource: 'Doc::\"d\"', expect: perhaps}\n", "t/a.yaml:11:"),
        ("  - {principal: ann, action: read, resource: 'Doc::\"d\"', expect: deny}\n", "t/a.yaml:11:"),
        ("  - {principal: [], action: read, resource: 'Doc::\"d\"', expect: deny}\n", "t/a.yaml:11:"),
        ("  - {principal: 'User::\"ann\"', resource: 'Doc::\"d\"', expect: deny}\n", "t/a.yaml:11:"),
        (
            "  - {principal: 'User::\"ann\"', action: read, resource: 'Doc::\"d\"', expect: deny, byy: []}\n",
            "t/a.yaml:11:",
        ),
        ("  - {principal: 'User::\"ann\"\n", "t/a.yaml:"),
    ] {
        let (code, out, err) = tested(&bench(tests), &[]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{tests}");
        assert!(err.contains(place), "{tests}: {err}");
    }
    let wrong_entity = Bench::new(&[("p/a.cedar", POLICIES), ("s/a.cedarschema", SCHEMA)]);
    wrong_entity.write(
        "t/a.yaml",
        &(WORLD.replace("open: true, n: 10", "open: 3, n: 10")
            + "tests:\n  - {principal: 'User::\"ann\"', action: read, resource: 'Doc::\"d\"', expect: deny}\n"),
    );
    let (code, _, err) = tested(&wrong_entity, &[]);
    assert_eq!(code, Some(2));
    assert!(err.contains("t/a.yaml:6:"), "{err}");
    assert_eq!(
        tested(&Bench::new(&[("p/a.cedar", POLICIES), ("s/a.cedarschema", SCHEMA), ("t/README.md", "")]), &[]).0,
        Some(2)
    );
}

#[test]
fn watching_runs_them_again_when_a_file_changes() {
    let bench = bench("  - {principal: 'User::\"ann\"', action: write, resource: 'Doc::\"d\"', expect: allow}\n");
    let mut child = Command::new(env!("CARGO_BIN_EXE_conclave"))
        .args(["test", "t", "--policies", "p", "--schema", "s", "--watch"])
        .current_dir(bench.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut until = |wanted: &str| lines.find(|line| line.contains(wanted)).unwrap();
    until("1 as expected, 0 not");
    until("watching");
    bench.write(
        "p/a.cedar",
        &POLICIES.replace("permit (principal, action, resource)", "forbid (principal, action, resource)"),
    );
    until("0 as expected, 1 not");
    until("watching");
    bench.write("p/a.cedar", "permit (");
    until("watching");
    bench.write("p/a.cedar", POLICIES);
    until("1 as expected, 0 not");
    child.kill().unwrap();
    child.wait().unwrap();
}
