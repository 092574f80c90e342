//! Writers and readers in three sidecars at once, and whether what they were told could have been.
//!
//! Each answer names a revision, and must be what was so at that revision. No sidecar may answer from before what it
//! has acknowledged, or answered, when the question was asked.

use super::{names, people, stop, three};
use crate::sidecar::{TestSidecar, run};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const PEOPLE: usize = 3;
const CHANGES_EACH: usize = 40;

/// What is known of one run.
#[derive(Default)]
struct History {
    /// Of each person, from which revision on they are a member or not.
    members: [Mutex<BTreeMap<u64, bool>>; PEOPLE],
    /// Of each sidecar, the newest revision that anybody was told of.
    told: [AtomicU64; 3],
    /// What was answered: of whom, at which revision, and what; no older than which.
    answers: Mutex<Vec<(usize, u64, bool, u64)>>,
}

async fn write(sidecars: &[TestSidecar], history: &History, person: usize) {
    let mut is_member = false;
    for round in 0..CHANGES_EACH {
        let at = (person + round) % sidecars.len();
        let path = format!("/groups/g/{}", if is_member { "leave" } else { "join" });
        let reply = sidecars[at].call_as(&format!("u{}", person + 1), Method::POST, &path, json!({})).await;
        let reply = reply.ok();
        is_member = !is_member;
        history.members[person].lock().unwrap().insert(reply.revision, is_member);
        history.told[at].fetch_max(reply.revision, Ordering::SeqCst);
    }
}

async fn read(sidecars: &[TestSidecar], history: &History, over: &AtomicBool, first: usize) {
    let tool = ("Tool", "group:g/documents".to_owned());
    let mut turn = first;
    while !over.load(Ordering::SeqCst) {
        turn += 1;
        let (person, at) = (turn % PEOPLE, (turn / PEOPLE) % sidecars.len());
        let told = history.told[at].load(Ordering::SeqCst);
        let answer = sidecars[at].ask(&format!("u{}", person + 1), "view", &tool, &json!({})).await;
        history.told[at].fetch_max(answer.revision, Ordering::SeqCst);
        history.answers.lock().unwrap().push((person, answer.revision, answer.decision == "Allow", told));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_anybody_is_told_could_have_been() {
    let Some(sidecars) = three().await else { return };
    people(&sidecars[0], json!({}), &names(PEOPLE + 1)).await;
    let body = json!({"id": "g", "name": "g", "published": true, "open": true});
    let begun = sidecars[0].call_as("u0", Method::POST, "/groups", body).await.ok().revision;
    for sidecar in &sidecars {
        // Each knows of the group before it is asked about it.
        sidecar.ask_since(begun, "u0", "view", &("Tool", "group:g/documents".to_owned()), &json!({})).await;
    }
    let (sidecars, history, over) =
        (Arc::new(sidecars), Arc::new(History::default()), Arc::new(AtomicBool::new(false)));
    let readers: Vec<_> = (0..3)
        .map(|first| {
            let (sidecars, history, over) = (Arc::clone(&sidecars), Arc::clone(&history), Arc::clone(&over));
            tokio::spawn(async move { read(&sidecars, &history, &over, first).await })
        })
        .collect();
    let writers: Vec<_> = (0..PEOPLE)
        .map(|person| {
            let (sidecars, history) = (Arc::clone(&sidecars), Arc::clone(&history));
            tokio::spawn(async move { write(&sidecars, &history, person).await })
        })
        .collect();
    // The listening connections end now and then: what they would have told must not be missed.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    run(&sidecars[0].database(), end.to_owned()).await;
    for writer in writers {
        writer.await.unwrap();
    }
    over.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
    let answers = std::mem::take(&mut *history.answers.lock().unwrap());
    assert!(answers.len() > 100, "{} answers show nothing", answers.len());
    for (person, revision, allowed, told) in answers {
        let changes = history.members[person].lock().unwrap();
        let was = changes.range(..=revision).next_back().is_some_and(|(_, is_member)| *is_member);
        assert_eq!(allowed, was, "u{} at {revision}: {changes:?}", person + 1);
        assert!(revision >= told, "{revision} after {told} was known");
    }
    stop(Arc::into_inner(sidecars).unwrap()).await;
}
