//! Random commands, on people's behalf and the host's own, against the plain model of the rules.
//!
//! After each step the server must have done what the model did, or refused what it refused, by the
//! same rule; at the end everybody's rights on everything must be the model's. On a server there are three sidecars, and
//! three commands at a time: what they came to must be what they would have come to one after the other, in the order
//! of their revisions.

use crate::acts::{Act, What, add_tools, agrees};
use crate::commands::{Step, id_of, steps};
use crate::fleet;
use crate::rules::{self, Expected, Rules, Space};
use crate::sidecar::{Reply, TestSidecar, block_on, is_on_server};
use crate::world::PRIVATE_TOOLS;
use proptest::prelude::*;
use reqwest::Method;
use serde_json::json;

struct Run {
    /// All of them over one database.
    sidecars: Vec<TestSidecar>,
    /// Whose turn it is.
    turn: usize,
    /// The newest revision that was acknowledged.
    newest: u64,
    rules: Rules,
    /// How many groups and how much content were ever made.
    made: usize,
}

impl Run {
    /// One sidecar on a file; three where tests have a server.
    async fn start() -> Self {
        let mut sidecars = vec![TestSidecar::new().start().await];
        if is_on_server(&sidecars[0].database()) {
            for _ in 0..2 {
                let another = TestSidecar::new().beside(&sidecars[0]).start().await;
                sidecars.push(another);
            }
        }
        let mut run = Self { sidecars, turn: 0, newest: 0, rules: Rules::default(), made: 0 };
        let plan = json!({"max_groups": rules::GROUPS_MAX, "max_members": rules::MEMBERS_MAX, "capacities": {"documents": rules::CAPACITY}});
        run.sidecars[0].put("/subscriptions/plan", plan).await.ok();
        for user in ["ann", "bob", "cleo", "dan", "eve"] {
            let body = json!({"username": user, "subscription": "plan"});
            run.newest = run.sidecars[0].put(&format!("/users/{user}"), body).await.ok().revision;
            run.rules.users.push(user.to_owned());
            add_tools(&mut run.rules, "user", user, &PRIVATE_TOOLS, &Space::Private(user.to_owned()));
        }
        run
    }

    /// Each call goes to the next.
    fn next(&mut self) -> usize {
        self.turn += 1;
        self.turn % self.sidecars.len()
    }

    /// Does the step on both sides. What the model expects, and what the server did.
    async fn step(&mut self, step: &Step) -> Option<(Expected, Reply)> {
        let act = Act::of(step, &self.rules, &mut self.made)?;
        let expected = act.done_in(&mut self.rules);
        let sidecar = self.next();
        let reply = act.send(&self.sidecars[sidecar]).await;
        self.newest = self.newest.max(reply.revision);
        if let (What::Invite { group, user }, 201) = (&act.what, reply.status) {
            let invitation = reply.body["id"].as_str().unwrap().to_owned();
            self.accept(group, user, &invitation).await;
        }
        Some((expected, reply))
    }

    /// The token is shown to the host alone; sent again by it, the invitation can be accepted.
    async fn accept(&mut self, group: &str, user: &str, invitation: &str) {
        let path = format!("/groups/{group}/invitations/{invitation}/resend");
        let sidecar = self.next();
        let token = self.sidecars[sidecar].post(&path, json!({})).await.ok().body["token"].as_str().unwrap().to_owned();
        let (path, sidecar) = (format!("/invitations/{token}/accept"), self.next());
        let accepted = self.sidecars[sidecar].call_as(user, Method::POST, &path, json!({})).await.ok();
        self.newest = self.newest.max(accepted.revision);
        self.rules.admit(group, user);
    }

    /// Does steps at the same time, each through another sidecar. An order in which they come to what they came to:
    /// that of their revisions, with what was refused anywhere in between.
    async fn at_once(&mut self, steps: &[Step]) -> Result<(), String> {
        let acts = steps.iter().filter_map(|step| Act::of(step, &self.rules, &mut self.made));
        // An invitation is more than one call.
        let acts: Vec<_> = acts.filter(|act| !matches!(act.what, What::Invite { .. })).collect();
        let sent = acts.iter().zip(self.sidecars.iter().cycle()).map(|(act, sidecar)| act.send(sidecar));
        let replies = futures_util::future::join_all(sent).await;
        let base = self.newest;
        self.newest = replies.iter().map(|reply| reply.revision).fold(base, u64::max);
        let orders = orders(acts.len());
        let found = orders.iter().find_map(|order| in_order(&self.rules, base, order, &acts, &replies));
        self.rules = found.ok_or_else(|| {
            let replies: Vec<_> = replies.iter().map(|reply| (reply.status, reply.revision, &reply.body)).collect();
            format!("in no order after {base}: {acts:#?} {replies:#?}")
        })?;
        Ok(())
    }

    /// Everybody's rights on everything, members and counters.
    async fn compare(&mut self) {
        let rules = self.rules.clone();
        for (reference, content) in &rules.content {
            for action in ["view", "add", "edit", "delete", "manage_access"] {
                if action == "add" && content.kind == "Item" {
                    continue;
                }
                for user in &rules.users {
                    let resource = (content.kind, id_of(reference).to_owned());
                    let sidecar = self.next();
                    let answer =
                        self.sidecars[sidecar].ask_since(self.newest, user, action, &resource, &json!({})).await;
                    let allowed = answer.decision == "Allow";
                    assert_eq!(allowed, rules.may(user, action, reference), "may {user} {action} {reference}?");
                }
            }
        }
        for (id, group) in &rules.groups {
            let sidecar = self.next();
            let listed = self.sidecars[sidecar].get(&format!("/groups/{id}/members")).await.ok().body;
            assert_eq!(listed["administrator"], group.administrator.as_str());
            let members = listed["members"].as_array().unwrap().iter();
            let members: Vec<_> = members
                .map(|row| (row["user"].as_str().unwrap(), row["co_administrator"].as_bool().unwrap()))
                .collect();
            assert_eq!(members, group.members.iter().map(|(user, co)| (user.as_str(), *co)).collect::<Vec<_>>());
            let sidecar = self.next();
            let usage = self.sidecars[sidecar].get(&format!("/groups/{id}/usage")).await.ok().body;
            let used = rules.used(&format!("Tool::\"group:{id}/documents\""));
            assert_eq!(usage["tools"]["documents"], json!({"used": used, "capacity": rules::CAPACITY}));
        }
    }
}

/// What there is after these acts in this order, if each of them comes to what was answered there.
fn in_order(rules: &Rules, base: u64, order: &[usize], acts: &[Act], replies: &[Reply]) -> Option<Rules> {
    let (mut rules, mut newest) = (rules.clone(), base);
    for place in order {
        let (act, reply) = (&acts[*place], &replies[*place]);
        let expected = act.done_in(&mut rules);
        let is_next = expected != Expected::Done || [newest, newest + 1].contains(&reply.revision);
        if !agrees(expected, reply) || !is_next {
            return None;
        }
        newest = newest.max(reply.revision);
    }
    Some(rules)
}

/// Every order of so many.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else { return vec![Vec::new()] };
    let shorter = orders(last).into_iter();
    shorter
        .flat_map(|order| {
            (0..count).map(move |place| {
                let mut longer = order.clone();
                longer.insert(place, last);
                longer
            })
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_server_does_and_refuses_what_the_rules_say(steps in steps()) {
        block_on(async {
            let mut run = Run::start().await;
            for step in &steps {
                if let Some((expected, reply)) = run.step(step).await {
                    prop_assert!(agrees(expected, &reply), "{:?}: {:?} expected, but {} {}", step, expected, reply.status, reply.body);
                }
            }
            run.compare().await;
            fleet::stop(run.sidecars).await;
            Ok(())
        })?;
    }

    #[test]
    fn three_sidecars_at_once_do_and_refuse_what_the_rules_say(steps in steps()) {
        block_on(async {
            let mut run = Run::start().await;
            if run.sidecars.len() == 1 {
                fleet::stop(run.sidecars).await;
                return Ok(());
            }
            let (alone, together) = steps.split_at(steps.len() / 3);
            for step in alone {
                run.step(step).await;
            }
            for some in together.chunks(3) {
                let done = run.at_once(some).await;
                prop_assert!(done.is_ok(), "{}", done.unwrap_err());
            }
            run.compare().await;
            fleet::without_gaps(&run.sidecars[0].database()).await;
            fleet::stop(run.sidecars).await;
            Ok(())
        })?;
    }
}
