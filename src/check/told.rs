//! Questions that tell more than the schema knows, as those of AuthZEN may.
//!
//! What the schema has no place for makes no difference to any policy and is passed over. What it has a
//! place for is taken or refused, never passed over.

use super::InForce;
use crate::cedar::EntityModel;
use crate::domain::entity::referred;
use crate::domain::lent::Manner;
use crate::domain::shape::{self, Anything, Fields, Misfit, Shape};
use crate::domain::uid::types;
use crate::domain::{Context, DecisionRequest, EntityRecord, EntityUid, Lent, Value};
use crate::engine::{Bundle, NotAllowed};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use thiserror::Error;

/// A question with whatever its asker has to tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Who asks.
    pub principal: EntityUid,
    /// What the request says of them.
    pub principal_properties: Fields,
    /// What they want to do.
    pub action: EntityUid,
    /// What the request says of that: `context.action`, where the schema has it.
    pub action_properties: Fields,
    /// To what.
    pub resource: EntityUid,
    /// What the request says of it.
    pub resource_properties: Fields,
    /// Circumstances of the request.
    pub context: Fields,
}

/// Why there is no question.
#[derive(Debug, Error)]
pub enum ToldError {
    /// The schema does not have this action, or not for these types.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// What was told has a place in the schema and does not fit there.
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

/// A question, and of which of its parts each lent entity tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The question.
    pub request: DecisionRequest,
    /// `subject` or `resource`, in the order in which the entities are lent.
    pub told_of: Vec<&'static str>,
}

impl InForce {
    /// The question as far as the schema knows what it tells. It is one for this bundle: what another has a place for
    /// may have been passed over.
    ///
    /// # Errors
    /// [`ToldError`].
    pub fn asked(&self, told: Told) -> Result<Asked, ToldError> {
        let bundle = self.bundle();
        let context = context(bundle, &told)?;
        let Told { principal, principal_properties, action, resource, resource_properties, .. } = told;
        let model = bundle.model();
        let mut records = BTreeMap::new();
        for (part, uid, properties) in
            [("subject", &principal, principal_properties), ("resource", &resource, resource_properties)]
        {
            if let Some(record) = record(model, part, uid, properties)? {
                add(&mut records, part, record)?;
            }
        }
        let mut records: Vec<_> = records.into_values().collect();
        records.sort_by_key(|(part, _)| *part != "subject");
        let (told_of, records) = records.into_iter().unzip();
        // Two entities that lie in each other: the one that is asked about must not say so.
        let lent = Lent::new(Manner::Properties, records)
            .map_err(|error| Misfit::new("resource.properties.parent", error.detail))?;
        Ok(Asked { request: DecisionRequest { principal, action, resource, context, lent }, told_of })
    }
}

/// The fields that the schema's context has for the action.
fn context(bundle: &Bundle, told: &Told) -> Result<Context, ToldError> {
    let types = (&told.principal.type_name, &told.resource.type_name);
    let environment = bundle.environment(types.0, &told.action.borrow(), types.1)?;
    let shape = environment.context_shape();
    let mut fields = told.context.clone();
    if !told.action_properties.is_empty() {
        fields.insert(SmolStr::new_static("action"), Anything::Object(told.action_properties.clone()));
    }
    Ok(Context(shape::known("context", &shape, fields)?))
}

/// What the properties say that is not kept here; nothing, if that is nothing.
fn record(
    model: &EntityModel,
    part: &'static str,
    uid: &EntityUid,
    properties: Fields,
) -> Result<Option<EntityRecord>, Misfit> {
    if properties.is_empty() {
        return Ok(None);
    }
    let path = format!("{part}.properties");
    let mut shape = model.own_shape(&uid.type_name);
    let is_content = model.keeps(&uid.type_name) && [types::FOLDER, types::ITEM].contains(&uid.type_name.as_str());
    if is_content {
        // Of content that is not stored, and passed over for any other.
        shape.extend(["author", "parent"].map(|name| (SmolStr::new_static(name), Shape::Value)));
    }
    let mut attrs = shape::known(&path, &shape, properties)?;
    let parent = if is_content { attrs.remove("parent") } else { None };
    if attrs.is_empty() && parent.is_none() {
        return Ok(None);
    }
    let place = parent.map(|parent| place(&path, &parent)).transpose()?;
    let (parents, tags) = (place.into_iter().collect(), BTreeMap::new());
    Ok(Some(EntityRecord { uid: uid.clone(), attrs, parents, tags }))
}

fn place(path: &str, parent: &Value) -> Result<EntityUid, Misfit> {
    let place = referred(parent).filter(|uid| [types::FOLDER, types::TOOL].contains(&uid.type_name.as_str()));
    place.ok_or_else(|| Misfit::new(format!("{path}.parent"), "must name a `Folder` or a `Tool`"))
}

/// Adds a record. Whoever asks about themselves may say things in both places, but not two different ones.
fn add(
    records: &mut BTreeMap<EntityUid, (&'static str, EntityRecord)>,
    part: &'static str,
    record: EntityRecord,
) -> Result<(), Misfit> {
    let Some((_, before)) = records.get_mut(&record.uid) else {
        records.insert(record.uid.clone(), (part, record));
        return Ok(());
    };
    for (name, value) in record.attrs {
        if before.attrs.get(&name).is_some_and(|other| *other != value) {
            return Err(Misfit::new(
                format!("{part}.properties.{name}"),
                "is not what `subject.properties` says of the same",
            ));
        }
        before.attrs.insert(name, value);
    }
    before.parents.extend(record.parents);
    Ok(())
}
