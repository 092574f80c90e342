use super::*;
use crate::domain::{Grantee, Revision, Right};
use crate::store::sql;
use crate::store::testing::{Silent, World};

fn folder_ref(id: &str) -> ContentRef {
    ContentRef::Folder(FolderId::new(id).unwrap())
}

fn item_ref(id: &str) -> ContentRef {
    ContentRef::Item(ItemId::new(id).unwrap())
}

fn documents() -> ContentRef {
    ContentRef::Tool(ToolId::parse("group:sales/documents").unwrap())
}

async fn begin(world: &World) -> WriteTransaction {
    world.store.write("test", None, 0).await.unwrap()
}

/// Commits, and says what the change touched, sorted.
async fn touched(world: &World, transaction: WriteTransaction) -> Vec<String> {
    let revision = transaction.commit(&Silent).await.unwrap();
    let rows = world.store.changes_since(Revision(revision.0 - 1), 1).await.unwrap();
    let mut touched: Vec<_> = rows.iter().map(|row| format!("{} {}", row.uid, row.change.name())).collect();
    touched.sort();
    touched
}

async fn count(world: &World, sql: &'static str) -> i64 {
    sql::query_scalar(sql).fetch_one(&mut world.connection().await).await.unwrap()
}

#[tokio::test]
async fn an_addition_touches_the_quota_and_never_the_tool() {
    let world = World::new().await;
    let (sized, empty) = (ItemId::new("sized").unwrap(), ItemId::new("empty").unwrap());
    let author = UserId::new("director").unwrap();
    let values = |id, size| ItemValues { id, name: None, kind: None, author: &author, size, contact: None };
    let mut transaction = begin(&world).await;
    let place = transaction.locate(&folder_ref("bottom")).await.unwrap().unwrap();
    transaction.insert_item(&place, values(&sized, 5)).await.unwrap();
    let changes = touched(&world, transaction).await;
    assert_eq!(changes, ["Item::\"sized\" created", "Quota::\"group:sales/documents\" changed"]);
    let mut transaction = begin(&world).await;
    transaction.insert_item(&place, values(&empty, 0)).await.unwrap();
    assert_eq!(touched(&world, transaction).await, ["Item::\"empty\" created"]);
    assert_eq!(count(&world, "SELECT used FROM tools WHERE key = 1").await, 75);
}

#[tokio::test]
async fn a_change_touches_what_is_changed_and_no_change_nothing() {
    let world = World::new().await;
    let mut transaction = begin(&world).await;
    let offer = transaction.locate(&item_ref("offer")).await.unwrap().unwrap();
    transaction.rename(&offer, Some("Offer")).await.unwrap();
    assert_eq!(touched(&world, transaction).await, ["Item::\"offer\" changed"]);
    let mut transaction = begin(&world).await;
    transaction.rename(&offer, Some("Offer")).await.unwrap();
    assert_eq!(transaction.commit(&Silent).await.unwrap(), world.store.revision().await.unwrap());
    let mut transaction = begin(&world).await;
    transaction.resize_item(&offer, 7).await.unwrap();
    let changes = touched(&world, transaction).await;
    assert_eq!(changes, ["Item::\"offer\" changed", "Quota::\"group:sales/documents\" changed"]);
    assert_eq!(count(&world, "SELECT used FROM tools WHERE key = 1").await, 7);
}

#[tokio::test]
async fn d8_a_move_touches_what_is_moved() {
    let world = World::new().await;
    let mut transaction = begin(&world).await;
    let bottom = transaction.locate(&folder_ref("bottom")).await.unwrap().unwrap();
    let tool = transaction.locate(&documents()).await.unwrap().unwrap();
    assert!(!bottom.is_directly_in(&tool));
    transaction.relocate(&bottom, &tool).await.unwrap();
    let bottom = transaction.locate(&folder_ref("bottom")).await.unwrap().unwrap();
    assert!(bottom.is_directly_in(&tool));
    assert!(!tool.is_directly_in(&tool));
    assert_eq!(touched(&world, transaction).await, ["Folder::\"bottom\" changed"]);
}

#[tokio::test]
async fn d8_a_deleted_folder_takes_all_below_it_along() {
    let world = World::new().await;
    let mut transaction = begin(&world).await;
    let middle = transaction.locate(&folder_ref("middle")).await.unwrap().unwrap();
    transaction.remove_folder(&middle).await.unwrap();
    let changes = touched(&world, transaction).await;
    let expected = [
        "Folder::\"bottom\" deleted",
        "Folder::\"middle\" deleted",
        "Item::\"offer\" deleted",
        "Quota::\"group:sales/documents\" changed",
    ];
    assert_eq!(changes, expected);
    assert_eq!(count(&world, "SELECT used FROM tools WHERE key = 1").await, 0);
    assert_eq!(count(&world, "SELECT count(*) FROM items").await, 2);
    assert_eq!(count(&world, "SELECT count(*) FROM folders").await, 1);
    // On the folder above, on the tools and on what lies elsewhere.
    assert_eq!(count(&world, "SELECT count(*) FROM grants").await, 5);
}

#[tokio::test]
async fn a_deleted_item_takes_its_grants_along_and_gives_its_room_back() {
    let world = World::new().await;
    let mut transaction = begin(&world).await;
    let offer = transaction.locate(&item_ref("offer")).await.unwrap().unwrap();
    transaction.remove_item(&offer).await.unwrap();
    let changes = touched(&world, transaction).await;
    assert_eq!(changes, ["Item::\"offer\" deleted", "Quota::\"group:sales/documents\" changed"]);
    assert_eq!(count(&world, "SELECT used FROM tools WHERE key = 1").await, 0);
    assert_eq!(count(&world, "SELECT count(*) FROM grants WHERE resource_type = 'Item'").await, 2);
}

#[tokio::test]
async fn d6_a_grant_touches_what_carries_it_once() {
    let world = World::new().await;
    let to = Grantee::User(UserId::new("secretary").unwrap());
    for content in [documents(), folder_ref("top"), item_ref("offer")] {
        let mut transaction = begin(&world).await;
        let place = transaction.locate(&content).await.unwrap().unwrap();
        assert!(transaction.insert_grant(&place, Right::Delete, &to).await.unwrap());
        assert!(!transaction.insert_grant(&place, Right::Delete, &to).await.unwrap());
        assert_eq!(touched(&world, transaction).await, [format!("{} changed", content.uid())]);
        let mut transaction = begin(&world).await;
        assert!(transaction.remove_grant(&place, Right::Delete, &to).await.unwrap());
        assert!(!transaction.remove_grant(&place, Right::Delete, &to).await.unwrap());
        assert_eq!(touched(&world, transaction).await, [format!("{} changed", content.uid())]);
    }
}

#[tokio::test]
async fn p5_a_tools_room_is_what_its_payers_subscription_gives() {
    let world = World::new().await;
    let mut transaction = begin(&world).await;
    let of_group = transaction.locate(&item_ref("offer")).await.unwrap().unwrap();
    assert_eq!(transaction.room(&of_group).await.unwrap(), Room { used: 70, capacity: Some(1000) });
    let unlimited = ContentRef::Tool(ToolId::parse("user:secretary/documents").unwrap());
    let unlimited = transaction.locate(&unlimited).await.unwrap().unwrap();
    assert_eq!(transaction.room(&unlimited).await.unwrap(), Room { used: 0, capacity: None });
}

#[tokio::test]
async fn folders_know_what_is_above_and_below() {
    let world = World::new().await;
    let mut transaction = begin(&world).await;
    let tool = transaction.locate(&documents()).await.unwrap().unwrap();
    let top = transaction.locate(&folder_ref("top")).await.unwrap().unwrap();
    let bottom = transaction.locate(&folder_ref("bottom")).await.unwrap().unwrap();
    assert_eq!(transaction.depth(&tool).await.unwrap(), 0);
    assert_eq!(transaction.depth(&bottom).await.unwrap(), 3);
    assert_eq!(transaction.height(&top).await.unwrap(), 3);
    assert_eq!(transaction.height(&bottom).await.unwrap(), 1);
    assert!(transaction.is_at_or_below(&bottom, &top).await.unwrap());
    assert!(transaction.is_at_or_below(&top, &top).await.unwrap());
    assert!(!transaction.is_at_or_below(&top, &bottom).await.unwrap());
    assert!(!transaction.is_at_or_below(&tool, &top).await.unwrap());
}

#[tokio::test]
async fn s5_to_share_a_group_is_to_be_in_one_in_any_role() {
    let world = World::new().await;
    let mut transaction = begin(&world).await;
    let user = |id: &str| UserId::new(id).unwrap();
    for (one, other, share) in [
        ("director", "secretary", true),
        ("secretary", "director", true),
        ("secretary", "salesman-1", true),
        ("secretary", "stranger", false),
        ("stranger", "stranger", false),
        ("secretary", "nobody", false),
    ] {
        let found = transaction.share_a_group(&user(one), &user(other)).await.unwrap();
        assert_eq!(found, share, "{one} {other}");
    }
}
