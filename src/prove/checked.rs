//! What became of a property.

use super::environment::Environment;
use super::example::Example;
use super::property::Property;
use crate::domain::Outcome;
use std::time::Duration;

/// The property that every policy can be evaluated, whatever is asked.
pub const NONE_FAILS: &str = "no-policy-can-fail";
/// The property that every policy decides something.
pub const NONE_IS_DEAD: &str = "no-policy-is-dead";

/// What became of one property.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Its name.
    pub name: String,
    /// The rules it is about.
    pub rules: Vec<String>,
    /// What it says.
    pub claim: String,
    /// Its file; the two about policies themselves have none.
    pub file: Option<String>,
    /// What it takes for granted.
    pub assumptions: Vec<String>,
    /// In how many environments it was looked at.
    pub environments: usize,
    /// How long that took, over all cores.
    pub time: Duration,
    /// Where it does not hold.
    pub refuted: Vec<Refutation>,
    /// Where it is not known whether it holds.
    pub unproved: Vec<Unproved>,
}

/// Whether a property holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// In every environment it is about.
    Proved,
    /// There is an example to the contrary.
    Refuted,
    /// Nobody knows.
    Unproved,
}

/// Why a property does not hold.
#[derive(Debug, Clone)]
pub struct Refutation {
    /// What is wrong, in a sentence.
    pub what: String,
    /// Where.
    pub environment: Option<Environment>,
    /// A request that shows it, and what the policies say of it. That a policy is dead, no request shows.
    pub example: Option<(Example, Outcome)>,
}

/// Where the solver did not answer.
#[derive(Debug, Clone)]
pub struct Unproved {
    /// Where; nowhere if the property is about no environment at all.
    pub environment: Option<Environment>,
    /// Why, and of what.
    pub why: String,
}

impl Checked {
    /// What became of it.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match (self.refuted.is_empty(), self.unproved.is_empty()) {
            (false, _) => Verdict::Refuted,
            (true, false) => Verdict::Unproved,
            (true, true) => Verdict::Proved,
        }
    }

    pub(super) fn of(property: &Property) -> Self {
        Self {
            rules: property.rules.clone(),
            file: Some(property.file.clone()),
            assumptions: property.assumptions().map(str::to_owned).collect(),
            ..Self::about_policies(&property.name, &property.claim)
        }
    }

    pub(super) fn about_policies(name: &str, claim: &str) -> Self {
        Self {
            name: name.to_owned(),
            rules: Vec::new(),
            claim: claim.to_owned(),
            file: None,
            assumptions: Vec::new(),
            environments: 0,
            time: Duration::ZERO,
            refuted: Vec::new(),
            unproved: Vec::new(),
        }
    }

    /// What nothing was asked of proves nothing: the scopes name types or actions that do not go together.
    pub(super) fn finish(&mut self) {
        if self.environments == 0 {
            let why = "the schema has no environment that the scopes of its policies are about".to_owned();
            self.unproved.push(Unproved { environment: None, why });
        }
    }

    pub(super) fn take(&mut self, environment: &Environment, finding: Finding) {
        self.environments += 1;
        self.time += finding.time;
        self.refuted.extend(finding.refuted);
        let unproved = finding.unproved.into_iter();
        self.unproved.extend(unproved.map(|why| Unproved { environment: Some(environment.clone()), why }));
    }
}

/// What one environment says of one property.
#[derive(Debug, Default)]
pub(super) struct Finding {
    pub time: Duration,
    pub refuted: Vec<Refutation>,
    pub unproved: Vec<String>,
}
