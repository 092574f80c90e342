//! What hosts say of entities, as the admin API shows it.

use crate::domain::{EntityRecord, EntityUid};
use crate::store::sql::{self, Row};
use crate::store::{Store, StoreError, row};

/// The order of rows is that of their keys.
const ONE: &str = "
    SELECT e.entity_type, e.entity_id, e.attributes, e.tags, (
        SELECT json_group_array(json_object('type', p.parent_type, 'id', p.parent_id)) FROM entity_parents AS p
        WHERE p.entity_type = e.entity_type AND p.entity_id = e.entity_id) AS parents
    FROM entities AS e WHERE e.entity_type = ?1 AND e.entity_id = ?2";

const AFTER: &str = "
    SELECT e.entity_type, e.entity_id, e.attributes, e.tags, (
        SELECT json_group_array(json_object('type', p.parent_type, 'id', p.parent_id)) FROM entity_parents AS p
        WHERE p.entity_type = e.entity_type AND p.entity_id = e.entity_id) AS parents
    FROM entities AS e WHERE (e.entity_type, e.entity_id) > (?1, ?2) ORDER BY e.entity_type, e.entity_id LIMIT ?3";

impl Store {
    /// What the host says of an entity, if it says anything.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn entity(&self, uid: &EntityUid) -> Result<Option<EntityRecord>, StoreError> {
        let query = sql::query(ONE).bind(uid.type_name.as_str()).bind(uid.id.as_str());
        let found = query.fetch_optional(self.read_followed().await?.connection()).await?;
        found.as_ref().map(record).transpose()
    }

    /// What the host says of the entities after this one, by type and id; of the first `entities_max` of them.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn entities_after(
        &self,
        after: Option<&EntityUid>,
        entities_max: u32,
    ) -> Result<Vec<EntityRecord>, StoreError> {
        let (type_name, id) = after.map_or(("", ""), |uid| (uid.type_name.as_str(), uid.id.as_str()));
        let query = sql::query(AFTER).bind(type_name).bind(id).bind(entities_max);
        let found = query.fetch_all(self.read_followed().await?.connection()).await?;
        found.iter().map(record).collect()
    }
}

fn record(found: &Row) -> Result<EntityRecord, StoreError> {
    let type_name: &str = row::get(found, "entity_type")?;
    Ok(EntityRecord {
        uid: EntityUid::new(type_name, row::get::<&str>(found, "entity_id")?),
        attrs: json(found, "attributes")?,
        parents: json::<Vec<Parent>>(found, "parents")?.into_iter().map(Parent::uid).collect(),
        tags: json(found, "tags")?,
    })
}

#[derive(serde::Deserialize)]
struct Parent {
    r#type: smol_str::SmolStr,
    id: smol_str::SmolStr,
}

impl Parent {
    fn uid(self) -> EntityUid {
        EntityUid::new(self.r#type, self.id)
    }
}

fn json<T: serde::de::DeserializeOwned>(found: &Row, column: &'static str) -> Result<T, StoreError> {
    let text: &str = row::get(found, column)?;
    serde_json::from_str(text).map_err(|_| row::corrupt(column, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{World, explain};

    #[tokio::test]
    async fn nothing_is_read_from_end_to_end() {
        let world = World::new().await;
        for (statement, parameters) in [(ONE, 2), (AFTER, 3)] {
            for step in explain(&mut world.connection().await, statement, parameters).await {
                assert!(!step.starts_with("SCAN"), "{step}");
            }
        }
    }
}
