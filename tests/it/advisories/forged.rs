//! Page tokens and ids that were made to be read as something else.

use crate::sidecar::{TestSidecar, segment};
use crate::world::reference;
use conclave::domain::page::write_token;
use serde_json::{Value, json};

/// Every list of the admin listener that has pages, and the name of its rows.
const LISTS: &[(&str, &str)] = &[
    ("/users?", "users"),
    ("/subscriptions?", "subscriptions"),
    ("/groups?", "groups"),
    ("/groups/company/members?", "members"),
    ("/groups/sales/invitations?", "invitations"),
    ("/groups/sales/invitation-candidates?", "candidates"),
    ("/groups/sales/join-requests?", "join_requests"),
    ("/users/director/contexts?", "contexts"),
    ("/grants?resource=Folder::%22offers%22&", "grants"),
    ("/directory?name=sales&language=en&", "groups"),
    ("/outbox?", "outbox"),
    ("/audit?", "audit"),
];

/// Text that would mean something if it became part of a statement, a policy or a path.
const HOSTILE: &[&str] = &[
    "' OR 1=1 --",
    "'; DROP TABLE users; --",
    "x'||(SELECT group_concat(id) FROM users)||'",
    "\" OR \"\"=\"",
    "%",
    "_",
    "*",
    "?",
    ":1",
    "$1",
    "\" || true || \"",
    "\"); permit (principal, action, resource);",
    "x\", resource) when { true };",
    "User::\"director",
    "\\\"",
    "{\"__entity\":{\"type\":\"User\",\"id\":\"director\"}}",
    "{{.}}",
    "${jndi:x}",
    "%27%20OR%201=1",
    "%2e%2e%2fdirector",
    "director%00",
    "null",
    "9223372036854775808",
    "\u{10ffff}",
    "\u{202e}rotcerid",
];

async fn users(sidecar: &TestSidecar) -> Value {
    sidecar.get("/users?limit=1000").await.ok().body["users"].clone()
}

/// Fails if what a page token holds becomes part of a statement, or if one that nobody made ends in a 500.
#[tokio::test]
async fn a_forged_page_token_is_a_text_and_never_sql() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let before = users(&sidecar).await;
    for (path, name) in LISTS {
        assert!(sidecar.get(&format!("{path}limit=1000")).await.ok().body[name].is_array(), "{path}");
        for text in HOSTILE {
            for token in [write_token(text), segment(text), write_token(write_token(text))] {
                let reply = sidecar.get(&format!("{path}limit=1000&page_token={token}")).await;
                let found = (reply.status, reply.body["field"].as_str());
                assert_eq!(found, (400, Some("page_token")), "{path} {text}: {}", reply.body);
            }
        }
    }
    assert_eq!(users(&sidecar).await, before);
    sidecar.stop().await;
}

/// Every way to send less, more or something else than a token.
fn mangled(token: &str) -> Vec<String> {
    let cut = (0..token.len()).step_by(7).map(|end| token[..end].to_owned()).filter(|cut| !cut.is_empty());
    let changed = (0..token.len()).step_by(5).flat_map(|at| {
        ["0", "f", "zz", "é", "%00"].map(|other| format!("{}{other}{}", &token[..at], &token[at + 1..]))
    });
    let more = [format!("{token}{token}"), format!("{token}0"), format!(" {token}"), token.to_uppercase() + "!"];
    cut.chain(changed).chain(more).filter(|other| other != token).collect()
}

/// Fails if a token that does not parse ends a request, or the process, in a panic.
#[tokio::test]
async fn a_mangled_cursor_is_refused_and_the_server_goes_on() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let search = async |page: Value| {
        let body = json!({"subject": {"type": "User", "id": "director"}, "action": {"name": "view"},
                          "resource": {"type": "Tool"}, "page": page});
        sidecar.access("/access/v1/search/resource", body.to_string()).await
    };
    let first = search(json!({"limit": 2})).await.ok();
    let token = first.body["page"]["next_token"].as_str().unwrap().to_owned();
    let second = search(json!({"token": token})).await.ok();
    for other in mangled(&token) {
        let reply = search(json!({"token": other})).await;
        assert_eq!((reply.status, reply.body["field"].as_str()), (400, Some("page.token")), "{other}: {}", reply.body);
    }
    assert_eq!(search(json!({"token": token})).await.ok().body["results"], second.body["results"]);

    let list = sidecar.get("/users?limit=2").await.ok();
    let token = list.body["next_page_token"].as_str().unwrap().to_owned();
    for other in mangled(&token) {
        let status = sidecar.get(&format!("/users?limit=2&page_token={}", segment(&other))).await.status;
        assert_eq!(status, 400, "{other}");
    }
    sidecar.stop().await;
}

/// Pairs that some other way of comparing texts takes for one: case, composition, width, look, spaces.
const ALIKE: &[(&str, &str)] = &[
    ("ann", "Ann"),
    ("bea", "BEA"),
    ("stra\u{df}e", "strasse"),
    ("\u{e9}va", "e\u{301}va"),
    ("\u{fb01}n", "fin"),
    ("\u{212a}ay", "Kay"),
    ("\u{131}da", "ida"),
    ("\u{ff47}us", "gus"),
    ("h\u{430}l", "hal"),
    ("cid", "cid "),
    ("dan", " dan"),
    ("eve", "ev\u{200b}e"),
    ("flo", "fl\u{ad}o"),
    ("ian", "\u{feff}ian"),
    ("1", "01"),
    ("a+b", "a b"),
    ("c%20d", "c d"),
    ("a\\b", "a\\\\b"),
];

/// Fails if ids are compared in any other way than character by character: in the cache, in SQL, on the way in.
#[tokio::test]
async fn ids_that_differ_in_case_or_form_are_different_people_and_things() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    for (number, (one, other)) in ALIKE.iter().enumerate() {
        let (one, other) = ((*one).to_owned(), (*other).to_owned());
        let item = |id: &str| ("Item", id.to_owned());
        let views =
            async |user: &str, id: &str| sidecar.ask(user, "view", &item(id), &json!({})).await.decision == "Allow";
        for (number_of, id) in [(0, &one), (1, &other)] {
            let user = json!({"username": format!("u{number}-{number_of}"), "subscription": "personal"});
            let made = sidecar.put(&format!("/users/{}", segment(id)), user).await.ok();
            assert_eq!(made.status, 201, "{id:?} is nobody yet");
            let parent = reference("Tool", &format!("user:{id}/documents"));
            let made = sidecar.post("/items", json!({"id": id, "parent": parent, "author": id})).await.ok();
            assert_eq!(made.status, 201, "{id:?} is nothing yet");
            assert!(views(id, id).await, "{id:?}");
            assert!(!views(&other, &one).await, "{one:?} {other:?}");
        }
        assert!(views(&one, &one).await && views(&other, &other).await, "{one:?} {other:?}");
        assert!(!views(&one, &other).await && !views(&other, &one).await, "{one:?} {other:?}");
        sidecar.delete(&format!("/users/{}", segment(&one))).await.ok();
        assert!(views(&other, &other).await && !views(&one, &one).await, "{one:?} {other:?}");
    }
    sidecar.stop().await;
}

/// Fails if an id, a path or a query becomes part of a statement or of a policy.
#[tokio::test]
async fn nothing_in_an_id_a_path_or_a_query_is_read_as_policy_or_sql() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let known = users(&sidecar).await.as_array().unwrap().len();
    for (number, text) in HOSTILE.iter().enumerate() {
        let user = json!({"username": format!("h{number}"), "subscription": "personal"});
        sidecar.put(&format!("/users/{}", segment(text)), user).await.ok();
        let parent = reference("Tool", &format!("user:{text}/documents"));
        sidecar.post("/items", json!({"id": text, "parent": parent, "author": text})).await.ok();
        let asked = async |user: &str, kind: &'static str, id: &str| {
            sidecar.ask(user, "view", &(kind, id.to_owned()), &json!({})).await.decision
        };
        assert_eq!(asked(text, "Item", text).await, "Allow", "{text}: it is theirs");
        assert_eq!(asked("salesman-1", "Item", text).await, "Deny", "{text}: it is not theirs");
        assert_eq!(asked(text, "Item", "handbook").await, "Deny", "{text}: who is in no group");
        assert_eq!(asked(text, "Tool", text).await, "Deny", "{text}: there is no such tool");
        let (path, item) = (segment(text), segment(&reference("Item", text)));
        for (path, statuses) in [
            (format!("/users/{path}"), &[200][..]),
            (format!("/items/{path}"), &[200]),
            (format!("/groups/{path}"), &[404]),
            (format!("/entities/User/{path}"), &[404]),
            (format!("/grants?resource={item}"), &[200]),
            (format!("/directory?name={path}&language=en"), &[200, 400, 422]),
            (format!("/audit?actor={path}"), &[200]),
        ] {
            let reply = sidecar.get(&path).await;
            assert!(statuses.contains(&reply.status), "{path}: {} {}", reply.status, reply.body);
        }
        let mine = sidecar.get(&format!("/users/{path}")).await.ok().body;
        assert_eq!(mine["username"], format!("h{number}"), "{text}: {mine}");
    }
    assert_eq!(users(&sidecar).await.as_array().unwrap().len(), known + HOSTILE.len());
    sidecar.stop().await;
}
