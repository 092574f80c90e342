//! The world that each case begins with: something of everything that a command reaches.

use crate::by_rule::scene::{HOST, Scene, grant};
use crate::host_entities::stage::{contracts, entity};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::sync::OnceCell;

static TEMPLATE: OnceCell<Template> = OnceCell::const_new();

/// A database, and the names in it that were not chosen.
pub struct Template {
    pub database: Vec<u8>,
    names: BTreeMap<&'static str, String>,
}

impl Template {
    pub async fn get() -> &'static Self {
        TEMPLATE.get_or_init(Self::build).await
    }

    /// A path with `{name}` replaced by what it stands for.
    pub fn fill(&self, path: &str) -> String {
        self.names.iter().fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
    }

    async fn build() -> Self {
        let scene = Scene::on(contracts().in_file()).await;
        let mut names = BTreeMap::new();
        people(&scene).await;
        content(&scene).await;
        invitations(&scene, &mut names).await;
        entities(&scene).await;
        Self { database: scene.sidecar.into_database().await, names }
    }
}

/// Beside `sales`: open, closed and lonely groups, somebody who goes with all that is theirs, and
/// grants that were kept.
async fn people(scene: &Scene) {
    scene.plan("spare", json!({"max_groups": 1, "capacities": {"documents": 5, "polls": 5}})).await;
    let published = json!({"published": true, "members_published": true, "language": "en", "activity": "other"});
    scene.group("closed", "carl", published.clone(), &[]).await;
    let mut open = published;
    open["open"] = json!(true);
    scene.group("open", "carl", open, &["ben"]).await;
    scene.group("lonely", "anna", json!({"published": true, "language": "it"}), &[]).await;
    for person in ["eve", "gone"] {
        scene.person(person, "free").await;
    }
    // What eve lent before she left; sharing a group with carl again sets one of the two free.
    assert!(scene.sidecar.admit("sales", "eve").await);
    scene.ok(Some("eve"), "PUT /grants", grant("Tool::\"user:eve/documents\"", "view", "carl")).await;
    scene.ok(Some("eve"), "PUT /grants", grant("Tool::\"user:eve/profile\"", "view", "group:sales")).await;
    scene.ok(Some("eve"), "POST /groups/sales/leave", json!({"grants": "keep"})).await;
    assert!(scene.sidecar.admit("sales", "gone").await);
    for asker in ["dora", "gone"] {
        scene.ok(Some(asker), "POST /groups/closed/join-requests", json!({"message": "May I?"})).await;
    }
    scene.ok(Some("anna"), "PUT /groups/sales/co-administrators/ben", Value::Null).await;
}

async fn content(scene: &Scene) {
    for (space, author) in [("group:sales", "ben"), ("group:lonely", "anna"), ("user:gone", "gone")] {
        let at = |part: &str| format!("{part}-{space}");
        scene.folder(&at("f"), &format!("Tool::\"{space}/documents\""), author).await;
        scene.folder(&at("deep"), &format!("Folder::\"f-{space}\""), author).await;
        scene.item(&at("i"), &format!("Folder::\"deep-{space}\""), author, 7).await;
        let contact = json!({"id": at("c"), "parent": format!("Tool::\"{space}/contacts\""), "author": author,
                             "contact": {"user": "gone"}, "size": 1});
        scene.ok(HOST, "POST /items", contact).await;
    }
    scene.folder("to", "Tool::\"group:sales/documents\"", "anna").await;
    for (who, resource, right, to) in [
        ("anna", "Tool::\"group:sales/documents\"", "add", "gone"),
        ("anna", "Folder::\"f-group:sales\"", "add", "carl"),
        ("anna", "Folder::\"deep-group:sales\"", "delete", "group:sales"),
        ("ben", "Item::\"i-group:sales\"", "edit", "carl"),
        ("anna", "Tool::\"group:lonely/polls\"", "add", "group:lonely"),
        ("carl", "Tool::\"user:carl/documents\"", "view", "anna"),
        ("carl", "Tool::\"user:carl/calendar\"", "view_details", "group:sales"),
        ("gone", "Folder::\"f-user:gone\"", "view", "group:sales"),
    ] {
        scene.ok(Some(who), "PUT /grants", grant(resource, right, to)).await;
    }
}

async fn invitations(scene: &Scene, names: &mut BTreeMap<&'static str, String>) {
    let (id, token) = scene.invite("closed", json!({"user": "eve"})).await;
    names.extend([("invitation", id), ("token", token)]);
    scene.invite("lonely", json!({"email": "somebody@example.org"})).await;
    scene.invite("lonely", json!({"user": "gone"})).await;
    scene.invite("open", json!({"user": "dora"})).await;
    scene.ok(Some("eve"), "POST /groups/closed/join-requests", json!({"message": "x"})).await;
    let asked = scene.ok(HOST, "GET /groups/closed/join-requests", Value::Null).await;
    names.insert("request", asked["join_requests"][0]["id"].as_str().unwrap().to_owned());
    let mail = scene.ok(HOST, "GET /outbox", Value::Null).await;
    names.insert("mail", mail["outbox"][0]["id"].as_str().unwrap().to_owned());
}

/// What the host says, of its own entities and of those that go with somebody or something.
async fn entities(scene: &Scene) {
    let described = [
        entity("Department::\"trade\"", json!({}), &["Company::\"acme\""]),
        entity("User::\"gone\"", json!({"clearance": 2}), &["Department::\"trade\""]),
        entity("Item::\"i-group:sales\"", json!({"level": 0}), &[]),
    ];
    scene.ok(HOST, "PUT /entities", json!({"entities": described})).await;
    scene.ok(HOST, "PUT /entities", json!({"entities": [entity("User::\"ben\"", json!({"clearance": 1}), &[])]})).await;
}

/// What is asked after each failure.
pub fn questions() -> Vec<Value> {
    let ask = |user: &str, action: &str, resource: String| json!({"principal": format!("User::\"{user}\""), "action": format!("Action::\"{action}\""), "resource": resource});
    let mut questions = Vec::new();
    for user in ["anna", "ben", "carl", "dora", "eve", "gone"] {
        for (actions, resource) in [
            (&["view", "add", "manage_access"][..], "Tool::\"group:sales/documents\""),
            (&["add", "delete"], "Folder::\"deep-group:sales\""),
            (&["view", "edit"], "Item::\"i-group:sales\""),
            (&["view"], "Tool::\"group:lonely/polls\""),
            (&["view"], "Tool::\"user:carl/documents\""),
            (&["view_details"], "Tool::\"user:carl/calendar\""),
            (&["view"], "Folder::\"f-user:gone\""),
            (&["view_group", "modify_settings", "join"], "Group::\"open\""),
            (&["view_group", "hand_over"], "Group::\"sales\""),
            (&["chat"], "User::\"anna\""),
        ] {
            questions.extend(actions.iter().map(|action| ask(user, action, resource.to_owned())));
        }
    }
    questions
}
