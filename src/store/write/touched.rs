//! What a change touches, each entity once.

use crate::domain::EntityUid;
use crate::store::changes::Change;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Entities in the order they were first touched.
#[derive(Debug, Default)]
pub(super) struct Touched {
    uids: Vec<EntityUid>,
    changes: HashMap<EntityUid, Change>,
}

impl Touched {
    /// Touches an entity, perhaps again: the last word counts, except that what the same change
    /// creates and goes on to change is new to everyone else.
    pub(super) fn add(&mut self, uid: EntityUid, change: Change) {
        match self.changes.entry(uid) {
            Entry::Vacant(place) => {
                self.uids.push(place.key().clone());
                place.insert(change);
            }
            Entry::Occupied(mut place) => {
                if (*place.get(), change) != (Change::Created, Change::Changed) {
                    place.insert(change);
                }
            }
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.uids.is_empty()
    }

    /// The entities.
    pub(super) fn uids(&self) -> &[EntityUid] {
        &self.uids
    }

    /// Each entity and what happened to it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&EntityUid, Change)> {
        self.uids.iter().filter_map(|uid| self.changes.get(uid).map(|change| (uid, *change)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entity_stands_once_with_the_last_word() {
        use Change::{Changed, Created, Deleted};
        let mut touched = Touched::default();
        for (id, change) in [
            ("new", Created),
            ("fleeting", Created),
            ("old", Changed),
            ("new", Changed),
            ("fleeting", Deleted),
            ("old", Deleted),
            ("back", Deleted),
            ("back", Created),
        ] {
            touched.add(EntityUid::new("Item", id), change);
        }
        let all: Vec<_> = touched.iter().map(|(uid, change)| (uid.id.as_str(), change)).collect();
        assert_eq!(all, [("new", Created), ("fleeting", Deleted), ("old", Deleted), ("back", Created)]);
        assert_eq!(touched.uids().len(), 4);
    }
}
