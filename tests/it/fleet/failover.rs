//! A primary with a synchronous standby is killed, and the standby takes its place.

use super::cluster::Cluster;
use super::member::Member;
use super::proxy::Proxy;
use super::run::Run;
use super::{names, people, succeeds};
use crate::crash::Dice;
use crate::sidecar::{TestSidecar, run};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

/// Long enough that cached decisions are seen to go on, and to end.
const STALENESS_MAX: Duration = Duration::from_secs(2);

const OPERATIONS: usize = 2_000;

const TOOL: &str = "Tool::\"group:g/documents\"";

/// Ends all connections of a database, so that each has to be made anew.
const END: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = 'fleet' AND pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_standby_that_is_promoted_is_found_and_nothing_acknowledged_is_lost() {
    let Some(primary) = Cluster::start() else { return };
    run(&primary.url("postgres"), "CREATE DATABASE fleet".to_owned()).await;
    let standby = Cluster::standby_of(&primary).unwrap();
    primary.set("synchronous_standby_names = '*'");
    primary.run("pg_ctl", &["reload"]);
    let both = format!("{},{}", primary.folder().display(), standby.folder().display());
    let url = format!("postgres://conclave@localhost/fleet?host={both}");
    let run_of_all = Run::start(&[url.clone(), url.clone(), url.clone()], STALENESS_MAX, OPERATIONS).await;
    let tasks = run_of_all.work(&mut Dice::roll());
    tokio::time::sleep(Duration::from_millis(500)).await;

    let member = &run_of_all.members[0];
    let asked = async || member.decide("host", "view", TOOL, 0).await.map(|decided| decided.is_allowed);
    while asked().await != Some(true) {}
    primary.kill();
    // From memory, although there is no primary.
    assert_eq!(asked().await, Some(true));
    let late = json!({"username": "late", "subscription": "plan"});
    assert_eq!(member.call(None, "PUT /users/late", None, &late).await, Some((503, 0)));
    // And no longer than it may be late. A standby is no primary.
    while let Some(allowed) = asked().await {
        assert!(allowed);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(member.status("/readyz").await, Some(503));

    standby.run("pg_ctl", &["promote", "-w"]);
    while asked().await != Some(true) {}
    // The one before comes back, and believes that it is the primary still.
    tokio::task::block_in_place(|| primary.begin());
    for _ in 0..3 {
        run(&standby.url("postgres"), END.to_owned()).await;
        while asked().await != Some(true) {}
    }
    let fresh = Member::start(&url, &[]).await;
    let (_, made) = fresh.call(None, "PUT /subscriptions/more", None, &json!({})).await.unwrap();
    assert!(made > 0);
    assert!(member.decide("host", "view", TOOL, made).await.is_some_and(|decided| decided.revision >= made));
    run_of_all.calm();
    run_of_all.judge(tasks, &standby.url("fleet")).await;
}

/// A name, an address or a load balancer that leads to the primary, and then to a standby that does not know what is
/// acknowledged meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_under_the_name_of_the_primary_is_not_read_from() {
    let Some(primary) = Cluster::start() else { return };
    run(&primary.url("postgres"), "CREATE DATABASE fleet".to_owned()).await;
    let standby = Cluster::standby_of(&primary).unwrap();
    let beside = TestSidecar::new().at(primary.url("fleet")).start().await;
    people(&beside, json!({}), &names(2)).await;
    let group = json!({"id": "g", "name": "g", "published": true, "open": true});
    beside.call_as("u0", Method::POST, "/groups", group).await.ok();
    beside.call_as("u1", Method::POST, "/groups/g/join", json!({})).await.ok();
    let name = Proxy::start(&primary.url("fleet")).await;
    let sidecar = TestSidecar::new().at(name.url()).configured(|config| {
        config.limits.staleness_milliseconds_max = u64::try_from(STALENESS_MAX.as_millis()).unwrap();
    });
    let sidecar = sidecar.start().await;
    let question = json!({"principal": "User::\"u1\"", "action": "Action::\"view\"", "resource": TOOL}).to_string();
    let asked = async || sidecar.access("/v1/is_authorized", question.clone()).await;
    assert_eq!(asked().await.ok().body["decision"], "Allow");

    while !succeeds(&standby.url("fleet"), "SELECT 1 / count(*) FROM members").await {}
    run(&standby.url("fleet"), "SELECT pg_wal_replay_pause()".to_owned()).await;
    name.lead_to(&standby.url("fleet"));
    beside.call_as("u1", Method::POST, "/groups/g/leave", json!({})).await.ok();
    tokio::time::sleep(2 * STALENESS_MAX).await;
    assert_eq!(asked().await.status, 503);
    sidecar.app().check.forget_decisions().await;
    assert_eq!(asked().await.status, 503);
    name.lead_to(&primary.url("fleet"));
    let found = loop {
        let reply = asked().await;
        if reply.status != 503 {
            break reply.ok();
        }
    };
    assert_eq!(found.body["decision"], "Deny");
    sidecar.stop().await;
    beside.stop().await;
}
