//! No answer is older than the last acknowledged write, and no later answer older than an earlier one.
//!
//! Writers switch grants on and off and note the revision of each acknowledgement; readers ask about
//! the same grants. Every answer names the revision it rests on, so the whole history can be judged:
//! the decision must be the one of that revision, and the revision at least that of everything
//! acknowledged or answered before the question was sent.

use crate::sidecar::TestSidecar;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const ITEMS: usize = 8;
const WRITERS: usize = 2;
const READERS: usize = 6;
/// Writes and checks together, across all tasks.
const OPERATIONS: usize = 10_000;

/// Which revision switched an item's grant on (true) or off.
type History = Vec<Mutex<BTreeMap<u64, bool>>>;

struct Answered {
    item: usize,
    allowed: bool,
    revision: u64,
    at_least: u64,
}

#[derive(Default)]
struct Shared {
    history: History,
    /// The newest revision that anybody was told of, by an acknowledgement or an answer.
    told: AtomicU64,
    operations: AtomicUsize,
}

async fn build(sidecar: &TestSidecar) -> u64 {
    sidecar.put("/subscriptions/s", json!({})).await.ok();
    for user in ["ann", "bob"] {
        sidecar.put(&format!("/users/{user}"), json!({"username": user, "subscription": "s"})).await.ok();
    }
    sidecar.post("/groups", json!({"id": "g", "name": "g", "administrator": "ann"})).await.ok();
    assert!(sidecar.admit("g", "bob").await);
    let mut revision = 0;
    for item in 0..ITEMS {
        let body = json!({"id": format!("i{item}"), "parent": "Tool::\"group:g/documents\"", "author": "ann"});
        revision = sidecar.post("/items", body).await.ok().revision;
    }
    revision
}

/// Each writer has items of its own, so that the order of its writes is the history of the item.
async fn write(sidecar: Arc<TestSidecar>, shared: Arc<Shared>, writer: usize) {
    let mut on = [false; ITEMS];
    let mut turn = writer;
    while shared.operations.fetch_add(1, Ordering::SeqCst) < OPERATIONS {
        let item = (turn * WRITERS + writer) % ITEMS;
        turn += 1;
        let body = json!({"resource": format!("Item::\"i{item}\""), "right": "edit", "to": {"user": "bob"}});
        let reply =
            if on[item] { sidecar.post("/grants/revoke", body).await } else { sidecar.put("/grants", body).await };
        on[item] = !on[item];
        let revision = reply.ok().revision;
        shared.history[item].lock().unwrap().insert(revision, on[item]);
        shared.told.fetch_max(revision, Ordering::SeqCst);
    }
}

async fn read(sidecar: Arc<TestSidecar>, shared: Arc<Shared>, reader: usize) -> Vec<Answered> {
    let mut answers = Vec::new();
    let mut turn = reader;
    while shared.operations.fetch_add(1, Ordering::SeqCst) < OPERATIONS {
        let item = turn % ITEMS;
        turn += 1 + reader % 3;
        let at_least = shared.told.load(Ordering::SeqCst);
        let answer = sidecar.ask("bob", "edit", &("Item", format!("i{item}")), &json!({})).await;
        shared.told.fetch_max(answer.revision, Ordering::SeqCst);
        answers.push(Answered { item, allowed: answer.decision == "Allow", revision: answer.revision, at_least });
    }
    answers
}

fn judge(history: &History, answered: &Answered) {
    let of_item = history[answered.item].lock().unwrap();
    let right = of_item.range(..=answered.revision).next_back().is_some_and(|(_, on)| *on);
    let Answered { item, allowed, revision, at_least } = answered;
    assert!(revision >= at_least, "item {item}: answered from revision {revision}, {at_least} was known before");
    assert_eq!(*allowed, right, "item {item}: wrong at revision {revision}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_interleaved_writes_and_checks() {
    let sidecar = Arc::new(TestSidecar::new().start().await);
    let told = AtomicU64::new(build(&sidecar).await);
    let history = std::iter::repeat_with(Mutex::default).take(ITEMS).collect();
    let shared = Arc::new(Shared { history, told, ..Shared::default() });
    let writers: Vec<_> =
        (0..WRITERS).map(|n| tokio::spawn(write(Arc::clone(&sidecar), Arc::clone(&shared), n))).collect();
    let readers: Vec<_> =
        (0..READERS).map(|n| tokio::spawn(read(Arc::clone(&sidecar), Arc::clone(&shared), n))).collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let mut judged = 0;
    for reader in readers {
        for answered in reader.await.unwrap() {
            judge(&shared.history, &answered);
            judged += 1;
        }
    }
    let written: usize = shared.history.iter().map(|item| item.lock().unwrap().len()).sum();
    assert!(judged > 1000 && written > 100, "a race of {judged} checks and {written} writes shows nothing");
    Arc::into_inner(shared).unwrap();
    Arc::into_inner(sidecar).unwrap().stop().await;
}
