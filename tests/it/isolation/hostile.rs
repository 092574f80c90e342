//! Texts that break out of other programs, in every place where a request has one.

use crate::sidecar::{TestSidecar, segment};
use conclave::http::router::{access_endpoints, admin_endpoints};
use conclave::http::routes::Endpoint;
use serde_json::{Map, Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "'; DROP TABLE users; --",
        "' OR '1'='1",
        "x' UNION SELECT token FROM outbox --",
        "\") }; permit(principal, action, resource); //",
        "User::\"director\"",
        "director\" || true || \"",
        "\\",
        "%",
        "?1",
        ":id",
        "a\0b",
        "\0",
        "Director",
        "director ",
        "director\u{200b}",
        "d\u{456}rector",
        "\u{feff}director",
        "\u{202e}rotcerid",
        "\u{ff44}irector",
        "../users/director",
        "%2e%2e",
        "{token}",
        "${director}",
        "\u{10ffff}",
        "",
    ]
    .map(str::to_owned)
    .to_vec();
    texts.extend([254, 255, 256].map(|length| "\u{1f600}".repeat(length)));
    texts
}

/// Every member that some body has, with the text in it.
const MEMBERS: [&str; 20] = [
    "id",
    "name",
    "username",
    "subscription",
    "administrator",
    "parent",
    "author",
    "user",
    "email",
    "resource",
    "right",
    "kind",
    "full_name",
    "sector",
    "language",
    "message",
    "first_name",
    "principal",
    "action",
    "picture",
];

fn path(endpoint: Endpoint, text: &str) -> String {
    let segments = endpoint.path.split('/');
    segments
        .map(|part| if part.starts_with('{') { segment(text) } else { part.to_owned() })
        .collect::<Vec<_>>()
        .join("/")
}

/// Bodies with the text in some members, in all of them, and in the names of members.
fn bodies(text: &str) -> Vec<Value> {
    let all: Map<_, _> = MEMBERS.iter().map(|member| ((*member).to_owned(), json!(text))).collect();
    let (user, item) = (json!({"type": "User", "id": text}), json!({"type": "Item", "id": text}));
    let [principal, resource] = ["User", "Item"].map(|kind| format!("{kind}::{}", json!(text)));
    vec![
        json!({"to": {"user": text}, "resource": resource, "right": "add"}),
        json!({"id": text, "name": text}),
        json!({"id": text, "parent": "Tool::\"group:sales/documents\"", "name": text, "author": text}),
        json!({"subject": user, "action": {"name": text}, "resource": {"type": text, "id": text}}),
        json!({"subject": user, "action": {"name": "view"}, "resource": item}),
        json!({"principal": principal, "action": "Action::\"view\"", "resource": resource}),
        json!({"entities": [{"uid": user, "attrs": {text: text}, "parents": []}]}),
        Value::Object(all),
    ]
}

/// What a database is made of.
async fn schema(database: &str) -> String {
    let mut connection = SqliteConnectOptions::new().filename(database).read_only(true).connect().await.unwrap();
    let text = sqlx::query_scalar("SELECT group_concat(sql, ';' ORDER BY name) FROM sqlite_schema")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    text
}

/// What some people may do, and what the server says it decides by.
async fn told(sidecar: &TestSidecar) -> (Vec<String>, Value) {
    let mut decisions = Vec::new();
    for person in ["director", "secretary", "salesman-1", "workman-1", "nobody"] {
        for tool in ["group:sales/documents", "group:production/documents", "user:director/calendar"] {
            for action in ["view", "add", "delete", "manage_access"] {
                let answer = sidecar.ask(person, action, &("Tool", tool.to_owned()), &json!({})).await;
                decisions.push(format!("{person} {action} {tool} {} {:?}", answer.decision, answer.reasons));
            }
        }
    }
    (decisions, sidecar.get("/policies").await.ok().body)
}

/// Calls that the host itself makes could well make somebody of these names a member; so all of them are made on behalf
/// of a stranger, but those that make people of such names.
#[tokio::test]
async fn no_text_of_a_request_becomes_sql_or_cedar() {
    let sidecar = TestSidecar::new().in_file().with_demo().start().await;
    let (tables, before) = (schema(&sidecar.database()).await, told(&sidecar).await);
    for text in texts() {
        let mut statuses = Vec::new();
        let user = json!({"username": text, "subscription": "personal"});
        let made = sidecar.put(&format!("/users/{}", segment(&text)), user).await;
        statuses.push((made.status, "PUT /users".to_owned()));
        for (endpoint, _) in admin_endpoints() {
            let query = format!("?name={0}&page_token={0}&resource={0}&actor={0}&language={0}", segment(&text));
            let path = path(endpoint, &text);
            if endpoint.method == "GET" {
                // `changes` would follow for ever.
                if endpoint.path.ends_with("/changes") {
                    continue;
                }
                for path in [format!("{path}{query}"), path] {
                    let reply = sidecar.send(endpoint.method, &path, true, None, &Value::Null).await;
                    statuses.push((reply.status, path));
                }
                continue;
            }
            for body in bodies(&text) {
                let reply = sidecar.send(endpoint.method, &path, true, Some("workman-5"), &body).await;
                statuses.push((reply.status, format!("{} {path} {body}", endpoint.method)));
            }
        }
        for endpoint in access_endpoints().into_iter().filter(|endpoint| endpoint.method == "POST") {
            for body in bodies(&text) {
                let reply = sidecar.access(endpoint.path, body.to_string()).await;
                statuses.push((reply.status, format!("{} {body}", endpoint.path)));
                let allows = reply.body["decision"] == "Allow" || reply.body["decision"] == true;
                assert!(!allows, "{} {body}: {}", endpoint.path, reply.body);
            }
        }
        let failed: Vec<_> = statuses.into_iter().filter(|(status, _)| *status >= 500).collect();
        assert!(failed.is_empty(), "{text:?}: {failed:#?}");
    }
    assert_eq!(told(&sidecar).await, before);
    assert_eq!(schema(&sidecar.database()).await, tables);
    sidecar.stop().await;
}

/// Who acts is a header: it names whom it names, or nobody.
#[tokio::test]
async fn nobody_acts_as_the_director_by_a_name_that_looks_like_it() {
    let sidecar = TestSidecar::new().in_file().with_demo().start().await;
    let change = json!({"full_name": "taken over"});
    for text in [
        "Director",
        "DIRECTOR",
        "d\u{456}rector",
        "director\u{200b}",
        "\u{ff44}irector",
        "User::\"director\"",
        "%64irector",
    ] {
        let reply = sidecar.send("PATCH", "/admin/v1/groups/sales", true, Some(text), &change).await;
        assert!([403, 404].contains(&reply.status), "{text}: {} {}", reply.status, reply.body);
    }
    for (path, status) in
        [("/users/Director", 404), ("/users/d%D1%96rector", 404), ("/users/director%00", 404), ("/users/director", 200)]
    {
        assert_eq!(sidecar.get(path).await.status, status, "{path}");
    }
    sidecar.stop().await;
}
