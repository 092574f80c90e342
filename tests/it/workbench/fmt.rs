//! `conclave fmt`.

use super::{Bench, run_in};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io::Write as _};

const UGLY: &str = "// Why.\n@id(\"a\")@rule(\"X\")permit(principal,action,resource)when{true}; // trailing\n";
const NEAT: &str = "@id(\"a\")\npermit (principal, action, resource);\n";

#[test]
fn files_are_laid_out_in_place_and_comments_stay() {
    let bench = Bench::new(&[("p/ugly.cedar", UGLY), ("p/neat.cedar", NEAT), ("p/other.txt", "permit(")]);
    let ugly = bench.path().join("p/ugly.cedar");
    fs::set_permissions(&ugly, fs::Permissions::from_mode(0o640)).unwrap();
    let (code, out, _) = bench.run(&["fmt", "--check", "p"]);
    assert_eq!((code, out.as_str()), (Some(1), "would change: p/ugly.cedar\n"));
    assert_eq!(bench.read("p/ugly.cedar"), UGLY, "--check changes nothing");
    let (code, out, _) = bench.run(&["fmt", "p"]);
    assert_eq!((code, out.as_str()), (Some(0), "laid out: p/ugly.cedar\n"));
    let now = bench.read("p/ugly.cedar");
    assert!(now.starts_with("// Why.\n@id(\"a\")\n@rule(\"X\")\npermit (principal, action, resource)\n"), "{now}");
    assert!(now.contains("// trailing"), "{now}");
    assert_eq!(fs::metadata(&ugly).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(bench.run(&["fmt", "--check", "--policies", "p"]).0, Some(0));
    assert_eq!(fs::read_dir(bench.path().join("p")).unwrap().count(), 3, "nothing is left lying about");
}

#[test]
fn a_link_stays_one() {
    let bench = Bench::new(&[("real.cedar", UGLY)]);
    std::os::unix::fs::symlink("real.cedar", bench.path().join("link.cedar")).unwrap();
    assert_eq!(bench.run(&["fmt", "link.cedar"]).0, Some(0));
    assert!(fs::symlink_metadata(bench.path().join("link.cedar")).unwrap().is_symlink());
    assert_eq!(bench.run(&["fmt", "--check", "real.cedar"]).0, Some(0));
}

#[test]
fn a_mistake_leaves_its_file_alone_and_the_others_are_laid_out() {
    let bench = Bench::new(&[("p/a.cedar", "permit (principal;\n"), ("p/b.cedar", UGLY)]);
    let (code, out, err) = bench.run(&["fmt", "p"]);
    assert_eq!((code, out.as_str()), (Some(2), "laid out: p/b.cedar\n"));
    assert!(err.contains("p/a.cedar:1:18"), "{err}");
    assert_eq!(bench.read("p/a.cedar"), "permit (principal;\n");
    for misuse in [&["fmt"][..], &["fmt", "absent"], &["fmt", "-", "p"]] {
        assert_eq!(bench.run(misuse).0, Some(2), "{misuse:?}");
    }
}

#[test]
fn standard_input_goes_to_standard_output() {
    let piped = |text: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_conclave"));
        command.arg("fmt").args(more).arg("-").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(piped(NEAT, &[]), (Some(0), NEAT.to_owned()));
    assert_eq!(piped("permit(principal,action,resource);", &["--check"]), (Some(1), String::new()));
    assert_eq!(piped("permit(", &[]), (Some(2), String::new()));
    assert_eq!(run_in(Path::new("/"), &["fmt", "--help"]).0, Some(0));
}
