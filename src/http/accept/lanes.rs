//! Threads that each serve connections of their own.
//!
//! A cached decision takes a few microseconds. A runtime that keeps all its threads busy hands connections from one to
//! another all the time, and threads with little to do sleep between two questions; either costs a tenth of that and more.
//! So connections whose questions are mostly answered from memory stay on few threads of their own, and what takes longer
//! is done by the runtime that everything shares ([`Served`](crate::http::served::Served)).

use super::{Drain, drain};
use std::pin::Pin;
use std::sync::Arc;
use std::thread;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// A connection, from where it is taken up to its end.
pub(super) type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes a connection up on the thread that serves it; `None` if that does not come about.
type Arrival = Box<dyn FnOnce() -> Option<Serving> + Send>;

/// How many connections get their turn before the thread looks who else has something to say. Few: those that begin or end
/// take longer than a question.
const TURNS_MAX: u32 = 16;

/// The threads of a listener.
#[derive(Default)]
pub(super) struct Lanes(Vec<Lane>);

struct Lane {
    arrivals: mpsc::UnboundedSender<(Arrival, Arc<()>)>,
    /// One more reference for each connection that is open.
    open: Arc<()>,
    ended: oneshot::Receiver<()>,
}

impl Lanes {
    /// So many threads, or as many as the system gives.
    pub(super) fn start(count: usize, drain: Drain) -> Self {
        let started = (0..count).map_while(|number| Lane::start(number, drain));
        Self(started.collect())
    }

    /// Has a connection served by the thread with the fewest of them; given back if there are no threads.
    pub(super) fn serve<F>(&self, arrival: F) -> Result<(), F>
    where
        F: FnOnce() -> Option<Serving> + Send + 'static,
    {
        let Some(lane) = self.0.iter().min_by_key(|lane| Arc::strong_count(&lane.open)) else { return Err(arrival) };
        // It ends with its listener alone; if it did before, the connection is closed.
        let _ = lane.arrivals.send((Box::new(arrival), Arc::clone(&lane.open)));
        Ok(())
    }

    /// Once every connection is closed.
    pub(super) async fn drained(self) {
        let (senders, ended): (Vec<_>, Vec<_>) = self.0.into_iter().map(|lane| (lane.arrivals, lane.ended)).unzip();
        drop(senders);
        for ended in ended {
            let _ = ended.await;
        }
    }
}

impl Lane {
    fn start(number: usize, drain: Drain) -> Option<Self> {
        let (arrivals, arriving) = mpsc::unbounded_channel();
        let (ends, ended) = oneshot::channel();
        let mut runtime = Builder::new_current_thread();
        let runtime = runtime.enable_all().event_interval(TURNS_MAX).build();
        let started = runtime.and_then(|runtime| {
            thread::Builder::new().name(format!("access-{number}")).spawn(move || {
                runtime.block_on(serve(arriving, drain));
                let _ = ends.send(());
            })
        });
        match started {
            Ok(_thread) => Some(Self { arrivals, open: Arc::new(()), ended }),
            Err(error) => {
                tracing::warn!(%error, "there are fewer threads for connections than wanted");
                None
            }
        }
    }
}

async fn serve(mut arriving: mpsc::UnboundedReceiver<(Arrival, Arc<()>)>, limit: Drain) {
    let mut tasks = JoinSet::new();
    while let Some((arrival, open)) = arriving.recv().await {
        // Finished tasks wait to be collected; they are never more than there may be connections.
        while tasks.try_join_next().is_some() {}
        if let Some(serving) = arrival() {
            tasks.spawn(async move {
                serving.await;
                drop(open);
            });
        }
        // Many may come at once, and whoever asks on the others is not to wait for all of them.
        tokio::task::yield_now().await;
    }
    drain(tasks, limit).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};
    use tokio::sync::watch;

    /// A connection that lasts until it is told to end, and tells which thread serves it.
    fn lasting(
        ends: &watch::Receiver<bool>,
        told: &mpsc::UnboundedSender<String>,
    ) -> impl FnOnce() -> Option<Serving> + Send + use<> {
        let (mut ends, told) = (ends.clone(), told.clone());
        move || {
            let serving = async move {
                told.send(thread::current().name().unwrap_or_default().to_owned()).unwrap();
                let _ = ends.wait_for(|ends| *ends).await;
            };
            Some(Box::pin(serving) as Serving)
        }
    }

    #[tokio::test]
    async fn each_thread_has_as_many_connections_as_the_others_and_all_are_waited_for() {
        let lanes = Lanes::start(3, Duration::from_mins(1));
        let ((end, ends), (told, mut names)) = (watch::channel(false), mpsc::unbounded_channel());
        for _ in 0..6 {
            assert!(lanes.serve(lasting(&ends, &told)).is_ok());
        }
        let mut seen = Vec::new();
        for _ in 0..6 {
            seen.push(names.recv().await.unwrap());
        }
        seen.sort();
        assert_eq!(seen, ["access-0", "access-0", "access-1", "access-1", "access-2", "access-2"]);
        let drained = tokio::spawn(lanes.drained());
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!drained.is_finished());
        end.send(true).unwrap();
        drained.await.unwrap();
    }

    #[tokio::test]
    async fn a_thread_that_was_left_by_its_connections_gets_the_next_ones() {
        let lanes = Lanes::start(2, Duration::from_mins(1));
        let (told, mut names) = mpsc::unbounded_channel();
        let channels = [watch::channel(false), watch::channel(false)];
        for (_, ends) in &channels {
            assert!(lanes.serve(lasting(ends, &told)).is_ok());
        }
        let (first, _second) = (names.recv().await.unwrap(), names.recv().await.unwrap());
        let number: usize = first.strip_prefix("access-").unwrap().parse().unwrap();
        channels[number].0.send(true).unwrap();
        while Arc::strong_count(&lanes.0[number].open) > 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let (_end, ends) = watch::channel(false);
        assert!(lanes.serve(lasting(&ends, &told)).is_ok());
        assert_eq!(names.recv().await.unwrap(), first);
    }

    #[tokio::test]
    async fn what_outlasts_the_time_to_drain_is_cut_off() {
        let lanes = Lanes::start(1, Duration::from_millis(50));
        let ((_end, ends), (told, mut names)) = (watch::channel(false), mpsc::unbounded_channel());
        assert!(lanes.serve(lasting(&ends, &told)).is_ok());
        names.recv().await.unwrap();
        let begun = Instant::now();
        lanes.drained().await;
        assert!(begun.elapsed() >= Duration::from_millis(50));
    }

    #[tokio::test]
    async fn without_threads_a_connection_is_given_back() {
        let arrival = || None;
        assert!(Lanes::default().serve(arrival).is_err());
    }
}
