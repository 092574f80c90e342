//! Sets that must not load, and what their authors are told.

use super::*;
use miette::{GraphicalReportHandler, GraphicalTheme};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const SCHEMA: &str = r"
    entity Node { next: Node, name: String };
    entity User in [Node] { node: Node, name: String };
    action read appliesTo { principal: User, resource: Node };";

/// The report as a terminal shows it.
fn rendered(error: &LoadError) -> String {
    let mut report = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(200);
    handler.render_report(&mut report, error).unwrap();
    report
}

fn report(policies: &str) -> String {
    rendered(&compiled(SCHEMA, policies).unwrap_err())
}

fn assert_says(report: &str, expected: &[&str]) {
    for text in expected {
        assert!(report.contains(text), "no {text:?} in\n{report}");
    }
}

#[test]
fn a_syntax_error_has_its_place() {
    let report = report("// One.\n@id(\"a\")\npermit (principal, action, resource)\nwhen { principal = resource };\n");
    assert_says(
        &report,
        &[
            "p.cedar:4:8",
            "'=' is not a valid operator",
            "4 │ when { principal = resource };",
            "·        ────────────────────",
            "'=='",
        ],
    );
}

#[test]
fn a_type_error_has_its_place_and_advice() {
    let report = report("@id(\"a\")\npermit (principal, action, resource)\nwhen { principal.nam == \"x\" };\n");
    assert_says(&report, &["p.cedar:3:8", "`nam`", "`name`", "principal.nam", "help"]);
}

#[test]
fn every_problem_of_every_file_is_told_at_once() {
    let files = [
        SourceFile::new("b.cedar", "@id(\"a\")\npermit (principal, action, resource)\nwhen { principal.x };\n"),
        SourceFile::new("a.cedar", "permit (principal, action == Action::\"reed\", resource);\n"),
        SourceFile::new(
            "c.cedar",
            "@id(\"c\") permit (principal, action, resource) when { 1 };\n@id(\"d\") permit (;\n",
        ),
        SourceFile::new("d.cedar", "@id(\"e\")\npermit (principal, action == Action::\"reed\", resource);\n"),
    ];
    let schema = [SourceFile::new("s.cedarschema", SCHEMA)];
    let error = Bundle::from_files(&schema, &files, Naming::Annotated, &BTreeSet::new()).unwrap_err();
    let places: Vec<_> = error.problems().iter().filter_map(Problem::position).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert_says(&rendered(&error), &["a.cedar:1:1", "b.cedar:3:8", "c.cedar:2:18", "d.cedar:2:30", "did you mean"]);
    assert!(error.problems().iter().all(Problem::is_error), "{:?}", error.problems());
    assert!(error.to_string().starts_with("the policies do not load: a.cedar:1:1: this policy has no `@id` (and "));
}

#[test]
fn two_policies_of_one_id_are_both_named() {
    let files = [
        SourceFile::new("a.cedar", "\n@id(\"same\") permit (principal, action, resource);\n"),
        SourceFile::new("b.cedar", "\n\n@rule(\"D1\")\n@id(\"same\") permit (principal, action, resource);\n"),
    ];
    let schema = [SourceFile::new("s.cedarschema", SCHEMA)];
    let error = Bundle::from_files(&schema, &files, Naming::Annotated, &BTreeSet::new()).unwrap_err();
    assert_says(
        &rendered(&error),
        &["the policy id `same` is used twice: in a.cedar:2 and in b.cedar:3", "b.cedar:4:1", "@id(\"same\")"],
    );
}

#[test]
fn a_policy_without_id_has_its_place() {
    for policies in ["\npermit (principal, action, resource);", "\n@id(\"\") permit (principal, action, resource);"] {
        assert_says(&report(policies), &["this policy has no `@id`", "p.cedar:2:1", "help"]);
    }
}

#[test]
fn a_template_is_refused() {
    let report = report("@id(\"t\")\npermit (principal == ?principal, action, resource);");
    assert_says(&report, &["is a template", "p.cedar:1:1", "grants are data"]);
}

#[test]
fn a_policy_that_looks_too_far_has_its_place() {
    let path = |steps: usize| {
        format!(
            "@id(\"a\")\npermit (principal, action, resource)\nwhen {{ principal.node{} like \"x\" }};",
            ".next".repeat(steps) + ".name"
        )
    };
    let level = |steps| compiled(SCHEMA, &path(steps)).map(|bundle| bundle.summary().level);
    assert_eq!(level(0).unwrap(), 2);
    assert_eq!(level(6).unwrap(), 8);
    assert_says(&rendered(&level(7).unwrap_err()), &["p.cedar:3:8", "requires level 9", "one more load"]);
}

#[test]
fn looking_into_an_entity_literal_is_refused() {
    let report = report("@id(\"a\")\npermit (principal, action, resource)\nwhen { Node::\"switch\".name == \"on\" };");
    assert_says(&report, &["p.cedar:3:8", "literal", "`@feature`"]);
    // Naming one is not looking into it.
    let named = "@id(\"a\") permit (principal, action, resource) when { principal in Node::\"n\" };";
    assert!(compiled(SCHEMA, named).is_ok());
}

#[test]
fn a_forbid_that_may_fail_is_warned_of() {
    let schema = "entity User { n: Long, at: datetime }; action a appliesTo { principal: User, resource: User };";
    let warnings = |condition: &str| {
        let policy = format!("@id(\"f\")\nforbid (principal, action, resource)\nwhen {{ {condition} }};");
        let bundle = compiled(schema, &policy).unwrap_or_else(|error| panic!("{}", rendered(&error)));
        bundle.warnings().iter().map(|problem| problem.position().unwrap().2).collect::<Vec<_>>()
    };
    assert_eq!(warnings("principal.n + 1 == 2"), [8]);
    assert_eq!(warnings("principal.n == 1 && -principal.n < 2"), [28]);
    assert_eq!(warnings("principal.at.offset(duration(\"1d\")) < datetime(\"2026-01-01\")"), [8]);
    assert_eq!(warnings("principal.n < -2 && principal.at < datetime(\"2026-01-01\")"), [0; 0]);
}

#[test]
fn a_policy_that_never_applies_is_warned_of() {
    let bundle =
        compiled(SCHEMA, "@id(\"a\") permit (principal, action, resource) when { resource is User };").unwrap();
    assert_eq!(bundle.warnings().len(), 1);
    assert!(!bundle.warnings()[0].is_error());
}

#[test]
fn a_policy_left_out_by_an_unknown_feature_is_warned_of() {
    let bundle = compiled(SCHEMA, "@id(\"a\") @feature(\"mesaging\") permit (principal, action, resource);").unwrap();
    assert_eq!(bundle.policies().count(), 0);
    assert_eq!(bundle.warnings()[0].position(), Some(("p.cedar", 1, 10)));
}

#[test]
fn a_schema_error_has_its_place() {
    let schema =
        |text: &str| rendered(&compiled(text, "@id(\"a\") permit (principal, action, resource);").unwrap_err());
    assert_says(&schema("entity User;\nentity Doc {"), &["s.cedarschema:2:13", "unexpected end"]);
    assert_says(&schema("entity User in [Gruop];\nentity Doc;"), &["Gruop", "s.cedarschema:1:17"]);
    assert_says(&schema("entity User;\nentity User;"), &["User"]);
    assert_says(&schema("external entity User;"), &["external"]);
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn load(policies: &Path, schema: Option<&Path>) -> Result<Bundle, LoadError> {
    let schema = schema.map(Path::to_owned);
    Bundle::load(&Sources { policies: Some(policies.to_owned()), schema, features: BTreeSet::new() })
}

#[test]
fn folders_are_read_by_name() {
    let policies = folder(&[
        ("2.cedar", b"@id(\"b\") permit (principal, action, resource);"),
        ("1.cedar", b"@id(\"a\") permit (principal, action, resource);"),
        ("notes.txt", b"not read"),
    ]);
    let schema = folder(&[
        ("a.cedarschema", SCHEMA.as_bytes()),
        ("b.cedarschema.json", br#"{"Shop":{"entityTypes":{"Order":{}},"actions":{}}}"#),
    ]);
    let bundle = load(policies.path(), Some(schema.path())).unwrap();
    assert_eq!(bundle.policies().map(|policy| policy.id).collect::<Vec<_>>(), ["a", "b"]);
    let first = bundle.policies().next().unwrap();
    assert_eq!(first.file, policies.path().join("1.cedar").display().to_string());
    assert!(bundle.schema().unwrap().entity_types().any(|name| name.to_string() == "Shop::Order"));
}

#[test]
fn a_broken_json_schema_names_its_file_and_line() {
    let policies = folder(&[("1.cedar", b"@id(\"a\") permit (principal, action, resource);")]);
    let schema = folder(&[("a.json", b"{\n  \"\": {,}\n}")]);
    let error = load(policies.path(), Some(schema.path())).unwrap_err();
    assert_says(&rendered(&error), &["a.json:2:"]);
}

#[test]
fn what_is_no_text_file_is_an_error_and_not_a_hang() {
    let fine: (&str, &[u8]) = ("1.cedar", b"@id(\"a\") permit (principal, action, resource);");
    let empty = folder(&[("README.md", b"")]);
    assert_says(&load(empty.path(), None).unwrap_err().to_string(), &["holds no *.cedar file"]);
    assert_says(&load(&empty.path().join("absent"), None).unwrap_err().to_string(), &["cannot read the folder"]);

    let silent = folder(&[("1.cedar", b"// permit (principal, action, resource);")]);
    assert_says(&load(silent.path(), None).unwrap_err().to_string(), &["1.cedar", "holds no policy"]);
    let cut = folder(&[fine, ("2.cedar", b"")]);
    assert_says(&load(cut.path(), None).unwrap_err().to_string(), &["2.cedar", "holds no policy"]);
    let off = folder(&[("1.cedar", b"@id(\"a\") @feature(\"x\") permit (principal, action, resource);")]);
    assert_says(&load(off.path(), None).unwrap_err().to_string(), &["no policy is in force"]);

    let binary = folder(&[fine, ("2.cedar", b"\x80\xff")]);
    assert_says(&load(binary.path(), None).unwrap_err().to_string(), &["2.cedar", "no UTF-8 text from byte 0"]);

    let large = folder(&[fine, ("2.cedar", &vec![b' '; (1 << 20) + 1])]);
    assert_says(&load(large.path(), None).unwrap_err().to_string(), &["2.cedar", "larger than 1048576 bytes"]);

    let directory = folder(&[fine]);
    fs::create_dir(directory.path().join("2.cedar")).unwrap();
    assert_says(&load(directory.path(), None).unwrap_err().to_string(), &["2.cedar", "not a regular file"]);

    let fifo = folder(&[fine]);
    let made = std::process::Command::new("mkfifo").arg(fifo.path().join("2.cedar")).status().unwrap();
    assert!(made.success());
    assert_says(&load(fifo.path(), None).unwrap_err().to_string(), &["2.cedar", "not a regular file"]);

    // A schema without its own folder would be read from the built-in set; an empty one is a mistake too.
    let policies = folder(&[fine]);
    assert_says(&load(policies.path(), Some(empty.path())).unwrap_err().to_string(), &["*.cedarschema or *.json"]);
}
