//! Where a connection stands between two requests: which of its timers runs.

use std::sync::atomic::{AtomicU8, Ordering};
use tokio::sync::watch;

/// Shared by a connection's I/O, which sees bytes, and its service, which sees requests.
#[derive(Debug)]
pub(super) struct Phase {
    at: AtomicU8,
    /// Changes once, when the server stops.
    stopping: watch::Receiver<bool>,
}

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// Nothing was received yet.
    Silent,
    /// Part of a request's headers was received.
    Head,
    /// A request is being served; its own timers run.
    Serving,
    /// A request was answered and nothing was read since.
    Answered,
    /// Kept open between two requests.
    Idle,
}

impl Phase {
    /// Of a new connection, of a server that `stopping` tells of.
    pub(super) const fn new(stopping: watch::Receiver<bool>) -> Self {
        Self { at: AtomicU8::new(At::Silent as u8), stopping }
    }

    pub(super) fn get(&self) -> At {
        match self.at.load(Ordering::Relaxed) {
            0 => At::Silent,
            1 => At::Head,
            2 => At::Serving,
            3 => At::Answered,
            _ => At::Idle,
        }
    }

    pub(super) fn set(&self, at: At) {
        // Only the connection's own task reads and writes it.
        self.at.store(at as u8, Ordering::Relaxed);
    }

    /// Whether the server stops: the next answer is the last.
    ///
    /// It is asked for each answer, as one may be made in the moment of the stop, before the connection is told of it.
    pub(super) fn ends(&self) -> bool {
        // Whoever could say so is gone: that is a stop too.
        self.stopping.has_changed().unwrap_or(true)
    }
}
