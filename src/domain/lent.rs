//! Facts that a request lends, for itself alone.
//!
//! A host may ask about content that is not stored here, and may say of any content what only the host
//! knows. It says so with the question; nothing of it is kept. What may be said is the schema's
//! question, and is asked where a decision is made.

use super::content::FOLDER_DEPTH_MAX;
use super::context::Value;
use super::entity::EntityRecord;
use super::uid::EntityUid;
use smol_str::SmolStr;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use thiserror::Error;

/// The entities that a request lends: sorted, each once, and nothing where it lends none.
///
/// INVARIANT: part of the cache key, so it holds all that is lent and compares all of it. Where in the
/// request something stood is no part of what was said.
#[derive(Debug, Clone, Default)]
pub struct Lent(Option<Arc<Lot>>);

#[derive(Debug)]
struct Lot {
    said: Said,
    /// Where in the request each entity stood.
    places: Vec<usize>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Said {
    manner: Manner,
    entities: Vec<EntityRecord>,
}

/// How a request lends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Manner {
    /// As `entities`: who says where a stored item hangs, or who wrote it, is refused.
    Entities,
    /// As `properties` of what is asked about: there, what is kept here is passed over.
    Properties,
}

/// What a request must not lend, or not in this way: 400.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`entities[{place}].{path}` {detail}")]
pub struct LentError {
    /// Which of the entities, counted from 0, as they stood in the request.
    pub place: usize,
    /// The field of it: `attrs.canView`.
    pub path: String,
    /// What is wrong with it; goes on after the field's name.
    pub detail: String,
}

impl Lent {
    /// Nothing.
    #[must_use]
    pub const fn nothing() -> Self {
        Self(None)
    }

    /// These entities, in the order in which they stand in the request.
    ///
    /// # Errors
    /// [`LentError`] for the first that is described twice, lies in itself, or deeper than content does.
    pub fn new(manner: Manner, records: Vec<EntityRecord>) -> Result<Self, LentError> {
        if records.is_empty() {
            return Ok(Self::nothing());
        }
        let mut sorted: Vec<(EntityRecord, usize)> = records.into_iter().zip(0..).collect();
        sorted.sort_by(|(one, at), (other, later)| (&one.uid, at).cmp(&(&other.uid, later)));
        let twice = sorted.windows(2).find_map(|pair| match pair {
            [(one, _), (other, place)] if one.uid == other.uid => Some((&other.uid, *place)),
            _ => None,
        });
        if let Some((uid, place)) = twice {
            return Err(LentError::new(place, "uid", format!("describes `{uid}` a second time")));
        }
        let (entities, places) = sorted.into_iter().unzip();
        let lot = Lot { said: Said { manner, entities }, places };
        lot.refuse_circles()?;
        Ok(Self(Some(Arc::new(lot))))
    }

    /// Whether nothing is lent: so it is with almost every request.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    /// How it is lent.
    #[must_use]
    pub fn manner(&self) -> Manner {
        self.0.as_ref().map_or(Manner::Entities, |lot| lot.said.manner)
    }

    /// What is lent, sorted by uid.
    #[must_use]
    pub fn entities(&self) -> &[EntityRecord] {
        self.0.as_ref().map_or(&[], |lot| &lot.said.entities)
    }

    /// What is wrong with the entity that is the `index`-th in the order of uids.
    #[must_use]
    pub fn refusal(&self, index: usize, path: impl Into<String>, detail: impl Into<String>) -> LentError {
        let place = self.0.as_ref().and_then(|lot| lot.places.get(index)).copied();
        LentError::new(place.unwrap_or(index), path, detail)
    }

    /// About how much memory it takes, in bytes.
    #[must_use]
    pub fn weight(&self) -> usize {
        const LOT_BYTES: usize = 128;
        let entities = self.entities();
        if entities.is_empty() { 0 } else { LOT_BYTES + entities.iter().map(weight).sum::<usize>() }
    }

    fn said(&self) -> Option<&Said> {
        self.0.as_ref().map(|lot| &lot.said)
    }
}

impl PartialEq for Lent {
    fn eq(&self, other: &Self) -> bool {
        self.said() == other.said()
    }
}

impl Eq for Lent {}

impl Hash for Lent {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Nothing for almost every request: what is last need not be told from what follows.
        if let Some(said) = self.said() {
            said.hash(state);
        }
    }
}

impl LentError {
    fn new(place: usize, path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place, path: path.into(), detail: detail.into() }
    }
}

impl Lot {
    /// Nothing lies in itself, nor deeper than content does.
    fn refuse_circles(&self) -> Result<(), LentError> {
        let index: HashMap<&EntityUid, usize> = self.said.entities.iter().map(|one| &one.uid).zip(0..).collect();
        let mut left: Vec<(usize, &EntityRecord)> = (0..).zip(&self.said.entities).collect();
        let mut unsettled = vec![true; left.len()];
        // Each round settles those that lie in nothing unsettled: one level of folders.
        for _ in 0..=FOLDER_DEPTH_MAX {
            let waits =
                |parent: &EntityUid| index.get(parent).and_then(|at| unsettled.get(*at)).copied().unwrap_or_default();
            let (rest, settled): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|(_, record)| record.parents.iter().any(&waits));
            for (at, _) in settled {
                if let Some(place) = unsettled.get_mut(at) {
                    *place = false;
                }
            }
            left = rest;
        }
        let Some((at, _)) = left.first() else { return Ok(()) };
        let place = self.places.get(*at).copied().unwrap_or_default();
        let detail = format!("lead in a circle, or through more than {FOLDER_DEPTH_MAX} others");
        Err(LentError::new(place, "parents", detail))
    }
}

fn weight(record: &EntityRecord) -> usize {
    const ENTITY_BYTES: usize = size_of::<EntityRecord>() + 64;
    let EntityRecord { uid, attrs, parents, tags } = record;
    let uids = |uid: &EntityUid| size_of::<EntityUid>() + uid.type_name.len() + uid.id.len();
    let fields = |(name, value): (&SmolStr, &Value)| name.len() + value.weight();
    ENTITY_BYTES
        + uids(uid)
        + parents.iter().map(uids).sum::<usize>()
        + attrs.iter().chain(tags).map(fields).sum::<usize>()
}

#[cfg(test)]
mod tests;
