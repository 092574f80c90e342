//! What a request lends: as good as stored, for that request, and never more than a host may say.

use crate::mutants::grant_everything;
use crate::sidecar::TestSidecar;
use crate::world::{self, World, reference};
use proptest::prelude::*;
use serde_json::{Value, json};

/// (decision, determining policies)
type Decided = (String, Vec<String>);

async fn ask(sidecar: &TestSidecar, user: &str, action: &str, resource: &str, entities: &Value) -> Decided {
    let body = json!({
        "principal": reference("User", user), "action": reference("Action", action), "resource": resource,
        "entities": entities,
    });
    let reply = sidecar.access("/v1/is_authorized", body.to_string()).await.ok();
    assert_eq!(reply.body["diagnostics"]["errors"], json!([]), "{body}");
    let reasons = reply.body["diagnostics"]["reason"].as_array().unwrap();
    let reasons = reasons.iter().map(|reason| reason.as_str().unwrap().to_owned()).collect();
    (reply.body["decision"].as_str().unwrap().to_owned(), reasons)
}

/// Everybody's rights on one resource.
async fn rights(sidecar: &TestSidecar, world: &World, resource: (&str, &str), entities: &Value) -> Vec<Decided> {
    let mut decided = Vec::new();
    for user in &world.users {
        for action in ["view", "edit", "delete", "manage_access", "view_busy", "view_details", "add"] {
            if action != "add" || resource.0 == "Folder" {
                let resource = reference(resource.0, resource.1);
                decided.push(ask(sidecar, user, action, &resource, entities).await);
            }
        }
    }
    decided
}

fn entity(kind: &str, id: &str, author: &str, parent: &str) -> Value {
    json!({
        "uid": {"type": kind, "id": id}, "attrs": {"author": {"__entity": {"type": "User", "id": author}}},
        "parents": [parent],
    })
}

/// Where something lies, how many folders there are between, what it is, and who wrote it.
type Placed = (usize, usize, bool, usize);

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 50, ..ProptestConfig::default() })]

    #[test]
    fn what_is_lent_is_decided_on_as_if_it_were_stored(
        steps in world::steps(),
        placed in proptest::collection::vec((0_usize..64, 0_usize..3, any::<bool>(), 0_usize..64), 5),
    ) {
        crate::sidecar::block_on(async {
            let sidecar = TestSidecar::new().start().await;
            let mut world = World::start(&sidecar).await;
            for step in &steps {
                world.apply(&sidecar, step).await;
            }
            grant_everything(&sidecar, &mut world).await;
            for (number, placed) in placed.into_iter().enumerate() {
                compare(&sidecar, &world, number, placed).await?;
            }
            sidecar.stop().await;
            Ok::<_, TestCaseError>(())
        })?;
    }
}

async fn compare(
    sidecar: &TestSidecar,
    world: &World,
    number: usize,
    (parent, folders, is_item, author): Placed,
) -> Result<(), TestCaseError> {
    let parents: Vec<_> = (0..world.content.len()).filter(|at| world.content[*at].kind != "Item").collect();
    let author = &world.users[author % world.users.len()];
    let mut above = world.reference(parents[parent % parents.len()]);
    let (mut entities, mut calls) = (Vec::new(), Vec::new());
    let kinds = std::iter::repeat_n("Folder", folders).chain([if is_item { "Item" } else { "Folder" }]);
    let mut last = ("Folder", String::new());
    for (depth, kind) in kinds.enumerate() {
        let id = format!("lent {number}/{depth} \"é\"");
        entities.push(entity(kind, &id, author, &above));
        let path = if kind == "Item" { "/items" } else { "/folders" };
        calls.push((path, json!({"id": id, "parent": above, "author": author})));
        above = reference(kind, &id);
        last = (kind, id);
    }
    // In any order.
    entities.reverse();
    let (kind, id) = (last.0, last.1.as_str());
    let lent = rights(sidecar, world, (kind, id), &json!(entities)).await;
    let without = rights(sidecar, world, (kind, id), &json!([])).await;
    prop_assert!(without.iter().all(|decided| *decided == ("Deny".to_owned(), vec![])), "nothing of it is kept");
    for (path, body) in calls {
        if !sidecar.post(path, body).await.accepted() {
            return Ok(());
        }
    }
    let stored = rights(sidecar, world, (kind, id), &json!([])).await;
    prop_assert_eq!(lent, stored, "{} {}", kind, id);
    Ok(())
}

const SALES: &str = "Tool::\"group:sales/documents\"";

async fn refused(sidecar: &TestSidecar, entities: Value) -> (u16, Value) {
    let body = json!({
        "principal": "User::\"director\"", "action": "Action::\"view\"", "resource": SALES, "entities": entities,
    });
    let reply = sidecar.access("/v1/is_authorized", body.to_string()).await;
    let batch = json!({"requests": [{"principal": "User::\"director\"", "action": "Action::\"view\"", "resource": SALES}, body]});
    let batch = sidecar.access("/v1/is_authorized/batch", batch.to_string()).await;
    assert_eq!(batch.status, reply.status, "{}", batch.body);
    if reply.status != 200 {
        assert_eq!(reply.content_type, "application/problem+json");
        let field = reply.body["field"].as_str().unwrap();
        assert_eq!(batch.body["field"], format!("requests[1].{field}"));
        assert!(reply.body["detail"].as_str().unwrap().contains(field), "{}", reply.body);
    }
    (reply.status, reply.body["field"].clone())
}

#[tokio::test]
async fn what_must_not_be_lent_is_a_400_that_names_it() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    sidecar.post("/items", json!({"id": "offer", "parent": SALES, "author": "secretary"})).await.ok();
    let item = |id: &str, attrs: Value| json!({"uid": {"type": "Item", "id": id}, "attrs": attrs, "parents": [SALES]});
    let author = || json!({"author": {"type": "User", "id": "director"}});
    assert_eq!(refused(&sidecar, json!([item("draft", author())])).await, (200, Value::Null));
    assert_eq!(refused(&sidecar, json!([])).await, (200, Value::Null));
    for (field, entities) in [
        ("entities[0].attrs.canView", json!([item("draft", json!({"canView": {"users": [], "groups": []}}))])),
        ("entities[1].attrs.group", json!([item("a", author()), item("b", json!({"group": "Group::\"sales\""}))])),
        ("entities[0].attrs.stars", json!([item("draft", json!({"stars": 5}))])),
        ("entities[0].attrs.author", json!([item("draft", json!({"author": "Group::\"sales\""}))])),
        ("entities[0].attrs.author", json!([item("offer", author())])),
        ("entities[0].parents", json!([item("offer", json!({}))])),
        ("entities[0].parents", json!([{"uid": "Item::\"x\"", "parents": [SALES, "Folder::\"f\""]}])),
        ("entities[0].parents", json!([{"uid": "Folder::\"x\"", "parents": ["Folder::\"x\""]}])),
        ("entities[0].uid", json!([{"uid": "User::\"stranger\"", "parents": ["Group::\"sales\""]}])),
        ("entities[0].uid", json!([{"uid": "Group::\"sales\"", "attrs": {"administrator": "User::\"me\""}}])),
        ("entities[0].uid", json!([{"uid": "Role::\"sales/co-administrators\""}])),
        ("entities[0].uid", json!([{"uid": "Nothing::\"x\""}])),
        ("entities[1].uid", json!([item("a", author()), item("a", author())])),
        ("entities[0].uid", json!([{"uid": "nonsense"}])),
        ("entities[0].uid", json!([{}])),
        ("entities[0]", json!([1])),
        ("entities[0]", json!([["Item::\"x\"", {}, []]])),
        ("entities[0].attributes", json!([{"uid": "Item::\"x\"", "attributes": {}}])),
        ("entities", json!({})),
    ] {
        assert_eq!(refused(&sidecar, entities.clone()).await, (400, json!(field)), "{entities}");
    }
    let many: Vec<_> = (0..101).map(|n| json!({"uid": {"type": "Item", "id": n.to_string()}})).collect();
    assert_eq!(refused(&sidecar, json!(many)).await, (422, json!("entities")));
    sidecar.stop().await;
}

#[tokio::test]
async fn what_is_lent_ends_with_its_request() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let draft = json!([entity("Item", "draft", "salesman-1", SALES)]);
    let allowed = ("Allow".to_owned(), vec!["author-edit".to_owned()]);
    let denied = ("Deny".to_owned(), vec![]);
    for _ in 0..2 {
        assert_eq!(ask(&sidecar, "salesman-1", "edit", "Item::\"draft\"", &draft).await, allowed);
        assert_eq!(ask(&sidecar, "salesman-1", "edit", "Item::\"draft\"", &json!([])).await, denied);
    }
    let question = |entities: &Value| {
        json!({"principal": "User::\"salesman-1\"", "action": "Action::\"edit\"", "resource": "Item::\"draft\"",
               "entities": entities})
    };
    let batch = json!({"requests": [question(&draft), question(&json!([])), question(&json!(null))]});
    let reply = sidecar.access("/v1/is_authorized/batch", batch.to_string()).await.ok();
    let decisions: Vec<_> = (0..3).map(|n| reply.body["responses"][n]["decision"].clone()).collect();
    assert_eq!(decisions, ["Allow", "Deny", "Deny"], "each request of a batch lends for itself");
    sidecar.stop().await;
}

#[tokio::test]
async fn a_grant_that_is_withdrawn_above_ends_what_rested_on_it() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    sidecar.post("/folders", json!({"id": "f", "parent": SALES, "author": "director"})).await.ok();
    let grant = json!({"resource": "Folder::\"f\"", "right": "delete", "to": {"user": "salesman-1"}});
    let draft = json!([
        entity("Item", "draft", "salesman-2", "Folder::\"inner\""),
        entity("Folder", "inner", "director", "Folder::\"f\""),
    ]);
    let ask = async || ask(&sidecar, "salesman-1", "delete", "Item::\"draft\"", &draft).await.0;
    for _ in 0..3 {
        assert_eq!((ask().await, ask().await), ("Deny".to_owned(), "Deny".to_owned()));
        sidecar.put("/grants", grant.clone()).await.ok();
        assert_eq!((ask().await, ask().await), ("Allow".to_owned(), "Allow".to_owned()));
        sidecar.post("/grants/revoke", grant.clone()).await.ok();
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn what_is_stored_meanwhile_is_no_longer_lent() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let draft = json!([entity("Item", "draft", "salesman-1", SALES)]);
    assert_eq!(ask(&sidecar, "salesman-1", "edit", "Item::\"draft\"", &draft).await.0, "Allow");
    sidecar.post("/items", json!({"id": "draft", "parent": SALES, "author": "secretary"})).await.ok();
    assert_eq!(refused(&sidecar, draft).await, (400, json!("entities[0].attrs.author")));
    assert_eq!(ask(&sidecar, "salesman-1", "edit", "Item::\"draft\"", &json!([])).await.0, "Deny");
    sidecar.stop().await;
}
