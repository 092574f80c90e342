//! `conclave matrix`.

use super::{Bench, ROOT};

const SCHEMA: &str = "entity User; entity Doc { owner: User }; entity Idle;
    action read, sign appliesTo { principal: User, resource: Doc, context: { stamp?: String } };
    action seal appliesTo { principal: User, resource: Doc, context: { stamp: String } };";

const POLICIES: &str = "@id(\"own\") permit (principal, action, resource) when { resource.owner == principal };
    @id(\"stamped\") forbid (principal, action == Action::\"sign\", resource)
    when { context has stamp && context.stamp == \"void\" };";

const WORLD: &str = "entities:
  - {uid: 'User::\"ann\"'}
  - {uid: 'User::\"ben\"'}
  - {uid: 'Idle::\"x\"'}
  - {uid: 'Doc::\"d\"', attrs: {owner: {type: User, id: ann}}}
";

fn bench() -> Bench {
    Bench::new(&[("p/a.cedar", POLICIES), ("s/a.cedarschema", SCHEMA), ("w.yaml", WORLD)])
}

const OWN: [&str; 6] = ["matrix", "--policies", "p", "--schema", "s", "--entities"];

#[test]
fn the_built_in_world_is_that_of_the_golden_table() {
    // Which the server draws too, from the same world made through its API.
    let golden = std::fs::read_to_string(format!("{ROOT}/tests/golden/matrix.txt")).unwrap();
    let (code, out, err) = Bench::new(&[]).run(&["matrix"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out == golden, "{out}");
}

#[test]
fn without_tables_there_is_one_for_each_resource() {
    let (code, out, err) = bench().run(&[&OWN[..], &["w.yaml"]].concat());
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let words: Vec<Vec<_>> = out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        words[2..],
        [
            vec!["Doc::\"d\""],
            vec!["User::\"ann\"", "User::\"ben\""],
            vec!["read", "Allow", "."],
            vec!["seal", "-", "-"],
            vec!["sign", "Allow", "."],
        ]
    );
    assert!(words[0].contains(&"dash:"), "{out}");
}

#[test]
fn plain_entities_of_cedar_are_a_world() {
    let bench = bench();
    bench.write(
        "e.json",
        r#"[{"uid": {"type": "User", "id": "ann"}, "attrs": {}, "parents": []},
            {"uid": {"type": "Doc", "id": "d"}, "attrs": {"owner": {"type": "User", "id": "ann"}}, "parents": []}]"#,
    );
    let (code, out, err) = bench.run(&[&OWN[..], &["e.json"]].concat());
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("Doc::\"d\""), "{out}");
}

#[test]
fn a_file_says_which_tables_it_wants() {
    let bench = bench();
    let tables = "tables:
  - title: The document
    resource: Doc::\"d\"
    principals: [owner: User::\"ann\", User::\"ben\"]
    actions: [read, {action: sign, context: {stamp: void}}]
";
    bench.write("w.yaml", &format!("{WORLD}{tables}"));
    let drawn = |more: &[&str]| {
        let (code, out, err) = bench.run(&[&OWN[..], &["w.yaml"], more].concat());
        assert_eq!((code, err.as_str()), (Some(0), ""));
        out
    };
    let out = drawn(&["--format", "markdown"]);
    assert!(out.contains("## The document\n\n| | owner | User::\"ben\" |\n"), "{out}");
    assert!(out.contains("| read | Allow | . |\n| sign stamp=\"void\" | . | . |\n"), "{out}");
    let out = drawn(&["--format", "html"]);
    assert!(out.contains("<caption>The document</caption>") && out.ends_with("</html>\n"), "{out}");
    let out = drawn(&["--principal", "User::\"ann\"", "--action", "read"]);
    assert!(out.ends_with("Allow\n") && !out.contains("ben") && !out.contains("sign"), "{out}");
}

#[test]
fn what_cannot_be_drawn_is_misuse() {
    let bench = bench();
    bench.write(
        "bad.yaml",
        &format!("{WORLD}tables:\n  - resource: Doc::\"d\"\n    principals: [User::\"ann\"]\n    actions: [raed]\n"),
    );
    for (file, told) in
        [("bad.yaml", "bad.yaml:7:5"), ("none.yaml", "cannot read none.yaml"), ("p/a.cedar", "a.cedar:1:")]
    {
        let (code, out, err) = bench.run(&[&OWN[..], &[file]].concat());
        assert_eq!((code, out.as_str()), (Some(2), ""), "{file}");
        assert!(err.contains(told), "{told}: {err}");
    }
    let (code, _, err) = bench.run(&[&OWN[..], &["w.yaml", "--resource", "Doc::\"other\""]].concat());
    assert_eq!(code, Some(2), "{err}");
}
