//! `conclave check`: one decision against a database file, no server.

use super::question::QuestionArguments;
use super::{PolicyArguments, StoreArguments, block_on, output};
use crate::check::{Check, RequestRef};
use crate::config::Config;
use crate::domain::facts::{Neighbours, Wanted};
use crate::domain::{Decision, DecisionRequest, EntityUid, Outcome};
use crate::engine::Bundle;
use crate::store::{Access, Store};
use clap::Args;
use miette::{IntoDiagnostic as _, WrapErr as _};
use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

const DETAILS: &str = "\
Examples:
  conclave check 'User::\"secretary\"' view_details 'Tool::\"user:director/calendar\"'
  conclave check 'User::\"director\"' add 'Tool::\"group:sales/documents\"' --context '{\"size\": 1000}'

A server may be running on the same database.

Exit codes: 0 ALLOW, 1 DENY, 2 no decision could be made.";

/// What `conclave check` takes.
#[derive(Debug, Args)]
#[command(after_help = DETAILS)]
pub struct Arguments {
    #[command(flatten)]
    question: QuestionArguments,
    #[command(flatten)]
    policies: PolicyArguments,
    #[command(flatten)]
    store: StoreArguments,
}

/// Decides and prints the decision and why.
///
/// # Errors
/// Whatever keeps a decision from being made.
pub fn run(arguments: &Arguments) -> miette::Result<ExitCode> {
    let question = arguments.question.read()?;
    let config = arguments.policies.load([("database", &arguments.store.database)])?.config;
    let (decision, why) = block_on(decide(&config, &question))??;
    let (word, code) = match decision {
        Decision::Allow => ("ALLOW", 0),
        Decision::Deny => ("DENY", 1),
    };
    output::print(&format!("{word}\n{why}"))?;
    Ok(ExitCode::from(code))
}

async fn decide(config: &Config, question: &DecisionRequest) -> miette::Result<(Decision, String)> {
    let bundle = Arc::new(Bundle::load(&config.sources())?);
    let store = Store::open(&config.database_url(), Access::ReadOnly).await.into_diagnostic()?;
    let check = Check::new(store.clone(), Arc::clone(&bundle), &config.limits).await.into_diagnostic()?;
    let answer =
        check.decide(&RequestRef::from(question)).await.into_diagnostic().wrap_err("no decision could be made")?;
    let missing = missing(&store, &bundle, question).await?;
    store.close().await;
    Ok((answer.outcome().decision, why(answer.outcome(), &bundle, &missing)))
}

/// What of the question the store does not hold, of the types it keeps.
async fn missing(store: &Store, bundle: &Bundle, question: &DecisionRequest) -> miette::Result<Vec<EntityUid>> {
    let asked = [&question.principal, &question.resource].into_iter();
    let kept = asked.filter(|uid| bundle.model().keeps(&uid.type_name)).cloned();
    let keeper = bundle.model().keeper();
    let wanted: Vec<_> = kept.map(|uid| Wanted { uid, neighbours: Neighbours::NONE, keeper }).collect();
    let snapshot = store.snapshot(&wanted).await.into_diagnostic()?;
    let absent = snapshot.entities.into_iter().filter(|(_, facts)| facts.is_none()).map(|(uid, _)| uid);
    Ok(absent.filter(|uid| *uid == question.principal || *uid == question.resource).collect())
}

/// The determining policies with rule and place, or why there are none.
fn why(outcome: &Outcome, bundle: &Bundle, missing: &[EntityUid]) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for policy in bundle.policies().filter(|policy| outcome.reasons.iter().any(|id| id == policy.id)) {
        let rule = policy.rule.map(|rule| format!(" (rule {rule})")).unwrap_or_default();
        let _ = writeln!(text, "  by {}{rule}, {}:{}\n     {}", policy.id, policy.file, policy.line, policy.comment);
    }
    for error in &outcome.errors {
        let _ = writeln!(text, "  failed: {error}");
    }
    if outcome.reasons.is_empty() && outcome.decision == Decision::Deny {
        for uid in missing {
            let _ = writeln!(text, "  {uid} is not stored");
        }
        if missing.is_empty() && outcome.errors.is_empty() {
            let _ = writeln!(text, "  no policy permits it");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_says_what_is_missing() {
        let bundle = Bundle::load(&crate::config::Config::default().sources()).unwrap();
        let ghost = EntityUid::new("User", "ghost");
        assert_eq!(why(&Outcome::deny(), &bundle, &[ghost]), "  User::\"ghost\" is not stored\n");
        assert_eq!(why(&Outcome::deny(), &bundle, &[]), "  no policy permits it\n");
        let reasons = vec!["private-grant-details".into()];
        let allow = Outcome { decision: Decision::Allow, reasons, errors: Vec::new() };
        let text = why(&allow, &bundle, &[]);
        assert!(text.contains("private-grant-details (rule S5), policies/spaces.cedar:"), "{text}");
    }
}
