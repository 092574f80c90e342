//! Renaming a folder, and moving it with all below it.

use super::field::{conflict, nullable, texts};
use super::read_content::FolderView;
use super::{Admin, Caller, Done, Refusal, content};
use crate::domain::text::line;
use crate::domain::{ContentRef, Context, FolderId, Rule};
use crate::store::WriteTransaction;
use crate::store::write::content::Located;
use serde::Deserialize;

/// What to change. What is left out stays; a name that is null is taken away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FolderPatch {
    /// What people call it.
    #[serde(deserialize_with = "nullable")]
    pub name: Option<Option<String>>,
    /// Another tool or folder to lie in, as an entity reference: of the same tool (D8).
    pub parent: Option<String>,
}

/// Changes a folder: renaming takes `manage_access` (D7), moving takes `delete` here and `add`
/// there (D8). The output is the folder as the actor may see it, `None` if not at all.
///
/// # Errors
/// [`Refusal`]: no such folder or not those rights, a move into or below itself or out of the tool
/// (D8), a name out of range, a place too deep for what is below.
pub async fn change_folder(
    admin: &Admin,
    caller: &Caller,
    id: &FolderId,
    patch: FolderPatch,
) -> Result<Done<Option<FolderView>>, Refusal> {
    texts(&[("name", patch.name.as_ref().and_then(Option::as_deref), line)])?;
    let parent = patch.parent.as_deref().map(|text| content::place("parent", text)).transpose()?;
    let mut tx = admin.begin("change_folder", caller).await?;
    let folder = content::find(&mut tx, &ContentRef::Folder(id.clone())).await?;
    if patch.name.is_some() {
        admin.authorize_content(caller, "manage_access", &folder, Context::empty()).await?;
    } else if parent.is_none() {
        admin.authorize_content(caller, "view", &folder, Context::empty()).await?;
    }
    if let Some(parent) = &parent {
        admin.relocate(&mut tx, caller, &folder, parent).await?;
    }
    if let Some(name) = &patch.name {
        tx.rename(&folder, name.as_deref()).await?;
    }
    let output = match tx.folder(id).await? {
        Some(row) => admin.show_folder(caller, row).await?,
        None => None,
    };
    Ok(Done { output, revision: admin.commit(tx).await? })
}

impl Admin {
    /// Moves a folder or an item to another place of its tool (D8). Counters stay: nothing leaves
    /// the tool. To where it lies already, nothing happens.
    pub(super) async fn relocate(
        &self,
        tx: &mut WriteTransaction,
        caller: &Caller,
        content: &Located,
        parent: &ContentRef,
    ) -> Result<(), Refusal> {
        self.authorize_content(caller, "delete", content, Context::empty()).await?;
        let place = content::find(tx, parent).await?;
        self.authorize_content(caller, "add", &place, Context::empty()).await?;
        if place.tool != content.tool {
            return Err(conflict(Rule::D8, "nothing is moved out of its tool"));
        }
        if matches!(content.content, ContentRef::Folder(_)) {
            check_chain(tx, content, &place).await?;
        }
        if !content.is_directly_in(&place) {
            tx.relocate(content, &place).await?;
        }
        Ok(())
    }
}

async fn check_chain(tx: &mut WriteTransaction, folder: &Located, place: &Located) -> Result<(), Refusal> {
    if tx.is_at_or_below(place, folder).await? {
        return Err(conflict(Rule::D8, "a folder is moved neither into itself nor below itself"));
    }
    content::check_depth(tx.depth(place).await? + tx.height(folder).await?)
}

#[cfg(test)]
mod tests {
    use super::super::create_folder::{NewFolder, create_folder};
    use super::super::testing::{HOST, World, by, folder, tool, why};
    use super::*;
    use crate::domain::content::FOLDER_DEPTH_MAX;

    fn id(id: &str) -> FolderId {
        FolderId::new(id).unwrap()
    }

    fn name(name: &str) -> FolderPatch {
        FolderPatch { name: Some(Some(name.to_owned())), parent: None }
    }

    fn parent(parent: &ContentRef) -> FolderPatch {
        FolderPatch { name: None, parent: Some(parent.uid().to_string()) }
    }

    async fn make(office: &World, new: &str, parent: ContentRef, author: &str) {
        let (id, parent) = (Some(new.to_owned()), parent.uid().to_string());
        let new = NewFolder { id, parent, name: None, author: Some(author.to_owned()) };
        create_folder(&office.admin, &HOST, new).await.unwrap();
    }

    #[tokio::test]
    async fn d7_renaming_takes_manage_access_which_an_author_has_not() {
        let office = World::demo().await;
        make(&office, "mine", folder("offers"), "salesman-1").await;
        let refused = change_folder(&office.admin, &by("salesman-1"), &id("mine"), name("Mine")).await;
        assert_eq!(why(refused), (403, Some("D7")));
        let refused = change_folder(&office.admin, &by("workman-1"), &id("mine"), name("Mine")).await;
        assert_eq!(why(refused), (404, None));
        let renamed = change_folder(&office.admin, &by("director"), &id("mine"), name("Theirs")).await.unwrap();
        assert_eq!(renamed.output.unwrap().name.as_deref(), Some("Theirs"));
    }

    #[tokio::test]
    async fn d8_what_is_below_moves_along_and_takes_the_rights_of_its_new_place() {
        let office = World::demo().await;
        make(&office, "closed", tool("group:sales/documents"), "director").await;
        assert!(office.may("salesman-2", "add", &folder("offers")).await);
        make(&office, "inner", folder("offers"), "director").await;
        make(&office, "deep", folder("inner"), "director").await;
        assert!(office.may("salesman-2", "add", &folder("inner")).await);
        assert!(office.may("salesman-2", "add", &folder("deep")).await);
        change_folder(&office.admin, &by("director"), &id("inner"), parent(&folder("closed"))).await.unwrap();
        assert!(!office.may("salesman-2", "add", &folder("inner")).await);
        assert!(!office.may("salesman-2", "add", &folder("deep")).await);
        let refused = change_folder(&office.admin, &by("salesman-2"), &id("inner"), parent(&folder("offers"))).await;
        assert_eq!(why(refused), (403, Some("D1")));
    }

    #[tokio::test]
    async fn d8_a_folder_never_lies_in_itself() {
        let office = World::demo().await;
        make(&office, "b", folder("offers"), "director").await;
        make(&office, "c", folder("b"), "director").await;
        for (moved, target) in [("offers", "offers"), ("offers", "b"), ("offers", "c"), ("b", "c")] {
            for caller in [HOST, by("director")] {
                let refused = change_folder(&office.admin, &caller, &id(moved), parent(&folder(target))).await;
                assert_eq!(why(refused), (409, Some("D8")), "{moved} {target}");
            }
        }
        assert!(change_folder(&office.admin, &HOST, &id("c"), parent(&folder("offers"))).await.is_ok());
    }

    #[tokio::test]
    async fn d8_a_folder_never_leaves_its_tool() {
        let office = World::demo().await;
        for target in [folder("plans"), tool("group:sales/calendar"), tool("user:director/documents")] {
            let refused = change_folder(&office.admin, &by("director"), &id("offers"), parent(&target)).await;
            assert_eq!(why(refused), (409, Some("D8")));
        }
    }

    #[tokio::test]
    async fn d8_what_is_below_counts_towards_the_depth() {
        let office = World::demo().await;
        let mut place = tool("group:sales/documents");
        for level in 1..FOLDER_DEPTH_MAX {
            let new = format!("level-{level}");
            make(&office, &new, place, "director").await;
            place = folder(&new);
        }
        make(&office, "inner", folder("offers"), "director").await;
        let refused = change_folder(&office.admin, &HOST, &id("offers"), parent(&place)).await;
        assert_eq!(why(refused), (422, None));
        assert!(change_folder(&office.admin, &HOST, &id("inner"), parent(&place)).await.is_ok());
    }
}
