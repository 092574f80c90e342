//! What is kept of an entity.

use crate::cedar::{self, Entity};
use crate::domain::{EntityUid, Revision};
use crate::stamp::Stripe;
use smallvec::SmallVec;
use smol_str::SmolStr;
use std::sync::Arc;

/// What an entity rests on: mostly itself and a few that it is in, so side by side with the rest.
pub(super) type RestsOn = SmallVec<[Stripe; 8]>;

/// One entity, or the knowledge that it is not there, as it was at a revision.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) entity: Option<Arc<Entity>>,
    pub(super) revision: Revision,
    pub(super) stripes: RestsOn,
    /// What its attributes name, and by which of them: where the closure goes on.
    pub(super) names: Vec<(SmolStr, EntityUid)>,
    /// About how much memory it takes in the cache, in bytes.
    pub(super) weight: u32,
}

impl Held {
    /// Of an entity that is not there.
    pub(super) fn absent(revision: Revision) -> Self {
        Self { entity: None, revision, stripes: SmallVec::new(), names: Vec::new(), weight: 0 }
    }

    /// The same, with what it names.
    pub(super) fn with_names(self) -> Self {
        let names = self.entity.as_deref().map(cedar::named_by).unwrap_or_default();
        Self { names, ..self }
    }

    /// The same, for the cache: with what it rests on, and weighed.
    pub(super) fn kept(self, uid: &EntityUid, stripes: RestsOn) -> Self {
        // The cache's own places, and the counts of what is shared.
        const ENTRY_BYTES: usize = 256;
        let names: usize = self.names.iter().map(|name| size_of_val(name) + name.1.id.len()).sum();
        let entity = self.entity.as_deref().map(cedar::weight).unwrap_or_default();
        let rests_on = if stripes.spilled() { size_of_val(&*stripes) } else { 0 };
        let bytes = ENTRY_BYTES + size_of::<Self>() + uid.id.len() + names + entity + rests_on;
        Self { stripes, weight: u32::try_from(bytes).unwrap_or(u32::MAX), ..self }
    }
}
