//! No answer is older than the last acknowledged write, and no later answer older than an earlier one.
//!
//! Writers change grants, folders, members and groups, and note the revision of each acknowledgement;
//! askers ask about the same, over connections of their own, one question at a time and in batches.
//! Every answer names the revision it rests on, so afterwards the whole history can be judged: the
//! changes are made again, one after the other, in the plain model of the rules, and each answer must
//! be the model's at that revision, and no older than what anybody was told before it was asked for.

mod plan;
mod wire;
mod write;

use crate::rules::Rules;
use crate::sidecar::TestSidecar;
use plan::{Question, WRITERS};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;
use wire::{Decided, Wire};
use write::{History, Writer};

const ASKERS: usize = 8;
/// Writes and checks together, unless `CONCLAVE_RACE_REQUESTS` says otherwise.
const REQUESTS: usize = 20_000;
/// How many requests let one write pass: writes wait for the disk, and are to last as long as the checks.
const CHECKS_PER_WRITE: usize = 40;

/// What all take part in.
pub struct Race {
    sidecar: TestSidecar,
    questions: Vec<Question>,
    /// The newest revision that anybody was told of, by an acknowledgement or an answer.
    told: AtomicU64,
    left: AtomicUsize,
    writes: Semaphore,
    answers: Mutex<Vec<Answered>>,
}

struct Answered {
    question: usize,
    allowed: bool,
    revision: u64,
    at_least: u64,
}

/// Marsaglia's shift register: enough to mix questions, the same each time.
pub struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

impl Race {
    async fn connect(&self) -> Wire {
        Wire::to(&self.sidecar.access_address()).await
    }

    /// Counts one request, if there is one left.
    fn take(&self) -> bool {
        let left = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if let Ok(left) = left
            && left % CHECKS_PER_WRITE == 0
        {
            self.writes.add_permits(1);
        }
        if left.is_err() {
            self.writes.close();
        }
        left.is_ok()
    }

    async fn turn_to_write(&self) -> bool {
        match self.writes.acquire().await {
            Ok(turn) => {
                turn.forget();
                self.take()
            }
            Err(_) => false,
        }
    }

    fn tell(&self, revision: u64) {
        self.told.fetch_max(revision, Ordering::SeqCst);
    }

    /// Asks one question, or several at once. Without `revision_min`, the newest revision known is
    /// demanded of some, and must be kept by all.
    async fn ask(&self, wire: &mut Wire, random: &mut Random, revision_min: Option<u64>) {
        let at_least = self.told.load(Ordering::SeqCst).max(revision_min.unwrap_or_default());
        let demanded = revision_min.or_else(|| (random.below(4) == 0).then_some(at_least));
        let batch = random.below(12) == 0;
        let count = if batch { 2 + random.below(7) } else { 1 };
        let asked: Vec<_> = (0..count).map(|_| random.below(self.questions.len())).collect();
        let bodies: Vec<_> = asked.iter().map(|question| self.questions[*question].body.as_str()).collect();
        let decided =
            if batch { wire.ask_all(&bodies, demanded).await } else { vec![wire.ask(bodies[0], demanded).await] };
        self.tell(decided[0].revision);
        let answered = asked.into_iter().zip(decided).map(|(question, Decided { decision, revision })| Answered {
            question,
            allowed: decision == "Allow",
            revision,
            at_least,
        });
        self.answers.lock().unwrap().extend(answered);
    }

    async fn run_asker(self: Arc<Self>, number: usize) {
        let mut wire = self.connect().await;
        let mut random = Random::new(1000 + number as u64);
        while self.take() {
            self.ask(&mut wire, &mut random, None).await;
        }
    }
}

/// Makes all changes again in the model, and holds each answer against its revision. How many allow.
fn judge(questions: &[Question], mut rules: Rules, mut history: History, answers: &mut [Answered]) -> usize {
    history.sort_by_key(|(revision, _)| *revision);
    answers.sort_by_key(|answered| answered.revision);
    let mut changes = history.into_iter().peekable();
    for Answered { question, allowed, revision, at_least } in answers.iter() {
        while let Some((_, change)) = changes.next_if(|(made, _)| made <= revision) {
            change.apply(&mut rules);
        }
        let question = &questions[*question];
        assert!(revision >= at_least, "{question} from revision {revision}, {at_least} was known before");
        assert_eq!(*allowed, question.allowed(&rules), "{question} wrong at revision {revision}");
    }
    answers.iter().filter(|answered| answered.allowed).count()
}

fn requests() -> usize {
    std::env::var("CONCLAVE_RACE_REQUESTS").map_or(REQUESTS, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interleaved_writes_and_checks_are_never_stale() {
    let (sidecar, mut rules) = (TestSidecar::new().start().await, Rules::default());
    let told = AtomicU64::new(plan::begin(&sidecar, &mut rules).await);
    let race = Arc::new(Race {
        sidecar,
        questions: plan::questions(),
        told,
        left: AtomicUsize::new(requests()),
        writes: Semaphore::new(WRITERS),
        answers: Mutex::default(),
    });
    let writers: Vec<_> = (0..WRITERS).map(|n| tokio::spawn(Writer::new(Arc::clone(&race), n).run())).collect();
    let askers: Vec<_> = (0..ASKERS).map(|n| tokio::spawn(Arc::clone(&race).run_asker(n))).collect();
    for asker in askers {
        asker.await.unwrap();
    }
    let mut history = History::new();
    for writer in writers {
        history.extend(writer.await.unwrap());
    }
    let written = history.len();
    let Race { sidecar, questions, answers, .. } = Arc::into_inner(race).unwrap();
    let mut answers = answers.into_inner().unwrap();
    let allowed = judge(&questions, rules, history, &mut answers);
    let judged = answers.len();
    println!(
        "{} requests: {written} acknowledged writes, {judged} decisions judged, {allowed} of them Allow",
        requests()
    );
    assert!(judged > requests() / 2 && written > requests() / 200, "{judged} checks, {written} writes show nothing");
    assert!(allowed > judged / 20 && allowed < judged / 20 * 19, "{allowed} of {judged} Allow shows nothing");
    sidecar.stop().await;
}

/// Of revision 5, at which the group is published; asked when revision 5 was known.
fn judge_one(allowed: bool, revision: u64) -> usize {
    let questions = plan::questions();
    let mut rules = Rules::default();
    plan::Change::Found("h".to_owned()).apply(&mut rules);
    let question = questions.iter().position(|question| question.to_string() == "may eve view_group Group::\"h\"?");
    let answered = Answered { question: question.unwrap(), allowed, revision, at_least: 5 };
    judge(&questions, rules, vec![(5, plan::Change::Publish(true))], &mut [answered])
}

#[test]
fn the_judge_accepts_what_is_right() {
    assert_eq!(judge_one(true, 5), 1);
}

#[test]
#[should_panic(expected = "wrong at revision 6")]
fn the_judge_sees_an_answer_of_another_state() {
    judge_one(false, 6);
}

#[test]
#[should_panic(expected = "from revision 4, 5 was known before")]
fn the_judge_sees_an_answer_from_before() {
    judge_one(false, 4);
}
