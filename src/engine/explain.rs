//! Why a question is decided as it is: the conditions of its policies one by one, the facts behind those that hold,
//! and what would make the others hold.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `answer`, `fact` | what an explanation says, as values |
//! | `tree` | a condition taken apart, each part judged by itself |
//! | `seen` | the text of a part, and the values it looked at |
//! | `scene`, `atom` | what a part asks for in the words of groups: a membership, a role, a grant |
//! | `remedy` | which changes would turn a part |
//! | `suppose`, `suggest` | those changes tried out on the slice, and what is left of them |
//! | `words`, `cause` | all of it in English; the one thing to say of it |
//!
//! Nothing here decides: the outcome is the decision's own, and what is suggested was put to the same evaluation.
//! Conditions that ask for nothing that Conclave keeps are shown with their text and values alone.

mod answer;
mod atom;
mod cause;
mod fact;
mod remedy;
mod scene;
mod seen;
mod suggest;
mod suppose;
mod tree;
mod words;

pub use answer::{
    Condition, ExplainedPolicy, Explanation, Membership, Place, PlacedGrant, PolicyEffect, Role, Seen, StatedFact,
    Suggestion, Verdict,
};
pub use cause::Cause;
pub use fact::{Change, Fact, Switch};

use super::limits::CLOSEST_POLICIES_MAX;
use super::parse::Parsed;
use super::program::{Probe, Program};
use super::{Bundle, Detail, Environment};
use crate::cedar::{Context, Entities};
use crate::domain::facts::Link;
use crate::domain::uid::types;
use crate::domain::{Decision, DecisionRequest, Outcome};
use atom::{Atom, atom};
use scene::Scene;
use tree::{Kind, Part};

/// What a decision was made from.
#[derive(Debug, Clone, Copy)]
pub struct Decided<'a> {
    /// The question.
    pub request: &'a DecisionRequest,
    /// Its context as Cedar takes it.
    pub context: &'a Context,
    /// Its slice.
    pub entities: &'a Entities,
    /// The resource and what it lies in, outwards to its tool, with the grants on each; of a person, their profile
    /// tool; of everything else nothing.
    pub chain: &'a [Link],
    /// What was decided.
    pub outcome: &'a Outcome,
}

/// A policy of the environment, judged.
struct Judged<'a> {
    program: &'a Program,
    effect: PolicyEffect,
    parts: Vec<Part<'a>>,
    verdict: Verdict,
}

impl Bundle {
    /// Explains a decision made in this environment.
    #[must_use]
    pub fn explain(&self, environment: &Environment, decided: Decided<'_>) -> Explanation {
        let Decided { request, context, entities, chain, outcome } = decided;
        let Ok(asked) = environment.request(request, context) else { return Explanation::default() };
        let has_groups = self.model().has_groups();
        let scene =
            Scene { probe: Probe::new(asked, entities), entities: entities.as_ref(), request, has_groups, chain };
        let judged = judge(environment, &scene);
        let mut explanation = Explanation {
            groups: memberships(&scene),
            chain: places(&scene),
            determining: self.told(judged.iter().filter(|one| outcome.reasons.contains(&one.program.id)), &scene),
            failed: self.told(judged.iter().filter(|one| one.verdict == Verdict::Error), &scene),
            ..Explanation::default()
        };
        if outcome.decision == Decision::Deny {
            explanation.closest = self.told(closest(&judged, &scene).into_iter(), &scene);
            if !judged.iter().any(|one| one.effect == PolicyEffect::Forbid && one.verdict == Verdict::Error) {
                let decide =
                    |supposed: &Entities| self.evaluate(environment, request, context, supposed, Detail::Policies);
                let of = |effect| judged.iter().filter(move |one| one.effect == effect);
                let forbids = of(PolicyEffect::Forbid).filter(|one| one.verdict == Verdict::Holds);
                let (permits, forbids) = (of(PolicyEffect::Permit).map(parts), forbids.map(parts));
                explanation.would_allow = suggest::suggestions(permits, forbids, &scene, decide);
            }
        }
        explanation
    }

    fn told<'a>(&self, judged: impl Iterator<Item = &'a Judged<'a>>, scene: &Scene<'_>) -> Vec<ExplainedPolicy> {
        let parsed = |one: &Judged<'_>| self.policies.iter().find(|policy| policy.id == one.program.id);
        judged.filter_map(|one| Some(tell(one, parsed(one)?, scene))).collect()
    }
}

fn parts<'a>(judged: &'a Judged<'a>) -> &'a [Part<'a>] {
    &judged.parts
}

/// Every policy of the environment: forbids, then permits.
fn judge<'a>(environment: &'a Environment, scene: &Scene<'_>) -> Vec<Judged<'a>> {
    let forbids = environment.programs.forbids.iter().map(|program| (program, PolicyEffect::Forbid));
    let permits = environment.programs.permits.iter().map(|program| (program, PolicyEffect::Permit));
    let judge = |(program, effect): (&'a Program, _)| {
        let mut parts = Part::conjuncts(&program.condition);
        let (verdict, _) = tree::judge_all(&mut parts, &scene.probe, true);
        Judged { program, effect, parts, verdict }
    };
    forbids.chain(permits).map(judge).collect()
}

/// The permits, by how many of their parts do not hold. Those for resources of another nature are left out, unless
/// there is nothing else.
fn closest<'a>(judged: &'a [Judged<'a>], scene: &Scene<'_>) -> Vec<&'a Judged<'a>> {
    let permits = || judged.iter().filter(|one| one.effect == PolicyEffect::Permit);
    let is_of_nature = |part: &Part<'_>| matches!(part.kind, Kind::Leaf { expr, .. } if !part.holds() && atom(expr, scene) == Some(Atom::Nature));
    let mut fitting: Vec<_> = permits().filter(|one| !one.parts.iter().any(is_of_nature)).collect();
    if fitting.is_empty() {
        fitting = permits().collect();
    }
    fitting.sort_by_key(|one| one.parts.iter().filter(|part| !part.holds()).count());
    fitting.truncate(CLOSEST_POLICIES_MAX);
    fitting
}

fn tell(judged: &Judged<'_>, policy: &Parsed, scene: &Scene<'_>) -> ExplainedPolicy {
    let mut facts = Vec::new();
    for part in judged.parts.iter().filter(|part| part.holds()) {
        add(stated(part, true, scene), &mut facts);
    }
    ExplainedPolicy {
        id: policy.id.clone(),
        rule: policy.rule.clone(),
        effect: judged.effect,
        comment: policy.comment.clone(),
        file: policy.file.name.clone(),
        line: policy.line(),
        last_line: policy.file.position(policy.span.offset().saturating_add(policy.span.len())).0,
        text: policy.text().to_owned(),
        conditions: judged.parts.iter().map(|part| condition(part, policy, scene)).collect(),
        facts,
    }
}

fn condition(part: &Part<'_>, policy: &Parsed, scene: &Scene<'_>) -> Condition {
    Condition {
        text: seen::text(part),
        line: part.shown.0.source_loc().map(|loc| policy.file.position(loc.start()).0),
        result: part.verdict,
        error: part.error.clone(),
        values: seen::values(part, &scene.probe, scene.entities),
        missing: if part.holds() { Vec::new() } else { stated(part, false, scene) },
    }
}

/// The facts by which the part holds, or by any of which it would.
fn stated(part: &Part<'_>, holds: bool, scene: &Scene<'_>) -> Vec<StatedFact> {
    let mut facts = Vec::new();
    for leaf in part.leaves() {
        let Kind::Leaf { expr, negated } = leaf.kind else { continue };
        let Some(atom) = atom(expr, scene).filter(|_| leaf.holds() == holds) else { continue };
        let told = match (holds, negated) {
            (true, false) => atom.facts(scene),
            (false, false) => atom.missing(scene),
            (_, true) => atom.facts_not(),
        };
        let text = |fact: &Fact| words::fact(fact, holds != negated, &scene.request.principal);
        add(told.into_iter().map(|fact| StatedFact { text: text(&fact), fact }).collect(), &mut facts);
    }
    facts
}

/// Each fact once: both halves of a grant to somebody ask for the same.
fn add(more: Vec<StatedFact>, facts: &mut Vec<StatedFact>) {
    for fact in more {
        if !facts.contains(&fact) {
            facts.push(fact);
        }
    }
}

fn places(scene: &Scene<'_>) -> Vec<Place> {
    let places = scene.chain.iter().map(|link| Place::of(link, |to| scene.reaches(to)));
    let is_content = scene.request.resource.type_name != types::USER;
    places.filter(|place| is_content || !place.grants.is_empty()).collect()
}

fn memberships(scene: &Scene<'_>) -> Vec<Membership> {
    if !scene.has_groups {
        return Vec::new();
    }
    let (principal, person) = (&scene.request.principal, scene.person());
    let co_administers = scene.co_administers(principal);
    let role = |group: &_| match () {
        () if person.is_some() && scene.administrator(group) == person => Role::Administrator,
        () if co_administers.contains(group) => Role::CoAdministrator,
        () => Role::Member,
    };
    let groups = scene.groups_of(principal).into_iter();
    groups.map(|group| Membership { role: role(&group), group }).collect()
}
