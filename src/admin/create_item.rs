//! Adding an item to a tool or to a folder.

use super::contact::NewContact;
use super::field::texts;
use super::read_content::ItemView;
use super::schema::{Amount, Line, Reference};
use super::{Admin, Caller, Done, Refusal, contact, content};
use crate::domain::json::object;
use crate::domain::text::line;
use crate::domain::{ContentRef, ItemId, UserId};
use crate::store::list::content::ItemRow;
use crate::store::write::content::ItemValues;
use serde::Deserialize;
use serde_json::Number;
use utoipa::ToSchema;

/// What a new item is to be.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    /// The host's id for it; a `UUIDv7` is made if there is none.
    #[serde(default)]
    #[schema(value_type = Option<ItemId>)]
    pub id: Option<String>,
    /// The tool or folder to put it into, as an entity reference.
    #[schema(value_type = Reference)]
    pub parent: String,
    /// What people call it.
    #[serde(default)]
    #[schema(value_type = Option<Line>)]
    pub name: Option<String>,
    /// What the host says it is: a document, an event.
    #[serde(default)]
    #[schema(value_type = Option<Line>)]
    pub kind: Option<String>,
    /// In the tool's own unit, 0 or more. Left out it counts as 0 and no capacity is consulted.
    #[serde(default)]
    #[schema(value_type = Option<Amount>)]
    pub size: Option<Number>,
    /// Whose item it is, in the host's own calls; otherwise it is the actor's.
    #[serde(default)]
    #[schema(value_type = Option<UserId>)]
    pub author: Option<String>,
    /// Whom it stands for, in a contacts tool alone (A9).
    #[serde(default, deserialize_with = "object")]
    #[schema(value_type = Option<NewContact>)]
    pub contact: Option<NewContact>,
}

/// Adds an item; the actor needs `add` on the parent (D1, D2, S4, M3).
///
/// # Errors
/// [`Refusal`]: no such parent or no right there, an explicit author in an actor's call, an id
/// that is taken, a size that does not fit any more (P6), a contact outside a contacts tool or
/// whom nobody knows, a field out of range.
pub async fn create_item(admin: &Admin, caller: &Caller, input: NewItem) -> Result<Done<ItemView>, Refusal> {
    let (name, kind) = (input.name.as_deref(), input.kind.as_deref());
    texts(&[("name", name, line), ("kind", kind, line)])?;
    let size = content::size(input.size.as_ref())?;
    let contact = input.contact.as_ref().map(NewContact::read).transpose()?;
    let parent = content::place("parent", &input.parent)?;
    let id: ItemId = admin.content_id(input.id.as_deref())?;
    if input.author.is_some() {
        admin.host_only(caller, "items with an explicit author")?;
    }
    let mut tx = admin.begin("create_item", caller).await?;
    let place = content::find(&mut tx, &parent).await?;
    admin.authorize_addition(&mut tx, caller, &place, size).await?;
    if let Some(contact) = &contact {
        contact::check(&mut tx, &place.tool.kind, contact).await?;
    }
    let author = content::author(&mut tx, caller, input.author.as_deref()).await?;
    content::check_unused(&mut tx, &ContentRef::Item(id.clone())).await?;
    let size = size.unwrap_or_default();
    tx.insert_item(&place, ItemValues { id: &id, name, kind, author: &author, size, contact: contact.as_ref() })
        .await?;
    let (name, kind, tool) = (input.name, input.kind, place.tool);
    let output = ItemRow { id, tool, parent, name, kind, author, size, contact }.into();
    Ok(Done { output, revision: admin.commit(tx).await? })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{HOST, World, by, folder, item, tool, user, why};
    use super::*;

    fn new(id: &str, parent: &ContentRef, size: Option<i64>) -> NewItem {
        let (id, parent) = (Some(id.to_owned()), parent.uid().to_string());
        NewItem { id, parent, name: None, kind: None, size: size.map(Number::from), author: None, contact: None }
    }

    #[tokio::test]
    async fn d1_d2_adding_takes_the_right_to_add() {
        let office = World::demo().await;
        let documents = tool("group:sales/documents");
        assert!(create_item(&office.admin, &by("director"), new("a", &documents, None)).await.is_ok());
        assert!(create_item(&office.admin, &by("salesman-1"), new("b", &folder("offers"), None)).await.is_ok());
        let refused = create_item(&office.admin, &by("salesman-1"), new("c", &documents, None)).await;
        assert_eq!(why(refused), (403, Some("D1")));
        assert_eq!(why(create_item(&office.admin, &by("workman-1"), new("c", &documents, None)).await), (404, None));
    }

    #[tokio::test]
    async fn m3_anyone_who_shares_a_group_adds_to_a_drop_folder_and_sees_nothing_there() {
        let office = World::demo().await;
        let drop = tool("user:director/drop");
        let made = create_item(&office.admin, &by("workman-1"), new("a", &drop, Some(5))).await.unwrap();
        assert_eq!(made.output.author, Some(user("workman-1")));
        assert!(!office.may("workman-1", "view", &item("a")).await);
        assert!(office.may("director", "delete", &item("a")).await);
    }

    #[tokio::test]
    async fn p5_the_tool_counts_what_it_holds() {
        let office = World::demo().await;
        let before = office.used("group:sales/documents").await;
        create_item(&office.admin, &by("salesman-1"), new("a", &folder("offers"), Some(7))).await.unwrap();
        create_item(&office.admin, &by("salesman-1"), new("b", &folder("offers"), None)).await.unwrap();
        assert_eq!(office.used("group:sales/documents").await, before + 7);
    }

    #[tokio::test]
    async fn p6_nothing_is_added_past_the_capacity_by_anybody() {
        let office = World::demo().await;
        let documents = tool("group:direction/documents");
        let full = office.room("group:direction/documents").await;
        let by_host = |id, size| NewItem { author: Some("director".to_owned()), ..new(id, &documents, Some(size)) };
        for caller in [by("director"), by("secretary")] {
            let past = new("a", &documents, Some(full + 1));
            let refused = create_item(&office.admin, &caller, past).await;
            assert_eq!(why(refused), if caller == by("director") { (409, Some("P6")) } else { (403, Some("D1")) });
        }
        assert_eq!(why(create_item(&office.admin, &HOST, by_host("a", full + 1)).await), (409, Some("P6")));
        assert_eq!(why(create_item(&office.admin, &HOST, by_host("a", i64::MAX)).await), (422, None));
        assert!(create_item(&office.admin, &HOST, by_host("a", full)).await.is_ok());
        assert_eq!(why(create_item(&office.admin, &HOST, by_host("b", 1)).await), (409, Some("P6")));
        assert!(create_item(&office.admin, &by("director"), new("c", &documents, Some(0))).await.is_ok());
        assert!(create_item(&office.admin, &by("director"), new("d", &documents, None)).await.is_ok());
    }

    #[tokio::test]
    async fn p6_a_size_is_0_or_more() {
        let office = World::demo().await;
        let refused = create_item(&office.admin, &by("director"), new("a", &folder("offers"), Some(-1))).await;
        assert_eq!(why(refused), (422, None));
    }

    #[tokio::test]
    async fn s1_an_id_is_used_once() {
        let office = World::demo().await;
        let before = office.used("group:sales/documents").await;
        let taken = create_item(&office.admin, &by("director"), new("shift-plan", &folder("offers"), Some(3))).await;
        assert_eq!(why(taken), (409, None));
        assert_eq!(office.used("group:sales/documents").await, before);
    }

    #[tokio::test]
    async fn d4_the_host_names_the_author_and_nobody_else_does() {
        let office = World::demo().await;
        let named = NewItem { author: Some("director".to_owned()), ..new("a", &folder("offers"), None) };
        assert_eq!(why(create_item(&office.admin, &HOST, new("a", &folder("offers"), None)).await), (400, None));
        assert_eq!(why(create_item(&office.admin, &by("director"), named).await), (403, None));
    }

    #[tokio::test]
    async fn texts_are_bounded() {
        let office = World::demo().await;
        let long = Some("x".repeat(256));
        let name = NewItem { name: long.clone(), ..new("a", &folder("offers"), None) };
        let kind = NewItem { kind: long, ..new("a", &folder("offers"), None) };
        assert_eq!(why(create_item(&office.admin, &by("director"), name).await), (422, None));
        assert_eq!(why(create_item(&office.admin, &by("director"), kind).await), (422, None));
    }
}
