//! Deleting an item.

use super::{Admin, Caller, Done, Refusal, content};
use crate::domain::{ContentRef, Context, ItemId};

/// Deletes an item with the grants on it; the actor needs `delete` (D1, D2, D5, S4).
///
/// # Errors
/// [`Refusal::NotFound`] if there is no such item or the actor may not view it,
/// [`Refusal::Forbidden`] without the right.
pub async fn delete_item(admin: &Admin, caller: &Caller, id: &ItemId) -> Result<Done<()>, Refusal> {
    let mut tx = admin.begin("delete_item", caller).await?;
    let item = content::find(&mut tx, &ContentRef::Item(id.clone())).await?;
    admin.authorize_content(caller, "delete", &item, Context::empty()).await?;
    tx.remove_item(&item).await?;
    Ok(Done { output: (), revision: admin.commit(tx).await? })
}

#[cfg(test)]
mod tests {
    use super::super::create_item::{NewItem, create_item};
    use super::super::testing::{HOST, World, by, folder, item, why};
    use super::*;

    fn id(id: &str) -> ItemId {
        ItemId::new(id).unwrap()
    }

    #[tokio::test]
    async fn d5_those_who_run_the_group_delete_and_the_author_does_not() {
        let office = World::demo().await;
        let offer = id("offer-2026");
        assert_eq!(why(delete_item(&office.admin, &by("salesman-1"), &offer).await), (403, Some("D1")));
        assert_eq!(why(delete_item(&office.admin, &by("workman-1"), &offer).await), (404, None));
        assert!(delete_item(&office.admin, &by("director"), &offer).await.is_ok());
        assert_eq!(why(delete_item(&office.admin, &by("director"), &offer).await), (404, None));
    }

    #[tokio::test]
    async fn p5_the_room_comes_back() {
        let office = World::demo().await;
        delete_item(&office.admin, &HOST, &id("offer-2026")).await.unwrap();
        assert_eq!(office.used("group:sales/documents").await, 0);
    }

    #[tokio::test]
    async fn d4_what_comes_next_under_the_same_id_inherits_no_grant() {
        let office = World::demo().await;
        delete_item(&office.admin, &HOST, &id("shift-plan")).await.unwrap();
        let new = NewItem {
            id: Some("shift-plan".to_owned()),
            parent: folder("plans").uid().to_string(),
            name: None,
            kind: None,
            size: None,
            author: None,
            contact: None,
        };
        create_item(&office.admin, &by("workman-3"), new).await.unwrap();
        assert!(office.may("workman-3", "edit", &item("shift-plan")).await);
        assert!(!office.may("workman-1", "edit", &item("shift-plan")).await);
    }
}
