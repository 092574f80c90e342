//! Commands with names in place of numbers: what the model of the rules makes of each, and how it is sent.

use crate::commands::{Command, Step, path_of};
use crate::rules::{self, Actor, Content, Expected, Grant, Grantee, Group, Rules, Space, UNSEEN, refused};
use crate::sidecar::{Reply, TestSidecar, segment};
use crate::world::{GROUP_TOOLS, RIGHTS};
use reqwest::Method;
use serde_json::{Value, json};

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

impl What {
    fn done(&self, rules: &mut Rules, actor: Actor<'_>) -> Result<(), Expected> {
        match self {
            Self::CreateGroup { id, administrator, published, open } => {
                create_group(rules, id, administrator, (*published, *open))
            }
            Self::DeleteGroup { group } => delete_group(rules, actor, group),
            Self::Invite { group, user } => invite(rules, actor, group, user),
            Self::Join { group } => join(rules, actor.unwrap_or_default(), group),
            Self::Leave { group, keep } => leave(rules, actor.unwrap_or_default(), group, *keep),
            Self::Remove { group, user } => remove(rules, actor, group, user),
            Self::CoAdministrator { group, user, on } => co_administrator(rules, actor, group, (user.as_str(), *on)),
            Self::HandOver { group, user } => hand_over(rules, actor, group, user),
            Self::Add { kind, id, parent, size, author } => {
                add(rules, actor, (*kind, id.as_str(), parent.as_str()), *size, author)
            }
            Self::Delete { content } => delete(rules, actor, content),
            Self::Grant(grant) => give(rules, actor, grant),
            Self::Revoke(grant) => take_back(rules, actor, grant),
        }
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

/// The tools of a space are there with it (S1).
pub fn add_tools(rules: &mut Rules, prefix: &str, id: &str, kinds: &[&str], space: &Space) {
    for kind in kinds {
        let tool = format!("Tool::\"{prefix}:{id}/{kind}\"");
        let content = Content {
            kind: "Tool",
            tool: tool.clone(),
            space: space.clone(),
            parent: None,
            author: String::new(),
            size: 0,
        };
        rules.content.insert(tool, content);
    }
}

fn create_group(
    rules: &mut Rules,
    id: &str,
    administrator: &str,
    (published, open): (bool, bool),
) -> Result<(), Expected> {
    if open && !published {
        return refused("A7");
    }
    if rules.administered(administrator) >= rules::GROUPS_MAX {
        return refused("P3");
    }
    add_tools(rules, "group", id, &GROUP_TOOLS, &Space::Group(id.to_owned()));
    let group = Group { administrator: administrator.to_owned(), published, open, ..Group::default() };
    rules.groups.insert(id.to_owned(), group);
    Ok(())
}

/// Others may have deleted it meanwhile.
fn is_there(rules: &Rules, group: &str) -> Result<(), Expected> {
    if rules.groups.contains_key(group) { Ok(()) } else { UNSEEN }
}

fn delete_group(rules: &mut Rules, actor: Actor<'_>, id: &str) -> Result<(), Expected> {
    is_there(rules, id)?;
    rules.allow_administrator(actor, id, "A14")?;
    if !rules.groups[id].members.is_empty() {
        return refused("A14");
    }
    rules.groups.remove(id);
    let of = |space: &Space| matches!(space, Space::Group(group) if group == id);
    rules.content.retain(|_, content| !of(&content.space));
    let (content, to) = (&rules.content, Grantee::Group(id.to_owned()));
    rules.grants.retain(|grant| content.contains_key(&grant.resource) && grant.to != to);
    Ok(())
}

fn invite(rules: &Rules, actor: Actor<'_>, id: &str, user: &str) -> Result<(), Expected> {
    is_there(rules, id)?;
    rules.allow_administrator(actor, id, "A9")?;
    let group = &rules.groups[id];
    match () {
        () if group.holds(user) => Err(Expected::Refused(None)),
        () if group.members.len() >= rules::MEMBERS_MAX => refused("P4"),
        () => Ok(()),
    }
}

fn join(rules: &mut Rules, user: &str, id: &str) -> Result<(), Expected> {
    is_there(rules, id)?;
    let group = &rules.groups[id];
    match () {
        () if group.holds(user) => return refused("F4"),
        () if !group.published => return UNSEEN,
        () if !group.open => return refused("F4"),
        () if group.members.len() >= rules::MEMBERS_MAX => return refused("P4"),
        () => {}
    }
    rules.admit(id, user);
    Ok(())
}

fn leave(rules: &mut Rules, user: &str, id: &str, keep: Option<bool>) -> Result<(), Expected> {
    is_there(rules, id)?;
    let group = &rules.groups[id];
    let through = rules.made_through(id, user);
    match () {
        () if group.administrator == user => return refused("A3"),
        () if !group.holds(user) => return UNSEEN,
        () if keep.is_none() && !through.is_empty() => return refused("F7"),
        () => {}
    }
    rules.end_membership(id, user);
    if keep == Some(true) {
        rules.kept.extend(through);
    } else {
        rules.grants.retain(|grant| !through.contains(grant));
    }
    Ok(())
}

fn remove(rules: &mut Rules, actor: Actor<'_>, id: &str, user: &str) -> Result<(), Expected> {
    is_there(rules, id)?;
    rules.allow_administrator(actor, id, "A12")?;
    match () {
        () if rules.groups[id].administrator == user => return refused("A3"),
        () if !rules.groups[id].holds(user) => return UNSEEN,
        () => {}
    }
    rules.end_membership(id, user);
    Ok(())
}

fn co_administrator(rules: &mut Rules, actor: Actor<'_>, id: &str, (user, on): (&str, bool)) -> Result<(), Expected> {
    is_there(rules, id)?;
    rules.allow_administrator(actor, id, "C1")?;
    match rules.groups[id].members.get(user) {
        None if on => return refused("C1"),
        Some(true) => {}
        Some(false) if on => {}
        _ => return UNSEEN,
    }
    if let Some(group) = rules.groups.get_mut(id) {
        group.members.insert(user.to_owned(), on);
    }
    Ok(())
}

fn hand_over(rules: &mut Rules, actor: Actor<'_>, id: &str, user: &str) -> Result<(), Expected> {
    is_there(rules, id)?;
    rules.allow_administrator(actor, id, "A4")?;
    match () {
        () if !rules.groups[id].members.contains_key(user) => return refused("A4"),
        () if rules.administered(user) >= rules::GROUPS_MAX => return refused("A5"),
        () => {}
    }
    let group = rules.groups.get_mut(id).unwrap();
    group.members.remove(user);
    let former = std::mem::replace(&mut group.administrator, user.to_owned());
    group.members.insert(former, false);
    Ok(())
}

fn add(
    rules: &mut Rules,
    actor: Actor<'_>,
    (kind, id, parent): (&'static str, &str, &str),
    size: i64,
    author: &str,
) -> Result<(), Expected> {
    let Some(above) = rules.content.get(parent).cloned() else { return UNSEEN };
    rules.allow(actor, "add", parent)?;
    if !rules.fits(&above, size) {
        return refused("P6");
    }
    let content = Content { kind, parent: Some(parent.to_owned()), author: author.to_owned(), size, ..above };
    rules.content.insert(format!("{kind}::\"{id}\""), content);
    Ok(())
}

fn delete(rules: &mut Rules, actor: Actor<'_>, content: &str) -> Result<(), Expected> {
    if !rules.content.contains_key(content) {
        return UNSEEN;
    }
    rules.allow(actor, "delete", content)?;
    for gone in rules.below(content) {
        rules.content.remove(&gone);
        rules.grants.retain(|grant| grant.resource != gone);
    }
    Ok(())
}

fn give(rules: &mut Rules, actor: Actor<'_>, grant: &Grant) -> Result<(), Expected> {
    let is_gone = matches!(&grant.to, Grantee::Group(group) if !rules.groups.contains_key(group));
    if is_gone || !rules.content.contains_key(&grant.resource) {
        return UNSEEN;
    }
    rules.allow(actor, "manage_access", &grant.resource)?;
    rules.grantable(actor, grant)?;
    rules.grants.insert(grant.clone());
    Ok(())
}

fn take_back(rules: &mut Rules, actor: Actor<'_>, grant: &Grant) -> Result<(), Expected> {
    if !rules.grants.contains(grant) {
        return UNSEEN;
    }
    rules.allow(actor, "manage_access", &grant.resource)?;
    if rules.kept.contains(grant) {
        return refused("F7");
    }
    rules.grants.remove(grant);
    Ok(())
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
