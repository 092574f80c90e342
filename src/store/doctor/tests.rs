//! Each way of breaking a database is found under the rule it breaks.

use super::*;
use crate::store::testing::World;

const NOW: i64 = 10_000_000_000;

async fn examine(world: &World) -> Vec<Finding> {
    let kinds = ["documents", "calendar"].map(ToolKind::new);
    let expected = Expected { group_tools: &kinds[..1], private_tools: &kinds, now_ms: NOW, folder_depth_max: 3 };
    world.store.examine(&expected).await.unwrap()
}

/// A world whose spaces are whole.
async fn whole() -> World {
    made_whole(World::new().await).await
}

async fn made_whole(world: World) -> World {
    world
        .run(
            "INSERT INTO tools (id, kind, owner) SELECT 'user:' || users.id || '/' || value, value, users.id
             FROM users, json_each('[\"documents\",\"calendar\"]')
             WHERE 'user:' || users.id || '/' || value NOT IN (SELECT id FROM tools);
             INSERT INTO tools (id, kind, group_id) VALUES ('group:company/documents', 'documents', 'company');
             INSERT INTO invitations VALUES
                 ('i', 'sales', NULL, 'a@b', NULL, NULL, unhex('0000000000000000000000000000000000000000000000000000000000000000'), 'pending', NULL, 0, 99999999999),
                 ('j', 'sales', 'stranger', NULL, NULL, NULL, unhex('1111111111111111111111111111111111111111111111111111111111111111'), 'accepted', 'stranger', 0, 1);
             INSERT INTO tombstones VALUES ('User', 'gone');
             DELETE FROM grants WHERE grantee = 'stranger'",
        )
        .await;
    world
}

fn of(findings: &[Finding], severity: Severity) -> Vec<(&'static str, String)> {
    let bad = findings.iter().filter(|finding| finding.severity == severity && finding.count > 0);
    bad.map(|finding| (finding.rule, finding.offenders.join(", "))).collect()
}

#[tokio::test]
async fn a_whole_database_is_clean() {
    let world = whole().await;
    let findings = examine(&world).await;
    assert_eq!(of(&findings, Severity::Broken), []);
    assert_eq!(of(&findings, Severity::Note), []);
}

/// Rule, what `doctor` must name, and what breaks it.
const DAMAGES: &[(&str, &str, &str)] = &[
    ("P1", "stranger", "UPDATE users SET subscription = 'none' WHERE id = 'stranger'"),
    ("P3", "free", "UPDATE subscriptions SET max_groups = -1 WHERE id = 'free'"),
    ("P7", "stranger", "INSERT INTO tombstones VALUES ('User', 'stranger')"),
    ("A14", "sales", "INSERT INTO tombstones VALUES ('Group', 'sales')"),
    ("A2", "sales", "UPDATE groups SET administrator = 'nobody' WHERE id = 'sales'"),
    ("A3", "sales: director", "INSERT INTO members VALUES ('sales', 'director', 0, 0)"),
    ("A6", "sales", "UPDATE groups SET name_folded = 'Sales' WHERE id = 'sales'"),
    ("A6", "sales", "UPDATE groups SET activity = 'other', sector = 'steel' WHERE id = 'sales'"),
    ("A6", "sales", "UPDATE groups SET activity = 'fun' WHERE id = 'sales'"),
    ("A7", "sales", "UPDATE groups SET published = 0 WHERE id = 'sales'"),
    ("A7", "company", "UPDATE groups SET members_published = 1 WHERE id = 'company'"),
    ("A12", "sales: nobody", "INSERT INTO members VALUES ('sales', 'nobody', 0, 0)"),
    ("C1", "sales: director", "INSERT INTO members VALUES ('sales', 'director', 1, 0)"),
    (
        "C1",
        "sales: secretary",
        "UPDATE members SET co_administrator = 2 WHERE group_id = 'sales' AND user_id = 'secretary'",
    ),
    ("A10", "i", "UPDATE invitations SET group_id = 'nothing' WHERE id = 'i'"),
    ("A10", "i", "UPDATE invitations SET email = NULL WHERE id = 'i'"),
    ("A10", "i", "UPDATE invitations SET state = 'lost' WHERE id = 'i'"),
    ("A10", "i", "UPDATE invitations SET state = 'accepted' WHERE id = 'i'"),
    ("A10", "j", "UPDATE invitations SET state = 'declined' WHERE id = 'j'"),
    (
        "A10",
        "i",
        "UPDATE invitations SET token_hash = unhex('00000000000000000000000000000000000000000000000000000000000000') WHERE id = 'i'",
    ),
    ("A10", "i", "UPDATE invitations SET expires_ms = -1 WHERE id = 'i'"),
    (
        "A10",
        "m",
        "INSERT INTO outbox VALUES ('m', 'invitation', 'a@b', 'en', '', '', 'x', 'pending', 0, 0, 0, NULL, NULL)",
    ),
    ("A10", "m", "INSERT INTO outbox VALUES ('m', 'invitation', 'a@b', 'en', '', '', 'i', 'sent', 1, 0, 0, NULL, 0)"),
    ("S1", "user:stranger/calendar", "DELETE FROM tools WHERE id = 'user:stranger/calendar'"),
    (
        "S1",
        "group:sales/polls",
        "INSERT INTO tools (id, kind, group_id) VALUES ('group:sales/polls', 'polls', 'sales')",
    ),
    (
        "S1",
        "group:sales/calendar",
        "INSERT INTO tools (id, kind, group_id) VALUES ('group:sales/calendar', 'calendar', 'sales')",
    ),
    ("S1", "odd", "UPDATE tools SET id = 'odd' WHERE id = 'user:stranger/calendar'"),
    ("S1", "group:company/documents", "UPDATE tools SET group_id = 'sales' WHERE id = 'group:company/documents'"),
    ("S1", "user:director/calendar", "UPDATE tools SET owner = 'nobody' WHERE key = 2"),
    ("S1", "\"a/b\" must not contain `/`", "UPDATE users SET id = 'a/b' WHERE id = 'stranger'"),
    ("S1", "\"a\\tb\" must not contain control characters", "UPDATE items SET id = 'a\tb' WHERE id = 'offer'"),
    ("P5", "group:sales/documents: counted 71, is 70", "UPDATE tools SET used = 71 WHERE key = 1"),
    ("P5", "user:secretary/documents: counted 1, is 0", "UPDATE tools SET used = 1 WHERE key = 3"),
    ("P5", "group:sales/documents: counted 70, is 0", "DELETE FROM items WHERE key = 1"),
    ("P6", "group:sales/documents", "UPDATE tools SET used = -1 WHERE key = 1"),
    ("P6", "offer", "UPDATE items SET size = -1 WHERE key = 1"),
    ("D8", "Item meeting", "UPDATE items SET folder = 1 WHERE id = 'meeting'"),
    ("D8", "Item meeting", "UPDATE items SET tool = 99 WHERE id = 'meeting'"),
    ("D8", "Folder middle", "UPDATE folders SET tool = 2 WHERE id = 'middle'"),
    ("D8", "Folder bottom", "UPDATE folders SET parent = 99 WHERE id = 'bottom'"),
    ("D8", "top, middle, bottom", "UPDATE folders SET parent = 3 WHERE id = 'top'"),
    ("D8", "deeper", "INSERT INTO folders (id, tool, parent, author) VALUES ('deeper', 1, 3, 'director')"),
    (
        "D6",
        "Item 99 edit to User secretary",
        "UPDATE grants SET resource = 99 WHERE resource_type = 'Item' AND access = 'edit'",
    ),
    (
        "D6",
        "Item offer edit to User secretary",
        "UPDATE grants SET tool = 2 WHERE resource_type = 'Item' AND access = 'edit'",
    ),
    (
        "D3",
        "edit to User nobody",
        "UPDATE grants SET grantee = 'nobody' WHERE resource_type = 'Item' AND access = 'edit'",
    ),
    (
        "D7",
        "view on a Item in group:sales/documents",
        "UPDATE grants SET access = 'view' WHERE resource_type = 'Item' AND access = 'edit'",
    ),
    (
        "D7",
        "edit on a Folder in group:sales/documents",
        "INSERT INTO grants VALUES ('Folder', 1, 'edit', 'Group', 'sales', 1, 0)",
    ),
    ("D7", "own on a Tool", "INSERT INTO grants VALUES ('Tool', 2, 'own', 'User', 'secretary', 2, 0)"),
    (
        "D2",
        "add in group:sales/documents to User stranger",
        "INSERT INTO grants VALUES ('Tool', 1, 'add', 'User', 'stranger', 1, 0)",
    ),
    (
        "D2",
        "add in group:sales/documents to Group company",
        "INSERT INTO grants VALUES ('Tool', 1, 'add', 'Group', 'company', 1, 0)",
    ),
    ("S5", "add in user:director/calendar", "INSERT INTO grants VALUES ('Tool', 2, 'add', 'User', 'director', 2, 0)"),
    ("store", "revision 3, last commit 2", "UPDATE store SET revision = 3"),
    (
        "store",
        "commit 4",
        "INSERT INTO commits VALUES (4, 0, 'x', NULL); INSERT INTO changes VALUES (4, 0, 'User', 'x', 'changed')",
    ),
    ("store", "commit 2", "DELETE FROM changes WHERE revision = 2"),
    ("store", "commit 2", "UPDATE changes SET ordinal = 1 WHERE revision = 2"),
    ("store", "change of revision 9", "INSERT INTO changes VALUES (9, 0, 'User', 'x', 'changed')"),
    ("F7", "add in group:sales/documents", "UPDATE grants SET kept = 1 WHERE resource_type = 'Tool' AND tool = 1"),
    (
        "F7",
        "view_details in user:director/calendar to User secretary",
        "UPDATE grants SET kept = 1 WHERE access = 'view_details'",
    ),
    ("A9", "contact offer", "INSERT INTO contacts (item, email) VALUES (1, 'a@b')"),
    ("A9", "contact 99", "INSERT INTO contacts (item, user_id) VALUES (99, 'director')"),
    ("F2", "company", "INSERT INTO directory (group_id, name_folded) VALUES ('company', 'company')"),
    ("F2", "sales", "DELETE FROM directory"),
    ("F2", "sales", "UPDATE directory SET activity = 'business'"),
    (
        "store",
        "A::\"a\"",
        "INSERT INTO entities VALUES ('A', 'a', '{}', '{}'), ('B', 'b', '{}', '{}');
         INSERT INTO entity_parents VALUES ('A', 'a', 'B', 'b'), ('B', 'b', 'A', 'a')",
    ),
    ("store", "A::\"a\"", "INSERT INTO entities VALUES ('A', 'a', '[]', '{}')"),
    ("S1", "\"..\" must", "INSERT INTO entities VALUES ('A', '..', '{}', '{}')"),
    ("F5", "r", "INSERT INTO join_requests VALUES ('r', 'sales', 'nobody', '', 0, NULL)"),
];

#[tokio::test]
async fn every_damage_is_found_under_its_rule() {
    for (rule, offender, damage) in DAMAGES {
        let world = whole().await;
        damage_with(&world, damage).await;
        let found = of(&examine(&world).await, Severity::Broken);
        assert!(found.iter().any(|(by, who)| by == rule && who.contains(offender)), "{rule} {damage}: {found:?}");
    }
}

/// What unique indexes stand against is found once the index itself is gone.
#[tokio::test]
async fn what_an_index_guards_is_checked_too() {
    let world = made_whole(World::in_file().await).await;
    damage_with(
        &world,
        "CREATE TABLE g AS SELECT * FROM groups; UPDATE g SET name = 'company', name_folded = 'company';
         CREATE TABLE u AS SELECT * FROM users; UPDATE u SET username = 'one';
         DROP TABLE groups; ALTER TABLE g RENAME TO groups; DROP TABLE users; ALTER TABLE u RENAME TO users;
         CREATE UNIQUE INDEX group_ids ON groups (id); CREATE UNIQUE INDEX user_ids ON users (id)",
    )
    .await;
    let found = of(&examine(&world).await, Severity::Broken);
    assert!(found.contains(&("A6", "company".to_owned())), "{found:?}");
    assert!(found.contains(&("P1", "one".to_owned())), "{found:?}");
}

#[tokio::test]
async fn a_damaged_file_is_found() {
    let world = made_whole(World::in_file().await).await;
    damage_with(
        &world,
        "PRAGMA writable_schema = ON; PRAGMA schema_version = 99;
         UPDATE sqlite_schema SET sql = 'CREATE INDEX items_by_place ON items (author)' WHERE name = 'items_by_place'",
    )
    .await;
    let found = of(&examine(&world).await, Severity::Broken);
    assert!(found.iter().any(|(rule, _)| *rule == "store"), "{found:?}");
}

#[tokio::test]
async fn p6_f7_a10_what_the_rules_allow_is_a_note() {
    for (rule, offender, change) in [
        ("P6", "group:sales/documents", "UPDATE capacities SET capacity = 9"),
        (
            "F7",
            "view_details in user:director/calendar to User secretary",
            "DELETE FROM grants WHERE tool = 1; DELETE FROM members",
        ),
        (
            "F7",
            "view in user:secretary/documents to Group sales",
            "DELETE FROM grants WHERE tool = 1; DELETE FROM members WHERE group_id = 'sales'; INSERT INTO grants VALUES ('Tool', 3, 'view', 'Group', 'sales', 3, 0)",
        ),
        ("A10", "i", "UPDATE invitations SET expires_ms = 1 WHERE id = 'i'"),
        (
            "A10",
            "m",
            "INSERT INTO outbox VALUES ('m', 'invitation', 'a@b', 'en', '', '', 'i', 'dead', 1, 0, 0, '', NULL)",
        ),
        ("store", "User::\"nobody\"", "INSERT INTO entities VALUES ('User', 'nobody', '{}', '{}')"),
    ] {
        let world = whole().await;
        damage_with(&world, change).await;
        let findings = examine(&world).await;
        assert_eq!(of(&findings, Severity::Broken), [], "{change}");
        assert!(of(&findings, Severity::Note).contains(&(rule, offender.to_owned())), "{findings:?}");
    }
}

#[tokio::test]
async fn offenders_are_named_up_to_a_number_and_counted_beyond() {
    let world = whole().await;
    damage_with(&world, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)
                         INSERT INTO tombstones SELECT 'User', 't' || i FROM n;
                         INSERT INTO users (id, username, subscription) SELECT entity_id, entity_id, 'free' FROM tombstones").await;
    let findings = examine(&world).await;
    let finding = findings.iter().find(|finding| finding.rule == "P7").unwrap();
    assert_eq!((finding.offenders.len(), finding.count), (OFFENDERS_NAMED_MAX, 51));
}

/// Writes what the schema itself would refuse.
async fn damage_with(world: &World, statements: &str) {
    let mut connection = world.connection().await;
    let unguarded = Both {
        sqlite: "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON",
        postgres: "DO $$ DECLARE it record; BEGIN
                       FOR it IN SELECT conrelid::regclass AS relation, conname FROM pg_constraint
                           WHERE connamespace = current_schema()::regnamespace AND contype IN ('c', 'f')
                       LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', it.relation, it.conname); END LOOP;
                   END $$",
    };
    connection.run(unguarded).await.unwrap();
    connection.run(statements.to_owned()).await.unwrap();
}
