//! A question on the command line.

use crate::config::Limits;
use crate::domain::json::is_within_depth;
use crate::domain::{Context, DecisionRequest, EntityUid, Lent};
use clap::Args;
use miette::miette;

/// A question, as `check` and `explain` take it.
#[derive(Debug, Args)]
pub(super) struct QuestionArguments {
    #[arg(help = "Who asks, such as User::\"director\"")]
    principal: String,
    #[arg(help = "What they want to do: view, or Action::\"view\"")]
    action: String,
    #[arg(help = "To what, such as Tool::\"group:sales/documents\"")]
    resource: String,
    /// Circumstances of the request: a JSON object
    #[arg(long, value_name = "JSON")]
    context: Option<String>,
}

impl QuestionArguments {
    /// The question in the words of the domain.
    ///
    /// # Errors
    /// If a part of it is not written as it must be.
    pub(super) fn read(&self) -> miette::Result<DecisionRequest> {
        Ok(DecisionRequest {
            principal: reference(&self.principal, "PRINCIPAL")?,
            action: action(&self.action)?,
            resource: reference(&self.resource, "RESOURCE")?,
            context: context(self.context.as_deref())?,
            lent: Lent::nothing(),
        })
    }
}

fn reference(text: &str, name: &str) -> miette::Result<EntityUid> {
    // A shell takes the quotes away unless they are quoted themselves.
    let help = "quote it for the shell: 'User::\"director\"'";
    EntityUid::parse(text).map_err(|error| miette!(help = help, "{name} {error}"))
}

/// `view` is short for `Action::"view"`.
fn action(text: &str) -> miette::Result<EntityUid> {
    if text.contains(['"', ':']) { reference(text, "ACTION") } else { Ok(EntityUid::action(text)) }
}

fn context(text: Option<&str>) -> miette::Result<Context> {
    let Some(text) = text else { return Ok(Context::empty()) };
    if !is_within_depth(text.as_bytes(), Limits::default().json_depth_max) {
        return Err(miette!("--context nests too deep"));
    }
    serde_json::from_str(text).map_err(|error| miette!("--context is no JSON object of Cedar values: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_a_word_or_a_reference() {
        assert_eq!(action("view").unwrap(), EntityUid::action("view"));
        assert_eq!(action("Action::\"view\"").unwrap(), EntityUid::action("view"));
        assert_eq!(action("Shop::Action::\"view\"").unwrap(), EntityUid::new("Shop::Action", "view"));
        assert!(action("Action::view").is_err());
    }

    #[test]
    fn a_reference_without_its_quotes_is_explained() {
        let error = reference("User::director", "PRINCIPAL").unwrap_err();
        assert!(error.to_string().starts_with("PRINCIPAL must be an entity reference"));
        assert!(error.help().unwrap().to_string().contains("quote it"));
    }

    #[test]
    fn a_context_is_an_object() {
        assert_eq!(context(None).unwrap(), Context::empty());
        assert_eq!(context(Some("{\"size\": 3}")).unwrap().0.len(), 1);
        for bad in ["", "3", "{", "{\"a\":1.5}", &"[".repeat(1000)] {
            assert!(context(Some(bad)).is_err(), "{bad}");
        }
    }
}
