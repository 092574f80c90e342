//! `conclave bench` against a real server: what it counts, and that nothing bad goes uncounted.

use crate::sidecar::TestSidecar;
use conclave::bench::ask::{Http, InProcess, Server};
use conclave::bench::prepare::{Plan, PrepareError, prepare};
use conclave::bench::question::Question;
use conclave::bench::report::RateReport;
use conclave::bench::{Sweep, sweep, warm};
use conclave::check::Check;
use conclave::config::{Config, Limits};
use conclave::domain::{Decision, EntityUid};
use conclave::engine::Bundle;
use conclave::store::{Access, Store};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// The company of rule E, with its content and grants.
async fn company() -> TestSidecar {
    TestSidecar::new().with_demo().start().await
}

async fn engine(sidecar: &TestSidecar) -> (Store, Arc<Check>) {
    let bundle = Arc::new(Bundle::load(&Config::default().sources()).unwrap());
    let store = Store::open(&sidecar.database(), Access::ReadOnly).await.unwrap();
    let check = Check::new(store.clone(), bundle, &Limits::default()).await.unwrap();
    (store, Arc::new(check))
}

const PLAN: Plan = Plan { seed: 7, zipf: 1.0, questions: 200 };

fn share(questions: &[Question], of: impl Fn(&Question) -> bool) -> usize {
    questions.iter().filter(|question| of(question)).count()
}

async fn driven(rate: f64, askers: Vec<Http>, questions: &Arc<[Question]>) -> RateReport {
    let plan =
        Sweep { rates: vec![rate], duration: Duration::from_millis(300), verify: true, in_process: false, threads: 1 };
    sweep(&plan, questions, askers, |_| ()).await.remove(0)
}

fn clients(server: &str, count: usize) -> Vec<Http> {
    (0..count).map(|_| Http::new(server.parse::<Server>().unwrap(), None)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mix_is_as_promised_and_the_same_for_the_same_seed() {
    let sidecar = company().await;
    let (store, check) = engine(&sidecar).await;
    let questions = prepare(&store, &check, PLAN, || ()).await.unwrap();
    let about = |action: &str| share(&questions, |question| question.request.action.id == action);
    assert_eq!([about("view"), about("edit"), about("add"), about("delete")], [110, 40, 30, 20]);
    for action in ["view", "edit", "add", "delete"] {
        let allowed =
            |question: &Question| question.request.action.id == action && question.expected == Some(Decision::Allow);
        assert_eq!(share(&questions, allowed) * 10, about(action) * 6, "{action}");
    }
    // Another process, which has nothing in memory, finds the same.
    let (store, check) = engine(&sidecar).await;
    assert_eq!(prepare(&store, &check, PLAN, || ()).await.unwrap(), questions);
    let other = Plan { seed: 8, ..PLAN };
    assert_ne!(prepare(&store, &check, other, || ()).await.unwrap(), questions);
    sidecar.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_asked_and_its_answers_are_compared() {
    let sidecar = company().await;
    let (store, check) = engine(&sidecar).await;
    let mut questions = prepare(&store, &check, PLAN, || ()).await.unwrap();
    let asked: Arc<[Question]> = questions.clone().into();
    let (faults, askers) = warm(&asked, clients(&sidecar.access_address(), 4)).await;
    assert!(faults.is_empty(), "{faults:?}");
    let report = driven(1_000.0, askers, &asked).await;
    assert_eq!((report.requests, report.answered + report.unanswered), (300, 300), "{report:?}");
    assert_eq!((report.wrong, report.errors.len()), (Some(0), 0));

    for question in &mut questions {
        question.expected = Some(Decision::Deny);
    }
    let report = driven(1_000.0, clients(&sidecar.access_address(), 4), &questions.into()).await;
    assert!(report.answered > 0 && report.wrong > Some(0), "{report:?}");

    let nonsense = Question::new(EntityUid::new("User", "u"), "fly", EntityUid::new("Item", "i"));
    let report = driven(100.0, clients(&sidecar.access_address(), 2), &vec![nonsense].into()).await;
    assert_eq!((report.answered, report.errors.get("status 400")), (0, Some(&30)), "{report:?}");

    let address = sidecar.access_address();
    sidecar.stop().await;
    let report = driven(100.0, clients(&address, 2), &asked).await;
    assert_eq!((report.answered, report.errors.get("connection refused")), (0, Some(&30)), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn in_process_the_cache_is_seen() {
    let sidecar = company().await;
    let (store, check) = engine(&sidecar).await;
    let questions: Arc<[Question]> = prepare(&store, &check, PLAN, || ()).await.unwrap().into();
    let askers = vec![InProcess(Arc::clone(&check)); 2];
    let plan = Sweep {
        rates: vec![1_000.0, 2_000.0],
        duration: Duration::from_millis(100),
        verify: true,
        in_process: true,
        threads: 2,
    };
    let reports = sweep(&plan, &questions, askers, |_| ()).await;
    assert_eq!(reports.iter().map(|report| report.requests).collect::<Vec<_>>(), [100, 200]);
    for report in reports {
        // To find the questions, each was asked once.
        assert_eq!((report.wrong, report.cached_share), (Some(0), Some(1.0)));
    }
    sidecar.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_have_the_questions_says_which() {
    let empty = TestSidecar::new().start().await;
    let (store, check) = engine(&empty).await;
    let error = prepare(&store, &check, PLAN, || ()).await.unwrap_err();
    assert!(matches!(error, PrepareError::Nothing("users")), "{error}");
    empty.stop().await;

    let alone = TestSidecar::new().start().await;
    alone.put("/subscriptions/plan", json!({})).await.ok();
    alone.put("/users/anna", json!({"username": "anna", "subscription": "plan"})).await.ok();
    let (store, check) = engine(&alone).await;
    let few = Plan { questions: 10, ..PLAN };
    let error = prepare(&store, &check, few, || ()).await.unwrap_err();
    assert!(matches!(error, PrepareError::Nothing("items")), "{error}");
    // Of a private space with nobody else about, nothing is ever denied.
    let item = json!({"id": "i", "parent": "Tool::\"user:anna/documents\"", "author": "anna"});
    alone.post("/items", item).await.ok();
    let error = prepare(&store, &check, few, || ()).await.unwrap_err().to_string();
    assert!(error.contains("`view` that are answered Deny: 0 of 2 were found"), "{error}");
    alone.stop().await;
}
