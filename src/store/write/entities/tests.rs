use super::*;
use crate::domain::Revision;
use crate::domain::facts::{Facts, HostFacts, Neighbours, Wanted};
use crate::store::sql;
use crate::store::testing::{Silent, World, explain};

fn record(text: &str) -> EntityRecord {
    serde_json::from_str(text).unwrap()
}

/// Writes these; what the change touched.
async fn put(world: &World, texts: &[&str], keeper: Keeper) -> (Described, Vec<String>) {
    let records: Vec<_> = texts.iter().map(|text| record(text)).collect();
    let mut transaction = world.store.write("test", None, 0).await.unwrap();
    let base = transaction.base();
    let done = transaction.put_entities(&records, keeper).await.unwrap();
    transaction.commit(&Silent).await.unwrap();
    let rows = world.store.changes_since(Revision(base.0), 1).await.unwrap();
    (done, rows.iter().map(|row| format!("{} {}", row.change.name(), row.uid)).collect())
}

async fn facts(world: &World, uid: &str, keeper: Keeper) -> Option<Facts> {
    let wanted = [Wanted { uid: EntityUid::parse(uid).unwrap(), neighbours: Neighbours::NONE, keeper }];
    let few = world.store.snapshot(&wanted).await.unwrap().entities.remove(0).1;
    // Among many it is read by the other statement.
    let mut crowd = wanted.to_vec();
    crowd.extend((0..5).map(|n| Wanted { uid: EntityUid::new("Crowd", n.to_string()), ..wanted[0].clone() }));
    let many = world.store.snapshot(&crowd).await.unwrap().entities.remove(0).1;
    assert_eq!(few, many, "{uid}");
    few
}

fn host(facts: Option<Facts>) -> HostFacts {
    match facts {
        Some(Facts::Host(host)) => host,
        Some(Facts::User(user)) => user.host,
        Some(Facts::Group(group)) => group.host,
        Some(Facts::Content(content)) => content.host,
        other => panic!("{other:?}"),
    }
}

async fn above(world: &World, uid: &str, keeper: Keeper) -> Vec<String> {
    host(facts(world, uid, keeper).await).ancestors.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn what_is_said_again_is_no_change() {
    let world = World::new().await;
    let both = [
        r#"{"uid":"Shop::Order::\"1\"","attrs":{"b":1,"a":"x"},"parents":["B::\"b\"","A::\"a\""]}"#,
        r#"{"uid":"User::\"director\"","tags":{"t":true}}"#,
    ];
    let (done, touched) = put(&world, &both, Keeper::Conclave).await;
    assert_eq!(done, Described { created: 2, ..Described::default() });
    assert_eq!(touched, [r#"created Shop::Order::"1""#, r#"changed User::"director""#]);
    let same = r#"{"parents":["A::\"a\"","B::\"b\""],"attrs":{"a":"x","b":1},"uid":"Shop::Order::\"1\""}"#;
    assert_eq!(
        put(&world, &[same, both[1]], Keeper::Conclave).await,
        (Described { unchanged: 2, ..Described::default() }, vec![])
    );
    let other = [r#"{"uid":"Shop::Order::\"1\"","attrs":{"a":"x","b":1},"parents":["A::\"a\""]}"#, both[1]];
    let (done, touched) = put(&world, &other, Keeper::Conclave).await;
    assert_eq!((done.changed, done.unchanged, touched), (1, 1, vec![r#"changed Shop::Order::"1""#.to_owned()]));
    let stored = world.store.entity(&EntityUid::new("Shop::Order", "1")).await.unwrap();
    assert_eq!(stored, Some(record(other[0])));
    assert_eq!(above(&world, r#"Shop::Order::"1""#, Keeper::Conclave).await, [r#"A::"a""#]);
}

#[tokio::test]
async fn ancestors_are_found_through_what_conclave_keeps() {
    let world = World::new().await;
    put(
        &world,
        &[
            r#"{"uid":"Contract::\"c\"","parents":["Folder::\"bottom\""]}"#,
            r#"{"uid":"Desk::\"d\"","parents":["User::\"secretary\""]}"#,
            r#"{"uid":"Group::\"sales\"","parents":["Company::\"acme\""]}"#,
            r#"{"uid":"Tool::\"group:sales/documents\"","parents":["Shelf::\"s\""]}"#,
            r#"{"uid":"Company::\"acme\"","parents":["World::\"w\""]}"#,
        ],
        Keeper::Conclave,
    )
    .await;
    let folders = [
        r#"Folder::"bottom""#,
        r#"Folder::"middle""#,
        r#"Folder::"top""#,
        r#"Shelf::"s""#,
        r#"Tool::"group:sales/documents""#,
    ];
    assert_eq!(above(&world, r#"Contract::"c""#, Keeper::Conclave).await, folders);
    // Of what Conclave keeps, only what follows from the host's words.
    for content in [r#"Item::"offer""#, r#"Item::"orphan""#, r#"Folder::"bottom""#, r#"Tool::"group:sales/documents""#]
    {
        assert_eq!(above(&world, content, Keeper::Conclave).await, [r#"Shelf::"s""#], "{content}");
    }
    let company = [r#"Company::"acme""#, r#"World::"w""#];
    for user in ["secretary", "director", "salesman-1"] {
        assert_eq!(above(&world, &format!("User::\"{user}\""), Keeper::Conclave).await, company, "{user}");
    }
    assert_eq!(above(&world, r#"User::"stranger""#, Keeper::Conclave).await, Vec::<String>::new());
    let desk = [
        company[0],
        r#"Group::"company""#,
        r#"Group::"sales""#,
        r#"Role::"sales/co-administrators""#,
        r#"User::"secretary""#,
        company[1],
    ];
    assert_eq!(above(&world, r#"Desk::"d""#, Keeper::Conclave).await, desk);
    put(&world, &[r#"{"uid":"Folder::\"middle\"","parents":["Box::\"b\""]}"#], Keeper::Conclave).await;
    assert_eq!(above(&world, r#"Item::"offer""#, Keeper::Conclave).await, [r#"Box::"b""#, r#"Shelf::"s""#]);
    assert_eq!(above(&world, r#"Item::"orphan""#, Keeper::Conclave).await, [r#"Shelf::"s""#]);
    // Where Conclave keeps nothing, what it keeps leads nowhere.
    assert_eq!(above(&world, r#"Contract::"c""#, Keeper::Host).await, [r#"Folder::"bottom""#]);
    assert_eq!(above(&world, r#"Desk::"d""#, Keeper::Host).await, [r#"User::"secretary""#]);
    assert_eq!(facts(&world, r#"User::"secretary""#, Keeper::Host).await, None);
    assert_eq!(above(&world, r#"Group::"sales""#, Keeper::Host).await, [r#"Company::"acme""#, r#"World::"w""#]);
}

#[tokio::test]
async fn who_says_nothing_leaves_no_trace() {
    let world = World::new().await;
    for uid in [r#"User::"secretary""#, r#"Group::"sales""#, r#"Item::"offer""#, r#"Folder::"top""#] {
        assert_eq!(host(facts(&world, uid, Keeper::Conclave).await), HostFacts::default(), "{uid}");
    }
    for uid in [r#"Order::"1""#, r#"User::"secretary""#] {
        assert_eq!(facts(&world, uid, Keeper::Host).await, None, "{uid}");
    }
}

#[tokio::test]
async fn what_is_said_goes_with_what_it_is_about() {
    let world = World::new().await;
    let said = r#"{"uid":"Item::\"offer\"","tags":{"t":1},"parents":["A::\"a\""]}"#;
    put(&world, &[said], Keeper::Conclave).await;
    world.run("DELETE FROM grants; DELETE FROM items WHERE id = 'offer'").await;
    assert_eq!(world.store.entity(&EntityUid::new("Item", "offer")).await.unwrap(), None);
    let left: i64 = sql::query_scalar("SELECT count(*) FROM entity_parents")
        .fetch_one(&mut world.connection().await)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn who_is_in_too_many_is_no_fact() {
    let world = World::new().await;
    let texts: Vec<_> = (0..=ENTITY_ANCESTORS_MAX)
        .map(|n| format!(r#"{{"uid":"N::\"{n:04}\"","parents":["N::\"{:04}\""]}}"#, n + 1))
        .collect();
    put(&world, &texts.iter().map(String::as_str).collect::<Vec<_>>(), Keeper::Conclave).await;
    let wanted = |n: usize| {
        [Wanted { uid: EntityUid::new("N", format!("{n:04}")), neighbours: Neighbours::NONE, keeper: Keeper::Conclave }]
    };
    assert!(matches!(world.store.snapshot(&wanted(0)).await, Err(StoreError::Corrupt(_))));
    assert_eq!(above(&world, r#"N::"0001""#, Keeper::Conclave).await.len(), ENTITY_ANCESTORS_MAX);
}

#[tokio::test]
async fn every_statement_reads_through_indexes() {
    let world = World::new().await;
    let dialect = world.connection().await.dialect();
    let of = |keeper| places(dialect, keeper);
    let mut statements = vec![KNOWN.to_owned(), ABSENT.to_owned(), of(Keeper::Conclave), of(Keeper::Host)];
    statements.extend(PUT.map(str::to_owned));
    for statement in statements {
        for step in explain(&mut world.connection().await, statement.clone(), 1).await {
            let is_small = ["SCAN rows", "SCAN up", "SCAN json_each", "SCAN parents", "SCAN (", "SCAN CONSTANT"];
            assert!(
                !step.starts_with("SCAN") || is_small.iter().any(|small| step.starts_with(small)),
                "{statement}: {step}"
            );
        }
    }
}
