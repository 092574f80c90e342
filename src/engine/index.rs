//! Which policies can apply to which requests, found once when the set is loaded.

use super::condition;
use super::environment::{Environment, Scope};
use super::fallible;
use super::not_allowed::NotAllowed;
use super::parse::Parsed;
use super::program::{Program, Programs};
use super::reach;
use super::validate::Levels;
use crate::domain::uid::UidRef;
use crate::domain::{EntityUid, Reach};
use cedar_policy::{RequestEnv, Schema};
use cedar_policy_core::ast::{Entity, EntityUID, Expr, PolicySet};
use cedar_policy_core::validator::ValidationMode;
use cedar_policy_core::validator::typecheck::{PolicyCheck, Typechecker};
use cedar_policy_core::validator::types::{Attributes, Type};
use smol_str::{SmolStr, ToSmolStr as _};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The environments of a bundle.
#[derive(Debug)]
pub(super) enum Index {
    /// Those of the schema.
    Typed(Typed),
    /// One for every request, for sets that were not validated.
    Everything(Box<Environment>),
}

/// Nested maps, so that a look-up with borrowed names allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Typed {
    /// Action type (`Action`), then action id.
    actions: HashMap<SmolStr, HashMap<SmolStr, ByPrincipal>>,
    /// Every entity type of the schema.
    types: HashSet<SmolStr>,
}

/// Principal type, then resource type.
type ByPrincipal = HashMap<SmolStr, HashMap<SmolStr, Environment>>;

impl Index {
    pub(super) fn get(
        &self,
        principal_type: &str,
        action: &UidRef<'_>,
        resource_type: &str,
    ) -> Result<&Environment, NotAllowed> {
        match self {
            Self::Typed(typed) => typed.get(principal_type, action, resource_type),
            Self::Everything(environment) => Ok(environment),
        }
    }

    /// The actions for these types, each with its environment; none of a set that was not validated.
    pub(super) fn actions_on(
        &self,
        principal_type: &str,
        resource_type: &str,
    ) -> impl Iterator<Item = (EntityUid, &Environment)> {
        let typed = match self {
            Self::Typed(typed) => Some(typed),
            Self::Everything(_) => None,
        };
        let actions = typed.into_iter().flat_map(|typed| &typed.actions);
        let actions = actions.flat_map(|(ty, ids)| ids.iter().map(move |(id, found)| (ty, id, found)));
        actions.filter_map(move |(ty, id, found)| {
            let environment = found.get(principal_type)?.get(resource_type)?;
            Some((EntityUid::new(ty.clone(), id.clone()), environment))
        })
    }

    /// Number of actions, and the largest level of any environment.
    pub(super) fn size(&self) -> (usize, u32) {
        match self {
            Self::Everything(environment) => (0, environment.reach.level()),
            Self::Typed(typed) => {
                let levels = typed.environments().map(|environment| environment.reach.level());
                (typed.actions.values().map(HashMap::len).sum(), levels.max().unwrap_or(1))
            }
        }
    }
}

impl Typed {
    fn get(&self, principal_type: &str, action: &UidRef<'_>, resource_type: &str) -> Result<&Environment, NotAllowed> {
        let Some(by_principal) = self.actions.get(action.type_name).and_then(|ids| ids.get(action.id.as_ref())) else {
            let known = self.actions.iter().flat_map(|(ty, ids)| ids.keys().map(move |id| (ty.as_str(), id.as_str())));
            return Err(NotAllowed::unknown_action(action, known));
        };
        if by_principal.is_empty() {
            return Err(NotAllowed::action_group(action));
        }
        let Some(by_resource) = by_principal.get(principal_type) else {
            return Err(NotAllowed::principal(
                principal_type,
                action,
                self.types.contains(principal_type),
                by_principal.keys(),
            ));
        };
        by_resource.get(resource_type).ok_or_else(|| {
            NotAllowed::resource(resource_type, action, self.types.contains(resource_type), by_resource.keys())
        })
    }

    fn get_mut(&mut self, environment: &RequestEnv) -> Option<&mut Environment> {
        let action: &EntityUID = environment.action().as_ref();
        self.actions
            .get_mut(&action.entity_type().to_smolstr())?
            .get_mut(AsRef::<str>::as_ref(action.eid()))?
            .get_mut(&environment.principal().to_smolstr())?
            .get_mut(&environment.resource().to_smolstr())
    }

    fn environments(&self) -> impl Iterator<Item = &Environment> {
        self.actions.values().flat_map(HashMap::values).flat_map(HashMap::values).flat_map(HashMap::values)
    }

    /// Every environment of the schema, without policies yet.
    fn of(schema: &Schema) -> Self {
        let mut typed =
            Self { types: schema.entity_types().map(smol_str::ToSmolStr::to_smolstr).collect(), ..Self::default() };
        for action in schema.actions() {
            let action: &EntityUID = action.as_ref();
            let ids = typed.actions.entry(action.entity_type().to_smolstr()).or_default();
            ids.entry(AsRef::<str>::as_ref(action.eid()).into()).or_default();
        }
        for environment in schema.request_envs() {
            let action: &EntityUID = environment.action().as_ref();
            let ids = typed.actions.entry(action.entity_type().to_smolstr()).or_default();
            let by_principal = ids.entry(AsRef::<str>::as_ref(action.eid()).into()).or_default();
            let scope = Scope::new(&environment, context_fields(schema, action));
            let (reach, programs, set) = (Reach::default(), Programs::default(), PolicySet::new());
            let empty = Environment { scope: Some(scope), reach, needs_actions: false, programs, set };
            let by_resource = by_principal.entry(environment.principal().to_smolstr()).or_default();
            by_resource.insert(environment.resource().to_smolstr(), empty);
        }
        typed
    }
}

fn context_fields(schema: &Schema, action: &EntityUID) -> Attributes {
    match schema.as_ref().context_type(action) {
        Some(Type::Record { attrs, .. }) => attrs.clone(),
        // Cedar gives every action a record.
        _ => Attributes::with_required_attributes([]),
    }
}

/// The index of validated policies.
pub(super) fn build(schema: &Schema, policies: &[Parsed], levels: &Levels, actions: &[Arc<Entity>]) -> Index {
    let groups: HashMap<&EntityUID, HashSet<EntityUID>> = actions
        .iter()
        .map(|action| (action.uid(), action.ancestors().chain([action.uid()]).cloned().collect()))
        .collect();
    let none = HashSet::new();
    let checker = Typechecker::new(schema.as_ref(), ValidationMode::Strict);
    let mut typed = Typed::of(schema);
    for policy in policies {
        let level = levels.get(&policy.id).copied().unwrap_or(1);
        for (environment, check) in checker.typecheck_by_request_env(policy.policy.template()) {
            if !can_apply(&check) {
                continue;
            }
            let environment = RequestEnv::from(environment);
            let groups = groups.get(AsRef::<EntityUID>::as_ref(environment.action())).unwrap_or(&none);
            let condition = condition::stripped(&policy.policy, &environment, groups);
            if let Some(place) = typed.get_mut(&environment) {
                place.widen(&condition, &check, level);
                add(&mut place.programs, policy, Program::new(policy.id.clone(), condition));
                // Ids are unique: duplicates are errors.
                let _ = place.set.add(policy.policy.clone());
            }
        }
    }
    Index::Typed(typed)
}

fn can_apply(check: &PolicyCheck) -> bool {
    match check {
        PolicyCheck::Irrelevant(_, typed) => !fallible::is_surely_false(typed),
        // A policy that does not even have a type is no validated one; keeping it is the safe side.
        PolicyCheck::Success(_) | PolicyCheck::Fail(_) => true,
    }
}

impl Environment {
    /// Lets a decision look as far as one more policy does.
    fn widen(&mut self, condition: &Expr, check: &PolicyCheck, level: u32) {
        match check {
            PolicyCheck::Success(typed) | PolicyCheck::Irrelevant(_, typed) => {
                self.reach.widen(reach::of(typed, level));
                self.needs_actions |= reach::needs_actions(condition, typed);
            }
            PolicyCheck::Fail(_) => {
                self.reach.widen(Reach::everything(level));
                self.needs_actions = true;
            }
        }
    }
}

fn add(programs: &mut Programs, policy: &Parsed, program: Program) {
    if policy.is_forbid() { &mut programs.forbids } else { &mut programs.permits }.push(program);
}

/// All policies with their whole scope in one environment: nothing is known of the requests.
pub(super) fn everything(policies: &[Parsed], level: u32) -> Index {
    let mut programs = Programs::default();
    for policy in policies {
        add(&mut programs, policy, Program::new(policy.id.clone(), policy.policy.condition()));
    }
    let reach = Reach::everything(level);
    let set = PolicySet::new();
    Index::Everything(Box::new(Environment { scope: None, reach, needs_actions: true, programs, set }))
}
