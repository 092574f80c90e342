//! Decisions that are read from a copy of the database, which lags, stands still, fails and is another's.

use super::cluster::Cluster;
use super::run::{Run, below};
use super::{names, people};
use crate::crash::Dice;
use crate::sidecar::{TestSidecar, run};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

const STALENESS_MAX: Duration = Duration::from_millis(400);
const OPERATIONS: usize = 3_000;

/// Whether a copy is asked for decisions.
async fn is_asked(replica: &str) -> bool {
    let asked = "SELECT 1 / count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'conclave' AND query LIKE 'SELECT revision,%'";
    super::succeeds(replica, asked).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_read_from_as_long_as_it_knows_what_is_known() {
    let Some(primary) = Cluster::start() else { return };
    run(&primary.url("postgres"), "CREATE DATABASE fleet".to_owned()).await;
    let replica = Cluster::standby_of(&primary).unwrap();
    let near = replica.url("fleet");
    let sidecar = TestSidecar::new().at(primary.url("fleet"));
    let sidecar = sidecar.configured(|config| config.database_replica = Some(near.clone())).start().await;
    people(&sidecar, json!({}), &names(2)).await;
    let body = json!({"id": "g", "name": "g", "published": true, "open": true});
    sidecar.call_as("u0", Method::POST, "/groups", body).await.ok();
    let tool = ("Tool", "group:g/documents".to_owned());
    let turn = async |is_member: bool| {
        let (path, decision) = if is_member { ("join", "Allow") } else { ("leave", "Deny") };
        let done = sidecar.call_as("u1", Method::POST, &format!("/groups/g/{path}"), json!({})).await.ok();
        let answer = sidecar.ask("u1", "view", &tool, &json!({})).await;
        assert_eq!((answer.decision.as_str(), answer.revision >= done.revision), (decision, true));
    };
    let mut is_member = false;
    while !is_asked(&near).await {
        is_member = !is_member;
        turn(is_member).await;
        // It is opened beside, and has to have come so far.
        tokio::time::sleep(Duration::from_millis(60)).await;
        sidecar.app().check.forget_decisions().await;
        sidecar.app().check.forget_entities();
        sidecar.ask("u1", "view", &tool, &json!({})).await;
    }
    // It stands still, and does not know what was acknowledged.
    run(&near, "SELECT pg_wal_replay_pause()".to_owned()).await;
    for _ in 0..4 {
        is_member = !is_member;
        turn(is_member).await;
    }
    run(&near, "SELECT pg_wal_replay_resume()".to_owned()).await;
    replica.kill();
    for _ in 0..4 {
        is_member = !is_member;
        turn(is_member).await;
    }
    sidecar.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_something_else_is_not_read_from() {
    let Some(mine) = Cluster::start() else { return };
    let Some(other) = Cluster::start() else { return };
    for cluster in [&mine, &other] {
        run(&cluster.url("postgres"), "CREATE DATABASE fleet".to_owned()).await;
    }
    // There everybody is in the group, and it stands at a later revision.
    let elsewhere = TestSidecar::new().at(other.url("fleet")).with_demo().start().await;
    elsewhere.stop().await;
    let sidecar = TestSidecar::new().at(mine.url("fleet"));
    let sidecar = sidecar.configured(|config| config.database_replica = Some(other.url("fleet"))).start().await;
    let calendar = ("Tool", "user:director/calendar".to_owned());
    for _ in 0..20 {
        sidecar.app().check.forget_decisions().await;
        let answer = sidecar.ask("director", "view", &calendar, &json!({})).await;
        assert_eq!((answer.decision.as_str(), answer.revision), ("Deny", 0));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!is_asked(&other.url("fleet")).await);
    sidecar.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn whatever_a_replica_does_nobody_is_told_what_could_not_have_been() {
    let Some(primary) = Cluster::start() else { return };
    run(&primary.url("postgres"), "CREATE DATABASE fleet".to_owned()).await;
    let replica = Cluster::standby_of(&primary).unwrap();
    let (url, near) = (primary.url("fleet"), replica.url("fleet"));
    let settings = [("CONCLAVE_DATABASE_REPLICA", near.clone())];
    let run_of_all =
        Run::start_with(&[url.clone(), url.clone(), url.clone()], STALENESS_MAX, OPERATIONS, &settings).await;
    let mut dice = Dice::roll();
    let tasks = run_of_all.work(&mut dice);
    for round in 0..6 {
        tokio::time::sleep(Duration::from_millis(100 + dice.below(300))).await;
        if round == 4 {
            replica.kill();
            tokio::time::sleep(Duration::from_millis(300)).await;
            tokio::task::block_in_place(|| replica.begin());
            continue;
        }
        run(&near, "SELECT pg_wal_replay_pause()".to_owned()).await;
        let a_while = [0, 100, 900][below(&mut dice, 3)];
        tokio::time::sleep(Duration::from_millis(a_while)).await;
        run(&near, "SELECT pg_wal_replay_resume()".to_owned()).await;
    }
    run_of_all.calm();
    run_of_all.judge(tasks, &url).await;
}
