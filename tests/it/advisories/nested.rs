//! Policies that were written to bring down what reads them.

use crate::process::run;
use tempfile::TempDir;

const DEEP: usize = 5_000;

/// Conditions that nest, each in another way.
fn nested() -> Vec<(&'static str, String)> {
    let wrapped = |open: &str, inner: &str, close: &str| open.repeat(DEEP) + inner + &close.repeat(DEEP);
    vec![
        ("parentheses", wrapped("(", "true", ")")),
        ("not", wrapped("!(", "true", ")")),
        ("if", wrapped("if true then ", "true", " else false")),
        ("sets", wrapped("[", "1", "]") + ".contains(1)"),
        ("records", wrapped("{a: ", "1", "}") + " == {}"),
        ("and", format!("true{}", " && true".repeat(DEEP))),
        ("or", format!("false{}", " || false".repeat(DEEP))),
        ("sum", format!("1{} == 2", " + 1".repeat(DEEP))),
        ("attributes", format!("principal{} == 1", ".a".repeat(DEEP))),
        ("in", format!("principal in {}", wrapped("[", "principal", "]"))),
        ("calls", format!("[1]{}", ".contains(1)".repeat(DEEP))),
    ]
}

/// Fails if anything that goes through a condition needs as much stack as the condition is deep.
#[test]
fn a_policy_nested_without_end_is_an_error_and_no_crash() {
    for (what, condition) in nested() {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("p")).unwrap();
        let policy = format!("@id(\"deep\") permit (principal, action, resource) when {{ {condition} }};");
        std::fs::write(folder.path().join("p/deep.cedar"), policy).unwrap();
        let (code, out, error) = run(folder.path(), &["validate", "--policies", "p"]);
        // A process that a signal ends has no exit code.
        let last = error.lines().last().unwrap_or_default().chars().take(200).collect::<String>();
        assert!(code == Some(0) || code == Some(1), "{what}: {code:?} {} {last}", out.len());
    }
}
