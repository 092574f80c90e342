//! Strict validation, and how far each policy looks.

use super::diagnostic::Problem;
use super::fallible;
use super::limits::DEREFERENCE_LEVELS_MAX;
use super::parse::Parsed;
use super::sources::SourceFile;
use cedar_policy::Schema;
use cedar_policy_core::ast::{Expr, PolicyID, PolicySet};
use cedar_policy_core::validator::validation_errors::EntityDerefViolationKind;
use cedar_policy_core::validator::{ValidationError, ValidationMode, ValidationResult, ValidationWarning, Validator};
use smol_str::SmolStr;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The smallest level at which each policy validates, by id.
pub(super) type Levels = HashMap<SmolStr, u32>;

/// How far a policy may look from the principal and the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looking {
    /// As far as slices can follow.
    UpToALevel,
    /// As far as it likes, also into entities that it names itself: all entities are at hand.
    Anywhere,
}

/// Validates every policy; what is wrong goes to `problems`. There are levels only where they bound anything.
pub(super) fn validate(schema: &Schema, policies: &[Parsed], looking: Looking, problems: &mut Vec<Problem>) -> Levels {
    let mut files: Vec<Arc<SourceFile>> = policies.iter().map(|policy| Arc::clone(&policy.file)).collect();
    files.dedup();
    let validator = Validator::new(schema.as_ref().clone());
    let levels = match looking {
        Looking::UpToALevel => by_level(&validator, policies, &files, problems),
        Looking::Anywhere => at_no_level(&validator, policies, &files, problems),
    };
    problems.extend(policies.iter().filter(|policy| policy.is_forbid()).filter_map(warn_of_failure));
    levels
}

fn at_no_level(
    validator: &Validator,
    policies: &[Parsed],
    files: &[Arc<SourceFile>],
    problems: &mut Vec<Problem>,
) -> Levels {
    let result = validator.validate(&set(&policies.iter().collect::<Vec<_>>()), ValidationMode::Strict);
    let errors: Vec<_> = result.validation_errors().collect();
    problems.extend(errors.iter().flat_map(|error| explain(error, files)));
    problems.extend(warnings(&result, &ids(&errors), files));
    Levels::new()
}

/// The level of a policy is found by trying: all at level 0, those that look further at level 1, and so on.
fn by_level(
    validator: &Validator,
    policies: &[Parsed],
    files: &[Arc<SourceFile>],
    problems: &mut Vec<Problem>,
) -> Levels {
    let mut levels = Levels::new();
    let mut left: Vec<&Parsed> = policies.iter().collect();
    for level in 0..=DEREFERENCE_LEVELS_MAX {
        let result = validator.validate_with_level(&set(&left), ValidationMode::Strict, level);
        let is_last = level == DEREFERENCE_LEVELS_MAX;
        let (deeper, errors): (Vec<_>, Vec<_>) =
            result.validation_errors().partition(|error| !is_last && looks_further(error));
        problems.extend(errors.iter().flat_map(|error| explain(error, files)));
        let deeper = ids(&deeper);
        let broken = ids(&errors);
        if level == 0 {
            problems.extend(warnings(&result, &broken, files));
        }
        levels
            .extend(left.iter().filter(|policy| !deeper.contains(&policy.id)).map(|policy| (policy.id.clone(), level)));
        left.retain(|policy| deeper.contains(&policy.id) && !broken.contains(&policy.id));
        if left.is_empty() {
            break;
        }
    }
    levels
}

/// The warnings about policies that are not `broken`: of one with an error, that it never applies is no news.
fn warnings(result: &ValidationResult, broken: &HashSet<SmolStr>, files: &[Arc<SourceFile>]) -> Vec<Problem> {
    let warnings = result.validation_warnings().filter(|warning| !is_about_any(warning, broken));
    let told = |warning: &ValidationWarning| {
        let code =
            if matches!(warning, ValidationWarning::ImpossiblePolicy(_)) { "never-applies" } else { "suspicious" };
        Problem::from_cedar(warning, files).into_iter().map(|problem| problem.with_code(code)).collect::<Vec<_>>()
    };
    warnings.flat_map(told).collect()
}

fn set(policies: &[&Parsed]) -> PolicySet {
    let mut set = PolicySet::new();
    for policy in policies {
        // An id that stands there already is an error reported before; which of the two is kept makes no difference.
        let _ = set.add(policy.policy.clone());
    }
    set
}

fn looks_further(error: &ValidationError) -> bool {
    matches!(
        error,
        ValidationError::EntityDerefLevelViolation(violation)
            if matches!(violation.violation_kind, EntityDerefViolationKind::MaximumLevelExceeded { .. })
    )
}

fn ids(errors: &[&ValidationError]) -> HashSet<SmolStr> {
    errors.iter().map(|error| policy_id(error).clone().into_smolstr()).collect()
}

fn policy_id(error: &ValidationError) -> &PolicyID {
    match error {
        ValidationError::UnrecognizedEntityType(error) => &error.policy_id,
        ValidationError::UnrecognizedActionId(error) => &error.policy_id,
        ValidationError::UnexpectedType(error) => &error.policy_id,
        ValidationError::IncompatibleTypes(error) => &error.policy_id,
        ValidationError::UnsafeAttributeAccess(error) => &error.policy_id,
        ValidationError::UnsafeOptionalAttributeAccess(error) => &error.policy_id,
        ValidationError::UnsafeTagAccess(error) => &error.policy_id,
        ValidationError::NoTagsAllowed(error) => &error.policy_id,
        ValidationError::UndefinedFunction(error) => &error.policy_id,
        ValidationError::WrongNumberArguments(error) => &error.policy_id,
        ValidationError::FunctionArgumentValidation(error) => &error.policy_id,
        ValidationError::EmptySetForbidden(error) => &error.policy_id,
        ValidationError::NonLitExtConstructor(error) => &error.policy_id,
        ValidationError::InternalInvariantViolation(error) => &error.policy_id,
        ValidationError::InvalidEnumEntity(error) => &error.policy_id,
        ValidationError::EntityDerefLevelViolation(error) => &error.policy_id,
        ValidationError::IncompleteSchema(error) => &error.policy_id,
    }
}

fn explain(error: &ValidationError, files: &[Arc<SourceFile>]) -> Vec<Problem> {
    let code = code(error);
    let mut problems: Vec<_> =
        Problem::from_cedar(error, files).into_iter().map(|problem| problem.with_code(code)).collect();
    if let ValidationError::EntityDerefLevelViolation(violation) = error {
        let help = match violation.violation_kind {
            EntityDerefViolationKind::MaximumLevelExceeded { .. } => {
                "each step from entity to entity is one more load for every decision; let an attribute of the principal or \
                 the resource say it"
            }
            EntityDerefViolationKind::LiteralDerefTarget => {
                "a decision loads what its principal and resource lead to, not this entity; test an attribute of those, \
                 or leave the policy out with `@feature`"
            }
        };
        problems = problems.into_iter().map(|problem| problem.with_help(help)).collect();
    }
    problems
}

/// What programs call it.
const fn code(error: &ValidationError) -> &'static str {
    match error {
        ValidationError::UnrecognizedEntityType(_) => "unknown-type",
        ValidationError::UnrecognizedActionId(_) => "unknown-action",
        ValidationError::UnsafeAttributeAccess(_) => "unknown-attribute",
        ValidationError::UnsafeOptionalAttributeAccess(_) | ValidationError::UnsafeTagAccess(_) => "missing-has",
        ValidationError::EntityDerefLevelViolation(_) => "too-deep",
        _ => "type",
    }
}

fn is_about_any(warning: &ValidationWarning, policies: &HashSet<SmolStr>) -> bool {
    let text = warning.to_string();
    policies.iter().any(|id| text.starts_with(&format!("for policy `{id}`")))
}

/// A forbid that may fail is safe, since a failure denies, but it denies what its author did not mean to.
fn warn_of_failure(policy: &Parsed) -> Option<Problem> {
    let condition: &Expr = policy.policy.non_scope_constraints()?;
    let culprit = fallible::first_overflow(condition)?;
    let message = format!("the forbid `{}` may fail when it is evaluated", policy.id);
    let span = culprit.source_loc().map_or(policy.span, |loc| loc.span);
    let problem = Problem::warning(message).with_code("forbid-may-fail").at(&policy.file, span);
    Some(problem.with_help("a forbid whose evaluation fails is answered Deny; keep the result as an attribute instead"))
}
