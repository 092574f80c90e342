//! More is asked than the database answers, or it does not answer at all: what is cached is told as ever, and everybody
//! else is told at once to come again.

use crate::sidecar::{Reply, TestSidecar};
use conclave::store::limits::READ_CONNECTIONS_MAX;
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use std::sync::Arc;

fn question(n: usize) -> Value {
    let resource = format!("Tool::\"group:{}/documents\"", ["sales", "company", "production", "direction"][n % 4]);
    json!({
        "principal": format!("User::\"workman-{}\"", 1 + n / 4 % 5), "action": "Action::\"view\"", "resource": resource,
    })
}

async fn ask(sidecar: &TestSidecar, n: usize) -> Reply {
    sidecar.access("/v1/is_authorized", question(n).to_string()).await
}

#[track_caller]
fn is_refused(reply: &Reply) {
    assert_eq!(reply.status, 503, "{}", reply.body);
    assert_eq!(reply.content_type, "application/problem+json");
    assert_eq!(reply.headers["retry-after"], "1");
    assert!(reply.body.get("decision").is_none(), "{}", reply.body);
}

async fn is_told(sidecar: &TestSidecar, n: usize, expected: &str) {
    let reply = ask(sidecar, n).await;
    assert_eq!((reply.status, &reply.body["decision"]), (200, &json!(expected)), "{}", reply.body);
}

async fn run(beside: &mut SqliteConnection, statement: &'static str) {
    sqlx::query(statement).execute(beside).await.unwrap();
}

#[tokio::test]
async fn cached_decisions_go_on_while_the_database_is_gone() {
    let sidecar = TestSidecar::new().in_file().with_demo().start().await;
    is_told(&sidecar, 0, "Deny").await;
    is_told(&sidecar, 1, "Allow").await;
    let mut beside = SqliteConnectOptions::new().filename(sidecar.database()).connect().await.unwrap();
    // No statement of the server finds its revision any more.
    run(&mut beside, "ALTER TABLE store RENAME TO gone").await;
    for _ in 0..3 {
        is_told(&sidecar, 0, "Deny").await;
        is_told(&sidecar, 1, "Allow").await;
    }
    let known = json!({"requests": [question(0), question(1)]});
    assert_eq!(sidecar.access("/v1/is_authorized/batch", known.to_string()).await.status, 200);
    is_refused(&ask(&sidecar, 2).await);
    let some = json!({"requests": [question(1), question(2)]});
    is_refused(&sidecar.access("/v1/is_authorized/batch", some.to_string()).await);
    is_refused(&sidecar.access("/v1/explain", question(1).to_string()).await);
    let search = json!({"subject": {"type": "User", "id": "workman-1"}, "action": {"name": "view"}, "resource": {"type": "Tool"}});
    is_refused(&sidecar.access("/access/v1/search/resource", search.to_string()).await);
    let change = json!({"username": "new", "subscription": "personal"});
    is_refused(&sidecar.put("/users/new", change.clone()).await);
    let ready = sidecar.get_access("/readyz").await;
    assert_eq!((ready.status, &ready.body["store"]), (503, &json!("unavailable")));
    run(&mut beside, "ALTER TABLE gone RENAME TO store").await;
    // At once: nobody has to wait or to start anything again.
    is_told(&sidecar, 2, "Allow").await;
    sidecar.put("/users/new", change).await.ok();
    assert_eq!(sidecar.get_access("/readyz").await.status, 200);
    sqlx::Connection::close(beside).await.unwrap();
    sidecar.stop().await;
}

#[tokio::test]
async fn while_the_database_does_not_answer_few_wait_and_the_others_are_turned_away() {
    const ASKERS: usize = 20;
    let narrow = TestSidecar::new().in_file().with_demo().configured(|config| {
        config.limits.misses_running_max = 2;
        config.limits.misses_waiting_max = 1;
        config.limits.misses_burst_max = 4;
    });
    let sidecar = Arc::new(narrow.start().await);
    is_told(&sidecar, 1, "Allow").await;
    let (app, mut held) = (sidecar.app(), Vec::new());
    for _ in 0..READ_CONNECTIONS_MAX {
        held.push(app.store.read().await.unwrap());
    }
    let asked = (0..ASKERS).filter(|n| *n != 1).map(|n| {
        let sidecar = Arc::clone(&sidecar);
        tokio::spawn(async move { ask(&sidecar, n).await })
    });
    let asked: Vec<_> = asked.collect();
    for _ in 0..10 {
        is_told(&sidecar, 1, "Allow").await;
    }
    let mut turned_away = 0;
    for reply in join_all(asked).await {
        let reply = reply.unwrap();
        is_refused(&reply);
        turned_away += usize::from(reply.body["detail"].as_str().unwrap().starts_with("too much"));
    }
    let [(_, misses), _] = app.check.queues();
    assert_eq!(u64::try_from(turned_away).unwrap(), misses.shed);
    // Six run or wait, until they have waited for a connection for too long.
    assert!(turned_away > 0 && turned_away < ASKERS - 1, "{turned_away}");
    assert_eq!((misses.running, misses.waiting), (0, 0));
    drop(held);
    for n in 0..ASKERS {
        is_told(&sidecar, n, if n % 4 == 1 || n % 4 == 2 { "Allow" } else { "Deny" }).await;
    }
    drop(app);
    Arc::into_inner(sidecar).unwrap().stop().await;
}
