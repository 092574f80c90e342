//! Looking at one folder or item.

use super::authority::not_found;
use super::{Admin, Caller, Refusal};
use crate::domain::{Contact, ContentRef, FolderId, ItemId, UserId};
use crate::store::list::content::{FolderRow, ItemRow};
use serde::Serialize;

/// A folder as the caller may see it. What is `null` is not there, or not theirs to see (M1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FolderView {
    /// Its id.
    pub id: FolderId,
    /// The tool or folder it lies in directly, as an entity reference.
    pub parent: String,
    /// The tool it lies in, as an entity reference.
    pub tool: String,
    /// What people call it.
    pub name: Option<String>,
    /// Who made it.
    pub author: Option<UserId>,
}

/// An item as the caller may see it. What is `null` is not there, or not theirs to see (M1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ItemView {
    /// Its id.
    pub id: ItemId,
    /// The tool or folder it lies in directly, as an entity reference.
    pub parent: String,
    /// The tool it lies in, as an entity reference.
    pub tool: String,
    /// What people call it.
    pub name: Option<String>,
    /// What the host says it is: a document, an event.
    pub kind: Option<String>,
    /// Who added it.
    pub author: Option<UserId>,
    /// In the tool's own unit (bytes of a document, say).
    pub size: Option<i64>,
    /// Whom it stands for, in a contacts tool (A9); shown if it stands for somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

impl From<FolderRow> for FolderView {
    fn from(row: FolderRow) -> Self {
        Self {
            parent: row.parent.uid().to_string(),
            tool: ContentRef::Tool(row.tool).uid().to_string(),
            id: row.id,
            name: row.name,
            author: Some(row.author),
        }
    }
}

impl From<ItemRow> for ItemView {
    fn from(row: ItemRow) -> Self {
        Self {
            parent: row.parent.uid().to_string(),
            tool: ContentRef::Tool(row.tool).uid().to_string(),
            id: row.id,
            name: row.name,
            kind: row.kind,
            author: Some(row.author),
            size: Some(row.size),
            contact: row.contact,
        }
    }
}

/// Reads one folder; the actor needs `view`.
///
/// # Errors
/// [`Refusal::NotFound`] if there is no such folder or the actor may not view it.
pub async fn read_folder(admin: &Admin, caller: &Caller, id: &FolderId) -> Result<FolderView, Refusal> {
    let uid = ContentRef::Folder(id.clone()).uid();
    let row = admin.store.folder(id).await?.ok_or_else(|| not_found(&uid))?;
    admin.show_folder(caller, row).await?.ok_or_else(|| not_found(&uid))
}

/// Reads one item; the actor needs `view`.
///
/// # Errors
/// [`Refusal::NotFound`] if there is no such item or the actor may not view it.
pub async fn read_item(admin: &Admin, caller: &Caller, id: &ItemId) -> Result<ItemView, Refusal> {
    let uid = ContentRef::Item(id.clone()).uid();
    let row = admin.store.item(id).await?.ok_or_else(|| not_found(&uid))?;
    admin.show_item(caller, row).await?.ok_or_else(|| not_found(&uid))
}

impl Admin {
    /// What the caller may see of a folder; `None` is nothing at all.
    pub(super) async fn show_folder(&self, caller: &Caller, row: FolderRow) -> Result<Option<FolderView>, Refusal> {
        let uid = ContentRef::Folder(row.id.clone()).uid();
        if !self.sees(caller, &uid).await? {
            return Ok(None);
        }
        let details = self.sees_details(caller, &uid, &row.tool.kind).await?;
        let view = FolderView::from(row);
        Ok(Some(if details { view } else { FolderView { name: None, author: None, ..view } }))
    }

    /// What the caller may see of an item; `None` is nothing at all.
    pub(super) async fn show_item(&self, caller: &Caller, row: ItemRow) -> Result<Option<ItemView>, Refusal> {
        let uid = ContentRef::Item(row.id.clone()).uid();
        if !self.sees(caller, &uid).await? {
            return Ok(None);
        }
        let details = self.sees_details(caller, &uid, &row.tool.kind).await?;
        let view = ItemView::from(row);
        Ok(Some(if details { view } else { ItemView { name: None, kind: None, author: None, size: None, ..view } }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::grant::{Grant, grant};
    use super::super::testing::{HOST, World, by, item, to_user, tool, user, why};
    use super::*;
    use crate::domain::Right;

    #[tokio::test]
    async fn s2_everyone_in_the_group_reads_and_nobody_else() {
        let office = World::demo().await;
        let offer = ItemId::new("offer-2026").unwrap();
        for caller in [HOST, by("salesman-3"), by("secretary"), by("director")] {
            let view = read_item(&office.admin, &caller, &offer).await.unwrap();
            assert_eq!((view.parent.as_str(), view.size), ("Folder::\"offers\"", Some(48_000)));
            assert_eq!(view.author, Some(user("salesman-1")));
        }
        for outside in ["workman-1", "nobody"] {
            assert_eq!(why(read_item(&office.admin, &by(outside), &offer).await), (404, None));
            let folder = FolderId::new("offers").unwrap();
            assert_eq!(why(read_folder(&office.admin, &by(outside), &folder).await), (404, None));
        }
    }

    #[tokio::test]
    async fn m1_view_alone_shows_no_details_of_a_private_calendar() {
        let office = World::demo().await;
        let meeting = ItemId::new("board-meeting").unwrap();
        let name = async |actor| read_item(&office.admin, &by(actor), &meeting).await.map(|view| view.name.is_some());
        assert!(name("director").await.unwrap());
        assert!(name("secretary").await.unwrap());
        assert_eq!(why(name("workman-1").await), (404, None));
        let look = Grant {
            resource: tool("user:director/calendar").uid().to_string(),
            right: Right::View,
            to: to_user("workman-1"),
        };
        grant(&office.admin, &by("director"), look).await.unwrap();
        assert!(!name("workman-1").await.unwrap());
        let look = Grant {
            resource: item("board-meeting").uid().to_string(),
            right: Right::ViewDetails,
            to: to_user("workman-1"),
        };
        grant(&office.admin, &by("director"), look).await.unwrap();
        assert!(name("workman-1").await.unwrap());
    }
}
