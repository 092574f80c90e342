//! `conclave verify` and `conclave diff`: the commands, with the real solver.

mod compared;
mod solvers;
mod weakened;

use crate::process::run;
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::TempDir;

/// A copy of the built-in policies, in a folder of its own.
pub fn policies() -> TempDir {
    let folder = TempDir::new().unwrap();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    folder
}

/// Replaces a part of one policy, which must be there.
pub fn edit(policies: &Path, id: &str, from: &str, to: &str) {
    for entry in fs::read_dir(policies).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let Some(start) = text.find(&format!("@id(\"{id}\")")) else { continue };
        let end = start + text[start..].find(";\n").unwrap() + 1;
        assert!(text[start..end].contains(from), "{id} does not say {from}");
        let policy = text[start..end].replacen(from, to, 1);
        fs::write(&path, format!("{}{policy}{}", &text[..start], &text[end..])).unwrap();
        return;
    }
    unreachable!("there is no policy {id}");
}

/// The exit code of `conclave verify --json`, and each property under its name.
pub fn verify(folder: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let (code, out, err) = run(folder, &[&["verify", "--json", "--counterexamples", "wrong"], arguments].concat());
    assert!(!out.is_empty(), "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let named = report["properties"].as_array().unwrap().iter();
    (code, named.map(|property| (property["name"].as_str().unwrap().to_owned(), property.clone())).collect())
}

/// What `conclave eval` says of one example.
pub fn eval(folder: &Path, policies: &Path, files: &Value) -> Value {
    let policies = policies.to_str().unwrap();
    let (entities, requests) = (files["entities"].as_str().unwrap(), files["requests"].as_str().unwrap());
    let arguments = ["eval", "--policies", policies, "--entities", entities, "--requests", requests];
    let (code, out, err) = run(folder, &arguments);
    assert_eq!(code, Some(0), "{out}{err}");
    serde_json::from_str(&out).unwrap()
}

#[test]
fn the_built_in_policies_keep_the_built_in_properties() {
    let folder = TempDir::new().unwrap();
    let (code, properties) = verify(folder.path(), &[]);
    for (name, property) in properties.as_object().unwrap() {
        assert_eq!(property["verdict"], "proved", "{name}: {property:#}");
        assert!(property["environments"].as_u64() > Some(0), "{name}");
    }
    assert_eq!(code, Some(0));
    assert!(!folder.path().join("wrong").exists(), "nothing was written");
    let (code, out, _) = run(folder.path(), &["verify"]);
    let last = out.lines().last().unwrap();
    assert_eq!(code, Some(0), "{out}");
    assert!(
        last.starts_with(&format!("{0} properties: {0} proved, in ", properties.as_object().unwrap().len())),
        "{out}"
    );
    assert!(out.contains("proved     S2 ") && out.contains("assuming one-space"), "{out}");
}

#[test]
fn what_is_assumed_makes_the_difference_where_it_is_named() {
    let folder = TempDir::new().unwrap();
    let properties = folder.path().join("properties");
    fs::create_dir(&properties).unwrap();
    let assumption = "@id(\"everything-is-a-group's\") @assumption(\"a test\")\n\
                      forbid (principal, action, resource is Item) unless { resource has group };";
    fs::write(properties.join("assumed.cedar"), assumption).unwrap();
    let property = |assuming: &str| {
        let text = format!(
            "// Only people of a group view items.\n{assuming}\n\
             permit (principal, action == Action::\"view\", resource is Item) when {{ resource has group && principal in resource.group }};"
        );
        fs::write(properties.join("mine.cedar"), text).unwrap();
        verify(folder.path(), &["--properties", "properties", "--only", "mine"])
    };
    let (code, without) = property("");
    assert_eq!((code, without["mine"]["verdict"].as_str()), (Some(1), Some("refuted")));
    let example = &without["mine"]["counterexamples"][0];
    assert!(example["what"].as_str().unwrap().contains(" may view Item::"), "{example:#}");
    let (code, with) = property("@assuming(\"everything-is-a-group's\")");
    assert_eq!((code, &with["mine"]["verdict"]), (Some(0), &"proved".into()), "{with:#}");
    assert_eq!(with["mine"]["assumptions"], serde_json::json!(["everything-is-a-group's"]));
}

#[test]
fn a_property_that_does_not_validate_or_is_not_there_is_misuse() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("p.cedar"), "permit (principal, action == Action::\"vew\", resource);").unwrap();
    let (code, out, err) = run(folder.path(), &["verify", "--properties", "p.cedar"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("p.cedar:1") && err.contains("Action::\"view\""), "{err}");
    let (code, _, err) = run(folder.path(), &["verify", "--only", "S9"]);
    assert!(code == Some(2) && err.contains("no property `S9`") && err.contains("no-policy-is-dead"), "{err}");
}

#[test]
fn a_property_about_nothing_is_not_proved() {
    let folder = TempDir::new().unwrap();
    let text = "permit (principal, action == Action::\"chat\", resource is Group);";
    fs::write(folder.path().join("p.cedar"), text).unwrap();
    let (code, properties) = verify(folder.path(), &["--properties", "p.cedar", "--only", "p"]);
    assert_eq!((code, &properties["p"]["verdict"]), (Some(2), &"not proved".into()), "{properties:#}");
}

#[test]
fn help_teaches() {
    for command in ["verify", "diff"] {
        let (code, out, _) = run(Path::new("."), &[command, "--help"]);
        assert_eq!(code, Some(0));
        for part in ["Examples:", "apt-get install cvc5", "Exit codes:", "--solver"] {
            assert!(out.contains(part), "{command}: {part}");
        }
    }
}
