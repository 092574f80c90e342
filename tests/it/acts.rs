//! Commands with names in place of numbers: what the model of the rules makes of each, and how it is sent.

use crate::commands::{Command, Step, path_of};
use crate::rules::{Content, Expected, Grant, Grantee, Rules};
use crate::sidecar::{Reply, TestSidecar, segment};
use crate::world::RIGHTS;
use reqwest::Method;
use serde_json::{Value, json};

mod model;

pub use model::add_tools;

/// What somebody tries to do; the host itself where there is no actor.
#[derive(Debug, Clone)]
pub struct Act {
    pub actor: Option<String>,
    pub what: What,
}

#[derive(Debug, Clone)]
pub enum What {
    CreateGroup {
        id: String,
        administrator: String,
        published: bool,
        open: bool,
    },
    DeleteGroup {
        group: String,
    },
    Invite {
        group: String,
        user: String,
    },
    Join {
        group: String,
    },
    /// Grants made through the group are kept or not; `None` does not say.
    Leave {
        group: String,
        keep: Option<bool>,
    },
    Remove {
        group: String,
        user: String,
    },
    CoAdministrator {
        group: String,
        user: String,
        on: bool,
    },
    HandOver {
        group: String,
        user: String,
    },
    Add {
        kind: &'static str,
        id: String,
        parent: String,
        size: i64,
        author: String,
    },
    Delete {
        content: String,
    },
    Grant(Grant),
    Revoke(Grant),
}

impl Act {
    /// What a step means where things are so; nothing where there is nothing to do it with. `made` counts up: ids are
    /// not used again.
    pub fn of(step: &Step, rules: &Rules, made: &mut usize) -> Option<Self> {
        let actor = (step.actor > 0).then(|| user(rules, step.actor));
        let what = match step.command {
            Command::CreateGroup { administrator, published, open } => {
                *made += 1;
                let administrator = actor.clone().unwrap_or_else(|| user(rules, administrator));
                What::CreateGroup { id: format!("g{made}"), administrator, published, open }
            }
            Command::DeleteGroup { group } => What::DeleteGroup { group: nth_group(rules, group)? },
            Command::Invite { group, user: n } => {
                What::Invite { group: nth_group(rules, group)?, user: user(rules, n) }
            }
            Command::Join { group } => {
                actor.as_ref()?;
                What::Join { group: nth_group(rules, group)? }
            }
            Command::Leave { group, grants } => {
                actor.as_ref()?;
                What::Leave { group: nth_group(rules, group)?, keep: grants }
            }
            Command::Remove { group, user: n } => {
                What::Remove { group: nth_group(rules, group)?, user: user(rules, n) }
            }
            Command::Appoint { group, user: n } => {
                What::CoAdministrator { group: nth_group(rules, group)?, user: user(rules, n), on: true }
            }
            Command::Dismiss { group, user: n } => {
                What::CoAdministrator { group: nth_group(rules, group)?, user: user(rules, n), on: false }
            }
            Command::HandOver { group, user: n } => {
                What::HandOver { group: nth_group(rules, group)?, user: user(rules, n) }
            }
            Command::Add { item, parent, size } => {
                *made += 1;
                let parent = nth_content(rules, parent, |content| content.kind != "Item")?;
                let (kind, size) = if item { ("Item", size) } else { ("Folder", 0) };
                let author = actor.clone().unwrap_or_else(|| "ann".to_owned());
                What::Add { kind, id: format!("c{made}"), parent, size, author }
            }
            Command::Delete { content } => {
                What::Delete { content: nth_content(rules, content, |content| content.kind != "Tool")? }
            }
            Command::Grant { resource, right, to_group, to } => {
                let to = match nth_group(rules, to) {
                    Some(group) if to_group => Grantee::Group(group),
                    _ => Grantee::User(user(rules, to)),
                };
                What::Grant(Grant { resource: nth_content(rules, resource, |_| true)?, right: RIGHTS[right], to })
            }
            Command::Revoke { grant } => {
                What::Revoke(rules.grants.iter().nth(grant % rules.grants.len().max(1))?.clone())
            }
        };
        Some(Self { actor, what })
    }

    /// How it is sent.
    fn call(&self) -> (Method, String, Value) {
        let of_group = |group: &str, rest: &str| format!("/groups/{}{rest}", segment(group));
        match &self.what {
            What::CreateGroup { id, administrator, published, open } => {
                let mut body = json!({"id": id, "name": id, "published": published, "open": open});
                if self.actor.is_none() {
                    body["administrator"] = json!(administrator);
                }
                (Method::POST, "/groups".to_owned(), body)
            }
            What::DeleteGroup { group } => (Method::DELETE, of_group(group, ""), json!({})),
            What::Invite { group, user } => (Method::POST, of_group(group, "/invitations"), json!({"user": user})),
            What::Join { group } => (Method::POST, of_group(group, "/join"), json!({})),
            What::Leave { group, keep } => {
                let body = match keep {
                    None => json!({}),
                    Some(true) => json!({"grants": "keep"}),
                    Some(false) => json!({"grants": "revoke"}),
                };
                (Method::POST, of_group(group, "/leave"), body)
            }
            What::Remove { group, user } => (Method::DELETE, of_group(group, &format!("/members/{user}")), json!({})),
            What::CoAdministrator { group, user, on } => {
                let method = if *on { Method::PUT } else { Method::DELETE };
                (method, of_group(group, &format!("/co-administrators/{user}")), json!({}))
            }
            What::HandOver { group, user } => (Method::PUT, of_group(group, "/administrator"), json!({"user": user})),
            What::Add { kind, id, parent, size, author } => {
                let path = if *kind == "Item" { "/items" } else { "/folders" };
                let mut body = json!({"id": id, "parent": parent});
                if *kind == "Item" {
                    body["size"] = json!(size);
                }
                if self.actor.is_none() {
                    body["author"] = json!(author);
                }
                (Method::POST, path.to_owned(), body)
            }
            What::Delete { content } => (Method::DELETE, path_of(content), json!({})),
            What::Grant(grant) => (Method::PUT, "/grants".to_owned(), body_of(grant)),
            What::Revoke(grant) => (Method::POST, "/grants/revoke".to_owned(), body_of(grant)),
        }
    }

    /// Sends it through this sidecar.
    pub async fn send(&self, sidecar: &TestSidecar) -> Reply {
        let (method, path, body) = self.call();
        match &self.actor {
            Some(user) => sidecar.call_as(user, method, &path, body).await,
            None => sidecar.host(method, &path, body).await,
        }
    }

    /// What the rules make of it, done in them where they let it be. An invitation alone changes nothing.
    pub fn done_in(&self, rules: &mut Rules) -> Expected {
        self.what.done(rules, self.actor.as_deref()).err().unwrap_or(Expected::Done)
    }
}

fn user(rules: &Rules, n: usize) -> String {
    rules.users[n % rules.users.len()].clone()
}

fn nth_group(rules: &Rules, n: usize) -> Option<String> {
    rules.groups.keys().nth(n % rules.groups.len().max(1)).cloned()
}

fn nth_content(rules: &Rules, n: usize, among: impl Fn(&Content) -> bool) -> Option<String> {
    let all: Vec<_> = rules.content.iter().filter(|(_, content)| among(content)).map(|(at, _)| at.clone()).collect();
    (!all.is_empty()).then(|| all[n % all.len()].clone())
}

fn body_of(grant: &Grant) -> Value {
    let to = match &grant.to {
        Grantee::User(user) => json!({"user": user}),
        Grantee::Group(group) => json!({"group": group}),
    };
    json!({"resource": grant.resource, "right": grant.right, "to": to})
}

/// Whether the server did what is expected, or refused it by the same rule.
pub fn agrees(expected: Expected, reply: &Reply) -> bool {
    match expected {
        Expected::Done => reply.accepted(),
        Expected::Refused(None) => !reply.accepted(),
        Expected::Refused(Some(rule)) => !reply.accepted() && reply.body["rule"] == rule,
    }
}
