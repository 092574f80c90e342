//! `conclave backup` and `conclave restore`: whole, verified, never in the way of what is there.

use crate::crash::disk::{Order, library, orders};
use crate::failpoints::world::{Template, questions};
use crate::host_entities::stage::contracts;
use crate::process::run;
use crate::sidecar::TestSidecar;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const BILLION: u64 = 1_000_000_000;

/// The worked example in `conclave.db` of a folder of its own.
async fn demo() -> TempDir {
    let database = TestSidecar::new().in_file().with_demo().start().await.into_database().await;
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("conclave.db"), database).unwrap();
    folder
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, err) = run(folder, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {out}{err}");
    out
}

/// Exit code and one line of what is said.
fn failed(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let (code, out, err) = run(folder, arguments);
    assert_ne!(code, Some(0), "{arguments:?}: {out}");
    (code.unwrap(), err.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" "))
}

/// What is in a folder, but for what SQLite leaves beside a database that was only read.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let is_left = |name: &str, bytes: u64| name.ends_with("-shm") || name.ends_with("-wal") && bytes == 0;
    let names = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len()));
    let mut names: Vec<_> = names.filter(|(name, bytes)| !is_left(name, *bytes)).map(|(name, _)| name).collect();
    names.sort();
    names
}

fn revision(out: &str, word: &str) -> u64 {
    out.split(&format!("{word} ")).nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_backup_beside_a_busy_server_is_one_state_and_comes_back_as_it_was() {
    let sidecar = TestSidecar::new().in_file().with_demo().start().await;
    let (database, folder) = (sidecar.database(), TempDir::new().unwrap());
    let at = folder.path().to_owned();
    let count = |lines: &str| lines.lines().filter(|line| line.contains("\"type\":\"item\"")).count();
    let had = count(&done(&at, &["export", "-", "--database", &database]));
    let backups = tokio::task::spawn_blocking(move || {
        let made = (0..4).map(|number| {
            let name = format!("{number}.db");
            let out = done(&at, &["backup", &name, "--database", &database]);
            (name, revision(&out, "revision"))
        });
        made.collect::<Vec<_>>()
    });
    // Each item is a change, so its number tells the revision.
    let mut written = Vec::new();
    while !backups.is_finished() || written.len() < 100 {
        let body =
            json!({"parent": "Tool::\"user:director/documents\"", "author": "director", "name": "n".repeat(200)});
        written.push(sidecar.post("/items", body).await.ok().revision);
    }
    let made = backups.await.unwrap();
    println!("{} changes during {} backups", written.len(), made.len());
    for (name, revision) in &made {
        let at = folder.path();
        assert_eq!(at.join(name).metadata().unwrap().permissions().mode() & 0o777, 0o600);
        done(at, &["doctor", "--database", name]);
        let back = format!("back-{name}");
        let out = done(at, &["restore", name, "--database", &back]);
        assert_eq!(self::revision(&out, "is now"), revision + BILLION, "{out}");
        let lines = done(at, &["export", "-", "--database", &back]);
        assert_eq!(lines, done(at, &["export", "-", "--database", name]));
        let wanted = written.iter().filter(|written| *written <= revision).count();
        assert_eq!(count(&lines), had + wanted, "{name} is of revision {revision}");
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn what_was_restored_decides_as_before() {
    let template = Template::get().await;
    let before = contracts().on(&template.database).start().await;
    let asked = json!({"requests": questions()}).to_string();
    let decisions = |body: &Value| -> Vec<Value> {
        let responses = body["responses"].as_array().unwrap();
        responses.iter().map(|one| json!([one["decision"], one["diagnostics"]])).collect()
    };
    let expected = decisions(&before.access("/v1/is_authorized/batch", asked.clone()).await.ok().body);
    let folder = TempDir::new().unwrap();
    done(folder.path(), &["backup", "copy.db", "--database", &before.database()]);
    before.stop().await;
    let out = done(folder.path(), &["restore", "copy.db"]);
    let database = std::fs::read(folder.path().join("conclave.db")).unwrap();
    assert_eq!(names(folder.path()), ["conclave.db", "conclave.db.lock", "copy.db"]);

    let after = contracts().on(&database).start().await;
    assert_eq!(decisions(&after.access("/v1/is_authorized/batch", asked).await.ok().body), expected);
    // Who followed the changes finds the restore among them, wherever it stood before.
    let (from, now) = (revision(&out, "restored revision"), revision(&out, "is now"));
    for since in [from, from + 50] {
        let told = after.get(&format!("/changes?since={since}")).await.ok().body;
        assert_eq!((&told["revision"], &told["command"]), (&json!(now), &json!("restore")), "{told}");
        assert_eq!(told["entities"], json!([{"entity": "Store::\"*\"", "change": "changed"}]));
    }
    after.stop().await;
}

#[tokio::test]
async fn a_backup_never_replaces_what_it_was_not_told_to() {
    let folder = demo().await;
    let at = folder.path();
    std::fs::write(at.join("mine"), "mine").unwrap();
    let (code, said) = failed(at, &["backup", "mine"]);
    assert!(code == 2 && said.contains("--force"), "{said}");
    assert_eq!(std::fs::read_to_string(at.join("mine")).unwrap(), "mine");
    for own in ["conclave.db", "./conclave.db", "conclave.db-wal", "conclave.db.lock"] {
        let (code, said) = failed(at, &["backup", own, "--force"]);
        assert!(code == 2 && said.contains("belongs to the database"), "{own}: {said}");
    }
    std::fs::write(at.join("old.db-wal"), "a log of another").unwrap();
    assert!(failed(at, &["backup", "old.db"]).1.contains("old.db-wal"));
    done(at, &["backup", "mine", "--force"]);
    done(at, &["doctor", "--database", "mine"]);
    assert_eq!(failed(at, &["backup", "nowhere/copy"]).0, 2);
    assert_eq!(failed(at, &["backup", "copy", "--database", "none.db"]).0, 2);
    assert_eq!(names(at), ["conclave.db", "mine", "old.db-wal"]);
}

#[tokio::test]
async fn a_restore_keeps_what_was_there_and_wants_the_server_stopped() {
    let folder = demo().await;
    let at = folder.path();
    let before = std::fs::read(at.join("conclave.db")).unwrap();
    let out = done(at, &["backup", "copy"]);
    let made = revision(&out, "revision");
    let (code, said) = failed(at, &["restore", "copy"]);
    assert!(code == 2 && said.contains("--force"), "{said}");

    let serving = TestSidecar::new().in_file().start().await;
    let (code, said) = failed(at, &["restore", "copy", "--force", "--database", &serving.database()]);
    assert!(code == 2 && said.contains("another conclave"), "{said}");
    serving.stop().await;

    for round in 1..=2 {
        let out = done(at, &["restore", "copy", "--force"]);
        // The second counts from the first, which it takes away.
        assert_eq!(revision(&out, "is now"), made + round * BILLION, "{out}");
        done(at, &["doctor"]);
    }
    let mut kept: Vec<_> = names(at).into_iter().filter(|name| name.contains(".before-")).collect();
    kept.sort();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert_eq!(std::fs::read(at.join(&kept[0])).unwrap(), before);
    assert!(!names(at).iter().any(|name| name.contains("restoring")), "{:?}", names(at));

    // What cannot be opened makes room too, and is kept.
    std::fs::write(at.join("conclave.db"), "no database at all").unwrap();
    std::fs::write(at.join("conclave.db-wal"), "and its log").unwrap();
    let out = done(at, &["restore", "copy", "--force"]);
    done(at, &["doctor"]);
    let kept = out.split(".before-").nth(1).and_then(|rest| rest.split('`').next()).unwrap();
    let kept = at.join(format!("conclave.db.before-{kept}"));
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "no database at all");
    assert_eq!(std::fs::read_to_string(format!("{}-wal", kept.display())).unwrap(), "and its log");
}

#[tokio::test]
async fn a_backup_that_is_damaged_is_not_restored() {
    let folder = demo().await;
    let at = folder.path();
    done(at, &["backup", "copy"]);
    let (whole, before) = (std::fs::read(at.join("copy")).unwrap(), std::fs::read(at.join("conclave.db")).unwrap());
    let page = |number: usize| number * 4096..(number + 1) * 4096;
    let mut blank = whole.clone();
    blank[page(whole.len() / 8192)].fill(0);
    let cut = whole[..page(whole.len() / 8192).start].to_vec();
    let text = b"-- a dump, and not a backup\n".repeat(400);
    for (what, bytes) in [("a page of nothing", blank), ("cut off", cut), ("text", text)] {
        std::fs::write(at.join("bad"), bytes).unwrap();
        let (code, said) = failed(at, &["restore", "bad", "--force"]);
        assert!(code == 1 && said.contains("nothing was restored"), "{what}: {code} {said}");
        assert_eq!(std::fs::read(at.join("conclave.db")).unwrap(), before, "{what}");
        assert_eq!(names(at), ["bad", "conclave.db", "conclave.db.lock", "copy"], "{what}");
    }
    // Sound, and against the rules: a group whose administrator is a member too (A3).
    std::fs::write(at.join("bad"), &whole).unwrap();
    crate::crash::damaged::alter(&at.join("bad"), "INSERT INTO members VALUES ('sales', 'director', 0, 0)").await;
    let (code, said) = failed(at, &["restore", "bad", "--force"]);
    assert!(code == 1 && said.contains("A3"), "{said}");
    let (code, said) = failed(at, &["restore", "nothing", "--force"]);
    assert!(code == 2 && said.contains("no backup"), "{said}");
    let (code, said) = failed(at, &["restore", "conclave.db", "--force"]);
    assert!(code == 2 && said.contains("belongs to the database"), "{said}");
    // A damaged database makes no backup.
    let mut blank = before.clone();
    blank[page(before.len() / 8192).start..].fill(0);
    std::fs::write(at.join("conclave.db"), blank).unwrap();
    assert_eq!(failed(at, &["backup", "again"]).0, 1);
    assert!(!names(at).iter().any(|name| name.starts_with("again")));
}

#[tokio::test]
async fn a_backup_without_room_leaves_nothing() {
    let folder = demo().await;
    // The shell's limit counts in kilobytes; without the signal, writing beyond it is an error.
    let script = format!("trap '' XFSZ; ulimit -f 64; exec {} backup copy", env!("CARGO_BIN_EXE_conclave"));
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(names(folder.path()), ["conclave.db"]);
    if let Some(room) = crate::crash::room::Room::new(1) {
        let copy = room.path().join("copy");
        std::fs::write(room.path().join("ballast"), vec![0; 900_000]).unwrap();
        let (code, said) = failed(folder.path(), &["backup", copy.to_str().unwrap()]);
        assert!(code == 2 && said.contains("full"), "{said}");
        assert_eq!(names(room.path()), ["ballast"]);
    }
}

#[tokio::test]
async fn a_backup_or_restore_that_is_killed_leaves_nothing_that_looks_done() {
    let folder = demo().await;
    let at = folder.path();
    let before = std::fs::read(at.join("conclave.db")).unwrap();
    done(at, &["backup", "good"]);
    let killed = |arguments: &[&str], kind, count| {
        Order::Kill { kind, count, when: "half" }.give(at);
        let mut command = Command::new(env!("CARGO_BIN_EXE_conclave"));
        command.args(arguments).current_dir(at).env("LD_PRELOAD", library()).env("DISK_ORDERS", orders(at));
        let Output { status, .. } = command.output().unwrap();
        assert_eq!(status.code(), None, "{arguments:?} was not killed at {kind} {count}");
    };
    for (kind, count) in [("copy-write", 1), ("copy-write", 20), ("copy-write", 60), ("copy-sync", 1)] {
        killed(&["backup", "copy"], kind, count);
        assert!(!at.join("copy").exists());
    }
    done(at, &["backup", "copy"]);
    done(at, &["doctor", "--database", "copy"]);
    assert!(!at.join("copy.partial").exists());
    // The database is as it was until the backup is in its place.
    for count in [1, 8, 16] {
        killed(&["restore", "good", "--force"], "new-write", count);
        assert_eq!(std::fs::read(at.join("conclave.db")).unwrap(), before);
    }
    killed(&["restore", "good", "--force"], "new-sync", 2);
    done(at, &["doctor"]);
    done(at, &["restore", "good", "--force"]);
    done(at, &["doctor"]);
    assert!(!names(at).iter().any(|name| name.contains("restoring")), "{:?}", names(at));
}
