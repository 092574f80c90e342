//! Several tokens with scopes, exchanged while the server runs.

use super::{question, until, write_tokens};
use crate::process::run;
use crate::sidecar::{Reply, TestSidecar};
use conclave::bench::question::{Question, write};
use conclave::domain::EntityUid;
use conclave::http::auth::Scope;
use serde_json::{Value, json};
use tempfile::TempDir;

const READER: &str = "reader-0123456789abcdef";
const WRITER: &str = "writer-0123456789abcdef";
const SCRAPER: &str = "scraper-0123456789abcdef";
const ASKER: &str = "asker-0123456789abcdef";

fn everybody(folder: &TempDir) -> std::path::PathBuf {
    let file = folder.path().join("tokens.toml");
    write_tokens(
        &file,
        &[
            ("reader", &[Scope::Read], READER),
            ("writer", &[Scope::Write], WRITER),
            ("scraper", &[Scope::Metrics], SCRAPER),
            ("asker", &[Scope::Decide], ASKER),
        ],
    );
    file
}

async fn call(sidecar: &TestSidecar, token: &str, method: &str, path: &str, body: &Value) -> Reply {
    let bearer = format!("Bearer {token}");
    sidecar.send_with(method, path, false, None, body, &[("authorization", &bearer)]).await
}

fn lacks(reply: &Reply, scope: &str) -> bool {
    let named = reply.body["detail"].as_str().is_some_and(|detail| detail.contains(&format!("`{scope}`")));
    reply.status == 403 && reply.body["scope"] == scope && named
}

#[tokio::test]
async fn a_token_is_good_for_its_scopes_alone() {
    let folder = TempDir::new().unwrap();
    let file = everybody(&folder);
    let sidecar =
        TestSidecar::new().in_file().configured(|config| config.tokens_file = Some(file)).with_demo().start().await;
    let none = Value::Null;
    let plan = json!({"max_groups": 1});
    let put = async |token| call(&sidecar, token, "PUT", "/admin/v1/subscriptions/new", &plan).await;
    let get = async |token| call(&sidecar, token, "GET", "/admin/v1/users", &none).await;
    let metrics = async |token| call(&sidecar, token, "GET", "/metrics", &none).await;

    assert_eq!(get(READER).await.status, 200);
    assert!(lacks(&put(READER).await, "write"));
    assert!(lacks(&metrics(READER).await, "metrics"));

    assert!(lacks(&get(WRITER).await, "read"));
    assert_eq!(put(WRITER).await.status, 201);

    assert!(lacks(&get(SCRAPER).await, "read") && lacks(&put(SCRAPER).await, "write"));
    assert!(![401, 403].contains(&metrics(SCRAPER).await.status));

    assert!(lacks(&get(ASKER).await, "read") && lacks(&put(ASKER).await, "write"));
    for unknown in ["", "reader", &READER[1..], &READER.to_uppercase()] {
        assert_eq!(get(unknown).await.status, 401, "{unknown}");
        assert_eq!(metrics(unknown).await.status, 401, "{unknown}");
    }
    let made = std::path::PathBuf::from(format!("{}.admin-token", sidecar.database()));
    assert!(!made.exists(), "no token of all scopes is made beside those that are named");
    sidecar.stop().await;
}

#[tokio::test]
async fn the_access_listener_asks_for_a_token_if_it_is_told_to() {
    let folder = TempDir::new().unwrap();
    let file = everybody(&folder);
    let sidecar = TestSidecar::new()
        .in_file()
        .configured(|config| {
            config.tokens_file = Some(file);
            config.access_tokens = true;
        })
        .with_demo()
        .start()
        .await;
    let ask = async |path: &str, token: Option<&str>, body: Value| {
        let bearer: Vec<_> = token.iter().map(|token| ("authorization", format!("Bearer {token}"))).collect();
        sidecar.access_with(path, body.to_string(), &bearer).await
    };
    // The second answer would come from the cache, on the way that asks nobody.
    for _ in 0..2 {
        let reply = ask("/v1/is_authorized", Some(ASKER), question("salesman-1")).await;
        assert_eq!((reply.status, &reply.body["decision"]), (200, &json!("Allow")), "{}", reply.body);
        let one = question("salesman-1");
        let reply = ask("/v1/is_authorized/batch", Some(ASKER), json!({"requests": [one]})).await;
        assert_eq!(reply.body["responses"][0]["decision"], "Allow", "{}", reply.body);
    }
    for endpoint in conclave::http::router::access_endpoints() {
        let name = format!("{} {}", endpoint.method, endpoint.path);
        let open = conclave::http::router::public_endpoints().contains(&endpoint);
        if endpoint.method == "GET" {
            let reply = sidecar.get_access(endpoint.path).await;
            assert_eq!(reply.status, if open { 200 } else { 401 }, "{name}");
            continue;
        }
        assert!(!open, "{name}");
        for wrong in [None, Some("wrong-0123456789abcdef"), Some("")] {
            let reply = ask(endpoint.path, wrong, question("salesman-1")).await;
            assert_eq!((reply.status, reply.content_type.as_str()), (401, "application/problem+json"), "{name}");
            assert_eq!(reply.headers["www-authenticate"], "Bearer", "{name}");
        }
        for other in [READER, WRITER, SCRAPER] {
            assert!(lacks(&ask(endpoint.path, Some(other), question("salesman-1")).await, "decide"), "{name}");
        }
    }
    let nowhere = ask("/v1/nothing", None, json!({})).await;
    assert_eq!(nowhere.status, 401, "what there is, is told to nobody unknown");

    let client = conclave::client::Client::new(&format!("http://{}", sidecar.access_address())).unwrap();
    let documents = || conclave::domain::EntityUid::new("Tool", "group:sales/documents");
    let salesman = || conclave::domain::EntityUid::new("User", "salesman-1");
    assert!(!client.is_authorized(salesman(), "view", documents()).allows().await);
    let known = client.with_token(ASKER).unwrap();
    assert!(known.is_authorized(salesman(), "view", documents()).allows().await);
    assert!(!format!("{known:?}").contains(ASKER));
    sidecar.stop().await;
}

#[tokio::test]
async fn tokens_are_exchanged_while_the_server_runs_and_a_broken_file_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("tokens.toml");
    write_tokens(&file, &[("old", &[Scope::Read], READER)]);
    let named = file.clone();
    let sidecar = TestSidecar::new().in_file().configured(|config| config.tokens_file = Some(named)).start().await;
    let status = async |token| call(&sidecar, token, "GET", "/admin/v1/users", &Value::Null).await.status;
    let credentials = async || sidecar.get_access("/readyz").await.body["credentials"].clone();
    assert_eq!((status(READER).await, status(WRITER).await), (200, 401));

    // Both for a while, then the new one alone.
    write_tokens(&file, &[("old", &[Scope::Read], READER), ("new", &[Scope::Read], WRITER)]);
    until("the new token is known", async || status(WRITER).await == 200).await;
    assert_eq!(status(READER).await, 200);
    write_tokens(&file, &[("new", &[Scope::Read], WRITER)]);
    until("the old token is refused", async || status(READER).await == 401).await;
    assert_eq!((status(WRITER).await, credentials().await), (200, json!("ok")));

    std::fs::write(&file, "[tokens\n").unwrap();
    until("it is told that the file is broken", async || credentials().await == "stale").await;
    assert_eq!((status(WRITER).await, status(READER).await), (200, 401));
    assert_eq!(sidecar.get_access("/readyz").await.status, 200, "the old ones are still good");

    write_tokens(&file, &[("newest", &[Scope::Read], SCRAPER)]);
    until("the file is good again", async || status(SCRAPER).await == 200).await;
    assert_eq!((status(WRITER).await, credentials().await), (401, json!("ok")));
    sidecar.stop().await;
}

#[tokio::test]
async fn the_one_admin_token_is_exchanged_too_and_goes_with_others() {
    let folder = TempDir::new().unwrap();
    let (one, many) = (folder.path().join("token"), everybody(&folder));
    std::fs::write(&one, "plain-0123456789abcdef\n").unwrap();
    let named = one.clone();
    let sidecar = TestSidecar::new()
        .in_file()
        .configured(|config| {
            config.admin_token_file = Some(named);
            config.tokens_file = Some(many);
        })
        .start()
        .await;
    let status = async |token| call(&sidecar, token, "GET", "/admin/v1/users", &Value::Null).await.status;
    assert_eq!((status("plain-0123456789abcdef").await, status(READER).await), (200, 200));
    std::fs::write(&one, "other-0123456789abcdef\n").unwrap();
    until("the new token is known", async || status("other-0123456789abcdef").await == 200).await;
    assert_eq!((status("plain-0123456789abcdef").await, status(READER).await), (401, 200));
    sidecar.stop().await;
}

#[tokio::test]
async fn the_command_makes_a_token_that_works() {
    let folder = TempDir::new().unwrap();
    let (code, out, err) = run(folder.path(), &["token", "backup", "--scope", "read", "--scope", "metrics"]);
    assert_eq!(code, Some(0), "{err}");
    let (token, line) = out.trim_end().split_once('\n').unwrap();
    assert!(token.len() == 64 && !line.contains(token), "{out}");
    let file = folder.path().join("tokens.toml");
    std::fs::write(&file, format!("[tokens]\n{line}\n")).unwrap();
    let sidecar = TestSidecar::new().in_file().configured(|config| config.tokens_file = Some(file)).start().await;
    assert_eq!(call(&sidecar, token, "GET", "/admin/v1/users", &Value::Null).await.status, 200);
    sidecar.stop().await;
    for wrong in [&["token", "backup"][..], &["token", "a b", "--scope", "read"], &["token", "a", "--scope", "all"]] {
        assert_eq!(run(folder.path(), wrong).0, Some(2), "{wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bench_shows_a_token_where_one_is_asked_for() {
    let folder = TempDir::new().unwrap();
    let file = everybody(&folder);
    let guarded = TestSidecar::new().configured(|config| {
        config.tokens_file = Some(file);
        config.access_tokens = true;
    });
    let sidecar = guarded.with_demo().start().await;
    let path = |name: &str| folder.path().join(name);
    let asked =
        Question::new(EntityUid::new("User", "salesman-1"), "view", EntityUid::new("Tool", "group:sales/documents"));
    write(&[asked], std::fs::File::create(path("questions")).unwrap()).unwrap();
    std::fs::write(path("token"), format!("{ASKER}\n")).unwrap();
    std::fs::write(path("other"), SCRAPER).unwrap();
    std::fs::write(path("broken"), "a\u{1}b").unwrap();
    let address = sidecar.access_address();
    let begin =
        ["bench", "--server", &address, "--requests", "questions", "--seconds", "0.2", "--rate", "50", "--json"];
    let bench = |more: &[&str]| run(folder.path(), &[&begin[..], more].concat());
    let (code, out, err) = bench(&["--token-file", "token"]);
    assert_eq!(code, Some(0), "{out}{err}");
    assert!(out.contains("\"answered\":10"), "{out}");
    for (more, said) in [
        (&[][..], "status 401"),
        (&["--token-file", "other"], "status 403"),
        (&["--token-file", "broken"], "--token-file holds no token"),
        (&["--token-file", "nowhere"], "nowhere"),
    ] {
        let (code, out, err) = bench(more);
        assert_eq!(code, Some(2), "{more:?}: {out}{err}");
        assert!(err.contains(said) && !err.contains(SCRAPER), "{more:?}: {err}");
    }
    sidecar.stop().await;
}
