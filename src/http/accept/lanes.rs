//! Threads that each serve connections of their own.
//!
//! A cached decision takes a few microseconds. A runtime that keeps all its threads busy hands connections from one to
//! another all the time, and threads with little to do sleep between two questions; either costs a tenth of that and more.
//! So connections whose questions are mostly answered from memory stay on few threads of their own, and what takes longer
//! is done by the runtime that everything shares ([`Served`](crate::http::served::Served)).
//!
//! They are taken in by one more: whoever opens thousands of connections and says nothing keeps that one busy, and neither
//! those that answer nor those that look up and decide.

use std::sync::Arc;
use std::thread;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// The threads of a listener; they end when this is dropped.
#[derive(Default)]
pub(super) struct Lanes {
    /// The one that takes connections in.
    door: Option<Lane>,
    /// Those that serve them.
    serving: Vec<Lane>,
}

/// One of them.
pub(super) struct Lane {
    /// Runs what is given to it on this thread.
    pub(super) handle: Handle,
    /// One more reference for each connection that is open.
    open: Arc<()>,
    _ends: oneshot::Sender<()>,
}

impl Lanes {
    /// So many threads that serve, or as many as the system gives, and one that takes in what they serve.
    pub(super) fn start(count: usize) -> Self {
        let serving: Vec<_> = (0..count).map_while(|number| Lane::start(format!("access-{number}"))).collect();
        let door = if serving.is_empty() { None } else { Lane::start("access-door".to_owned()) };
        Self { door, serving }
    }

    /// Where connections are taken in, if not where that is asked.
    pub(super) fn door(&self) -> Option<&Handle> {
        self.door.as_ref().map(|door| &door.handle)
    }

    /// None that serves.
    pub(super) const fn is_empty(&self) -> bool {
        self.serving.is_empty()
    }

    /// The one with the fewest connections.
    pub(super) fn emptiest(&self) -> Option<&Lane> {
        self.serving.iter().min_by_key(|lane| Arc::strong_count(&lane.open))
    }
}

impl Lane {
    fn start(name: String) -> Option<Self> {
        let (ends, ended) = oneshot::channel::<()>();
        let mut runtime = Builder::new_current_thread();
        let started = runtime.enable_all().build().and_then(|runtime| {
            let handle = runtime.handle().clone();
            let serving = move || drop(runtime.block_on(ended));
            thread::Builder::new().name(name).spawn(serving).map(|_thread| handle)
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
        assert!(lanes.serving.iter().all(|lane| Arc::strong_count(&lane.open) == 3));
        let left = lanes.serving.iter().position(|lane| Arc::ptr_eq(&lane.open, &places[4])).unwrap();
        places.remove(4);
        let next = lanes.emptiest().unwrap();
        assert!(Arc::ptr_eq(&next.open, &lanes.serving[left].open), "who was left by one gets the next");
    }

    #[tokio::test]
    async fn each_runs_what_it_is_given_until_nobody_has_it_any_more() {
        let lanes = Lanes::start(2);
        let name = |lane: &Lane| lane.handle.spawn(async { thread::current().name().unwrap().to_owned() });
        for (number, lane) in lanes.serving.iter().enumerate() {
            assert_eq!(name(lane).await.unwrap(), format!("access-{number}"));
        }
        let door = lanes.door().unwrap().spawn(async { thread::current().name().unwrap().to_owned() });
        assert_eq!(door.await.unwrap(), "access-door");
        let forever = lanes.emptiest().unwrap().handle.spawn(std::future::pending::<()>());
        drop(lanes);
        let ended = tokio::time::timeout(Duration::from_mins(1), forever).await.unwrap();
        assert!(ended.unwrap_err().is_cancelled());
    }

    #[test]
    fn there_may_be_none() {
        let none = Lanes::start(0);
        assert!(none.is_empty() && none.emptiest().is_none() && none.door().is_none());
    }
}
