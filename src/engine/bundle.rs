//! A loaded set: what it holds and what may be asked of it.

use super::index::Index;
use super::parse::Parsed;
use super::{ContextError, Environment, ErrorRule, NotAllowed, PolicyInfo, Problem, Summary, context};
use crate::cedar::{Described, EntityError, EntityModel};
use crate::domain::uid::UidRef;
use crate::domain::{Context, EntityRecord, EntityUid};
use cedar_policy::{PolicySet, Schema};
use cedar_policy_core::ast::Entity;
use std::sync::Arc;

/// A set of policies with its schema: validated, indexed, ready to decide. Immutable.
#[derive(Debug)]
pub struct Bundle {
    /// `None` only for a set that was not validated.
    pub(super) schema: Option<Schema>,
    /// In the order of files and lines.
    pub(super) policies: Vec<Parsed>,
    /// The same for Cedar's own authorizer.
    pub(super) set: PolicySet,
    pub(super) index: Index,
    pub(super) actions: Vec<Arc<Entity>>,
    /// What the schema says of entities; nothing without a schema.
    pub(super) model: Arc<EntityModel>,
    pub(super) warnings: Vec<Problem>,
    pub(super) error_rule: ErrorRule,
    pub(super) generation: u64,
    pub(super) digest: Arc<str>,
    /// The same of the schema alone.
    pub(super) schema_digest: Arc<str>,
}

impl Bundle {
    /// The same bundle with another rule for forbids that fail.
    #[must_use]
    pub fn with_error_rule(mut self, rule: ErrorRule) -> Self {
        self.error_rule = rule;
        self
    }

    /// The same bundle, but for what Cedar's own authorizer is given: a fault of the engine, as it were.
    #[cfg(test)]
    pub(crate) fn with_stock_policies(mut self, policies: &str) -> Self {
        self.set = policies.parse().unwrap();
        self
    }

    /// A number no other bundle of this process has.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// SHA-256 of schema, policies and features, in hexadecimal: equal for equal sets.
    #[must_use]
    pub const fn digest(&self) -> &Arc<str> {
        &self.digest
    }

    /// Whether the two have the same schema, text for text: entities made by one are right for the other.
    #[must_use]
    pub fn has_schema_of(&self, other: &Self) -> bool {
        self.schema_digest == other.schema_digest
    }

    /// What is suspicious without being wrong.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The schema; `None` only for a set that was not validated and came without one.
    #[must_use]
    pub const fn schema(&self) -> Option<&Schema> {
        self.schema.as_ref()
    }

    /// The policies in force, as Cedar has them, each under its id.
    #[must_use]
    pub const fn policy_set(&self) -> &PolicySet {
        &self.set
    }

    /// What the schema says of entities, and which of their types Conclave itself keeps.
    #[must_use]
    pub const fn model(&self) -> &Arc<EntityModel> {
        &self.model
    }

    /// The attributes and tags that a host gives an entity, as values of the schema's types.
    ///
    /// # Errors
    /// As [`EntityModel::attributes`].
    pub fn attributes(&self, record: &EntityRecord) -> Result<Described, EntityError> {
        self.model.attributes(record)
    }

    /// How big it is.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let (actions, level) = self.index.size();
        Summary { policies: self.policies.len(), actions, level }
    }

    /// Every policy, in the order of files and lines.
    pub fn policies(&self) -> impl Iterator<Item = PolicyInfo<'_>> {
        self.policies.iter().map(|policy| PolicyInfo {
            id: &policy.id,
            rule: policy.rule.as_deref(),
            effect: policy.policy.effect(),
            file: &policy.file.name,
            line: policy.line(),
            text: policy.text(),
            comment: &policy.comment,
        })
    }

    /// The actions of the schema with all their ancestors.
    #[must_use]
    pub fn all_actions(&self) -> &[Arc<Entity>] {
        &self.actions
    }

    /// The actions of the schema with all their ancestors: part of every slice of an environment whose policies look
    /// at them, and nothing for any other.
    #[must_use]
    pub fn action_entities(&self, environment: &Environment) -> &[Arc<Entity>] {
        if environment.needs_actions { &self.actions } else { &[] }
    }

    /// The environment of a request. Allocates nothing when there is one.
    ///
    /// # Errors
    /// [`NotAllowed`] if the schema has no such action, or not for these types.
    pub fn environment(
        &self,
        principal_type: &str,
        action: &UidRef<'_>,
        resource_type: &str,
    ) -> Result<&Environment, NotAllowed> {
        self.index.get(principal_type, action, resource_type)
    }

    /// The actions that the schema has for these types, each with its environment.
    pub fn actions_on(
        &self,
        principal_type: &str,
        resource_type: &str,
    ) -> impl Iterator<Item = (EntityUid, &Environment)> {
        self.index.actions_on(principal_type, resource_type)
    }

    /// The context as Cedar takes it, checked against the schema.
    ///
    /// # Errors
    /// [`ContextError`] naming the field that the schema does not allow.
    pub fn context(&self, environment: &Environment, context: &Context) -> Result<cedar_policy::Context, ContextError> {
        match (&self.schema, &environment.scope) {
            (Some(schema), Some(scope)) => context::checked(schema, scope, context),
            _ => context::unchecked(context),
        }
    }
}
