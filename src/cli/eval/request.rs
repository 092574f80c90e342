//! One request of a file, and the line that answers it.

use crate::config::limits::EVALUATED_DEPTH_MAX;
use crate::domain::entity::reference;
use crate::domain::json::{field_at_fault, is_array, is_within_depth};
use crate::domain::{Context, Decision, DecisionRequest, EntityUid, Lent};
use crate::engine::{AllEntities, Bundle};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A request as it stands in the file. Names it does not know are refused, as they may be a misspelled `context`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(deserialize_with = "reference")]
    principal: EntityUid,
    #[serde(deserialize_with = "reference")]
    action: EntityUid,
    #[serde(deserialize_with = "reference")]
    resource: EntityUid,
    #[serde(default)]
    context: Option<Context>,
    // What Cedar's own test cases say of a request: one can be given as it is.
    #[serde(default, rename = "description")]
    _description: IgnoredAny,
    #[serde(default, rename = "validateRequest")]
    _validate_request: IgnoredAny,
    #[serde(default, rename = "decision")]
    _decision: IgnoredAny,
    #[serde(default, rename = "reason")]
    _reason: IgnoredAny,
    #[serde(default, rename = "errors")]
    _errors: IgnoredAny,
}

/// The line that answers a request.
#[derive(Debug, Serialize, PartialEq, Eq)]
#[serde(untagged)]
pub(super) enum Answer {
    /// As the server says it, without a revision: there is no store.
    Decided {
        /// Allow or Deny.
        decision: Decision,
        /// Which policies decided, which failed.
        diagnostics: Diagnostics,
    },
    /// There is no decision.
    Undecided {
        /// What is wrong with the request, in a sentence that names the field.
        error: String,
        /// The field at fault, where it is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        field: Option<String>,
    },
}

/// Why it was decided so.
#[derive(Debug, Serialize, PartialEq, Eq)]
pub(super) struct Diagnostics {
    /// Ids of the determining policies.
    reason: Vec<SmolStr>,
    /// Policies that could not be evaluated, and why.
    errors: Vec<String>,
}

/// Decides one request.
pub(super) fn answer(bundle: &Bundle, entities: &AllEntities, text: &str) -> Answer {
    decide(bundle, entities, text).unwrap_or_else(|undecided| undecided)
}

fn decide(bundle: &Bundle, entities: &AllEntities, text: &str) -> Result<Answer, Answer> {
    let outcome = bundle
        .decide(&read(text)?, entities)
        .map_err(|error| undecided(error.to_string(), Some(error.field().to_owned())))?;
    let diagnostics = Diagnostics { reason: outcome.reasons, errors: outcome.errors };
    Ok(Answer::Decided { decision: outcome.decision, diagnostics })
}

fn read(text: &str) -> Result<DecisionRequest, Answer> {
    if !is_within_depth(text.as_bytes(), EVALUATED_DEPTH_MAX) {
        return Err(undecided(format!("the request nests deeper than {EVALUATED_DEPTH_MAX} levels"), None));
    }
    if is_array(text.as_bytes()) {
        return Err(undecided("the request must be an object, not an array".to_owned(), None));
    }
    let Asked { principal, action, resource, context, .. } = serde_json::from_str(text).map_err(|error| {
        let error = error.to_string();
        // The line would be that of the request, not of the file.
        let error = error.split(" at line ").next().unwrap_or_default();
        match field_at_fault::<Asked>(text.as_bytes()) {
            Some(field) => undecided(format!("`{field}`: {error}"), Some(field)),
            None => undecided("the request must be an object".to_owned(), None),
        }
    })?;
    let (context, lent) = (context.unwrap_or_default(), Lent::nothing());
    Ok(DecisionRequest { principal, action, resource, context, lent })
}

const fn undecided(error: String, field: Option<String>) -> Answer {
    Answer::Undecided { error, field }
}
