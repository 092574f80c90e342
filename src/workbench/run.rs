//! Tests, run: each question decided as the server would decide it, and held against what is expected.

use super::coverage::Coverage;
use super::suite::{Case, Suite, TestFile, shown_action};
use super::world::Populated;
use crate::domain::{Decision, DecisionRequest, EntityUid, Outcome};
use crate::engine::coverage::Observer;
use crate::engine::{AllEntities, Bundle, Undecidable};
use smol_str::SmolStr;

/// What came of a suite.
#[derive(Debug)]
pub struct Run<'b> {
    /// Every question that was asked, in the order of files and lines.
    pub ran: Vec<Ran>,
    /// What of the policies they came to.
    pub coverage: Coverage<'b>,
}

/// One question that was asked.
#[derive(Debug)]
pub struct Ran {
    /// The file of its test.
    pub file: String,
    /// The line on which that begins.
    pub line: usize,
    /// What it is called, unique or not.
    pub name: String,
    /// The rule it is about, if the test says so.
    pub rule: Option<SmolStr>,
    /// What is wrong; `None` if all is as expected.
    pub failure: Option<Failure>,
}

/// A question whose answer is another than expected.
#[derive(Debug)]
pub struct Failure {
    /// Who asked to do what to what.
    pub question: String,
    /// What was expected.
    pub expected: Decision,
    /// What came; the error is why the schema allows no such question.
    pub got: Result<Outcome, String>,
    /// The determining policies that were expected, if the test names any.
    pub by: Option<Vec<SmolStr>>,
    /// Where the two entities are described, or that they are not.
    pub entities: Vec<String>,
}

impl Suite {
    /// Runs the tests whose name contains `filter`, all of them without.
    #[must_use]
    pub fn run<'b>(&self, bundle: &'b Bundle, filter: Option<&str>) -> Run<'b> {
        let mut observer = Observer::new(bundle);
        let mut ran = Vec::new();
        for file in &self.files {
            let cases = file.cases.iter().filter(|case| filter.is_none_or(|part| case.name.contains(part)));
            ran.extend(cases.map(|case| file.try_case(case, bundle, &mut observer)));
        }
        Run { ran, coverage: Coverage::new(observer.into_policies(), &self.unreachable) }
    }
}

impl Run<'_> {
    /// How many questions were not answered as expected.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.ran.iter().filter(|ran| ran.failure.is_some()).count()
    }
}

impl TestFile {
    fn try_case(&self, case: &Case, bundle: &Bundle, observer: &mut Observer<'_>) -> Ran {
        let got = decide(bundle, &self.world, &case.request, |request, entities| observer.decide(request, entities));
        let is_as_expected = got.as_ref().is_ok_and(|outcome| case.expects(outcome));
        let failure = (!is_as_expected).then(|| Failure {
            question: question(&case.request),
            expected: case.expected,
            got,
            by: case.by.clone(),
            entities: [("principal", &case.request.principal), ("resource", &case.request.resource)]
                .map(|(what, uid)| format!("{what} {}", self.world.place_of(uid, bundle)))
                .to_vec(),
        });
        let (name, rule) = (case.name.clone(), case.rule.clone());
        Ran { file: self.name.clone(), line: case.line, name, rule, failure }
    }
}

/// As the server decides: of the types that Conclave keeps, who is not there is denied before `ask` asks any policy.
pub(super) fn decide(
    bundle: &Bundle,
    world: &Populated,
    request: &DecisionRequest,
    ask: impl FnOnce(&DecisionRequest, &AllEntities) -> Result<Outcome, Undecidable>,
) -> Result<Outcome, String> {
    let is_unseen = |uid: &EntityUid| bundle.model().keeps(&uid.type_name) && !world.entities.holds(uid);
    if is_unseen(&request.principal) || is_unseen(&request.resource) {
        let allowed = bundle.decide(request, &world.entities);
        return allowed.map(|_| Outcome::deny()).map_err(|error| error.to_string());
    }
    ask(request, &world.entities).map_err(|error| error.to_string())
}

impl Case {
    fn expects(&self, outcome: &Outcome) -> bool {
        let same = |wanted: &[SmolStr], found: &[SmolStr]| {
            let sorted = |ids: &[SmolStr]| {
                let mut ids = ids.to_vec();
                ids.sort();
                ids.dedup();
                ids
            };
            sorted(wanted) == sorted(found)
        };
        outcome.decision == self.expected
            && self.by.as_ref().is_none_or(|by| same(by, &outcome.reasons))
            && same(&self.fails, &failing(outcome))
    }
}

/// The policies that could not be evaluated.
fn failing(outcome: &Outcome) -> Vec<SmolStr> {
    outcome.errors.iter().map(|error| error.split('`').nth(1).unwrap_or(error).into()).collect()
}

fn question(request: &DecisionRequest) -> String {
    let DecisionRequest { principal, action, resource, context, .. } = request;
    let context = match serde_json::to_string(context) {
        Ok(text) if !context.0.is_empty() => format!(" {text}"),
        _ => String::new(),
    };
    format!("{principal} {} {resource}{context}", shown_action(action))
}

impl Populated {
    fn place_of(&self, uid: &EntityUid, bundle: &Bundle) -> String {
        match (self.places.get(uid), self.entities.holds(uid), bundle.model().keeps(&uid.type_name)) {
            (Some(place), ..) => format!("{uid} is described at {place}"),
            (None, true, _) => format!("{uid} is part of the world"),
            (None, false, true) => format!("{uid} is not in the world: whoever the server does not know is denied"),
            (None, false, false) => format!("{uid} is not described"),
        }
    }
}
