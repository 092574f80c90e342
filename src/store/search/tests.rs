//! Every statement of a search goes through indexes, and places are what they are said to be.

use super::content::Table;
use super::*;
use crate::domain::Right;
use crate::domain::filter::{Place, To};
use crate::store::testing::World;

fn ids(names: &[&str]) -> Ids {
    names.iter().map(|name| SmolStr::new(*name)).collect()
}

/// All candidates, a few at a time.
async fn found(world: &World, type_name: &str, filter: Filter, rows_max: u32) -> Vec<String> {
    let mut read = world.store.read().await.unwrap();
    let plan = read.plan(type_name, &filter, 100).await.unwrap().unwrap();
    let (mut at, mut found) = (Some(Cursor::Start), Vec::new());
    while let Some(from) = at {
        let part = read.candidates(&plan, &from, rows_max).await.unwrap();
        found.extend(part.rows.into_iter().filter_map(|(uid, _)| uid).map(|uid| uid.id.to_string()));
        at = part.next;
    }
    found
}

async fn at(world: &World, type_name: &str, place: Place) -> Vec<String> {
    let some = found(world, type_name, Filter::at(place.clone()), 1).await;
    assert_eq!(some, found(world, type_name, Filter::at(place), 100).await);
    some
}

#[tokio::test]
async fn content_is_found_where_it_lies() {
    let world = World::new().await;
    let sales = Place::InGroups(ids(&["sales"]));
    assert_eq!(at(&world, "Tool", sales.clone()).await, ["group:sales/documents"]);
    assert_eq!(at(&world, "Folder", sales.clone()).await, ["top", "middle", "bottom"]);
    assert_eq!(at(&world, "Item", sales).await, ["orphan", "offer"]);
    assert_eq!(at(&world, "Item", Place::InGroupsOf(ids(&["director"]))).await, ["orphan", "offer"]);
    assert_eq!(at(&world, "Item", Place::OwnedBy(ids(&["director"]))).await, ["meeting"]);
    assert_eq!(at(&world, "Item", Place::AuthoredBy(ids(&["gone", "salesman-1"]))).await, ["orphan", "offer"]);
    assert_eq!(at(&world, "Item", Place::Among(ids(&["offer", "none", "a\0b"]))).await, ["offer"]);
    let colleagues = Place::OwnedInGroups(ids(&["sales"]));
    assert_eq!(at(&world, "Tool", colleagues).await, ["user:director/calendar", "user:secretary/documents"]);
    let below = Place::Below([EntityUid::new("Folder", "middle")].into());
    assert_eq!(at(&world, "Folder", below.clone()).await, ["middle", "bottom"]);
    assert_eq!(at(&world, "Item", below).await, ["offer"]);
}

#[tokio::test]
async fn a_grant_leads_to_what_it_holds_for() {
    let world = World::new().await;
    let granted =
        |right, users: &[&str], groups: &[&str]| Place::Granted(right, To { users: ids(users), groups: ids(groups) });
    assert_eq!(at(&world, "Item", granted(Right::Edit, &["secretary"], &[])).await, ["offer"]);
    assert_eq!(at(&world, "Folder", granted(Right::Delete, &["salesman-1"], &[])).await, ["middle", "bottom"]);
    assert_eq!(at(&world, "Item", granted(Right::Delete, &["salesman-1"], &[])).await, ["offer"]);
    // `bottom` lies in `middle`, and is not gone through twice.
    assert_eq!(at(&world, "Folder", granted(Right::Add, &[], &["sales"])).await, ["middle", "bottom"]);
    assert_eq!(at(&world, "Folder", granted(Right::Add, &["secretary"], &[])).await, ["top", "middle", "bottom"]);
    assert_eq!(at(&world, "Tool", granted(Right::Edit, &["secretary"], &[])).await, [""; 0]);
}

#[tokio::test]
async fn nothing_is_found_in_two_places() {
    let world = World::new().await;
    let filter = [
        Place::AuthoredBy(ids(&["salesman-1", "gone", "director"])),
        Place::Below([EntityUid::new("Folder", "top"), EntityUid::new("Folder", "bottom")].into()),
        Place::Among(ids(&["offer", "orphan"])),
    ];
    let filter = filter.into_iter().map(Filter::at).fold(Filter::nothing(), Filter::or);
    for rows_max in [1, 2, 100] {
        assert_eq!(found(&world, "Item", filter.clone(), rows_max).await, ["offer", "orphan", "meeting"]);
    }
}

#[tokio::test]
async fn people_and_groups_come_by_id() {
    let world = World::new().await;
    assert_eq!(at(&world, "User", Place::Members(ids(&["sales"]))).await, ["director", "salesman-1", "secretary"]);
    assert_eq!(at(&world, "User", Place::Helpers(ids(&["sales", "company"]))).await, ["secretary"]);
    assert_eq!(at(&world, "Group", Place::AdministeredBy(ids(&["director"]))).await, ["company", "sales"]);
    assert_eq!(at(&world, "Group", Place::Published).await, ["sales"]);
    let everybody = found(&world, "User", Filter::everything(), 2).await;
    assert_eq!(everybody, ["director", "salesman-1", "secretary", "stranger"]);
    world.run("INSERT INTO tools (id, kind, owner) VALUES ('user:director/profile', 'profile', 'director')").await;
    world
        .run(
            "INSERT INTO grants (resource_type, resource, access, grantee_type, grantee, tool)
               SELECT 'Tool', key, 'view', 'Group', 'sales', key FROM tools WHERE kind = 'profile'",
        )
        .await;
    let shown = Place::ShownTo(To { users: ids(&[]), groups: ids(&["sales"]) });
    assert_eq!(at(&world, "User", shown).await, ["director"]);
}

#[tokio::test]
async fn where_there_are_too_many_places_everything_is_gone_through() {
    let world = World::new().await;
    let filter = Filter::at(Place::OwnedInGroups(ids(&["sales"])));
    let mut read = world.store.read().await.unwrap();
    assert!(read.plan("Item", &filter, 1).await.unwrap().unwrap().is_scan());
    assert!(!read.plan("Item", &filter, 2).await.unwrap().unwrap().is_scan());
    assert_eq!(read.plan("Robot", &filter, 2).await.unwrap(), None);
    // Of a place that is not known for the type, nothing is left out.
    assert!(read.plan("User", &filter, 2).await.unwrap().unwrap().is_scan());
    let members = Filter::at(Place::Members(ids(&["sales"])));
    assert!(read.plan("Item", &members, 2).await.unwrap().unwrap().is_scan());
}

#[tokio::test]
async fn no_statement_reads_a_table_from_end_to_end() {
    let world = World::new().await;
    let mut statements = content::statements(Table::of("Item"));
    statements.extend(content::statements(Table::of("Folder")));
    statements.extend(places::statements());
    statements.extend(subtree::statements(world.connection().await.dialect()));
    statements.extend(named::statements());
    statements.extend([touched::SINCE, described::ALL].map(str::to_owned));
    for statement in statements {
        let plan = crate::store::testing::explain(&mut world.connection().await, statement.clone(), 6).await;
        for step in &plan {
            let what = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next());
            let small = [
                "json_each",
                "l",
                "g",
                "m",
                "a",
                "w",
                "walk",
                "chain",
                "up",
                "picked",
                "found",
                "first",
                "owners",
                "published",
                "CONSTANT",
            ];
            let is_fine = what.is_none_or(|what| small.contains(&what) || what.starts_with('('));
            assert!(is_fine && !step.contains("AUTOMATIC"), "{step}\n{statement}\n{plan:#?}");
            // People and groups of several places are put together; content is in order as it is.
            let is_sorted = statement.contains("tool") && step.contains("TEMP B-TREE FOR ORDER BY");
            assert!(!is_sorted || statement.contains("owner"), "{step}\n{statement}\n{plan:#?}");
        }
    }
}
