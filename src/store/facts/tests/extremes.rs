//! Odd ids, long chains, many entities.

use super::*;
use crate::store::sql;

#[tokio::test]
async fn ids_are_any_unicode_and_nothing_is_taken_for_another() {
    const WEIRD: [&str; 14] = [
        "\"",
        "'",
        "\\",
        "\\\"",
        "';--",
        "💡🏽",
        "ü",
        "u\u{308}",
        "[]",
        "{}",
        "null",
        "1",
        "\u{feff}x",
        "\u{202e}\u{2028}",
    ];
    let world = World::new().await;
    let mut transaction = world.store.write("test", None, 0).await.unwrap();
    for id in WEIRD {
        sql::query("INSERT INTO users (id, username, subscription) VALUES (?1, ?1, 'free')")
            .bind(id)
            .execute(transaction.connection())
            .await
            .unwrap();
        sql::query("INSERT INTO groups (id, name, name_folded, administrator, created_ms) VALUES (?1, ?1, ?1, ?1, 0)")
            .bind(id)
            .execute(transaction.connection())
            .await
            .unwrap();
        sql::query("INSERT INTO folders (id, tool, author) VALUES (?1, 1, ?1)")
            .bind(id)
            .execute(transaction.connection())
            .await
            .unwrap();
        sql::query("INSERT INTO grants SELECT 'Folder', key, 'add', 'User', ?1, 1, 0 FROM folders WHERE id = ?1")
            .bind(id)
            .execute(transaction.connection())
            .await
            .unwrap();
    }
    transaction.touch(EntityUid::new("Test", WEIRD[0]), crate::store::Change::Created);
    transaction.commit(&crate::store::testing::Silent).await.unwrap();
    for id in WEIRD {
        let asked = [("User", id), ("Folder", id)].map(|(type_name, id)| Wanted {
            uid: EntityUid::new(type_name, id),
            neighbours: Neighbours::NONE,
            keeper: Keeper::Conclave,
        });
        let snapshot = world.store.snapshot(&asked).await.unwrap();
        assert_eq!(snapshot.entities[0].0, asked[0].uid);
        let Some(Facts::User(found)) = &snapshot.entities[0].1 else { panic!("no user {id:?}") };
        assert_eq!(found.groups, groups(&[id]));
        let Some(Facts::Content(found)) = &snapshot.entities[1].1 else { panic!("no folder {id:?}") };
        assert_eq!(found.author, Some(user(id)));
        assert!(found.grants.contains(&to_user(Right::Add, id)));
    }
    // A NUL ends a text for much of SQLite: `director`, NUL, anything must not be the director.
    for id in ["director\0", "director\0x", "\0director", "director\n"] {
        let asked = [Wanted { uid: EntityUid::new("User", id), neighbours: Neighbours::ALL, keeper: Keeper::Conclave }];
        assert_eq!(world.store.snapshot(&asked).await.unwrap().entities, [(asked[0].uid.clone(), None)], "{id:?}");
    }
}

#[tokio::test]
async fn a_chain_that_bites_its_tail_is_an_error_and_ends() {
    let world = World::new().await;
    world.run("UPDATE folders SET parent = 3 WHERE id = 'top'").await;
    let error = world.store.snapshot(&wanted(&[r#"Item::"offer""#], Neighbours::NONE)).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    world.store.snapshot(&wanted(&[r#"Item::"meeting""#], Neighbours::NONE)).await.unwrap();
}

#[tokio::test]
async fn a_thousand_folders_deep_is_no_trouble() {
    let world = World::new().await;
    world
        .run(
            "WITH RECURSIVE n (n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM n WHERE n < 1099)
             INSERT INTO folders (key, id, tool, parent, author)
             SELECT n, 'f' || n, 1, CASE n WHEN 100 THEN NULL ELSE n - 1 END, 'director' FROM n;
             INSERT INTO items (key, id, tool, folder, author) VALUES (9, 'deep', 1, 1099, 'director')",
        )
        .await;
    let Some(Facts::Content(deep)) = one(&world, r#"Item::"deep""#).await else { panic!("no content") };
    let expected: Vec<_> = (100..1100).rev().map(|n| FolderId::new(format!("f{n}")).unwrap()).collect();
    assert_eq!(deep.folders, expected);
}

#[tokio::test]
async fn a_thousand_entities_come_in_one_statement() {
    let world = World::new().await;
    world
        .run(
            "WITH RECURSIVE n (n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM n WHERE n < 1099)
             INSERT INTO items (key, id, tool, folder, author) SELECT n, 'i' || n, 1, 3, 'salesman-1' FROM n",
        )
        .await;
    let asked: Vec<_> = (0..1200)
        .map(|n| Wanted {
            uid: EntityUid::new("Item", format!("i{n}")),
            neighbours: Neighbours::ALL,
            keeper: Keeper::Conclave,
        })
        .collect();
    let snapshot = world.store.snapshot(&asked).await.unwrap();
    assert_eq!(snapshot.entities.iter().filter(|(_, facts)| facts.is_some()).count(), 1000 + 4);
    assert_eq!(snapshot.entities.iter().filter(|(_, facts)| facts.is_none()).count(), 200);
}
