//! Deleting a folder with all below it.

use super::{Admin, Caller, Done, Refusal, content};
use crate::domain::{ContentRef, Context, FolderId};

/// Deletes a folder, all below it and every grant there; the actor needs `delete` on the folder
/// alone, which holds for all below it (D6, D8).
///
/// # Errors
/// [`Refusal::NotFound`] if there is no such folder or the actor may not view it,
/// [`Refusal::Forbidden`] without the right.
pub async fn delete_folder(admin: &Admin, caller: &Caller, id: &FolderId) -> Result<Done<()>, Refusal> {
    let mut tx = admin.begin("delete_folder", caller).await?;
    let folder = content::find(&mut tx, &ContentRef::Folder(id.clone())).await?;
    admin.authorize_content(caller, "delete", &folder, Context::empty()).await?;
    tx.remove_folder(&folder).await?;
    Ok(Done { output: (), revision: admin.commit(tx).await? })
}

#[cfg(test)]
mod tests {
    use super::super::create_folder::{NewFolder, create_folder};
    use super::super::create_item::{NewItem, create_item};
    use super::super::testing::{HOST, World, by, folder, item, tool, why};
    use super::*;

    fn id(id: &str) -> FolderId {
        FolderId::new(id).unwrap()
    }

    #[tokio::test]
    async fn d8_all_below_goes_with_the_folder_and_nothing_else() {
        let office = World::demo().await;
        let author = Some("director".to_owned());
        let (inner, parent) = (Some("inner".to_owned()), folder("plans").uid().to_string());
        let inner = NewFolder { id: inner, parent, name: None, author: author.clone() };
        create_folder(&office.admin, &HOST, inner).await.unwrap();
        for (new, parent) in [("deep", folder("inner")), ("beside", tool("group:production/documents"))] {
            let (id, parent) = (Some(new.to_owned()), parent.uid().to_string());
            let new = NewItem {
                id,
                parent,
                name: None,
                kind: None,
                size: Some(9.into()),
                author: author.clone(),
                contact: None,
            };
            create_item(&office.admin, &HOST, new).await.unwrap();
        }
        delete_folder(&office.admin, &by("director"), &id("plans")).await.unwrap();
        for gone in [folder("plans"), folder("inner"), item("shift-plan"), item("safety-notes"), item("deep")] {
            assert_eq!(office.admin.store.tool_of(&gone).await.unwrap(), None, "{gone:?}");
            assert!(!office.may("director", "view", &gone).await, "{gone:?}");
        }
        assert!(office.may("workman-1", "view", &item("beside")).await);
        assert!(office.may("salesman-1", "view", &item("offer-2026")).await);
        assert_eq!(office.used("group:production/documents").await, 9);
        assert_eq!(office.used("group:sales/documents").await, 48_000);
    }

    #[tokio::test]
    async fn d6_what_comes_next_under_the_same_id_inherits_no_grant() {
        let office = World::demo().await;
        delete_folder(&office.admin, &HOST, &id("offers")).await.unwrap();
        let parent = tool("group:sales/documents").uid().to_string();
        let again = NewFolder { id: Some("offers".to_owned()), parent, name: None, author: None };
        create_folder(&office.admin, &by("director"), again).await.unwrap();
        assert!(!office.may("salesman-1", "add", &folder("offers")).await);
    }

    #[tokio::test]
    async fn d8_deleting_takes_the_right_on_the_folder() {
        let office = World::demo().await;
        assert_eq!(why(delete_folder(&office.admin, &by("salesman-1"), &id("offers")).await), (403, Some("D1")));
        assert_eq!(why(delete_folder(&office.admin, &by("workman-1"), &id("offers")).await), (404, None));
        assert!(delete_folder(&office.admin, &by("director"), &id("offers")).await.is_ok());
        assert_eq!(why(delete_folder(&office.admin, &HOST, &id("offers")).await), (404, None));
    }
}
