//! A request environment: principal type, action and resource type, with the policies that can apply to it.

use super::decide::Detail;
use super::known::Known;
use super::program::{self, Findings, Programs};
use crate::domain::shape::Shape;
use crate::domain::{DecisionRequest, EntityUid, Reach};
use cedar_policy_core::ast::{Eid, EntityType, EntityUID, PolicySet, Request};
use cedar_policy_core::validator::types::Attributes;
use smol_str::{SmolStr, ToSmolStr as _};
use std::collections::BTreeMap;
use std::str::FromStr as _;

/// One (principal type, action, resource type) of the schema with the policies that can apply to it.
#[derive(Debug)]
pub struct Environment {
    /// What it is for; `None` is every request at all, for sets that were not validated.
    pub(super) scope: Option<Scope>,
    /// How far its policies look.
    pub(super) reach: Reach,
    /// Whether its policies look at actions as entities.
    pub(super) needs_actions: bool,
    /// The policies that can apply.
    pub(super) programs: Programs,
    /// The same, whole, for partial evaluation.
    pub(super) set: PolicySet,
}

/// The types of an environment, as requests name them and as Cedar has them.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) principal: (SmolStr, EntityType),
    action_type: SmolStr,
    pub action: cedar_policy::EntityUid,
    pub(super) resource: (SmolStr, EntityType),
    /// The fields of the context.
    pub context: Attributes,
}

impl Scope {
    pub(super) fn new(environment: &cedar_policy::RequestEnv, context: Attributes) -> Self {
        let named = |name: &cedar_policy::EntityTypeName| (name.to_smolstr(), name.as_ref().clone());
        Self {
            principal: named(environment.principal()),
            action_type: environment.action().type_name().to_smolstr(),
            action: environment.action().clone(),
            resource: named(environment.resource()),
            context,
        }
    }

    fn is_of(&self, request: &DecisionRequest) -> bool {
        let action: &EntityUID = self.action.as_ref();
        request.principal.type_name == self.principal.0
            && request.resource.type_name == self.resource.0
            && request.action.type_name == self.action_type
            && request.action.id == AsRef::<str>::as_ref(action.eid())
    }
}

impl Environment {
    /// How far a decision looks. Every entity up to there must be in the slice.
    #[must_use]
    pub const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The fields that its context has.
    #[must_use]
    pub fn context_shape(&self) -> BTreeMap<SmolStr, Shape> {
        self.scope.as_ref().map(|scope| crate::cedar::shape(&scope.context)).unwrap_or_default()
    }

    /// Evaluates the policies; the error is why the request does not belong here.
    pub(super) fn run(
        &self,
        request: &DecisionRequest,
        context: &cedar_policy::Context,
        entities: &impl Known,
        detail: Detail,
    ) -> Result<Findings, String> {
        Ok(self.programs.run(self.request(request, context)?, entities, detail))
    }

    /// The request as Cedar takes it.
    pub(super) fn request(
        &self,
        request: &DecisionRequest,
        context: &cedar_policy::Context,
    ) -> Result<Request, String> {
        let Some(scope) = &self.scope else {
            let [principal, action, resource] = [&request.principal, &request.action, &request.resource].map(parsed);
            return Ok(program::request(principal?, action?, resource?, context));
        };
        // INVARIANT: conditions were stripped of what this environment proves, so a request of another one must not
        // be evaluated here: it would be allowed what the scope of a policy does not allow it.
        if !scope.is_of(request) {
            return Err("the request belongs to another request environment".to_owned());
        }
        let action: &EntityUID = scope.action.as_ref();
        let known =
            |ty: &EntityType, uid: &EntityUid| EntityUID::from_components(ty.clone(), Eid::new(uid.id.clone()), None);
        let principal = known(&scope.principal.1, &request.principal);
        Ok(program::request(principal, action.clone(), known(&scope.resource.1, &request.resource), context))
    }
}

fn parsed(uid: &EntityUid) -> Result<EntityUID, String> {
    let ty = EntityType::from_str(&uid.type_name).map_err(|_| format!("`{}` is no entity type", uid.type_name))?;
    Ok(EntityUID::from_components(ty, Eid::new(uid.id.clone()), None))
}
