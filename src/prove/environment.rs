//! Request environments, and which policies can apply in them.

use cedar_policy::{ActionConstraint, Entities, EntityTypeName, Policy, PrincipalConstraint, RequestEnv};
use cedar_policy::{ResourceConstraint, Schema};
use serde::Serialize;
use std::fmt;

/// A principal type, an action and a resource type: what one proof is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Environment {
    /// The type of the principal.
    pub principal: String,
    /// The action, whole: `Action::"view"`.
    pub action: String,
    /// The type of the resource.
    pub resource: String,
}

impl Environment {
    pub(super) fn of(env: &RequestEnv) -> Self {
        Self {
            principal: env.principal().to_string(),
            action: env.action().to_string(),
            resource: env.resource().to_string(),
        }
    }

    /// The action as people say it: `view`.
    #[must_use]
    pub fn action_name(&self) -> &str {
        self.action.strip_prefix("Action::\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(&self.action)
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · {} · {}", self.principal, self.action_name(), self.resource)
    }
}

/// The request environments of a schema, each once, in the order of their names.
pub(super) fn all(schema: &Schema) -> Vec<RequestEnv> {
    let mut all: Vec<_> = schema.request_envs().collect();
    all.sort_by_cached_key(Environment::of);
    all.dedup();
    all
}

/// Which scopes can hold in which environments.
#[derive(Debug)]
pub(super) struct Scopes {
    /// The actions with their ancestors.
    actions: Entities,
}

impl Scopes {
    pub(super) fn of(schema: &Schema) -> Self {
        // The schema is loaded, so its actions can be made; without them `in` is taken to hold for all.
        Self { actions: schema.action_entities().unwrap_or_else(|_| Entities::empty()) }
    }

    /// Whether the scope of a policy can hold in an environment. Only types and actions are looked at, so of
    /// `principal in Group::"x"` it is taken that it can.
    pub(super) fn may_hold(&self, policy: &Policy, env: &RequestEnv) -> bool {
        let is = |wanted: &EntityTypeName, found: &EntityTypeName| wanted == found;
        let principal = match policy.principal_constraint() {
            PrincipalConstraint::Any | PrincipalConstraint::In(_) => true,
            PrincipalConstraint::Eq(uid) => is(uid.type_name(), env.principal()),
            PrincipalConstraint::Is(ty) | PrincipalConstraint::IsIn(ty, _) => is(&ty, env.principal()),
        };
        let resource = match policy.resource_constraint() {
            ResourceConstraint::Any | ResourceConstraint::In(_) => true,
            ResourceConstraint::Eq(uid) => is(uid.type_name(), env.resource()),
            ResourceConstraint::Is(ty) | ResourceConstraint::IsIn(ty, _) => is(&ty, env.resource()),
        };
        principal && resource && self.is_action(&policy.action_constraint(), env)
    }

    fn is_action(&self, constraint: &ActionConstraint, env: &RequestEnv) -> bool {
        match constraint {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(action) => action == env.action(),
            ActionConstraint::In(actions) => {
                actions.iter().any(|action| action == env.action() || self.actions.is_ancestor_of(action, env.action()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Bundle, Sources};
    use cedar_policy_symcc::{CompiledPolicy, never_matches_asserts};

    /// The symbolic compiler says of a policy, without a solver, that it never holds somewhere.
    fn never_holds(policy: &Policy, env: &RequestEnv, schema: &Schema) -> bool {
        let policy = CompiledPolicy::compile(policy, env, schema).unwrap();
        never_matches_asserts(&policy).asserts().iter().any(|assert| *assert == false.into())
    }

    #[test]
    fn a_policy_is_left_out_only_where_it_never_holds() {
        let bundle = Bundle::load(&Sources::default()).unwrap();
        let schema = bundle.schema().unwrap();
        let (scopes, mut left_out, mut kept) = (Scopes::of(schema), 0, 0);
        for env in all(schema) {
            for policy in bundle.policy_set().policies() {
                if scopes.may_hold(policy, &env) {
                    kept += usize::from(!never_holds(policy, &env, schema));
                } else {
                    left_out += 1;
                    assert!(never_holds(policy, &env, schema), "{} in {}", policy.id(), Environment::of(&env));
                }
            }
        }
        assert!(left_out > 1_000 && kept > 40, "{left_out} {kept}");
    }

    #[test]
    fn scopes_are_held_against_types_actions_and_their_groups() {
        let schema: Schema =
            "entity U, V; action all; action a, b in [all] appliesTo { principal: [U, V], resource: U };"
                .parse()
                .unwrap();
        let scopes = Scopes::of(&schema);
        let env = all(&schema).into_iter().find(|env| Environment::of(env).to_string() == "V · a · U").unwrap();
        let may = |scope: &str| scopes.may_hold(&Policy::parse(None, format!("permit ({scope});")).unwrap(), &env);
        let holding = [
            "principal, action, resource",
            "principal is V, action in Action::\"all\", resource == U::\"u\"",
            "principal == V::\"v\", action == Action::\"a\", resource is U",
            "principal in U::\"u\", action in [Action::\"b\", Action::\"a\"], resource in V::\"v\"",
        ];
        for scope in holding {
            assert!(may(scope), "{scope}");
        }
        let not_holding = [
            "principal is U, action, resource",
            "principal == U::\"v\", action, resource",
            "principal is U in U::\"v\", action, resource",
            "principal, action == Action::\"b\", resource",
            "principal, action in [Action::\"b\"], resource",
            "principal, action, resource is V",
            "principal, action, resource == V::\"v\"",
        ];
        for scope in not_holding {
            assert!(!may(scope), "{scope}");
        }
    }
}
