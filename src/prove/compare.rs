//! What one set of policies allows and another does not, in every environment.

use super::environment::{self, Environment, Scopes};
use super::example::Example;
use super::policies::together;
use super::solver::{Open, Prover, Solver};
use super::workers;
use crate::domain::{Decision, Outcome};
use crate::engine::Bundle;
use cedar_policy::{Policy, PolicyId, RequestEnv, Schema};
use cedar_policy_symcc::{CompiledPolicySet, always_denies_asserts, implies_asserts};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io;

/// The two sets, and how they can be held against each other.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// The old policies under their own schema.
    pub old: &'a Bundle,
    /// The new policies under theirs.
    pub new: &'a Bundle,
    /// The old policies under the new schema, where that is another one.
    pub old_under_new: Option<&'a Bundle>,
}

/// What became of one environment.
#[derive(Debug, Clone)]
pub struct Row {
    /// Which.
    pub environment: Environment,
    /// Which of the schemas have it.
    pub known_to: KnownTo,
    /// Something that was denied and is allowed now.
    pub newly_allowed: Option<Difference>,
    /// Something that was allowed and is denied now.
    pub newly_denied: Option<Difference>,
    /// What could not be proved either way, and why.
    pub unproved: Vec<String>,
}

/// Which of the schemas have an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownTo {
    /// Both: the policies are compared under the new one.
    Both,
    /// The old one alone: whatever was allowed cannot be asked any more.
    Old,
    /// The new one alone: whatever is allowed could not be asked before.
    New,
}

/// How the new policies compare to the old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// They allow the same.
    Equivalent,
    /// They allow all that the old ones do, and more.
    MorePermissive,
    /// They allow less, and nothing else.
    LessPermissive,
    /// They allow something that the old ones do not, and the other way round.
    Both,
    /// It could not be proved.
    Unproved,
}

/// A question that the two sets answer differently.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The question with its entities.
    pub example: Example,
    /// What the old policies say; `None` where their schema has no such question.
    pub old: Option<Outcome>,
    /// What the new policies say; `None` where their schema has no such question.
    pub new: Option<Outcome>,
}

impl Row {
    /// How the new policies compare to the old ones here.
    #[must_use]
    pub const fn change(&self) -> Change {
        match (self.newly_allowed.is_some(), self.newly_denied.is_some()) {
            (true, true) => Change::Both,
            (true, false) if self.unproved.is_empty() => Change::MorePermissive,
            (false, true) if self.unproved.is_empty() => Change::LessPermissive,
            (false, false) if self.unproved.is_empty() => Change::Equivalent,
            _ => Change::Unproved,
        }
    }
}

/// Compares the two sets in every environment that either schema has, in the order of their names. `progress` is told
/// how many environments there are and called again after each: (done, all).
///
/// # Errors
/// If threads or processes cannot be started.
pub fn compare(sides: Sides<'_>, solver: &Solver, progress: &mut dyn FnMut(usize, usize)) -> io::Result<Vec<Row>> {
    let no_schema = || io::Error::other("there is no schema to prove anything by");
    let old = Half::of(sides.old, sides.old_under_new.is_some()).ok_or_else(no_schema)?;
    let new = Half::of(sides.new, false).ok_or_else(no_schema)?;
    let mut environments = environment::all(new.schema);
    environments.extend(environment::all(old.schema));
    environments.sort_by_cached_key(Environment::of);
    environments.dedup();
    let comparing = Comparing { sides, old, new };
    let mut done = 0;
    progress(done, environments.len());
    workers::for_all(solver, &environments, |prover, env| comparing.row(prover, env), &mut || {
        done += 1;
        progress(done, environments.len());
    })
}

/// One of the sets.
struct Half<'a> {
    schema: &'a Schema,
    environments: BTreeSet<RequestEnv>,
    scopes: Scopes,
    policies: Vec<Told<'a>>,
}

/// A policy of one of the sets.
struct Told<'a> {
    text: &'a str,
    policy: &'a Policy,
    /// What is compiled where the policy can apply.
    compiled: Policy,
}

impl<'a> Half<'a> {
    fn of(bundle: &'a Bundle, is_under_another: bool) -> Option<Self> {
        let schema = bundle.schema()?;
        let policies = bundle.policies().filter_map(|info| {
            let policy = bundle.policy_set().policy(&PolicyId::new(info.id))?;
            let compiled = if is_under_another { for_any_action(policy) } else { policy.clone() };
            Some(Told { text: info.text, policy, compiled })
        });
        let environments = schema.request_envs().collect();
        Some(Self { schema, environments, scopes: Scopes::of(schema), policies: policies.collect() })
    }

    /// The policies that can apply somewhere.
    fn here(&self, scopes: &Scopes, env: &RequestEnv) -> Vec<&Told<'a>> {
        self.policies.iter().filter(|told| scopes.may_hold(told.policy, env)).collect()
    }
}

struct Comparing<'a> {
    sides: Sides<'a>,
    old: Half<'a>,
    new: Half<'a>,
}

/// The policy without its constraint on actions, which may name some that the other schema does not have. Where it is
/// compiled, that constraint is known to hold.
fn for_any_action(policy: &Policy) -> Policy {
    let unconstrained = || {
        let mut json = policy.to_json().ok()?;
        *json.get_mut("action")? = serde_json::json!({"op": "All"});
        Policy::from_json(Some(policy.id().clone()), json).ok()
    };
    unconstrained().unwrap_or_else(|| policy.clone())
}

impl Comparing<'_> {
    fn row(&self, prover: &mut Prover<'_>, env: &RequestEnv) -> Row {
        let (is_old, is_new) = (self.old.environments.contains(env), self.new.environments.contains(env));
        let known_to = match (is_old, is_new) {
            (true, false) => KnownTo::Old,
            (false, true) => KnownTo::New,
            _ => KnownTo::Both,
        };
        let environment = Environment::of(env);
        let mut row = Row { environment, known_to, newly_allowed: None, newly_denied: None, unproved: Vec::new() };
        if let Err(open) = self.fill(prover, env, &mut row) {
            row.unproved.push(open.to_string());
        }
        row
    }

    fn fill(&self, prover: &mut Prover<'_>, env: &RequestEnv, row: &mut Row) -> Result<(), Open> {
        // In an environment that both have, the actions of the new schema tell which policies are about it.
        let scopes = if row.known_to == KnownTo::Old { &self.old.scopes } else { &self.new.scopes };
        let (old, new) = (self.old.here(scopes, env), self.new.here(scopes, env));
        match row.known_to {
            KnownTo::Old => {
                let old = compiled(&old, env, self.old.schema)?;
                if let Some(found) = prover.example(&always_denies_asserts(&old))? {
                    row.newly_denied = Some(self.tried(&found, row.known_to, Decision::Deny)?);
                }
            }
            KnownTo::New => {
                let new = compiled(&new, env, self.new.schema)?;
                if let Some(found) = prover.example(&always_denies_asserts(&new))? {
                    row.newly_allowed = Some(self.tried(&found, row.known_to, Decision::Allow)?);
                }
            }
            KnownTo::Both if self.sides.old_under_new.is_none() && are_the_same(&old, &new) => {}
            KnownTo::Both => {
                let (old, new) = (compiled(&old, env, self.new.schema)?, compiled(&new, env, self.new.schema)?);
                let allowed = self.difference(prover, (&new, &old), Decision::Allow);
                let denied = self.difference(prover, (&old, &new), Decision::Deny);
                row.unproved.extend(
                    [("newly allowed", allowed.as_ref()), ("newly denied", denied.as_ref())]
                        .into_iter()
                        .filter_map(|(what, found)| Some(format!("{what}: {}", found.err()?))),
                );
                row.newly_allowed = allowed.unwrap_or_default();
                row.newly_denied = denied.unwrap_or_default();
            }
        }
        Ok(())
    }

    /// What the first allows and the second does not; the new policies say `new` of it.
    fn difference(
        &self,
        prover: &mut Prover<'_>,
        (more, less): (&CompiledPolicySet, &CompiledPolicySet),
        new: Decision,
    ) -> Result<Option<Difference>, Open> {
        match prover.example(&implies_asserts(more, less))? {
            Some(found) => self.tried(&found, KnownTo::Both, new).map(Some),
            None => Ok(None),
        }
    }

    /// What the solver found, if the engine says of it what the solver does.
    fn tried(
        &self,
        found: &cedar_policy_symcc::Env,
        known_to: KnownTo,
        new_decision: Decision,
    ) -> Result<Difference, Open> {
        let example = Example::of(found).map_err(Open::Example)?;
        let decide = |bundle: &Bundle| example.decide(bundle).map_err(Open::Example);
        let old_here = self.sides.old_under_new.unwrap_or(self.sides.old);
        let (old, new) = match known_to {
            KnownTo::Both => (Some(decide(old_here)?), Some(decide(self.sides.new)?)),
            KnownTo::Old => (Some(decide(self.sides.old)?), None),
            KnownTo::New => (None, Some(decide(self.sides.new)?)),
        };
        let said = |outcome: &Option<Outcome>| outcome.as_ref().map_or(Decision::Deny, |outcome| outcome.decision);
        if said(&new) == new_decision && said(&old) != new_decision {
            return Ok(Difference { example, old, new });
        }
        let errors = [&old, &new].into_iter().flatten().flat_map(|outcome| outcome.errors.clone());
        let errors: Vec<_> = errors.collect();
        let why = format!("the engine answers {} and {} {}", said(&old).name(), said(&new).name(), errors.join("; "));
        Err(Open::Example(why.trim_end().to_owned()))
    }
}

fn compiled(here: &[&Told<'_>], env: &RequestEnv, schema: &Schema) -> Result<CompiledPolicySet, Open> {
    together(here.iter().map(|told| &told.compiled), env, schema)
}

/// Whether the same policies stand here, in whatever order: then there is nothing to prove.
fn are_the_same(old: &[&Told<'_>], new: &[&Told<'_>]) -> bool {
    fn texts<'a>(here: &[&Told<'a>]) -> BTreeSet<&'a str> {
        here.iter().map(|told| told.text).collect()
    }
    texts(old) == texts(new)
}
