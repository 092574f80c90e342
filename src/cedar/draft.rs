//! An entity in the making: what is stored of one with what is laid over it.

use super::{CedarError, Entity, uid};
use crate::domain::EntityUid;
use cedar_policy_core::ast::{EntityUID, PartialValue, Value};
use smol_str::SmolStr;
use std::sync::Arc;

/// An entity that is not finished yet. Its ancestors are what it is told they are.
#[derive(Debug, Clone)]
pub struct Draft(Entity);

impl Draft {
    /// An entity of which nothing is known yet.
    ///
    /// # Errors
    /// If the type is not written as types are.
    pub fn new(own: &EntityUid) -> Result<Self, CedarError> {
        Ok(Self(Entity::with_uid(uid(own)?)))
    }

    /// Begins with all of `entity`.
    #[must_use]
    pub fn of(entity: &Entity) -> Self {
        Self(entity.clone())
    }

    /// Whether it has this attribute.
    #[must_use]
    pub fn has(&self, attribute: &str) -> bool {
        self.0.get(attribute).is_some()
    }

    /// The same with these attributes and tags, in the place of those of the same names.
    #[must_use]
    pub fn with(self, attributes: &[(SmolStr, Value)], tags: &[(SmolStr, Value)]) -> Self {
        if attributes.is_empty() && tags.is_empty() {
            return self;
        }
        let (uid, mut own, ancestors, parents, mut own_tags) = self.0.into_inner();
        own.extend(attributes.iter().map(whole));
        own_tags.extend(tags.iter().map(whole));
        Self(Entity::new_with_attr_partial_value(uid, own, ancestors, parents, own_tags))
    }

    /// The same with those of the attributes that `other` has, as it has them.
    #[must_use]
    pub fn with_those_of(self, other: &Entity, attributes: &[&str]) -> Self {
        let (uid, mut own, ancestors, parents, tags) = self.0.into_inner();
        let taken = attributes.iter().filter_map(|name| Some((SmolStr::new(name), other.get(name)?.clone())));
        own.extend(taken);
        Self(Entity::new_with_attr_partial_value(uid, own, ancestors, parents, tags))
    }

    /// Puts it into another, directly.
    pub fn put_in(&mut self, parent: EntityUID) {
        self.0.add_parent(parent);
    }

    /// Puts it into whatever `above` is in; whether that made a difference.
    pub fn follow(&mut self, above: &Entity) -> bool {
        let before = self.0.ancestors().count();
        for ancestor in above.ancestors() {
            self.0.add_indirect_ancestor(ancestor.clone());
        }
        self.0.ancestors().count() > before
    }

    /// What it is in, however far up.
    pub fn ancestors(&self) -> impl Iterator<Item = EntityUid> {
        self.0.ancestors().map(super::domain_uid)
    }

    /// The entity, finished.
    #[must_use]
    pub fn finish(self) -> Arc<Entity> {
        Arc::new(self.0)
    }
}

/// Whether an entity is its own ancestor: no hierarchy has such a thing.
#[must_use]
pub fn is_in_itself(entity: &Entity) -> bool {
    entity.is_descendant_of(entity.uid())
}

fn whole((name, value): &(SmolStr, Value)) -> (SmolStr, PartialValue) {
    (name.clone(), PartialValue::Value(value.clone()))
}
