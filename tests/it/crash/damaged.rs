//! Files that are not what a server should open: refused with what repairs, and left as they are.

use super::dice::{Dice, rounds};
use super::disk::Order;
use super::oracle::{Worker, begin, history, world};
use super::victim::{Gone, Power, Victim};
use crate::process::run;
use crate::sidecar::TestSidecar;
use conclave::store::{Access, Store};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use std::path::Path;
use tempfile::TempDir;

/// Writes into a database past the program.
pub async fn alter(path: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Tries to serve a file: it must be refused, with a sentence in which these words are, and left as it is.
fn refused(folder: &Path, name: &str, words: &[&str]) {
    let before = std::fs::read(folder.join(name)).unwrap();
    let (code, _, err) =
        run(folder, &["serve", "--database", name, "--listen", "unix:a.sock", "--admin-listen", "unix:b.sock"]);
    let said = err.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
    assert_eq!(code, Some(2), "{name}: {said}");
    for word in words.iter().chain(&["conclave restore BACKUP"]) {
        assert!(said.contains(word), "{name}: no {word} in {said}");
    }
    assert_eq!(std::fs::read(folder.join(name)).unwrap(), before, "{name} was changed");
    assert!(!folder.join(format!("{name}.admin-token")).exists());
}

#[tokio::test]
async fn what_cannot_be_opened_safely_is_refused_with_the_command_that_restores() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (whole, _) = world().await;

    std::fs::write(at("text.db"), "dear diary, ".repeat(500)).unwrap();
    refused(folder.path(), "text.db", &["no conclave database"]);
    alter(&at("theirs.db"), "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)").await;
    refused(folder.path(), "theirs.db", &["no conclave database"]);
    std::fs::write(at("newer.db"), whole).unwrap();
    alter(&at("newer.db"), "INSERT INTO _sqlx_migrations VALUES (99, 'later', 0, TRUE, x'00', 0)").await;
    refused(folder.path(), "newer.db", &["newer conclave"]);
    std::fs::write(at("half.db"), &whole[..whole.len() / 8192 * 4096]).unwrap();
    refused(folder.path(), "half.db", &["damaged"]);
    let mut headless = whole.clone();
    headless[..100].fill(0);
    std::fs::write(at("headless.db"), headless).unwrap();
    refused(folder.path(), "headless.db", &["no conclave database"]);
    let mut blank = whole.clone();
    blank[100..4096].fill(0);
    std::fs::write(at("blank.db"), blank).unwrap();
    refused(folder.path(), "blank.db", &["damaged"]);
    // Another's log, or a file put back by hand beside a log that is not its own.
    std::fs::write(at("torn.db"), whole).unwrap();
    alter(&at("torn.db"), "UPDATE store SET revision = revision + 3").await;
    refused(folder.path(), "torn.db", &["damaged", "revision"]);
}

#[tokio::test]
async fn a_log_that_was_cut_off_is_a_state_that_was() {
    let mut dice = Dice::roll();
    let folder = TempDir::new().unwrap();
    let (base, mut workers) = (begin(folder.path()).await, Worker::all(&mut dice));
    let database = folder.path().join("conclave.db");
    for round in 0..3 * rounds() {
        Order::Nothing.give(folder.path());
        let mut victim = start(folder.path()).await;
        for worker in &mut workers {
            assert!(worker.work(&victim, 6).await.unwrap());
        }
        victim.signal("KILL");
        victim.ended().await;
        let log = std::fs::OpenOptions::new().write(true).open(folder.path().join("conclave.db-wal")).unwrap();
        let length = log.metadata().unwrap().len();
        log.set_len(dice.below(length)).unwrap();
        let victim = start(folder.path()).await;
        let ahead = victim.call(&format!("GET /changes?since={}", u64::MAX), None, &Value::Null).await.unwrap();
        let head = serde_json::from_str::<Value>(&ahead.text).unwrap()["head"].as_u64().unwrap();
        for worker in &mut workers {
            worker.forget_after(head);
            worker.settle(&victim).await.unwrap_or_else(|why| panic!("round {round}, at revision {head}: {why}"));
        }
        history(&victim, &workers, base).await.unwrap();
        assert_eq!(Victim::doctor(&database).await.unwrap(), Vec::<String>::new());
    }
}

async fn start(folder: &Path) -> Victim {
    match Victim::start(folder, Power::Stays).await {
        Ok(victim) => victim,
        Err(Gone) => panic!("it does not start: {}", std::fs::read_to_string(folder.join("log")).unwrap()),
    }
}

/// Bytes that flip anywhere never bring anything down; what SQLite can notice is refused or found.
#[tokio::test]
async fn flipped_bytes_are_refused_or_found_or_cannot_be_seen() {
    let (whole, _) = world().await;
    let folder = TempDir::new().unwrap();
    let (path, mut dice) = (folder.path().join("conclave.db"), Dice::roll());
    let (mut refused, mut found, mut unseen) = (0, 0, 0);
    let page_bytes = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    for turn in 0..40 * rounds() {
        let mut flipped = whole.clone();
        let anywhere = usize::try_from(dice.below(whole.len() as u64)).unwrap();
        // Every other time where a page says what it is: that must be noticed, values hardly ever are.
        let place = if turn % 2 == 0 { anywhere - anywhere % page_bytes } else { anywhere };
        flipped[place] ^= 1 << dice.below(8);
        for file in ["conclave.db", "conclave.db-wal", "conclave.db-shm"] {
            std::fs::remove_file(folder.path().join(file)).ok();
        }
        std::fs::write(&path, flipped).unwrap();
        match Store::open(path.to_str().unwrap(), Access::Own).await {
            Err(_) => refused += 1,
            Ok(store) => {
                match Victim::doctor(&path).await {
                    Ok(broken) if broken.is_empty() => unseen += 1,
                    _ => found += 1,
                }
                store.close().await;
            }
        }
    }
    println!("of {} flipped bits {refused} were refused, {found} found by doctor, {unseen} not seen", 40 * rounds());
    assert!(refused + found > 0);
}

/// What docs/threat-model.md says is not covered: a value that is as good as any other. If this fails, say so there.
#[tokio::test]
async fn a_grantee_changed_in_the_file_is_not_noticed() {
    let sidecar = TestSidecar::new().on(&world().await.0).start().await;
    let grant = json!({"resource": "Folder::\"f0\"", "right": "view", "to": {"user": "w0"}});
    sidecar.put("/grants", grant).await.ok();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("conclave.db");
    std::fs::write(&path, sidecar.into_database().await).unwrap();
    alter(&path, "UPDATE grants SET grantee = 'w1' WHERE grantee = 'w0'").await;
    assert_eq!(Victim::doctor(&path).await.unwrap(), Vec::<String>::new());
    assert_eq!(run(folder.path(), &["check", "User::\"w1\"", "view", "Folder::\"f0\""]).0, Some(0));
}
