//! Policies as formulas.

use super::solver::{self, Open};
use crate::engine;
use cedar_policy::{Policy, PolicyId, PolicySet, RequestEnv, Schema};
use cedar_policy_symcc::{CompiledPolicy, CompiledPolicySet};

/// When these policies together allow, in one environment. None allows what is refused before it is asked.
pub(super) fn together<'a>(
    policies: impl IntoIterator<Item = &'a Policy>,
    env: &RequestEnv,
    schema: &Schema,
) -> Result<CompiledPolicySet, Open> {
    let mut set = PolicySet::new();
    for (number, policy) in policies.into_iter().enumerate() {
        // They may come from several sets, and ids are unique in each of them alone.
        let policy = match set.policy(policy.id()) {
            Some(_) => policy.new_id(PolicyId::new(format!("{number}: {}", policy.id()))),
            None => policy.clone(),
        };
        set.add(policy).map_err(|error| Open::Unsupported(error.to_string()))?;
    }
    if let Some(refused) = refused(env, schema) {
        set.add(refused).map_err(|error| Open::Unsupported(error.to_string()))?;
    }
    CompiledPolicySet::compile(&set, env, schema).map_err(|error| solver::open(&error))
}

/// What is refused here, in a schema in which that can be asked.
fn refused(env: &RequestEnv, schema: &Schema) -> Option<Policy> {
    let policy = engine::refused_requests()?;
    // Another schema may have no such action, or sizes that are no numbers.
    CompiledPolicy::compile(&policy, env, schema).ok().map(|_| policy)
}

/// When one policy holds or fails, in one environment.
pub(super) fn alone(policy: &Policy, env: &RequestEnv, schema: &Schema) -> Result<CompiledPolicy, Open> {
    CompiledPolicy::compile(policy, env, schema).map_err(|error| solver::open(&error))
}
