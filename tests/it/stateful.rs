//! Random commands, on people's behalf and the host's own, against the plain model of the rules.
//!
//! After each step the server must have done what the model did, or refused what it refused, by the
//! same rule; at the end everybody's rights on everything must be the model's.

use crate::commands::{Command, Step, id_of, path_of, steps};
use crate::rules::{self, Actor, Content, Expected, Grant, Grantee, Group, Rules, Space, UNSEEN, refused};
use crate::sidecar::{Reply, TestSidecar, block_on, is_on_server};
use crate::world::{GROUP_TOOLS, PRIVATE_TOOLS, RIGHTS};
use proptest::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

struct Run<'a> {
    /// All of them over one database.
    sidecars: &'a [TestSidecar],
    /// Whose turn it is.
    turn: AtomicUsize,
    /// The newest revision that was acknowledged.
    newest: AtomicU64,
    rules: Rules,
    /// How many groups and how much content were ever made: ids are not used again.
    made: usize,
}

impl<'a> Run<'a> {
    async fn start(sidecars: &'a [TestSidecar]) -> Self {
        let sidecar = &sidecars[0];
        let plan = json!({"max_groups": rules::GROUPS_MAX, "max_members": rules::MEMBERS_MAX, "capacities": {"documents": rules::CAPACITY}});
        sidecar.put("/subscriptions/plan", plan).await.ok();
        let (turn, newest) = (AtomicUsize::new(0), AtomicU64::new(0));
        let mut run = Self { sidecars, turn, newest, rules: Rules::default(), made: 0 };
        for user in ["ann", "bob", "cleo", "dan", "eve"] {
            sidecar.put(&format!("/users/{user}"), json!({"username": user, "subscription": "plan"})).await.ok();
            run.rules.users.push(user.to_owned());
            run.tools("user", user, &PRIVATE_TOOLS, &Space::Private(user.to_owned()));
        }
        run
    }

    fn tools(&mut self, prefix: &str, id: &str, kinds: &[&str], space: &Space) {
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
            self.rules.content.insert(tool, content);
        }
    }

    fn user(&self, n: usize) -> String {
        self.rules.users[n % self.rules.users.len()].clone()
    }

    fn group(&self, n: usize) -> Option<String> {
        self.rules.groups.keys().nth(n % self.rules.groups.len().max(1)).cloned()
    }

    fn content(&self, n: usize, among: impl Fn(&Content) -> bool) -> Option<String> {
        let all: Vec<_> =
            self.rules.content.iter().filter(|(_, content)| among(content)).map(|(at, _)| at.clone()).collect();
        (!all.is_empty()).then(|| all[n % all.len()].clone())
    }

    async fn call(&self, actor: Actor<'_>, method: Method, path: String, body: Value) -> Reply {
        let reply = match actor {
            Some(user) => self.sidecar().call_as(user, method, &path, body).await,
            None => self.sidecar().host(method, &path, body).await,
        };
        self.newest.fetch_max(reply.revision, Ordering::Relaxed);
        reply
    }

    /// Each call goes to the next.
    fn sidecar(&self) -> &TestSidecar {
        &self.sidecars[self.turn.fetch_add(1, Ordering::Relaxed) % self.sidecars.len()]
    }

    /// Does the step on both sides. What the model expects, and what the server did.
    async fn step(&mut self, step: &Step) -> Option<(Expected, Reply)> {
        let actor = (step.actor > 0).then(|| self.user(step.actor));
        let actor = actor.as_deref();
        let (expected, reply) = match step.command {
            Command::CreateGroup { administrator, published, open } => {
                self.create_group(actor, administrator, published, open).await
            }
            Command::DeleteGroup { group } => self.delete_group(actor, self.group(group)?).await,
            Command::Invite { group, user } => self.invite(actor, self.group(group)?, self.user(user)).await,
            Command::Join { group } => self.join(actor?, self.group(group)?).await,
            Command::Leave { group, grants } => self.leave(actor?, self.group(group)?, grants).await,
            Command::Remove { group, user } => self.remove(actor, self.group(group)?, self.user(user)).await,
            Command::Appoint { group, user } => {
                self.co_administrator(actor, self.group(group)?, self.user(user), true).await
            }
            Command::Dismiss { group, user } => {
                self.co_administrator(actor, self.group(group)?, self.user(user), false).await
            }
            Command::HandOver { group, user } => self.hand_over(actor, self.group(group)?, self.user(user)).await,
            Command::Add { item, parent, size } => self.add(actor, item, parent, size).await?,
            Command::Delete { content } => self.delete(actor, content).await?,
            Command::Grant { resource, right, to_group, to } => {
                self.grant(actor, resource, right, to_group, to).await?
            }
            Command::Revoke { grant } => self.revoke(actor, grant).await?,
        };
        Some((expected.err().unwrap_or(Expected::Done), reply))
    }

    async fn create_group(
        &mut self,
        actor: Actor<'_>,
        administrator: usize,
        published: bool,
        open: bool,
    ) -> (Result<(), Expected>, Reply) {
        let administrator = actor.map_or_else(|| self.user(administrator), str::to_owned);
        self.made += 1;
        let id = format!("g{}", self.made);
        let mut body = json!({"id": id, "name": id, "published": published, "open": open});
        if actor.is_none() {
            body["administrator"] = json!(administrator);
        }
        let expected = if open && !published {
            refused("A7")
        } else if self.rules.administered(&administrator) >= rules::GROUPS_MAX {
            refused("P3")
        } else {
            Ok(())
        };
        if expected.is_ok() {
            self.tools("group", &id, &GROUP_TOOLS, &Space::Group(id.clone()));
            self.rules.groups.insert(id, Group { administrator, published, open, ..Group::default() });
        }
        (expected, self.call(actor, Method::POST, "/groups".to_owned(), body).await)
    }

    async fn delete_group(&mut self, actor: Actor<'_>, id: String) -> (Result<(), Expected>, Reply) {
        let empty = || if self.rules.groups[&id].members.is_empty() { Ok(()) } else { refused("A14") };
        let expected = self.rules.allow_administrator(actor, &id, "A14").and_then(|()| empty());
        if expected.is_ok() {
            self.rules.groups.remove(&id);
            let of = |space: &Space| matches!(space, Space::Group(group) if *group == id);
            self.rules.content.retain(|_, content| !of(&content.space));
            let (content, to) = (&self.rules.content, Grantee::Group(id.clone()));
            self.rules.grants.retain(|grant| content.contains_key(&grant.resource) && grant.to != to);
        }
        (expected, self.call(actor, Method::DELETE, format!("/groups/{id}"), json!({})).await)
    }

    async fn invite(&mut self, actor: Actor<'_>, id: String, user: String) -> (Result<(), Expected>, Reply) {
        let group = &self.rules.groups[&id];
        let room = || match () {
            () if group.holds(&user) => Err(Expected::Refused(None)),
            () if group.members.len() >= rules::MEMBERS_MAX => refused("P4"),
            () => Ok(()),
        };
        let expected = self.rules.allow_administrator(actor, &id, "A9").and_then(|()| room());
        let reply = self.call(actor, Method::POST, format!("/groups/{id}/invitations"), json!({"user": user})).await;
        if reply.status == 201 {
            let invitation = reply.body["id"].as_str().unwrap().to_owned();
            self.accept(&id, &user, &invitation).await;
        }
        (expected, reply)
    }

    /// The token is shown to the host alone; sent again by it, the invitation can be accepted.
    async fn accept(&mut self, group: &str, user: &str, invitation: &str) {
        let path = format!("/groups/{group}/invitations/{invitation}/resend");
        let token = self.sidecar().post(&path, json!({})).await.ok().body["token"].as_str().unwrap().to_owned();
        let path = format!("/invitations/{token}/accept");
        let accepted = self.sidecar().call_as(user, Method::POST, &path, json!({})).await.ok();
        self.newest.fetch_max(accepted.revision, Ordering::Relaxed);
        self.rules.admit(group, user);
    }

    async fn join(&mut self, user: &str, id: String) -> (Result<(), Expected>, Reply) {
        let group = &self.rules.groups[&id];
        let expected = match () {
            () if group.holds(user) => refused("F4"),
            () if !group.published => UNSEEN,
            () if !group.open => refused("F4"),
            () if group.members.len() >= rules::MEMBERS_MAX => refused("P4"),
            () => Ok(()),
        };
        if expected.is_ok() {
            self.rules.admit(&id, user);
        }
        (expected, self.call(Some(user), Method::POST, format!("/groups/{id}/join"), json!({})).await)
    }

    /// `keep` or not the grants made through the group; `None` does not say.
    async fn leave(&mut self, user: &str, id: String, keep: Option<bool>) -> (Result<(), Expected>, Reply) {
        let group = &self.rules.groups[&id];
        let through = self.rules.made_through(&id, user);
        let expected = match () {
            () if group.administrator == user => refused("A3"),
            () if !group.holds(user) => UNSEEN,
            () if keep.is_none() && !through.is_empty() => refused("F7"),
            () => Ok(()),
        };
        if expected.is_ok() {
            self.rules.end_membership(&id, user);
            if keep == Some(true) {
                self.rules.kept.extend(through);
            } else {
                self.rules.grants.retain(|grant| !through.contains(grant));
            }
        }
        let body = match keep {
            None => json!({}),
            Some(true) => json!({"grants": "keep"}),
            Some(false) => json!({"grants": "revoke"}),
        };
        (expected, self.call(Some(user), Method::POST, format!("/groups/{id}/leave"), body).await)
    }

    async fn remove(&mut self, actor: Actor<'_>, id: String, user: String) -> (Result<(), Expected>, Reply) {
        let group = &self.rules.groups[&id];
        let member = || match () {
            () if group.administrator == user => refused("A3"),
            () if !group.holds(&user) => UNSEEN,
            () => Ok(()),
        };
        let expected = self.rules.allow_administrator(actor, &id, "A12").and_then(|()| member());
        if expected.is_ok() {
            self.rules.end_membership(&id, &user);
        }
        (expected, self.call(actor, Method::DELETE, format!("/groups/{id}/members/{user}"), json!({})).await)
    }

    async fn co_administrator(
        &mut self,
        actor: Actor<'_>,
        id: String,
        user: String,
        on: bool,
    ) -> (Result<(), Expected>, Reply) {
        let is = self.rules.groups[&id].members.get(&user).copied();
        let member = || match is {
            None if on => refused("C1"),
            Some(true) => Ok(()),
            Some(false) if on => Ok(()),
            _ => UNSEEN,
        };
        let expected = self.rules.allow_administrator(actor, &id, "C1").and_then(|()| member());
        if expected.is_ok() {
            self.rules.groups.get_mut(&id).unwrap().members.insert(user.clone(), on);
        }
        let method = if on { Method::PUT } else { Method::DELETE };
        (expected, self.call(actor, method, format!("/groups/{id}/co-administrators/{user}"), json!({})).await)
    }

    async fn hand_over(&mut self, actor: Actor<'_>, id: String, user: String) -> (Result<(), Expected>, Reply) {
        let member = || match () {
            () if !self.rules.groups[&id].members.contains_key(&user) => refused("A4"),
            () if self.rules.administered(&user) >= rules::GROUPS_MAX => refused("A5"),
            () => Ok(()),
        };
        let expected = self.rules.allow_administrator(actor, &id, "A4").and_then(|()| member());
        if expected.is_ok() {
            let group = self.rules.groups.get_mut(&id).unwrap();
            group.members.remove(&user);
            let former = std::mem::replace(&mut group.administrator, user.clone());
            group.members.insert(former, false);
        }
        (expected, self.call(actor, Method::PUT, format!("/groups/{id}/administrator"), json!({"user": user})).await)
    }

    async fn add(
        &mut self,
        actor: Actor<'_>,
        item: bool,
        parent: usize,
        size: i64,
    ) -> Option<(Result<(), Expected>, Reply)> {
        let parent = self.content(parent, |content| content.kind != "Item")?;
        let size = if item { size } else { 0 };
        let above = self.rules.content[&parent].clone();
        let room = || if self.rules.fits(&above, size) { Ok(()) } else { refused("P6") };
        let expected = self.rules.allow(actor, "add", &parent).and_then(|()| room());
        self.made += 1;
        let (kind, path) = if item { ("Item", "/items") } else { ("Folder", "/folders") };
        let author = actor.unwrap_or("ann").to_owned();
        let mut body = json!({"id": format!("c{}", self.made), "parent": parent});
        if item {
            body["size"] = json!(size);
        }
        if actor.is_none() {
            body["author"] = json!(author);
        }
        if expected.is_ok() {
            let content = Content { kind, parent: Some(parent), author, size, ..above };
            self.rules.content.insert(format!("{kind}::\"c{}\"", self.made), content);
        }
        Some((expected, self.call(actor, Method::POST, path.to_owned(), body).await))
    }

    async fn delete(&mut self, actor: Actor<'_>, content: usize) -> Option<(Result<(), Expected>, Reply)> {
        let reference = self.content(content, |content| content.kind != "Tool")?;
        let expected = self.rules.allow(actor, "delete", &reference);
        if expected.is_ok() {
            for gone in self.rules.below(&reference) {
                self.rules.content.remove(&gone);
                self.rules.grants.retain(|grant| grant.resource != gone);
            }
        }
        Some((expected, self.call(actor, Method::DELETE, path_of(&reference), json!({})).await))
    }

    async fn grant(
        &mut self,
        actor: Actor<'_>,
        resource: usize,
        right: usize,
        to_group: bool,
        to: usize,
    ) -> Option<(Result<(), Expected>, Reply)> {
        let resource = self.content(resource, |_| true)?;
        let to = match self.group(to) {
            Some(group) if to_group => Grantee::Group(group),
            _ => Grantee::User(self.user(to)),
        };
        let grant = Grant { resource, right: RIGHTS[right], to };
        let expected = self
            .rules
            .allow(actor, "manage_access", &grant.resource)
            .and_then(|()| self.rules.grantable(actor, &grant));
        if expected.is_ok() {
            self.rules.grants.insert(grant.clone());
        }
        Some((expected, self.call(actor, Method::PUT, "/grants".to_owned(), body_of(&grant)).await))
    }

    async fn revoke(&mut self, actor: Actor<'_>, grant: usize) -> Option<(Result<(), Expected>, Reply)> {
        let grant = self.rules.grants.iter().nth(grant % self.rules.grants.len().max(1))?.clone();
        let free = || if self.rules.kept.contains(&grant) { refused("F7") } else { Ok(()) };
        let expected = self.rules.allow(actor, "manage_access", &grant.resource).and_then(|()| free());
        if expected.is_ok() {
            self.rules.grants.remove(&grant);
        }
        Some((expected, self.call(actor, Method::POST, "/grants/revoke".to_owned(), body_of(&grant)).await))
    }

    /// Everybody's rights on everything, members and counters.
    async fn compare(&self) {
        let newest = self.newest.load(Ordering::Relaxed);
        for (reference, content) in &self.rules.content {
            for action in ["view", "add", "edit", "delete", "manage_access"] {
                if action == "add" && content.kind == "Item" {
                    continue;
                }
                for user in &self.rules.users {
                    let resource = (content.kind, id_of(reference).to_owned());
                    let answer = self.sidecar().ask_since(newest, user, action, &resource, &json!({})).await;
                    let allowed = answer.decision == "Allow";
                    assert_eq!(allowed, self.rules.may(user, action, reference), "may {user} {action} {reference}?");
                }
            }
        }
        for (id, group) in &self.rules.groups {
            let listed = self.sidecar().get(&format!("/groups/{id}/members")).await.ok().body;
            assert_eq!(listed["administrator"], group.administrator.as_str());
            let members = listed["members"].as_array().unwrap().iter();
            let members: Vec<_> = members
                .map(|row| (row["user"].as_str().unwrap(), row["co_administrator"].as_bool().unwrap()))
                .collect();
            assert_eq!(members, group.members.iter().map(|(user, co)| (user.as_str(), *co)).collect::<Vec<_>>());
            let usage = self.sidecar().get(&format!("/groups/{id}/usage")).await.ok().body;
            let used = self.rules.used(&format!("Tool::\"group:{id}/documents\""));
            assert_eq!(usage["tools"]["documents"], json!({"used": used, "capacity": rules::CAPACITY}));
        }
    }
}

fn body_of(grant: &Grant) -> Value {
    let to = match &grant.to {
        Grantee::User(user) => json!({"user": user}),
        Grantee::Group(group) => json!({"group": group}),
    };
    json!({"resource": grant.resource, "right": grant.right, "to": to})
}

fn agrees(expected: Expected, reply: &Reply) -> bool {
    match expected {
        Expected::Done => reply.accepted(),
        Expected::Refused(None) => !reply.accepted(),
        Expected::Refused(Some(rule)) => !reply.accepted() && reply.body["rule"] == rule,
    }
}

/// One sidecar on a file; three where tests have a server.
async fn fleet() -> Vec<TestSidecar> {
    let mut sidecars = vec![TestSidecar::new().start().await];
    if is_on_server(&sidecars[0].database()) {
        for _ in 0..2 {
            let another = TestSidecar::new().beside(&sidecars[0]).start().await;
            sidecars.push(another);
        }
    }
    sidecars
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_server_does_and_refuses_what_the_rules_say(steps in steps()) {
        block_on(async {
            let sidecars = fleet().await;
            let mut run = Run::start(&sidecars).await;
            for step in &steps {
                if let Some((expected, reply)) = run.step(step).await {
                    prop_assert!(agrees(expected, &reply), "{:?}: {:?} expected, but {} {}", step, expected, reply.status, reply.body);
                }
            }
            run.compare().await;
            // The first made the database, and takes it along.
            for sidecar in sidecars.into_iter().rev() {
                sidecar.stop().await;
            }
            Ok(())
        })?;
    }
}
