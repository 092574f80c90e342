//! Many questions at once: a thread and a solver per core.

use super::limits::SOLVERS_MAX;
use super::solver::{Prover, Solver};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Does `work` for every job and calls `progress` after each. The results are in the order of the jobs.
pub(super) fn for_all<J: Sync, R: Send>(
    solver: &Solver,
    jobs: &[J],
    work: impl Fn(&mut Prover<'_>, &J) -> R + Sync,
    progress: &mut dyn FnMut(),
) -> io::Result<Vec<R>> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let count = cores.min(SOLVERS_MAX).min(jobs.len()).max(1);
    let provers = (0..count).map(|_| Prover::new(solver)).collect::<io::Result<Vec<_>>>()?;
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    let mut results: Vec<Option<R>> = jobs.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for mut prover in provers {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    if sender.send((index, work(&mut prover, job))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        for (index, result) in receiver {
            if let Some(place) = results.get_mut(index) {
                *place = Some(result);
            }
            progress();
        }
    });
    Ok(results.into_iter().flatten().collect())
}
