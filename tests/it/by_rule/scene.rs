//! A small stage for the rules: four people, a group, and calls in one line.

use crate::sidecar::{Reply, TestSidecar};
use serde_json::{Value, json};

/// The host's own call.
pub const HOST: Option<&str> = None;

/// anna administers the private group `sales`, in which ben and carl are; dora shares no group with
/// anybody. Their subscription `free` sets no limit.
pub struct Scene {
    pub sidecar: TestSidecar,
}

impl Scene {
    pub async fn new() -> Self {
        Self::on(TestSidecar::new()).await
    }

    /// The same with another configuration.
    pub async fn on(sidecar: TestSidecar) -> Self {
        let scene = Self { sidecar: sidecar.start().await };
        scene.plan("free", json!({})).await;
        for person in ["anna", "ben", "carl", "dora"] {
            scene.person(person, "free").await;
        }
        scene.group("sales", "anna", json!({}), &["ben", "carl"]).await;
        scene
    }

    pub async fn plan(&self, id: &str, limits: Value) {
        self.ok(HOST, &format!("PUT /subscriptions/{id}"), limits).await;
    }

    pub async fn person(&self, id: &str, plan: &str) {
        let person =
            json!({"username": id, "first_name": id, "email": format!("{id}@example.org"), "subscription": plan});
        self.ok(HOST, &format!("PUT /users/{id}"), person).await;
    }

    /// A group whose name is its id.
    pub async fn group(&self, id: &str, administrator: &str, settings: Value, members: &[&str]) {
        let mut group = json!({"id": id, "name": id});
        group.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        self.ok(Some(administrator), "POST /groups", group).await;
        for member in members {
            assert!(self.sidecar.admit(id, member).await, "{member} into {id}");
        }
    }

    /// A folder or item in a tool or folder: `item("i", "Folder::\"f\"", "ben", 5)` is ben's.
    pub async fn item(&self, id: &str, parent: &str, author: &str, size: i64) {
        let item = json!({"id": id, "parent": parent, "author": author, "size": size});
        self.ok(HOST, "POST /items", item).await;
    }

    pub async fn folder(&self, id: &str, parent: &str, author: &str) {
        self.ok(HOST, "POST /folders", json!({"id": id, "parent": parent, "author": author})).await;
    }

    /// A call: `call(Some("anna"), "DELETE /groups/sales", Value::Null)`.
    pub async fn call(&self, who: Option<&str>, line: &str, body: Value) -> Reply {
        let (method, path) = line.split_once(' ').unwrap();
        self.sidecar.send(method, &format!("/admin/v1{path}"), true, who, &body).await
    }

    /// A call that must succeed; what it answers.
    pub async fn ok(&self, who: Option<&str>, line: &str, body: Value) -> Value {
        let reply = self.call(who, line, body).await;
        assert!(reply.status < 300, "{who:?} {line}: {} {}", reply.status, reply.body);
        reply.body
    }

    /// A call that must be refused with this status and rule, and change nothing.
    pub async fn refused<'r>(
        &self,
        who: Option<&str>,
        line: &str,
        body: Value,
        status: u16,
        rule: impl Into<Option<&'r str>>,
    ) -> Value {
        let before = self.revision().await;
        let reply = self.call(who, line, body).await;
        let found = (reply.status, reply.body["rule"].as_str());
        assert_eq!(found, (status, rule.into()), "{who:?} {line}: {}", reply.body);
        assert_eq!(self.revision().await, before, "{who:?} {line} is refused and changes something");
        reply.body
    }

    /// May this person do this? `may("ben", "view", "Tool", "group:sales/documents")`
    pub async fn may(&self, user: &str, action: &str, kind: &str, id: &str) -> bool {
        self.sidecar.ask(user, action, &(kind, id.to_owned()), &json!({})).await.decision == "Allow"
    }

    /// The same of several actions: those that are allowed. Nothing is added to an item.
    pub async fn allowed<'a>(&self, user: &str, actions: &[&'a str], kind: &str, id: &str) -> Vec<&'a str> {
        let mut allowed = Vec::new();
        for action in actions.iter().filter(|action| (kind, **action) != ("Item", "add")) {
            if self.may(user, action, kind, id).await {
                allowed.push(*action);
            }
        }
        allowed
    }

    /// An invitation by the host, with its token: `invite("sales", json!({"user": "dora"}))`.
    pub async fn invite(&self, group: &str, whom: Value) -> (String, String) {
        let invited = self.ok(HOST, &format!("POST /groups/{group}/invitations"), whom).await;
        let text = |field: &str| invited[field].as_str().unwrap().to_owned();
        (text("id"), text("token"))
    }

    pub async fn used(&self, space: &str, tool: &str) -> Value {
        self.ok(HOST, &format!("GET /{space}/usage"), Value::Null).await["tools"][tool]["used"].clone()
    }

    pub async fn revision(&self) -> u64 {
        self.sidecar.ask("anna", "view", &("Tool", "user:anna/documents".to_owned()), &json!({})).await.revision
    }

    pub async fn stop(self) {
        self.sidecar.stop().await;
    }
}

/// The body of a grant: `grant("Folder::\"f\"", "add", "ben")`; to a group: `"group:sales"`.
pub fn grant(resource: &str, right: &str, to: &str) -> Value {
    let to = match to.strip_prefix("group:") {
        Some(group) => json!({"group": group}),
        None => json!({"user": to}),
    };
    json!({"resource": resource, "right": right, "to": to})
}
