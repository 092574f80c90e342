//! Whether policies keep their properties, in every environment.

use super::checked::{Checked, Finding, NONE_FAILS, NONE_IS_DEAD, Refutation, Unproved};
use super::environment::{self, Environment, Scopes};
use super::example::Example;
use super::policies::{alone, together};
use super::property::{Direction, Property};
use super::solver::{Open, Prover, Solver};
use super::workers;
use crate::domain::{Decision, Outcome};
use crate::engine::{Bundle, PolicyInfo};
use cedar_policy::{Effect, Policy, PolicyId, RequestEnv, Schema};
use cedar_policy_symcc::{
    CompiledPolicySet, always_denies_asserts, implies_asserts, never_errors_asserts, never_matches_asserts,
};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What one environment says.
struct Found {
    environment: Environment,
    properties: Vec<(usize, Finding)>,
    failing: Finding,
    dead: Finding,
}

/// A policy and whether an example was found that it decides.
struct Subject<'a> {
    info: PolicyInfo<'a>,
    policy: &'a Policy,
    is_alive: AtomicBool,
    /// Whether it was not told, somewhere, if there is such an example.
    is_unknown: AtomicBool,
}

struct Question<'a> {
    bundle: &'a Bundle,
    schema: &'a Schema,
    scopes: Scopes,
    subjects: Vec<Subject<'a>>,
    properties: &'a [Property],
}

/// Looks at every property in every environment it is about, and at every policy in every environment it is for.
/// `progress` is told how many environments there are and called again after each: (done, all).
///
/// # Errors
/// If threads or processes cannot be started.
pub fn verify(
    bundle: &Bundle,
    properties: &[Property],
    solver: &Solver,
    progress: &mut dyn FnMut(usize, usize),
) -> io::Result<Vec<Checked>> {
    let Some(schema) = bundle.schema() else { return Err(io::Error::other("there is no schema to prove anything by")) };
    let question = Question { bundle, schema, scopes: Scopes::of(schema), subjects: subjects(bundle), properties };
    let environments = environment::all(schema);
    let mut done = 0;
    progress(done, environments.len());
    let found = workers::for_all(solver, &environments, |prover, env| question.look(prover, env), &mut || {
        done += 1;
        progress(done, environments.len());
    })?;
    Ok(question.conclude(found))
}

fn subjects(bundle: &Bundle) -> Vec<Subject<'_>> {
    let policies = bundle.policies().filter_map(|info| {
        let policy = bundle.policy_set().policy(&PolicyId::new(info.id))?;
        Some(Subject { info, policy, is_alive: AtomicBool::new(false), is_unknown: AtomicBool::new(false) })
    });
    policies.collect()
}

impl<'a> Question<'a> {
    fn look(&self, prover: &mut Prover<'_>, env: &RequestEnv) -> Found {
        let environment = Environment::of(env);
        let here: Vec<_> = self.subjects.iter().filter(|subject| self.scopes.may_hold(subject.policy, env)).collect();
        let mut left = HashMap::new();
        let mut properties = Vec::new();
        for (index, property) in self.properties.iter().enumerate() {
            if property.policies.iter().any(|policy| self.scopes.may_hold(policy, env)) {
                let begun = Instant::now();
                let mut finding = self.hold(prover, env, &here, property, &mut left);
                finding.time = begun.elapsed();
                properties.push((index, finding));
            }
        }
        let failing = timed(|| self.failing(prover, env, &here));
        let dead = timed(|| self.live(prover, env, &here));
        Found { environment, properties, failing, dead }
    }

    /// Whether a property holds here. What the policies come to is kept in `sides`, by what is assumed.
    fn hold(
        &self,
        prover: &mut Prover<'_>,
        env: &RequestEnv,
        here: &[&Subject<'a>],
        property: &'a Property,
        sides: &mut HashMap<Vec<&'a str>, CompiledPolicySet>,
    ) -> Finding {
        let mut finding = Finding::default();
        match self.broken(prover, env, here, property, sides) {
            Ok(refuted) => finding.refuted.extend(refuted),
            Err(open) => finding.unproved.push(open.to_string()),
        }
        finding
    }

    fn broken(
        &self,
        prover: &mut Prover<'_>,
        env: &RequestEnv,
        here: &[&Subject<'a>],
        property: &'a Property,
        sides: &mut HashMap<Vec<&'a str>, CompiledPolicySet>,
    ) -> Result<Option<Refutation>, Open> {
        let at_most = property.direction == Direction::AtMost;
        // What never occurs is forbidden on the side whose allowing is looked into.
        let assumed: Vec<&str> = if at_most { property.assumptions().collect() } else { Vec::new() };
        let policies = match sides.entry(assumed) {
            Entry::Occupied(side) => side.into_mut(),
            Entry::Vacant(side) => {
                let taken = if at_most { property.assumptions.as_slice() } else { &[] };
                side.insert(together(here.iter().map(|subject| subject.policy).chain(taken), env, self.schema)?)
            }
        };
        let said = property.policies.iter().filter(|policy| self.scopes.may_hold(policy, env));
        let taken = if at_most { [].as_slice() } else { property.assumptions.as_slice() };
        let claim = together(said.chain(taken), env, self.schema)?;
        let asserts = if at_most { implies_asserts(policies, &claim) } else { implies_asserts(&claim, policies) };
        let Some(found) = prover.example(&asserts)? else { return Ok(None) };
        let wrong = if at_most { Decision::Allow } else { Decision::Deny };
        let (example, outcome) = self.tried(&found, |outcome| outcome.decision == wrong)?;
        let may = if at_most { "may" } else { "may not" };
        let what = format!(
            "{} {may} {} {}{}",
            example.request.principal,
            Environment::of(env).action_name(),
            example.request.resource,
            by(&outcome)
        );
        Ok(Some(Refutation { what, environment: Some(Environment::of(env)), example: Some((example, outcome)) }))
    }

    /// What the engine says of what the solver found, if it is what the solver says.
    fn tried(
        &self,
        found: &cedar_policy_symcc::Env,
        is_right: impl Fn(&Outcome) -> bool,
    ) -> Result<(Example, Outcome), Open> {
        let example = Example::of(found).map_err(Open::Example)?;
        let outcome = example.decide(self.bundle).map_err(Open::Example)?;
        if is_right(&outcome) {
            return Ok((example, outcome));
        }
        let why = format!("the engine answers {} {}", outcome.decision.name(), outcome.errors.join("; "));
        Err(Open::Example(why.trim_end().to_owned()))
    }

    /// The policies that cannot always be evaluated here.
    fn failing(&self, prover: &mut Prover<'_>, env: &RequestEnv, here: &[&Subject<'a>]) -> Finding {
        let mut finding = Finding::default();
        for subject in here {
            let found = alone(subject.policy, env, self.schema)
                .and_then(|policy| prover.example(&never_errors_asserts(&policy)))
                .and_then(|found| match found {
                    Some(found) => self.tried(&found, |outcome| !outcome.errors.is_empty()).map(Some),
                    None => Ok(None),
                });
            let id = subject.info.id;
            match found {
                Ok(None) => {}
                Ok(Some((example, outcome))) => finding.refuted.push(Refutation {
                    what: format!("`{id}` fails: {}", outcome.errors.join("; ")),
                    environment: Some(Environment::of(env)),
                    example: Some((example, outcome)),
                }),
                Err(open) => finding.unproved.push(format!("`{id}`: {open}")),
            }
        }
        finding
    }

    /// Looks for requests that the policies decide which none was found for yet.
    fn live(&self, prover: &mut Prover<'_>, env: &RequestEnv, here: &[&Subject<'a>]) -> Finding {
        for subject in here.iter().filter(|subject| !subject.is_alive.load(Ordering::Relaxed)) {
            match self.decides(prover, env, here, subject) {
                Ok(true) => subject.is_alive.store(true, Ordering::Relaxed),
                Ok(false) => {}
                Err(_) => subject.is_unknown.store(true, Ordering::Relaxed),
            }
        }
        Finding::default()
    }

    /// Whether a forbid holds for any request here, or whether a permit does that no forbid holds for.
    fn decides(
        &self,
        prover: &mut Prover<'_>,
        env: &RequestEnv,
        here: &[&Subject<'a>],
        subject: &Subject<'a>,
    ) -> Result<bool, Open> {
        if subject.info.effect == Effect::Forbid {
            let policy = alone(subject.policy, env, self.schema)?;
            return Ok(prover.example(&never_matches_asserts(&policy))?.is_some());
        }
        let forbids = here.iter().filter(|other| other.info.effect == Effect::Forbid).map(|other| other.policy);
        let set = together(forbids.chain([subject.policy]), env, self.schema)?;
        Ok(prover.example(&always_denies_asserts(&set))?.is_some())
    }

    fn conclude(&self, found: Vec<Found>) -> Vec<Checked> {
        let mut checked: Vec<_> = self.properties.iter().map(Checked::of).collect();
        let mut failing = Checked::about_policies(NONE_FAILS, "Every policy can be evaluated, whatever is asked.");
        let mut dead = Checked::about_policies(NONE_IS_DEAD, "Every policy decides some request.");
        for Found { environment, properties, failing: here, dead: lives } in found {
            for (index, finding) in properties {
                if let Some(property) = checked.get_mut(index) {
                    property.take(&environment, finding);
                }
            }
            failing.take(&environment, here);
            dead.take(&environment, lives);
        }
        for subject in self.subjects.iter().filter(|subject| !subject.is_alive.load(Ordering::Relaxed)) {
            self.bury(subject, &mut dead);
        }
        checked.iter_mut().for_each(Checked::finish);
        checked.extend([failing, dead]);
        checked
    }

    fn bury(&self, subject: &Subject<'_>, dead: &mut Checked) {
        let PolicyInfo { id, file, line, effect, .. } = subject.info;
        if subject.is_unknown.load(Ordering::Relaxed) {
            let envs = environment::all(self.schema);
            let env = envs.iter().find(|env| self.scopes.may_hold(subject.policy, env));
            let why = format!("`{id}`: the solver did not tell whether it decides any request");
            dead.unproved.extend(env.map(|env| Unproved { environment: Some(Environment::of(env)), why }));
            return;
        }
        let never = match effect {
            Effect::Permit => "never allows anything: it holds for no request, or a forbid holds wherever it does",
            Effect::Forbid => "never forbids anything: it holds for no request",
        };
        let what = format!("{file}:{line}: `{id}` {never}");
        dead.refuted.push(Refutation { what, environment: None, example: None });
    }
}

fn timed(look: impl FnOnce() -> Finding) -> Finding {
    let begun = Instant::now();
    let finding = look();
    Finding { time: begun.elapsed(), ..finding }
}

fn by(outcome: &Outcome) -> String {
    if outcome.reasons.is_empty() { String::new() } else { format!(", by {}", outcome.reasons.join(", ")) }
}
