//! The client for host applications, at the real server.

use crate::sidecar::TestSidecar;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::get;
use conclave::client::{Client, ClientError, Guard, Query};
use conclave::domain::{Decision, EntityUid, Revision};
use serde_json::json;
use std::time::Duration;
use tower::ServiceExt as _;

fn user(id: &str) -> EntityUid {
    EntityUid::new("User", id)
}

fn documents(group: &str) -> EntityUid {
    EntityUid::new("Tool", format!("group:{group}/documents"))
}

async fn demo() -> (TestSidecar, Client) {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let client = Client::new(&format!("http://{}", sidecar.access_address())).unwrap();
    (sidecar, client)
}

#[tokio::test]
async fn s2_the_client_hears_what_the_policies_say() {
    let (sidecar, client) = demo().await;
    let answer = client.is_authorized(user("salesman-1"), "view", documents("sales")).await.unwrap();
    assert_eq!((answer.decision, answer.reasons()), (Decision::Allow, &["group-content-view".to_owned()][..]));
    assert!(answer.revision > Revision(0) && answer.errors().is_empty());
    let answer = client.is_authorized(user("workman-1"), "view", documents("sales")).await.unwrap();
    assert_eq!((answer.decision, answer.reasons()), (Decision::Deny, &[][..]));
    // An id of any kind is nobody, and no error.
    for strange in ["", "a\"b", "ü 日本\n", "\\", "a::\"b"] {
        assert!(!client.is_authorized(user(strange), "view", documents(strange)).await.unwrap().is_allowed());
    }
    let people = ["salesman-1", "workman-1", "director"];
    let answers = client.ask_all(people.map(|id| Query::new(user(id), "view", documents("sales")))).await.unwrap();
    assert_eq!(answers.iter().map(conclave::client::Answer::is_allowed).collect::<Vec<_>>(), [true, false, true]);
    assert!(client.ask_all([]).await.unwrap().is_empty());
    sidecar.stop().await;
}

#[tokio::test]
async fn what_the_schema_does_not_allow_is_an_error_that_names_the_field() {
    let (sidecar, client) = demo().await;
    let add = |size: serde_json::Value| {
        client.is_authorized(user("director"), "add", documents("sales")).context(json!({"size": size}))
    };
    assert!(add(json!(10)).await.unwrap().is_allowed());
    let vast = add(json!(i64::MAX)).await.unwrap();
    assert_eq!(vast.decision, Decision::Deny, "P6");
    for (ask, field) in [
        (client.is_authorized(user("director"), "fly", documents("sales")), "action"),
        (client.is_authorized(documents("sales"), "view", documents("sales")), "principal"),
        (add(json!("big")), "context.size"),
        (client.is_authorized(user("director"), "view", documents("sales")).context(json!(["x"])), "context"),
    ] {
        let ClientError::Refused(refusal) = ask.await.unwrap_err() else { panic!("{field}") };
        assert_eq!((refusal.status, refusal.field.as_deref()), (400, Some(field)), "{refusal}");
        assert!(refusal.detail.contains(field) && !refusal.title.is_empty(), "{refusal}");
    }
    let batch = [Query::new(user("director"), "view", documents("sales")), Query::new(user("x"), "fly", user("y"))];
    let ClientError::Refused(refusal) = client.ask_all(batch).await.unwrap_err() else { panic!("a batch with a flaw") };
    assert_eq!(refusal.field.as_deref(), Some("requests[1].action"));
    sidecar.stop().await;
}

#[tokio::test]
async fn a_revision_can_be_asked_for_and_one_that_never_comes_is_no_allow() {
    let (sidecar, client) = demo().await;
    let changed = sidecar.delete("/groups/sales/members/salesman-1").await.ok();
    let ask = || client.is_authorized(user("salesman-1"), "view", documents("sales"));
    let answer = ask().min_revision(Revision(changed.revision)).await.unwrap();
    assert_eq!(answer.decision, Decision::Deny, "A12");
    assert!(answer.revision >= Revision(changed.revision));
    let seen = client.is_authorized(user("director"), "view", documents("sales"));
    let error = seen.min_revision(Revision(1 << 40)).deadline(Duration::from_millis(1_500)).await.unwrap_err();
    assert!(matches!(&error, ClientError::Unavailable(refusal) if refusal.status == 503), "{error}");
    sidecar.stop().await;
}

#[tokio::test]
async fn a_guarded_route_opens_to_whom_the_sidecar_allows() {
    let (sidecar, client) = demo().await;
    let guard = |action: &str| {
        Guard::new(&client, action)
            .principal(|request| Some(user(request.header("x-user")?)))
            .resource(|request| Some(documents(request.path("group")?)))
    };
    let app = Router::new()
        .route("/{group}", get(async || "the page").route_layer(guard("view")))
        .route("/{group}/secret", get(async || "the secret").route_layer(guard("view").hidden()))
        .route("/{group}/wings", get(async || "never").route_layer(guard("fly")));
    let status = async |app: &Router, path: &str, user: &str| {
        let request = Request::get(path).header("x-user", user).body(Body::empty()).unwrap();
        app.clone().oneshot(request).await.unwrap().status().as_u16()
    };
    assert_eq!(status(&app, "/sales", "salesman-1").await, 200);
    assert_eq!(status(&app, "/sales", "workman-1").await, 403);
    assert_eq!(status(&app, "/nosuch", "salesman-1").await, 403);
    assert_eq!(status(&app, "/sales/secret", "salesman-1").await, 200);
    assert_eq!(status(&app, "/sales/secret", "workman-1").await, 404);
    assert_eq!(status(&app, "/sales/wings", "director").await, 503);
    sidecar.delete("/groups/sales/members/salesman-1").await.ok();
    assert_eq!(status(&app, "/sales", "salesman-1").await, 403);
    sidecar.stop().await;
    // Nobody decides any more, so nobody comes in.
    let patient = client.with_deadline(Duration::from_millis(100));
    let late =
        Guard::new(&patient, "view").principal(|_| Some(user("director"))).resource(|_| Some(documents("sales")));
    let app = Router::new().route("/{group}", get(async || "the page").route_layer(late));
    assert_eq!(status(&app, "/sales", "director").await, 503);
}
