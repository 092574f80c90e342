//! Commands whose output nobody reads to its end.

use super::{Bench, ROOT};
use std::process::{Command, Stdio};

/// What a shell sees of `conclave … | head -1`: the exit code of the command, and standard error.
fn cut_off(folder: &std::path::Path, arguments: &str) -> (String, String) {
    let script =
        format!("{{ {} {arguments}; echo \"exit $?\" >&2; }} | head -1 >/dev/null", env!("CARGO_BIN_EXE_conclave"));
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder).stdin(Stdio::null()).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    let (said, code) = err.trim_end().rsplit_once("exit ").unwrap();
    (code.to_owned(), said.to_owned())
}

#[test]
fn whoever_reads_only_the_beginning_hears_of_no_error_and_the_exit_code_stays_the_answer() {
    let question = r#"{"principal":"User::\"a\"","action":"Action::\"chat\"","resource":"User::\"b\""}"#;
    let many = format!("[{}]", vec![question; 5_000].join(","));
    let bench = Bench::new(&[("e.json", "[]"), ("r.json", &many)]);
    let policies = format!("--policies {ROOT}/tests/data/broken/policies --schema {ROOT}/tests/data/broken/schema");
    for (arguments, code) in [
        ("matrix".to_owned(), "0"),
        ("eval --entities e.json --requests r.json".to_owned(), "0"),
        (format!("validate {policies} --format json"), "1"),
        (format!("validate {policies} --format sarif"), "1"),
        (format!("test {ROOT}/policies/tests --json"), "0"),
        ("serve --print-config".to_owned(), "0"),
    ] {
        assert_eq!(cut_off(bench.path(), &arguments), (code.to_owned(), String::new()), "{arguments}");
    }
}
