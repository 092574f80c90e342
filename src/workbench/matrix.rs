//! Who may do what in a world: the tables that a file asks for, or one for each resource there is.

use super::read::{self, offset};
use super::record::{Column, Row, Table as Wanted};
use super::run::decide;
use super::suite::shown_action;
use super::table::{Cell, Table};
use super::world::{self, Populated};
use crate::config::ToolKinds;
use crate::domain::{Context, Decision, DecisionRequest, EntityUid, Lent};
use crate::engine::{Bundle, Problem, SourceFile};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// The world whose tables are drawn unless another is named.
const BUILT_IN: (&str, &str) = ("policies/tests/matrix.yaml", include_str!("../../policies/tests/matrix.yaml"));

/// Which of the tables, rows and columns are wanted; an empty list is all of them.
#[derive(Debug, Default, Clone)]
pub struct Asked {
    /// Who asks.
    pub principals: Vec<EntityUid>,
    /// What they want to do.
    pub actions: Vec<EntityUid>,
    /// To what.
    pub resources: Vec<EntityUid>,
}

/// The tables of a file.
///
/// # Errors
/// [`Problem`] with the place, if the file holds no world.
pub fn tables(bundle: &Bundle, tool_kinds: &ToolKinds, path: &Path, asked: &Asked) -> Result<Vec<Table>, Problem> {
    drawn(bundle, tool_kinds, &read::text(path)?, asked)
}

/// The tables of the world that is built in.
///
/// # Errors
/// [`Problem`], if the schema is another than the built-in one.
pub fn built_in_tables(bundle: &Bundle, tool_kinds: &ToolKinds, asked: &Asked) -> Result<Vec<Table>, Problem> {
    drawn(bundle, tool_kinds, &SourceFile::new(BUILT_IN.0, BUILT_IN.1), asked)
}

fn drawn(
    bundle: &Bundle,
    tool_kinds: &ToolKinds,
    file: &Arc<SourceFile>,
    asked: &Asked,
) -> Result<Vec<Table>, Problem> {
    let sheet = read::sheet(file)?;
    let world = world::populate(bundle, tool_kinds, file, &sheet)?;
    let mut tables = Vec::new();
    if sheet.tables.is_empty() {
        for resource in world.entities.uids().iter().filter(|uid| is_wanted(&asked.resources, uid)) {
            tables.extend(whole(bundle, &world, resource, asked));
        }
    } else {
        for wanted in sheet.tables.iter().filter(|wanted| is_wanted(&asked.resources, &wanted.value.resource)) {
            let table = written(bundle, &world, &wanted.value, asked);
            tables.push(table.map_err(|why| Problem::of(file, (offset(file, wanted.referenced), 0), why))?);
        }
    }
    Ok(tables)
}

fn is_wanted(wanted: &[EntityUid], uid: &EntityUid) -> bool {
    wanted.is_empty() || wanted.contains(uid)
}

/// A table as the file wants it. A question that the schema does not have is a mistake there.
fn written(bundle: &Bundle, world: &Populated, wanted: &Wanted, asked: &Asked) -> Result<Table, String> {
    let columns: Vec<_> = wanted.principals.iter().filter(|one| is_wanted(&asked.principals, &one.principal)).collect();
    let mut rows = Vec::new();
    for Row { action, context } in wanted.actions.iter().filter(|row| is_wanted(&asked.actions, &row.action)) {
        let cell = |column: &&Column| cell(bundle, world, [&column.principal, action, &wanted.resource], context);
        rows.push((label(action, context), columns.iter().map(cell).collect::<Result<Vec<_>, _>>()?));
    }
    let name = |column: &&Column| column.label.clone().unwrap_or_else(|| column.principal.to_string());
    let title = wanted.title.clone().unwrap_or_else(|| wanted.resource.to_string());
    Ok(Table { title, columns: columns.iter().map(name).collect(), rows })
}

/// Everybody and everything that can be asked about a resource; `None` if nothing can.
fn whole(bundle: &Bundle, world: &Populated, resource: &EntityUid, asked: &Asked) -> Option<Table> {
    let actions_of = |principal: &EntityUid| {
        let actions = bundle.actions_on(&principal.type_name, &resource.type_name).map(|(action, _)| action);
        actions.filter(|action| is_wanted(&asked.actions, action)).collect::<BTreeSet<_>>()
    };
    let all = world.entities.uids().into_iter().filter(|uid| is_wanted(&asked.principals, uid));
    let principals: Vec<_> =
        all.map(|uid| (actions_of(&uid), uid)).filter(|(actions, _)| !actions.is_empty()).collect();
    let actions: BTreeSet<_> = principals.iter().flat_map(|(actions, _)| actions).collect();
    let context = Context::empty();
    let row = |action: &EntityUid| {
        let cell = |principal| cell(bundle, world, [principal, action, resource], &context).unwrap_or(Cell::NotAsked);
        (label(action, &context), principals.iter().map(|(_, principal)| cell(principal)).collect())
    };
    let rows: Vec<_> = actions.into_iter().map(row).collect();
    let columns = principals.iter().map(|(_, principal)| principal.to_string()).collect();
    (!rows.is_empty()).then(|| Table { title: resource.to_string(), columns, rows })
}

fn cell(
    bundle: &Bundle,
    world: &Populated,
    [principal, action, resource]: [&EntityUid; 3],
    context: &Context,
) -> Result<Cell, String> {
    let request = DecisionRequest {
        principal: principal.clone(),
        action: action.clone(),
        resource: resource.clone(),
        context: context.clone(),
        lent: Lent::nothing(),
    };
    let outcome = decide(bundle, world, &request, |request, entities| bundle.decide(request, entities))?;
    Ok(match outcome.decision {
        Decision::Allow => Cell::Allow,
        Decision::Deny if outcome.errors.is_empty() => Cell::Deny,
        Decision::Deny => Cell::Failed,
    })
}

/// `add size=101`
fn label(action: &EntityUid, context: &Context) -> String {
    let shown = |value| serde_json::to_string(value).unwrap_or_default();
    let fields = context.0.iter().map(|(name, value)| format!(" {name}={}", shown(value)));
    shown_action(action) + &fields.collect::<String>()
}
