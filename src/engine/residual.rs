//! Among which entities of a type a search has to look: what is left of the policies when one entity of the
//! request is not known.
//!
//! Cedar's type-aware partial evaluation makes of each permit what it still asks of the entity that is sought;
//! `places` reads from that where such entities are. Nothing here decides: each candidate is evaluated by
//! itself, so it is enough that none is left out. What cannot be read, or cannot be evaluated in part, is
//! looked for everywhere.

mod places;
#[cfg(test)]
mod tests;

use super::environment::Scope;
use super::{Bundle, Environment};
use crate::cedar;
use crate::domain::{EntityUid, Filter};
use cedar_policy::Entities;
use cedar_policy_core::ast::{Context, EntityType, EntityUID, Var};
use cedar_policy_core::authorizer::Decision;
use cedar_policy_core::tpe::entities::{PartialEntities, PartialEntity};
use cedar_policy_core::tpe::is_authorized;
use cedar_policy_core::tpe::request::{PartialEntityUID, PartialRequest};
use cedar_policy_core::validator::ValidatorSchema;
use places::Reader;

/// Which entity of a request is sought, and which one is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought<'a> {
    /// Who may do it to this resource?
    Principal {
        /// What is to be acted on.
        resource: &'a EntityUid,
    },
    /// To what may this principal do it?
    Resource {
        /// Who acts.
        principal: &'a EntityUid,
    },
}

impl Bundle {
    /// Where every entity is that the policies of `environment` may allow. `known` are entities as they are stored,
    /// the known one of the request among them; what is not among them is taken to be unknown.
    #[must_use]
    pub fn narrowed(
        &self,
        environment: &Environment,
        sought: Sought<'_>,
        context: &cedar_policy::Context,
        known: &Entities,
    ) -> Filter {
        let (Some(schema), Some(scope)) = (&self.schema, &environment.scope) else { return Filter::everything() };
        // Of entities that only the host describes, nothing is known but that they are there.
        if !self.model.has_groups() {
            return Filter::everything();
        }
        residual(environment, scope, schema.as_ref(), (sought, context, known)).unwrap_or_else(|error| {
            tracing::debug!(error, "policies were not evaluated in part: a search looks everywhere");
            Filter::everything()
        })
    }
}

fn residual(
    environment: &Environment,
    scope: &Scope,
    schema: &ValidatorSchema,
    (sought, context, known): (Sought<'_>, &cedar_policy::Context, &Entities),
) -> Result<Filter, String> {
    let request = request(scope, schema, sought, context)?;
    let entities = partial(known, schema)?;
    let response = is_authorized(&environment.set, &request, &entities, schema).map_err(|error| error.to_string())?;
    if response.decision() == Some(Decision::Deny) {
        return Ok(Filter::nothing());
    }
    if response.true_permits().next().is_some() {
        return Ok(Filter::everything());
    }
    let (variable, type_name) = match sought {
        Sought::Principal { .. } => (Var::Principal, &scope.principal.0),
        Sought::Resource { .. } => (Var::Resource, &scope.resource.0),
    };
    let reader = Reader { variable, type_name, entities: &entities, schema };
    let filters = response.residual_permits().map(|permit| reader.condition(permit.as_residual()));
    Ok(filters.fold(Filter::nothing(), Filter::or))
}

fn request(
    scope: &Scope,
    schema: &ValidatorSchema,
    sought: Sought<'_>,
    context: &cedar_policy::Context,
) -> Result<PartialRequest, String> {
    let of = |ty: &EntityType, eid| PartialEntityUID { ty: ty.clone(), eid };
    let known = |uid: &EntityUid| cedar::uid(uid).map_err(|error| error.to_string());
    let (principal, resource) = match sought {
        Sought::Principal { resource } => (of(&scope.principal.1, None), known(resource)?.into()),
        Sought::Resource { principal } => (known(principal)?.into(), of(&scope.resource.1, None)),
    };
    let context: &Context = context.as_ref();
    let Context::Value(fields) = context else { return Err("the context has unknowns".to_owned()) };
    let action: &EntityUID = scope.action.as_ref();
    PartialRequest::new(principal, action.clone(), resource, Some(fields.clone()), schema)
        .map_err(|error| error.to_string())
}

fn partial(known: &Entities, schema: &ValidatorSchema) -> Result<PartialEntities, String> {
    let core: &cedar_policy_core::entities::Entities = known.as_ref();
    let entities = core.iter().map(|entity| PartialEntity::try_from(entity.clone()).map_err(|error| error.to_string()));
    let entities = entities.collect::<Result<Vec<_>, _>>()?;
    PartialEntities::from_entities(entities.into_iter(), schema).map_err(|error| error.to_string())
}
