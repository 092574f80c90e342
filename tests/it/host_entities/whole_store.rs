//! Slices with what hosts describe decide as stock Cedar does over everything there is.
//!
//! One side answers over HTTP. The other is Cedar's own authorizer over all policies and all entities, its hierarchy
//! computed by Cedar from direct parents alone.

use super::stage::{at, entity, lists, put, to};
use crate::sidecar::block_on;
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicyId, PolicySet, Request, Schema};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::str::FromStr;

const USERS: usize = 4;
const TEAMS: usize = 5;
const LISTS: usize = 4;

/// What is described, by numbers taken modulo what there may be. Of each kind the last one never is.
#[derive(Debug, Clone)]
enum Step {
    User {
        user: usize,
        team: usize,
        office: bool,
    },
    /// A team in one of a higher number, so that none is in itself; or in the company.
    Team {
        team: usize,
        parent: usize,
    },
    List {
        list: usize,
        owner: usize,
        readers: usize,
        editors: usize,
        worth: bool,
        frozen: bool,
    },
    Forget {
        kind: usize,
        number: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let n = 0_usize..97;
    let step = prop_oneof![
        3 => (n.clone(), n.clone(), any::<bool>()).prop_map(|(user, team, office)| Step::User { user, team, office }),
        4 => (n.clone(), n.clone()).prop_map(|(team, parent)| Step::Team { team, parent }),
        4 => (n.clone(), n.clone(), n.clone(), n.clone(), any::<bool>(), prop::bool::weighted(0.2)).prop_map(
            |(list, owner, readers, editors, worth, frozen)| Step::List { list, owner, readers, editors, worth, frozen }),
        1 => (n.clone(), n).prop_map(|(kind, number)| Step::Forget { kind, number }),
    ];
    proptest::collection::vec(proptest::collection::vec(step, 1..6), 2..7)
}

/// Type, id, and what is said of it; nothing takes it back.
fn described(step: &Step) -> (String, String, Option<Value>) {
    let named = |kind: &str, number: usize| (kind.to_owned(), number.to_string());
    let (kind, id, value) = match step {
        Step::User { user, team, office } => {
            let (kind, id) = named("User", user % (USERS - 1));
            let office = if *office { "10.0.0.0/8" } else { "::1" };
            let team = format!("Team::\"{}\"", team % TEAMS);
            (kind, id, Some((json!({"office": office, "rank": 1}), vec![team], json!({}))))
        }
        Step::Team { team, parent } => {
            let (kind, id) = named("Team", team % (TEAMS - 1));
            let above = team % (TEAMS - 1) + 1 + parent % 3;
            let parent = if above < TEAMS { format!("Team::\"{above}\"") } else { "Company::\"acme\"".to_owned() };
            (kind, id, Some((json!({}), vec![parent], json!({}))))
        }
        Step::List { list, owner, readers, editors, worth, frozen } => {
            let (kind, id) = named("List", list % (LISTS - 1));
            let team = |number: usize| to("Team", &(number % TEAMS).to_string());
            let attrs = json!({"owner": to("User", &(owner % USERS).to_string()), "readers": team(*readers),
                               "editors": team(*editors), "tasks": [], "worth": if *worth { "5000.0" } else { "1.0" }});
            let tags = if *frozen { json!({"frozen": "yes"}) } else { json!({}) };
            (kind, id, Some((attrs, vec!["Company::\"acme\"".to_owned()], tags)))
        }
        Step::Forget { kind, number } => {
            let (kind, count) = [("User", USERS), ("Team", TEAMS), ("List", LISTS)][kind % 3];
            let (kind, id) = named(kind, number % count);
            (kind, id, None)
        }
    };
    let value = value.map(|(attrs, parents, tags): (Value, Vec<String>, Value)| {
        let parents: Vec<_> = parents.iter().map(String::as_str).collect();
        let mut whole = entity(&format!("{kind}::\"{id}\""), attrs, &parents);
        whole["tags"] = tags;
        whole
    });
    (kind, id, value)
}

/// A reference as Cedar's JSON has it.
fn parts(text: &Value) -> Value {
    let (kind, id) = text.as_str().unwrap().split_once("::").unwrap();
    to(kind, id.trim_matches('"'))
}

struct Oracle {
    schema: Schema,
    policies: PolicySet,
}

impl Oracle {
    fn new() -> Self {
        let schema = std::fs::read_to_string(at("tests/data/lists/schema/lists.cedarschema")).unwrap();
        let text = std::fs::read_to_string(at("tests/data/lists/policies/lists.cedar")).unwrap();
        let mut policies = PolicySet::new();
        for policy in PolicySet::from_str(&text).unwrap().policies() {
            policies.add(policy.new_id(PolicyId::new(policy.annotation("id").unwrap()))).unwrap();
        }
        Self { schema: Schema::from_cedarschema_str(&schema).unwrap().0, policies }
    }

    fn entities(&self, all: &BTreeMap<(String, String), Value>) -> Entities {
        // Parents as Cedar's JSON has them.
        let all = all.values().cloned().map(|mut one| {
            one["uid"] = parts(&one["uid"]);
            one["parents"] = one["parents"].as_array().unwrap().iter().map(parts).collect();
            one
        });
        Entities::from_json_value(all.collect(), Some(&self.schema)).unwrap()
    }

    fn answer(
        &self,
        entities: &Entities,
        (principal, action, resource): &(String, &str, String),
        context: &Value,
    ) -> (bool, Vec<String>) {
        let uid = |text: &str| EntityUid::from_str(text).unwrap();
        let action = uid(&format!("Action::\"{action}\""));
        let context = Context::from_json_value(context.clone(), Some((&self.schema, &action))).unwrap();
        let request = Request::new(uid(principal), action, uid(resource), context, Some(&self.schema)).unwrap();
        let response = Authorizer::new().is_authorized(&request, &self.policies, entities);
        // A forbid that fails denies here; Cedar skips it.
        let failed = response.diagnostics().errors().any(|error| error.to_string().contains("`valuable`"));
        let mut reasons: Vec<_> = response.diagnostics().reason().map(ToString::to_string).collect();
        reasons.sort();
        if failed {
            reasons.retain(|id| ["valuable", "frozen"].contains(&id.as_str()));
        }
        (response.decision() == Decision::Allow && !failed, reasons)
    }
}

fn questions() -> Vec<((String, &'static str, String), Value)> {
    let mut questions = Vec::new();
    for user in 0..USERS {
        let user = format!("User::\"{user}\"");
        for list in 0..LISTS {
            for action in ["read", "write", "discard"] {
                let from = if (list + user.len()) % 2 == 0 { json!({"from": "10.9.9.9"}) } else { json!({}) };
                questions.push(((user.clone(), action, format!("List::\"{list}\"")), from));
            }
        }
        questions.push(((user.clone(), "found", "Company::\"acme\"".to_owned()), json!({})));
    }
    questions
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 100, ..ProptestConfig::default() })]

    #[test]
    fn slices_decide_as_the_whole_store_does(calls in steps()) {
        block_on(async {
            let (sidecar, oracle) = (lists().start().await, Oracle::new());
            let mut all = BTreeMap::new();
            let mut allowed = 0;
            for call in &calls {
                let mut entities = BTreeMap::new();
                for step in call {
                    let (kind, id, value) = described(step);
                    let Some(value) = value else {
                        sidecar.delete(&format!("/entities/{kind}/{id}")).await;
                        entities.remove(&(kind.clone(), id.clone()));
                        all.remove(&(kind, id));
                        continue;
                    };
                    entities.insert((kind, id), value);
                }
                let texts: Vec<_> = entities.values().cloned().collect();
                put(&sidecar, &texts).await.ok();
                all.extend(entities);
                let whole = oracle.entities(&all);
                for (asked, context) in questions() {
                    let question = format!("{} {} {}", asked.0, asked.1, asked.2);
                    let answer = super::stage::decide(&sidecar, &question, context.clone()).await;
                    allowed += usize::from(answer.0);
                    prop_assert_eq!(answer, oracle.answer(&whole, &asked, &context), "{} {}", question, context);
                }
            }
            prop_assert!(allowed < questions().len() * calls.len());
            sidecar.stop().await;
            Ok(())
        })?;
    }
}
