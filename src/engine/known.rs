//! The entities of a decision, as policies look at them.
//!
//! A decision looks at a handful. Cedar's evaluator wants them in a table, which takes longer to make than most
//! conditions take to be answered by looking (`shortcut`): it is made for conditions that need the evaluator.

use crate::cedar::{self, CedarError, Entity};
use cedar_policy::Entities;
use cedar_policy_core::ast::EntityUID;
use cedar_policy_core::entities::Dereference;
use std::cell::OnceCell;
use std::sync::Arc;

/// Whether there is such an entity is not known.
#[derive(Debug)]
pub struct Unknown;

/// What is known of entities.
pub trait Known {
    /// The entity, or that there is none.
    ///
    /// # Errors
    /// [`Unknown`] if it was not said whether there is one.
    fn find(&self, uid: &EntityUID) -> Result<Option<&Entity>, Unknown>;

    /// All of them as Cedar's evaluator takes them.
    ///
    /// # Errors
    /// If two of them differ but have the same uid.
    fn all(&self) -> Result<&Entities, CedarError>;
}

impl Known for Entities {
    fn find(&self, uid: &EntityUID) -> Result<Option<&Entity>, Unknown> {
        match self.as_ref().entity(uid) {
            Dereference::Data(entity) => Ok(Some(entity)),
            Dereference::NoSuchEntity => Ok(None),
            Dereference::Residual(_) => Err(Unknown),
        }
    }

    fn all(&self) -> Result<&Entities, CedarError> {
        Ok(self)
    }
}

/// Up to so many entities, searching them from end to end is as fast as hashing.
const HANDFUL_MAX: usize = 12;

/// The entities of one decision, each uid once.
#[derive(Debug)]
pub struct Handful<'a> {
    entities: Vec<&'a Arc<Entity>>,
    /// Made at once if there are many.
    table: OnceCell<Entities>,
}

impl<'a> Handful<'a> {
    /// Of these.
    ///
    /// # Errors
    /// If two of them differ but have the same uid.
    pub fn of(entities: impl Iterator<Item = &'a Arc<Entity>>) -> Result<Self, CedarError> {
        let mut all = Vec::with_capacity(HANDFUL_MAX);
        all.extend(entities);
        let handful = Self { entities: all, table: OnceCell::new() };
        if handful.entities.len() > HANDFUL_MAX || handful.has_twins() {
            handful.all()?;
        }
        Ok(handful)
    }

    fn has_twins(&self) -> bool {
        let mut rest = self.entities.as_slice();
        while let [one, others @ ..] = rest {
            if others.iter().any(|other| other.uid() == one.uid()) {
                return true;
            }
            rest = others;
        }
        false
    }
}

impl Known for Handful<'_> {
    fn find(&self, uid: &EntityUID) -> Result<Option<&Entity>, Unknown> {
        if let Some(table) = self.table.get() {
            return table.find(uid);
        }
        Ok(self.entities.iter().find(|entity| entity.uid() == uid).map(|entity| &***entity))
    }

    fn all(&self) -> Result<&Entities, CedarError> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let table = cedar::slice(self.entities.iter().copied().cloned())?;
        Ok(self.table.get_or_init(|| table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EntityUid;

    fn uid(number: usize) -> EntityUID {
        cedar::uid(&EntityUid::new("Item", number.to_string())).unwrap()
    }

    fn item(number: usize, is_open: bool) -> Arc<Entity> {
        cedar::entity(uid(number), [("open".into(), is_open.into())], [], [], [])
    }

    #[test]
    fn few_and_many_are_found_as_cedar_finds_them() {
        for count in [0, 1, HANDFUL_MAX, HANDFUL_MAX + 1, 100] {
            let items: Vec<_> = (0..count).map(|number| item(number, number % 2 == 0)).collect();
            let handful = Handful::of(items.iter()).unwrap();
            let table = cedar::slice(items.iter().cloned()).unwrap();
            for number in 0..=count {
                let (ours, cedars) = (handful.find(&uid(number)).unwrap(), table.find(&uid(number)).unwrap());
                assert_eq!(ours, cedars, "{number} of {count}");
                assert_eq!(ours.is_some(), number < count);
            }
            assert_eq!(handful.all().unwrap(), &table);
        }
    }

    #[test]
    fn two_of_one_uid_are_one_or_refused() {
        for more in [0, HANDFUL_MAX] {
            let others: Vec<_> = (2..more + 2).map(|number| item(number, true)).collect();
            let (same, other) = ([item(1, true), item(1, true)], [item(1, true), item(1, false)]);
            assert!(Handful::of(same.iter().chain(&others)).is_ok(), "{more}");
            for unlike in [[&other[0], &other[1]], [&other[1], &other[0]]] {
                assert!(Handful::of(unlike.into_iter().chain(&others)).is_err(), "{more}");
                assert!(Handful::of(others.iter().chain(unlike)).is_err(), "{more}");
            }
        }
    }
}
