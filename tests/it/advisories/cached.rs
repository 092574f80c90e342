//! Answers that were kept for one question and given to another.

use crate::sidecar::TestSidecar;
use crate::world::reference;
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

async fn allows(sidecar: &TestSidecar, user: &str, action: &str, resource: (&str, &str), context: &Value) -> bool {
    let resource = (resource.0, resource.1.to_owned());
    sidecar.ask(user, action, &resource, context).await.decision == "Allow"
}

/// Fails if the context is left out of what a decision is found by (`DecisionRequest`, `RequestRef`).
#[tokio::test]
async fn a_cached_answer_is_never_given_for_another_context() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let fields = [("first_name", true), ("birthday", false), ("email", true), ("FIRST_NAME", false), ("", false)];
    // Whoever comes first, and whatever is in the cache by then.
    for first in 0..fields.len() {
        for (field, allowed) in fields.iter().cycle().skip(first).take(2 * fields.len()) {
            let (one, other) = ("salesman-1", ("User", "salesman-2"));
            let context = json!({"field": field});
            assert_eq!(allows(&sidecar, one, "view_profile", other, &context).await, *allowed, "{field:?} {first}");
        }
    }
    sidecar.stop().await;
}

const SHAPES_SCHEMA: &str = "entity Person, Door; action open appliesTo { principal: Person, resource: Door, context: { shape: Set<Set<String>> } };";
const SHAPES_POLICY: &str =
    r#"@id("shape") permit (principal, action, resource) when { context.shape == [["a", "b"], ["c"]] };"#;

fn written(folder: &Path, file: &str, text: &str) -> std::path::PathBuf {
    std::fs::create_dir(folder).unwrap();
    std::fs::write(folder.join(file), text).unwrap();
    folder.to_owned()
}

/// Fails if a context is found by its texts alone, and not by how they are nested (`domain::Value`).
#[tokio::test]
async fn lists_within_lists_are_no_flat_lists_to_the_cache() {
    let folder = TempDir::new().unwrap();
    let sidecar = TestSidecar::new().configured(|config| {
        config.schema = Some(written(&folder.path().join("schema"), "s.cedarschema", SHAPES_SCHEMA));
        config.policies = Some(written(&folder.path().join("policies"), "p.cedar", SHAPES_POLICY));
    });
    let sidecar = sidecar.start().await;
    let shapes = [
        (json!([["a", "b"], ["c"]]), "Allow"),
        (json!([["a"], ["b", "c"]]), "Deny"),
        (json!([["a", "b", "c"]]), "Deny"),
        (json!([["a"], ["b"], ["c"]]), "Deny"),
        (json!([["a,b"], ["c"]]), "Deny"),
        (json!([["a\",\"b"], ["c"]]), "Deny"),
        (json!([["ab"], ["c"]]), "Deny"),
        (json!([["a", "b"], ["c"], []]), "Deny"),
        (json!([[]]), "Deny"),
        (json!([["c"], ["b", "a"]]), "Allow"),
    ];
    let question = |shape: &Value| {
        json!({"principal": "Person::\"p\"", "action": "Action::\"open\"", "resource": "Door::\"d\"",
               "context": {"shape": shape}})
    };
    for first in 0..shapes.len() {
        for (shape, decision) in shapes.iter().cycle().skip(first).take(shapes.len()) {
            let reply = sidecar.access("/v1/is_authorized", question(shape).to_string()).await.ok();
            assert_eq!(reply.body["decision"], *decision, "{shape}");
        }
    }
    let requests: Vec<_> = shapes.iter().map(|(shape, _)| question(shape)).collect();
    let reply = sidecar.access("/v1/is_authorized/batch", json!({"requests": requests}).to_string()).await.ok();
    for (answer, (shape, decision)) in reply.body["responses"].as_array().unwrap().iter().zip(&shapes) {
        assert_eq!(answer["decision"], *decision, "in a batch: {shape}");
    }
    sidecar.stop().await;
}

/// Between the two halves of a name: what a key joined from texts might put between its parts.
const BETWEEN: &[&str] = &[
    "",
    " ",
    ":",
    "::",
    "|",
    ",",
    "#",
    "@",
    ";",
    "\\",
    "\"",
    "\" view \"",
    "\"|Action::\"view\"|Item::\"",
    "\",\"Action::\\\"view\\\"\",\"Item::\\\"",
    "viewItem",
];

/// Fails if a decision is found by one text that its parts were joined to, as then two questions are one.
#[tokio::test]
async fn two_questions_that_join_to_one_text_have_two_answers() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    for (number, between) in BETWEEN.iter().enumerate() {
        let (owner, stranger) = (format!("p{number}{between}q"), format!("p{number}"));
        let (short, long) = (format!("r{number}"), format!("q{between}r{number}"));
        for (name, user) in [(format!("o{number}"), &owner), (format!("s{number}"), &stranger)] {
            let path = format!("/users/{}", crate::sidecar::segment(user));
            sidecar.put(&path, json!({"username": name, "subscription": "personal"})).await.ok();
        }
        let parent = reference("Tool", &format!("user:{owner}/documents"));
        for item in [&short, &long] {
            sidecar.post("/items", json!({"id": item, "parent": parent, "author": owner})).await.ok();
        }
        let none = json!({});
        for _ in 0..2 {
            assert!(allows(&sidecar, &owner, "view", ("Item", &short), &none).await, "{between:?}");
            assert!(!allows(&sidecar, &stranger, "view", ("Item", &long), &none).await, "{between:?}");
            assert!(allows(&sidecar, &owner, "view", ("Item", &long), &none).await, "{between:?}");
            assert!(!allows(&sidecar, &stranger, "view", ("Item", &short), &none).await, "{between:?}");
        }
    }
    sidecar.stop().await;
}

/// Fails if cached entities are found by their id without their type (`slice::Slicer`, `EntityUid`).
#[tokio::test]
async fn a_cached_entity_is_never_taken_for_one_of_another_type() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let tool = |group: &str| reference("Tool", &format!("group:{group}/documents"));
    sidecar.post("/folders", json!({"id": "twin", "parent": tool("sales"), "author": "director"})).await.ok();
    sidecar.post("/items", json!({"id": "twin", "parent": tool("production"), "author": "director"})).await.ok();
    let none = json!({});
    for _ in 0..2 {
        for (user, folder, item) in [("salesman-1", true, false), ("workman-1", false, true), ("director", true, true)]
        {
            assert_eq!(allows(&sidecar, user, "view", ("Folder", "twin"), &none).await, folder, "{user}");
            assert_eq!(allows(&sidecar, user, "view", ("Item", "twin"), &none).await, item, "{user}");
        }
        // And ids that tell nobody of what type they are.
        for user in ["salesman-1", "workman-1"] {
            assert!(!allows(&sidecar, user, "view", ("Folder", "sales"), &none).await, "{user}");
            assert!(!allows(&sidecar, user, "view", ("Item", user), &none).await, "{user}");
        }
    }
    sidecar.stop().await;
}

/// Fails if a search puts what it finds into the cache of decisions, or takes its own context for that of a check.
#[tokio::test]
async fn a_search_leaves_nothing_behind_that_a_check_would_take() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let people = ["director", "secretary", "salesman-1", "salesman-2", "workman-1", "workman-2"];
    // Each pair anew, so that search and check begin with nothing in the cache, and at the same time.
    for (one, other) in people.iter().flat_map(|one| people.iter().map(move |other| (*one, *other))) {
        if one == other {
            continue;
        }
        let search = async |field: &str| {
            let body = json!({"subject": {"type": "User"}, "action": {"name": "view_profile"},
                              "resource": {"type": "User", "id": other}, "context": {"field": field}});
            let reply = sidecar.access("/access/v1/search/subject", body.to_string()).await.ok();
            reply.body["results"].as_array().unwrap().len()
        };
        let check =
            async |field: &str| allows(&sidecar, one, "view_profile", ("User", other), &json!({"field": field})).await;
        let (found, allowed, none, denied) =
            tokio::join!(search("first_name"), check("first_name"), search("birthday"), check("birthday"));
        assert!(found > 1 && allowed && none < found && !denied, "{one} {other}: {found} {allowed} {none} {denied}");
        assert!(check("first_name").await && !check("birthday").await, "{one} {other}");
    }
    sidecar.stop().await;
}
