//! casbin: `casbin PORT MODEL FACTS`.

use axum::{Json, Router, extract::State, routing::post};
use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use peers::{Answer, Failure, Input, Question, answer, arguments, serve};
use serde::Deserialize;
use std::{collections::HashMap, sync::Arc};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Deserialize)]
struct Facts {
    groups: HashMap<String, Group>,
    folders: HashMap<String, Folder>,
    items: HashMap<String, Item>,
}

#[derive(Deserialize)]
struct Group {
    members: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Folder {
    parent: Option<String>,
    granted: bool,
}

#[derive(Deserialize)]
struct Item {
    author: String,
    editors: Vec<String>,
}

/// role, action, what else it takes
const RULES: [[&str; 3]; 7] = [
    ["member", "view", "nothing"],
    ["member", "edit", "edit"],
    ["member", "add", "grant"],
    ["administrator", "add", "nothing"],
    ["administrator", "delete", "nothing"],
    ["co-administrator", "add", "nothing"],
    ["co-administrator", "delete", "nothing"],
];

fn row(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Facts {
    fn roles(&self) -> Vec<Vec<String>> {
        let people = self.groups.iter().flat_map(|(group, Group { members })| members.iter().map(move |m| (group, m)));
        let mut rows = Vec::new();
        for (group, (user, role)) in people {
            rows.push(row(&[user, "member", group]));
            if role != "member" {
                rows.push(row(&[user, role, group]));
            }
        }
        rows
    }

    fn editors(&self) -> Vec<Vec<String>> {
        let of = |(name, item): (&String, &Item)| {
            let all = std::iter::once(&item.author).chain(&item.editors);
            all.map(|user| row(&[name, user])).collect::<Vec<_>>()
        };
        self.items.iter().flat_map(of).collect()
    }

    fn grants(&self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for (name, folder) in &self.folders {
            rows.extend(folder.parent.iter().map(|parent| row(&[name, parent])));
            rows.extend(folder.granted.then(|| row(&[name, "granted"])));
        }
        rows
    }
}

/// The group is the first part of a resource's id: no look-up is charged to casbin.
async fn decide(State(enforcer): State<Arc<Enforcer>>, Json(question): Json<Question<Input>>) -> Json<Answer> {
    let Input { user, action, resource } = question.input;
    let group = resource.split('.').next().unwrap_or_default();
    answer(enforcer.enforce((user.as_str(), group, resource.as_str(), action.as_str())).unwrap_or(false))
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let [port, model, facts] = arguments()?;
    let facts: Facts = serde_json::from_slice(&std::fs::read(facts)?)?;
    let mut enforcer = Enforcer::new(DefaultModel::from_file(model).await?, MemoryAdapter::default()).await?;
    enforcer.enable_auto_save(false);
    enforcer.add_policies(RULES.iter().map(|rule| row(rule)).collect()).await?;
    for (name, rows) in [("g", facts.roles()), ("g2", facts.editors()), ("g3", facts.grants())] {
        enforcer.add_named_grouping_policies(name, rows).await?;
    }
    serve(&port, Router::new().route("/", post(decide)).with_state(Arc::new(enforcer))).await
}
