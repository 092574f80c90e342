//! Who writes while the server is tormented, and knows afterwards what must be there.
//!
//! Each worker has a folder, of which it grants and revokes the sight to one person, and in which it adds and deletes
//! items. Nobody else touches either, so what a worker was told is what must be so. One call in flight when the server
//! dies may or may not have been carried out; the same call with the same key tells, and is carried out once all in all.

use super::dice::Dice;
use super::victim::{Gone, Reply, Victim};
use crate::by_rule::scene::{HOST, Scene};
use crate::sidecar::TestSidecar;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tokio::sync::OnceCell;

pub const WORKERS: usize = 3;

/// More items than this are not kept by one worker, so that all of them can be looked at.
const ITEMS_MAX: usize = 5;

/// A sentence that says what is not as it must be.
pub type Verdict = Result<(), String>;

pub fn must(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(otherwise()) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Grant,
    Revoke,
    Add(u64),
    Delete(u64),
    /// A grant to somebody who shares no group with the owner (S5): refused.
    Forbidden,
}

/// What a worker's folder looks like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    granted: bool,
    items: BTreeSet<u64>,
}

impl State {
    fn after(mut self, deed: Deed) -> Self {
        match deed {
            Deed::Grant => self.granted = true,
            Deed::Revoke => self.granted = false,
            Deed::Add(item) => drop(self.items.insert(item)),
            Deed::Delete(item) => drop(self.items.remove(&item)),
            Deed::Forbidden => {}
        }
        self
    }
}

pub struct Worker {
    number: usize,
    dice: Dice,
    /// What was acknowledged, and as which revision.
    done: Vec<(u64, Deed)>,
    /// What all of that has made.
    state: State,
    /// What nobody knows of, and its key.
    pending: Option<(Deed, String)>,
    tried: u64,
}

impl Worker {
    /// As many as there are folders.
    pub fn all(dice: &mut Dice) -> Vec<Self> {
        let worker = |number| Self {
            number,
            dice: dice.split(),
            done: Vec::new(),
            state: State::default(),
            pending: None,
            tried: 0,
        };
        (0..WORKERS).map(worker).collect()
    }

    fn folder(&self) -> String {
        format!("Folder::\"f{}\"", self.number)
    }

    fn item(&self, item: u64) -> String {
        format!("i{}-{item}", self.number)
    }

    /// What was so at a revision.
    fn at(&self, revision: u64) -> State {
        let done = self.done.iter().filter(|(made, _)| *made <= revision);
        done.fold(State::default(), |state, (_, deed)| state.after(*deed))
    }

    fn now(&self) -> State {
        self.state.clone()
    }

    fn choose(&mut self) -> Deed {
        let state = self.now();
        match self.dice.below(8) {
            0 => Deed::Forbidden,
            1..=3 if state.granted => Deed::Revoke,
            1..=3 => Deed::Grant,
            _ => match state.items.iter().nth(usize::try_from(self.dice.below(2 * ITEMS_MAX as u64)).unwrap()) {
                Some(item) => Deed::Delete(*item),
                None if state.items.len() >= ITEMS_MAX => Deed::Delete(*state.items.first().unwrap()),
                None => Deed::Add(self.tried),
            },
        }
    }

    async fn send(&self, victim: &Victim, deed: Deed, key: &str) -> Result<Reply, Gone> {
        let grant = |to: &str| json!({"resource": self.folder(), "right": "view", "to": {"user": to}});
        let own = format!("w{}", self.number);
        let (line, body) = match deed {
            Deed::Grant => ("PUT /grants".to_owned(), grant(&own)),
            Deed::Revoke => ("POST /grants/revoke".to_owned(), grant(&own)),
            Deed::Forbidden => ("PUT /grants".to_owned(), grant("stranger")),
            Deed::Add(item) => {
                let body = json!({"id": self.item(item), "parent": self.folder(), "author": "olga", "size": 1, "name": "x".repeat(200)});
                ("POST /items".to_owned(), body)
            }
            Deed::Delete(item) => (format!("DELETE /items/{}", self.item(item)), Value::Null),
        };
        victim.call(&line, Some(key), &body).await
    }

    /// Writes so many times, or until the server is gone or can write no more: whether it has written all. Its own
    /// writes are seen by its own questions at once.
    pub async fn work(&mut self, victim: &Victim, times: u64) -> Result<bool, String> {
        for _ in 0..times {
            let deed = self.choose();
            self.tried += 1;
            let key = format!("{}-{}", self.number, self.tried);
            self.pending = Some((deed, key.clone()));
            let Ok(reply) = self.send(victim, deed, &key).await else { return Ok(false) };
            if reply.status == 503 {
                return Ok(false);
            }
            self.told(deed, &reply)?;
            match victim.allows(&format!("w{}", self.number), "view", &self.folder()).await {
                Ok(seen) => self.sees(seen)?,
                Err(Gone) => return Ok(false),
            }
        }
        Ok(true)
    }

    fn told(&mut self, deed: Deed, reply: &Reply) -> Verdict {
        let wanted = if deed == Deed::Forbidden { 409..=409 } else { 200..=299 };
        must(wanted.contains(&reply.status), || format!("worker {}: {deed:?} {reply:?}", self.number))?;
        self.pending = None;
        if deed != Deed::Forbidden {
            self.done.push((reply.revision, deed));
            self.state = self.now().after(deed);
        }
        Ok(())
    }

    fn sees(&self, seen: Option<bool>) -> Verdict {
        let wanted = self.now().granted;
        must(seen.is_none_or(|seen| seen == wanted), || format!("worker {} sees {seen:?}, not {wanted}", self.number))
    }

    /// Whether the decisions are still what the last acknowledged write has made them, or none. `unsure` if it is open
    /// whether the pending one has happened.
    pub async fn decides(&self, victim: &Victim, unsure: bool) -> Verdict {
        let gone = |_| "the server is gone".to_owned();
        let seen = victim.allows(&format!("w{}", self.number), "view", &self.folder()).await.map_err(gone)?;
        if !unsure {
            self.sees(seen)?;
        }
        // Nobody has asked this before, so it is in no cache.
        let stranger = victim.allows("stranger", "view", &self.folder()).await.map_err(gone)?;
        must(stranger != Some(true), || "a stranger is allowed".to_owned())
    }

    /// What the server says there is.
    pub async fn observe(&self, victim: &Victim) -> Result<State, Gone> {
        let granted = victim.allows(&format!("w{}", self.number), "view", &self.folder()).await?.unwrap_or_default();
        let mut state = State { granted, items: BTreeSet::new() };
        let (mut may_be, pending) = (self.now().items, self.pending.as_ref().map(|(deed, _)| *deed));
        may_be.extend(self.done.iter().rev().take(3).filter_map(|(_, deed)| named(*deed)));
        may_be.extend(pending.and_then(named));
        for item in may_be {
            let reply = victim.call(&format!("GET /items/{}", self.item(item)), None, &Value::Null).await?;
            if reply.status == 200 {
                state.items.insert(item);
            }
        }
        Ok(state)
    }

    /// The deed of which nobody knew is there whole or not at all, and then there once; what was acknowledged is there.
    pub async fn settle(&mut self, victim: &Victim) -> Verdict {
        let (before, number) = (self.now(), self.number);
        let seen = self.observe(victim).await.map_err(|_| "gone while observed".to_owned())?;
        let Some((deed, key)) = self.pending.clone() else {
            return must(seen == before, || {
                format!("worker {number}: {seen:?} is not what was acknowledged, {before:?}")
            });
        };
        let after = before.clone().after(deed);
        must(seen == before || seen == after, || {
            format!("worker {number}: {seen:?} is neither {before:?} nor, with {deed:?}, {after:?}")
        })?;
        let reply = self.send(victim, deed, &key).await.map_err(|_| "gone while repeating".to_owned())?;
        must(deed == Deed::Forbidden || reply.replayed == (seen == after), || {
            format!("worker {number}: {deed:?}, replayed: {}, but there was {seen:?}", reply.replayed)
        })?;
        self.told(deed, &reply)?;
        let seen = self.observe(victim).await.map_err(|_| "gone while observed".to_owned())?;
        must(seen == after, || format!("worker {number}: {seen:?} after {deed:?} was repeated"))
    }

    /// That nothing is there of the call that failed last.
    pub async fn is_undone(&self, victim: &Victim) -> Verdict {
        let seen = self.observe(victim).await.map_err(|_| "gone while observed".to_owned())?;
        must(seen == self.now(), || format!("{seen:?} after {:?} failed; before, {:?}", self.pending, self.now()))
    }

    /// Forgets what came after a revision, as the server has.
    pub fn forget_after(&mut self, revision: u64) {
        self.pending = None;
        self.state = self.at(revision);
        self.done.retain(|(made, _)| *made <= revision);
    }
}

fn named(deed: Deed) -> Option<u64> {
    match deed {
        Deed::Add(item) | Deed::Delete(item) => Some(item),
        _ => None,
    }
}

/// Every worker's acknowledged deed is a change of its revision, there are no others, and none of what was refused.
pub async fn history(victim: &Victim, workers: &[Worker], base: u64) -> Verdict {
    let reply = victim.call(&format!("GET /changes?since={base}"), None, &Value::Null).await;
    let text = reply.map_err(|_| "gone while read".to_owned())?.text;
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut wanted = BTreeMap::new();
    for worker in workers {
        for (revision, deed) in &worker.done {
            let entity =
                named(*deed).map_or_else(|| worker.folder(), |item| format!("Item::\"{}\"", worker.item(item)));
            let twice = wanted.insert(*revision, entity);
            must(twice.is_none(), || format!("revision {revision} was given twice"))?;
        }
    }
    for (place, line) in (base + 1..).zip(&lines) {
        must(line["revision"] == place, || format!("after revision {} comes {line}", place - 1))?;
        let touched = line["entities"].to_string();
        let Some(entity) = wanted.remove(&place) else { return Err(format!("nobody asked for {line}")) };
        must(touched.contains(&entity.replace('"', "\\\"")), || {
            format!("{entity} was told of revision {place}: {line}")
        })?;
    }
    must(wanted.is_empty(), || format!("acknowledged and lost: {wanted:?}"))
}

/// The database that everything begins with, and its revision.
pub async fn world() -> &'static (Vec<u8>, u64) {
    static WORLD: OnceCell<(Vec<u8>, u64)> = OnceCell::const_new();
    WORLD
        .get_or_init(|| async {
            let scene = Scene::on(TestSidecar::new().in_file()).await;
            for person in
                ["olga", "stranger"].into_iter().map(str::to_owned).chain((0..WORKERS).map(|n| format!("w{n}")))
            {
                scene.person(&person, "free").await;
            }
            let members: Vec<_> = (0..WORKERS).map(|number| format!("w{number}")).collect();
            let members: Vec<_> = members.iter().map(String::as_str).collect();
            scene.group("team", "olga", json!({}), &members).await;
            for number in 0..WORKERS {
                scene.folder(&format!("f{number}"), "Tool::\"user:olga/documents\"", "olga").await;
            }
            let ahead = scene.call(HOST, &format!("GET /changes?since={}", u64::MAX), Value::Null).await;
            let base = ahead.body["head"].as_u64().unwrap();
            (scene.sidecar.into_database().await, base)
        })
        .await
}

/// Puts that database into a folder; its revision.
pub async fn begin(folder: &Path) -> u64 {
    let (database, base) = world().await;
    std::fs::write(folder.join("conclave.db"), database).unwrap();
    *base
}
