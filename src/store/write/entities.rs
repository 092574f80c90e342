//! What hosts say of entities: written, replaced, taken back.

use crate::domain::facts::Keeper;
use crate::domain::uid::types;
use crate::domain::{EntityRecord, EntityUid};
use crate::store::facts::parts;
use crate::store::limits::ENTITY_ANCESTORS_MAX;
use crate::store::sql;
use crate::store::{Change, StoreError, WriteTransaction, row};
use std::collections::HashMap;

/// What became of the entities that a host described.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Described {
    /// Not described before.
    pub created: u64,
    /// Described otherwise before.
    pub changed: u64,
    /// Described like this before.
    pub unchanged: u64,
}

/// What is wrong with the place of an entity among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misplaced {
    /// It is in itself.
    Cycle,
    /// It is in more entities than one may be in.
    TooDeep,
}

/// What is stored of one entity, to be compared.
struct Known {
    attributes: String,
    tags: String,
    parents: Vec<(String, String)>,
}

/// An entity as the statements take it: type, id, attributes, tags, parents.
type Row<'a> = (&'a str, &'a str, String, String, Vec<(&'a str, &'a str)>);

const KNOWN: &str = "
    SELECT rows.key AS place, e.attributes, e.tags, (
        SELECT json_group_array(json_array(p.parent_type, p.parent_id)) FROM entity_parents AS p
        WHERE p.entity_type = e.entity_type AND p.entity_id = e.entity_id) AS parents
    FROM json_each(?1) AS rows
    CROSS JOIN entities AS e ON e.entity_type = rows.value ->> 0 AND e.entity_id = rows.value ->> 1";

const PUT: [&str; 3] = [
    "INSERT INTO entities (entity_type, entity_id, attributes, tags)
     SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE true
     ON CONFLICT (entity_type, entity_id) DO UPDATE SET attributes = excluded.attributes, tags = excluded.tags",
    "DELETE FROM entity_parents
     WHERE (entity_type, entity_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?1))",
    "INSERT INTO entity_parents (entity_type, entity_id, parent_type, parent_id)
     SELECT rows.value ->> 0, rows.value ->> 1, parents.value ->> 0, parents.value ->> 1
     FROM json_each(?1) AS rows CROSS JOIN json_each(rows.value, '$[4]') AS parents",
];

/// Which of the rows are of built-in types and not stored.
const ABSENT: &str = "
    SELECT rows.key AS place FROM json_each(?1) AS rows
    WHERE NOT CASE rows.value ->> 0
        WHEN 'User' THEN EXISTS (SELECT 1 FROM users WHERE id = rows.value ->> 1)
        WHEN 'Group' THEN EXISTS (SELECT 1 FROM groups WHERE id = rows.value ->> 1)
        WHEN 'Tool' THEN EXISTS (SELECT 1 FROM tools WHERE id = rows.value ->> 1)
        WHEN 'Folder' THEN EXISTS (SELECT 1 FROM folders WHERE id = rows.value ->> 1)
        WHEN 'Item' THEN EXISTS (SELECT 1 FROM items WHERE id = rows.value ->> 1)
        ELSE true END
    ORDER BY place LIMIT 1";

impl WriteTransaction {
    /// The place of the first of these entities that Conclave would keep and does not: nothing more can be said of it.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn first_absent(&mut self, records: &[EntityRecord]) -> Result<Option<usize>, StoreError> {
        let uids: Vec<_> = records.iter().map(|record| (&*record.uid.type_name, &*record.uid.id)).collect();
        let found = sql::query(ABSENT).bind(json(&uids)?).fetch_optional(self.connection()).await?;
        found.map(|row| place(&row)).transpose()
    }

    /// Writes what a host says of entities in the place of what it said before. Of which it says the same is not
    /// touched. `keeper` is who keeps the built-in types: what is said of one of Conclave's changes it.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn put_entities(&mut self, records: &[EntityRecord], keeper: Keeper) -> Result<Described, StoreError> {
        let rows = records.iter().map(columns).collect::<Result<Vec<_>, _>>()?;
        let known = self.known(&json(&rows)?).await?;
        let (mut done, mut fresh) = (Described::default(), Vec::new());
        for (place, row) in rows.into_iter().enumerate() {
            let change = match known.get(&place) {
                Some(known) if known.says(&row) => {
                    done.unchanged += 1;
                    continue;
                }
                Some(_) => Change::Changed,
                None => Change::Created,
            };
            match change {
                Change::Created => done.created += 1,
                Change::Changed | Change::Deleted => done.changed += 1,
            }
            let uid = EntityUid::new(row.0, row.1);
            let change = if is_kept(&uid, keeper) { Change::Changed } else { change };
            self.touch(uid, change);
            fresh.push(row);
        }
        if !fresh.is_empty() {
            let fresh = json(&fresh)?;
            for sql in PUT {
                sql::query(sql).bind(&fresh).execute(self.connection()).await?;
            }
        }
        Ok(done)
    }

    async fn known(&mut self, rows: &str) -> Result<HashMap<usize, Known>, StoreError> {
        let found = sql::query(KNOWN).bind(rows).fetch_all(self.connection()).await?;
        let known = found.iter().map(|found| {
            let mut parents: Vec<_> = read(row::get(found, "parents")?)?;
            parents.sort_unstable();
            let known = Known { attributes: row::get(found, "attributes")?, tags: row::get(found, "tags")?, parents };
            Ok((place(found)?, known))
        });
        known.collect()
    }

    /// The place of the first of these entities that lies where none may, as things are now.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be read.
    pub async fn first_misplaced(
        &mut self,
        records: &[EntityRecord],
        keeper: Keeper,
    ) -> Result<Option<(usize, Misplaced)>, StoreError> {
        let placed = records.iter().filter(|record| !record.parents.is_empty());
        let uids: Vec<_> = placed.clone().map(|record| (&*record.uid.type_name, &*record.uid.id)).collect();
        if uids.is_empty() {
            return Ok(None);
        }
        // Made of constants of this program alone.
        let query = sql::query(sql::OfConstants(places(self.connection().dialect(), keeper))).bind(json(&uids)?);
        for found in query.fetch_all(self.connection()).await? {
            let misplaced = match (row::get(&found, "in_itself")?, row::count(&found, "above")?) {
                (true, _) => Misplaced::Cycle,
                (false, above) if above > ENTITY_ANCESTORS_MAX as u64 => Misplaced::TooDeep,
                (false, _) => continue,
            };
            let uid = placed.clone().nth(place(&found)?).map(|record| &record.uid);
            let place = records.iter().position(|record| Some(&record.uid) == uid);
            return Ok(place.map(|place| (place, misplaced)));
        }
        Ok(None)
    }

    /// Takes back what a host said of an entity; whether it had said anything.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written.
    pub async fn delete_entity(&mut self, uid: &EntityUid, keeper: Keeper) -> Result<bool, StoreError> {
        let sql = "DELETE FROM entities WHERE entity_type = ? AND entity_id = ?";
        let query = sql::query(sql).bind(uid.type_name.as_str()).bind(uid.id.as_str());
        let found = query.execute(self.connection()).await?.rows_affected() > 0;
        if found {
            let change = if is_kept(uid, keeper) { Change::Changed } else { Change::Deleted };
            self.touch(uid.clone(), change);
        }
        Ok(found)
    }
}

impl Known {
    fn says(&self, (_, _, attributes, tags, parents): &Row<'_>) -> bool {
        let same = |((a, b), (c, d)): (&(String, String), &(&str, &str))| a == c && b == d;
        self.attributes == *attributes
            && self.tags == *tags
            && self.parents.len() == parents.len()
            && self.parents.iter().zip(parents).all(same)
    }
}

/// Whether Conclave itself keeps the entity, so that it is there whatever a host says of it.
fn is_kept(uid: &EntityUid, keeper: Keeper) -> bool {
    keeper == Keeper::Conclave && types::BUILT_IN.contains(&uid.type_name.as_str())
}

/// For each of the entities in `?1`: whether it is in itself, and in how many it is.
fn places(dialect: sql::Dialect, keeper: Keeper) -> String {
    let (type_name, id) = ("rows.value ->> 0", "rows.value ->> 1");
    let above = parts::above(dialect, type_name, id, keeper == Keeper::Conclave);
    format!(
        "SELECT place, CAST(above ->> 0 AS BIGINT) AS in_itself, CAST(above ->> 1 AS BIGINT) AS above FROM (
            SELECT rows.key AS place, ({above}
                SELECT json_array(coalesce(max(CASE WHEN type = {type_name} AND id = {id} THEN 1 ELSE 0 END), 0), count(*)) FROM up) AS above
            FROM json_each(?1) AS rows) AS placed"
    )
}

fn columns(record: &EntityRecord) -> Result<Row<'_>, StoreError> {
    // In the order of the domain, which is that of bytes.
    let parents = record.parents.iter().map(|uid| (&*uid.type_name, &*uid.id)).collect();
    Ok((&record.uid.type_name, &record.uid.id, json(&record.attrs)?, json(&record.tags)?, parents))
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn read<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Corrupt(error.to_string()))
}

fn place(row: &sql::Row) -> Result<usize, StoreError> {
    usize::try_from(row::count(row, "place")?).map_err(|error| StoreError::Corrupt(error.to_string()))
}

#[cfg(test)]
mod tests;
