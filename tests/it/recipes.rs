//! The recipes of docs/policies.md: each is put beside the built-in schema and policies, as a reader would, and must
//! be valid, laid out, tested whole, and no burden on what is built in. The page quotes them word for word.

use crate::workbench::{Bench, ROOT};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const RECIPES_MIN: usize = 10;

/// Of the folder of properties, the file that has none.
const ASSUMED: &str = "assumptions.cedar";

/// A recipe beside what is built in: `schema/`, `policies/`, and its own tests in `tests/`.
struct Kitchen {
    name: String,
    bench: Bench,
}

impl Kitchen {
    fn new(folder: &Path) -> Self {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let kitchen = Self { name, bench: Bench::new(&[]) };
        for from in [at("schema"), at("policies"), folder.to_owned()] {
            kitchen.take(&from);
        }
        kitchen
    }

    fn take(&self, from: &Path) {
        for path in entries(from).into_iter().filter(|path| path.is_file()) {
            let to = match path.extension().unwrap().to_str().unwrap() {
                "cedarschema" => "schema",
                "cedar" => "policies",
                "yaml" => "tests",
                other => unreachable!("{}: what is .{other}?", path.display()),
            };
            let target = format!("{to}/{}", path.file_name().unwrap().to_str().unwrap());
            self.bench.write(&target, &fs::read_to_string(&path).unwrap());
        }
    }

    /// Where its own policies are, as reports name the file.
    fn own(&self) -> String {
        format!("policies/{}.cedar", self.name)
    }

    fn run(&self, command: &[&str]) -> (Option<i32>, String) {
        let both = ["--policies", "policies", "--schema", "schema"];
        let (code, out, err) = self.bench.run(&[command, &both].concat());
        (code, out + &err)
    }
}

fn at(path: &str) -> PathBuf {
    Path::new(ROOT).join(path)
}

/// What a folder has, in order.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

fn kitchens() -> Vec<Kitchen> {
    let all: Vec<_> = entries(&at("tests/recipes")).iter().map(|folder| Kitchen::new(folder)).collect();
    assert!(all.len() >= RECIPES_MIN);
    all
}

/// Asserts that every policy of the recipe, and every condition of it, was seen both ways.
fn is_covered(kitchen: &Kitchen, report: &Value) {
    let all = report["coverage"]["policies"].as_array().unwrap();
    let own: Vec<_> = all.iter().filter(|policy| policy["file"] == kitchen.own().as_str()).collect();
    assert!(!own.is_empty(), "{} has no policies of its own", kitchen.name);
    for policy in own {
        for outcome in [policy].into_iter().chain(policy["conditions"].as_array().unwrap()) {
            assert_eq!(outcome["never"], Value::Null, "{}: {outcome:#}", kitchen.name);
        }
    }
}

#[test]
fn every_recipe_is_valid_and_laid_out() {
    for kitchen in kitchens() {
        let (code, said) = kitchen.run(&["validate"]);
        assert!(code == Some(0) && said.ends_with(": valid\n"), "{}: {said}", kitchen.name);
        assert_eq!(said.lines().count(), 1, "{}: {said}", kitchen.name);
        let (code, out, err) = kitchen.bench.run(&["fmt", "--check", &kitchen.own()]);
        assert_eq!(code, Some(0), "{}: {out}{err}", kitchen.name);
    }
}

#[test]
fn every_recipe_decides_as_its_tests_say_and_they_see_all_of_it() {
    for kitchen in kitchens() {
        let (code, said) = kitchen.run(&["test", "tests", "--json"]);
        assert_eq!(code, Some(0), "{}: {said}", kitchen.name);
        is_covered(&kitchen, &serde_json::from_str(&said).unwrap());
    }
}

#[test]
fn what_is_built_in_decides_beside_a_recipe_as_ever() {
    let tests = at("policies/tests");
    for kitchen in kitchens() {
        let (code, said) = kitchen.run(&["test", tests.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{}: {said}", kitchen.name);
    }
}

#[test]
fn the_tests_of_a_recipe_fail_without_its_policies() {
    for kitchen in kitchens() {
        fs::remove_file(kitchen.bench.path().join(kitchen.own())).unwrap();
        let (code, said) = kitchen.run(&["test", "tests"]);
        assert_eq!(code, Some(1), "{}: {said}", kitchen.name);
    }
}

#[test]
fn all_recipes_together_are_valid_too() {
    let all = kitchens();
    let (first, others) = all.split_first().unwrap();
    for other in others {
        first.take(&at("tests/recipes").join(&other.name));
    }
    let (code, said) = first.run(&["validate"]);
    assert_eq!(code, Some(0), "{said}");
}

/// The properties of `policies/properties` that are not proved of a recipe.
fn no_longer_proved(kitchen: &Kitchen) -> BTreeSet<String> {
    let mut files = entries(&at("policies/properties"));
    files.retain(|path| !path.ends_with(ASSUMED));
    let mut command = vec!["verify", "--json", "--counterexamples", "wrong"];
    command.extend(["--policies", "policies", "--schema", "schema"]);
    for file in &files {
        command.extend(["--only", file.file_stem().unwrap().to_str().unwrap()]);
    }
    let (_, out, err) = kitchen.bench.run(&command);
    let report: Value = serde_json::from_str(&out).unwrap_or_else(|_| unreachable!("{}: {out}{err}", kitchen.name));
    let all = report["properties"].as_array().unwrap();
    assert_eq!(all.len(), files.len(), "{}: {err}", kitchen.name);
    let not = all.iter().filter(|property| property["verdict"] != "proved");
    not.map(|property| property["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_page_says_which_promises_each_recipe_changes() {
    let page = fs::read_to_string(at("docs/policies.md")).unwrap();
    for kitchen in kitchens() {
        let row = page.lines().find(|line| line.starts_with(&format!("| [`{}`](#", kitchen.name)));
        let told = row.unwrap_or_else(|| panic!("docs/policies.md has no row for {}", kitchen.name)).split('|').nth(3);
        let told: BTreeSet<String> = told.unwrap().trim().split(", ").map(str::to_owned).collect();
        let changed = no_longer_proved(&kitchen);
        let none = || BTreeSet::from(["none".to_owned()]);
        assert_eq!(told, if changed.is_empty() { none() } else { changed }, "{}", kitchen.name);
    }
}

/// What the page quotes: the file named in `<!-- recipe: FILE -->`, and the block below it.
fn quoted(page: &str) -> Vec<(&str, &str)> {
    let after = |part| {
        let (file, rest) = str::split_once(part, " -->\n").unwrap();
        let (_, block) = rest.split_once("```").unwrap().1.split_once('\n').unwrap();
        (file, block.split_once("```\n").unwrap().0)
    };
    page.split("<!-- recipe: ").skip(1).map(after).collect()
}

#[test]
fn the_page_quotes_the_files_and_leaves_none_out() {
    let page = fs::read_to_string(at("docs/policies.md")).unwrap();
    let mut seen = BTreeSet::new();
    for (file, block) in quoted(&page) {
        let text = fs::read_to_string(at("tests/recipes").join(file)).unwrap_or_default();
        assert_eq!(block, text, "docs/policies.md does not say what tests/recipes/{file} says");
        seen.insert(file.to_owned());
    }
    for kitchen in kitchens() {
        let name = &kitchen.name;
        for kind in ["cedar", "cedarschema"] {
            assert!(seen.contains(&format!("{name}/{name}.{kind}")), "docs/policies.md leaves out {name}.{kind}");
        }
        assert!(page.contains(&format!("(../tests/recipes/{name}/{name}.yaml)")), "docs/policies.md: tests of {name}");
    }
}

#[test]
fn what_the_page_walks_through_comes_to_the_recipe() {
    let page = fs::read_to_string(at("docs/policies.md")).unwrap();
    let written = page.split("mine/policies/auditor.cedar <<'END'\n").skip(1);
    let whole: String = written.map(|rest| rest.split_once("END\n").unwrap().0).collect();
    assert_eq!(whole, fs::read_to_string(at("tests/recipes/auditor/auditor.cedar")).unwrap());
}
