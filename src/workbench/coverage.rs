//! How much of a set of policies its tests came to: for every policy and every condition, that it was true and that
//! it was false.

use super::record::Unreachable;
use crate::engine::coverage::{PolicyCoverage, Seen};

/// What tests came to, and what they cannot come to.
#[derive(Debug)]
pub struct Coverage<'b> {
    /// In the order of files and lines.
    pub policies: Vec<PolicyCoverage<'b>>,
    excused: Vec<Excused>,
    /// What is wrong with the excuses: one that is about nothing, or about what was seen after all.
    pub wrong: Vec<String>,
}

/// An outcome that is not asked for.
#[derive(Debug)]
struct Excused {
    policy: usize,
    /// `None` is the policy itself.
    condition: Option<usize>,
    never: bool,
}

/// Something that was not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The number of the policy.
    pub policy: usize,
    /// The number of its condition; `None` is the policy itself.
    pub condition: Option<usize>,
    /// What it never was.
    pub never: Never,
}

/// What was not seen of a policy or of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Never {
    /// Nothing came to it.
    Reached,
    /// It was false each time.
    True,
    /// It was true each time.
    False,
}

impl<'b> Coverage<'b> {
    pub(super) fn new(policies: Vec<PolicyCoverage<'b>>, unreachable: &[(String, Unreachable)]) -> Self {
        let mut coverage = Self { policies, excused: Vec::new(), wrong: Vec::new() };
        for (place, excuse) in unreachable {
            if let Err(wrong) = coverage.excuse(excuse) {
                coverage.wrong.push(format!("{place}: {wrong}"));
            }
        }
        coverage
    }

    fn excuse(&mut self, excuse: &Unreachable) -> Result<(), String> {
        let Unreachable { policy: id, condition, never, because } = excuse;
        if because.trim().is_empty() {
            return Err("`because` says nothing".to_owned());
        }
        let number = self.policies.iter().position(|covered| covered.policy.id == id.as_str());
        let number = number.ok_or_else(|| format!("there is no policy `{id}`"))?;
        let Some(covered) = self.policies.get(number) else { return Ok(()) };
        let mut about = Vec::new();
        match condition {
            None => about.push((None, covered.seen)),
            Some(text) => {
                let parts = covered.conditions.iter().enumerate().filter(|(_, part)| part.text == *text);
                about.extend(parts.map(|(number, part)| (Some(number), part.seen)));
            }
        }
        if about.is_empty() {
            let text = condition.as_deref().unwrap_or_default();
            return Err(format!("the policy `{id}` has no condition `{text}`"));
        }
        if about.iter().any(|(_, seen)| was(*seen, *never)) {
            return Err(format!("it is not true of `{id}`: it was seen {never}"));
        }
        let excused = about.into_iter().map(|(condition, _)| Excused { policy: number, condition, never: *never });
        self.excused.extend(excused);
        Ok(())
    }

    /// Everything that was not seen although it could be, in the order of policies and conditions.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        let gap = |(policy, condition, _, seen)| {
            let [lacks_true, lacks_false] = [true, false].map(|outcome| self.lacks(policy, condition, seen, outcome));
            let is_unseen = seen == Seen::default();
            let never = match (lacks_true, lacks_false) {
                (true, true) => Never::Reached,
                (true, false) | (false, true) if is_unseen => Never::Reached,
                (true, false) => Never::True,
                (false, true) => Never::False,
                (false, false) => return None,
            };
            Some(Gap { policy, condition, never })
        };
        self.each().filter_map(gap).collect()
    }

    /// Outcomes that were seen, and outcomes that there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let of_one = |(policy, condition, is_always_true, seen)| {
            let outcomes = if is_always_true { &[true][..] } else { &[true, false] };
            let wanted = outcomes.iter().filter(|outcome| !self.is_excused(policy, condition, **outcome));
            wanted.fold((0, 0), |(found, all), outcome| (found + usize::from(was(seen, *outcome)), all + 1))
        };
        self.each().map(of_one).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Hundredths of a percent of the outcomes that were seen, rounded down; all of them if there are none.
    #[must_use]
    pub fn hundredths(&self) -> usize {
        let (found, all) = self.counts();
        (found * 10_000).checked_div(all).unwrap_or(10_000)
    }

    /// Policies and their conditions by number, whether they can only be true, and what was seen.
    fn each(&self) -> impl Iterator<Item = (usize, Option<usize>, bool, Seen)> {
        self.policies.iter().enumerate().flat_map(|(policy, covered)| {
            let conditions = covered.conditions.iter().enumerate();
            let conditions = conditions.map(move |(number, part)| (policy, Some(number), false, part.seen));
            std::iter::once((policy, None, covered.conditions.is_empty(), covered.seen)).chain(conditions)
        })
    }

    fn lacks(&self, policy: usize, condition: Option<usize>, seen: Seen, outcome: bool) -> bool {
        let is_bare = self.policies.get(policy).is_some_and(|covered| covered.conditions.is_empty());
        let is_possible = outcome || condition.is_some() || !is_bare;
        is_possible && !was(seen, outcome) && !self.is_excused(policy, condition, outcome)
    }

    fn is_excused(&self, policy: usize, condition: Option<usize>, outcome: bool) -> bool {
        let is_it =
            |excused: &Excused| (excused.policy, excused.condition, excused.never) == (policy, condition, outcome);
        self.excused.iter().any(is_it)
    }
}

const fn was(seen: Seen, outcome: bool) -> bool {
    if outcome { seen.held > 0 } else { seen.failed > 0 }
}
