//! One folder or one item, as it is shown.

use crate::domain::{Contact, ContentRef, FolderId, ItemId, ToolId, UserId};
use crate::store::sql::{self, Connection, Row};
use crate::store::{Store, StoreError, row};

/// A folder as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderRow {
    /// Its id.
    pub id: FolderId,
    /// The tool it lies in.
    pub tool: ToolId,
    /// The tool or folder it lies in directly.
    pub parent: ContentRef,
    /// What people call it.
    pub name: Option<String>,
    /// Who made it; whoever that was may be deleted by now (P7).
    pub author: UserId,
}

/// An item as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// Its id.
    pub id: ItemId,
    /// The tool it lies in.
    pub tool: ToolId,
    /// The tool or folder it lies in directly.
    pub parent: ContentRef,
    /// What people call it.
    pub name: Option<String>,
    /// What the host says it is: a document, an event.
    pub kind: Option<String>,
    /// Who added it; whoever that was may be deleted by now (P7).
    pub author: UserId,
    /// In the tool's own unit (bytes of a document, say).
    pub size: i64,
    /// Whom it stands for, in a contacts tool (A9).
    pub contact: Option<Contact>,
}

impl Store {
    /// The folder with this id, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn folder(&self, id: &FolderId) -> Result<Option<FolderRow>, StoreError> {
        folder(self.read_followed().await?.connection(), id).await
    }

    /// The item with this id, if there is one.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn item(&self, id: &ItemId) -> Result<Option<ItemRow>, StoreError> {
        item(self.read_followed().await?.connection(), id).await
    }

    /// The tool that this content is or lies in, if there is such content.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn tool_of(&self, content: &ContentRef) -> Result<Option<ToolId>, StoreError> {
        let sql = match content {
            ContentRef::Tool(_) => "SELECT id AS tool FROM tools WHERE id = ?",
            ContentRef::Folder(_) => "SELECT t.id AS tool FROM folders f JOIN tools t ON t.key = f.tool WHERE f.id = ?",
            ContentRef::Item(_) => "SELECT t.id AS tool FROM items i JOIN tools t ON t.key = i.tool WHERE i.id = ?",
        };
        let mut transaction = self.read_followed().await?;
        let query = sql::query(sql).bind(content.uid().id.to_string());
        let row = query.fetch_optional(transaction.connection()).await?;
        row.map(|row| tool(&row, "tool")).transpose()
    }
}

/// A folder, read over any connection.
pub(in crate::store) async fn folder(
    connection: &mut Connection,
    id: &FolderId,
) -> Result<Option<FolderRow>, StoreError> {
    let sql = "SELECT t.id AS tool, p.id AS folder, f.name, f.author
               FROM folders f JOIN tools t ON t.key = f.tool LEFT JOIN folders p ON p.key = f.parent
               WHERE f.id = ?";
    let Some(row) = sql::query(sql).bind(id.as_str()).fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some(FolderRow {
        id: id.clone(),
        tool: tool(&row, "tool")?,
        parent: parent(&row)?,
        name: row::get(&row, "name")?,
        author: row::id(&row, "author")?,
    }))
}

/// An item, read over any connection.
pub(in crate::store) async fn item(connection: &mut Connection, id: &ItemId) -> Result<Option<ItemRow>, StoreError> {
    let sql = "SELECT t.id AS tool, f.id AS folder, i.name, i.kind, i.author, i.size,
                      c.user_id, c.email, c.first_name, c.last_name
               FROM items i JOIN tools t ON t.key = i.tool LEFT JOIN folders f ON f.key = i.folder
                   LEFT JOIN contacts c ON c.item = i.key
               WHERE i.id = ?";
    let Some(row) = sql::query(sql).bind(id.as_str()).fetch_optional(connection).await? else { return Ok(None) };
    Ok(Some(ItemRow {
        id: id.clone(),
        tool: tool(&row, "tool")?,
        parent: parent(&row)?,
        name: row::get(&row, "name")?,
        kind: row::get(&row, "kind")?,
        author: row::id(&row, "author")?,
        size: row::get(&row, "size")?,
        contact: row::contact(&row)?,
    }))
}

/// The tool whose id stands in a column.
pub(in crate::store) fn tool(row: &Row, column: &'static str) -> Result<ToolId, StoreError> {
    ToolId::parse(row::get(row, column)?).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Where a folder or item lies directly: in the folder of column `folder`, or else in its tool.
fn parent(row: &Row) -> Result<ContentRef, StoreError> {
    match row::optional_id(row, "folder")? {
        Some(folder) => Ok(ContentRef::Folder(folder)),
        None => Ok(ContentRef::Tool(tool(row, "tool")?)),
    }
}
