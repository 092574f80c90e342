//! What the schema says of entities, and what hosts say of them held against it.

use super::typed::{named, shown, value};
use super::uid;
use crate::domain::facts::Keeper;
use crate::domain::shape::Shape;
use crate::domain::uid::types;
use crate::domain::{EntityRecord, EntityUid, Value as Json, kept};
use cedar_policy_core::ast::{EntityType, EntityUID, Value};
use cedar_policy_core::validator::{ValidatorEntityType, ValidatorEntityTypeKind, ValidatorSchema};
use smol_str::{SmolStr, ToSmolStr};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use thiserror::Error;

/// The entity types of a schema, and which of them Conclave itself keeps entities of.
#[derive(Debug, Clone)]
pub struct EntityModel {
    schema: Arc<ValidatorSchema>,
    /// Each type with those that its entities may be in, however far up.
    ancestors: HashMap<SmolStr, BTreeSet<SmolStr>>,
    types: HashMap<SmolStr, EntityType>,
    has_groups: bool,
}

/// What is wrong with an entity that a host describes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{path}` {detail}")]
pub struct EntityError {
    /// Where: `uid`, `attrs.address.street`, `attrs.tags[3]`, `parents`, `tags.size`.
    pub path: String,
    /// What is wrong there; goes on after the path.
    pub detail: String,
    /// Whether it is about what Conclave itself keeps, and so no host's to say.
    pub is_kept: bool,
}

/// A value that is not what the schema wants, with the place inside it.
#[derive(Debug)]
pub(super) struct Mismatch {
    place: String,
    detail: String,
}

/// Values by name, as hosts write them.
type Fields = BTreeMap<SmolStr, Json>;

/// What a host says of an entity, as Cedar holds it.
#[derive(Debug, Clone, Default)]
pub struct Described {
    /// Attributes, without those that Conclave itself keeps.
    pub attributes: Vec<(SmolStr, Value)>,
    /// Tags.
    pub tags: Vec<(SmolStr, Value)>,
}

impl Mismatch {
    pub(super) fn of(detail: impl Into<String>) -> Self {
        Self { place: String::new(), detail: detail.into() }
    }

    /// The same, inside of what `place` names.
    pub(super) fn inside(mut self, place: &str) -> Self {
        self.place.insert_str(0, place);
        self
    }

    fn at(self, start: &str) -> EntityError {
        EntityError { path: format!("{start}{}", self.place), detail: self.detail, is_kept: false }
    }
}

impl EntityError {
    /// What is wrong at `path`.
    pub(crate) fn new(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { path: path.into(), detail: detail.into(), is_kept: false }
    }

    fn kept(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { is_kept: true, ..Self::new(path, detail) }
    }
}

impl EntityModel {
    /// The model of a schema.
    #[must_use]
    pub fn of(schema: &cedar_policy::Schema) -> Self {
        let schema: Arc<ValidatorSchema> = Arc::new(schema.as_ref().clone());
        let names = || schema.entity_type_names();
        let types: HashMap<_, _> = names().map(|ty| (ty.to_smolstr(), ty.clone())).collect();
        let above = |ty| schema.ancestors(ty).into_iter().flatten().map(ToSmolStr::to_smolstr).collect();
        let ancestors = names().map(|ty| (ty.to_smolstr(), above(ty))).collect();
        let mut model = Self { schema, ancestors, types, has_groups: false };
        model.has_groups = kept::MARKS.iter().all(|(of, attribute)| model.declares(of, attribute));
        model
    }

    /// A model without any type, of a set that was not validated.
    #[must_use]
    pub fn empty() -> Self {
        let (ancestors, types) = (HashMap::new(), HashMap::new());
        Self { schema: Arc::new(ValidatorSchema::empty()), ancestors, types, has_groups: false }
    }

    /// Whether it is the model of groups, with or without additions. In any other, every type is the host's own,
    /// whatever it is called.
    #[must_use]
    pub const fn has_groups(&self) -> bool {
        self.has_groups
    }

    /// Whether Conclave itself keeps the entities of this type.
    #[must_use]
    pub fn keeps(&self, type_name: &str) -> bool {
        self.has_groups && types::BUILT_IN.contains(&type_name)
    }

    /// Who keeps the entities of the built-in types.
    #[must_use]
    pub const fn keeper(&self) -> Keeper {
        if self.has_groups { Keeper::Conclave } else { Keeper::Host }
    }

    /// Whether an entity of this type is in nothing but what Conclave itself puts it in.
    #[must_use]
    pub fn is_rooted(&self, type_name: &str) -> bool {
        let own = kept::parents(type_name);
        self.ancestors.get(type_name).is_none_or(|above| above.iter().all(|one| own.contains(&one.as_str())))
    }

    /// The types of the schema.
    pub fn type_names(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(SmolStr::as_str)
    }

    /// The attributes and tags that a host gives an entity, as values of the schema's types: all of them for a type
    /// of the host's own, further ones for a built-in type.
    ///
    /// # Errors
    /// [`EntityError`] naming what the schema does not have, is of another type, or is missing; or what Conclave
    /// itself keeps ([`EntityError::is_kept`]).
    pub fn attributes(&self, record: &EntityRecord) -> Result<Described, EntityError> {
        self.whole(&record.uid, &record.attrs, &record.tags)
    }

    /// The same, of the parts of a record.
    ///
    /// # Errors
    /// As [`EntityModel::attributes`].
    pub fn whole(&self, own: &EntityUid, attributes: &Fields, tags: &Fields) -> Result<Described, EntityError> {
        if let Some(missing) = self.first_missing(&own.type_name, |name| attributes.contains_key(name)) {
            return Err(EntityError::new(format!("attrs.{missing}"), "is missing"));
        }
        self.described(own, attributes, tags)
    }

    /// The first attribute that an entity of a host's own type must have, and of which `has` says that it does not.
    pub fn first_missing(&self, type_name: &str, has: impl Fn(&str) -> bool) -> Option<&SmolStr> {
        let declared = self.types.get(type_name).filter(|_| !self.keeps(type_name))?;
        let mut attributes = self.schema.get_entity_type(declared)?.attributes().iter();
        attributes.find(|(name, wanted)| wanted.is_required && !has(name)).map(|(name, _)| name)
    }

    /// The attributes of a type that are the host's to say: none, if there is no such type.
    #[must_use]
    pub fn own_shape(&self, type_name: &str) -> BTreeMap<SmolStr, Shape> {
        let declared = self.types.get(type_name).and_then(|ty| self.schema.get_entity_type(ty));
        let mut shape = declared.map(|declared| super::shape(declared.attributes())).unwrap_or_default();
        if self.keeps(type_name) {
            let kept = kept::attributes(type_name);
            shape.retain(|name, _| !kept.contains(&name.as_str()));
        }
        shape
    }

    /// The same, of an entity whose other attributes are known from elsewhere.
    ///
    /// # Errors
    /// As [`EntityModel::attributes`], but for what is missing.
    pub fn further(&self, record: &EntityRecord) -> Result<Described, EntityError> {
        self.described(&record.uid, &record.attrs, &record.tags)
    }

    fn described(&self, own: &EntityUid, attributes: &Fields, tags: &Fields) -> Result<Described, EntityError> {
        let declared = self.declared(own)?;
        if self.keeps(&own.type_name) {
            let kept = kept::attributes(&own.type_name);
            if let Some(name) = attributes.keys().find(|name| kept.contains(&name.as_str())) {
                let detail = "is kept by Conclave itself and cannot be set here";
                return Err(EntityError::kept(format!("attrs.{name}"), detail));
            }
        }
        let attributes = named(self, declared.attributes(), attributes).map_err(|wrong| wrong.at("attrs"))?;
        Ok(Described { attributes, tags: self.tags(declared, tags)? })
    }

    fn tags(&self, declared: &ValidatorEntityType, tags: &Fields) -> Result<Vec<(SmolStr, Value)>, EntityError> {
        let typed = tags.iter().map(|(name, given)| {
            let path = || format!("tags.{name}");
            let wanted = declared.tag_type();
            let wanted = wanted.ok_or_else(|| EntityError::new(path(), "is a tag, and this type has none"))?;
            Ok((name.clone(), value(self, wanted, given).map_err(|wrong| wrong.at(&path()))?))
        });
        typed.collect()
    }

    /// Whether the entity may be one of its type, and may be in these parents.
    ///
    /// # Errors
    /// [`EntityError`] for a type that the schema does not have, a parent of a type that the schema does not have
    /// it in, or a parent that is Conclave's own to give ([`EntityError::is_kept`]).
    pub fn check_place(&self, record: &EntityRecord) -> Result<(), EntityError> {
        self.declared(&record.uid)?;
        let own = if self.keeps(&record.uid.type_name) { kept::parents(&record.uid.type_name) } else { &[] };
        for parent in &record.parents {
            if own.contains(&parent.type_name.as_str()) {
                let detail = format!("name `{parent}`: what is in a {} is kept by Conclave itself", parent.type_name);
                return Err(EntityError::kept("parents", detail));
            }
            self.check_ancestor(&record.uid.type_name, parent)?;
        }
        Ok(())
    }

    /// Whether an entity of this type may be in that one.
    ///
    /// # Errors
    /// [`EntityError`] if the schema does not have it there.
    pub fn check_ancestor(&self, type_name: &str, ancestor: &EntityUid) -> Result<(), EntityError> {
        let above = self.ancestors.get(type_name);
        if above.is_none_or(|above| !above.contains(&ancestor.type_name)) {
            let allowed: Vec<_> = above.into_iter().flatten().map(|name| format!("`{name}`")).collect();
            let allowed = if allowed.is_empty() { "nothing".to_owned() } else { allowed.join(", ") };
            let detail = format!("name `{ancestor}`, and the schema has `{type_name}` in {allowed}");
            return Err(EntityError::new("parents", detail));
        }
        let ancestor = uid(ancestor).map_err(|error| EntityError::new("parents", error.to_string()))?;
        self.check_uid(&ancestor).map_err(|wrong| EntityError::new("parents", format!("name what {}", wrong.detail)))
    }

    /// Whether an enumerated type has this id, and the schema this action.
    pub(super) fn check_uid(&self, uid: &EntityUID) -> Result<(), Mismatch> {
        let ty = uid.entity_type();
        if ty.is_action() {
            let is_known = self.schema.get_action_id(uid).is_some();
            return if is_known { Ok(()) } else { Err(Mismatch::of("is no action of the schema")) };
        }
        match self.schema.get_entity_type(ty).map(|declared| &declared.kind) {
            Some(ValidatorEntityTypeKind::Enum(ids)) if !ids.iter().any(|id| id == uid.eid()) => {
                Err(Mismatch::of(format!("is `{}`, which is none of those that the schema lists", shown(uid))))
            }
            _ => Ok(()),
        }
    }

    fn declared(&self, own: &EntityUid) -> Result<&ValidatorEntityType, EntityError> {
        let unknown = || {
            let detail = format!("is of the type `{}`, which the schema does not have", own.type_name);
            EntityError::new("uid", detail)
        };
        let ty = self.types.get(&own.type_name).ok_or_else(unknown)?;
        let declared = self.schema.get_entity_type(ty).ok_or_else(unknown)?;
        let uid = uid(own).map_err(|_| unknown())?;
        self.check_uid(&uid).map_err(|wrong| wrong.at("uid"))?;
        if self.keeps(&own.type_name) && !kept::EXTENSIBLE.contains(&own.type_name.as_str()) {
            return Err(EntityError::kept(
                "uid",
                format!("is a {}: Conclave keeps all of those itself", own.type_name),
            ));
        }
        Ok(declared)
    }

    fn declares(&self, type_name: &str, attribute: &str) -> bool {
        let declared = self.types.get(type_name).and_then(|ty| self.schema.get_entity_type(ty));
        declared.is_some_and(|declared| declared.attr(attribute).is_some())
    }
}
