//! What an explanation says would allow does allow: each suggestion for each role, action and kind of resource is done
//! through the admin API, the question asked again, and all of it undone.

use super::{agrees, body, explain};
use crate::differential::Question;
use crate::matrix;
use crate::sidecar::{Reply, TestSidecar};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A call that takes a change back.
type Undo = (Method, String, Value);

/// A change for each of its choices: on which place, to whom, in which group.
fn choices(change: &Value) -> Vec<Value> {
    let list = |name: &str| change[name].as_array().unwrap().clone();
    match change["kind"].as_str().unwrap() {
        "grant" => {
            let on = list("on");
            let each = on.iter().flat_map(|on| list("to").into_iter().map(move |to| (on.clone(), to)));
            each.map(|(on, to)| json!({"kind": "grant", "right": change["right"], "on": on, "to": to})).collect()
        }
        "shared_group" => {
            list("groups").into_iter().map(|group| json!({"kind": "role", "role": "member", "group": group})).collect()
        }
        _ => vec![change.clone()],
    }
}

/// Every way to choose, of all changes of a suggestion.
fn ways(changes: &[Value]) -> Vec<Vec<Value>> {
    changes.iter().fold(vec![vec![]], |ways, change| {
        let with = |way: &Vec<Value>, choice| [way.clone(), vec![choice]].concat();
        ways.iter().flat_map(|way| choices(change).into_iter().map(move |choice| with(way, choice))).collect()
    })
}

struct Doer<'a> {
    sidecar: &'a TestSidecar,
    person: &'a str,
    undo: Vec<Undo>,
}

impl Doer<'_> {
    async fn call(&self, method: Method, path: &str, body: Value) -> Reply {
        self.sidecar.host(method, path, body).await.ok()
    }

    fn later(&mut self, method: Method, path: &str, body: Value) {
        self.undo.push((method, path.to_owned(), body));
    }

    async fn apply(&mut self, change: &Value) {
        let group = format!("/groups/{}", change["group"].as_str().unwrap_or_default());
        match (change["kind"].as_str().unwrap(), change["role"].as_str().unwrap_or_default()) {
            ("role", "member") => {
                assert!(self.sidecar.admit(&group["/groups/".len()..], self.person).await, "{change}");
                self.later(Method::DELETE, &format!("{group}/members/{}", self.person), json!({}));
            }
            ("role", "co-administrator") => {
                let path = format!("{group}/co-administrators/{}", self.person);
                self.call(Method::PUT, &path, json!({})).await;
                self.later(Method::DELETE, &path, json!({}));
            }
            ("role", "administrator") => self.hand_over(&group, self.person.to_owned()).await,
            ("hand_over", _) => {
                let members = self.call(Method::GET, &format!("{group}/members"), json!({})).await.body;
                let others = members["members"].as_array().unwrap();
                let other = others.iter().find(|member| member["co_administrator"] == false).unwrap();
                self.hand_over(&group, other["user"].as_str().unwrap().to_owned()).await;
            }
            ("grant", _) => {
                let grant = json!({"resource": change["on"], "right": change["right"], "to": change["to"]});
                self.call(Method::PUT, "/grants", grant.clone()).await;
                self.later(Method::POST, "/grants/revoke", grant);
            }
            ("setting", _) => {
                let setting = change["setting"].as_str().unwrap();
                self.call(Method::PATCH, &group, json!({setting: change["value"]})).await;
                self.later(Method::PATCH, &group, json!({setting: !change["value"].as_bool().unwrap()}));
            }
            ("room", _) => {
                let capacity = |documents: i64| json!({"capacities": {"documents": documents}});
                let more = 100 - change["free"].as_i64().unwrap() + change["size"].as_i64().unwrap();
                self.call(Method::PUT, "/subscriptions/basic", capacity(more)).await;
                self.later(Method::PUT, "/subscriptions/basic", capacity(100));
            }
            other => unreachable!("{other:?}"),
        }
    }

    async fn hand_over(&mut self, group: &str, to: String) {
        let members = self.call(Method::GET, &format!("{group}/members"), json!({})).await.body;
        let held = members["members"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["user"] == to && one["co_administrator"] == true);
        let path = format!("{group}/administrator");
        self.call(Method::PUT, &path, json!({"user": to, "accept_over_limit": true})).await;
        if held {
            self.later(Method::PUT, &format!("{group}/co-administrators/{to}"), json!({}));
        }
        self.later(Method::PUT, &path, json!({"user": members["administrator"], "accept_over_limit": true}));
    }

    async fn undo(self) {
        for (method, path, body) in self.undo.into_iter().rev() {
            self.sidecar.host(method, &path, body).await.ok();
        }
    }
}

/// Does each suggestion in each way; how many ways there were.
async fn try_out(sidecar: &TestSidecar, asked: &Question, explained: &Value) -> usize {
    let resource = (asked.resource.0, asked.resource.1.clone());
    let mut tried = 0;
    for suggestion in explained["would_allow"].as_array().unwrap() {
        for way in ways(suggestion["changes"].as_array().unwrap()) {
            let mut doer = Doer { sidecar, person: &asked.principal, undo: Vec::new() };
            for change in &way {
                doer.apply(change).await;
            }
            let answer = sidecar.ask(&asked.principal, asked.action, &resource, &asked.context).await;
            assert_eq!(answer.decision, "Allow", "{asked:?} after {way:?}: {explained}");
            assert!(
                answer.reasons.iter().any(|id| suggestion["by"].as_array().unwrap().contains(&json!(id))),
                "{way:?}"
            );
            doer.undo().await;
            tried += 1;
        }
    }
    tried
}

#[tokio::test]
async fn each_suggestion_for_each_role_action_and_kind_of_resource_allows() {
    let sidecar = TestSidecar::new().start().await;
    matrix::build(&sidecar).await;
    let (mut tried, mut hopeless) = (0, BTreeMap::new());
    for table in matrix::tables() {
        for (action, context) in &table.actions {
            for (user, _) in table.roles {
                let resource = (table.resource.0, table.resource.1.to_owned());
                let asked = Question { principal: (*user).to_owned(), action, resource, context: context.clone() };
                let answer = sidecar.ask(user, action, &asked.resource, context).await;
                agrees(&sidecar, &asked, &answer).await;
                let explained = explain(&sidecar, &body(user, action, table.resource, context)).await;
                let ways = try_out(&sidecar, &asked, &explained).await;
                if answer.decision == "Deny" && ways == 0 && *user != "unknown" {
                    let reason = explained["reason"].as_str().unwrap();
                    let line = format!("{action} {} {}: {reason}", table.resource.0, table.resource.1);
                    let line = line.replace(&format!("{user} is"), "… is");
                    hopeless.entry(line).or_insert_with(Vec::new).push(*user);
                }
                tried += ways;
            }
        }
    }
    // All was undone, or later suggestions were tried in another world.
    matrix::check(&sidecar).await;
    sidecar.stop().await;
    assert!(tried > 1000, "{tried}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/explain/hopeless.txt");
    let mut now = "Denied, and nothing that anybody could change would allow it.\n\n".to_owned();
    for (line, users) in hopeless {
        writeln!(now, "{line} ({})", users.join(", ")).unwrap();
    }
    if std::env::var_os("CONCLAVE_UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap_or_default() == now, "{path} differs:\n{now}");
}
