//! Threads that each serve connections of their own.
//!
//! A cached decision takes a few microseconds. A runtime that keeps all its threads busy hands connections from one to
//! another all the time, and threads with little to do sleep between two questions; either costs a tenth of that and more.
//! So connections whose questions are mostly answered from memory stay on few threads of their own, and what takes longer
//! is done by the runtime that everything shares ([`Served`](crate::http::served::Served)).

use std::sync::Arc;
use std::thread;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The threads of a listener; they end when this is dropped.
#[derive(Default)]
pub(super) struct Lanes(Vec<Lane>);

/// One of them.
pub(super) struct Lane {
    /// Runs what is given to it on this thread.
    pub(super) handle: Handle,
    /// One more reference for each connection that is open.
    open: Arc<()>,
    _ends: oneshot::Sender<()>,
}

impl Lanes {
    /// So many threads, or as many as the system gives.
    pub(super) fn start(count: usize) -> Self {
        Self((0..count).map_while(Lane::start).collect())
    }

    /// None of them.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one with the fewest connections.
    pub(super) fn emptiest(&self) -> Option<&Lane> {
        self.0.iter().min_by_key(|lane| Arc::strong_count(&lane.open))
    }
}

impl Lane {
    fn start(number: usize) -> Option<Self> {
        let (ends, ended) = oneshot::channel::<()>();
        let mut runtime = Builder::new_current_thread();
        let started = runtime.enable_all().build().and_then(|runtime| {
            let handle = runtime.handle().clone();
            let serving = move || drop(runtime.block_on(ended));
            thread::Builder::new().name(format!("access-{number}")).spawn(serving).map(|_thread| handle)
        });
        match started {
            Ok(handle) => Some(Self { handle, open: Arc::new(()), _ends: ends }),
            Err(error) => {
                tracing::warn!(%error, "there are fewer threads for connections than wanted");
                None
            }
        }
    }

    /// Held for as long as a connection is open.
    pub(super) fn place(&self) -> Arc<()> {
        Arc::clone(&self.open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn connections_are_spread_over_the_threads() {
        let lanes = Lanes::start(3);
        let mut places: Vec<_> = (0..6).map(|_| lanes.emptiest().unwrap().place()).collect();
        assert!(lanes.0.iter().all(|lane| Arc::strong_count(&lane.open) == 3));
        let left = lanes.0.iter().position(|lane| Arc::ptr_eq(&lane.open, &places[4])).unwrap();
        places.remove(4);
        let next = lanes.emptiest().unwrap();
        assert!(Arc::ptr_eq(&next.open, &lanes.0[left].open), "who was left by one gets the next");
    }

    #[tokio::test]
    async fn each_runs_what_it_is_given_until_nobody_has_it_any_more() {
        let lanes = Lanes::start(2);
        let name = |lane: &Lane| lane.handle.spawn(async { thread::current().name().unwrap().to_owned() });
        for (number, lane) in lanes.0.iter().enumerate() {
            assert_eq!(name(lane).await.unwrap(), format!("access-{number}"));
        }
        let forever = lanes.emptiest().unwrap().handle.spawn(std::future::pending::<()>());
        drop(lanes);
        let ended = tokio::time::timeout(Duration::from_mins(1), forever).await.unwrap();
        assert!(ended.unwrap_err().is_cancelled());
    }

    #[test]
    fn there_may_be_none() {
        assert!(Lanes::default().is_empty() && Lanes::start(0).emptiest().is_none());
    }
}
