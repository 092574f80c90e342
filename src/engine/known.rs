//! The entities of a decision, as policies look at them.
//!
//! A decision looks at a handful. Cedar's evaluator wants them in a table, which takes longer to make than most
//! conditions take to be answered by looking (`shortcut`): it is made for conditions that need the evaluator.

use crate::cedar::{self, CedarError, Entity};
use cedar_policy::Entities;
use cedar_policy_core::ast::EntityUID;
use cedar_policy_core::entities::Dereference;
use std::cell::OnceCell;
use std::sync::Arc;

/// Whether there is such an entity is not known.
#[derive(Debug)]
pub struct Unknown;

/// What is known of entities.
pub trait Known {
    /// The entity, or that there is none.
    ///
    /// # Errors
    /// [`Unknown`] if it was not said whether there is one.
    fn find(&self, uid: &EntityUID) -> Result<Option<&Entity>, Unknown>;

    /// All of them as Cedar's evaluator takes them.
    ///
    /// # Errors
    /// If two of them differ but have the same uid.
    fn all(&self) -> Result<&Entities, CedarError>;
}

impl Known for Entities {
    fn find(&self, uid: &EntityUID) -> Result<Option<&Entity>, Unknown> {
        match self.as_ref().entity(uid) {
            Dereference::Data(entity) => Ok(Some(entity)),
            Dereference::NoSuchEntity => Ok(None),
            Dereference::Residual(_) => Err(Unknown),
        }
    }

    fn all(&self) -> Result<&Entities, CedarError> {
        Ok(self)
    }
}

/// A handful of entities, no two of one uid: searching them from end to end is as fast as hashing.
#[derive(Debug)]
pub struct Handful<'a> {
    entities: Vec<&'a Arc<Entity>>,
    table: OnceCell<Entities>,
}

impl<'a> FromIterator<&'a Arc<Entity>> for Handful<'a> {
    fn from_iter<I: IntoIterator<Item = &'a Arc<Entity>>>(entities: I) -> Self {
        // More than most decisions look at.
        let mut all = Vec::with_capacity(12);
        all.extend(entities);
        Self { entities: all, table: OnceCell::new() }
    }
}

impl Known for Handful<'_> {
    fn find(&self, uid: &EntityUID) -> Result<Option<&Entity>, Unknown> {
        Ok(self.entities.iter().find(|entity| entity.uid() == uid).map(|entity| &***entity))
    }

    fn all(&self) -> Result<&Entities, CedarError> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let table = cedar::slice(self.entities.iter().copied().cloned())?;
        Ok(self.table.get_or_init(|| table))
    }
}
