//! Where a connection stands between two requests: which of its timers runs.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Shared by a connection's I/O, which sees bytes, and its service, which sees requests.
#[derive(Debug, Default)]
pub(super) struct Phase {
    at: AtomicU8,
    /// The server stops: the next answer is the last.
    ends: AtomicBool,
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

    pub(super) fn ends(&self) -> bool {
        self.ends.load(Ordering::Relaxed)
    }

    pub(super) fn end(&self) {
        self.ends.store(true, Ordering::Relaxed);
    }
}
