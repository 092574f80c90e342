//! A search finds what one question after the other allows: no more and no less, whatever the policies.

use super::{Kind, actions, all, allowed, question, resources, subjects};
use crate::sidecar::{TestSidecar, block_on};
use crate::world::{self, World};
use proptest::prelude::*;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use std::path::Path;
use tempfile::TempDir;

/// Policies of all kinds of forms, many of which say nothing about where to look.
const STRANGE: &[&str] = &[
    // What is not understood: negations, patterns, choices, comparisons of two things that are not known.
    r#"@id("a") permit (principal, action == Action::"view", resource) when { resource.toolKind like "c*" && !(resource has group) };
       @id("b") permit (principal, action == Action::"edit", resource is Item) when {
           if resource has group then principal in resource.group else resource has owner && principal.groups.containsAny(resource.owner.groups) };
       @id("c") forbid (principal, action == Action::"edit", resource is Item) when { resource.author == principal };
       @id("d") permit (principal, action == Action::"delete", resource) unless { resource has group && !(principal in resource.group) };
       @id("e") permit (principal, action == Action::"view_group", resource) when { resource.administrator != principal };
       @id("f") permit (principal, action == Action::"chat", resource) when { !(principal in resource.groups) || principal == resource };
       @id("f2") permit (principal, action == Action::"view_presence", resource) when { principal.groups == resource.groups || resource.groups.containsAll(principal.groups) };
       @id("g") permit (principal, action == Action::"list_members", resource) when { resource.published == resource.open };
       @id("h") permit (principal, action == Action::"add", resource) when { resource.canAdd.users.isEmpty() && resource has group && resource.group.open };
       @id("i") permit (principal, action == Action::"view_busy", resource) when { resource.canView == resource.canViewDetails };"#,
    // What is understood, in unusual words.
    r#"@id("a") permit (principal, action == Action::"view", resource in Folder::"Folder 60 📁");
       @id("b") permit (principal, action == Action::"view", resource) when { resource in Tool::"user:ann/documents" || resource in [Folder::"Folder 52 📁", Folder::"Folder 48 📁"] };
       @id("c") permit (principal == User::"ann", action == Action::"view", resource == Item::"Item 61 📁");
       @id("d") permit (principal, action == Action::"edit", resource is Item) when { [User::"ann", User::"b\\"].contains(resource.author) };
       @id("e") permit (principal, action == Action::"edit", resource is Item) when { resource has group && resource.group in [Group::"gé 0", Group::"gé 1"] };
       @id("f") permit (principal, action == Action::"delete", resource) when { resource.canDelete.groups.containsAny(principal.groups) || resource.canDelete.users.containsAll([principal]) };
       @id("g") permit (principal, action == Action::"manage_access", resource) when { resource has group && resource.group.administrator == principal };
       @id("h") permit (principal, action == Action::"manage_access", resource) when { resource has group && principal in resource.group.coAdministrators && resource.toolKind == "documents" };
       @id("i") permit (principal, action == Action::"view_busy", resource) when { ["calendar", "polls"].contains(resource.toolKind) && resource has owner && resource.owner.groups.containsAny(principal.groups) };
       @id("j") permit (principal, action == Action::"view_details", resource is Item) when { resource.tool == Tool::"user:ann/calendar" || resource.author in Group::"gé 0" };
       @id("k") permit (principal, action == Action::"view_group", resource) when { principal in resource.coAdministrators || resource.administrator == principal };
       @id("l") permit (principal in Group::"gé 0", action == Action::"chat", resource in Group::"gé 1");
       @id("m") permit (principal in Role::"gé 0/co-administrators", action == Action::"view_presence", resource);
       @id("n") permit (principal, action == Action::"add", resource) when { resource has owner && resource.owner in [User::"ann", User::"Ann"] };
       @id("o") permit (principal, action == Action::"join", resource) when { resource in [Group::"gé 0", Group::"gé 1"] && resource.open };
       @id("p") permit (principal, action == Action::"list_members", resource) when { principal in [Group::"gé 0", Group::"gé 1"] };
       @id("q") forbid (principal, action == Action::"view", resource) when { resource has group && resource.group.administrator == principal };"#,
    // Everybody, nobody, and what cannot be evaluated.
    r#"@id("a") permit (principal, action == Action::"view", resource);
       @id("b") forbid (principal, action == Action::"view", resource is Folder);
       @id("c") permit (principal, action == Action::"edit", resource) when { 9223372036854775807 + 1 > 0 };
       @id("d") permit (principal, action == Action::"add", resource) when { context has size && context.size < 50 };
       @id("e") permit (principal, action in [Action::"chat", Action::"view_profile"], resource) when { principal has canViewProfile };"#,
];

fn folder(policies: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("all.cedar"), policies).unwrap();
    folder
}

const CONTENT: [&str; 6] = ["view", "edit", "delete", "manage_access", "view_busy", "view_details"];

fn actions_on(kind: &str) -> Vec<&'static str> {
    match kind {
        "User" => vec!["chat", "view_presence", "view_profile"],
        "Group" => vec!["view_group", "list_members", "modify_settings", "join", "request_join", "leave"],
        "Item" => CONTENT.to_vec(),
        _ => [&CONTENT[..], &["add"]].concat(),
    }
}

fn context(action: &str, number: usize) -> Value {
    match action {
        "add" => [json!({}), json!({"size": 40}), json!({"size": 101})][number % 3].clone(),
        "view_profile" => json!({"field": (["email", "birthday"][number % 2])}),
        _ => json!({}),
    }
}

/// Which search, by numbers taken modulo what there is.
type Ask = (u8, usize, usize, usize, usize);

async fn compare(
    sidecar: &TestSidecar,
    world: &World,
    everything: &[(&'static str, String)],
    (kind, one, action, limit, more): Ask,
) {
    let mut people = world.users.clone();
    people.push("a stranger".to_owned());
    let of = |kind: &str| everything.iter().filter(|(k, _)| *k == kind).map(|(_, id)| id.clone()).collect::<Vec<_>>();
    let limit = 1 + limit % 40;
    if kind % 3 == 0 {
        let kind = ["Tool", "Folder", "Item", "User", "Group"][more % 5];
        let (user, actions) = (&people[one % people.len()], actions_on(kind));
        let action = actions[action % actions.len()];
        let context = context(action, more);
        let candidates = of(kind);
        let questions: Vec<_> = candidates.iter().map(|id| question(user, action, (kind, id), &context)).collect();
        let query = resources(user, action, kind, &context);
        let found = all(sidecar, Kind::Resource, &query, limit).await;
        same(found, &candidates, &allowed(sidecar, &questions).await, &query);
    } else {
        let (kind_of, id) = &everything[one % everything.len()];
        let actions_there = actions_on(kind_of);
        if kind % 3 == 1 {
            let action = actions_there[action % actions_there.len()];
            let context = context(action, more);
            let questions: Vec<_> = people.iter().map(|user| question(user, action, (kind_of, id), &context)).collect();
            let query = subjects(action, (kind_of, id), &context);
            let found = all(sidecar, Kind::Subject, &query, limit).await;
            same(found, &people, &allowed(sidecar, &questions).await, &query);
        } else {
            let user = &people[more % people.len()];
            let context = json!({"field": "email"});
            let own = |action: &str| if action == "view_profile" { context.clone() } else { json!({}) };
            let mut names: Vec<String> = actions_there.iter().map(|action| (*action).to_owned()).collect();
            names.sort();
            let questions: Vec<_> =
                names.iter().map(|action| question(user, action, (kind_of, id), &own(action))).collect();
            let query = actions(user, (kind_of, id), &context);
            let mut found = all(sidecar, Kind::Action, &query, limit).await;
            found.retain(|name| names.contains(name));
            same(found, &names, &allowed(sidecar, &questions).await, &query);
        }
    }
}

fn same(mut found: Vec<String>, candidates: &[String], allowed: &[bool], query: &Value) {
    let mut expected: Vec<_> =
        candidates.iter().zip(allowed).filter(|(_, allowed)| **allowed).map(|(id, _)| id.clone()).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected, "{query}");
}

/// All that is stored, contacts that came with invitations included, and what is not stored.
async fn stored(database: &str, world: &World) -> Vec<(&'static str, String)> {
    let mut connection = SqliteConnectOptions::new().filename(database).read_only(true).connect().await.unwrap();
    let sql =
        "SELECT 'User', id FROM users UNION ALL SELECT 'Group', id FROM groups UNION ALL SELECT 'Tool', id FROM tools
               UNION ALL SELECT 'Folder', id FROM folders UNION ALL SELECT 'Item', id FROM items";
    let rows: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let kinds = ["User", "Group", "Tool", "Folder", "Item"];
    let mut all = world.resources();
    for (kind, id) in rows {
        let one = (*kinds.iter().find(|known| **known == kind).unwrap(), id);
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

async fn compare_under(
    policies: Option<&Path>,
    database: &[u8],
    (world, everything): (&World, &[(&'static str, String)]),
    asked: &[Ask],
) {
    let sidecar = TestSidecar::new().on(database).configured(|config| {
        config.policies = policies.map(Path::to_owned);
        // So that some pages end before they are full.
        config.limits.search_candidates_max = 37;
    });
    let sidecar = sidecar.start().await;
    for ask in asked {
        compare(&sidecar, world, everything, *ask).await;
    }
    sidecar.stop().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_search_finds_what_is_allowed_one_by_one(
        steps in world::steps(),
        asked in proptest::collection::vec((any::<u8>(), 0_usize..256, 0_usize..64, 0_usize..64, 0_usize..64), 40),
    ) {
        block_on(async {
            let sidecar = TestSidecar::new().in_file().start().await;
            let path = sidecar.database();
            let mut world = World::start(&sidecar).await;
            for step in &steps {
                world.apply(&sidecar, step).await;
            }
            let everything = stored(&path, &world).await;
            let database = sidecar.into_database().await;
            compare_under(None, &database, (&world, &everything), &asked).await;
            for policies in STRANGE {
                let folder = folder(policies);
                compare_under(Some(folder.path()), &database, (&world, &everything), &asked).await;
            }
        });
    }
}
