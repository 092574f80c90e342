//! The client against sidecars that misbehave.

use super::*;
use crate::domain::{Decision, Revision};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::net::{TcpListener, UnixListener};
use tower::ServiceExt as _;

const ALLOW: &str = r#"{"decision":"Allow","diagnostics":{"reason":["a"],"errors":[]},"revision":7}"#;
const DENY: &str = r#"{"decision":"Deny","diagnostics":{"reason":[],"errors":["b"]},"revision":7}"#;
const PROBLEM: &str = r#"{"type":"about:blank","title":"T","status":400,"detail":"D","field":"action","rule":"A1"}"#;

/// Answers in turn, the last one for ever, and remembers what it was asked.
struct Fake {
    client: Client,
    asked: Arc<Mutex<Vec<(HeaderMap, String, Value)>>>,
}

impl Fake {
    async fn answering(answers: &[(u16, &'static str)]) -> Self {
        let asked: Arc<Mutex<Vec<_>>> = Arc::default();
        let (answers, heard) = (answers.to_vec(), Arc::clone(&asked));
        let handler = async move |request: Request| {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
            let mut asked = heard.lock().unwrap();
            let (status, text) = answers[asked.len().min(answers.len() - 1)];
            asked.push((parts.headers, parts.uri.path().to_owned(), serde_json::from_slice(&body).unwrap()));
            (StatusCode::from_u16(status).unwrap(), [("location", "/elsewhere")], text).into_response()
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(handler)).await });
        Self { client: Client::new(&format!("http://{address}/")).unwrap(), asked }
    }

    fn ask(&self) -> Ask<'_> {
        self.client.is_authorized(user("ann"), "view", item("n"))
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn user(id: &str) -> EntityUid {
    EntityUid::new("User", id)
}

fn item(id: &str) -> EntityUid {
    EntityUid::new("Item", id)
}

#[tokio::test]
async fn a_question_says_what_was_asked_and_an_answer_what_was_answered() {
    let fake = Fake::answering(&[(200, ALLOW), (200, DENY)]).await;
    let ask = fake.client.is_authorized(user("a\"b\n"), "add", item("日本"));
    let answer = ask.context(json!({"size": 3})).entities(json!([])).min_revision(Revision(5)).await.unwrap();
    assert_eq!((answer.decision, answer.revision, answer.is_allowed()), (Decision::Allow, Revision(7), true));
    assert_eq!((answer.reasons(), answer.errors()), (&["a".to_owned()][..], &[][..]));
    assert!(!fake.ask().await.unwrap().is_allowed());
    let asked = fake.asked.lock().unwrap();
    let (headers, path, body) = &asked[0];
    assert_eq!((path.as_str(), &headers["conclave-min-revision"]), ("/v1/is_authorized", &"5".parse().unwrap()));
    let references = ["principal", "action", "resource"].map(|field| EntityUid::parse(body[field].as_str().unwrap()));
    assert_eq!(references, [Ok(user("a\"b\n")), Ok(EntityUid::action("add")), Ok(item("日本"))]);
    assert_eq!((&body["context"], &body["entities"]), (&json!({"size": 3}), &json!([])));
    assert_eq!(asked[1].2.as_object().unwrap().len(), 3);
    assert!(!asked[1].0.contains_key("conclave-min-revision"));
}

#[tokio::test]
async fn a_503_is_asked_again_until_there_is_an_answer() {
    let fake = Fake::answering(&[(503, PROBLEM), (503, ""), (200, ALLOW)]).await;
    assert!(fake.ask().allows().await);
    assert_eq!(fake.count(), 3);
}

#[tokio::test]
async fn what_is_refused_is_not_asked_again_and_no_allow() {
    for status in [400, 401, 404, 413, 422, 429, 500, 502, 301, 204] {
        let fake = Fake::answering(&[(status, if status == 204 { "" } else { PROBLEM }), (200, ALLOW)]).await;
        let error = fake.ask().await.unwrap_err();
        let ClientError::Refused(refusal) = &error else { panic!("{status}: {error}") };
        assert_eq!((refusal.status, error.is_transient(), fake.count()), (status, false, 1));
        if status == 400 {
            assert_eq!(refusal.to_string(), "400 T: D");
            assert_eq!((refusal.field.as_deref(), refusal.rule.as_deref()), (Some("action"), Some("A1")));
        }
        assert!(!Fake::answering(&[(status, ALLOW)]).await.ask().allows().await, "{status}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_no_allow() {
    for text in [
        "",
        "Allow",
        r#""Allow""#,
        r#"{"decision":"Allow"}"#,
        r#"{"decision":"allow","diagnostics":{"reason":[],"errors":[]},"revision":1}"#,
        r#"{"decision":true,"diagnostics":{"reason":[],"errors":[]},"revision":1}"#,
        r#"{"responses":[]}"#,
    ] {
        let fake = Fake::answering(&[(200, text)]).await;
        assert!(matches!(fake.ask().await, Err(ClientError::NoAnswer(_))), "{text}");
        assert!(!fake.ask().allows().await, "{text}");
    }
}

#[tokio::test]
async fn the_deadline_bounds_everything() {
    let short = Duration::from_millis(300);
    let busy = Fake::answering(&[(503, PROBLEM)]).await;
    let error = busy.ask().deadline(short).await.unwrap_err();
    assert!(matches!(&error, ClientError::Unavailable(refusal) if refusal.detail == "D"), "{error}");
    assert!(busy.count() > 1 && error.is_transient());
    // Nobody listens.
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = Client::new(&format!("http://{closed}")).unwrap().with_deadline(short);
    let error = client.is_authorized(user("ann"), "view", item("n")).await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable(_)), "{error}");
    // Somebody listens and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(&format!("http://{}", silent.local_addr().unwrap())).unwrap();
    let error = client.is_authorized(user("ann"), "view", item("n")).deadline(short).await.unwrap_err();
    assert!(matches!(error, ClientError::Late(_)) && error.is_transient(), "{error}");
}

#[tokio::test]
async fn a_broken_connection_is_tried_again() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let tried = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tried);
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 4096]).await;
            let whole = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{ALLOW}", ALLOW.len());
            // First nothing at all, then half an answer, then all of it.
            let sent = [0, whole.len() - 9, whole.len()][counted.fetch_add(1, Ordering::Relaxed).min(2)];
            let _ = connection.write_all(&whole.as_bytes()[..sent]).await;
        }
    });
    let client = Client::unix(&path).unwrap();
    assert!(client.is_authorized(user("ann"), "view", item("n")).allows().await);
    assert_eq!(tried.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn answers_to_several_questions_are_as_many() {
    let (one, two) = (r#"{"responses":[A]}"#, r#"{"responses":[A,D]}"#);
    let text = |text: &str| &*Box::leak(text.replace('A', ALLOW).replace("D]", &format!("{DENY}]")).into_boxed_str());
    let fake = Fake::answering(&[(200, text(two)), (200, text(one))]).await;
    let queries = || ["n", "m"].map(|id| Query::new(user("ann"), "view", item(id)));
    let answers = fake.client.ask_all(queries()).await.unwrap();
    assert_eq!(answers.iter().map(Answer::is_allowed).collect::<Vec<_>>(), [true, false]);
    assert!(matches!(fake.client.ask_all(queries()).await, Err(ClientError::NoAnswer(_))));
    assert_eq!(fake.asked.lock().unwrap()[0].2["requests"].as_array().unwrap().len(), 2);
}

#[test]
fn an_address_is_that_of_a_server() {
    for bad in
        ["", "127.0.0.1:7180", "https://127.0.0.1", "ftp://x", "http://", "http://x/?a", "http://x/#a", "http:// x"]
    {
        assert!(matches!(Client::new(bad), Err(ClientError::Address(_))), "{bad}");
    }
    for good in ["http://127.0.0.1:7180", "http://[::1]:7180/", "http://sidecar/below"] {
        assert!(Client::new(good).is_ok(), "{good}");
    }
}

/// What a guarded route answers; the handler says whether it ran with an answer at hand.
async fn guarded(guard: Guard<Known>, request: Request) -> (u16, Value) {
    let handler = async |request: Request| {
        let answer = request.extensions().get::<Answer>().expect("the answer that let the request through");
        json!(answer.is_allowed()).to_string()
    };
    let app = Router::new().route("/notes/{id}", get(handler).route_layer(guard));
    read(app.oneshot(request).await.unwrap()).await
}

async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    if status != 200 {
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers().contains_key("retry-after"), status == 503);
    }
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

fn request(path: &str, user: Option<&str>) -> Request {
    let builder = Request::get(path);
    user.into_iter().fold(builder, |builder, user| builder.header("x-user", user)).body(Body::empty()).unwrap()
}

fn by_header(request: &Incoming<'_>) -> Option<EntityUid> {
    Some(user(request.header("x-user")?))
}

#[tokio::test]
async fn a_guard_lets_through_what_is_allowed_and_nothing_else() {
    for (answer, status, hidden) in [
        ((200, ALLOW), 200, 200),
        ((200, DENY), 403, 404),
        ((200, "{}"), 503, 503),
        ((400, PROBLEM), 503, 503),
        ((500, ALLOW), 503, 503),
        ((503, ALLOW), 503, 503),
    ] {
        let fake = Fake::answering(&[answer]).await;
        let client = fake.client.clone().with_deadline(Duration::from_millis(50));
        let guard = || Guard::new(&client, "view").resource_in_path("Item", "id").principal(by_header);
        for (guard, status) in [(guard(), status), (guard().hidden(), hidden)] {
            let (answered, body) = guarded(guard, request("/notes/%E6%97%A5%2F", Some("ann"))).await;
            assert_eq!(answered, status, "{answer:?} {body}");
            assert!(answered == 200 && body == true || body["status"] == status && body.get("detail").is_some());
        }
        let asked = &fake.asked.lock().unwrap()[0].2;
        assert_eq!((&asked["principal"], &asked["action"]), (&json!("User::\"ann\""), &json!("Action::\"view\"")));
        assert_eq!(asked["resource"], json!("Item::\"日/\""));
    }
}

#[tokio::test]
async fn a_guard_asks_nothing_unless_it_knows_who_and_what() {
    let fake = Fake::answering(&[(200, ALLOW)]).await;
    let guard = || Guard::new(&fake.client, "view").principal(by_header);
    assert_eq!(guarded(guard().resource_in_path("Item", "id"), request("/notes/n", None)).await.0, 401);
    assert_eq!(guarded(guard().resource_in_path("Item", "nosuch"), request("/notes/n", Some("ann"))).await.0, 404);
    assert_eq!(guarded(guard().resource_in_path("Item", "id"), request("/notes/%ff", Some("ann"))).await.0, 404);
    let mut twice = request("/notes/n", Some("ann"));
    twice.headers_mut().append("x-user", "ben".parse().unwrap());
    assert_eq!(guarded(guard().resource_in_path("Item", "id"), twice).await.0, 401);
    assert_eq!(
        guarded(Guard::new(&fake.client, "view").resource_in_path("Item", "id"), request("/notes/n", None)).await.0,
        401
    );
    assert_eq!(fake.count(), 0);
}

#[tokio::test]
async fn a_guard_takes_the_principal_of_the_login_and_any_circumstances() {
    let fake = Fake::answering(&[(200, ALLOW)]).await;
    let guard = Guard::new(&fake.client, EntityUid::new("Shop::Action", "read"))
        .resource(|request| Some(item(request.parts().uri.path())))
        .context(|request| Some(json!({"id": request.path("id")?})));
    let mut by_ann = request("/notes/n", None);
    by_ann.extensions_mut().insert(Principal(user("ann")));
    assert_eq!(guarded(guard, by_ann).await, (200, json!(true)));
    let asked = &fake.asked.lock().unwrap()[0].2;
    let expected = json!({
        "principal": "User::\"ann\"", "action": "Shop::Action::\"read\"", "resource": "Item::\"/notes/n\"",
        "context": {"id": "n"},
    });
    assert_eq!(*asked, expected);
}

#[tokio::test]
async fn the_handler_of_a_closed_route_does_not_run() {
    let fake = Fake::answering(&[(200, DENY)]).await;
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ran);
    let handler = async move || counted.fetch_add(1, Ordering::Relaxed).to_string();
    let guard = Guard::new(&fake.client, "view").resource_in_path("Item", "id").principal(by_header);
    let app = Router::new().route("/notes/{id}", get(handler)).route_layer(guard);
    let begun = Instant::now();
    assert_eq!(app.oneshot(request("/notes/n", Some("ann"))).await.unwrap().status(), 403);
    assert_eq!((ran.load(Ordering::Relaxed), begun.elapsed() < limits::DEADLINE), (0, true));
}
