//! Writers and askers at three sidecars, while sidecars, their server and the network between them fail: nothing that
//! anybody is told may be wrong.
//!
//! The sidecars are processes, each behind a network of its own. Every change is sent with a key until it is known
//! what became of it, to whichever sidecar. What was answered is then judged as a whole (`history`).
//!
//! `CONCLAVE_FLEET_OPERATIONS=1000000` makes it long; `CONCLAVE_CRASH_SEED` repeats which accidents come.

use super::cluster::Cluster;
use super::history::{Answer, Change, History};
use super::member::Member;
use super::proxy::Proxy;
use super::without_gaps;
use crate::crash::Dice;
use crate::sidecar::run;
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

const SIDECARS: usize = 3;
const WRITERS: usize = 3;
const PEOPLE_OF_EACH: usize = 3;
const ASKERS: usize = 4;

/// How late answers through another sidecar may be here.
const STALENESS_MAX: Duration = Duration::from_millis(400);

/// Answers and changes that are known to have been made, unless `CONCLAVE_FLEET_OPERATIONS` says otherwise.
const OPERATIONS: usize = 6_000;

/// Every accident happens as often as this at least, however few operations it takes.
const ACCIDENTS_OF_EACH: usize = 1;

const TOOL: &str = "Tool::\"group:g/documents\"";

/// What everybody takes part in.
struct Run {
    cluster: Cluster,
    proxies: Vec<Proxy>,
    members: Vec<Member>,
    begun: Instant,
    history: Mutex<History>,
    /// The newest revision that anybody was told of.
    newest: AtomicU64,
    done: AtomicUsize,
    unanswered: AtomicUsize,
    /// Whether all accidents have happened.
    is_calm: AtomicBool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Accident {
    /// A sidecar is killed, and started again.
    Killed,
    /// A sidecar does nothing for a while, and then goes on.
    Halted,
    /// Nothing gets through between a sidecar and the server.
    Stalled,
    /// What the server answers does not get through.
    Unheard,
    /// All connections of a sidecar end.
    Cut,
    /// The server is killed, and started again after a while.
    ServerKilled,
    /// One of the server's processes is killed: it ends all connections, and recovers.
    BackendKilled,
}

const ACCIDENTS: [Accident; 7] = [
    Accident::Killed,
    Accident::Halted,
    Accident::Stalled,
    Accident::Unheard,
    Accident::Cut,
    Accident::ServerKilled,
    Accident::BackendKilled,
];

fn operations() -> usize {
    std::env::var("CONCLAVE_FLEET_OPERATIONS")
        .map_or(OPERATIONS, |count| count.parse().expect("a number of operations"))
}

impl Run {
    async fn start() -> Option<Self> {
        let cluster = Cluster::start()?;
        run(&cluster.url("postgres"), "CREATE DATABASE fleet".to_owned()).await;
        let settings = [("CONCLAVE_LIMITS_STALENESS_MILLISECONDS_MAX", STALENESS_MAX.as_millis().to_string())];
        let (mut proxies, mut members) = (Vec::new(), Vec::new());
        for _ in 0..SIDECARS {
            let proxy = Proxy::start(&cluster.url("fleet")).await;
            members.push(Member::start(&proxy.url(), &settings).await);
            proxies.push(proxy);
        }
        let run = Self {
            cluster,
            proxies,
            members,
            begun: Instant::now(),
            history: Mutex::default(),
            newest: AtomicU64::new(0),
            done: AtomicUsize::new(0),
            unanswered: AtomicUsize::new(0),
            is_calm: AtomicBool::new(false),
        };
        run.people().await;
        Some(run)
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

    fn is_over(&self) -> bool {
        self.is_calm.load(Ordering::SeqCst) && self.done.load(Ordering::SeqCst) >= operations()
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
            let sidecar = below(dice, SIDECARS);
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
            let (sidecar, person) = (below(&mut dice, SIDECARS), below(&mut dice, WRITERS * PEOPLE_OF_EACH));
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

    /// One accident after the other: each kind in turn, then whichever.
    async fn fail(&self, mut dice: Dice) {
        let mut planned: Vec<_> = (0..ACCIDENTS_OF_EACH).flat_map(|_| ACCIDENTS).collect();
        for place in (1..planned.len()).rev() {
            planned.swap(place, below(&mut dice, place + 1));
        }
        for accident in planned {
            self.happen(accident, &mut dice).await;
        }
        self.is_calm.store(true, Ordering::SeqCst);
        while !self.is_over() {
            let accident = ACCIDENTS[below(&mut dice, ACCIDENTS.len())];
            self.happen(accident, &mut dice).await;
        }
    }

    async fn happen(&self, accident: Accident, dice: &mut Dice) {
        tokio::time::sleep(Duration::from_millis(100 + dice.below(600))).await;
        let whose = below(dice, SIDECARS);
        let (member, proxy) = (&self.members[whose], &self.proxies[whose]);
        let a_while = tokio::time::sleep(STALENESS_MAX / 2 + Duration::from_millis(dice.below(1_500)));
        match accident {
            Accident::Killed => member.kill_and_start().await,
            Accident::Halted => {
                member.signal("STOP");
                a_while.await;
                member.signal("CONT");
            }
            Accident::Stalled => {
                proxy.stall(true);
                a_while.await;
                proxy.stall(false);
            }
            Accident::Unheard => {
                proxy.stall_answers(true);
                a_while.await;
                proxy.stall_answers(false);
            }
            Accident::Cut => proxy.cut(),
            Accident::ServerKilled => {
                self.cluster.kill();
                a_while.await;
                tokio::task::block_in_place(|| self.cluster.begin());
            }
            Accident::BackendKilled => self.cluster.kill_one(),
        }
    }

    /// What the database itself says: one revision after the other, and everything that was acknowledged among them.
    async fn is_recorded(&self, history: &History) {
        let url = self.cluster.url("fleet");
        without_gaps(&url).await;
        let mut connection = PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
        let rows = sqlx::query("SELECT command, actor FROM commits ORDER BY revision");
        let rows = rows.fetch_all(&mut connection).await.unwrap();
        let commits: Vec<_> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        for change in &history.changes {
            let (command, actor): &(String, Option<String>) = &commits[usize::try_from(change.revision).unwrap() - 1];
            let said = if change.is_member { "join" } else { "leave" };
            assert!(command.contains(said), "{change:?} {command}");
            assert_eq!(actor.as_deref(), Some(format!("u{}", change.person).as_str()), "{change:?}");
        }
        let made = commits.iter().filter(|(_, actor): &&(String, Option<String>)| actor.is_some()).count();
        assert_eq!(made, history.changes.len(), "each change was made once");
        let store = Store::open(&url, Access::ReadOnly).await.unwrap();
        let report = examine(&store, &ToolKinds::default(), 0).await.unwrap();
        store.close().await;
        assert_eq!(report.broken().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    }
}

fn below(dice: &mut Dice, end: usize) -> usize {
    usize::try_from(dice.below(end as u64)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn whatever_fails_nobody_is_told_what_could_not_have_been() {
    let Some(run) = Run::start().await.map(Arc::new) else { return };
    let mut dice = Dice::roll();
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        let (run, dice) = (Arc::clone(&run), dice.split());
        tasks.push(tokio::spawn(async move { run.write(writer, dice).await }));
    }
    for _ in 0..ASKERS {
        let (run, dice) = (Arc::clone(&run), dice.split());
        tasks.push(tokio::spawn(async move { run.ask(dice).await }));
    }
    run.fail(dice.split()).await;
    for task in tasks {
        task.await.unwrap();
    }
    let history = std::mem::take(&mut *run.history.lock().unwrap());
    let unanswered = run.unanswered.load(Ordering::SeqCst);
    println!("{} changes, {} answers, {unanswered} unanswered", history.changes.len(), history.answers.len());
    let violations = history.violations(STALENESS_MAX);
    let some = &violations[..violations.len().min(5)];
    assert!(violations.is_empty(), "{} violations, such as {some:#?}", violations.len());
    assert!(history.changes.len() > 20 && history.answers.len() > 1_000, "too little to show anything");
    run.is_recorded(&history).await;
}
