//! Taking in what a host says of entities: all there is of those of its own types, more of those that Conclave keeps.

use super::{Admin, Caller, Done, Refusal, Wrong};
use crate::check::InForce;
use crate::config::limits::{ENTITIES_MAX, ENTITY_BYTES_MAX, ENTITY_PARENTS_MAX};
use crate::domain::facts::Keeper;
use crate::domain::{EntityRecord, EntityUid, ItemId};
use crate::store::WriteTransaction;
use crate::store::limits::ENTITY_ANCESTORS_MAX;
use crate::store::write::entities::Misplaced;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use utoipa::ToSchema;

/// What a host says, in Cedar's entity JSON.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEntities {
    /// Each in the place of all that the host said of this entity before.
    #[schema(max_items = 1000)]
    pub entities: Vec<EntityRecord>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Described {
    /// Entities of which the host had said nothing before.
    pub created: u64,
    /// Entities of which it had said something else.
    pub changed: u64,
    /// Entities of which it had said the same.
    pub unchanged: u64,
}

/// Takes in what a host says of entities: all of it or nothing.
///
/// # Errors
/// [`Refusal`]: not the host's call; too many, or one too large; what the schema does not have; what Conclave itself
/// keeps; an entity of a built-in type that is not stored, or one that would be in itself.
pub async fn put_entities(admin: &Admin, caller: &Caller, input: NewEntities) -> Result<Done<Described>, Refusal> {
    admin.host_only(caller, "entities")?;
    let records = input.entities;
    check_bounds(&records)?;
    let mut in_force = admin.check.in_force();
    check_schema(&in_force, &records)?;
    let mut tx = admin.begin("put_entities", caller).await?;
    // INVARIANT: by the schema in force while nobody else writes. Another one takes its place only then, once all that
    // is stored fits it.
    let now = admin.check.in_force();
    if !now.bundle().has_schema_of(in_force.bundle()) {
        in_force = now;
        check_schema(&in_force, &records)?;
    }
    let done = put(&mut tx, &records, in_force.bundle().model().keeper()).await?;
    let revision = admin.commit(tx).await?;
    Ok(Done { output: done, revision })
}

fn check_schema(in_force: &InForce, records: &[EntityRecord]) -> Result<(), Refusal> {
    let model = in_force.bundle().model();
    for (n, record) in records.iter().enumerate() {
        let wrong = model.check_place(record).and_then(|()| model.attributes(record).map(|_| ()));
        wrong.map_err(|error| Refusal::Entity {
            field: format!("entities[{n}].{}", error.path),
            detail: error.detail,
            wrong: if error.is_kept { Wrong::Kept } else { Wrong::Schema },
        })?;
    }
    Ok(())
}

async fn put(tx: &mut WriteTransaction, records: &[EntityRecord], keeper: Keeper) -> Result<Described, Refusal> {
    if keeper == Keeper::Conclave
        && let Some(n) = tx.first_absent(records).await?
    {
        let uid = records.get(n).map(|record| record.uid.to_string()).unwrap_or_default();
        return Err(refused(n, "uid", format!("names `{uid}`, which does not exist"), Wrong::Clash));
    }
    let done = tx.put_entities(records, keeper).await?;
    if let Some((n, misplaced)) = tx.first_misplaced(records, keeper).await? {
        return Err(match misplaced {
            Misplaced::Cycle => refused(n, "parents", "would put the entity into itself", Wrong::Clash),
            Misplaced::TooDeep => {
                let detail = format!("would put the entity into more than {ENTITY_ANCESTORS_MAX} others");
                refused(n, "parents", detail, Wrong::Bounds)
            }
        });
    }
    Ok(Described { created: done.created, changed: done.changed, unchanged: done.unchanged })
}

fn check_bounds(records: &[EntityRecord]) -> Result<(), Refusal> {
    if records.len() > ENTITIES_MAX {
        let detail = format!("are {}, and a call takes at most {ENTITIES_MAX}", records.len());
        return Err(Refusal::Entity { field: "entities".to_owned(), detail, wrong: Wrong::Bounds });
    }
    let mut seen = HashSet::new();
    for (n, record) in records.iter().enumerate() {
        if !seen.insert(&record.uid) {
            return Err(refused(n, "uid", format!("names `{}` a second time", record.uid), Wrong::Bounds));
        }
        check_id(&record.uid).map_err(|detail| refused(n, "uid", detail, Wrong::Bounds))?;
        for parent in &record.parents {
            check_id(parent).map_err(|detail| refused(n, "parents", detail, Wrong::Bounds))?;
        }
        if record.parents.len() > ENTITY_PARENTS_MAX {
            let detail = format!("are {}, and an entity has at most {ENTITY_PARENTS_MAX}", record.parents.len());
            return Err(refused(n, "parents", detail, Wrong::Bounds));
        }
        let bytes = serde_json::to_vec(record).map_or(usize::MAX, |text| text.len());
        if bytes > ENTITY_BYTES_MAX {
            let field = format!("entities[{n}]");
            let detail = format!("is {bytes} bytes of JSON, and an entity has at most {ENTITY_BYTES_MAX}");
            return Err(Refusal::Entity { field, detail, wrong: Wrong::Bounds });
        }
    }
    Ok(())
}

/// An id as hosts choose them.
fn check_id(uid: &EntityUid) -> Result<(), String> {
    ItemId::new(uid.id.clone()).map(|_| ()).map_err(|error| format!("name `{uid}`, whose id {error}"))
}

fn refused(n: usize, field: &str, detail: impl Into<String>, wrong: Wrong) -> Refusal {
    Refusal::Entity { field: format!("entities[{n}].{field}"), detail: detail.into(), wrong }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::testing::{HOST, World};
    use crate::engine::{Bundle, Naming, SourceFile};
    use std::collections::BTreeSet;
    use std::sync::Arc;

    fn bundle(clearance: &str) -> Arc<Bundle> {
        let own = format!("entity User {{ clearance?: {clearance} }};");
        let groups = SourceFile::new("groups.cedarschema", include_str!("../../schema/groups.cedarschema"));
        let schema = [groups, SourceFile::new("own.cedarschema", own)];
        let policies = [SourceFile::new("p.cedar", "@id(\"p\") permit (principal, action, resource);")];
        Arc::new(Bundle::from_files(&schema, &policies, Naming::Annotated, &BTreeSet::new()).unwrap())
    }

    #[tokio::test]
    async fn what_was_read_by_one_schema_is_not_written_under_another() {
        let world = World::new().await;
        let admin = &world.admin;
        drop(admin.check.replace(bundle("Long")));
        let entities = r#"[{"uid": "User::\"director\"", "attrs": {"clearance": 1}}]"#;
        let input = NewEntities { entities: serde_json::from_str(entities).unwrap() };
        let writer = admin.store.write("test", None, 0).await.unwrap();
        let mut put = std::pin::pin!(put_entities(admin, &HOST, input));
        assert!(futures_util::poll!(put.as_mut()).is_pending(), "fits, and waits for its turn to write");
        drop(admin.check.replace(bundle("String")));
        drop(writer);
        let refused = put.await.unwrap_err();
        assert!(matches!(&refused, Refusal::Entity { wrong: Wrong::Schema, .. }), "{refused:?}");
    }
}
