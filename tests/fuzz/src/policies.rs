//! Folders of policies and schema.

use super::Target;
use cedar_policy::Entities;
use conclave::domain::{DecisionRequest, EntityUid, Lent};
use conclave::engine::{Bundle, Detail, ErrorRule, MESSAGING, Naming, Problem, SourceFile};
use miette::{GraphicalReportHandler, GraphicalTheme};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Begins a line that names the file that follows.
const MARK: &str = "=== ";

/// What there is to load where an input holds no schema.
const SCHEMA: &str = include_str!("../../../schema/groups.cedarschema");

/// A small world of that schema, and questions about it.
const WORLD: &str = include_str!("../../data/model_cases.json");

/// Of so many of its questions one is asked.
const ASKED_EVERY: usize = 5;

/// An input is the files of a folder, each after a line `=== NAME`; without such a line it is one file of policies.
pub struct Policies {
    world: Value,
    questions: Vec<DecisionRequest>,
}

impl Target for Policies {
    fn new() -> Self {
        let world: Value = serde_json::from_str(WORLD).unwrap();
        let questions = world["cases"].as_array().unwrap().iter().step_by(ASKED_EVERY).map(question).collect();
        Self { world, questions }
    }

    fn run(&mut self, input: &[u8]) {
        // What is no UTF-8 is refused before it is read as anything.
        let Ok(text) = std::str::from_utf8(input) else { return };
        let (mut schema, policies): (Vec<_>, Vec<_>) = files(text)
            .into_iter()
            .partition(|file| Path::new(&file.name).extension().is_none_or(|extension| extension != "cedar"));
        let is_ours = schema.is_empty();
        if is_ours {
            schema.push(SourceFile::new("groups.cedarschema", SCHEMA));
        }
        let features = BTreeSet::from([MESSAGING.to_owned()]);
        for naming in [Naming::Annotated, Naming::Given] {
            match Bundle::from_files(&schema, &policies, naming, &features) {
                Err(error) => {
                    assert!(error.problems().iter().any(Problem::is_error), "refused for nothing: {error}");
                    shown(error.problems());
                }
                Ok(bundle) => {
                    shown(bundle.warnings());
                    describes(&bundle, &policies);
                    let again = Bundle::from_files(&schema, &policies, naming, &features).unwrap();
                    assert_eq!(again.digest(), bundle.digest());
                    if is_ours {
                        self.decides_as_cedar(&bundle.with_error_rule(ErrorRule::Skip));
                    }
                }
            }
        }
    }
}

impl Policies {
    /// INVARIANT of the engine: choosing policies and taking their scopes apart changes no decision.
    fn decides_as_cedar(&self, bundle: &Bundle) {
        let entities = Entities::from_json_value(self.world["entities"].clone(), bundle.schema()).unwrap();
        for question in &self.questions {
            let (principal, resource) = (&question.principal.type_name, &question.resource.type_name);
            let Ok(environment) = bundle.environment(principal, &question.action.borrow(), resource) else { continue };
            let Ok(context) = bundle.context(environment, &question.context) else { continue };
            let cedar = bundle.stock(environment, question, &context, &entities);
            let ours = bundle.evaluate(environment, question, &context, &entities, Detail::Policies);
            assert_eq!(ours, cedar, "{question:?}");
            let settled = bundle.evaluate(environment, question, &context, &entities, Detail::Decision);
            assert_eq!(settled.decision, cedar.decision, "{question:?}");
        }
    }
}

fn files(text: &str) -> Vec<Arc<SourceFile>> {
    let mut files = vec![("input.cedar".to_owned(), String::new())];
    for line in text.split_inclusive('\n') {
        match (line.strip_prefix(MARK), files.last_mut()) {
            (Some(name), _) => files.push((name.trim().to_owned(), String::new())),
            (None, Some((_, text))) => text.push_str(line),
            (None, None) => {}
        }
    }
    files.retain(|(_, text)| !text.is_empty());
    files.into_iter().map(|(name, text)| SourceFile::new(name, text)).collect()
}

/// Every problem as `conclave validate` prints it.
fn shown(problems: &[Problem]) {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor());
    for problem in problems {
        let mut report = String::new();
        handler.render_report(&mut report, problem).unwrap();
        assert!(!report.trim().is_empty());
        assert!(problem.position().is_none_or(|(_, line, column)| line > 0 && column > 0));
    }
}

/// What the set says of each policy is what stands in a file.
fn describes(bundle: &Bundle, files: &[Arc<SourceFile>]) {
    let mut ids = BTreeSet::new();
    for policy in bundle.policies() {
        assert!(ids.insert(policy.id.to_owned()), "two policies are called {}", policy.id);
        let file = files.iter().find(|file| file.name == policy.file && file.text.contains(policy.text));
        assert!(file.is_some() && !policy.text.is_empty() && policy.line > 0, "{policy:?}");
    }
}

fn question(case: &Value) -> DecisionRequest {
    let uid = |field: &str| EntityUid::parse(case[field].as_str().unwrap()).unwrap();
    DecisionRequest {
        principal: uid("p"),
        action: EntityUid::action(case["a"].as_str().unwrap()),
        resource: uid("r"),
        context: serde_json::from_value(case["c"].clone()).unwrap(),
        lent: Lent::nothing(),
    }
}
