//! What a request lends counts for that request, as if it were stored, and for nothing else.

use super::*;
use crate::domain::lent::Manner;
use crate::domain::{Decision, EntityRecord, Outcome};
use serde_json::{Value, json};

/// Every decision is made a second time by Cedar.
async fn check(world: &World) -> Check {
    let limits = Limits { verification_decisions: 1, ..Limits::default() };
    Check::new(world.store.clone(), bundle(), &limits).await.unwrap()
}

fn records(entities: Value) -> Vec<EntityRecord> {
    serde_json::from_value(entities).unwrap()
}

fn asks(principal: &str, action: &str, resource: &str, entities: Value) -> DecisionRequest {
    DecisionRequest {
        principal: EntityUid::new("User", principal),
        action: EntityUid::action(action),
        resource: EntityUid::parse(resource).unwrap(),
        context: Context::empty(),
        lent: Lent::new(Manner::Entities, records(entities)).unwrap(),
    }
}

async fn decide(check: &Check, request: &DecisionRequest) -> Outcome {
    let answer = check.decide(&RequestRef::from(request)).await.unwrap();
    assert_eq!(check.mismatches(), 0, "{request:?}");
    answer.outcome().clone()
}

async fn reasons(check: &Check, request: &DecisionRequest) -> Vec<String> {
    decide(check, request).await.reasons.iter().map(ToString::to_string).collect()
}

async fn refused(check: &Check, request: &DecisionRequest) -> (usize, String) {
    match check.decide(&RequestRef::from(request)).await {
        Err(CheckError::Lent(error)) => (error.place, error.path),
        other => panic!("{other:?}"),
    }
}

/// A draft by the salesman, in a folder on which he may delete.
fn draft() -> Value {
    json!([{"uid": "Item::\"draft\"", "attrs": {"author": {"type": "User", "id": "salesman-1"}},
            "parents": ["Folder::\"bottom\""]}])
}

const DRAFT: &str = "Item::\"draft\"";

#[tokio::test]
async fn an_item_that_is_lent_has_what_its_folder_gives_it() {
    let world = World::new().await;
    let check = check(&world).await;
    let ask = async |principal: &str, action: &str| reasons(&check, &asks(principal, action, DRAFT, draft())).await;
    assert_eq!(ask("salesman-1", "view").await, ["group-content-view"]);
    assert_eq!(ask("salesman-1", "edit").await, ["author-edit"]);
    assert_eq!(ask("salesman-1", "delete").await, ["group-grant-delete"], "granted two folders up");
    assert_eq!(ask("secretary", "delete").await, ["co-administrator-content"]);
    assert_eq!(ask("secretary", "edit").await, [""; 0]);
    assert_eq!(ask("stranger", "view").await, [""; 0]);
}

#[tokio::test]
async fn nobody_wrote_what_is_lent_without_an_author() {
    let world = World::new().await;
    let check = check(&world).await;
    let entities = json!([{"uid": DRAFT, "parents": ["Tool::\"group:sales/documents\""]}]);
    let view = decide(&check, &asks("salesman-1", "view", DRAFT, entities.clone())).await;
    assert_eq!((view.decision, view.errors.len()), (Decision::Allow, 0));
    for principal in ["salesman-1", "director", ""] {
        let edit = decide(&check, &asks(principal, "edit", DRAFT, entities.clone())).await;
        assert_eq!(edit, Outcome::deny(), "{principal}");
    }
}

#[tokio::test]
async fn folders_are_lent_too_and_things_lie_in_them() {
    let world = World::new().await;
    let check = check(&world).await;
    let mut entities = draft();
    entities[0]["parents"] = json!(["Folder::\"inner\""]);
    let folder = |id: &str, parent: &str| json!({"uid": {"type": "Folder", "id": id}, "attrs": {"author": "User::\"director\""}, "parents": [parent]});
    let list = entities.as_array_mut().unwrap();
    list.push(folder("inner", "Folder::\"outer\""));
    list.push(folder("outer", "Folder::\"bottom\""));
    assert_eq!(reasons(&check, &asks("salesman-1", "edit", DRAFT, entities.clone())).await, ["author-edit"]);
    let inner = "Folder::\"inner\"";
    // Granted on `bottom` to everyone in sales, on `top` to the salesman.
    assert_eq!(reasons(&check, &asks("salesman-1", "add", inner, entities.clone())).await, ["group-grant-add"]);
    let mut sized = asks("secretary", "add", inner, entities.clone());
    sized.context = serde_json::from_value(json!({"size": 5_000})).unwrap();
    assert_eq!(reasons(&check, &sized).await, ["capacity"], "what is lent has the quota of its tool");
    // The last one lies in nothing that is there.
    entities[2]["parents"] = json!(["Folder::\"none\""]);
    assert_eq!(decide(&check, &asks("salesman-1", "edit", DRAFT, entities)).await, Outcome::deny());
}

#[tokio::test]
async fn what_is_lent_is_there_for_its_request_alone() {
    let world = World::new().await;
    let check = check(&world).await;
    assert_eq!(reasons(&check, &asks("salesman-1", "edit", DRAFT, draft())).await, ["author-edit"]);
    assert_eq!(decide(&check, &asks("salesman-1", "edit", DRAFT, json!([]))).await, Outcome::deny());
    let mut other = draft();
    other[0]["attrs"]["author"]["id"] = json!("secretary");
    assert_eq!(decide(&check, &asks("salesman-1", "edit", DRAFT, other)).await, Outcome::deny());
    // Even where everything about it is cached.
    assert_eq!(reasons(&check, &asks("salesman-1", "edit", DRAFT, draft())).await, ["author-edit"]);
    assert_eq!(decide(&check, &asks("salesman-1", "edit", DRAFT, json!([]))).await, Outcome::deny());
}

#[tokio::test]
async fn a_decision_rests_on_where_a_lent_item_lies_and_on_its_absence() {
    for touched in ["Folder::\"bottom\"", "Folder::\"top\"", "Tool::\"group:sales/documents\"", DRAFT] {
        let world = World::new().await;
        let check = check(&world).await;
        let request = asks("salesman-1", "edit", DRAFT, draft());
        let ask = async || check.decide(&RequestRef::from(&request)).await.unwrap().cache;
        assert_eq!((ask().await, ask().await), (CacheUse::Miss, CacheUse::Hit));
        let next = check.revision().next();
        check.stripes().raise(&[EntityUid::parse(touched).unwrap()], next);
        check.stripes().publish(next);
        assert_eq!(ask().await, CacheUse::Miss, "{touched}");
    }
}

#[tokio::test]
async fn of_what_is_stored_only_host_attributes_are_lent() {
    let world = World::new().await;
    let check = check(&world).await;
    let asks = |entity: Value| asks("salesman-1", "edit", "Item::\"offer\"", json!([entity]));
    let offer = || json!({"type": "Item", "id": "offer"});
    let author = json!({"uid": offer(), "attrs": {"author": "User::\"secretary\""}});
    assert_eq!(refused(&check, &asks(author)).await, (0, "attrs.author".to_owned()));
    let moved = json!({"uid": offer(), "parents": ["Folder::\"top\""]});
    assert_eq!(refused(&check, &asks(moved)).await, (0, "parents".to_owned()));
    // Said with the question about it, the same is passed over.
    let moved = json!([{"uid": offer(), "attrs": {"author": "User::\"secretary\""}, "parents": ["Folder::\"top\""]}]);
    let lent = Lent::new(Manner::Properties, records(moved)).unwrap();
    let told = DecisionRequest { lent, ..asks(json!({"uid": offer()})) };
    assert_eq!(reasons(&check, &told).await, ["author-edit"], "the salesman wrote it, whatever is said");
}

#[tokio::test]
async fn nothing_that_conclave_keeps_is_lent() {
    let world = World::new().await;
    let check = check(&world).await;
    let asks = |entity: Value| {
        let other = json!({"uid": "Folder::\"a\"", "parents": ["Folder::\"top\""]});
        asks("salesman-1", "view", DRAFT, json!([other, entity]))
    };
    for type_name in ["User", "Group", "Role", "Quota", "Action", "Nothing"] {
        let entity = json!({"uid": {"type": type_name, "id": "x"}});
        assert_eq!(refused(&check, &asks(entity)).await, (1, "uid".to_owned()), "{type_name}");
    }
    let kept =
        ["tool", "toolKind", "group", "owner", "quota", "canView", "canViewDetails", "canAdd", "canEdit", "canDelete"];
    for uid in [DRAFT, "Folder::\"x\"", "Tool::\"group:sales/documents\""] {
        for name in kept {
            let entity = json!({"uid": uid, "attrs": {name: {"users": [], "groups": []}}});
            assert_eq!(refused(&check, &asks(entity)).await, (1, format!("attrs.{name}")), "{uid}");
        }
        for parent in ["User", "Group", "Role", "Quota", "Item"] {
            let entity = json!({"uid": uid, "parents": [{"type": parent, "id": "sales"}]});
            assert_eq!(refused(&check, &asks(entity)).await, (1, "parents".to_owned()), "{uid} in a {parent}");
        }
        let entity = json!({"uid": uid, "attrs": {"stars": 3}});
        assert_eq!(refused(&check, &asks(entity)).await, (1, "attrs.stars".to_owned()), "{uid}: no such attribute");
    }
    for author in [json!("Group::\"sales\""), json!(1), json!({"type": "Item", "id": "a"}), json!(null)] {
        let entity = json!({"uid": DRAFT, "attrs": {"author": author}});
        assert_eq!(refused(&check, &asks(entity)).await, (1, "attrs.author".to_owned()), "{author}");
    }
    let twice = json!({"uid": DRAFT, "parents": ["Folder::\"top\"", "Tool::\"group:sales/documents\""]});
    assert_eq!(refused(&check, &asks(twice)).await, (1, "parents".to_owned()));
    let in_tool = json!({"uid": "Tool::\"x\"", "parents": ["Tool::\"group:sales/documents\""]});
    assert_eq!(refused(&check, &asks(in_tool)).await, (1, "parents".to_owned()));
}

/// A host's own types beside those of groups: notes in projects, and projects in each other.
const HOST: &str = r#"
    entity Project in [Project];
    entity Note in [Project] { stars: Long, by?: User, on?: Item };
    action "read" appliesTo { principal: User, resource: Note };
"#;

const HOST_POLICIES: &str = r#"
    @id("starred") permit (principal, action == Action::"read", resource) when { resource.stars > 2 };
    @id("in-project") permit (principal, action == Action::"read", resource in Project::"open");
    @id("on-item") permit (principal, action == Action::"read", resource)
      when { resource has on && resource.on has group && principal in resource.on.group };
"#;

/// Groups and the host's types in one schema.
fn with_host_types() -> Arc<Bundle> {
    use crate::engine::{Naming, SourceFile};
    let groups = SourceFile::new("groups", include_str!("../../../schema/groups.cedarschema"));
    let schema = [groups, SourceFile::new("host", HOST)];
    let policies = [SourceFile::new("p", HOST_POLICIES)];
    let features = std::collections::BTreeSet::new();
    Arc::new(Bundle::from_files(&schema, &policies, Naming::Annotated, &features).unwrap())
}

async fn host_check(world: &World) -> Check {
    let limits = Limits { verification_decisions: 1, ..Limits::default() };
    Check::new(world.store.clone(), with_host_types(), &limits).await.unwrap()
}

#[tokio::test]
async fn entities_of_a_hosts_own_types_are_lent_whole() {
    let world = World::new().await;
    let check = host_check(&world).await;
    let note = "Note::\"n\"";
    let ask = async |entities: Value| reasons(&check, &asks("salesman-1", "read", note, entities)).await;
    assert_eq!(ask(json!([{"uid": note, "attrs": {"stars": 3}}])).await, ["starred"]);
    assert_eq!(ask(json!([{"uid": note, "attrs": {"stars": 2}}])).await, [""; 0]);
    let projects = json!([
        {"uid": note, "attrs": {"stars": 0}, "parents": ["Project::\"inner\""]},
        {"uid": "Project::\"outer\"", "parents": ["Project::\"open\""]},
        {"uid": "Project::\"inner\"", "parents": ["Project::\"outer\""]},
    ]);
    assert_eq!(ask(projects.clone()).await, ["in-project"], "through projects that are lent themselves");
    let on = |item: &str| json!([{"uid": note, "attrs": {"stars": 0, "on": {"type": "Item", "id": item}}}]);
    assert_eq!(ask(on("offer")).await, ["on-item"], "what a lent attribute names is looked into");
    assert_eq!(ask(on("nothing")).await, [""; 0]);
    let mut lent_item = on("draft");
    lent_item.as_array_mut().unwrap().extend(draft().as_array().unwrap().clone());
    assert_eq!(ask(lent_item).await, ["on-item"], "even if that is lent too");
    assert_eq!(ask(json!([])).await, [""; 0]);
}

#[tokio::test]
async fn entities_of_a_hosts_own_types_are_held_to_the_schema() {
    let world = World::new().await;
    let check = host_check(&world).await;
    let note = "Note::\"n\"";
    for (entity, path) in [
        (json!({"uid": note}), "attrs.stars"),
        (json!({"uid": note, "attrs": {"stars": "3"}}), "attrs.stars"),
        (json!({"uid": note, "attrs": {"stars": 3, "by": {"type": "Item", "id": "x"}}}), "attrs.by"),
        (json!({"uid": note, "attrs": {"stars": 3, "size": 1}}), "attrs.size"),
        (json!({"uid": note, "attrs": {"stars": 3}, "parents": ["Note::\"m\""]}), "parents"),
        (json!({"uid": note, "attrs": {"stars": 3}, "parents": ["Group::\"sales\""]}), "parents"),
        (json!({"uid": note, "attrs": {"stars": 3}, "tags": {"a": 1}}), "tags.a"),
    ] {
        let asked = asks("salesman-1", "read", note, json!([entity]));
        assert_eq!(refused(&check, &asked).await, (0, path.to_owned()), "{entity}");
    }
}
