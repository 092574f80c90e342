use super::*;

mod direct;

use crate::admin::{SystemClock, SystemRandom};
use crate::config::{Config, Limits};
use crate::http::accept::Peer;
use crate::lifecycle::Application;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use axum::routing::get;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

const TOKEN: &str = "a-token-long-enough";

struct Server {
    _folder: TempDir,
    app: Arc<App>,
}

impl Server {
    async fn new() -> Self {
        Self::with(Limits { batch_requests_max: 3, min_revision_wait_milliseconds: 20, ..Limits::default() }).await
    }

    async fn with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let token_file = folder.path().join("token");
        std::fs::write(&token_file, TOKEN).unwrap();
        let config = Config {
            database: folder.path().join("c.db").display().to_string(),
            admin_token_file: Some(token_file),
            limits,
            ..Config::default()
        };
        let application = Application::build(&config, Arc::new(SystemClock), Arc::new(SystemRandom)).await.unwrap();
        Self { _folder: folder, app: Arc::clone(application.app()) }
    }

    async fn access(&self, request: Request<Body>) -> (Response<()>, Value) {
        split(Arc::new(access(Arc::clone(&self.app))).answer(request).await.map(Body::new)).await
    }

    async fn admin(&self, request: Request<Body>) -> (Response<()>, Value) {
        split(admin(Arc::clone(&self.app)).oneshot(request).await.unwrap()).await
    }

    async fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let (response, body) = self.access(Request::post(path).body(Body::from(body.to_owned())).unwrap()).await;
        if response.status() != StatusCode::OK {
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
            assert_eq!(body["status"], response.status().as_u16());
            assert!(body["title"].is_string() && body["type"].is_string() && body["detail"].is_string(), "{body}");
        }
        (response.status().as_u16(), body)
    }

    async fn ask(&self, body: &str) -> (u16, Value) {
        self.post("/v1/is_authorized", body).await
    }
}

async fn split(response: axum::response::Response) -> (Response<()>, Value) {
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    (Response::from_parts(parts, ()), serde_json::from_slice(&body).unwrap_or(Value::Null))
}

fn question(principal: &str, action: &str, resource: &str) -> Value {
    json!({"principal": principal, "action": action, "resource": resource})
}

fn with(name: &str, value: Value) -> String {
    let mut question = question(r#"User::"a""#, r#"Action::"view""#, r#"Item::"b""#);
    question[name] = value;
    question.to_string()
}

fn get_of(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn what_nobody_knows_is_denied() {
    let server = Server::new().await;
    let expected = json!({"decision": "Deny", "diagnostics": {"reason": [], "errors": []}, "revision": 0});
    for body in [
        with("context", Value::Null),
        with("context", json!({})),
        with("entities", Value::Null),
        with("entities", json!([])),
        with("principal", json!(r#"User::"\u{e9}\"x""#)),
    ] {
        assert_eq!(server.ask(&body).await, (200, expected.clone()), "{body}");
    }
}

#[tokio::test]
async fn a_malformed_question_is_400_and_names_the_field() {
    let server = Server::new().await;
    let doubled = r#"{"principal":"User::\"a\"","principal":"User::\"b\"","action":"x","resource":"y"}"#;
    for (body, field) in [
        (json!({"action": "x", "resource": "y"}).to_string(), "principal"),
        (with("principal", json!(3)), "principal"),
        (with("principal", json!({"type": "User", "id": "a"})), "principal"),
        (with("principal", json!("director")), "principal"),
        (with("action", json!("view")), "action"),
        (with("action", json!(r#"Action::"fly""#)), "action"),
        (with("action", json!(r#"Action::"list_members""#)), "resource"),
        (with("resource", Value::Null), "resource"),
        (with("resource", json!(r#"Spaceship::"b""#)), "resource"),
        (with("principal", json!(r#"Group::"b""#)), "principal"),
        (with("context", json!([])), "context"),
        (with("context", json!({"size": 1.5})), "context.size"),
        (with("contxt", json!({})), "contxt"),
        (with("entities", json!({})), "entities"),
        (with("entities", json!([{"uid": {}}])), "entities[0].uid"),
        (doubled.to_owned(), "principal"),
    ] {
        let (status, problem) = server.ask(&body).await;
        assert_eq!((status, problem["field"].as_str()), (400, Some(field)), "{body}\n{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(field), "{problem}");
    }
}

#[tokio::test]
async fn a_context_the_schema_forbids_is_400() {
    let server = Server::new().await;
    let (status, problem) = server.ask(&with("context", json!({"surprise": 1}))).await;
    assert_eq!(status, 400);
    assert!(problem["field"].as_str().unwrap().starts_with("context"), "{problem}");
}

#[tokio::test]
async fn what_is_no_json_is_400_and_what_is_too_large_413() {
    let server = Server::new().await;
    for body in ["", "{", "nonsense", "{\"principal\":\"\\ud800\"}"] {
        assert_eq!(server.ask(body).await.0, 400, "{body}");
    }
    let (status, problem) = server.ask(&"[".repeat(1000)).await;
    assert!(status == 400 && problem["detail"].as_str().unwrap().contains("deeper than 32"), "{problem}");
    assert_eq!(server.ask(&with("principal", json!("a".repeat(65_536)))).await.0, 413);
    let fits = with("principal", json!(format!("User::\"{}\"", "a".repeat(65_000))));
    assert_eq!(server.ask(&fits).await.0, 200);
}

#[tokio::test]
async fn another_type_of_body_is_415() {
    let server = Server::new().await;
    let request = Request::post("/v1/is_authorized").header(header::CONTENT_TYPE, "text/plain");
    let (response, _) = server.access(request.body(Body::from("{}")).unwrap()).await;
    assert_eq!(response.status(), 415);
}

#[tokio::test]
async fn a_batch_is_answered_in_order_at_one_revision() {
    let server = Server::new().await;
    let one: Value = serde_json::from_str(&with("context", json!({}))).unwrap();
    let (status, body) = server.post("/v1/is_authorized/batch", &json!({"requests": [one, one]}).to_string()).await;
    assert_eq!(status, 200);
    let responses = body["responses"].as_array().unwrap();
    assert_eq!(responses.len(), 2);
    assert!(responses.iter().all(|answer| answer["decision"] == "Deny" && answer["revision"] == 0));
    let (status, body) = server.post("/v1/is_authorized/batch", r#"{"requests":[]}"#).await;
    assert_eq!((status, body), (200, json!({"responses": []})));
}

#[tokio::test]
async fn what_is_wrong_in_a_batch_is_named_by_its_place() {
    let server = Server::new().await;
    let good: Value = serde_json::from_str(&with("context", json!({}))).unwrap();
    let with = |name: &str, value: Value| -> Value { serde_json::from_str(&with(name, value)).unwrap() };
    for (bad, field) in [
        (with("action", json!(r#"Action::"fly""#)), "requests[1].action"),
        (with("action", json!("view")), "requests[1].action"),
        (with("action", json!(1)), "requests[1].action"),
        (with("contxt", json!(1)), "requests[1].contxt"),
        (with("context", json!({"surprise": 1})), "requests[1].context.surprise"),
        (with("entities", json!([1])), "requests[1].entities[0]"),
        (json!({}), "requests[1].principal"),
    ] {
        let body = json!({"requests": [good, bad]}).to_string();
        let (status, problem) = server.post("/v1/is_authorized/batch", &body).await;
        assert_eq!((status, problem["field"].as_str()), (400, Some(field)), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(field), "{problem}");
    }
    let body = json!({"requests": [good, good, good, good]}).to_string();
    let (status, problem) = server.post("/v1/is_authorized/batch", &body).await;
    assert_eq!((status, problem["field"].as_str()), (422, Some("requests")));
    assert!(problem["detail"].as_str().unwrap().contains("at most 3"), "{problem}");
}

#[tokio::test]
async fn a_revision_not_known_here_is_503() {
    let server = Server::new().await;
    let ask = |revision: &'static str| {
        let request = Request::post("/v1/is_authorized").header("conclave-min-revision", revision);
        server.access(request.body(Body::from(with("context", json!({})))).unwrap())
    };
    assert_eq!(ask("0").await.0.status(), 200);
    assert_eq!(ask("soon").await.0.status(), 400);
    let (response, problem) = ask("9").await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    assert_eq!(problem["decision"], Value::Null);
}

#[tokio::test]
async fn health_is_open_on_both_listeners_and_names_each_part() {
    let server = Server::new().await;
    for (status, _) in [server.access(get_of("/healthz")).await, server.admin(get_of("/healthz")).await] {
        assert_eq!(status.status(), 200);
    }
    let ready = json!({"status": "ready", "server": "ok", "store": "ok", "policies": "ok", "credentials": "ok"});
    let (response, mut body) = server.admin(get_of("/readyz")).await;
    let since = body["since"].take();
    body.as_object_mut().unwrap().remove("since");
    assert_eq!((response.status(), body), (StatusCode::OK, ready));
    server.app.store.clone().close().await;
    let (response, body) = server.access(get_of("/readyz")).await;
    assert_eq!((response.status().as_u16(), body["store"].as_str()), (503, Some("unavailable")));
    for part in ["server", "policies", "credentials"] {
        assert_eq!(body["since"][part], since[part], "{part} is as it was");
    }
    let (_, again) = server.access(get_of("/readyz")).await;
    assert_eq!(again["since"], body["since"], "since it was first seen so");
    assert!(body["since"]["store"].is_string(), "{body}");
}

#[tokio::test]
async fn a_store_that_fails_is_503_and_never_a_decision() {
    let server = Server::new().await;
    server.app.store.clone().close().await;
    let (status, problem) = server.ask(&with("context", json!({}))).await;
    assert_eq!(status, 503);
    assert_eq!(problem["detail"], "no decision can be made now");
    assert!(problem.get("decision").is_none());
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_problems() {
    let server = Server::new().await;
    let (response, problem) = server.access(get_of("/v2/anything")).await;
    assert_eq!((response.status().as_u16(), problem["status"].as_u64()), (404, Some(404)));
    let (response, problem) = server.access(get_of("/v1/is_authorized")).await;
    assert_eq!((response.status().as_u16(), problem["status"].as_u64()), (405, Some(405)));
    assert_eq!(response.headers()[header::ALLOW], "POST");
    let (response, _) = server.admin(Request::post("/healthz").body(Body::empty()).unwrap()).await;
    assert_eq!((response.status().as_u16(), response.headers()[header::ALLOW].as_bytes()), (405, &b"GET,HEAD"[..]));
}

#[tokio::test]
async fn the_admin_listener_asks_for_the_token_whatever_the_path() {
    let server = Server::new().await;
    let request = |authorization: Option<&str>, peer: Option<Peer>| {
        let mut request = get_of("/admin/v1/nothing");
        if let Some(value) = authorization {
            request.headers_mut().insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        request.extensions_mut().extend(
            peer.map(|peer| {
                let mut extensions = axum::http::Extensions::new();
                extensions.insert(peer);
                extensions
            })
            .unwrap_or_default(),
        );
        request
    };
    for refused in [None, Some("Bearer wrong-token-of-some-length"), Some("Bearer "), Some("Basic YTpi")] {
        let (response, problem) = server.admin(request(refused, Some(Peer { uid: None, same_user: false }))).await;
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
        assert_eq!(problem["status"], 401);
    }
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(server.admin(request(Some(&bearer), None)).await.0.status(), 404);
    assert_eq!(server.admin(request(None, Some(Peer { uid: Some(1), same_user: true }))).await.0.status(), 404);
}

async fn fail() -> StatusCode {
    panic!("bug")
}

#[tokio::test]
async fn a_panic_is_a_500_and_what_takes_too_long_a_503() {
    let server = Server::new().await;
    let faulty = Router::new().route("/panic", get(fail)).route("/never", get(std::future::pending::<()>));
    let router = observed(faulty, Arc::clone(&server.app), Way::Access);
    let (response, problem) = split(router.clone().oneshot(get_of("/panic")).await.unwrap()).await;
    assert_eq!((response.status().as_u16(), problem["detail"].as_str()), (500, Some("the server failed")));
    tokio::time::pause();
    let (response, problem) = split(router.oneshot(get_of("/never")).await.unwrap()).await;
    assert_eq!((response.status().as_u16(), problem["status"].as_u64()), (503, Some(503)));
}

#[tokio::test]
async fn a_command_is_completed_although_its_client_hung_up() {
    use crate::admin::{Done, Refusal};
    use crate::domain::Revision;
    let server = Server::new().await;
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    let command = async move {
        let _ = released.await;
        let _ = tell.send(());
        Ok::<_, Refusal>(Done { output: (), revision: Revision(1) })
    };
    let app = Arc::clone(&server.app);
    let client = tokio::spawn(async move { crate::http::extract::complete(&app, command).await.is_ok() });
    tokio::task::yield_now().await;
    client.abort();
    assert!(client.await.is_err());
    release.send(()).unwrap();
    told.await.unwrap();
    // And stopping waits for it.
    server.app.commands_finished().await;
}
