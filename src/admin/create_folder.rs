//! Making a folder in a tool or in another folder.

use super::field::texts;
use super::read_content::FolderView;
use super::{Admin, Caller, Done, Refusal, content};
use crate::domain::text::line;
use crate::domain::{ContentRef, FolderId};
use crate::store::list::content::FolderRow;
use serde::Deserialize;

/// What a new folder is to be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewFolder {
    /// The host's id for it; a `UUIDv7` is made if there is none.
    #[serde(default)]
    pub id: Option<String>,
    /// The tool or folder to put it into, as an entity reference.
    pub parent: String,
    /// What people call it.
    #[serde(default)]
    pub name: Option<String>,
    /// Whose folder it is, in the host's own calls; otherwise it is the actor's.
    #[serde(default)]
    pub author: Option<String>,
}

/// Makes a folder; the actor needs `add` on the parent (D1, D2, S4).
///
/// # Errors
/// [`Refusal`]: no such parent or no right there, an explicit author in an actor's call, an id
/// that is taken, a name out of range, or a place too deep.
pub async fn create_folder(admin: &Admin, caller: &Caller, input: NewFolder) -> Result<Done<FolderView>, Refusal> {
    texts(&[("name", input.name.as_deref(), line)])?;
    let parent = content::place("parent", &input.parent)?;
    let id: FolderId = admin.content_id(input.id.as_deref())?;
    if input.author.is_some() {
        admin.host_only(caller, "folders with an explicit author")?;
    }
    let mut tx = admin.begin("create_folder", caller).await?;
    let place = content::find(&mut tx, &parent).await?;
    admin.authorize_addition(&mut tx, caller, &place, None).await?;
    let author = content::author(&mut tx, caller, input.author.as_deref()).await?;
    content::check_unused(&mut tx, &ContentRef::Folder(id.clone())).await?;
    content::check_depth(tx.depth(&place).await? + 1)?;
    tx.insert_folder(&id, &place, input.name.as_deref(), &author).await?;
    let output = FolderRow { id, tool: place.tool, parent, name: input.name, author }.into();
    Ok(Done { output, revision: admin.commit(tx).await? })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, by, folder, item, tool, user, why};
    use super::*;
    use crate::domain::content::FOLDER_DEPTH_MAX;

    fn new(id: &str, parent: &ContentRef) -> NewFolder {
        NewFolder { id: Some(id.to_owned()), parent: parent.uid().to_string(), name: None, author: None }
    }

    #[tokio::test]
    async fn d1_only_those_who_run_the_group_make_folders() {
        let office = World::demo().await;
        let documents = tool("group:sales/documents");
        assert!(create_folder(&office.admin, &by("director"), new("a", &documents)).await.is_ok());
        let refused = create_folder(&office.admin, &by("salesman-1"), new("b", &documents)).await;
        assert_eq!(why(refused), (403, Some("D1")));
        // To somebody outside, nothing is there.
        assert_eq!(why(create_folder(&office.admin, &by("workman-1"), new("b", &documents)).await), (404, None));
    }

    #[tokio::test]
    async fn d3_d6_a_grant_to_all_members_holds_below_and_for_them_alone() {
        let office = World::demo().await;
        let made = create_folder(&office.admin, &by("salesman-2"), new("b", &folder("offers"))).await.unwrap();
        assert_eq!(made.output.author, Some(user("salesman-2")));
        assert_eq!(made.output.parent, "Folder::\"offers\"");
        assert_eq!(made.output.tool, "Tool::\"group:sales/documents\"");
        assert!(create_folder(&office.admin, &by("salesman-3"), new("c", &folder("b"))).await.is_ok());
    }

    #[tokio::test]
    async fn s4_a_private_space_is_its_owners() {
        let office = World::demo().await;
        let documents = tool("user:workman-1/documents");
        assert!(create_folder(&office.admin, &by("workman-1"), new("a", &documents)).await.is_ok());
        assert_eq!(why(create_folder(&office.admin, &by("director"), new("b", &documents)).await), (404, None));
    }

    #[tokio::test]
    async fn d4_the_host_names_the_author_and_nobody_else_does() {
        let office = World::demo().await;
        let named = |id, author: &str| NewFolder { author: Some(author.to_owned()), ..new(id, &folder("offers")) };
        assert_eq!(why(create_folder(&office.admin, &HOST, new("a", &folder("offers"))).await), (400, None));
        assert_eq!(why(create_folder(&office.admin, &HOST, named("a", "nobody")).await), (404, None));
        assert_eq!(why(create_folder(&office.admin, &by("director"), named("a", "secretary")).await), (403, None));
        let made = create_folder(&office.admin, &HOST, named("a", "secretary")).await.unwrap();
        assert_eq!(made.output.author, Some(user("secretary")));
    }

    #[tokio::test]
    async fn s1_an_id_is_used_once_and_made_if_there_is_none() {
        let office = World::demo().await;
        let taken = create_folder(&office.admin, &by("director"), new("plans", &folder("offers"))).await;
        assert_eq!(why(taken), (409, None));
        let without = || NewFolder { id: None, ..new("x", &folder("offers")) };
        let first = create_folder(&office.admin, &by("director"), without()).await.unwrap().output.id;
        let second = create_folder(&office.admin, &by("director"), without()).await.unwrap().output.id;
        assert_ne!(first, second);
    }

    #[tokio::test]
    async fn d6_folders_lie_in_each_other_up_to_a_bound() {
        let office = World::demo().await;
        let mut parent = tool("group:sales/calendar");
        for level in 0..FOLDER_DEPTH_MAX {
            let id = format!("level-{level}");
            create_folder(&office.admin, &by("director"), new(&id, &parent)).await.unwrap();
            parent = folder(&id);
        }
        assert_eq!(why(create_folder(&office.admin, &by("director"), new("below", &parent)).await), (422, None));
    }

    #[tokio::test]
    async fn a_parent_that_cannot_hold_anything_is_refused() {
        let office = World::demo().await;
        let in_item = new("a", &item("offer-2026"));
        assert_eq!(why(create_folder(&office.admin, &HOST, in_item).await), (400, None));
        for missing in [folder("nowhere"), tool("group:sales/mailbox"), tool("group:nobody/documents")] {
            assert_eq!(why(create_folder(&office.admin, &HOST, new("a", &missing)).await), (404, None));
        }
    }
}
