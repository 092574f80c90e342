//! Folders and items inside a write: where they lie, and putting new ones there (S1, P5, D8).
//!
//! Whatever changes a row also says so with `touch`, so that no command can forget it.

mod chain;
mod change;
mod removal;

use crate::domain::uid::types;
use crate::domain::{Contact, ContentRef, EntityUid, FolderId, ItemId, ToolId, UserId};
use crate::store::list::content::{FolderRow, ItemRow, folder, item, tool};
use crate::store::sql;
use crate::store::{Change, StoreError, WriteTransaction, row};

/// A tool, folder or item that exists, with where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// What it is.
    pub content: ContentRef,
    /// The tool it is or lies in.
    pub tool: ToolId,
    /// How much an item takes, in the tool's own unit; 0 for tools and folders.
    pub size: i64,
    /// Its own short key.
    pub(in crate::store) key: i64,
    /// The short key of `tool`.
    pub(in crate::store) tool_key: i64,
    /// The short key of the folder it lies in; `None` directly in the tool, and for tools.
    folder: Option<i64>,
}

impl Located {
    /// Whether this lies directly in `place`.
    #[must_use]
    pub fn is_directly_in(&self, place: &Self) -> bool {
        self.tool_key == place.tool_key && self.folder == place.as_folder() && self.content != place.content
    }

    /// The key as the parent of others: `None` for a tool.
    const fn as_folder(&self) -> Option<i64> {
        match self.content {
            ContentRef::Tool(_) | ContentRef::Item(_) => None,
            ContentRef::Folder(_) => Some(self.key),
        }
    }
}

/// How full a tool is, in its own unit (P5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Sum of the sizes of all items in it.
    pub used: i64,
    /// How much it may hold; `None` is without limit.
    pub capacity: Option<i64>,
}

/// A new item's row, its place apart.
#[derive(Debug, Clone, Copy)]
pub struct ItemValues<'a> {
    /// Its id.
    pub id: &'a ItemId,
    /// What people call it.
    pub name: Option<&'a str>,
    /// What the host says it is.
    pub kind: Option<&'a str>,
    /// Who adds it.
    pub author: &'a UserId,
    /// In the tool's own unit, never negative.
    pub size: i64,
    /// Whom it stands for, in a contacts tool (A9).
    pub contact: Option<&'a Contact>,
}

impl WriteTransaction {
    /// Where this tool, folder or item lies, if it exists.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn locate(&mut self, content: &ContentRef) -> Result<Option<Located>, StoreError> {
        let sql = match content {
            ContentRef::Tool(_) => {
                "SELECT key, key AS tool_key, NULL AS folder, id AS tool, 0 AS size FROM tools WHERE id = ?"
            }
            ContentRef::Folder(_) => {
                "SELECT f.key, f.tool AS tool_key, f.parent AS folder, t.id AS tool, 0 AS size
                 FROM folders f JOIN tools t ON t.key = f.tool WHERE f.id = ?"
            }
            ContentRef::Item(_) => {
                "SELECT i.key, i.tool AS tool_key, i.folder, t.id AS tool, i.size
                 FROM items i JOIN tools t ON t.key = i.tool WHERE i.id = ?"
            }
        };
        let query = sql::query(sql).bind(content.uid().id.to_string());
        let Some(row) = query.fetch_optional(self.connection()).await? else { return Ok(None) };
        Ok(Some(Located {
            content: content.clone(),
            tool: tool(&row, "tool")?,
            size: row::get(&row, "size")?,
            key: row::get(&row, "key")?,
            tool_key: row::get(&row, "tool_key")?,
            folder: row::get(&row, "folder")?,
        }))
    }

    /// The folder as it now is, uncommitted changes included.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn folder(&mut self, id: &FolderId) -> Result<Option<FolderRow>, StoreError> {
        folder(self.connection(), id).await
    }

    /// The item as it now is, uncommitted changes included.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn item(&mut self, id: &ItemId) -> Result<Option<ItemRow>, StoreError> {
        item(self.connection(), id).await
    }

    /// How full the tool is that `place` is or lies in. The owner's subscription sets the capacity,
    /// in a group its administrator's (P5).
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn room(&mut self, place: &Located) -> Result<Room, StoreError> {
        let sql = "SELECT t.used, c.capacity
                   FROM tools t LEFT JOIN groups g ON g.id = t.group_id
                   JOIN users u ON u.id = coalesce(t.owner, g.administrator)
                   LEFT JOIN capacities c ON c.subscription = u.subscription AND c.kind = t.kind
                   WHERE t.key = ?";
        let row = sql::query(sql).bind(place.tool_key).fetch_one(self.connection()).await?;
        Ok(Room { used: row::get(&row, "used")?, capacity: row::get(&row, "capacity")? })
    }

    /// Puts a new folder into `place`.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written, or holds the id already.
    pub async fn insert_folder(
        &mut self,
        id: &FolderId,
        place: &Located,
        name: Option<&str>,
        author: &UserId,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO folders (id, tool, parent, name, author) VALUES (?, ?, ?, ?, ?)";
        let query = sql::query(sql).bind(id.as_str()).bind(place.tool_key).bind(place.as_folder());
        query.bind(name).bind(author.as_str()).execute(self.connection()).await?;
        self.touch(EntityUid::new(types::FOLDER, id.text()), Change::Created);
        Ok(())
    }

    /// Puts a new item into `place` and counts its size.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be written, or holds the id already.
    pub async fn insert_item(&mut self, place: &Located, item: ItemValues<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO items (id, tool, folder, name, kind, author, size) VALUES (?, ?, ?, ?, ?, ?, ?)";
        let query = sql::query(sql).bind(item.id.as_str()).bind(place.tool_key).bind(place.as_folder());
        let query = query.bind(item.name).bind(item.kind).bind(item.author.as_str()).bind(item.size);
        query.execute(self.connection()).await?;
        self.touch(EntityUid::new(types::ITEM, item.id.text()), Change::Created);
        if let Some(contact) = item.contact {
            self.insert_contact(item.id, contact).await?;
        }
        self.count(place, item.size).await
    }

    /// Counts `difference` towards what the tool of `place` holds. Touches the tool's quota and
    /// never the tool itself: an addition changes no decision but those about adding.
    async fn count(&mut self, place: &Located, difference: i64) -> Result<(), StoreError> {
        if difference == 0 {
            return Ok(());
        }
        let sql = "UPDATE tools SET used = used + ? WHERE key = ?";
        sql::query(sql).bind(difference).bind(place.tool_key).execute(self.connection()).await?;
        self.touch(EntityUid::new(types::QUOTA, place.tool.text()), Change::Changed);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
