//! One schema of several files that may each say something of the same type or action.
//!
//! Cedar refuses two declarations of one name. Here they add up, in the form that schemas have as JSON: attributes,
//! parents, what an action applies to. What contradicts itself is an error that names both places.

use super::diagnostic::Problem;
use super::place::Place;
use super::sources::SourceFile;
use cedar_policy_core::validator::RawName;
use cedar_policy_core::validator::json_schema::{
    ActionType, ApplySpec, AttributesOrContext, EntityType, EntityTypeKind, Fragment, NamespaceDefinition, RecordType,
    StandardEntityType, Type, TypeOfAttribute, TypeVariant,
};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// A file and what it declares.
pub(super) type Declared = (Arc<SourceFile>, Fragment<RawName>);

/// Where clashes go, and what is needed to say where they are.
struct Merging<'a> {
    place: Place<'a>,
    problems: &'a mut Vec<Problem>,
}

/// Everything that the files declare, each name once.
pub(super) fn merged(declared: Vec<Declared>, problems: &mut Vec<Problem>) -> Fragment<RawName> {
    let files: Vec<_> = declared.iter().map(|(file, _)| Arc::clone(file)).collect();
    let mut whole = Fragment(BTreeMap::new());
    for (file, Fragment(namespaces)) in declared {
        let mut merging = Merging { place: Place { file: &file, files: &files }, problems };
        for (name, added) in namespaces {
            match whole.0.entry(name) {
                Entry::Vacant(place) => drop(place.insert(added)),
                Entry::Occupied(mut known) => merging.namespace(known.get_mut(), added),
            }
        }
    }
    whole
}

impl Merging<'_> {
    fn namespace(&mut self, known: &mut NamespaceDefinition<RawName>, added: NamespaceDefinition<RawName>) {
        for (name, ty) in added.common_types {
            match known.common_types.entry(name) {
                Entry::Vacant(place) => drop(place.insert(ty)),
                Entry::Occupied(known) if known.get().ty == ty.ty => {}
                Entry::Occupied(known) => {
                    let what = format!("the type `{}` is declared in two ways", known.key());
                    let name = known.key().to_string();
                    self.clash(&what, (known.get().loc.as_ref(), ty.loc.as_ref()), &[&name]);
                }
            }
        }
        for (name, ty) in added.entity_types {
            match known.entity_types.entry(name) {
                Entry::Vacant(place) => drop(place.insert(ty)),
                Entry::Occupied(mut known) => {
                    let name = known.key().to_string();
                    self.entity_type(&name, known.get_mut(), ty);
                }
            }
        }
        for (name, action) in added.actions {
            match known.actions.entry(name) {
                Entry::Vacant(place) => drop(place.insert(action)),
                Entry::Occupied(mut known) => {
                    let name = known.key().to_string();
                    self.action(&name, known.get_mut(), action);
                }
            }
        }
        // Annotations say nothing to this program; the first are kept.
        for (name, annotation) in added.annotations.0 {
            known.annotations.0.entry(name).or_insert(annotation);
        }
    }

    fn entity_type(&mut self, name: &str, known: &mut EntityType<RawName>, added: EntityType<RawName>) {
        let places = (known.loc.clone(), added.loc.clone());
        match (&mut known.kind, added.kind) {
            (EntityTypeKind::Standard(known), EntityTypeKind::Standard(added)) => self.standard(name, known, added),
            (known, added) if *known == added => {}
            _ => {
                let what = format!("the entity type `{name}` is declared in two ways");
                self.clash(&what, (places.0.as_ref(), places.1.as_ref()), &[name]);
            }
        }
    }

    fn standard(&mut self, name: &str, known: &mut StandardEntityType<RawName>, added: StandardEntityType<RawName>) {
        add_new(&mut known.member_of_types, added.member_of_types);
        self.attributes(&format!("the entity type `{name}`"), name, &mut known.shape, added.shape);
        match (&known.tags, added.tags) {
            (None, tags) => known.tags = tags,
            (Some(known), Some(tags)) if *known != tags => {
                let what = format!("the tags of `{name}` are declared with two types");
                self.clash(&what, (known.loc(), tags.loc()), &[name, "tags"]);
            }
            (Some(_), _) => {}
        }
    }

    fn action(&mut self, name: &str, known: &mut ActionType<RawName>, added: ActionType<RawName>) {
        if let Some(groups) = added.member_of {
            add_new(known.member_of.get_or_insert_default(), groups);
        }
        match (&mut known.applies_to, added.applies_to) {
            (_, None) => {}
            (known @ None, applies_to) => *known = applies_to,
            (Some(known), Some(added)) => {
                let ApplySpec { resource_types, principal_types, context } = added;
                add_new(&mut known.resource_types, resource_types);
                add_new(&mut known.principal_types, principal_types);
                self.attributes(&format!("the context of the action `{name}`"), name, &mut known.context, context);
            }
        }
    }

    /// Fields of an entity type or a context; `of` says of which, `name` where it stands.
    fn attributes(
        &mut self,
        of: &str,
        name: &str,
        known: &mut AttributesOrContext<RawName>,
        added: AttributesOrContext<RawName>,
    ) {
        if *known == added || added.is_empty_record() {
            return;
        }
        if known.is_empty_record() {
            *known = added;
            return;
        }
        match (&mut known.0, added.0) {
            (
                Type::Type { ty: TypeVariant::Record(known), .. },
                Type::Type { ty: TypeVariant::Record(RecordType { attributes, .. }), .. },
            ) => attributes.into_iter().for_each(|(field, ty)| match known.attributes.entry(field) {
                Entry::Vacant(place) => drop(place.insert(ty)),
                Entry::Occupied(known) => self.attribute(of, &[name, known.key()], known.get(), &ty),
            }),
            (known, added) => {
                let what = format!("{of} is declared in two ways, and one of them names its type");
                self.clash(&what, (known.loc(), added.loc()), &[name]);
            }
        }
    }

    fn attribute(
        &mut self,
        of: &str,
        path: &[&str],
        known: &TypeOfAttribute<RawName>,
        added: &TypeOfAttribute<RawName>,
    ) {
        let field = path.last().copied().unwrap_or_default();
        if known.ty != added.ty {
            let what = format!("the attribute `{field}` of {of} is declared with two types");
            self.clash(&what, (known.ty.loc(), added.ty.loc()), path);
        } else if known.required != added.required {
            let what = format!("the attribute `{field}` of {of} is declared once as optional and once not");
            self.clash(&what, (known.ty.loc(), added.ty.loc()), path);
        }
    }

    fn clash(
        &mut self,
        what: &str,
        (known, added): (Option<&cedar_policy_core::parser::Loc>, Option<&cedar_policy_core::parser::Loc>),
        path: &[&str],
    ) {
        let elsewhere = self.place.line(known).map(|line| format!("; it is also in {line}")).unwrap_or_default();
        let problem = Problem::error(format!("{what}{elsewhere}"))
            .with_help("files of a schema may add to each other's types and actions, and not say otherwise");
        self.problems.push(self.place.point(problem, added, path));
    }
}

fn add_new<T: PartialEq>(known: &mut Vec<T>, added: Vec<T>) {
    for one in added {
        if !known.contains(&one) {
            known.push(one);
        }
    }
}
