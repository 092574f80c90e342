//! A disk that is full, read-only or failing under a running server.

use super::dice::Dice;
use super::disk::{EIO, ENOSPC, EROFS, Order};
use super::oracle::{Verdict, Worker, begin, history, must};
use super::room::Room;
use super::victim::{Power, Victim};
use crate::process::run;
use std::path::Path;
use tempfile::TempDir;

/// Everybody tries to write and cannot; what is decided meanwhile is right.
async fn starve(victim: &Victim, workers: &mut [Worker], unsure: bool) -> Verdict {
    for worker in workers {
        // What is forbidden is refused without anything being written, full or not.
        while worker.work(victim, 1).await? {}
        worker.decides(victim, unsure).await?;
        if !unsure {
            worker.is_undone(victim).await?;
        }
    }
    Ok(())
}

async fn recover(victim: &Victim, workers: &mut [Worker], base: u64) -> Verdict {
    for worker in &mut *workers {
        worker.settle(victim).await?;
        must(worker.work(victim, 3).await?, || format!("it cannot write again: {}", victim.log()))?;
        worker.settle(victim).await?;
    }
    history(victim, workers, base).await
}

/// Fails, goes on, fails again, is killed so, and goes on.
async fn fails(errno: i32, what: char, dice: &mut Dice) -> Verdict {
    let folder = TempDir::new().unwrap();
    let (base, mut workers) = (begin(folder.path()).await, Worker::all(dice));
    // After a sync that failed nobody knows what is on the disk, least of all after a kill.
    let unsure = what == 's';
    let order = Order::Fail(errno, what);
    Order::Nothing.give(folder.path());
    let mut victim = Victim::start(folder.path(), Power::Stays).await.map_err(|_| "it does not start")?;
    recover(&victim, &mut workers, base).await?;
    order.give(folder.path());
    starve(&victim, &mut workers, unsure).await?;
    Order::Nothing.give(folder.path());
    recover(&victim, &mut workers, base).await?;

    order.give(folder.path());
    starve(&victim, &mut workers, unsure).await?;
    victim.signal("KILL");
    victim.ended().await;
    Order::Nothing.give(folder.path());
    let victim = Victim::start(folder.path(), Power::Stays).await.map_err(|_| "it does not start again")?;
    if !unsure {
        for worker in &workers {
            worker.is_undone(&victim).await?;
        }
    }
    recover(&victim, &mut workers, base).await?;
    let broken = Victim::doctor(&folder.path().join("conclave.db")).await?;
    must(broken.is_empty(), || format!("{broken:#?}"))
}

#[tokio::test]
async fn a_disk_that_fails_costs_writes_and_never_a_right_decision() {
    let mut dice = Dice::roll();
    for (errno, what) in [(ENOSPC, 'w'), (EROFS, 'b'), (EIO, 'w'), (EIO, 's')] {
        fails(errno, what, &mut dice).await.unwrap_or_else(|why| panic!("error {errno} of `{what}`: {why}"));
    }
}

/// The same without any library in between: the room is really gone.
#[tokio::test]
async fn a_full_file_system_costs_writes_and_never_a_right_decision() {
    let Some(room) = Room::new(4) else { return };
    let (folder, mut dice) = (TempDir::new().unwrap(), Dice::roll());
    let (base, mut workers) = (begin(room.path()).await, Worker::all(&mut dice));
    let (database, ballast) = (room.path().join("conclave.db"), room.path().join("ballast"));
    Order::Nothing.give(folder.path());
    let victim = Victim::start_on(folder.path(), &database, Power::Stays).await;
    let mut victim = victim.unwrap_or_else(|_| panic!("it does not start"));
    recover(&victim, &mut workers, base).await.unwrap();
    fill(&ballast);
    starve(&victim, &mut workers, false).await.unwrap();
    std::fs::remove_file(&ballast).unwrap();
    recover(&victim, &mut workers, base).await.unwrap();
    fill(&ballast);
    starve(&victim, &mut workers, false).await.unwrap();
    victim.signal("KILL");
    victim.ended().await;
    std::fs::remove_file(&ballast).unwrap();
    let mut victim = Victim::start_on(folder.path(), &database, Power::Stays).await.unwrap_or_else(|_| panic!("again"));
    recover(&victim, &mut workers, base).await.unwrap();
    victim.signal("TERM");
    assert_eq!(victim.ended().await.code(), Some(0), "{}", victim.log());
    assert_eq!(Victim::doctor(&database).await.unwrap(), Vec::<String>::new());
}

/// Takes all the room there is.
fn fill(ballast: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(ballast).unwrap();
    while file.write_all(&[0; 512]).is_ok() {}
}

#[tokio::test]
async fn on_a_read_only_file_system_every_command_says_what_it_lacks() {
    let Some(room) = Room::new(8) else { return };
    let folder = TempDir::new().unwrap();
    begin(folder.path()).await;
    assert_eq!(run(folder.path(), &["backup", room.path().join("copy.db").to_str().unwrap()]).0, Some(0));
    begin(room.path()).await;
    room.read_only();
    let (database, copy) = (room.path().join("conclave.db"), room.path().join("copy.db"));
    let (database, copy) = (database.to_str().unwrap(), copy.to_str().unwrap());
    let said = |arguments: &[&str], code, word: &str| {
        let (exit, out, err) = run(folder.path(), arguments);
        assert_eq!(exit, Some(code), "{arguments:?}: {out}{err}");
        let said = (out + &err).replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(word), "{arguments:?}: no {word} in {said}");
    };
    let serve = ["serve", "--database", database, "--listen", "unix:a.sock", "--admin-listen", "unix:b.sock"];
    said(&serve, 2, "Read-only file system");
    said(&["restore", copy, "--database", database, "--force"], 2, "Read-only file system");
    said(&["doctor", "--database", database], 2, "copy it elsewhere");
    // A backup needs nothing beside it.
    said(&["doctor", "--database", copy], 0, "every invariant holds");
    said(&["check", "--database", copy, "User::\"olga\"", "view", "Folder::\"f0\""], 0, "ALLOW");
}
