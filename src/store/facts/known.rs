//! Keys of items that were just found in the same snapshot: they save the look-up by id, which touches a page for each.

use crate::domain::EntityUid;
use crate::domain::uid::UidMap;

/// Most keys that are remembered; beyond them all are forgotten, as they only save time.
const KEYS_MAX: usize = 10_000;

/// Items and their keys. A key that is not that of the item finds nothing: the statement compares the id.
#[derive(Debug, Default)]
pub(in crate::store) struct KnownKeys(UidMap<i64>);

impl KnownKeys {
    /// Remembers one.
    pub(in crate::store) fn put(&mut self, uid: &EntityUid, key: i64) {
        if self.0.len() >= KEYS_MAX {
            self.0.clear();
        }
        self.0.insert(uid.clone(), key);
    }

    /// The key, if it is known.
    pub(super) fn of(&self, uid: &EntityUid) -> Option<i64> {
        self.0.get(uid).copied()
    }
}
