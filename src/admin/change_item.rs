//! Renaming, resizing and moving an item.

use super::field::{nullable, texts};
use super::read_content::ItemView;
use super::{Admin, Caller, Done, Refusal, content};
use crate::domain::text::line;
use crate::domain::{ContentRef, Context, ItemId};
use crate::store::WriteTransaction;
use crate::store::write::content::Located;
use serde::Deserialize;
use serde_json::Number;

/// What to change. What is left out stays; a name that is null is taken away.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ItemPatch {
    /// What people call it.
    #[serde(deserialize_with = "nullable")]
    pub name: Option<Option<String>>,
    /// In the tool's own unit, 0 or more.
    pub size: Option<Number>,
    /// Another tool or folder to lie in, as an entity reference: of the same tool (D8).
    pub parent: Option<String>,
}

/// Changes an item: name and size take `edit` (D4), moving takes `delete` here and `add` there
/// (D8). The output is the item as the actor may see it, `None` if not at all: who may edit need
/// not be allowed to look (M1).
///
/// # Errors
/// [`Refusal`]: no such item or not those rights, growth that does not fit any more (P6), a move
/// out of the tool (D8), a field out of range.
pub async fn change_item(
    admin: &Admin,
    caller: &Caller,
    id: &ItemId,
    patch: ItemPatch,
) -> Result<Done<Option<ItemView>>, Refusal> {
    texts(&[("name", patch.name.as_ref().and_then(Option::as_deref), line)])?;
    let size = content::size(patch.size.as_ref())?;
    let parent = patch.parent.as_deref().map(|text| content::place("parent", text)).transpose()?;
    let mut tx = admin.begin("change_item", caller).await?;
    let item = content::find(&mut tx, &ContentRef::Item(id.clone())).await?;
    if patch.name.is_some() || size.is_some() {
        admin.authorize_content(caller, "edit", &item, Context::empty()).await?;
    } else if parent.is_none() {
        admin.authorize_content(caller, "view", &item, Context::empty()).await?;
    }
    if let Some(parent) = &parent {
        admin.relocate(&mut tx, caller, &item, parent).await?;
    }
    if let Some(name) = &patch.name {
        tx.rename(&item, name.as_deref()).await?;
    }
    if let Some(size) = size {
        resize(&mut tx, &item, size).await?;
    }
    let output = match tx.item(id).await? {
        Some(row) => admin.show_item(caller, row).await?,
        None => None,
    };
    Ok(Done { output, revision: admin.commit(tx).await? })
}

/// A smaller size is always accepted, a larger one while it fits (P6).
async fn resize(tx: &mut WriteTransaction, item: &Located, size: i64) -> Result<(), Refusal> {
    if size > item.size {
        content::check_room(tx, item, size - item.size).await?;
    }
    if size != item.size {
        tx.resize_item(item, size).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::grant::{Grant, grant};
    use super::super::testing::{HOST, World, by, folder, item, to_user, tool, why};
    use super::*;
    use crate::domain::Right;

    fn id(id: &str) -> ItemId {
        ItemId::new(id).unwrap()
    }

    fn name(name: &str) -> ItemPatch {
        ItemPatch { name: Some(Some(name.to_owned())), ..ItemPatch::default() }
    }

    fn size(size: i64) -> ItemPatch {
        ItemPatch { size: Some(size.into()), ..ItemPatch::default() }
    }

    fn parent(parent: &ContentRef) -> ItemPatch {
        ItemPatch { parent: Some(parent.uid().to_string()), ..ItemPatch::default() }
    }

    #[tokio::test]
    async fn d4_the_author_edits_and_whom_the_author_lets() {
        let office = World::demo().await;
        let offer = id("offer-2026");
        let changed = change_item(&office.admin, &by("salesman-1"), &offer, name("Offer")).await.unwrap();
        assert_eq!(changed.output.unwrap().name.as_deref(), Some("Offer"));
        for other in ["director", "secretary", "salesman-2"] {
            let refused = change_item(&office.admin, &by(other), &offer, name("Mine")).await;
            assert_eq!(why(refused), (403, Some("D4")), "{other}");
        }
        assert_eq!(why(change_item(&office.admin, &by("workman-1"), &offer, name("Mine")).await), (404, None));
        // Everyone in production may edit this one.
        assert!(change_item(&office.admin, &by("workman-5"), &id("shift-plan"), name("Shifts")).await.is_ok());
    }

    #[tokio::test]
    async fn d4_a_name_can_be_taken_away() {
        let office = World::demo().await;
        let patch = ItemPatch { name: Some(None), ..ItemPatch::default() };
        let changed = change_item(&office.admin, &HOST, &id("offer-2026"), patch).await.unwrap();
        assert_eq!(changed.output.unwrap().name, None);
    }

    #[tokio::test]
    async fn p6_growth_is_counted_and_bounded_and_shrinking_is_always_fine() {
        let office = World::demo().await;
        let (documents, strategy) = ("group:direction/documents", id("strategy"));
        let (used, room) = (office.used(documents).await, office.room(documents).await);
        assert_eq!(used, 80_000);
        let refused = change_item(&office.admin, &by("director"), &strategy, size(used + room + 1)).await;
        assert_eq!(why(refused), (409, Some("P6")));
        assert_eq!(why(change_item(&office.admin, &HOST, &strategy, size(-1)).await), (422, None));
        change_item(&office.admin, &by("director"), &strategy, size(used + room)).await.unwrap();
        assert_eq!(office.room(documents).await, 0);
        change_item(&office.admin, &by("director"), &strategy, size(3)).await.unwrap();
        assert_eq!(office.used(documents).await, 3);
    }

    #[tokio::test]
    async fn d8_moving_takes_delete_here_and_add_there() {
        let office = World::demo().await;
        let (offer, documents) = (id("offer-2026"), tool("group:sales/documents"));
        // The author may edit, but not delete (D5).
        let refused = change_item(&office.admin, &by("salesman-1"), &offer, parent(&documents)).await;
        assert_eq!(why(refused), (403, Some("D1")));
        let used = office.used("group:sales/documents").await;
        let moved = change_item(&office.admin, &by("director"), &offer, parent(&documents)).await.unwrap();
        assert_eq!(moved.output.unwrap().parent, "Tool::\"group:sales/documents\"");
        assert_eq!(office.used("group:sales/documents").await, used);
        assert!(change_item(&office.admin, &by("director"), &offer, parent(&folder("offers"))).await.is_ok());
    }

    #[tokio::test]
    async fn d8_nothing_leaves_its_tool() {
        let office = World::demo().await;
        for target in [tool("group:production/documents"), tool("group:sales/calendar"), folder("plans")] {
            for caller in [HOST, by("director")] {
                let refused = change_item(&office.admin, &caller, &id("offer-2026"), parent(&target)).await;
                assert_eq!(why(refused), (409, Some("D8")));
            }
        }
        let refused = change_item(&office.admin, &HOST, &id("offer-2026"), parent(&item("strategy"))).await;
        assert_eq!(why(refused), (400, None));
        let refused = change_item(&office.admin, &HOST, &id("offer-2026"), parent(&folder("nowhere"))).await;
        assert_eq!(why(refused), (404, None));
    }

    #[tokio::test]
    async fn what_changes_nothing_is_no_change() {
        let office = World::demo().await;
        let before = office.admin.store.revision().await.unwrap();
        for change in [ItemPatch::default(), parent(&folder("offers")), size(48_000)] {
            let done = change_item(&office.admin, &HOST, &id("offer-2026"), change).await.unwrap();
            assert_eq!(done.revision, before);
        }
        let refused = change_item(&office.admin, &by("workman-1"), &id("offer-2026"), ItemPatch::default()).await;
        assert_eq!(why(refused), (404, None));
    }

    #[tokio::test]
    async fn m1_who_may_edit_but_not_look_is_shown_nothing() {
        let office = World::demo().await;
        let lend =
            Grant { resource: item("board-meeting").uid().to_string(), right: Right::Edit, to: to_user("workman-1") };
        grant(&office.admin, &by("director"), lend).await.unwrap();
        let changed = change_item(&office.admin, &by("workman-1"), &id("board-meeting"), name("Moved")).await.unwrap();
        assert_eq!(changed.output, None);
    }
}
