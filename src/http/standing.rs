//! How each part of the server is, and since when it was seen to be so.

use std::sync::{Mutex, PoisonError};

/// A part that `/readyz` names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The process: whether it takes requests or stops.
    Server,
    /// The database.
    Store,
    /// Policies and schema.
    Policies,
    /// Tokens, certificates and keys.
    Credentials,
}

/// What was seen of each part last.
#[derive(Debug)]
pub struct Standing {
    began_ms: i64,
    parts: Mutex<[Seen; 4]>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    part: Part,
    state: &'static str,
    since_ms: i64,
}

/// How a part is while nothing is wrong with it.
pub const OK: &str = "ok";

impl Standing {
    /// All is well since `now_ms`, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn new(now_ms: i64) -> Self {
        let parts = [Part::Server, Part::Store, Part::Policies, Part::Credentials];
        let parts = Mutex::new(parts.map(|part| Seen { part, state: OK, since_ms: now_ms }));
        Self { began_ms: now_ms, parts }
    }

    /// When all began, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub const fn began_ms(&self) -> i64 {
        self.began_ms
    }

    /// A part is in this state; answers with when it was first seen so without a break, in milliseconds since 1970-01-01
    /// UTC. Whoever asks is who looks: between two looks nothing is known.
    pub fn seen(&self, part: Part, state: &'static str, now_ms: i64) -> i64 {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(seen) = parts.iter_mut().find(|seen| seen.part == part) else { return now_ms };
        if seen.state != state {
            *seen = Seen { part, state, since_ms: now_ms };
        }
        seen.since_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_lasts_until_another_is_seen() {
        let standing = Standing::new(10);
        assert_eq!(standing.seen(Part::Store, OK, 20), 10);
        assert_eq!(standing.seen(Part::Store, "slow", 30), 30);
        assert_eq!(standing.seen(Part::Store, "slow", 40), 30);
        assert_eq!(standing.seen(Part::Server, OK, 50), 10, "of each part by itself");
        assert_eq!(standing.seen(Part::Store, OK, 60), 60);
    }
}
