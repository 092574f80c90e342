//! The writers: each with folders and items of its own, all with the same members and groups.

use super::plan::{Change, GROUPS, ITEMS, TOOL, group, inner, item, outer, to_user};
use super::{Race, Random};
use crate::commands::{id_of, path_of};
use crate::rules::{Grant, Grantee};
use crate::sidecar::{Reply, TestSidecar};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a writer did: the revision of each acknowledgement.
pub type History = Vec<(u64, Change)>;

pub struct Writer {
    race: Arc<Race>,
    number: usize,
    random: Random,
    history: History,
    groups: usize,
}

pub async fn add(sidecar: &TestSidecar, reference: &str, parent: &str) -> Reply {
    let path = if reference.starts_with("Item") { "/items" } else { "/folders" };
    sidecar.post(path, json!({"id": id_of(reference), "parent": parent, "author": "ann"})).await
}

fn body_of(grant: &Grant) -> Value {
    let to = match &grant.to {
        Grantee::User(user) => json!({"user": user}),
        Grantee::Group(group) => json!({"group": group}),
    };
    json!({"resource": grant.resource, "right": grant.right, "to": to})
}

impl Writer {
    pub fn new(race: Arc<Race>, number: usize) -> Self {
        Self { race, number, random: Random::new(number as u64 + 1), history: History::new(), groups: 0 }
    }

    /// Writes as often as the askers let it; answers with what it did.
    pub async fn run(mut self) -> History {
        let mut wire = self.race.connect().await;
        while self.race.turn_to_write().await {
            let Some(revision) = self.write().await else { continue };
            self.race.tell(revision);
            if self.random.below(4) == 0 {
                // Whoever has just written sees it, whomever it asks.
                self.race.ask(&mut wire, &mut self.random, Some(revision)).await;
            }
        }
        self.history
    }

    /// One change, if the rules allow it as things stand now.
    async fn write(&mut self) -> Option<u64> {
        match self.random.below(16) {
            0..=3 => self.grant(true).await,
            4..=6 => self.grant(false).await,
            7..=8 => self.recreate().await,
            9..=10 => self.relocate().await,
            11 => self.remove().await,
            12..=13 => self.join().await,
            14 => self.publish().await,
            _ => self.regroup().await,
        }
    }

    fn done(&mut self, reply: &Reply, change: Change) -> Option<u64> {
        reply.accepted().then(|| {
            self.history.push((reply.revision, change));
            reply.revision
        })
    }

    fn some_user(&mut self) -> &'static str {
        ["bob", "cleo"][self.random.below(2)]
    }

    fn some_item(&mut self) -> String {
        item(self.number, self.random.below(ITEMS))
    }

    /// To edit an item, or to delete whatever lies in a folder.
    async fn grant(&mut self, on: bool) -> Option<u64> {
        let (resource, right) = match self.random.below(4) {
            0 => (outer(self.number), "delete"),
            1 => (inner(self.number), "delete"),
            _ => (self.some_item(), "edit"),
        };
        let everyone = self.random.below(4) == 0;
        let to = if everyone { Grantee::Group("g".to_owned()) } else { to_user(self.some_user()) };
        let grant = Grant { resource, right, to };
        let sidecar = &self.race.sidecar;
        if on {
            let reply = sidecar.put("/grants", body_of(&grant)).await;
            self.done(&reply, Change::Grant(grant))
        } else {
            let reply = sidecar.post("/grants/revoke", body_of(&grant)).await;
            self.done(&reply, Change::Revoke(grant))
        }
    }

    /// Deletes an item or a folder with all in it, and creates it again under the same id, without the grants.
    async fn recreate(&mut self) -> Option<u64> {
        let folder = self.random.below(8) == 0;
        let reference = if folder { inner(self.number) } else { self.some_item() };
        let parent = if folder { outer(self.number) } else { inner(self.number) };
        let race = Arc::clone(&self.race);
        let reply = race.sidecar.delete(&path_of(&reference)).await;
        if let Some(revision) = self.done(&reply, Change::Delete(reference.clone())) {
            race.tell(revision);
        }
        let reply = add(&race.sidecar, &reference, &parent).await;
        self.done(&reply, Change::Add { reference, parent })
    }

    /// Moves an item or the inner folder, and with it what is granted above.
    async fn relocate(&mut self) -> Option<u64> {
        let folder = self.random.below(3) == 0;
        let (reference, parents) = if folder {
            (inner(self.number), [outer(self.number), TOOL.to_owned()])
        } else {
            (self.some_item(), [outer(self.number), inner(self.number)])
        };
        let parent = parents[self.random.below(2)].clone();
        let reply = self.race.sidecar.host(Method::PATCH, &path_of(&reference), json!({"parent": parent})).await;
        self.done(&reply, Change::Move { reference, parent })
    }

    async fn remove(&mut self) -> Option<u64> {
        let user = self.some_user();
        let reply = self.race.sidecar.delete(&format!("/groups/g/members/{user}")).await;
        self.done(&reply, Change::Remove(user))
    }

    async fn join(&mut self) -> Option<u64> {
        let user = self.some_user();
        let reply = self.race.sidecar.call_as(user, Method::POST, "/groups/g/join", json!({})).await;
        self.done(&reply, Change::Admit(user))
    }

    async fn publish(&mut self) -> Option<u64> {
        let published = self.random.below(2) == 0;
        let reply = self.race.sidecar.host(Method::PATCH, "/groups/h", json!({"published": published})).await;
        self.done(&reply, Change::Publish(published))
    }

    /// Founds the next group of its own, or ends it: then its id is never free again.
    async fn regroup(&mut self) -> Option<u64> {
        let id = group(self.number, self.groups / 2);
        if self.groups / 2 == GROUPS {
            return None;
        }
        self.groups += 1;
        let new = json!({"id": id, "name": id, "administrator": "ann"});
        let race = Arc::clone(&self.race);
        if self.groups % 2 == 1 {
            let reply = race.sidecar.post("/groups", new).await.ok();
            return self.done(&reply, Change::Found(id));
        }
        let reply = race.sidecar.delete(&format!("/groups/{id}")).await.ok();
        let revision = self.done(&reply, Change::Dissolve(id));
        assert_eq!(race.sidecar.post("/groups", new).await.status, 409, "the id of a deleted group");
        revision
    }
}
