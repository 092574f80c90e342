//! The same entities after a change that nobody has made: to see whether it would really allow.

use super::answer::Role;
use super::fact::{Change, Switch};
use super::remedy::Way;
use super::scene::Scene;
use crate::cedar;
use crate::domain::uid::types;
use crate::domain::{EntityUid, Grantee, GroupId, Right};
use cedar_policy_core::ast::{Entity, EntityUID, PartialValue, Value, ValueKind};
use smol_str::{SmolStr, format_smolstr};
use std::collections::HashMap;
use std::sync::Arc;

/// Entities that can be changed.
struct World<'a> {
    scene: &'a Scene<'a>,
    entities: HashMap<EntityUID, Entity>,
}

/// What the entities would be after all of these changes, of whose choices the first is made.
pub(super) fn suppose(way: &Way, scene: &Scene<'_>) -> Option<cedar::Entities> {
    let entities = scene.entities.iter().map(|entity| (entity.uid().clone(), entity.clone())).collect();
    let mut world = World { scene, entities };
    for change in way {
        world.apply(change)?;
    }
    cedar::slice(world.entities.into_values().map(Arc::new)).ok()
}

impl World<'_> {
    fn apply(&mut self, change: &Change) -> Option<()> {
        let principal = &self.scene.request.principal;
        match change {
            Change::Role { role, group } => self.role(*role, group),
            Change::SharedGroup { with, groups } => {
                if let Some(group) = groups.first() {
                    return self.join(principal, &EntityUid::group(group));
                }
                // A group that nobody can have made yet.
                let group = EntityUid::new(types::GROUP, "");
                self.join(principal, &group)?;
                self.join(&EntityUid::user(with), &group)
            }
            Change::Grant { right, on, to } => self.grant(*right, on.first()?, to.first()?),
            Change::Setting { group, setting, value } => {
                let name = match setting {
                    Switch::Published => "published",
                    Switch::Open => "open",
                    Switch::MembersPublished => "membersPublished",
                };
                self.set(&EntityUid::group(group), name, (*value).into())
            }
            Change::Room { tool, size, .. } => {
                self.set(&EntityUid::new(types::QUOTA, tool.id.clone()), "free", (*size).into())
            }
            // To a member whom nobody is called like.
            Change::HandOver { group } => {
                self.set(&EntityUid::group(group), "administrator", reference(&EntityUid::new(types::USER, ""))?)
            }
        }
    }

    fn role(&mut self, role: Role, group: &GroupId) -> Option<()> {
        let principal = &self.scene.request.principal;
        let held = EntityUid::new(types::ROLE, format_smolstr!("{group}/co-administrators"));
        match role {
            Role::Member => self.join(principal, &EntityUid::group(group)),
            Role::CoAdministrator => {
                self.entity(principal)?.add_parent(cedar::uid(&held).ok()?);
                Some(())
            }
            Role::Administrator => {
                // A4: who becomes administrator stops being co-administrator.
                self.entity(principal)?.remove_parent(&cedar::uid(&held).ok()?);
                self.set(&EntityUid::group(group), "administrator", reference(principal)?)
            }
        }
    }

    fn join(&mut self, person: &EntityUid, group: &EntityUid) -> Option<()> {
        let uid = cedar::uid(group).ok()?;
        let further: Vec<_> =
            self.entities.get(&uid).map(|group| group.ancestors().cloned().collect()).unwrap_or_default();
        let entity = self.entity(person)?;
        entity.add_parent(uid);
        for ancestor in further {
            entity.add_indirect_ancestor(ancestor);
        }
        self.include(person, &["groups"], group)
    }

    /// A grant on a place holds for all that lies below it (D6).
    fn grant(&mut self, right: Right, on: &EntityUid, to: &Grantee) -> Option<()> {
        let (holders, to) = match to {
            Grantee::User(user) => ("users", EntityUid::user(user)),
            Grantee::Group(group) => ("groups", EntityUid::group(group)),
        };
        if self.scene.request.resource.type_name == types::USER {
            let owner = self.scene.request.resource.clone();
            return self.include(&owner, &["canViewProfile", holders], &to);
        }
        let name = match right {
            Right::View => "canView",
            Right::ViewDetails => "canViewDetails",
            Right::Add => "canAdd",
            Right::Edit => "canEdit",
            Right::Delete => "canDelete",
        };
        let below = self.scene.chain.iter().map(|link| &link.resource);
        let last = below.clone().position(|place| place == on)?;
        for place in below.take(last + 1) {
            // Some of the chain is in no slice, and an item has no `canAdd`.
            let _ = self.include(place, &[name, holders], &to);
        }
        Some(())
    }

    /// Puts an entity into a set, however deep in records of an entity that set is.
    fn include(&mut self, uid: &EntityUid, path: &[&'static str], one: &EntityUid) -> Option<()> {
        let (name, inner) = path.split_first()?;
        let held = match self.entity(uid)?.get(name) {
            Some(PartialValue::Value(value)) => Some(value.clone()),
            _ => None,
        };
        let with = including(held.as_ref(), inner, &reference(one)?);
        self.set(uid, name, with)
    }

    fn set(&mut self, uid: &EntityUid, name: &'static str, value: Value) -> Option<()> {
        let uid = cedar::uid(uid).ok()?;
        let (uid, mut attributes, further, parents, tags) = self.entities.remove(&uid)?.into_inner();
        attributes.insert(SmolStr::new_static(name), PartialValue::Value(value));
        let changed = Entity::new_with_attr_partial_value(uid.clone(), attributes, further, parents, tags);
        self.entities.insert(uid, changed);
        Some(())
    }

    fn entity(&mut self, uid: &EntityUid) -> Option<&mut Entity> {
        self.entities.get_mut(&cedar::uid(uid).ok()?)
    }
}

/// The value with `one` in the set at `path`; without a value, a new one of the schema's `Grantees`.
fn including(held: Option<&Value>, path: &[&'static str], one: &Value) -> Value {
    match (held.map(Value::value_kind), path.split_first()) {
        (Some(ValueKind::Set(set)), None) => Value::set(set.iter().cloned().chain([one.clone()]), None),
        (_, None) => Value::set([one.clone()], None),
        (held, Some((name, rest))) => {
            let mut fields: Vec<(SmolStr, Value)> = match held {
                Some(ValueKind::Record(fields)) => {
                    fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
                }
                _ => ["users", "groups"].map(|name| (SmolStr::new_static(name), Value::set([], None))).to_vec(),
            };
            for (field, value) in &mut fields {
                if field == name {
                    *value = including(Some(value), rest, one);
                }
            }
            Value::record(fields, None)
        }
    }
}

fn reference(uid: &EntityUid) -> Option<Value> {
    cedar::uid(uid).ok().map(cedar::reference)
}
