//! What is kept of an entity.

use crate::cedar::{self, Entity};
use crate::domain::{EntityUid, Revision};
use crate::stamp::Stripe;
use smol_str::SmolStr;
use std::sync::Arc;

/// One entity, or the knowledge that it is not there, as it was at a revision.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) entity: Option<Arc<Entity>>,
    /// What its attributes name, and by which of them: where the closure goes on.
    pub(super) names: Vec<(SmolStr, EntityUid)>,
    pub(super) stripes: Box<[Stripe]>,
    pub(super) revision: Revision,
}

impl Held {
    /// The same, with what it names.
    pub(super) fn with_names(self) -> Self {
        let names = self.entity.as_deref().map(cedar::named_by).unwrap_or_default();
        Self { names, ..self }
    }

    /// About how much memory it takes in the cache, in bytes.
    pub(super) fn weight(&self, uid: &EntityUid) -> usize {
        // The cache's own nodes and pointers.
        const ENTRY_BYTES: usize = 448;
        let names: usize = self.names.iter().map(|name| size_of_val(name) + name.1.id.len()).sum();
        let entity = self.entity.as_deref().map(cedar::weight).unwrap_or_default();
        ENTRY_BYTES + uid.id.len() + names + entity + size_of_val(&*self.stripes)
    }
}
