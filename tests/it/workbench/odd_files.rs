//! Folders with what should not be there: an error that names the file, and never a wait.

use super::{Bench, run_in};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

const FINE: &str = "@id(\"a\") @rule(\"X\") permit (principal, action == Action::\"view\", resource);\n";

/// Puts each kind of odd file there, under a name that ends so.
fn odd(kind: &str, path: &std::path::Path) {
    match kind {
        "binary" => fs::write(path, [0, 159, 146, 150, 255]).unwrap(),
        "huge" => fs::File::create(path).unwrap().set_len(1 << 40).unwrap(),
        "loop" => symlink(path, path).unwrap(),
        "dangling" => symlink("nowhere", path).unwrap(),
        "folder" => fs::create_dir(path).unwrap(),
        "fifo" => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        "device" => symlink("/dev/zero", path).unwrap(),
        "deep" => {
            fs::write(path, format!("permit (principal, action, resource) when {{ {}", "(".repeat(100_000))).unwrap();
        }
        "long" => fs::write(
            path,
            format!("permit (principal, action, resource) when {{ true{} }};", " && true".repeat(100_000)),
        )
        .unwrap(),
        "choices" => fs::write(
            path,
            format!(
                "permit (principal, action, resource) when {{ {} true }};",
                "if true then true else ".repeat(30_000)
            ),
        )
        .unwrap(),
        "bomb" => fs::write(path, bomb()).unwrap(),
        other => unreachable!("{other}"),
    }
}

/// Small in the file, without end where it is expanded.
fn bomb() -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        let line = format!("a{level}: &a{level} [{}]\n", [below.as_str(); 10].join(", "));
        text += &line;
    }
    text
}

#[test]
fn no_file_of_a_policy_folder_makes_a_command_wait_or_fail_without_a_name() {
    for kind in ["binary", "huge", "loop", "dangling", "folder", "fifo", "device", "deep", "long", "choices"] {
        let bench = Bench::new(&[("p/a.cedar", FINE), ("w.json", "[]")]);
        odd(kind, &bench.path().join("p/odd.cedar"));
        for (arguments, expected) in [
            (&["validate", "--policies", "p"][..], 1),
            (&["test", "w.json", "--policies", "p"], 2),
            (&["matrix", "--policies", "p"], 2),
            (&["fmt", "--check", "p"], 2),
            (&["eval", "--policies", "p", "--entities", "w.json", "--requests", "w.json"], 2),
        ] {
            let (code, out, err) = bench.run(arguments);
            assert_eq!(code, Some(expected), "{kind}: {arguments:?}: {err}");
            assert!(format!("{out}{err}").contains("odd.cedar"), "{kind}: {arguments:?}: {out}{err}");
        }
    }
}

#[test]
fn nor_does_a_file_of_a_folder_of_tests() {
    for kind in ["binary", "huge", "loop", "dangling", "fifo", "device", "deep", "bomb"] {
        for ending in ["yaml", "json"] {
            let bench = Bench::new(&[]);
            fs::create_dir(bench.path().join("t")).unwrap();
            odd(kind, &bench.path().join("t/odd").with_extension(ending));
            let (code, out, err) = bench.run(&["test", "t"]);
            assert_eq!((code, out.as_str()), (Some(2), ""), "{kind} {ending}: {err}");
            assert!(err.contains(&format!("odd.{ending}")), "{kind} {ending}: {err}");
        }
    }
}

#[test]
fn folders_that_lead_into_themselves_are_entered_once() {
    let test = "world: {users: [ann]}\ntests: [{principal: 'User::\"ann\"', action: chat, resource: 'User::\"ann\"', expect: deny}]\n";
    let bench = Bench::new(&[("t/a.yaml", test)]);
    symlink("..", bench.path().join("t/again")).unwrap();
    let (code, out, err) = bench.run(&["test", "t"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("1 question: 1 as expected"), "{out}");
}

#[test]
fn any_text_is_refused_without_a_panic() {
    let bench = Bench::new(&[]);
    for text in [
        "",
        "\0",
        "{",
        "}",
        "[",
        "]",
        "null",
        "- ",
        "tests:",
        "tests: 1",
        "tests: [{}]",
        "world: []",
        "entities: {}",
        "%",
        "&a *a",
        "*a",
        "? ",
        "!!binary x",
        "tests: [{principal: x, action: y, resource: z, expect: maybe}]",
        "world: {groups: [{id: '', administrator: a}]}",
        "world: {capacities: {documents: 99999999999999999999}}",
        "world: {folders: [{id: a, parent: 'Folder::\"a\"', author: b}]}\ntests: [{principal: 'User::\"b\"', action: chat, resource: 'User::\"b\"', expect: deny}]",
        "\u{feff}tests: []",
        "tests: [\u{202e}]",
        "a: 1\na: 2",
        "---\n---\n",
        "entities: e.json",
        "entities: ../../../etc/passwd\ntests: [{principal: 'User::\"b\"', action: chat, resource: 'User::\"b\"', expect: deny}]",
    ] {
        bench.write("t.yaml", text);
        for command in [&["test", "t.yaml"][..], &["matrix", "--entities", "t.yaml"]] {
            let (code, out, err) = run_in(bench.path(), command);
            assert!(code == Some(2) || (code == Some(0) && command[0] == "matrix"), "{text:?}: {code:?} {out}{err}");
            assert!(!err.contains("panicked"), "{text:?}: {err}");
        }
    }
}
