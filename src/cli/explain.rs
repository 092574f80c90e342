//! `conclave explain`: one decision against a database file, and everything behind it.

mod text;

use super::question::QuestionArguments;
use super::{PolicyArguments, StoreArguments, block_on, output};
use crate::check::{Check, Explained, RequestRef};
use crate::config::Config;
use crate::domain::{Decision, DecisionRequest};
use crate::engine::Bundle;
use crate::http::access::explain::Body;
use crate::store::{Access, Store};
use crate::texts::Language;
use clap::Args;
use miette::{IntoDiagnostic as _, WrapErr as _};
use std::process::ExitCode;
use std::sync::Arc;

const DETAILS: &str = "\
Shown are the decision and its reason; the groups of the principal; the folder chain of the
resource with the grants on it that reach the principal; the policies that decide, or those
that came closest, condition by condition with the values they saw; and for a DENY what would
allow it. Each of those ways was tried out on a copy of the facts.

Examples:
  conclave explain 'User::\"salesman-1\"' add 'Tool::\"group:production/documents\"'
      What is missing, and what would allow it.
  conclave explain 'User::\"workman-2\"' edit 'Item::\"shift-plan\"'
      By which grant, and where it sits.
  conclave explain 'User::\"director\"' add 'Tool::\"group:sales/documents\"' \\
      --context '{\"size\": 1000}' --json
      As POST /v1/explain answers it.

A server may be running on the same database.

Exit codes: 0 ALLOW, 1 DENY, 2 no decision could be made.";

/// What `conclave explain` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[command(flatten)]
    question: QuestionArguments,
    /// Print JSON, as `POST /v1/explain` answers it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    store: StoreArguments,
}

/// Decides and prints the decision and everything behind it.
///
/// # Errors
/// Whatever keeps a decision from being made.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    let question = arguments.question.read()?;
    let config = arguments.policies.load([("database", &arguments.store.database)])?.config;
    let explained = block_on(explain(&config, &question))??;
    let body = Body::new(&question, &explained, Language::English);
    let text = if arguments.json {
        serde_json::to_string_pretty(&body).into_diagnostic()? + "\n"
    } else {
        text::text(&question, &explained)
    };
    output::print(&text)?;
    Ok(ExitCode::from(match explained.outcome.decision {
        Decision::Allow => 0,
        Decision::Deny => 1,
    }))
}

async fn explain(config: &Config, question: &DecisionRequest) -> miette::Result<Explained> {
    let bundle = Arc::new(Bundle::load(&config.sources())?);
    let store = Store::open(&config.database_url(), Access::ReadOnly).await.into_diagnostic()?;
    let check = Check::new(store.clone(), bundle, &config.limits).await.into_diagnostic()?;
    let explained = check.explain(&RequestRef::from(question)).await;
    store.close().await;
    explained.into_diagnostic().wrap_err("no decision could be made")
}
