//! `conclave matrix`: who may do what, as tables.

use super::{PolicyArguments, output};
use crate::domain::EntityUid;
use crate::engine::{Bundle, Validation};
use crate::workbench::table::{html, markdown, text};
use crate::workbench::{Asked, built_in_tables, tables};
use clap::{Args, ValueEnum};
use miette::miette;
use std::path::PathBuf;
use std::process::ExitCode;

const DETAILS: &str = "\
Without --entities the world is one that is built in, with every role of a group and of a
private space. A file may be a JSON array of entities in Cedar's form, or a world as
`conclave test` has it; with `tables` in it, it says itself which tables are wanted:

  tables:
    - title: The documents of the team
      resource: Tool::\"group:team/documents\"
      principals: [administrator: User::\"ann\", member: User::\"ben\"]
      actions: [view, edit, {action: add, context: {size: 101}}]

Without them there is a table for each resource, of everybody and all that can be asked about it.

Examples:
  conclave matrix
      The built-in policies at a glance.
  conclave matrix --policies mine > after.txt && diff before.txt after.txt
      What a change of the policies changes.
  conclave matrix --entities world.yaml --resource 'Folder::\"plans\"' --format markdown
      One table, to paste.

Exit codes: 0 drawn, 2 misuse or failure.";

/// What `conclave matrix` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[command(flatten)]
    policies: PolicyArguments,
    /// The world: a file of entities or of tests [default: a world that is built in]
    #[arg(long, value_name = "FILE")]
    entities: Option<PathBuf>,
    /// Only this principal; may be given several times
    #[arg(long, value_name = "PRINCIPAL", value_parser = reference)]
    principal: Vec<EntityUid>,
    /// Only this action; may be given several times
    #[arg(long, value_name = "ACTION", value_parser = action)]
    action: Vec<EntityUid>,
    /// Only this resource; may be given several times
    #[arg(long, value_name = "RESOURCE", value_parser = reference)]
    resource: Vec<EntityUid>,
    /// How the tables are drawn
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Html,
}

/// Draws the tables.
///
/// # Errors
/// Policies that do not validate, a world that cannot be read.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    let config = arguments.policies.load([])?.config;
    let bundle = Bundle::stateless(&config.sources(), Validation::Strict)?;
    let asked = Asked {
        principals: arguments.principal.clone(),
        actions: arguments.action.clone(),
        resources: arguments.resource.clone(),
    };
    let tables = match &arguments.entities {
        Some(path) => tables(&bundle, &config.tool_kinds, path, &asked)?,
        None => built_in_tables(&bundle, &config.tool_kinds, &asked)?,
    };
    if tables.is_empty() {
        return Err(miette!("there is nothing to draw: the world has nothing that can be asked about so"));
    }
    output::print(&match arguments.format {
        Format::Text => text(&tables),
        Format::Markdown => markdown(&tables),
        Format::Html => html(&tables),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn reference(text: &str) -> Result<EntityUid, String> {
    EntityUid::parse(text).map_err(|error| format!("it {error}; quote it for the shell: 'User::\"director\"'"))
}

fn action(text: &str) -> Result<EntityUid, String> {
    if text.contains(['"', ':']) { reference(text) } else { Ok(EntityUid::action(text)) }
}
