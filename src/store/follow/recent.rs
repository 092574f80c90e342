//! The newest changes, in memory: whoever is told that there are some need not have them read once more.

use crate::domain::Revision;
use crate::store::changes::ChangeRow;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Most rows that are kept: of each change one for each entity that it touched.
const ROWS_MAX: usize = 4_096;

/// Changes one after the other, each whole, without a gap.
pub(super) struct Recent(Mutex<VecDeque<ChangeRow>>);

impl Recent {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(VecDeque::new()))
    }

    /// Adds changes, each whole and one right after the other. Those that are there already are passed over.
    pub(super) fn put(&self, rows: &[ChangeRow]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for change in rows.chunk_by(|one, next| one.revision == next.revision) {
            let Some(revision) = change.first().map(|row| row.revision) else { continue };
            match kept.back().map(|row| row.revision) {
                Some(last) if revision <= last => continue,
                // INVARIANT: what is between two changes is not left out.
                Some(last) if revision > last.next() => kept.clear(),
                _ => {}
            }
            if !super::is_whole(change) {
                kept.clear();
                continue;
            }
            kept.extend(change.iter().cloned());
            while kept.len() > ROWS_MAX {
                let first = kept.front().map(|row| row.revision);
                while kept.front().map(|row| row.revision) == first {
                    kept.pop_front();
                }
                if kept.is_empty() {
                    break;
                }
            }
        }
    }

    /// What the changes after `revision` touched, of at most so many, if all up to `applied` are here and there are any.
    pub(super) fn since(&self, revision: Revision, applied: Revision, revisions_max: u32) -> Option<Vec<ChangeRow>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, last) = (kept.front()?.revision, kept.back()?.revision);
        if revision.next() < first || revision >= last || applied > last {
            return None;
        }
        let end = Revision(revision.0.saturating_add(u64::from(revisions_max)));
        let rows = kept.iter().skip_while(|row| row.revision <= revision).take_while(|row| row.revision <= end);
        Some(rows.cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EntityUid;
    use crate::store::changes::Change;

    fn change(revision: u64, count: u64) -> Vec<ChangeRow> {
        let row = |ordinal| ChangeRow {
            revision: Revision(revision),
            ordinal,
            uid: EntityUid::new("Item", format!("{revision}/{ordinal}")),
            change: Change::Changed,
        };
        (0..count).map(row).collect()
    }

    fn since(recent: &Recent, revision: u64, applied: u64, max: u32) -> Option<Vec<(u64, u64)>> {
        let rows = recent.since(Revision(revision), Revision(applied), max)?;
        Some(rows.into_iter().map(|row| (row.revision.0, row.ordinal)).collect())
    }

    #[test]
    fn changes_come_whole_and_in_order_or_not_at_all() {
        let recent = Recent::new();
        assert_eq!(since(&recent, 4, 4, 9), None);
        recent.put(&[change(5, 1), change(6, 2)].concat());
        recent.put(&[change(6, 2), change(7, 1)].concat());
        assert_eq!(since(&recent, 4, 7, 9), Some(vec![(5, 0), (6, 0), (6, 1), (7, 0)]));
        assert_eq!(since(&recent, 5, 7, 1), Some(vec![(6, 0), (6, 1)]));
        assert_eq!(since(&recent, 3, 7, 9), None, "what was before is not here");
        assert_eq!(since(&recent, 7, 7, 9), None, "whether there are more only the database knows");
        assert_eq!(since(&recent, 5, 8, 9), None, "one of its own is not here yet");
        assert_eq!(since(&recent, u64::MAX, 7, 9), None);
    }

    #[test]
    fn what_is_before_a_gap_is_forgotten() {
        let recent = Recent::new();
        recent.put(&change(5, 1));
        recent.put(&change(7, 1));
        assert_eq!(since(&recent, 4, 7, 9), None);
        assert_eq!(since(&recent, 6, 7, 9), Some(vec![(7, 0)]));
    }

    #[test]
    fn only_so_much_is_kept() {
        let recent = Recent::new();
        for revision in 1..=10 {
            recent.put(&change(revision, 1_000));
        }
        assert_eq!(since(&recent, 5, 10, 1), None);
        assert_eq!(since(&recent, 6, 10, 9).map(|rows| rows.len()), Some(4_000));
        recent.put(&change(11, ROWS_MAX as u64 + 1));
        assert_eq!(since(&recent, 10, 11, 9), None);
        recent.put(&change(12, 1));
        assert_eq!(since(&recent, 11, 12, 9), Some(vec![(12, 0)]));
    }
}
