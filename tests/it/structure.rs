//! The module table of `docs/architecture.md`, held against the code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// module, modules of this crate it may use, crates it must never name
const TABLE: &[(&str, &[&str], &[&str])] = &[
    (
        "domain",
        &[],
        &["sqlx", "axum", "hyper", "moka", "tokio", "cedar_policy", "cedar_policy_core", "uuid", "getrandom", "utoipa"],
    ),
    ("store", &["domain"], &["axum", "hyper", "moka", "cedar_policy", "cedar_policy_core"]),
    ("trace", &["config", "counters", "admin"], &["sqlx", "axum", "moka", "cedar_policy", "cedar_policy_core"]),
    ("stamp", &["domain", "store"], &["sqlx", "axum", "hyper", "moka", "cedar_policy", "cedar_policy_core"]),
    ("counters", &[], &["sqlx", "axum", "hyper", "moka", "tokio", "cedar_policy", "cedar_policy_core"]),
    ("cedar", &["domain"], &["sqlx", "axum", "hyper", "moka", "tokio"]),
    ("slice", &["domain", "store", "stamp", "cedar", "counters"], &["sqlx", "axum", "hyper", "moka", "cedar_policy"]),
    ("engine", &["domain", "cedar"], &["sqlx", "axum", "hyper", "moka", "tokio"]),
    (
        "check",
        &["domain", "store", "stamp", "cedar", "slice", "engine", "config", "counters", "trace"],
        &["sqlx", "axum", "hyper", "cedar_policy", "cedar_policy_core"],
    ),
    (
        "search",
        &["domain", "store", "check", "engine", "config"],
        &["sqlx", "axum", "hyper", "moka", "cedar_policy", "cedar_policy_core"],
    ),
    (
        "reload",
        // Of `admin` the clock.
        &["domain", "store", "check", "engine", "cedar", "admin"],
        &["sqlx", "axum", "hyper", "moka", "cedar_policy", "cedar_policy_core"],
    ),
    (
        "decision_log",
        // Of `admin` the clock and the randomness.
        &["domain", "check", "config", "admin", "counters", "trace"],
        &["sqlx", "axum", "hyper", "moka", "cedar_policy", "cedar_policy_core"],
    ),
    (
        "admin",
        &["domain", "store", "check", "config", "mail"],
        &["sqlx", "axum", "hyper", "moka", "cedar_policy", "cedar_policy_core"],
    ),
    (
        "mail",
        // Of `admin` the clock and the randomness.
        &["domain", "store", "admin", "texts"],
        &["sqlx", "axum", "hyper", "moka", "cedar_policy", "cedar_policy_core"],
    ),
    ("texts", &[], &["sqlx", "axum", "hyper", "moka", "tokio", "cedar_policy", "cedar_policy_core", "lettre"]),
    ("bulk", &["domain", "store", "config"], &["sqlx", "axum", "hyper", "moka", "cedar_policy", "cedar_policy_core"]),
    (
        "backup",
        &["domain", "store", "doctor", "config"],
        &["sqlx", "axum", "hyper", "moka", "cedar_policy", "cedar_policy_core"],
    ),
    ("doctor", &["domain", "store", "config"], &["sqlx", "axum", "hyper", "moka", "cedar_policy", "cedar_policy_core"]),
    (
        "workbench",
        &["domain", "cedar", "slice", "engine", "config"],
        &["sqlx", "axum", "hyper", "moka", "tokio", "cedar_policy", "cedar_policy_core"],
    ),
    ("prove", &["domain", "engine", "check"], &["sqlx", "axum", "hyper", "moka", "cedar_policy_core"]),
    ("tls", &["config"], &["sqlx", "axum", "hyper", "moka", "cedar_policy", "cedar_policy_core"]),
    ("client", &["domain", "tls"], &["sqlx", "moka", "cedar_policy", "cedar_policy_core"]),
    (
        "bench",
        &["domain", "store", "check", "config", "tls"],
        &["sqlx", "axum", "moka", "cedar_policy", "cedar_policy_core"],
    ),
    (
        "config",
        &["domain", "engine", "telemetry"],
        &["sqlx", "axum", "hyper", "moka", "cedar_policy", "cedar_policy_core"],
    ),
    (
        "http",
        &[
            "domain",
            "check",
            "engine",
            "admin",
            "config",
            "search",
            "store",
            "texts",
            "reload",
            "decision_log",
            "counters",
            "trace",
            "tls",
        ],
        &["sqlx", "moka", "cedar_policy", "cedar_policy_core"],
    ),
];

/// Every source file but those that only tests are built with.
fn sources() -> Vec<PathBuf> {
    let all = files();
    let mut tests: BTreeSet<String> = ["tests".to_owned()].into();
    for path in &all {
        tests.extend(named(&std::fs::read_to_string(path).unwrap(), "#[cfg(test)]\nmod "));
        tests.extend(named(&std::fs::read_to_string(path).unwrap(), "#[cfg(test)]\npub mod "));
    }
    let is_test = |path: &PathBuf| {
        path.components().any(|part| tests.contains(part.as_os_str().to_str().unwrap().trim_end_matches(".rs")))
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    all.into_iter().filter(|path| !is_test(&path.strip_prefix(root).unwrap().to_owned())).collect()
}

fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// `src/check/key.rs` → `check`
fn module(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The code of a file without its comments and its unit tests.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let before_tests = text.split("#[cfg(test)]").next().unwrap_or_default();
    before_tests.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Every word that follows `crate::` or stands before `::`.
fn named(code: &str, prefix: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    code.split(prefix).skip(1).map(word).collect()
}

#[test]
fn modules_use_only_what_the_table_allows() {
    let mut wrong = Vec::new();
    for path in sources() {
        let (module, code) = (module(&path), code(&path));
        let Some((_, may, never)) = TABLE.iter().find(|(name, ..)| *name == module) else { continue };
        for used in named(&code, "crate::") {
            if used != module && !may.contains(&used.as_str()) {
                wrong.push(format!("{}: `{module}` may not use `crate::{used}`", path.display()));
            }
        }
        for banned in *never {
            if code.contains(&format!("{banned}::")) {
                wrong.push(format!("{}: `{module}` may not use `{banned}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sql_lives_in_the_store_alone() {
    for path in sources().into_iter().filter(|path| module(path) != "store") {
        assert!(!code(&path).contains("sqlx::"), "{} uses sqlx", path.display());
    }
}

#[test]
fn cedar_core_is_known_to_three_modules() {
    for path in sources() {
        if code(&path).contains("cedar_policy_core") {
            let module = module(&path);
            assert!(
                ["cedar", "slice", "engine"].contains(&module.as_str()),
                "{} names cedar_policy_core",
                path.display()
            );
        }
    }
}

#[test]
fn files_stay_short_enough_to_read() {
    for path in sources() {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 400, "{} has {lines} lines: which part wants to be its own file?", path.display());
    }
}

/// Files in which text that is not one literal is given to the database, and how often. Each of these texts is made of
/// constants and of the numbers of parameters, as can be read beside it; whatever comes from anybody is bound.
const SQL_TEXTS: [(&str, usize); 8] = [
    ("bulk/import.rs", 2),
    ("bulk/items.rs", 1),
    ("facts/few.rs", 1),
    ("facts/many.rs", 1),
    ("search/places.rs", 1),
    ("search/rows.rs", 1),
    ("server.rs", 1),
    ("write/entities.rs", 1),
];

#[test]
fn sql_is_made_of_constants() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut found = BTreeSet::new();
    // There the texts meet the database, each of them told to be safe by its type.
    let seam = store.join("sql");
    for path in sources().into_iter().filter(|path| path.starts_with(&store)) {
        let code = code(&path);
        let told = ["AssertSqlSafe(", "OfConstants("].map(|safe| code.matches(safe).count());
        let count = if path.starts_with(&seam) { 0 } else { told.iter().sum() };
        if count > 0 {
            found.insert((path.strip_prefix(&store).unwrap().to_str().unwrap().to_owned(), count));
        }
        // What is pushed is a literal; what comes from anybody goes through `push_bind` or `push_values`.
        for pushed in code.split("query.push(").skip(1) {
            assert!(pushed.trim_start().starts_with('"'), "{}: {pushed:.40}", path.display());
        }
    }
    let known: BTreeSet<_> = SQL_TEXTS.iter().map(|(file, count)| ((*file).to_owned(), *count)).collect();
    assert_eq!(found, known, "is the new text made of constants alone? Then say so here and beside it");
}

/// Who reads Cedar's language: the loader and the formatter its files, and whoever types in a reference or a name of a type.
#[test]
fn cedar_is_read_from_policy_files_alone() {
    let readers = [
        "parse_policyset",
        "parse_policy",
        "parse_expr",
        "PolicySet::from_str",
        "Policy::parse",
        "Expression::from_str",
        "Expr::from_str",
    ];
    for path in sources() {
        let code = code(&path);
        for reader in readers.iter().filter(|reader| code.contains(&format!("{reader}("))) {
            let may = ["parse.rs", "format.rs"].map(|file| Path::new("src/engine").join(file));
            assert!(may.iter().any(|may| path.ends_with(may)), "{} calls {reader}", path.display());
        }
    }
}
