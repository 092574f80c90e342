//! Page tokens are no permissions, and nobody makes one up.
//!
//! A token of a list says behind which key to go on, and one of a search where it stands. Neither says what may be seen:
//! each page asks that anew. And each is good for the list alone that wrote it.

use crate::sidecar::{Reply, TestSidecar, segment};
use conclave::domain::page::write_token;
use serde_json::{Value, json};

/// Lists, with the member of an answer that has the rows, and who may not see all.
const LISTS: [(&str, &str, Option<&str>); 14] = [
    ("/subscriptions", "subscriptions", None),
    ("/users", "users", None),
    ("/groups", "groups", None),
    ("/groups", "groups", Some("workman-1")),
    ("/groups/company/members", "members", Some("workman-1")),
    ("/groups/sales/invitations", "invitations", Some("director")),
    ("/groups/sales/invitation-candidates", "candidates", Some("director")),
    ("/groups/sales/join-requests", "join_requests", Some("director")),
    ("/users/secretary/contexts", "contexts", None),
    ("/grants?resource=Tool::%22user:director/calendar%22", "grants", Some("director")),
    ("/directory?name=sales&activity=other", "groups", Some("workman-1")),
    ("/outbox", "outbox", None),
    ("/audit", "audit", None),
    ("/groups/company/leave-preview", "grants", Some("workman-1")),
];

fn next(page: &Reply) -> String {
    page.body["next_page_token"].as_str().expect("more than one page").to_owned()
}

#[tokio::test]
async fn a_token_that_was_made_up_is_refused_by_every_list() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let keys = [
        "",
        "a",
        "sales",
        "director",
        "zzz",
        "0",
        "1",
        "-1",
        "9223372036854775807",
        "' OR '1'='1",
        "\0",
        "direction\0",
    ];
    let of_users = next(&sidecar.get("/users?limit=1").await.ok());
    for (list, member, actor) in LISTS {
        let get = async |token: Option<&str>| {
            let mark = if list.contains('?') { '&' } else { '?' };
            let token = token.map_or_else(String::new, |token| format!("{mark}page_token={}", segment(token)));
            sidecar.send("GET", &format!("/admin/v1{list}{token}"), true, actor, &Value::Null).await
        };
        let all = get(None).await.ok();
        assert!(all.body[member].is_array(), "{list}: {}", all.body);
        for key in keys {
            let reply = get(Some(&write_token(key))).await;
            let found = (reply.status, reply.body["field"].as_str());
            assert_eq!(found, (400, Some("page_token")), "{list} after {key:?}: {}", reply.body);
        }
        for wrong in ["6", "zz", "ff", "' OR 1", "\u{1f600}"] {
            assert_eq!(get(Some(wrong)).await.status, 400, "{list} {wrong}");
        }
        assert_eq!(get(Some(&of_users)).await.status, if list == "/users" { 200 } else { 400 }, "{list}");
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn a_token_is_good_after_a_restart_and_of_no_other_database() {
    let [sidecar, other] = [TestSidecar::new().in_file(), TestSidecar::new()].map(TestSidecar::with_demo);
    let (sidecar, other) = (sidecar.start().await, other.start().await);
    let path = format!("/users?limit=1&page_token={}", next(&sidecar.get("/users?limit=1").await.ok()));
    let second = sidecar.get(&path).await.ok().body;
    assert_eq!(other.get(&path).await.status, 400);
    other.stop().await;
    let again = TestSidecar::new().on(&sidecar.into_database().await).start().await;
    assert_eq!(again.get(&path).await.ok().body, second);
    again.stop().await;
}

#[tokio::test]
async fn a_token_of_a_search_serves_its_own_search_alone_and_nobody_elses() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let search = |who: &str, page: Value| {
        let subject = json!({"type": "User", "id": who});
        json!({"subject": subject, "action": {"name": "view"}, "resource": {"type": "Tool"}, "page": page}).to_string()
    };
    let ask = async |who: &str, page: Value| sidecar.access("/access/v1/search/resource", search(who, page)).await;
    let first = ask("director", json!({"limit": 2})).await.ok();
    let token = first.body["page"]["next_token"].as_str().unwrap().to_owned();
    assert_eq!(ask("workman-1", json!({"token": token, "limit": 2})).await.status, 400);
    for altered in
        [token.replacen('0', "1", 1), token.replacen('a', "b", 1), token[2..].to_owned(), format!("{token}00")]
    {
        assert_eq!(ask("director", json!({"token": altered, "limit": 2})).await.status, 400, "{altered}");
    }
    assert_eq!(ask("director", json!({"token": token, "limit": 2})).await.status, 200);
    sidecar.stop().await;
}
