//! What a schema of groups must keep to, whatever is added to it.
//!
//! What Conclave itself keeps is of the types in which it keeps it. What is added to that may be left out: nobody
//! could say it for the entities that Conclave makes, or in the questions that it asks. And who is in a group, or what
//! lies in a folder, follows from what Conclave keeps alone: nothing that a host adds may lead there too.

use super::diagnostic::Problem;
use super::place::Place;
use super::schema;
use super::sources::SourceFile;
use crate::domain::kept;
use crate::domain::uid::types;
use cedar_policy_core::ast::EntityType;
use cedar_policy_core::parser::Loc;
use cedar_policy_core::validator::json_schema::{
    AttributesOrContext, EntityType as DeclaredType, EntityTypeKind, Fragment, Type, TypeVariant,
};
use cedar_policy_core::validator::types::{self as validator, Attributes};
use cedar_policy_core::validator::{RawName, ValidatorEntityType, ValidatorSchema};
use std::collections::{BTreeMap, BTreeSet};
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
    for (detour, problem) in detours(schema) {
        problems.push(Place { file, files }.point(
            problem,
            entity_type(whole, &detour).and_then(|found| found.loc.as_ref()),
            &[&detour],
        ));
    }
}

/// The types that lead from a built-in one to where Conclave alone puts its entities.
// INVARIANT: what a host says or lends of its own entities makes nobody a member, and moves no content.
fn detours(schema: &ValidatorSchema) -> Vec<(String, Problem)> {
    let above = |ty: &EntityType| -> BTreeSet<String> {
        schema.ancestors(ty).into_iter().flatten().map(ToString::to_string).collect()
    };
    let mut found = BTreeMap::new();
    for of in schema.entity_type_names().filter(|ty| !kept::parents(&ty.to_string()).is_empty()) {
        let places = kept::parents(&of.to_string());
        for detour in schema.ancestors(of).into_iter().flatten() {
            let is_kept = places.contains(&detour.to_string().as_str());
            let own = if is_kept { kept::parents(&detour.to_string()) } else { &[] };
            let leads_to = above(detour).into_iter().find(|one| places.contains(&&**one) && !own.contains(&&**one));
            if let Some(place) = leads_to {
                let message = format!("`{detour}` leads from `{of}` to `{place}`");
                let help = format!("what is in a `{place}` is kept by Conclave itself: no other type may lead there");
                found.entry(detour.to_string()).or_insert_with(|| Problem::error(message).with_help(help));
            }
        }
    }
    found.into_iter().collect()
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
    fn loc<'f>(self, whole: &'f Fragment<RawName>, attribute: &str) -> Option<&'f Loc> {
        let declared: &AttributesOrContext<RawName> = match self {
            Self::Action(name) => &whole.0.get(&None)?.actions.get(name)?.applies_to.as_ref()?.context,
            Self::EntityType(name) => {
                let EntityTypeKind::Standard(found) = &entity_type(whole, name)?.kind else { return None };
                &found.shape
            }
        };
        match &declared.0 {
            Type::Type { ty: TypeVariant::Record(record), .. } => record.attributes.get(attribute)?.ty.loc(),
            _ => None,
        }
    }
}

/// The declaration of a type without a namespace.
fn entity_type<'f>(Fragment(whole): &'f Fragment<RawName>, name: &str) -> Option<&'f DeclaredType<RawName>> {
    whole.get(&None)?.entity_types.iter().find(|(ty, _)| ty.to_string() == name).map(|(_, found)| found)
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EntityType(name) => write!(f, "the entity type `{name}`"),
            Self::Action(name) => write!(f, "the context of the action `{name}`"),
        }
    }
}
