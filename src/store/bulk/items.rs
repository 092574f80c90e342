//! Items: most lines of a large file, so they have a path of their own.
//!
//! Where each one lies is looked up once for each place and not for each item; the rest is one
//! statement of plain values, from which `SQLite` reads faster than from JSON.

use super::insert;
use crate::store::sql::{self, Connection, Dialect, Query};
use crate::store::{StoreError, WriteTransaction, row};
use serde_json::{Value, json};
use smol_str::SmolStr;
use std::collections::{HashMap, HashSet};

/// Most rows that are handed over at a time: seven values each, and `SQLite` takes 32,766 in one statement.
pub const ROWS_MAX: usize = 1_000;

/// Most places that are remembered; when there are more, all are looked up again.
const PLACES_MAX: usize = 100_000;

/// Where an item lies directly.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Parent {
    /// In a tool.
    Tool(SmolStr),
    /// In a folder.
    Folder(SmolStr),
}

/// An item to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewItem {
    /// Its id.
    pub id: SmolStr,
    /// Where it lies.
    pub parent: Parent,
    /// What it is called.
    pub name: Option<String>,
    /// What it is.
    pub kind: Option<String>,
    /// Who added it.
    pub author: SmolStr,
    /// How much it takes, in the tool's own unit.
    pub size: i64,
    /// User, email, first and last name of a contact (A9).
    pub contact: Option<[Option<String>; 4]>,
}

impl NewItem {
    /// The same as a JSON array of columns, as the reasons for a refusal read it.
    #[must_use]
    pub fn columns(&self) -> String {
        let (tool, folder) = match &self.parent {
            Parent::Tool(tool) => (Some(tool), None),
            Parent::Folder(folder) => (None, Some(folder)),
        };
        let columns = json!([self.id, tool, folder, self.name, self.kind, self.author, self.size]);
        match (columns, &self.contact) {
            (Value::Array(mut columns), Some(contact)) => {
                columns.extend(contact.iter().map(|column| json!(column)));
                Value::Array(columns).to_string()
            }
            (columns, _) => columns.to_string(),
        }
    }
}

/// A tool or folder by its key.
#[derive(Debug, Clone, Copy)]
struct Place {
    tool: i64,
    folder: Option<i64>,
    /// Whether contacts may lie there.
    contacts: bool,
}

/// Where items lie, and how much came to each tool. Good for one import, while nothing else writes.
#[derive(Debug, Default)]
pub struct Places {
    known: HashMap<Parent, Place>,
    /// By the tool's key: the sizes that it does not count yet.
    added: HashMap<i64, i64>,
}

const FIND: &str = "
    SELECT rows.value ->> 0 AS tool_id, rows.value ->> 1 AS folder_id, tools.key AS tool, folders.key AS folder,
           tools.kind = 'contacts' AS contacts
    FROM json_each(?1) AS rows LEFT JOIN folders ON folders.id = rows.value ->> 1
    CROSS JOIN tools ON tools.key = coalesce(folders.tool, (SELECT key FROM tools AS at WHERE at.id = rows.value ->> 0))";

impl Places {
    /// Finds where these items lie.
    async fn find(&mut self, connection: &mut Connection, items: &[NewItem]) -> Result<(), StoreError> {
        let parents = items.iter().map(|item| &item.parent);
        let mut unknown: HashSet<_> = parents.clone().filter(|parent| !self.known.contains_key(*parent)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        if self.known.len() + unknown.len() > PLACES_MAX {
            self.known.clear();
            unknown = parents.collect();
        }
        let asked = unknown.into_iter().map(|parent| match parent {
            Parent::Tool(tool) => json!([tool, null]),
            Parent::Folder(folder) => json!([null, folder]),
        });
        let asked = asked.collect::<Value>().to_string();
        for found in sql::query(FIND).bind(asked).fetch_all(connection).await? {
            let parent = match row::get::<Option<String>>(&found, "tool_id")? {
                Some(tool) => Parent::Tool(tool.into()),
                None => Parent::Folder(row::get::<String>(&found, "folder_id")?.into()),
            };
            let (tool, folder) = (row::get(&found, "tool")?, row::get(&found, "folder")?);
            self.known.insert(parent, Place { tool, folder, contacts: row::get(&found, "contacts")? });
        }
        Ok(())
    }

    /// The place of an item, if there is one for it.
    fn of(&self, item: &NewItem) -> Option<Place> {
        let place = self.known.get(&item.parent)?;
        (item.contact.is_none() || place.contacts).then_some(*place)
    }

    /// Notes that these items are there.
    fn count(&mut self, items: &[NewItem], places: &[Place]) -> Result<(), StoreError> {
        for (item, place) in items.iter().zip(places) {
            let added = self.added.entry(place.tool).or_default();
            let sum = added.checked_add(item.size);
            *added = sum.ok_or_else(|| StoreError::Corrupt("a tool would hold more than can be counted".to_owned()))?;
        }
        Ok(())
    }
}

impl WriteTransaction {
    /// Adds at most [`ROWS_MAX`] items: all of them, or none and `false`.
    ///
    /// What it touches is for the caller to say, once for all rows.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written for another reason than the items.
    pub async fn import_items(&mut self, items: &[NewItem], places: &mut Places) -> Result<bool, StoreError> {
        places.find(self.connection(), items).await?;
        let at: Option<Vec<_>> = items.iter().map(|item| places.of(item)).collect();
        let Some(at) = at else { return Ok(false) };
        let contacts: Vec<_> = items.iter().filter(|item| item.contact.is_some()).map(NewItem::columns).collect();
        let taken = if contacts.is_empty() && self.connection().dialect() == Dialect::Sqlite {
            // One statement is done whole or not at all; on a server, what fails takes the transaction along.
            insert_items(self.connection(), items, &at).await?
        } else {
            let rows = format!("[{}]", contacts.join(","));
            self.all_or_none(async |connection| {
                Ok(insert_items(connection, items, &at).await?
                    && (contacts.is_empty() || is_taken(sql::query(insert::CONTACTS).bind(&rows), connection).await?))
            })
            .await?
        };
        if taken {
            places.count(items, &at)?;
        }
        Ok(taken)
    }

    /// Counts the items added towards what their tools hold (P5).
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be written, or a sum exceeds 64 bits.
    pub async fn import_count(&mut self, places: &mut Places) -> Result<(), StoreError> {
        let added: Vec<_> = std::mem::take(&mut places.added).into_iter().filter(|(_, size)| *size > 0).collect();
        if added.is_empty() {
            return Ok(());
        }
        let sql = "UPDATE tools SET used = used + CAST(added.value ->> 1 AS BIGINT) FROM json_each(?1) AS added
                   WHERE tools.key = CAST(added.value ->> 0 AS BIGINT)";
        sql::query(sql).bind(json!(added).to_string()).execute(self.connection()).await?;
        Ok(())
    }
}

async fn insert_items(connection: &mut Connection, items: &[NewItem], at: &[Place]) -> Result<bool, StoreError> {
    let head = "INSERT INTO items (id, tool, folder, name, kind, author, size) VALUES (?,?,?,?,?,?,?)";
    let text = head.to_owned() + &",(?,?,?,?,?,?,?)".repeat(items.len().saturating_sub(1));
    // Made of constants of this program alone; kept prepared where it will be used again.
    let mut query = sql::query(sql::OfConstants(text)).persistent(items.len() == ROWS_MAX);
    for (item, place) in items.iter().zip(at) {
        query = query.bind(item.id.as_str()).bind(place.tool).bind(place.folder);
        query = query.bind(item.name.as_deref()).bind(item.kind.as_deref()).bind(item.author.as_str()).bind(item.size);
    }
    is_taken(query, connection).await
}

/// Whether the statement was carried out, and not refused by a constraint.
pub(super) async fn is_taken(query: Query<'_>, connection: &mut Connection) -> Result<bool, StoreError> {
    match query.execute(connection).await {
        Ok(_) => Ok(true),
        Err(sqlx::Error::Database(error)) if super::import::is_constraint(error.as_ref()) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
