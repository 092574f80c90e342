//! Proof that properties can fail: weakened policies, each with the properties that it breaks.

use super::{edit, eval, policies, verify};
use serde_json::{Value, json};
use std::fs;

/// What is done to a policy.
struct Mutant {
    /// What it comes to.
    name: &'static str,
    policy: &'static str,
    from: &'static str,
    to: &'static str,
    /// Every property that is refuted then.
    refuted: &'static [&'static str],
    /// Every property that is neither proved nor refuted then.
    unproved: &'static [&'static str],
}

const fn mutant(
    name: &'static str,
    policy: &'static str,
    change: (&'static str, &'static str),
    refuted: &'static [&'static str],
) -> Mutant {
    Mutant { name, policy, from: change.0, to: change.1, refuted, unproved: &[] }
}

const GRANTED: &str =
    "resource has owner && (resource.canEdit.users.contains(principal) || principal in resource.canEdit.groups)";

const MUTANTS: &[Mutant] = &[
    mutant(
        "strangers view",
        "group-content-view",
        ("resource has group && principal in resource.group", "resource has group"),
        &["S2"],
    ),
    mutant(
        "folders are hidden",
        "group-content-view",
        ("principal in resource.group", "principal in resource.group && !(resource is Folder)"),
        &["S2-everyone"],
    ),
    mutant("anyone edits in private spaces", "private-grant-edit", (GRANTED, "resource has owner"), &["S4"]),
    mutant(
        "groups of the owner share everything",
        "private-owner",
        ("resource.owner == principal", "principal in resource.owner.groups"),
        &["S4"],
    ),
    mutant(
        "strangers chat",
        "shared-group-messaging",
        ("principal in resource.groups", "resource != principal"),
        &["M2"],
    ),
    mutant("a sixth field", "shared-group-profile", ("\"picture\"]", "\"picture\", \"birthday\"]"), &["M4"]),
    mutant("strangers see names", "shared-group-profile", ("principal in resource.groups &&", ""), &["M4"]),
    mutant(
        "everyone changes settings",
        "administrator-settings",
        ("principal == resource.administrator", "principal in resource"),
        &["A8", "C4"],
    ),
    mutant(
        "co-administrators invite",
        "administrator-invite",
        ("principal == resource.administrator", "principal in resource.coAdministrators"),
        &["A8", "C4"],
    ),
    mutant(
        "members add and delete",
        "co-administrator-content",
        ("&& principal in resource.group.coAdministrators", ""),
        &["D1", "D5"],
    ),
    mutant(
        "the administrator edits",
        "author-edit",
        ("resource.author == principal", "(resource.author == principal || principal == resource.group.administrator)"),
        &["D4"],
    ),
    mutant(
        "tools are edited",
        "author-edit",
        (
            "resource is Item)\nwhen { resource has group && principal in resource.group && resource.author == principal }",
            "resource is Tool)\nwhen { resource has group && principal in resource.group }",
        ),
        &["D4"],
    ),
    mutant("authors delete", "author-edit", ("Action::\"edit\"", "Action::\"delete\""), &["D5"]),
    mutant("managers only add", "administrator-content", (", Action::\"delete\"", ""), &["D5-managers"]),
    mutant("managers change access to items", "administrator-access", ("!(resource is Item) &&", ""), &["D7"]),
    mutant(
        "members change access",
        "co-administrator-access",
        ("&& principal in resource.group.coAdministrators", ""),
        &["D7"],
    ),
    mutant(
        "open is published enough",
        "directory-view",
        ("resource.published", "(resource.published || resource.open)"),
        &["F2"],
    ),
    mutant("private groups are joined", "join-open", ("resource.published &&", ""), &["F2"]),
    mutant(
        "owners overfill",
        "capacity",
        ("context has size", "context has size && !(resource has owner && resource.owner == principal)"),
        &["P6"],
    ),
    mutant(
        "two spaces at once",
        "one-space",
        (
            "resource has group && resource has owner",
            "resource has group && resource has owner && resource.owner == principal",
        ),
        &["S2", "S4", "D1", "D4"],
    ),
    mutant(
        "a policy that never holds",
        "join-open",
        ("resource.published &&", "resource.published && !resource.published &&"),
        &["no-policy-is-dead"],
    ),
    mutant(
        "a permit below a forbid",
        "capacity",
        (
            "resource has quota && context has size && context.size > resource.quota.free",
            "resource.toolKind == \"drop\"",
        ),
        &["P6", "no-policy-is-dead"],
    ),
    Mutant {
        name: "a forbid that overflows",
        policy: "capacity",
        from: "context.size > resource.quota.free",
        to: "context.size + 1 > resource.quota.free + 1",
        refuted: &["no-policy-can-fail"],
        // Where the forbid fails Cedar would skip it, but the engine denies: no wrong Allow, and no proof either.
        unproved: &["P6"],
    },
];

fn named(properties: &Value, verdict: &str) -> Vec<String> {
    let all = properties.as_object().unwrap().iter();
    let mut names: Vec<_> = all.filter(|(_, one)| one["verdict"] == verdict).map(|(name, _)| name.clone()).collect();
    names.sort();
    names
}

/// Each counterexample shows what is wrong, to whoever decides it again.
fn replay(mutant: &Mutant, policies: &std::path::Path, name: &str, property: &Value) {
    for example in property["counterexamples"].as_array().unwrap() {
        let Some(files) = example.get("files") else {
            assert_eq!(name, "no-policy-is-dead");
            continue;
        };
        let answer = eval(policies, policies, files);
        let expected = match name {
            "S2-everyone" | "D5-managers" => json!("Deny"),
            "no-policy-can-fail" => {
                assert!(!answer["diagnostics"]["errors"].as_array().unwrap().is_empty(), "{answer}");
                continue;
            }
            _ => json!("Allow"),
        };
        assert_eq!(answer["decision"], expected, "{}: {name}: {example:#}", mutant.name);
        assert_eq!(answer["diagnostics"]["reason"], example["reason"]);
    }
}

#[test]
fn every_weakened_variant_breaks_its_properties_and_the_counterexamples_show_it() {
    let mut wrong = Vec::new();
    for mutant in MUTANTS {
        let folder = policies();
        edit(folder.path(), mutant.policy, mutant.from, mutant.to);
        let (code, properties) = verify(folder.path(), &["--policies", "."]);
        assert_eq!(code, Some(1), "{}", mutant.name);
        let found = (named(&properties, "refuted"), named(&properties, "not proved"));
        let sorted = |names: &[&str]| {
            let mut names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            names.sort();
            names
        };
        if found != (sorted(mutant.refuted), sorted(mutant.unproved)) {
            wrong.push(format!("{}: {found:?}", mutant.name));
        }
        for name in found.0 {
            replay(mutant, folder.path(), &name, &properties[&name]);
        }
        assert!(fs::exists(folder.path().join("wrong")).unwrap() || mutant.refuted == ["no-policy-is-dead"]);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_property_is_broken_by_some_variant() {
    let (_, properties) = verify(policies().path(), &[]);
    for name in properties.as_object().unwrap().keys() {
        assert!(MUTANTS.iter().any(|mutant| mutant.refuted.contains(&name.as_str())), "{name} never fails");
    }
}
