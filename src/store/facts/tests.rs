use super::*;
mod extremes;

use crate::domain::facts::{
    ContentFacts, ContentKind, Facts, GroupFacts, HostFacts, Keeper, Neighbours, QuotaFacts, UserFacts,
};
use crate::domain::{EntityUid, FolderId, Grantee, GroupId, Revision, Right, SubscriptionId, ToolId, UserId};
use crate::store::testing::{World, explain};

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn groups(ids: &[&str]) -> Vec<GroupId> {
    ids.iter().map(|id| GroupId::new(*id).unwrap()).collect()
}

fn to_user(right: Right, id: &str) -> (Right, Grantee) {
    (right, Grantee::User(user(id)))
}

fn to_group(right: Right, id: &str) -> (Right, Grantee) {
    (right, Grantee::Group(GroupId::new(id).unwrap()))
}

fn wanted(texts: &[&str], neighbours: Neighbours) -> Vec<Wanted> {
    texts
        .iter()
        .map(|text| Wanted { uid: EntityUid::parse(text).unwrap(), neighbours, keeper: Keeper::Conclave })
        .collect()
}

/// One entity of each kind that the world holds.
pub(super) fn everything(neighbours: Neighbours) -> Vec<Wanted> {
    let texts = [
        r#"User::"director""#,
        r#"Group::"sales""#,
        r#"Quota::"group:sales/documents""#,
        r#"Tool::"group:sales/documents""#,
        r#"Folder::"middle""#,
        r#"Item::"meeting""#,
    ];
    wanted(&texts, neighbours)
}

/// That nothing is read from end to end but what is small: what was asked for, and what was found for it.
pub(super) async fn reads_through_indexes(statement: String, parameters: usize, small: &[&str]) {
    let world = World::in_file().await;
    let plan = explain(&mut world.connection().await, statement, parameters).await;
    let mut searches = 0;
    for step in &plan {
        match step.split(' ').collect::<Vec<_>>()[..] {
            ["SCAN", what, ..] => assert!(small.contains(&what) || what.starts_with('('), "{step}\n{plan:#?}"),
            // An index made for one statement reads all that it is of.
            ["SEARCH", what, "USING", "AUTOMATIC", ..] => assert!(small.contains(&what), "{step}\n{plan:#?}"),
            ["SEARCH", ..] => searches += 1,
            _ => {}
        }
    }
    assert!(searches > 0, "{plan:#?}");
}

async fn all(world: &World, wanted: &[Wanted]) -> Vec<(String, Option<Facts>)> {
    let snapshot = world.store.snapshot(wanted).await.unwrap();
    snapshot.entities.into_iter().map(|(uid, facts)| (uid.to_string(), facts)).collect()
}

async fn one(world: &World, text: &str) -> Option<Facts> {
    let mut all = all(world, &wanted(&[text], Neighbours::NONE)).await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0].0, text);
    all.remove(0).1
}

async fn names(world: &World, text: &str) -> Vec<String> {
    let all = all(world, &wanted(&[text], Neighbours::ALL)).await;
    let mut names: Vec<_> = all.into_iter().map(|(name, facts)| facts.map_or(format!("no {name}"), |_| name)).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_user_is_in_the_groups_they_administer_or_joined() {
    let world = World::new().await;
    let facts = |all: &[&str], co: &[&str]| {
        Some(Facts::User(UserFacts { groups: groups(all), co_administers: groups(co), ..UserFacts::default() }))
    };
    assert_eq!(one(&world, r#"User::"director""#).await, facts(&["company", "sales"], &[]));
    assert_eq!(one(&world, r#"User::"secretary""#).await, facts(&["company", "sales"], &["sales"]));
    assert_eq!(one(&world, r#"User::"salesman-1""#).await, facts(&["sales"], &[]));
    assert_eq!(one(&world, r#"User::"stranger""#).await, facts(&[], &[]));
}

#[tokio::test]
async fn a_group_has_its_administrator_and_switches() {
    let world = World::new().await;
    let facts = |published, open, members_published| {
        Some(Facts::Group(GroupFacts {
            administrator: user("director"),
            published,
            open,
            members_published,
            host: HostFacts::default(),
        }))
    };
    assert_eq!(one(&world, r#"Group::"sales""#).await, facts(true, true, false));
    assert_eq!(one(&world, r#"Group::"company""#).await, facts(false, false, false));
    world.run("UPDATE groups SET published = 1, members_published = 1 WHERE id = 'company'").await;
    assert_eq!(one(&world, r#"Group::"company""#).await, facts(true, false, true));
}

#[tokio::test]
async fn a_quota_is_paid_by_the_owner_or_the_administrator() {
    let world = World::new().await;
    let facts = |used, capacity, payer, subscription| {
        let subscription = SubscriptionId::new(subscription).unwrap();
        Some(Facts::Quota(QuotaFacts { used, capacity, payer: user(payer), subscription }))
    };
    let quota = async |id: &str| one(&world, &format!("Quota::\"{id}\"")).await;
    assert_eq!(quota("group:sales/documents").await, facts(70, Some(1000), "director", "plan"));
    assert_eq!(quota("user:director/calendar").await, facts(0, None, "director", "plan"));
    assert_eq!(quota("user:secretary/documents").await, facts(0, None, "secretary", "free"));
}

#[tokio::test]
async fn an_item_has_the_grants_of_all_it_lies_in() {
    let world = World::new().await;
    let tool = ToolId::parse("group:sales/documents").unwrap();
    let folders = |ids: &[&str]| ids.iter().map(|id| FolderId::new(*id).unwrap()).collect::<Vec<_>>();
    let below_tool = [to_user(Right::Add, "secretary")];
    let below_top = [below_tool[0].clone(), to_user(Right::Add, "salesman-1")];
    let below_middle =
        [&below_top[..], &[to_group(Right::Add, "sales"), to_user(Right::Delete, "salesman-1")]].concat();
    let offer = [&below_middle[..], &[to_user(Right::Edit, "secretary")]].concat();
    let facts = |kind, above: &[&str], author: Option<&str>, grants: &[(Right, Grantee)]| {
        let mut grants = grants.to_vec();
        grants.sort();
        let (folders, author) = (folders(above), author.map(user));
        Some(Facts::Content(ContentFacts {
            kind,
            tool: tool.clone(),
            folders,
            author,
            grants,
            host: HostFacts::default(),
        }))
    };
    for (text, expected) in [
        (r#"Item::"offer""#, facts(ContentKind::Item, &["bottom", "middle", "top"], Some("salesman-1"), &offer)),
        (r#"Folder::"bottom""#, facts(ContentKind::Folder, &["middle", "top"], Some("gone"), &below_middle)),
        (r#"Folder::"middle""#, facts(ContentKind::Folder, &["top"], Some("secretary"), &below_middle)),
        (r#"Folder::"top""#, facts(ContentKind::Folder, &[], Some("director"), &below_top)),
        (r#"Tool::"group:sales/documents""#, facts(ContentKind::Tool, &[], None, &below_tool)),
        (
            r#"Item::"orphan""#,
            facts(ContentKind::Item, &[], Some("gone"), &[below_tool[0].clone(), to_user(Right::Edit, "stranger")]),
        ),
    ] {
        assert_eq!(one(&world, text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn private_content_is_its_owners() {
    let world = World::new().await;
    let Some(Facts::Content(meeting)) = one(&world, r#"Item::"meeting""#).await else { panic!("no content") };
    assert_eq!(meeting.tool, ToolId::parse("user:director/calendar").unwrap());
    assert_eq!(meeting.grants, [to_group(Right::View, "company"), to_user(Right::ViewDetails, "secretary")]);
}

#[tokio::test]
async fn neighbours_are_what_the_attributes_name() {
    let world = World::new().await;
    for (text, neighbours) in [
        (r#"User::"director""#, vec![]),
        (r#"Group::"sales""#, vec![r#"User::"director""#]),
        (r#"Quota::"group:sales/documents""#, vec![]),
        (r#"Tool::"group:sales/documents""#, vec![r#"Group::"sales""#, r#"Quota::"group:sales/documents""#]),
        (r#"Tool::"user:director/calendar""#, vec![r#"Quota::"user:director/calendar""#, r#"User::"director""#]),
        (
            r#"Folder::"middle""#,
            vec![
                r#"Group::"sales""#,
                r#"Quota::"group:sales/documents""#,
                r#"Tool::"group:sales/documents""#,
                r#"User::"secretary""#,
            ],
        ),
        (
            r#"Item::"orphan""#,
            vec![
                r#"Group::"sales""#,
                r#"Quota::"group:sales/documents""#,
                r#"Tool::"group:sales/documents""#,
                r#"no User::"gone""#,
            ],
        ),
        (
            r#"Item::"meeting""#,
            vec![r#"Quota::"user:director/calendar""#, r#"Tool::"user:director/calendar""#, r#"User::"director""#],
        ),
    ] {
        let mut expected = [&[text][..], &neighbours].concat();
        expected.sort_unstable();
        assert_eq!(names(&world, text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn neighbours_have_the_same_facts_as_when_asked_for() {
    let world = World::new().await;
    for (name, facts) in all(&world, &wanted(&[r#"Item::"offer""#, r#"Group::"company""#], Neighbours::ALL)).await {
        assert_eq!(facts, one(&world, &name).await, "{name}");
    }
}

#[tokio::test]
async fn only_the_neighbours_asked_for_come() {
    let world = World::new().await;
    let tool = [r#"Tool::"group:sales/documents""#];
    for (neighbours, names) in [
        (Neighbours::GROUP, vec![r#"Group::"sales""#]),
        (Neighbours::TOOL, tool.to_vec()),
        (Neighbours::OWNER, vec![]),
        (Neighbours::AUTHOR, vec![r#"User::"salesman-1""#]),
        (Neighbours::QUOTA, vec![r#"Quota::"group:sales/documents""#]),
        (Neighbours::ADMINISTRATOR, vec![]),
        (Neighbours::GROUP.with(Neighbours::TOOL), vec![r#"Group::"sales""#, tool[0]]),
    ] {
        for more in [vec![], vec![r#"User::"a""#, r#"User::"b""#, r#"User::"c""#, r#"User::"d""#]] {
            let mut asked = wanted(&more, Neighbours::ALL);
            asked.extend(wanted(&[r#"Item::"offer""#], neighbours));
            let found: Vec<_> = all(&world, &asked).await.into_iter().skip(asked.len()).map(|(name, _)| name).collect();
            assert_eq!(found, names, "{neighbours:?}");
        }
    }
}

#[tokio::test]
async fn a_few_have_the_same_facts_as_many() {
    let world = World::new().await;
    let mut connection = world.connection().await;
    for neighbours in [Neighbours::NONE, Neighbours::ALL] {
        for one in everything(neighbours) {
            let pair = [one, Wanted { uid: EntityUid::new("User", "nobody"), neighbours, keeper: Keeper::Conclave }];
            let request = Request::of(&pair);
            let rows = many::fetch(&mut connection, &request.stored, &KnownKeys::default()).await.unwrap();
            let mut many = Rows { request, answer: Answer::Many(rows) }.snapshot().unwrap();
            let mut few = world.store.snapshot(&pair).await.unwrap();
            assert_eq!(few.revision, many.revision);
            few.entities.sort_by(|one, other| one.0.cmp(&other.0));
            many.entities.sort_by(|one, other| one.0.cmp(&other.0));
            assert_eq!(few.entities, many.entities);
        }
    }
}

#[tokio::test]
async fn an_item_is_found_by_its_key_as_by_its_id_and_by_no_other_key() {
    let world = World::new().await;
    let mut connection = world.connection().await;
    let asked = wanted(&[r#"Item::"offer""#, r#"User::"nobody""#], Neighbours::ALL);
    let key: i64 = crate::store::sql::query_scalar("SELECT key FROM items WHERE id = 'offer'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let mut facts = Vec::new();
    for known in [None, Some(key), Some(key + 1_000), Some(i64::MIN)] {
        let mut keys = KnownKeys::default();
        if let Some(key) = known {
            keys.put(&asked[0].uid, key);
        }
        let request = Request::of(&asked);
        let answer = Answer::Many(many::fetch(&mut connection, &request.stored, &keys).await.unwrap());
        facts.push(Rows { request, answer }.snapshot().unwrap().entities);
    }
    assert!(facts[0][0].1.is_some());
    assert_eq!(facts[0], facts[1]);
    assert_eq!((&facts[2][0].1, &facts[3][0].1), (&None, &None));
}

#[tokio::test]
async fn no_entity_comes_twice_and_what_was_asked_for_comes_first() {
    let world = World::new().await;
    let texts = [
        r#"Tool::"group:sales/documents""#,
        r#"Item::"offer""#,
        r#"User::"director""#,
        r#"Group::"sales""#,
        r#"User::"salesman-1""#,
        r#"Quota::"group:sales/documents""#,
        r#"User::"nobody""#,
    ];
    let mut asked = wanted(&texts, Neighbours::ALL);
    asked.extend(wanted(&texts, Neighbours::NONE));
    let all = all(&world, &asked).await;
    let names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, texts);
    assert!(all[..6].iter().all(|(_, facts)| facts.is_some()) && all[6].1.is_none());

    // Neighbours are wanted if any mention wants them.
    let mut asked = wanted(&texts[..2], Neighbours::NONE);
    asked.extend(wanted(&texts[..2], Neighbours::ALL));
    assert_eq!(world.store.snapshot(&asked).await.unwrap().entities.len(), 5);
}

#[tokio::test]
async fn the_revision_comes_with_or_without_anything_else() {
    let world = World::new().await;
    let empty = world.store.snapshot(&[]).await.unwrap();
    assert_eq!((empty.revision, empty.entities.len()), (Revision(1), 0));
    let none = world.store.snapshot(&wanted(&[r#"Role::"sales/co-administrators""#], Neighbours::ALL)).await.unwrap();
    assert_eq!((none.revision, none.entities.len()), (Revision(1), 1));
}

#[tokio::test]
async fn what_is_not_stored_is_absent() {
    let world = World::new().await;
    for text in [
        r#"User::"sales""#,
        r#"Group::"director""#,
        r#"Item::"top""#,
        r#"Folder::"offer""#,
        r#"Tool::"offer""#,
        r#"Tool::"group:sales/mailbox""#,
        r#"Quota::"group:nobody/documents""#,
        r#"Role::"sales/co-administrators""#,
        r#"Order::"offer""#,
        r#"Shop::User::"director""#,
        r#"user::"director""#,
        r#"USER::"director""#,
        r#"User::"Director""#,
        r#"User::"director ""#,
        r#"User::"""#,
        r#"revision::"""#,
        r#"Item::"a\0b""#,
        r#"Order::"a\0b""#,
        r#"Order::"\0""#,
    ] {
        assert_eq!(one(&world, text).await, None, "{text}");
    }
    // Where the host keeps all entities, its own word for all of them.
    let uids = ["\0", "a\0b"].map(|id| [EntityUid::new("Order", id), EntityUid::new("Item", id)]).concat();
    let wanted = uids.into_iter().map(|uid| Wanted { uid, neighbours: Neighbours::ALL, keeper: Keeper::Host });
    let all = all(&world, &wanted.collect::<Vec<_>>()).await;
    assert!(all.len() == 4 && all.iter().all(|(_, facts)| facts.is_none()), "{all:?}");
}
