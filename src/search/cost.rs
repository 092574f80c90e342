//! What a search may cost, and what it has cost so far.

use super::time_max;
use crate::config::Limits;
use std::time::{Duration, Instant};

/// Most candidates that are read and decided at a time.
const CHUNK_ROWS_MAX: usize = 256;

/// The cost of one page.
#[derive(Debug)]
pub(super) struct Cost {
    began: Instant,
    time_max: Duration,
    rows_left: usize,
}

impl Cost {
    pub(super) fn of(limits: &Limits) -> Self {
        Self { began: Instant::now(), time_max: time_max(limits), rows_left: limits.search_candidates_max }
    }

    pub(super) fn time_left(&self) -> Duration {
        self.time_max.saturating_sub(self.began.elapsed())
    }

    /// Whether the search has to stop here.
    pub(super) fn is_spent(&self) -> bool {
        self.rows_left == 0 || self.time_left().is_zero()
    }

    /// Counts candidates; a look at a place where there is none counts as one.
    pub(super) fn looked_at(&mut self, rows: usize) {
        self.rows_left = self.rows_left.saturating_sub(rows.max(1));
    }

    /// How many candidates to read next: as many as may be found and one to see whether there are more; the more
    /// were denied in a row, the more.
    pub(super) fn next_rows(&self, wanted: usize, denied_in_a_row: usize) -> u32 {
        let rows = wanted.saturating_add(1).saturating_add(denied_in_a_row.saturating_mul(2));
        u32::try_from(rows.min(CHUNK_ROWS_MAX).min(self.rows_left).max(1)).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_run_out_and_chunks_grow_only_where_much_is_denied() {
        let mut cost = Cost::of(&Limits { search_candidates_max: 300, ..Limits::default() });
        assert_eq!((cost.next_rows(10, 0), cost.next_rows(10, 20), cost.next_rows(5_000, 0)), (11, 51, 256));
        cost.looked_at(250);
        assert_eq!(cost.next_rows(1_000, 0), 50);
        cost.looked_at(0);
        assert!(!cost.is_spent());
        cost.looked_at(49);
        assert!(cost.is_spent());
    }

    #[test]
    fn time_runs_out() {
        let cost = Cost::of(&Limits { search_milliseconds_max: 0, ..Limits::default() });
        assert!(cost.is_spent());
    }
}
