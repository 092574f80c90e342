//! What was found, each entity once.

use crate::domain::EntityUid;
use crate::domain::facts::Facts;
use crate::domain::uid::UidMap;

/// Entities and their facts: those that were asked for first, in the order they were asked for.
pub(super) struct Found {
    entities: Vec<(EntityUid, Option<Facts>)>,
    places: UidMap<usize>,
}

impl Found {
    /// Nothing yet of what was asked for. What stays so is not stored.
    pub(super) fn nothing_of(asked: Vec<EntityUid>) -> Self {
        let places = asked.iter().cloned().zip(0..).collect();
        Self { entities: asked.into_iter().map(|uid| (uid, None)).collect(), places }
    }

    /// Adds what is stored about an entity; a neighbour of two entities comes twice.
    pub(super) fn put(&mut self, uid: EntityUid, facts: Option<Facts>) {
        if let Some(entity) = self.places.get(&uid).and_then(|place| self.entities.get_mut(*place)) {
            entity.1 = facts;
        } else {
            self.places.insert(uid.clone(), self.entities.len());
            self.entities.push((uid, facts));
        }
    }

    /// All of it.
    pub(super) fn into_entities(self) -> Vec<(EntityUid, Option<Facts>)> {
        self.entities
    }
}
