//! The engine as a whole: real policies, real diagnostics, Cedar's authorizer as the judge.

mod broken;
mod built_in;
mod contexts;
mod corpus;
mod described;
mod explain;
mod failing;
mod merged;
mod model;
mod reach;
mod stateless;

use super::*;
use crate::cedar;
use crate::domain::{Context, Decision, DecisionRequest, EntityUid, Lent, Outcome, Reach};
use cedar_policy::Entities;
use serde_json::Value as Json;
use smol_str::SmolStr;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The built-in set.
fn built_in() -> Bundle {
    Bundle::load(&Sources::default()).unwrap()
}

/// A set of one schema and one file of policies.
fn compiled(schema: &str, policies: &str) -> Result<Bundle, LoadError> {
    Bundle::from_files(
        &[SourceFile::new("s.cedarschema", schema)],
        &[SourceFile::new("p.cedar", policies)],
        Naming::Annotated,
        &BTreeSet::new(),
    )
}

fn request(principal: &str, action: &str, resource: &str, context: Json) -> DecisionRequest {
    DecisionRequest {
        principal: EntityUid::parse(principal).unwrap(),
        action: EntityUid::parse(action).unwrap(),
        resource: EntityUid::parse(resource).unwrap(),
        context: serde_json::from_value(context).unwrap(),
        lent: Lent::nothing(),
    }
}

/// What is decided, with all that determines it. Asked for the decision alone it is the same one, by some of these.
fn evaluated(
    bundle: &Bundle,
    environment: &Environment,
    request: &DecisionRequest,
    context: &cedar_policy::Context,
    entities: &Entities,
) -> Outcome {
    let [whole, brief] = [Detail::Policies, Detail::Decision]
        .map(|detail| bundle.evaluate(environment, request, context, entities, detail));
    assert_eq!((brief.decision, brief.reasons.is_empty()), (whole.decision, whole.reasons.is_empty()));
    assert!(brief.reasons.iter().all(|id| whole.reasons.contains(id)), "{brief:?} {whole:?}");
    assert!(brief.errors.iter().all(|error| whole.errors.contains(error)), "{brief:?} {whole:?}");
    whole
}

/// Ours and Cedar's answer to a request.
fn answers(bundle: &Bundle, request: &DecisionRequest, entities: &Entities) -> (Outcome, Outcome) {
    let types = (&request.principal.type_name, &request.resource.type_name);
    let environment = bundle.environment(types.0, &request.action.borrow(), types.1).unwrap();
    let context = bundle.context(environment, &request.context).unwrap();
    let ours = evaluated(bundle, environment, request, &context, entities);
    (ours, bundle.stock(environment, request, &context, entities))
}

fn entities(bundle: &Bundle, json: Json) -> Entities {
    Entities::from_json_value(json, bundle.schema()).unwrap()
}
