//! Tests of a set of policies, read whole before any of them runs.

use super::limits::QUESTIONS_MAX;
use super::read::{self, line, offset};
use super::record::{Action, Reference, Test, Unreachable};
use super::world::{self, Populated};
use crate::config::ToolKinds;
use crate::domain::{Decision, DecisionRequest, EntityUid, Lent};
use crate::engine::{Bundle, Problem, SourceFile};
use serde_saphyr::Spanned;
use smol_str::SmolStr;
use std::path::Path;
use std::sync::Arc;

/// Tests, by file.
#[derive(Debug)]
pub struct Suite {
    pub(super) files: Vec<TestFile>,
    pub(super) unreachable: Vec<(String, Unreachable)>,
}

/// The tests of one file, and the world that they are asked in.
#[derive(Debug)]
pub(super) struct TestFile {
    pub(super) name: String,
    pub(super) world: Populated,
    pub(super) cases: Vec<Case>,
}

/// One question and what is expected of it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) rule: Option<SmolStr>,
    pub(super) line: usize,
    pub(super) request: DecisionRequest,
    pub(super) expected: Decision,
    pub(super) by: Option<Vec<SmolStr>>,
    pub(super) fails: Vec<SmolStr>,
}

impl Suite {
    /// Reads a file of tests, or all of a folder and the folders in it. Files that hold a world and no tests are for
    /// others to name.
    ///
    /// # Errors
    /// Every [`Problem`] of every file at once.
    pub fn read(bundle: &Bundle, tool_kinds: &ToolKinds, place: &Path) -> Result<Self, Vec<Problem>> {
        let paths = read::find(place).map_err(|problem| vec![problem])?;
        let (mut suite, mut problems) = (Self { files: Vec::new(), unreachable: Vec::new() }, Vec::new());
        for path in &paths {
            let added = read::text(path).and_then(|file| suite.add(bundle, tool_kinds, &file));
            problems.extend(added.err());
        }
        if problems.is_empty() && suite.questions() == 0 {
            problems.push(Problem::error(format!("{} holds no test", place.display())));
        }
        if suite.questions() > QUESTIONS_MAX {
            problems.push(Problem::error(format!("there are more than {QUESTIONS_MAX} questions")));
        }
        if problems.is_empty() { Ok(suite) } else { Err(problems) }
    }

    /// How many questions its tests ask.
    #[must_use]
    pub fn questions(&self) -> usize {
        self.files.iter().map(|file| file.cases.len()).sum()
    }

    fn add(&mut self, bundle: &Bundle, tool_kinds: &ToolKinds, file: &Arc<SourceFile>) -> Result<(), Problem> {
        let sheet = read::sheet(file)?;
        let place = |at| format!("{}:{}", file.name, line(at));
        self.unreachable.extend(sheet.unreachable.iter().map(|one| (place(one.referenced), one.value.clone())));
        if sheet.tests.is_empty() {
            return Ok(());
        }
        let world = world::populate(bundle, tool_kinds, file, &sheet)?;
        let mut cases = Vec::new();
        for test in &sheet.tests {
            let count = test.value.combinations();
            if count == 0 || self.questions() + cases.len() + count > QUESTIONS_MAX {
                let what = if count == 0 { "asks nothing: a list is empty" } else { "asks too many questions" };
                return Err(Problem::of(file, (offset(file, test.referenced), 0), format!("this test {what}")));
            }
            cases.extend(test.value.cases(test));
        }
        self.files.push(TestFile { name: file.name.clone(), world, cases });
        Ok(())
    }
}

impl Test {
    fn combinations(&self) -> usize {
        self.principal.0.len().saturating_mul(self.action.0.len()).saturating_mul(self.resource.0.len())
    }

    fn cases(&self, written: &Spanned<Self>) -> Vec<Case> {
        let is_one = self.combinations() == 1;
        let mut cases = Vec::new();
        for Reference(principal) in &self.principal.0 {
            for Action(action) in &self.action.0 {
                for Reference(resource) in &self.resource.0 {
                    cases.push(Case {
                        name: self.name_of(is_one, [principal, action, resource]),
                        rule: self.rule.clone(),
                        line: line(written.referenced),
                        request: DecisionRequest {
                            principal: principal.clone(),
                            action: action.clone(),
                            resource: resource.clone(),
                            context: self.context.clone(),
                            lent: Lent::nothing(),
                        },
                        expected: self.expect,
                        by: self.by.clone(),
                        fails: self.fails.clone(),
                    });
                }
            }
        }
        cases
    }

    fn name_of(&self, is_one: bool, [principal, action, resource]: [&EntityUid; 3]) -> String {
        let question = format!("{principal} {} {resource}", shown_action(action));
        match &self.name {
            None => question,
            Some(name) if is_one => name.clone(),
            Some(name) => format!("{name}: {question}"),
        }
    }
}

/// `Action::"view"` as people write it.
pub(super) fn shown_action(action: &EntityUid) -> String {
    if *action == EntityUid::action(&action.id) { action.id.to_string() } else { action.to_string() }
}
