//! The condition of a policy in one environment: its scope stripped of what the environment proves.

use cedar_policy::RequestEnv;
use cedar_policy_core::ast::{
    ActionConstraint, EntityType, EntityUID, Expr, Policy, PrincipalOrResource, PrincipalOrResourceConstraint,
};
use std::collections::HashSet;

/// What a policy still has to test once principal type, action and resource type are known.
///
/// `groups` are the environment's action and every action it is in.
pub(super) fn stripped(policy: &Policy, environment: &RequestEnv, groups: &HashSet<EntityUID>) -> Expr {
    let principal = entity_part(
        policy.principal_constraint().as_inner(),
        PrincipalOrResource::Principal,
        environment.principal().as_ref(),
    );
    let action = action_part(policy.action_constraint(), environment.action().as_ref(), groups);
    let resource = entity_part(
        policy.resource_constraint().as_inner(),
        PrincipalOrResource::Resource,
        environment.resource().as_ref(),
    );
    let parts = [principal, action, resource, policy.non_scope_constraints().cloned()];
    parts.into_iter().rev().flatten().reduce(|rest, part| Expr::and(part, rest)).unwrap_or_else(|| Expr::val(true))
}

fn entity_part(
    constraint: &PrincipalOrResourceConstraint,
    variable: PrincipalOrResource,
    of_type: &EntityType,
) -> Option<Expr> {
    match constraint {
        PrincipalOrResourceConstraint::Any => None,
        PrincipalOrResourceConstraint::Is(entity_type) if entity_type.as_ref() == of_type => None,
        _ => Some(constraint.as_expr(variable)),
    }
}

fn action_part(constraint: &ActionConstraint, action: &EntityUID, groups: &HashSet<EntityUID>) -> Option<Expr> {
    match constraint {
        ActionConstraint::Any => None,
        ActionConstraint::In(uids) if uids.iter().any(|uid| groups.contains(uid.as_ref())) => None,
        ActionConstraint::Eq(uid) if uid.as_ref() == action => None,
        _ => Some(constraint.as_expr()),
    }
}
