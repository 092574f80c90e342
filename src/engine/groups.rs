//! What a schema of groups must keep to, whatever is added to it.
//!
//! What Conclave itself keeps is of the types in which it keeps it. What is added to that may be left out: nobody
//! could say it for the entities that Conclave makes, or in the questions that it asks.

use super::diagnostic::Problem;
use super::place::Place;
use super::schema;
use super::sources::SourceFile;
use crate::domain::kept;
use crate::domain::uid::types;
use cedar_policy_core::parser::Loc;
use cedar_policy_core::validator::json_schema::{AttributesOrContext, EntityTypeKind, Fragment, Type, TypeVariant};
use cedar_policy_core::validator::types::{self as validator, Attributes};
use cedar_policy_core::validator::{RawName, ValidatorEntityType, ValidatorSchema};
use std::fmt;
use std::sync::Arc;

/// Something of the built-in schema that has attributes.
#[derive(Debug, Clone, Copy)]
enum Owner<'a> {
    EntityType(&'a str),
    /// Its context.
    Action(&'a str),
}

/// Holds a schema to the built-in one where it is one of groups; what is wrong goes to `problems`.
pub(super) fn check(
    schema: &ValidatorSchema,
    whole: &Fragment<RawName>,
    files: &[Arc<SourceFile>],
    problems: &mut Vec<Problem>,
) {
    let is_marked = |(name, mark): &(&str, &str)| {
        Owner::EntityType(name).attributes(schema).is_some_and(|all| all.get_attr(mark).is_some())
    };
    let Some(file) = files.first().filter(|_| kept::MARKS.iter().all(is_marked)) else { return };
    let Some(built_in) = schema::built_in() else { return };
    let actions = built_in.action_ids().map(|action| Owner::Action(action.name().eid().as_ref()));
    for owner in types::BUILT_IN.into_iter().map(Owner::EntityType).chain(actions) {
        let (Some(found), Some(own)) = (owner.attributes(schema), owner.attributes(&built_in)) else { continue };
        for (name, problem) in wrong(owner, found, own) {
            let path = [owner.name(), name];
            problems.push(Place { file, files }.point(problem, owner.loc(whole, name), &path));
        }
    }
}

fn wrong<'a>(owner: Owner<'_>, found: &'a Attributes, own: &Attributes) -> impl Iterator<Item = (&'a str, Problem)> {
    found.iter().filter_map(move |(name, found)| {
        let problem = match own.get_attr(name) {
            None if found.is_required => {
                Problem::error(format!("the attribute `{name}` is added to {owner} and must not be required"))
                    .with_help(format!("Conclave makes these without it: write `{name}?`"))
            }
            Some(own) if own.attr_type != found.attr_type => {
                let message =
                    format!("the attribute `{name}` of {owner} is not of the type in which Conclave keeps it");
                Problem::error(message).with_help("take the declaration from the built-in schema")
            }
            _ => return None,
        };
        Some((name.as_str(), problem))
    })
}

impl<'a> Owner<'a> {
    const fn name(self) -> &'a str {
        match self {
            Self::EntityType(name) | Self::Action(name) => name,
        }
    }

    fn attributes(self, schema: &ValidatorSchema) -> Option<&Attributes> {
        match self {
            Self::EntityType(name) => {
                let mut all = schema.entity_types();
                all.find(|declared| declared.name().to_string() == name).map(ValidatorEntityType::attributes)
            }
            Self::Action(name) => {
                let is_it = |action: &cedar_policy_core::ast::EntityUID| {
                    action.entity_type().to_string() == types::ACTION && AsRef::<str>::as_ref(action.eid()) == name
                };
                let action = schema.actions().find(|action| is_it(action))?;
                match schema.context_type(action)? {
                    validator::Type::Record { attrs, .. } => Some(attrs),
                    _ => None,
                }
            }
        }
    }

    /// Where one of its attributes is declared.
    fn loc<'f>(self, Fragment(whole): &'f Fragment<RawName>, attribute: &str) -> Option<&'f Loc> {
        let namespace = whole.get(&None)?;
        let declared: &AttributesOrContext<RawName> = match self {
            Self::Action(name) => &namespace.actions.get(name)?.applies_to.as_ref()?.context,
            Self::EntityType(name) => {
                let (_, found) = namespace.entity_types.iter().find(|(ty, _)| ty.to_string() == name)?;
                let EntityTypeKind::Standard(found) = &found.kind else { return None };
                &found.shape
            }
        };
        match &declared.0 {
            Type::Type { ty: TypeVariant::Record(record), .. } => record.attributes.get(attribute)?.ty.loc(),
            _ => None,
        }
    }
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EntityType(name) => write!(f, "the entity type `{name}`"),
            Self::Action(name) => write!(f, "the context of the action `{name}`"),
        }
    }
}
