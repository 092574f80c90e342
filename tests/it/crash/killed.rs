//! SIGKILL at each step of a write and at any moment, the power cut, a first start that is cut short, and a process
//! that is halted for a while.

use super::dice::{Dice, rounds};
use super::disk::Order;
use super::oracle::{Verdict, WORKERS, Worker, begin, history, must};
use super::victim::{Gone, Power, Victim};
use futures_util::future::join_all;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// How often a worker writes before it is enough.
const WRITES: u64 = 8;

/// Where the server is killed: the kind of call, the highest number of it, and when of it. What nothing is written to
/// has no middle. The database itself is written when its log is moved into it, which a server that stops does.
const STEPS: &[(&str, u64, &[&str])] = &[
    ("log-write", 90, &["before", "half", "after"]),
    ("log-sync", 12, &["before", "after"]),
    ("answer-write", 12, &["before", "half", "after"]),
    ("database-write", 12, &["before", "half", "after"]),
    ("database-sync", 1, &["before", "after"]),
    ("any", 150, &["half"]),
];

/// A database, who writes to it, and what has become of them so far.
struct Run {
    folder: TempDir,
    base: u64,
    workers: Vec<Worker>,
    dice: Dice,
    power: Power,
    /// How often the order to kill was carried out.
    hits: u32,
}

impl Run {
    async fn new(power: Power) -> Self {
        let folder = TempDir::new().unwrap();
        let base = begin(folder.path()).await;
        if power != Power::Stays {
            std::fs::copy(folder.path().join("conclave.db"), folder.path().join("conclave.db.synced")).unwrap();
        }
        let mut dice = Dice::roll();
        let workers = Worker::all(&mut dice);
        Self { folder, base, workers, dice, power, hits: 0 }
    }

    /// Starts the server on what is there, and holds it to what it has acknowledged.
    async fn verified(&mut self) -> Result<Victim, String> {
        Order::Nothing.give(self.folder.path());
        let started = Victim::start(self.folder.path(), self.power).await;
        let victim = started.map_err(|Gone| format!("it does not start: {}", log(self.folder.path())))?;
        for worker in &mut self.workers {
            worker.settle(&victim).await?;
        }
        history(&victim, &self.workers, self.base).await?;
        let broken = Victim::doctor(&self.folder.path().join("conclave.db")).await?;
        must(broken.is_empty(), || format!("{broken:#?}"))?;
        Ok(victim)
    }

    /// Has everybody write until the server is gone, which this order is for.
    async fn kill(&mut self, order: Order) -> Verdict {
        let mut victim = self.verified().await?;
        order.give(self.folder.path());
        let moment = Duration::from_micros(500 * self.dice.below(60));
        let writing = join_all(self.workers.iter_mut().map(|worker| worker.work(&victim, WRITES)));
        let written = match order {
            // At any moment, whatever is going on.
            Order::Nothing => {
                let child = &victim;
                let (written, ()) = tokio::join!(writing, async move {
                    tokio::time::sleep(moment).await;
                    child.signal("KILL");
                });
                written
            }
            _ => writing.await,
        };
        written.into_iter().collect::<Result<Vec<_>, _>>()?;
        if victim.lives() {
            // Whose order is about the database goes now, in the middle of moving its log.
            victim.signal("TERM");
        }
        let status = victim.ended().await;
        self.hits += u32::from(status.code().is_none());
        must(matches!(status.code(), None | Some(0)), || format!("{status}: {}", log(self.folder.path())))?;
        if self.power != Power::Stays {
            cut(self.folder.path());
        }
        Ok(())
    }

    async fn end(mut self) -> Verdict {
        let mut victim = self.verified().await?;
        victim.signal("TERM");
        let status = victim.ended().await;
        must(status.code() == Some(0), || format!("{status}"))
    }
}

/// Takes away what was not synced.
fn cut(folder: &Path) {
    for name in ["conclave.db", "conclave.db-wal", "conclave.db-shm"] {
        let (file, synced) = (folder.join(name), folder.join(format!("{name}.synced")));
        std::fs::remove_file(&file).ok();
        if synced.exists() {
            std::fs::copy(synced, file).unwrap();
        }
    }
}

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap_or_default()
}

/// One after the other on one database, which goes through all of it.
async fn kills(steps: &[(&'static str, u64, &'static [&'static str])]) {
    let mut run = Run::new(Power::Stays).await;
    for round in 0..rounds() {
        for (kind, highest, whens) in steps {
            for when in *whens {
                let count = 1 + run.dice.below(*highest);
                let order = Order::Kill { kind, count, when };
                run.kill(order).await.unwrap_or_else(|why| panic!("round {round}, {order:?}: {why}"));
            }
        }
        let order = Order::Nothing;
        run.kill(order).await.unwrap_or_else(|why| panic!("round {round}, at any moment: {why}"));
    }
    println!("killed {} times", run.hits);
    assert!(run.hits >= rounds() * 4, "only {} of the kills happened", run.hits);
    run.end().await.unwrap();
}

#[tokio::test]
async fn killed_at_any_step_it_keeps_what_it_acknowledged_and_nothing_else() {
    kills(STEPS).await;
}

#[tokio::test]
async fn what_it_acknowledged_survives_a_power_cut() {
    let mut run = Run::new(Power::Cut).await;
    for round in 0..rounds() * 3 {
        for kind in ["log-sync", "answer-write"] {
            let order = Order::Kill { kind, count: 1 + run.dice.below(10), when: "before" };
            run.kill(order).await.unwrap_or_else(|why| panic!("round {round}, {order:?}: {why}"));
        }
    }
    run.end().await.unwrap();
}

/// So that the test above can fail.
#[tokio::test]
async fn a_disk_that_lies_about_syncing_loses_what_was_acknowledged_and_that_is_noticed() {
    let mut run = Run::new(Power::CutFromALiar).await;
    run.kill(Order::Kill { kind: "answer-write", count: 10, when: "after" }).await.unwrap();
    // Which of the rules finds it depends on what was lost: the state, an answer that is not repeated, the history.
    let found = run.verified().await.err().expect("what was lost is noticed");
    assert!(!found.contains("it does not start") && !found.contains("gone while"), "{found}");
}

#[tokio::test]
async fn a_first_start_that_is_cut_short_is_gone_on_with() {
    let mut dice = Dice::roll();
    for round in 0..4 * rounds() {
        let folder = TempDir::new().unwrap();
        let when = ["before", "half", "after"][usize::try_from(dice.below(3)).unwrap()];
        let order = Order::Kill { kind: "any", count: 1 + dice.below(if round % 2 == 0 { 12 } else { 250 }), when };
        order.give(folder.path());
        drop(Victim::start(folder.path(), Power::Stays).await);
        Order::Nothing.give(folder.path());
        let started = Victim::start(folder.path(), Power::Stays).await;
        assert!(started.is_ok(), "{order:?}: {}", log(folder.path()));
        let broken = Victim::doctor(&folder.path().join("conclave.db")).await.unwrap();
        assert_eq!(broken, Vec::<String>::new(), "{order:?}");
    }
}

#[tokio::test]
async fn halted_and_gone_on_it_loses_nothing_and_decides_nothing_wrong() {
    let mut run = Run::new(Power::Stays).await;
    let mut victim = run.verified().await.unwrap();
    let mut dice = run.dice.split();
    let halts = 10 * rounds();
    let halting = async {
        for _ in 0..halts {
            tokio::time::sleep(Duration::from_millis(dice.below(20))).await;
            victim.signal("STOP");
            tokio::time::sleep(Duration::from_millis(20 + dice.below(60))).await;
            victim.signal("CONT");
        }
    };
    let times = u64::from(halts) * 8;
    let writing = join_all(run.workers.iter_mut().map(|worker| worker.work(&victim, times)));
    let (written, ()) = tokio::join!(writing, halting);
    let written: Vec<_> = written.into_iter().map(Result::unwrap).collect();
    assert_eq!(written, [true; WORKERS], "a call was not answered: {}", victim.log());
    victim.signal("KILL");
    victim.ended().await;
    run.end().await.unwrap();
}
