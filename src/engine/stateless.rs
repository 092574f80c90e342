//! Sets for evaluation without a store: all entities are at hand, so a policy may look as far as it likes.

use super::validate::Looking;
use super::{AllEntities, Bundle, ContextError, Detail, LoadError, Naming, NotAllowed, Sources};
use crate::domain::{DecisionRequest, Outcome};
use thiserror::Error;

/// What is held against the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validation {
    /// Policies, entities and requests, as Cedar's strict validation has them.
    Strict,
    /// Entities alone: policies are tried as they are, each with its whole scope for every request.
    EntitiesOnly,
    /// Nothing; there is no schema.
    None,
}

/// The schema does not allow the request.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Undecidable {
    /// It has no place for it.
    #[error("`{field}`: {0}", field = .0.field())]
    NotAllowed(#[from] NotAllowed),
    /// It wants another context.
    #[error(transparent)]
    Context(#[from] ContextError),
}

impl Undecidable {
    /// The field of the request it is about: `action`, `context.size`.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::NotAllowed(error) => error.field(),
            Self::Context(error) => error.path(),
        }
    }
}

impl Bundle {
    /// Loads a set for evaluation over entities that are all at hand. Policies are called by their `@id`, or by
    /// their place where they have none.
    ///
    /// # Errors
    /// [`LoadError`] with every problem of every file at once.
    pub fn stateless(sources: &Sources, validation: Validation) -> Result<Self, LoadError> {
        let mut problems = Vec::new();
        let (schema, policies) = match validation {
            Validation::None => (Vec::new(), sources.policy_files(&mut problems)),
            Validation::Strict | Validation::EntitiesOnly => {
                let read = sources.read();
                problems = read.problems;
                (read.schema, read.policies)
            }
        };
        if validation == Validation::Strict {
            return Self::compile(&schema, &policies, Naming::Given, &sources.features, Looking::Anywhere, problems);
        }
        if problems.is_empty() {
            return Self::unvalidated(&schema, &policies, Naming::Given, &sources.features);
        }
        Err(LoadError::new(problems))
    }

    /// Decides a request over all entities there are.
    ///
    /// # Errors
    /// [`Undecidable`] if the schema does not allow the request.
    pub fn decide(&self, request: &DecisionRequest, entities: &AllEntities) -> Result<Outcome, Undecidable> {
        let (principal, resource) = (&request.principal.type_name, &request.resource.type_name);
        let environment = self.environment(principal, &request.action.borrow(), resource)?;
        let context = self.context(environment, &request.context)?;
        Ok(self.evaluate(environment, request, &context, &entities.0, Detail::Policies))
    }
}
