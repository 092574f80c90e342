//! What is raced over: who may be asked about, and what writers change.

use crate::rules::{Content, Grant, Grantee, Group, Rules, Space};
use crate::sidecar::TestSidecar;
use serde_json::json;

pub const WRITERS: usize = 3;
/// Items of each writer, which it deletes and creates again under the same id.
pub const ITEMS: usize = 4;
/// Groups that each writer creates and deletes, one after the other; no id of theirs comes twice.
pub const GROUPS: usize = 40;
pub const TOOL: &str = "Tool::\"group:g/documents\"";

/// A question with its body, and what it asks in the words of the model.
pub struct Question {
    pub body: String,
    user: &'static str,
    action: &'static str,
    resource: String,
}

/// An acknowledged write, as the model has it.
#[derive(Debug, Clone)]
pub enum Change {
    Grant(Grant),
    Revoke(Grant),
    Add { reference: String, parent: String },
    Move { reference: String, parent: String },
    Delete(String),
    Admit(&'static str),
    Remove(&'static str),
    Publish(bool),
    Found(String),
    Dissolve(String),
}

pub fn item(writer: usize, number: usize) -> String {
    format!("Item::\"i{writer}-{number}\"")
}

pub fn outer(writer: usize) -> String {
    format!("Folder::\"outer-{writer}\"")
}

pub fn inner(writer: usize) -> String {
    format!("Folder::\"inner-{writer}\"")
}

pub fn group(writer: usize, number: usize) -> String {
    format!("x{writer}-{number}")
}

/// Everything that is asked about, the deleted and the not yet created included.
pub fn questions() -> Vec<Question> {
    let mut all = Vec::new();
    let mut ask = |user, action, resource: String| {
        let body = json!({
            "principal": crate::world::reference("User", user),
            "action": crate::world::reference("Action", action),
            "resource": resource,
        });
        all.push(Question { body: body.to_string(), user, action, resource });
    };
    for writer in 0..WRITERS {
        for user in ["ann", "bob", "cleo", "eve"] {
            for action in ["view", "edit", "delete"] {
                (0..ITEMS).for_each(|number| ask(user, action, item(writer, number)));
            }
            ask(user, "delete", outer(writer));
            ask(user, "delete", inner(writer));
        }
        for number in 0..GROUPS {
            let id = group(writer, number);
            ask("ann", "view_group", format!("Group::\"{id}\""));
            ask("ann", "view", format!("Tool::\"group:{id}/documents\""));
        }
    }
    for user in ["ann", "eve"] {
        // As often as an item, as there is but one.
        (0..ITEMS).for_each(|_| ask(user, "view_group", "Group::\"h\"".to_owned()));
    }
    all
}

impl Question {
    /// Whether the rules allow it.
    pub fn allowed(&self, rules: &Rules) -> bool {
        if self.action == "view_group" {
            let id = crate::commands::id_of(&self.resource);
            return rules.groups.get(id).is_some_and(|group| group.published || group.holds(self.user));
        }
        rules.content.contains_key(&self.resource) && rules.may(self.user, self.action, &self.resource)
    }
}

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "may {} {} {}?", self.user, self.action, self.resource)
    }
}

impl Change {
    pub fn apply(&self, rules: &mut Rules) {
        match self {
            Self::Grant(grant) => drop(rules.grants.insert(grant.clone())),
            Self::Revoke(grant) => drop(rules.grants.remove(grant)),
            Self::Add { reference, parent } => {
                let kind = if reference.starts_with("Item") { "Item" } else { "Folder" };
                let space = Space::Group("g".to_owned());
                rules.content.insert(reference.clone(), content(kind, TOOL, space, Some(parent)));
            }
            Self::Move { reference, parent } => {
                rules.content.get_mut(reference).unwrap().parent = Some(parent.clone());
            }
            Self::Delete(reference) => {
                for gone in rules.below(reference) {
                    rules.content.remove(&gone);
                    rules.grants.retain(|grant| grant.resource != gone);
                }
            }
            Self::Admit(user) => rules.admit("g", user),
            Self::Remove(user) => rules.end_membership("g", user),
            Self::Publish(published) => rules.groups.get_mut("h").unwrap().published = *published,
            Self::Found(id) => found(rules, id),
            Self::Dissolve(id) => {
                rules.groups.remove(id);
                rules.content.remove(&tool_of(id));
            }
        }
    }
}

fn tool_of(group: &str) -> String {
    format!("Tool::\"group:{group}/documents\"")
}

fn content(kind: &'static str, tool: &str, space: Space, parent: Option<&String>) -> Content {
    Content { kind, tool: tool.to_owned(), space, parent: parent.cloned(), author: "ann".to_owned(), size: 0 }
}

fn found(rules: &mut Rules, id: &str) {
    let tool = tool_of(id);
    rules.groups.insert(id.to_owned(), Group { administrator: "ann".to_owned(), ..Group::default() });
    rules.content.insert(tool.clone(), content("Tool", &tool, Space::Group(id.to_owned()), None));
}

/// Makes the same beginning in the server and in the model; answers with the revision it stands at.
pub async fn begin(sidecar: &TestSidecar, rules: &mut Rules) -> u64 {
    sidecar.put("/subscriptions/s", json!({})).await.ok();
    for user in ["ann", "bob", "cleo", "eve"] {
        sidecar.put(&format!("/users/{user}"), json!({"username": user, "subscription": "s"})).await.ok();
    }
    let open = json!({"id": "g", "name": "g", "administrator": "ann", "published": true, "open": true});
    sidecar.post("/groups", open).await.ok();
    sidecar.post("/groups", json!({"id": "h", "name": "h", "administrator": "ann"})).await.ok();
    for id in ["g", "h"] {
        found(rules, id);
    }
    let mut revision = 0;
    for writer in 0..WRITERS {
        let folders = [(outer(writer), TOOL.to_owned()), (inner(writer), outer(writer))];
        let items = (0..ITEMS).map(|number| (item(writer, number), inner(writer)));
        for (reference, parent) in folders.into_iter().chain(items) {
            revision = super::write::add(sidecar, &reference, &parent).await.ok().revision;
            Change::Add { reference, parent }.apply(rules);
        }
    }
    revision
}

pub fn to_user(user: &str) -> Grantee {
    Grantee::User(user.to_owned())
}
