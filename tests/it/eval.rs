//! `conclave eval`: the command, with files as its whole world.

use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// Of how many of Cedar's cases the command is tried with one: each takes processes of its own. The engine is tried
/// with all of them in its unit tests.
const EVERY: usize = 16;

const SCHEMA: &str = r"
    entity User { boss?: User };
    entity Doc { owner: User };
    action read appliesTo { principal: User, resource: Doc, context: { size?: Long } };";

const POLICIES: &str = r#"
    @id("owner-reads") permit (principal, action, resource) when { resource.owner == principal };
    permit (principal == User::"chief", action, resource);"#;

struct Files(TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self(folder)
    }

    /// A small world, and these requests.
    fn asking(requests: &Value) -> Self {
        let entities = json!([
            {"uid": {"type": "Doc", "id": "d"}, "attrs": {"owner": {"type": "User", "id": "ann"}}, "parents": []},
        ]);
        Self::new(&[
            ("p.cedar", POLICIES),
            ("s.cedarschema", SCHEMA),
            ("e.json", &entities.to_string()),
            ("r.json", &requests.to_string()),
        ])
    }

    fn eval(&self, more: &[&str]) -> (Option<i32>, Vec<Value>, String) {
        let plain = ["--policies", "p.cedar", "--schema", "s.cedarschema"];
        let files = ["--entities", "e.json", "--requests", "r.json"];
        self.run(&[&plain, &files, more].concat(), None)
    }

    fn run(&self, arguments: &[&str], input: Option<&str>) -> (Option<i32>, Vec<Value>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conclave"));
        command.arg("eval").args(arguments).current_dir(self.0.path()).env("NO_COLOR", "1");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.unwrap_or_default().as_bytes()).unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let lines = String::from_utf8(stdout).unwrap();
        let answers = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (status.code(), answers, String::from_utf8(stderr).unwrap())
    }
}

fn asked(user: &str, action: &str) -> Value {
    json!({
        "principal": format!("User::\"{user}\""), "action": {"type": "Action", "id": action},
        "resource": {"__entity": {"type": "Doc", "id": "d"}},
    })
}

fn answer(decision: &str, reason: &[&str]) -> Value {
    json!({"decision": decision, "diagnostics": {"reason": reason, "errors": []}})
}

#[test]
fn one_line_for_each_request_in_its_order() {
    let files = Files::asking(&json!([asked("ann", "read"), asked("ben", "read"), asked("chief", "read")]));
    let (code, answers, err) = files.eval(&[]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let expected = [answer("Allow", &["owner-reads"]), answer("Deny", &[]), answer("Allow", &["policy1"])];
    assert_eq!(answers, expected);
    let input = json!([asked("ann", "read")]).to_string();
    let arguments = ["--policies", ".", "--schema", ".", "--entities", "none.json", "--requests", "-"];
    // The folder holds other JSON than a schema.
    let (code, _, err) = files.run(&arguments, Some(&input));
    assert_eq!(code, Some(2), "{err}");
    let arguments = ["--policies", ".", "--schema", "s.cedarschema", "--entities", "e.json", "--requests", "-"];
    assert_eq!(files.run(&arguments, Some(&input)).1, [answer("Allow", &["owner-reads"])]);
}

#[test]
fn a_request_without_a_decision_gets_a_line_that_names_the_field_and_the_others_theirs() {
    let mut wide = asked("ann", "read");
    wide["context"] = json!({"size": "big"});
    let mut misspelled = asked("ann", "read");
    misspelled["contxt"] = json!({});
    let mut stranger = asked("ann", "read");
    stranger["principal"] = json!("Robot::\"r2\"");
    let bad = [
        (asked("ann", "raed"), "action"),
        (wide, "context.size"),
        (misspelled, "contxt"),
        (stranger, "principal"),
        (json!({"principal": 3}), "principal"),
        (json!({"principal": "User::\"ann\"", "action": "read"}), "action"),
        (json!({"principal": "User::\"ann\"", "action": "Action::\"read\""}), "resource"),
    ];
    let mut requests: Vec<_> = bad.iter().map(|(request, _)| request.clone()).collect();
    let mut deep = asked("ann", "read");
    deep["context"] = (0..101).fold(json!({}), |inside, _| json!({"a": inside}));
    let shapeless = [json!(7), json!(null), json!(["User::\"ann\"", "Action::\"read\"", "Doc::\"d\""]), deep];
    requests.extend(shapeless.clone());
    requests.push(asked("ann", "read"));
    let (code, answers, err) = Files::asking(&json!(requests)).eval(&[]);
    assert_eq!((code, answers.len()), (Some(2), requests.len()), "{err}");
    for ((_, field), answer) in bad.iter().zip(&answers) {
        assert_eq!(answer["field"], *field, "{answer}");
        assert!(answer["error"].as_str().unwrap().contains(&format!("`{field}`")), "{answer}");
        assert!(answer.get("decision").is_none(), "{answer}");
    }
    for answer in &answers[bad.len()..bad.len() + shapeless.len()] {
        assert!(answer["error"].as_str().unwrap().starts_with("the request "), "{answer}");
        assert_eq!(answer.as_object().unwrap().len(), 1);
    }
    assert_eq!(answers[bad.len() + shapeless.len()], answer("Allow", &["owner-reads"]));
}

#[test]
fn policies_that_do_not_validate_run_where_told_to_with_a_schema_or_without() {
    let files = Files::asking(&json!([asked("ann", "read"), asked("ann", "fly")]));
    let text =
        "permit (principal, action, resource);\nforbid (principal, action, resource)\nwhen { resource.nosuch };\n";
    fs::write(files.0.path().join("p.cedar"), text).unwrap();
    let (code, answers, err) = files.eval(&[]);
    assert_eq!((code, answers.len()), (Some(2), 0));
    assert!(err.contains("p.cedar:3:8") && err.contains("nosuch") && err.contains("────"), "{err}");
    let without = ["--policies", "p.cedar", "--entities", "e.json", "--requests", "r.json", "--no-validate"];
    for (rule, decision, reason) in [("deny", "Deny", json!([])), ("skip", "Allow", json!(["policy0"]))] {
        let with = files.eval(&["--no-validate", "--forbid-errors", rule]);
        let without = files.run(&[&without[..], &["--forbid-errors", rule]].concat(), None);
        for (code, answers, err) in [with, without] {
            assert_eq!((code, answers.len()), (Some(0), 2), "{err}");
            for answer in answers {
                assert_eq!((answer["decision"].as_str(), &answer["diagnostics"]["reason"]), (Some(decision), &reason));
                let error = answer["diagnostics"]["errors"][0].as_str().unwrap();
                assert!(error.contains("`policy1`") && error.contains("nosuch"), "{error}");
            }
        }
    }
}

#[test]
fn the_built_in_policies_decide_over_files_and_nobody_must_be_stored() {
    let everyone = json!({"users": [], "groups": []});
    let sales = json!({"type": "Group", "id": "sales"});
    let tool = json!({
        "uid": {"type": "Tool", "id": "group:sales/documents"}, "parents": [],
        "attrs": {
            "toolKind": "documents", "group": sales, "canView": everyone, "canViewDetails": everyone,
            "canAdd": everyone, "canEdit": everyone, "canDelete": everyone,
        },
    });
    let member = json!({"uid": {"type": "User", "id": "ann"}, "attrs": {"groups": [sales]}, "parents": [sales]});
    let may = |user: &str| {
        json!({
            "principal": {"type": "User", "id": user}, "action": "Action::\"view\"",
            "resource": "Tool::\"group:sales/documents\"",
        })
    };
    let files = Files::new(&[
        ("e.json", &json!([tool, member]).to_string()),
        ("r.json", &json!([may("ann"), may("stranger")]).to_string()),
    ]);
    let (code, answers, err) = files.run(&["--entities", "e.json", "--requests", "r.json"], None);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(answers, [answer("Allow", &["group-content-view"]), answer("Deny", &[])]);
    assert!(!files.0.path().join("conclave.db").exists());
}

#[test]
fn a_bad_file_is_shown_with_line_and_caret_and_nothing_is_answered() {
    for (file, text, line) in [
        ("e.json", "[\n  {\"uid\": }\n]", "e.json:2:11"),
        ("e.json", "[\n  {\"uid\": \"Doc::\\\"d\\\"\", \"attrs\": {}, \"parents\": []}\n]", "e.json"),
        (
            "e.json",
            "[\n  {\"uid\": {\"type\": \"Doc\", \"id\": \"d\"}, \"attrs\": {}, \"parents\": []}\n]",
            "e.json:2:3",
        ),
        ("r.json", "{\n\"requests\": []}", "r.json:1:1"),
        ("r.json", "[{]", "r.json:1:3"),
        ("p.cedar", "permit (principal,\naction resource);", "p.cedar:2:8"),
        ("s.cedarschema", "entity User;\nentity User;", "s.cedarschema:1:8"),
    ] {
        let files = Files::asking(&json!([asked("ann", "read")]));
        fs::write(files.0.path().join(file), text).unwrap();
        let (code, answers, err) = files.eval(&[]);
        assert_eq!((code, answers.len()), (Some(2), 0), "{file}: {err}");
        assert!(err.contains(line), "{line}: {err}");
    }
    let files = Files::asking(&json!([]));
    assert_eq!(files.eval(&[]).0, Some(0), "nothing asked is nothing wrong");
    for missing in [
        &["--entities", "no.json", "--requests", "r.json"][..],
        &["--entities", "e.json"],
        &["--entities", "-", "--requests", "-"],
    ] {
        let (code, _, err) = files.run(missing, None);
        assert_eq!(code, Some(2), "{err}");
    }
}

#[test]
fn the_command_agrees_with_cedars_own_cases() {
    let Ok(folder) = std::env::var("CONCLAVE_CEDAR_CORPUS") else {
        println!("skipped: CONCLAVE_CEDAR_CORPUS names no folder of Cedar's cases");
        return;
    };
    let cases = cases(Path::new(&folder));
    assert!(!cases.is_empty(), "{folder} holds no cases");
    let compared = AtomicUsize::new(0);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    compared.fetch_add(try_case(Path::new(&folder), case), Ordering::Relaxed);
                }
            });
        }
    });
    println!("{} requests of {} cases", compared.load(Ordering::Relaxed), cases.len());
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let is_case = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "json")
            && path.with_extension("").extension().is_none_or(|extension| extension != "entities")
    };
    let every = std::env::var("CONCLAVE_CEDAR_CORPUS_EVERY").map_or(EVERY, |every| every.parse().unwrap());
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(is_case).collect();
    cases.sort();
    cases.into_iter().step_by(every).collect()
}

/// How many answers were compared.
fn try_case(folder: &Path, path: &Path) -> usize {
    let case: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let file =
        |field: &str| folder.join(Path::new(case[field].as_str().unwrap()).file_name().unwrap()).display().to_string();
    let files = Files::new(&[]);
    let (policies, schema, entities) = (file("policies"), file("schema"), file("entities"));
    let arguments = ["--policies", &policies, "--schema", &schema, "--entities", &entities, "--requests", "-"];
    let requests = case["requests"].to_string();
    let mut compared = 0;
    for more in [&["--forbid-errors", "skip"][..], &["--forbid-errors", "skip", "--no-validate"]] {
        let (code, answers, err) = files.run(&[&arguments[..], more].concat(), Some(&requests));
        // Of those that need not validate some do.
        if case["shouldValidate"] == false && more.len() == 2 && code != Some(0) {
            assert_eq!((code, answers.len()), (Some(2), 0), "{}: {err}", path.display());
            continue;
        }
        assert_eq!(code, Some(0), "{}: {err}", path.display());
        let wanted = case["requests"].as_array().unwrap();
        assert_eq!(answers.len(), wanted.len());
        for (answer, wanted) in answers.iter().zip(wanted) {
            compare(answer, wanted, &format!("{} {}", path.display(), wanted["description"]));
            compared += 1;
        }
    }
    compared
}

fn compare(answer: &Value, wanted: &Value, place: &str) {
    assert_eq!(answer["decision"].as_str().unwrap().to_lowercase(), wanted["decision"].as_str().unwrap(), "{place}");
    let sorted = |ids: &Value, id: fn(&str) -> &str| {
        let mut ids: Vec<_> =
            ids.as_array().unwrap().iter().map(|text| id(text.as_str().unwrap()).to_owned()).collect();
        ids.sort();
        ids
    };
    assert_eq!(sorted(&answer["diagnostics"]["reason"], itself), sorted(&wanted["reason"], itself), "{place}");
    let failed = sorted(&answer["diagnostics"]["errors"], |text| text.split('`').nth(1).unwrap());
    assert_eq!(failed, sorted(&wanted["errors"], itself), "{place}");
}

fn itself(id: &str) -> &str {
    id
}
