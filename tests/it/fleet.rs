//! Several sidecars over one database of a server. Where tests have no server they say so.

mod accidents;
mod bad_input;
mod cluster;
mod failover;
mod history;
mod member;
mod moving;
mod proxy;
mod replica;
mod restart;
mod run;

use crate::sidecar::{TestSidecar, is_on_server, run, segment};
use proxy::Proxy;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Row as _};
use std::str::FromStr as _;

/// Three of them; none where there is no server.
pub async fn three() -> Option<Vec<TestSidecar>> {
    let first = TestSidecar::new().start().await;
    if !is_on_server(&first.database()) {
        eprintln!("skipped: several sidecars are only tried with a server (CONCLAVE_TEST_DATABASE)");
        first.stop().await;
        return None;
    }
    let mut all = vec![first];
    for _ in 0..2 {
        all.push(TestSidecar::new().beside(&all[0]).start().await);
    }
    Some(all)
}

/// The first made the database, and takes it along.
pub async fn stop(sidecars: Vec<TestSidecar>) {
    for sidecar in sidecars.into_iter().rev() {
        sidecar.stop().await;
    }
}

/// Each change of a database has the revision after that of the one before.
pub async fn without_gaps(database: &str) {
    let mut connection = PgConnectOptions::from_str(database).unwrap().connect().await.unwrap();
    let rows = sqlx::query("SELECT revision FROM commits ORDER BY revision").fetch_all(&mut connection).await.unwrap();
    let revisions: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    assert!(revisions.iter().copied().eq((1..).take(revisions.len())), "{revisions:?}");
}

/// Whether a statement can be run on a database.
async fn succeeds(database: &str, statement: &'static str) -> bool {
    let mut connection = PgConnectOptions::from_str(database).unwrap().connect().await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.is_ok()
}

/// People with a plan of these limits.
async fn people(sidecar: &TestSidecar, plan: Value, names: &[String]) {
    sidecar.put("/subscriptions/plan", plan).await.ok();
    for name in names {
        sidecar.put(&format!("/users/{name}"), json!({"username": name, "subscription": "plan"})).await.ok();
    }
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("u{n}")).collect()
}

/// What each of these calls came to, made at the same time, each through the next sidecar.
async fn at_once(
    sidecars: &[TestSidecar],
    calls: impl IntoIterator<Item = (Option<String>, Method, String, Value)>,
) -> Vec<u16> {
    let calls = calls.into_iter().enumerate().map(|(n, (actor, method, path, body))| {
        let sidecar = &sidecars[n % sidecars.len()];
        async move {
            let reply = match actor {
                Some(actor) => sidecar.call_as(&actor, method, &path, body).await,
                None => sidecar.host(method, &path, body).await,
            };
            reply.accepted();
            reply.status
        }
    });
    futures_util::future::join_all(calls).await
}

fn done(statuses: &[u16]) -> usize {
    statuses.iter().filter(|status| **status < 300).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p3_p4_limits_hold_however_many_write() {
    let Some(sidecars) = three().await else { return };
    let everybody = names(12);
    people(&sidecars[0], json!({"max_groups": 4, "max_members": 5}), &everybody).await;
    let groups = (0..12).map(|n| {
        let body = json!({"id": format!("g{n}"), "name": format!("g{n}"), "published": true, "open": true});
        (Some("u0".to_owned()), Method::POST, "/groups".to_owned(), body)
    });
    let made = at_once(&sidecars, groups).await;
    assert_eq!(done(&made), 4, "{made:?}");
    let group = format!("g{}", made.iter().position(|status| *status < 300).unwrap());
    let joins = everybody[1..]
        .iter()
        .map(|user| (Some(user.clone()), Method::POST, format!("/groups/{}/join", segment(&group)), json!({})));
    let joined = at_once(&sidecars, joins).await;
    assert_eq!(done(&joined), 5, "{joined:?}");
    stop(sidecars).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a6_a2_p6_names_administrators_and_capacities_hold_however_many_write() {
    let Some(sidecars) = three().await else { return };
    people(&sidecars[0], json!({"capacities": {"documents": 100}}), &names(6)).await;
    let groups = (0..6).map(|n| {
        let body = json!({"id": format!("g{n}"), "name": "The Same", "published": true, "open": true});
        (Some("u0".to_owned()), Method::POST, "/groups".to_owned(), body)
    });
    let made = at_once(&sidecars, groups).await;
    assert_eq!(done(&made), 1, "{made:?}");
    let group = format!("g{}", made.iter().position(|status| *status < 300).unwrap());
    for n in 1..6 {
        sidecars[n % 3].call_as(&format!("u{n}"), Method::POST, &format!("/groups/{group}/join"), json!({})).await.ok();
    }
    // Each successor is named by the same administrator, who is that only once.
    let handed = (1..6).map(|n| {
        let (path, body) = (format!("/groups/{group}/administrator"), json!({"user": format!("u{n}")}));
        (Some("u0".to_owned()), Method::PUT, path, body)
    });
    let handed = at_once(&sidecars, handed).await;
    assert_eq!(done(&handed), 1, "{handed:?}");
    let parent = format!("Tool::\"group:{group}/documents\"");
    let items = (0..12).map(|n| {
        let body = json!({"id": format!("i{n}"), "parent": parent, "size": 30, "author": "u1"});
        (None, Method::POST, "/items".to_owned(), body)
    });
    let added = at_once(&sidecars, items).await;
    assert_eq!(done(&added), 3, "{added:?}");
    stop(sidecars).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revision_named_by_one_is_reached_by_another() {
    let Some(sidecars) = three().await else { return };
    people(&sidecars[0], json!({}), &names(2)).await;
    let body = json!({"id": "g", "name": "g", "published": true, "open": true});
    let mut newest = sidecars[0].call_as("u0", Method::POST, "/groups", body).await.ok().revision;
    let tool = ("Tool", "group:g/documents".to_owned());
    for round in 0..10 {
        let (one, other) = (&sidecars[round % 3], &sidecars[(round + 1) % 3]);
        let before = other.ask_since(newest, "u1", "view", &tool, &json!({})).await;
        assert_eq!(before.decision, "Deny", "round {round}");
        newest = one.call_as("u1", Method::POST, "/groups/g/join", json!({})).await.ok().revision;
        let after = other.ask_since(newest, "u1", "view", &tool, &json!({})).await;
        assert_eq!((after.decision.as_str(), after.revision >= newest), ("Allow", true), "round {round}");
        // And without being told which: the administrator removes through the other at once.
        newest = other.call_as("u0", Method::DELETE, "/groups/g/members/u1", json!({})).await.ok().revision;
    }
    stop(sidecars).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_end_lose_nothing() {
    let Some(sidecars) = three().await else { return };
    people(&sidecars[0], json!({}), &names(2)).await;
    let body = json!({"id": "g", "name": "g", "published": true, "open": true});
    sidecars[0].call_as("u0", Method::POST, "/groups", body).await.ok();
    let tool = ("Tool", "group:g/documents".to_owned());
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for round in 0..4 {
        run(&sidecars[0].database(), end.to_owned()).await;
        let path = if round % 2 == 0 { ("POST", "/groups/g/join") } else { ("POST", "/groups/g/leave") };
        // Until there are new connections, calls fail; none of them may be half done.
        let revision = loop {
            let reply = sidecars[0].call_as("u1", path.0.parse().unwrap(), path.1, json!({})).await;
            if reply.status < 300 || reply.status == 409 || reply.status == 404 {
                break reply.revision;
            }
            assert!(reply.status >= 500, "{} {}", reply.status, reply.body);
        };
        loop {
            let question = json!({"principal": "User::\"u1\"", "action": "Action::\"view\"",
                "resource": "Tool::\"group:g/documents\"", "context": {}});
            let since = [("conclave-min-revision", revision.to_string())];
            let reply = sidecars[1].access_with("/v1/is_authorized", question.to_string(), &since).await;
            if reply.status == 200 {
                assert_eq!(reply.body["decision"], if round % 2 == 0 { "Allow" } else { "Deny" }, "round {round}");
                break;
            }
            assert_eq!(reply.status, 503, "{}", reply.body);
        }
    }
    drop(tool);
    stop(sidecars).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_ask_the_server_answers_nothing_and_is_not_ready() {
    let Some(mut sidecars) = three().await else { return };
    people(&sidecars[0], json!({}), &names(2)).await;
    sidecars[0].call_as("u0", Method::POST, "/groups", json!({"id": "g", "name": "g"})).await.ok();
    let proxy = Proxy::start(&sidecars[0].database()).await;
    let far = TestSidecar::new().configured(|config| {
        config.limits.staleness_milliseconds_max = 200;
        config.limits.request_seconds = 1;
    });
    let far = far.at(proxy.url()).start().await;
    let tool = ("Tool", "group:g/documents".to_owned());
    assert_eq!(far.ask("u0", "view", &tool, &json!({})).await.decision, "Allow");
    assert_eq!(far.get_access("/readyz").await.status, 200);
    proxy.stall(true);
    let question = json!({"principal": "User::\"u0\"", "action": "Action::\"view\"",
        "resource": "Tool::\"group:g/documents\"", "context": {}});
    loop {
        let reply = far.access("/v1/is_authorized", question.to_string()).await;
        if reply.status == 503 {
            break;
        }
        assert_eq!((reply.status, reply.body["decision"].as_str()), (200, Some("Allow")));
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(far.get_access("/readyz").await.status, 503);
    // Meanwhile the group is gone.
    sidecars[0].call_as("u0", Method::DELETE, "/groups/g", json!({})).await.ok();
    assert_eq!(far.access("/v1/is_authorized", question.to_string()).await.status, 503);
    proxy.stall(false);
    loop {
        let reply = far.access("/v1/is_authorized", question.to_string()).await;
        if reply.status == 200 {
            assert_eq!(reply.body["decision"], "Deny");
            break;
        }
        assert_eq!(reply.status, 503);
    }
    sidecars.push(far);
    stop(sidecars).await;
    drop(proxy);
}
