//! The short way of questions answers what the router would, and the caches count what they do.

use super::*;
use crate::check::RequestRef;
use crate::counters::CacheCounters;
use crate::domain::{EntityUid, Revision};
use crate::http::served::Served;
use crate::store::Follower as _;
use futures_util::FutureExt as _;

type Seen = (u16, Vec<(String, String)>, String);

async fn seen(served: Served, request: Request<Body>) -> Seen {
    let response = Arc::new(served).answer(request).await;
    let (parts, body) = response.map(Body::new).into_parts();
    let mut headers: Vec<_> =
        parts.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    // hyper writes it for both; axum puts it among the headers before.
    headers.retain(|(name, _)| name != "content-length");
    headers.sort();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    (parts.status.as_u16(), headers, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn both_ways_answer_the_same() {
    let server = Server::new().await;
    let direct = access(Arc::clone(&server.app));
    let routed = Served::from(observed(access_routes().into_router(), Arc::clone(&server.app), Way::Access));
    let plain = with("context", json!({}));
    for (path, body) in [
        ("/v1/is_authorized", plain.clone()),
        ("/v1/is_authorized?a=b", plain.clone()),
        ("/v1/is_authorized", with("context", Value::Null)),
        ("/v1/is_authorized", with("action", json!(r#"Action::"fly""#))),
        ("/v1/is_authorized", "{".to_owned()),
        ("/v1/is_authorized/batch", format!(r#"{{"requests":[{plain},{plain}]}}"#)),
        ("/v1/is_authorized/batch", format!(r#"{{"requests":[{plain},{}]}}"#, with("action", json!("x")))),
        ("/v1/is_authorized/batch", format!(r#"{{"requests":[{plain},{plain},{plain},{plain}]}}"#)),
    ] {
        let request = || {
            let request = Request::post(path).header("conclave-min-revision", "0").header("accept", "*/*");
            request.body(Body::from(body.clone())).unwrap()
        };
        // The first is a miss, the others are hits.
        let first = seen(direct.clone(), request()).await;
        assert_eq!(seen(routed.clone(), request()).await, first, "{path} {body}");
        assert_eq!(seen(direct.clone(), request()).await, first, "{path} {body}");
    }
}

#[test]
fn who_comes_before_those_let_in_are_decided_is_turned_away_at_once() {
    // Whoever decides has not begun yet.
    let [lane, workers] = [(); 2].map(|()| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
    let limits = Limits { misses_running_max: 1, misses_waiting_max: 1, misses_burst_max: 1, ..Limits::default() };
    let server = lane.block_on(Server::with(limits));
    let routes = Arc::new(access(Arc::clone(&server.app)).with_workers(workers.handle().clone()));
    let _entered = lane.enter();
    let mut asked = ["view", "edit", "delete"].map(|action| {
        let body = with("action", json!(format!("Action::\"{action}\"")));
        routes.answer(Request::post("/v1/is_authorized").body(Body::from(body)).unwrap())
    });
    let at_once = asked.each_mut().map(|answering| answering.now_or_never().map(|answer| answer.status().as_u16()));
    assert_eq!(at_once, [None, None, Some(503)], "one is decided, one waits");
    let [first, second, _refused] = asked;
    let (first, second) = workers.block_on(async { tokio::join!(first, second) });
    assert_eq!([first.status(), second.status()], [200, 200]);
    let state = server.app.check.queues()[0].1;
    assert_eq!((state.running, state.waiting, state.shed), (0, 0, 1));
}

#[tokio::test]
async fn an_answer_is_written_as_its_schema_says() {
    let server = Server::new().await;
    let request = Request::post("/v1/is_authorized").body(Body::from(with("context", json!({})))).unwrap();
    let (status, headers, body) = seen(access(Arc::clone(&server.app)), request).await;
    assert_eq!((status, headers), (200, vec![("content-type".to_owned(), "application/json".to_owned())]));
    assert_eq!(body, r#"{"decision":"Deny","diagnostics":{"reason":[],"errors":[]},"revision":0}"#);
}

#[tokio::test]
async fn hits_misses_restamps_and_invalidations_are_counted() {
    let server = Server::new().await;
    let asked = with("context", json!({}));
    let count =
        |hits, misses, invalidations, restamps| CacheCounters { hits, misses, evictions: 0, invalidations, restamps };
    server.ask(&asked).await;
    assert_eq!(server.app.check.decision_counters(), count(0, 1, 0, 0));
    server.ask(&asked).await;
    assert_eq!(server.app.check.decision_counters(), count(1, 1, 0, 0));
    let stripes = server.app.check.stripes();
    let item = EntityUid::new("Item", "b");
    let other = (0..1000).map(|n| EntityUid::new("Item", n.to_string()));
    let other = other.into_iter().find(|other| {
        [stripes.of(&item), stripes.of(&EntityUid::new("User", "a"))].iter().all(|stripe| *stripe != stripes.of(other))
    });
    stripes.raise(&[other.unwrap()], Revision(1));
    stripes.publish(Revision(1));
    assert_eq!(server.ask(&asked).await.1["revision"], 1);
    server.ask(&asked).await;
    assert_eq!(server.app.check.decision_counters(), count(3, 1, 0, 1));
    stripes.raise(&[item], Revision(2));
    stripes.publish(Revision(2));
    server.ask(&asked).await;
    assert_eq!(server.app.check.decision_counters(), count(3, 2, 1, 1));
}

#[tokio::test]
async fn entities_are_counted_beside_decisions() {
    let server = Server::new().await;
    let count = |hits, misses, invalidations| CacheCounters { hits, misses, invalidations, ..CacheCounters::default() };
    server.ask(&with("context", json!({}))).await;
    assert_eq!(server.app.check.entity_counters(), count(0, 2, 0));
    // Another decision, about the same two.
    server.ask(&with("action", json!(r#"Action::"edit""#))).await;
    assert_eq!(server.app.check.entity_counters(), count(2, 2, 0));
    let stripes = server.app.check.stripes();
    stripes.raise(&[EntityUid::new("Item", "b")], Revision(1));
    stripes.publish(Revision(1));
    server.ask(&with("action", json!(r#"Action::"delete""#))).await;
    assert_eq!(server.app.check.entity_counters(), count(3, 3, 1));
}

#[tokio::test]
async fn what_a_full_cache_lets_go_of_is_counted() {
    let config_limits = Limits { decision_cache_bytes_max: 4096, ..Limits::default() };
    let server = Server::new().await;
    let bundle = server.app.check.bundle();
    let check = crate::check::Check::new(server.app.store.clone(), bundle, &config_limits).await.unwrap();
    for n in 0..1000 {
        let id = format!("i{n}");
        let (principal, action, resource) =
            (EntityUid::new("User", "a"), EntityUid::action("view"), EntityUid::new("Item", id));
        let (context, lent) = (crate::domain::Context::empty(), crate::domain::Lent::nothing());
        let asked = crate::domain::DecisionRequest { principal, action, resource, context, lent };
        check.decide(&RequestRef::from(&asked)).await.unwrap();
    }
    let counters = check.decision_counters();
    assert_eq!(counters.misses, 1000);
    assert!(counters.evictions > 0, "{counters:?}");
}
