//! Generated worlds: built through the admin API, and kept beside it in a plain model.
//!
//! The model is the oracle's side of the differential tests. It shares no code with the store or the
//! slice: it remembers what was accepted and works out entities from that, slowly and plainly.

use crate::sidecar::TestSidecar;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub const RIGHTS: [&str; 5] = ["view", "view_details", "add", "edit", "delete"];
pub const GROUP_TOOLS: [&str; 4] = ["documents", "calendar", "contacts", "polls"];
pub const PRIVATE_TOOLS: [&str; 7] = ["documents", "calendar", "contacts", "polls", "mailbox", "drop", "profile"];
/// Small, so that the capacity matters.
pub const CAPACITY: i64 = 100;

/// One thing to try; numbers are taken modulo what there is.
#[derive(Debug, Clone)]
pub enum Step {
    Group { administrator: usize, open: bool, published: bool },
    Member { group: usize, user: usize },
    Remove { group: usize, user: usize },
    CoAdministrator { group: usize, user: usize },
    Folder { parent: usize, author: usize },
    Item { parent: usize, author: usize, size: i64 },
    Grant { resource: usize, right: usize, to_group: bool, to: usize },
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let n = 0_usize..64;
    let step = prop_oneof![
        2 => (n.clone(), any::<bool>(), any::<bool>()).prop_map(|(administrator, open, published)| Step::Group { administrator, open: open && published, published }),
        6 => (n.clone(), n.clone()).prop_map(|(group, user)| Step::Member { group, user }),
        1 => (n.clone(), n.clone()).prop_map(|(group, user)| Step::Remove { group, user }),
        2 => (n.clone(), n.clone()).prop_map(|(group, user)| Step::CoAdministrator { group, user }),
        4 => (n.clone(), n.clone()).prop_map(|(parent, author)| Step::Folder { parent, author }),
        6 => (n.clone(), n.clone(), 0_i64..60).prop_map(|(parent, author, size)| Step::Item { parent, author, size }),
        8 => (n.clone(), 0_usize..5, any::<bool>(), n).prop_map(|(resource, right, to_group, to)| Step::Grant { resource, right, to_group, to }),
    ];
    proptest::collection::vec(step, 20..60)
}

#[derive(Debug, Clone)]
pub struct Group {
    pub id: String,
    pub administrator: String,
    pub members: BTreeSet<String>,
    pub co_administrators: BTreeSet<String>,
    pub published: bool,
    pub open: bool,
}

/// A tool, a folder or an item; `parent` is an index into `World::content`.
#[derive(Debug, Clone)]
pub struct Content {
    pub kind: &'static str,
    pub id: String,
    pub parent: Option<usize>,
    pub author: String,
    pub size: i64,
}

#[derive(Debug, Clone, Default)]
pub struct World {
    pub users: Vec<String>,
    pub groups: Vec<Group>,
    pub content: Vec<Content>,
    /// (index of the content, right, "User" or "Group", id)
    pub grants: BTreeSet<(usize, &'static str, &'static str, String)>,
}

/// Ids that have tripped other programs: quotes, escapes, look-alikes, the longest, emoji.
pub fn users() -> Vec<String> {
    ["ann", "Ann", "o'brien \"x\"", "b\\", "\u{2764}\u{fe0f} zo\u{eb}", "zoe\u{308}"].map(str::to_owned).to_vec()
}

impl World {
    /// Six users with their private spaces, and nothing else.
    pub async fn start(sidecar: &TestSidecar) -> Self {
        let capacities = json!({"documents": CAPACITY});
        sidecar
            .put("/subscriptions/small", json!({"max_groups": 3, "max_members": 4, "capacities": capacities}))
            .await
            .ok();
        let mut world = Self::default();
        for user in users() {
            let path = format!("/users/{}", crate::sidecar::segment(&user));
            sidecar.put(&path, json!({"username": user, "subscription": "small"})).await.ok();
            world.add_tools("user", &user, &PRIVATE_TOOLS);
            world.users.push(user);
        }
        world
    }

    /// Tries a step; what the server refuses as against the rules does not become part of the world.
    pub async fn apply(&mut self, sidecar: &TestSidecar, step: &Step) {
        match *step {
            Step::Group { administrator, open, published } => self.group(sidecar, administrator, open, published).await,
            Step::Member { group, user } => self.member(sidecar, group, user).await,
            Step::Remove { group, user } => self.remove(sidecar, group, user).await,
            Step::CoAdministrator { group, user } => self.co_administrator(sidecar, group, user).await,
            Step::Folder { parent, author } => self.place(sidecar, "Folder", parent, author, 0).await,
            Step::Item { parent, author, size } => self.place(sidecar, "Item", parent, author, size).await,
            Step::Grant { resource, right, to_group, to } => self.grant(sidecar, resource, right, to_group, to).await,
        }
    }

    fn user(&self, n: usize) -> String {
        self.users[n % self.users.len()].clone()
    }

    fn group_index(&self, n: usize) -> Option<usize> {
        (!self.groups.is_empty()).then(|| n % self.groups.len())
    }

    fn add_tools(&mut self, space: &str, id: &str, kinds: &[&str]) {
        for kind in kinds {
            let id = format!("{space}:{id}/{kind}");
            self.content.push(Content { kind: "Tool", id, parent: None, author: String::new(), size: 0 });
        }
    }

    async fn group(&mut self, sidecar: &TestSidecar, administrator: usize, open: bool, published: bool) {
        let administrator = self.user(administrator);
        let id = format!("g\u{e9} {}", self.groups.len());
        let body = json!({"id": id, "name": id, "administrator": administrator, "open": open, "published": published});
        if !sidecar.post("/groups", body).await.accepted() {
            return;
        }
        self.add_tools("group", &id, &GROUP_TOOLS);
        let (members, co_administrators) = Default::default();
        self.groups.push(Group { id, administrator, members, co_administrators, published, open });
    }

    async fn member(&mut self, sidecar: &TestSidecar, group: usize, user: usize) {
        let (Some(group), user) = (self.group_index(group), self.user(user)) else { return };
        if sidecar.admit(&self.groups[group].id, &user).await {
            self.groups[group].members.insert(user);
        }
    }

    async fn remove(&mut self, sidecar: &TestSidecar, group: usize, user: usize) {
        let (Some(group), user) = (self.group_index(group), self.user(user)) else { return };
        let id = self.groups[group].id.clone();
        let path = format!("/groups/{}/members/{}", crate::sidecar::segment(&id), crate::sidecar::segment(&user));
        if !sidecar.delete(&path).await.accepted() {
            return;
        }
        self.groups[group].members.remove(&user);
        self.groups[group].co_administrators.remove(&user);
        // A12: grants naming the person inside the group's space go with the membership.
        let gone = |index: usize| self.space(index) == ("group", id.as_str());
        let kept = self.grants.iter().filter(|(at, _, kind, to)| !(*kind == "User" && *to == user && gone(*at)));
        self.grants = kept.cloned().collect();
    }

    async fn co_administrator(&mut self, sidecar: &TestSidecar, group: usize, user: usize) {
        let (Some(group), user) = (self.group_index(group), self.user(user)) else { return };
        let id = crate::sidecar::segment(&self.groups[group].id);
        let path = format!("/groups/{id}/co-administrators/{}", crate::sidecar::segment(&user));
        if sidecar.put(&path, json!({})).await.accepted() {
            self.groups[group].co_administrators.insert(user);
        }
    }

    async fn place(&mut self, sidecar: &TestSidecar, kind: &'static str, parent: usize, author: usize, size: i64) {
        let parents: Vec<_> = (0..self.content.len()).filter(|at| self.content[*at].kind != "Item").collect();
        let (parent, author) = (parents[parent % parents.len()], self.user(author));
        let id = format!("{kind} {} \u{1F4C1}", self.content.len());
        let mut body = json!({"id": id, "parent": self.reference(parent), "author": author});
        if kind == "Item" {
            body["size"] = size.into();
        }
        let path = if kind == "Item" { "/items" } else { "/folders" };
        if sidecar.post(path, body).await.accepted() {
            self.content.push(Content { kind, id, parent: Some(parent), author, size });
        }
    }

    async fn grant(&mut self, sidecar: &TestSidecar, resource: usize, right: usize, to_group: bool, to: usize) {
        let (resource, right) = (resource % self.content.len(), RIGHTS[right]);
        let (kind, to) = match self.group_index(to) {
            Some(group) if to_group => ("Group", self.groups[group].id.clone()),
            _ => ("User", self.user(to)),
        };
        let grantee = if kind == "Group" { json!({"group": to}) } else { json!({"user": to}) };
        let body = json!({"resource": self.reference(resource), "right": right, "to": grantee});
        if sidecar.put("/grants", body).await.accepted() {
            self.grants.insert((resource, right, kind, to));
        }
    }

    /// `Type::"id"`, as requests have it.
    pub fn reference(&self, index: usize) -> String {
        reference(self.content[index].kind, &self.content[index].id)
    }

    /// The tool at the root, and everything between: from the content itself upwards.
    fn chain(&self, index: usize) -> Vec<usize> {
        std::iter::successors(Some(index), |at| self.content[*at].parent).collect()
    }

    fn tool(&self, index: usize) -> &Content {
        &self.content[*self.chain(index).last().expect("a chain has a root")]
    }

    /// ("group" or "user", id)
    fn space(&self, index: usize) -> (&'static str, &str) {
        let id = self.tool(index).id.as_str();
        let (space, rest) = id.split_once(':').expect("a tool's id has a space");
        let (owner, _) = rest.rsplit_once('/').expect("a tool's id has a kind");
        (if space == "group" { "group" } else { "user" }, owner)
    }

    /// Every entity of the world in Cedar's JSON form, ancestors left to Cedar.
    pub fn entities(&self) -> Value {
        let users = self.users.iter().map(|user| self.user_entity(user));
        let groups = self.groups.iter().map(Self::group_entity);
        let roles = self.groups.iter().map(|group| entity("Role", &role(&group.id), json!({}), vec![]));
        let quotas =
            (0..self.content.len()).filter(|at| self.content[*at].kind == "Tool").map(|at| self.quota_entity(at));
        let content = (0..self.content.len()).map(|at| self.content_entity(at));
        users.chain(groups).chain(roles).chain(quotas).chain(content).collect::<Vec<_>>().into()
    }

    fn user_entity(&self, user: &str) -> Value {
        let of = |group: &&Group| group.administrator == user || group.members.contains(user);
        let groups: Vec<_> = self.groups.iter().filter(of).map(|group| uid("Group", &group.id)).collect();
        let holds = self.groups.iter().filter(|group| group.co_administrators.contains(user));
        let roles = holds.map(|group| uid("Role", &role(&group.id)));
        let set: Vec<_> = groups.iter().map(|group| json!({"__entity": group})).collect();
        let mut attributes = json!({"groups": set});
        let profile = self.content.iter().position(|tool| tool.id == format!("user:{user}/profile"));
        let viewers = self.grantees(profile.expect("every user has a profile"), "view");
        if viewers != json!({"users": [], "groups": []}) {
            attributes["canViewProfile"] = viewers;
        }
        entity("User", user, attributes, groups.iter().cloned().chain(roles).collect())
    }

    fn group_entity(group: &Group) -> Value {
        let attributes = json!({
            "administrator": {"__entity": uid("User", &group.administrator)},
            "coAdministrators": {"__entity": uid("Role", &role(&group.id))},
            "published": group.published, "open": group.open, "membersPublished": false,
        });
        entity("Group", &group.id, attributes, vec![])
    }

    fn quota_entity(&self, tool: usize) -> Value {
        let id = &self.content[tool].id;
        let below = (0..self.content.len()).filter(|at| self.tool(*at).id == *id);
        let used: i64 = below.map(|at| self.content[at].size).sum();
        let free = if id.ends_with("/documents") { CAPACITY - used } else { i64::MAX };
        entity("Quota", id, json!({"free": free}), vec![])
    }

    fn content_entity(&self, index: usize) -> Value {
        let content = &self.content[index];
        let tool = &self.tool(index).id;
        let (space, owner) = self.space(index);
        let (_, kind) = tool.rsplit_once('/').expect("a tool's id has a kind");
        let mut attributes = json!({"toolKind": kind});
        match space {
            "group" => attributes["group"] = json!({"__entity": uid("Group", owner)}),
            _ => attributes["owner"] = json!({"__entity": uid("User", owner)}),
        }
        for (right, name) in RIGHTS.into_iter().zip(["canView", "canViewDetails", "canAdd", "canEdit", "canDelete"]) {
            if content.kind != "Item" || right != "add" {
                attributes[name] = self.grantees(index, right);
            }
        }
        if content.kind != "Item" {
            attributes["quota"] = json!({"__entity": uid("Quota", tool)});
        }
        let mut parents = vec![];
        if let Some(parent) = content.parent {
            attributes["tool"] = json!({"__entity": uid("Tool", tool)});
            attributes["author"] = json!({"__entity": uid("User", &content.author)});
            parents.push(uid(self.content[parent].kind, &self.content[parent].id));
        }
        entity(content.kind, &content.id, attributes, parents)
    }

    fn grantees(&self, index: usize, right: &str) -> Value {
        let chain = self.chain(index);
        let of = |wanted: &str| -> Vec<Value> {
            let granted =
                self.grants.iter().filter(|(at, r, kind, _)| chain.contains(at) && *r == right && *kind == wanted);
            let ids: BTreeSet<_> = granted.map(|(.., to)| to).collect();
            ids.into_iter().map(|id| json!({"__entity": uid(wanted, id)})).collect()
        };
        json!({"users": of("User"), "groups": of("Group")})
    }

    /// Every resource there is, and one that is not.
    pub fn resources(&self) -> Vec<(&'static str, String)> {
        let content = self.content.iter().map(|content| (content.kind, content.id.clone()));
        let users = self.users.iter().map(|user| ("User", user.clone()));
        let groups = self.groups.iter().map(|group| ("Group", group.id.clone()));
        let absent = ["User", "Group", "Tool", "Folder", "Item"].map(|kind| (kind, "nobody knows it".to_owned()));
        content.chain(users).chain(groups).chain(absent).collect()
    }
}

/// `Type::"id"` with the id escaped as Cedar escapes it.
pub fn reference(kind: &str, id: &str) -> String {
    format!("{kind}::\"{}\"", id.escape_debug())
}

fn role(group: &str) -> String {
    format!("{group}/co-administrators")
}

fn uid(kind: &str, id: &str) -> Value {
    json!({"type": kind, "id": id})
}

#[expect(clippy::needless_pass_by_value, reason = "they are made for it")]
fn entity(kind: &str, id: &str, attributes: Value, parents: Vec<Value>) -> Value {
    json!({"uid": uid(kind, id), "attrs": attributes, "parents": parents})
}
