//! How far a decision looks from the entities of its request.

use smol_str::SmolStr;
use std::collections::BTreeSet;

/// The steps from entity to entity that the policies of a decision may take.
///
/// Without a step, a decision looks into the entities of the request alone. It need not be exact: a
/// step too many costs time and rests the decision on more than it needs; a step too few would decide
/// without an entity that a policy looks into.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    steps: Vec<Step>,
}

/// Which attributes lead on to the next entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Any that names an entity.
    All,
    /// These alone, whatever entity has them. Of a record inside an entity, the entity's attribute.
    Through(BTreeSet<SmolStr>),
}

impl Reach {
    /// Every step there is, up to `level`: 1 is the entities of the request alone.
    #[must_use]
    pub fn everything(level: u32) -> Self {
        Self { steps: (1..level).map(|_| Step::All).collect() }
    }

    /// The same, and also the entities that one attribute after the other leads to.
    pub fn add_path(&mut self, path: &[SmolStr]) {
        for (place, attribute) in path.iter().enumerate() {
            match self.steps.get_mut(place) {
                Some(Step::All) => {}
                Some(Step::Through(attributes)) => drop(attributes.insert(attribute.clone())),
                None => self.steps.push(Step::Through(BTreeSet::from([attribute.clone()]))),
            }
        }
    }

    /// The same, and also wherever `other` looks.
    pub fn widen(&mut self, other: Self) {
        for (place, step) in other.steps.into_iter().enumerate() {
            match (self.steps.get_mut(place), step) {
                (None, step) => self.steps.push(step),
                (Some(Step::All), _) => {}
                (Some(own), Step::All) => *own = Step::All,
                (Some(Step::Through(own)), Step::Through(more)) => own.extend(more),
            }
        }
    }

    /// One step after the other.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The level at which policies that look so far validate: one more than there are steps.
    #[must_use]
    pub fn level(&self) -> u32 {
        u32::try_from(self.steps.len()).unwrap_or(u32::MAX).saturating_add(1)
    }
}

impl Step {
    /// Whether this attribute leads on.
    #[must_use]
    pub fn takes(&self, attribute: &str) -> bool {
        match self {
            Self::All => true,
            Self::Through(attributes) => attributes.contains(attribute),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(names: &[&'static str]) -> Vec<SmolStr> {
        names.iter().map(|name| SmolStr::new_static(name)).collect()
    }

    #[test]
    fn paths_add_up_step_by_step() {
        let mut reach = Reach::default();
        assert_eq!(reach.level(), 1);
        reach.add_path(&path(&["group", "administrator"]));
        reach.add_path(&path(&["quota"]));
        let taken = |step: usize, name: &str| reach.steps()[step].takes(name);
        assert_eq!(reach.level(), 3);
        assert!(taken(0, "group") && taken(0, "quota") && taken(1, "administrator"));
        assert!(!taken(0, "administrator") && !taken(1, "quota"));
    }

    #[test]
    fn widening_never_takes_a_step_away() {
        let mut reach = Reach::everything(2);
        reach.add_path(&path(&["group", "administrator"]));
        let mut other = Reach::default();
        other.add_path(&path(&["quota"]));
        other.widen(reach);
        assert_eq!(other.steps()[0], Step::All);
        assert!(other.steps()[1].takes("administrator") && !other.steps()[1].takes("quota"));
        other.widen(Reach::everything(4));
        assert_eq!(other, Reach::everything(4));
    }
}
