//! Hours of writing, asking and failing: memory and log stay bounded, and nothing is ever wrong.

use super::dice::Dice;
use super::disk::{EIO, ENOSPC, Order};
use super::oracle::{Worker, begin, history};
use super::victim::{Power, Victim};
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The log is emptied every thousand pages of 4 KiB; readers may hold it up for a while.
const LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What was measured, when.
struct Sample {
    seconds: f64,
    resident: f64,
    log: u64,
}

#[tokio::test]
#[ignore = "takes as many minutes as it is told: tests/soak"]
async fn soak() {
    let minutes: f64 = std::env::var("CONCLAVE_SOAK_MINUTES").map_or(30.0, |text| text.parse().unwrap());
    let (folder, mut dice) = (TempDir::new().unwrap(), Dice::roll());
    let (base, mut workers) = (begin(folder.path()).await, Worker::all(&mut dice));
    Order::Nothing.give(folder.path());
    let victim = Victim::start(folder.path(), Power::Stays).await;
    let mut victim = victim.unwrap_or_else(|_| panic!("it does not start"));
    let (begun, mut samples) = (Instant::now(), Vec::new());
    while begun.elapsed().as_secs_f64() < minutes * 60.0 {
        round(folder.path(), &victim, &mut workers, &mut dice).await;
        samples.push(Sample {
            seconds: begun.elapsed().as_secs_f64(),
            #[expect(clippy::cast_precision_loss, reason = "no process has 2^53 bytes")]
            resident: victim.resident_bytes() as f64,
            log: std::fs::metadata(folder.path().join("conclave.db-wal")).map_or(0, |log| log.len()),
        });
    }
    history(&victim, &workers, base).await.unwrap();
    victim.signal("TERM");
    assert_eq!(victim.ended().await.code(), Some(0));
    assert_eq!(Victim::doctor(&folder.path().join("conclave.db")).await.unwrap(), Vec::<String>::new());
    report(&samples);
}

/// Some writing, then a fault now and then, and everything as it must be. Panics at the first mismatch.
async fn round(folder: &Path, victim: &Victim, workers: &mut [Worker], dice: &mut Dice) {
    let wrong = |why: String| -> bool { panic!("mismatch: {why}") };
    let writing = futures_util::future::join_all(workers.iter_mut().map(|worker| worker.work(victim, 200)));
    let fault = async {
        tokio::time::sleep(Duration::from_millis(dice.below(300))).await;
        match dice.below(4) {
            0 => Order::Fail(ENOSPC, 'w').give(folder),
            1 => Order::Fail(EIO, 's').give(folder),
            2 => victim.signal("STOP"),
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(dice.below(100))).await;
        victim.signal("CONT");
        Order::Nothing.give(folder);
    };
    let (written, ()) = tokio::join!(writing, fault);
    for done in written {
        done.unwrap_or_else(wrong);
    }
    for worker in workers {
        worker.settle(victim).await.unwrap_or_else(|why| panic!("mismatch: {why}"));
    }
}

/// Says how memory went in the second half, when every cache has been filled, and holds it and the log to their bounds.
fn report(samples: &[Sample]) {
    let late = &samples[samples.len() / 2..];
    #[expect(clippy::cast_precision_loss, reason = "there are not so many samples")]
    let count = late.len() as f64;
    let mean = |of: fn(&Sample) -> f64| late.iter().map(of).sum::<f64>() / count;
    let (time, memory) = (mean(|one| one.seconds), mean(|one| one.resident));
    let rise: f64 = late.iter().map(|one| (one.seconds - time) * (one.resident - memory)).sum();
    let spread: f64 = late.iter().map(|one| (one.seconds - time).powi(2)).sum();
    let hourly = rise / spread * 3600.0 / 1_048_576.0;
    let log = samples.iter().map(|one| one.log).max().unwrap_or(0);
    println!(
        "{} rounds: resident {:.1} MiB, rising by {hourly:.2} MiB an hour; log at most {log} bytes; no mismatches",
        samples.len(),
        memory / 1_048_576.0
    );
    assert!(log <= LOG_BYTES_MAX, "the log grew to {log} bytes");
}
