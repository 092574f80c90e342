//! Solvers that are not there, take too long, or are none: nothing of that is a proof.

use crate::process::run;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::TempDir;

/// A program in place of the solver, which says of itself that it is one.
fn pretender(behaviour: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cvc5");
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'This is cvc5 version 0'; exit; fi\n\
         echo $$ >> '{}/pids'\n{behaviour}\n",
        folder.path().display()
    );
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn verify(folder: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let solver = folder.join("cvc5");
    run(folder, &[&["verify", "--only", "F2", "--solver", solver.to_str().unwrap()], more].concat())
}

#[test]
fn without_a_solver_it_says_how_to_install_one() {
    let folder = TempDir::new().unwrap();
    for command in [&["verify", "--solver", "./cvc5"][..], &["diff", ".", ".", "--solver", "./cvc5"]] {
        if command[0] == "diff" {
            fs::write(folder.path().join("p.cedar"), "@id(\"a\") permit (principal, action, resource);").unwrap();
        }
        let (code, out, err) = run(folder.path(), command);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(err.contains("is not there") && err.contains("apt-get install cvc5"), "{err}");
    }
    let (code, _, err) = run(folder.path(), &["verify", "--solver", "/bin/true"]);
    assert!(code == Some(2) && err.contains("is no cvc5"), "{err}");
}

#[test]
fn a_solver_that_takes_too_long_is_stopped_and_proves_nothing() {
    let folder = pretender("exec sleep 600");
    let (code, out, err) = verify(folder.path(), &["--timeout", "1"]);
    assert_eq!(code, Some(2), "{out}{err}");
    assert!(out.contains("not proved F2") && out.contains("took longer than 1 s"), "{out}");
    let pids = fs::read_to_string(folder.path().join("pids")).unwrap();
    assert!(pids.lines().count() > 0);
    for pid in pids.lines() {
        assert!(!Path::new("/proc").join(pid).exists(), "{pid} is still there");
    }
}

#[test]
fn a_solver_that_ends_lies_or_cannot_tell_proves_nothing() {
    let told = "while read -r line; do case \"$line\" in *check-sat*) echo";
    for behaviour in
        ["exit 0", "echo hello", &format!("{told} maybe;; esac; done"), &format!("{told} unknown;; esac; done")]
    {
        let folder = pretender(behaviour);
        let (code, out, err) = verify(folder.path(), &["--timeout", "20"]);
        assert_eq!(code, Some(2), "{behaviour}: {out}{err}");
        assert!(out.contains("not proved F2") && !out.contains("\nproved"), "{behaviour}: {out}");
    }
}
