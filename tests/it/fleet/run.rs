//! Writers and askers at several sidecars, each a process, and what is judged of them afterwards.
//!
//! Every change is sent with a key until it is known what became of it, to whichever sidecar.

use super::history::{Answer, Change, History};
use super::member::Member;
use super::without_gaps;
use crate::crash::Dice;
use conclave::config::ToolKinds;
use conclave::doctor::examine;
use conclave::store::{Access, Store};
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Row as _};
use std::str::FromStr as _;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const WRITERS: usize = 3;
const PEOPLE_OF_EACH: usize = 3;
const ASKERS: usize = 4;

/// However many answers there are, so many changes are waited for.
const CHANGES_MIN: usize = 30;

const TOOL: &str = "Tool::\"group:g/documents\"";

/// What everybody takes part in.
pub struct Run {
    pub members: Vec<Member>,
    staleness_max: Duration,
    begun: Instant,
    history: Mutex<History>,
    /// The newest revision that anybody was told of.
    newest: AtomicU64,
    operations: usize,
    done: AtomicUsize,
    unanswered: AtomicUsize,
    /// Whether all that was to happen has happened.
    is_calm: AtomicBool,
}

impl Run {
    /// A sidecar for each of these URLs of one database, whose answers may be so late. It lasts for so many answers and
    /// changes.
    pub async fn start(urls: &[String], staleness_max: Duration, operations: usize) -> Arc<Self> {
        Self::start_with(urls, staleness_max, operations, &[]).await
    }

    /// The same with further `CONCLAVE_*` variables.
    pub async fn start_with(
        urls: &[String],
        staleness_max: Duration,
        operations: usize,
        settings: &[(&'static str, String)],
    ) -> Arc<Self> {
        let mut settings = settings.to_vec();
        settings.push(("CONCLAVE_LIMITS_STALENESS_MILLISECONDS_MAX", staleness_max.as_millis().to_string()));
        let mut members = Vec::new();
        for url in urls {
            members.push(Member::start(url, &settings).await);
        }
        let run = Self {
            members,
            staleness_max,
            begun: Instant::now(),
            history: Mutex::default(),
            newest: AtomicU64::new(0),
            operations,
            done: AtomicUsize::new(0),
            unanswered: AtomicUsize::new(0),
            is_calm: AtomicBool::new(false),
        };
        run.people().await;
        Arc::new(run)
    }

    /// An open group, and people who may join it.
    async fn people(&self) {
        let host = async |line: &str, body| {
            let (status, _) = self.members[0].call(None, line, None, &body).await.unwrap();
            assert!(status < 300, "{line}: {status}");
        };
        host("PUT /subscriptions/plan", json!({})).await;
        host("PUT /users/host", json!({"username": "host", "subscription": "plan"})).await;
        for person in 0..WRITERS * PEOPLE_OF_EACH {
            let body = json!({"username": format!("u{person}"), "subscription": "plan"});
            host(&format!("PUT /users/u{person}"), body).await;
        }
        let group = json!({"id": "g", "name": "g", "administrator": "host", "published": true, "open": true});
        host("POST /groups", group).await;
    }

    /// Has everybody begin.
    pub fn work(self: &Arc<Self>, dice: &mut Dice) -> Vec<JoinHandle<()>> {
        let mut tasks = Vec::new();
        for writer in 0..WRITERS {
            let (run, dice) = (Arc::clone(self), dice.split());
            tasks.push(tokio::spawn(async move { run.write(writer, dice).await }));
        }
        for _ in 0..ASKERS {
            let (run, dice) = (Arc::clone(self), dice.split());
            tasks.push(tokio::spawn(async move { run.ask(dice).await }));
        }
        tasks
    }

    /// All that was to happen has happened: it may end.
    pub fn calm(&self) {
        self.is_calm.store(true, Ordering::SeqCst);
    }

    pub fn is_over(&self) -> bool {
        // Fewer changes would show nothing.
        let is_enough = || self.history.lock().unwrap().changes.len() > CHANGES_MIN;
        self.is_calm.load(Ordering::SeqCst) && self.done.load(Ordering::SeqCst) >= self.operations && is_enough()
    }

    /// Waits until it is over. Nothing that anybody was told may be wrong, nor anything that this database holds.
    pub async fn judge(&self, tasks: Vec<JoinHandle<()>>, database: &str) {
        for task in tasks {
            task.await.unwrap();
        }
        let history = std::mem::take(&mut *self.history.lock().unwrap());
        let unanswered = self.unanswered.load(Ordering::SeqCst);
        println!("{} changes, {} answers, {unanswered} unanswered", history.changes.len(), history.answers.len());
        let violations = history.violations(self.staleness_max);
        let some = &violations[..violations.len().min(5)];
        assert!(violations.is_empty(), "{} violations, such as {some:#?}", violations.len());
        assert!(history.answers.len() > 1_000, "too little to show anything");
        is_recorded(database, &history).await;
    }

    fn told(&self, revision: u64) {
        self.newest.fetch_max(revision, Ordering::SeqCst);
        self.done.fetch_add(1, Ordering::SeqCst);
    }

    /// People of one writer join and leave.
    async fn write(&self, writer: usize, mut dice: Dice) {
        let mut members = [false; PEOPLE_OF_EACH];
        let mut number = 0;
        while !self.is_over() {
            let which = below(&mut dice, PEOPLE_OF_EACH);
            members[which] = !members[which];
            number += 1;
            let key = format!("{writer}-{number}");
            let change = self.change(writer * PEOPLE_OF_EACH + which, members[which], &key, &mut dice).await;
            self.told(change.revision);
            self.history.lock().unwrap().changes.push(change);
            tokio::time::sleep(Duration::from_millis(dice.below(30))).await;
        }
    }

    /// One change, sent until it is known to have been made.
    async fn change(&self, person: usize, is_member: bool, key: &str, dice: &mut Dice) -> Change {
        let line = format!("POST /groups/g/{}", if is_member { "join" } else { "leave" });
        let begun = self.begun.elapsed();
        loop {
            let sidecar = below(dice, self.members.len());
            let reply = self.members[sidecar].call(Some(&format!("u{person}")), &line, Some(key), &json!({})).await;
            match reply {
                Some((status, revision)) if status < 300 => {
                    let told = self.begun.elapsed();
                    return Change { sidecar, begun, told, revision, person, is_member };
                }
                // Under way, or not known to be.
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    async fn ask(&self, mut dice: Dice) {
        while !self.is_over() {
            let (sidecar, person) = (below(&mut dice, self.members.len()), below(&mut dice, WRITERS * PEOPLE_OF_EACH));
            let revision_min = if dice.below(8) == 0 { self.newest.load(Ordering::SeqCst) } else { 0 };
            let begun = self.begun.elapsed();
            let decided = self.members[sidecar].decide(&format!("u{person}"), "view", TOOL, revision_min).await;
            let told = self.begun.elapsed();
            let Some(decided) = decided else {
                self.unanswered.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            self.told(decided.revision);
            let (revision, is_allowed) = (decided.revision, decided.is_allowed);
            let answer = Answer { sidecar, begun, told, revision, person, is_allowed, revision_min };
            self.history.lock().unwrap().answers.push(answer);
        }
    }
}

/// What the database itself says: one revision after the other, and everything that was acknowledged among them, once.
async fn is_recorded(database: &str, history: &History) {
    without_gaps(database).await;
    let mut connection = PgConnectOptions::from_str(database).unwrap().connect().await.unwrap();
    let rows = sqlx::query("SELECT command, actor FROM commits ORDER BY revision");
    let rows = rows.fetch_all(&mut connection).await.unwrap();
    let commits: Vec<(String, Option<String>)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    for change in &history.changes {
        let (command, actor) = &commits[usize::try_from(change.revision).unwrap() - 1];
        let said = if change.is_member { "join" } else { "leave" };
        assert!(command.contains(said), "{change:?} {command}");
        assert_eq!(actor.as_deref(), Some(format!("u{}", change.person).as_str()), "{change:?}");
    }
    let made = commits.iter().filter(|(_, actor)| actor.is_some()).count();
    assert_eq!(made, history.changes.len(), "each change was made once");
    let store = Store::open(database, Access::ReadOnly).await.unwrap();
    let report = examine(&store, &ToolKinds::default(), 0).await.unwrap();
    store.close().await;
    assert_eq!(report.broken().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
}

pub fn below(dice: &mut Dice, end: usize) -> usize {
    usize::try_from(dice.below(end as u64)).unwrap()
}
