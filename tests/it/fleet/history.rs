//! What a run of several sidecars wrote and was told, and whether it could have been so.
//!
//! The rules, each with a history below that breaks it alone:
//!
//! 1. Every change has a revision of its own, and one that begins after another was acknowledged has a later one.
//! 2. An answer that names a revision says what was so at that revision.
//! 3. It is no older than its `Conclave-Min-Revision`.
//! 4. Through one sidecar it is no older than what that sidecar had acknowledged or answered before the question.
//! 5. Through any it is no older than what anybody was told as long before the question as answers may be late.
//!
//! What was answered with an error is not written down: it says nothing.

use std::collections::BTreeMap;
use std::time::Duration;

/// When, since the run began.
pub type Time = Duration;

/// A change that was acknowledged: from then on this is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    pub sidecar: usize,
    pub begun: Time,
    pub told: Time,
    pub revision: u64,
    /// Of which person, and whether they are a member now.
    pub person: usize,
    pub is_member: bool,
}

/// An answer: whether somebody is allowed what members are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub sidecar: usize,
    pub begun: Time,
    pub told: Time,
    pub revision: u64,
    pub person: usize,
    pub is_allowed: bool,
    /// What the question asked for; 0 for nothing.
    pub revision_min: u64,
}

#[derive(Debug, Default, Clone)]
pub struct History {
    pub changes: Vec<Change>,
    pub answers: Vec<Answer>,
}

/// What somebody was told by when: the newest revision up to each time.
struct Told(Vec<(Time, u64)>);

impl Told {
    fn new(mut all: Vec<(Time, u64)>) -> Self {
        all.sort_unstable();
        let mut newest = 0;
        for (_, revision) in &mut all {
            newest = newest.max(*revision);
            *revision = newest;
        }
        Self(all)
    }

    /// The newest that was told before this.
    fn before(&self, time: Time) -> u64 {
        let count = self.0.partition_point(|(told, _)| *told < time);
        count.checked_sub(1).map_or(0, |last| self.0[last].1)
    }
}

impl History {
    /// Everything that could not have been, if answers through another sidecar may be so late; a line each.
    pub fn violations(&self, staleness_max: Duration) -> Vec<String> {
        let mut found = self.out_of_order();
        let members = self.members();
        let by_sidecar = self.told_by_sidecar();
        let by_anybody = Told::new(self.told().map(|(_, time, revision)| (time, revision)).collect());
        for answer in &self.answers {
            let mut claim = |is_kept: bool, rule: &str| {
                if !is_kept {
                    found.push(format!("{rule}: {answer:?}"));
                }
            };
            let was = members.get(&answer.person).and_then(|states| states.range(..=answer.revision).next_back());
            let was = was.is_some_and(|(_, is_member)| *is_member);
            claim(answer.is_allowed == was, "not what was so at its revision");
            claim(answer.revision >= answer.revision_min, "older than was asked for");
            let here = by_sidecar[&answer.sidecar].before(answer.begun);
            claim(answer.revision >= here, "older than what this sidecar had told");
            // Nothing was told before the run began.
            let anywhere = answer.begun.checked_sub(staleness_max).map_or(0, |time| by_anybody.before(time));
            claim(answer.revision >= anywhere, "older than what was told long before");
        }
        found
    }

    /// Who told of which revision when.
    fn told(&self) -> impl Iterator<Item = (usize, Time, u64)> {
        let changes = self.changes.iter().map(|change| (change.sidecar, change.told, change.revision));
        changes.chain(self.answers.iter().map(|answer| (answer.sidecar, answer.told, answer.revision)))
    }

    fn told_by_sidecar(&self) -> BTreeMap<usize, Told> {
        let mut told: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (sidecar, time, revision) in self.told() {
            told.entry(sidecar).or_default().push((time, revision));
        }
        told.into_iter().map(|(sidecar, all)| (sidecar, Told::new(all))).collect()
    }

    /// Of each person, from which revision on they are a member or not.
    fn members(&self) -> BTreeMap<usize, BTreeMap<u64, bool>> {
        let mut members: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for change in &self.changes {
            members.entry(change.person).or_default().insert(change.revision, change.is_member);
        }
        members
    }

    fn out_of_order(&self) -> Vec<String> {
        let mut found = Vec::new();
        let acknowledged = Told::new(self.changes.iter().map(|change| (change.told, change.revision)).collect());
        let mut revisions = BTreeMap::new();
        for change in &self.changes {
            if change.revision <= acknowledged.before(change.begun) {
                found.push(format!("before a change that was acknowledged when it began: {change:?}"));
            }
            if let Some(other) = revisions.insert(change.revision, change) {
                found.push(format!("two changes of one revision: {other:?} {change:?}"));
            }
        }
        found
    }
}

const LATE: Duration = Duration::from_millis(100);

fn at(milliseconds: u64) -> Time {
    Duration::from_millis(milliseconds)
}

/// Somebody joins through one sidecar and leaves through another; everybody is asked.
fn sound() -> History {
    let change = |sidecar, begun, told, revision, is_member| {
        let (begun, told) = (at(begun), at(told));
        Change { sidecar, begun, told, revision, person: 7, is_member }
    };
    let answer = |sidecar, begun, told, revision, is_allowed, revision_min| {
        let (begun, told) = (at(begun), at(told));
        Answer { sidecar, begun, told, revision, person: 7, is_allowed, revision_min }
    };
    History {
        changes: vec![change(0, 10, 20, 4, true), change(1, 30, 40, 5, false)],
        answers: vec![
            answer(0, 5, 15, 4, true, 0),
            answer(0, 21, 22, 4, true, 0),
            // Another may be late, unless it is asked not to be.
            answer(2, 41, 42, 3, false, 0),
            answer(2, 43, 44, 4, true, 4),
            answer(1, 45, 46, 5, false, 0),
            answer(2, 139, 140, 4, true, 0),
            answer(2, 141, 142, 5, false, 0),
        ],
    }
}

#[test]
fn a_history_that_could_have_been_has_nothing_wrong() {
    assert_eq!(sound().violations(LATE), [""; 0]);
}

#[test]
fn a_history_that_breaks_one_rule_is_found() {
    type Spoil = fn(&mut History);
    let spoilt: [(&str, Spoil); 8] = [
        ("two changes of one revision", |history| {
            history.changes[0].told = at(35);
            history.changes[1].revision = 4;
            history.answers.clear();
        }),
        ("before a change that was acknowledged", |history| {
            history.changes[1].revision = 3;
            history.answers.clear();
        }),
        // A removed member is let in.
        ("not what was so at its revision", |history| history.answers[4].is_allowed = true),
        // A member is kept out.
        ("not what was so at its revision", |history| history.answers[1].is_allowed = false),
        ("older than was asked for", |history| history.answers[3].revision_min = 5),
        // Stale after its own acknowledgement.
        ("older than what this sidecar had told", |history| {
            (history.answers[4].revision, history.answers[4].is_allowed) = (4, true);
        }),
        // Back in time after an answer.
        ("older than what this sidecar had told", |history| {
            (history.answers[3].revision_min, history.answers[3].revision) = (0, 2);
            history.answers[3].is_allowed = false;
        }),
        ("older than what was told long before", |history| {
            (history.answers[6].revision, history.answers[6].is_allowed) = (4, true);
        }),
    ];
    for (rule, spoil) in spoilt {
        let mut history = sound();
        spoil(&mut history);
        let found = history.violations(LATE);
        assert!(!found.is_empty() && found.iter().all(|line| line.starts_with(rule)), "{rule}: {found:#?}");
    }
}
