//! Pages through thousands of results, with writes between them.

use super::{Kind, all, ids, next, page, resources};
use crate::sidecar::TestSidecar;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

/// Three groups. `ann` administers `hers` and is in `shared`; `ben` administers the other two. In the documents of
/// each a few thousand items, in folders three deep, some added by ann.
const FILL: &[&str] = &[
    "INSERT INTO subscriptions (id) VALUES ('s')",
    "INSERT INTO users (id, username, subscription) VALUES ('ann', 'ann', 's'), ('ben', 'ben', 's'), ('cy', 'cy', 's')",
    "INSERT INTO groups (id, name, name_folded, administrator, created_ms) VALUES
        ('hers', 'hers', 'hers', 'ann', 0), ('shared', 'shared', 'shared', 'ben', 0), ('his', 'his', 'his', 'ben', 0)",
    "INSERT INTO members (group_id, user_id, since_ms) VALUES ('shared', 'ann', 0), ('his', 'cy', 0)",
    "INSERT INTO tools (key, id, kind, group_id)
     SELECT 10 * g.rowid + k.rowid, 'group:' || g.id || '/' || k.kind, k.kind, g.id
     FROM groups AS g, (SELECT 1 AS rowid, 'documents' AS kind UNION SELECT 2, 'calendar' UNION SELECT 3, 'contacts' UNION SELECT 4, 'polls') AS k",
    "INSERT INTO tools (key, id, kind, owner)
     SELECT 100 * u.rowid + k.key, 'user:' || u.id || '/' || k.value, k.value, u.id
     FROM users AS u, json_each('[\"documents\",\"calendar\",\"contacts\",\"polls\",\"mailbox\",\"drop\",\"profile\"]') AS k",
    // 40 folders in each group's documents: each lies in the one of half its number.
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
     INSERT INTO folders (key, id, tool, parent, author)
     SELECT 100 * t.key + i, 'f' || (100 * t.key + i), t.key, CASE WHEN i = 1 THEN NULL ELSE 100 * t.key + i / 2 END, 'ben'
     FROM n, tools AS t WHERE t.kind = 'documents' AND t.group_id IS NOT NULL ORDER BY t.key, i",
    "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1499)
     INSERT INTO items (id, tool, folder, author)
     SELECT t.group_id || '-' || i, t.key, CASE WHEN i % 41 = 0 THEN NULL ELSE 100 * t.key + i % 41 END,
         CASE WHEN i % 100 = 7 THEN 'ann' ELSE 'ben' END
     FROM n, tools AS t WHERE t.kind = 'documents' AND t.group_id IS NOT NULL",
];

/// A database with that in it.
pub async fn database() -> Vec<u8> {
    let sidecar = TestSidecar::new().in_file().start().await;
    let path = sidecar.database();
    let empty = sidecar.into_database().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("filled.db");
    drop(path);
    std::fs::write(&file, empty).unwrap();
    let mut connection = SqliteConnectOptions::new().filename(&file).connect().await.unwrap();
    for statement in FILL {
        sqlx::query(*statement).execute(&mut connection).await.unwrap();
    }
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    std::fs::read(&file).unwrap()
}

fn none() -> Value {
    json!({})
}

fn grant(resource: &str, right: &str) -> Value {
    json!({"resource": resource, "right": right, "to": {"user": "ann"}})
}

#[tokio::test]
async fn nothing_is_lost_or_repeated_between_pages_of_any_size() {
    let sidecar = TestSidecar::new().on(&database().await).start().await;
    let view = resources("ann", "view", "Item", &none());
    let whole = all(&sidecar, Kind::Resource, &view, 1000).await;
    assert_eq!(whole.len(), 3000);
    for limit in [7, 100, 499] {
        assert_eq!(all(&sidecar, Kind::Resource, &view, limit).await, whole, "the order is always the same");
    }
    let folders = resources("ann", "view", "Folder", &none());
    assert_eq!(all(&sidecar, Kind::Resource, &folders, 3).await.len(), 80);
    // More than a page may have is a page of as many as it may.
    let most = page(&sidecar, Kind::Resource, &view, json!({"limit": 4_000_000_000_u32})).await.ok();
    assert_eq!(ids(&most).len(), 1000);
    sidecar.stop().await;
}

/// What happens elsewhere ends no search.
#[tokio::test]
async fn changes_elsewhere_let_a_search_go_on() {
    let sidecar = TestSidecar::new().on(&database().await).start().await;
    sidecar.put("/grants", grant("Folder::\"f2103\"", "delete")).await.ok();
    for action in ["view", "edit", "view_details"] {
        let query = resources("ann", action, "Item", &none());
        let whole = all(&sidecar, Kind::Resource, &query, 1000).await;
        let (mut found, mut token, mut number) = (Vec::new(), None, 0);
        loop {
            let wanted =
                token.map_or_else(|| json!({"limit": whole.len() / 5 + 1}), |token: String| json!({ "token": token }));
            let reply = page(&sidecar, Kind::Resource, &query, wanted).await.ok();
            found.extend(ids(&reply));
            token = next(&reply);
            if token.is_none() {
                break;
            }
            number += 1;
            let id = format!("{action}-{number}");
            let place = "Tool::\"group:his/documents\"";
            sidecar.post("/items", json!({"id": id, "parent": place, "author": "ben", "size": 5})).await.ok();
            sidecar.post("/folders", json!({"id": id, "parent": place, "author": "ben"})).await.ok();
            sidecar
                .host(reqwest::Method::PATCH, &format!("/items/{id}"), json!({"parent": format!("Folder::\"{id}\"")}))
                .await
                .ok();
            sidecar.put(&format!("/users/new-{id}"), json!({"username": id, "subscription": "s"})).await.ok();
            sidecar.post("/groups", json!({"id": id, "name": id, "administrator": "ben"})).await.ok();
            sidecar.post("/groups/shared/invitations", json!({"user": "cy"})).await.accepted();
        }
        assert_eq!(found, whole, "{action}");
        assert!(number > 3 || whole.len() < 10, "{number}");
    }
    sidecar.stop().await;
}

/// Rights on folders deep in a tree, on what lies in each other, and on what is also found by its author.
#[tokio::test]
async fn folders_are_walked_through_page_by_page() {
    let sidecar = TestSidecar::new().on(&database().await).start().await;
    for (resource, right) in [
        ("Folder::\"f1105\"", "delete"),
        ("Folder::\"f1111\"", "delete"),
        ("Folder::\"f2103\"", "delete"),
        ("Folder::\"f2140\"", "delete"),
        ("Item::\"shared-41\"", "edit"),
        ("Item::\"shared-3\"", "edit"),
        ("Item::\"shared-7\"", "edit"),
    ] {
        // In her own group ann may do so without.
        drop(sidecar.put("/grants", grant(resource, right)).await);
    }
    let deletable = resources("ann", "delete", "Item", &none());
    let whole = all(&sidecar, Kind::Resource, &deletable, 1000).await;
    assert!(whole.len() > 1500 && whole.len() < 3000, "{}", whole.len());
    let editable = resources("ann", "edit", "Item", &none());
    let edited = all(&sidecar, Kind::Resource, &editable, 1000).await;
    assert_eq!(edited.len(), 32, "{edited:?}");
    for (query, whole) in [(&deletable, &whole), (&editable, &edited)] {
        for limit in [1, 6, 90] {
            if limit > 1 || whole.len() < 100 {
                assert_eq!(all(&sidecar, Kind::Resource, query, limit).await, *whole, "{limit}");
            }
        }
    }
    let folders = resources("ann", "delete", "Folder", &none());
    let found = all(&sidecar, Kind::Resource, &folders, 4).await;
    assert_eq!(found, all(&sidecar, Kind::Resource, &folders, 1000).await);
    assert!(found.contains(&"f2107".to_owned()) && !found.contains(&"f2102".to_owned()), "{found:?}");
    sidecar.stop().await;
}

#[tokio::test]
async fn a_change_of_what_is_searched_ends_its_pages() {
    let sidecar = TestSidecar::new().on(&database().await).start().await;
    let view = resources("ann", "view", "Item", &none());
    let changes: [(&str, Value); 4] = [
        ("/items", json!({"id": "new", "parent": "Tool::\"group:shared/documents\"", "author": "ben"})),
        ("/folders", json!({"id": "new", "parent": "Folder::\"f2103\"", "author": "ben"})),
        ("/groups", json!({"id": "hers-too", "name": "hers too", "administrator": "ann"})),
        ("/items", json!({"id": "newer", "parent": "Tool::\"user:ann/documents\"", "author": "ann"})),
    ];
    for (path, body) in changes {
        let first = page(&sidecar, Kind::Resource, &view, json!({"limit": 10})).await.ok();
        let token = next(&first).unwrap();
        let made = sidecar.post(path, body).await.ok();
        let reply = page(&sidecar, Kind::Resource, &view, json!({"token": token})).await;
        assert_eq!(reply.status, 409, "{path}: {}", reply.body);
        assert_eq!(reply.body["head"], made.revision);
        assert!(reply.body["detail"].as_str().unwrap().contains("begin the search again"), "{}", reply.body);
    }
    let first = page(&sidecar, Kind::Resource, &view, json!({"limit": 10})).await.ok();
    sidecar.delete("/items/shared-9").await.ok();
    let reply = page(&sidecar, Kind::Resource, &view, json!({"token": next(&first)})).await;
    assert_eq!(reply.status, 409, "{}", reply.body);
    sidecar.stop().await;
}
