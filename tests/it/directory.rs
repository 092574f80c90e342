//! The directory and requests to join, as the host and people meet them over HTTP (F1-F5, A7).

use crate::sidecar::{Reply, TestSidecar};
use reqwest::Method;
use serde_json::{Value, json};

async fn start() -> TestSidecar {
    let sidecar = TestSidecar::new().start().await;
    sidecar.put("/subscriptions/s", json!({})).await.ok();
    for user in ["anna", "ben", "carl"] {
        let names = json!({
            "username": user, "subscription": "s", "first_name": user, "last_name": "Smith",
            "email": format!("{user}@example.org"),
        });
        sidecar.put(&format!("/users/{user}"), names).await.ok();
    }
    for (id, more) in [
        ("closed", json!({"published": true, "members_published": true})),
        ("open", json!({"published": true, "open": true})),
        ("private", json!({})),
    ] {
        let mut group = json!({
            "id": id, "name": format!("Group {id}"), "administrator": "anna", "language": "en",
            "activity": "business", "sector": "retail", "full_name": "F", "description": "D",
        });
        group.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        sidecar.post("/groups", group).await.ok();
    }
    assert!(sidecar.admit("closed", "ben").await);
    assert!(sidecar.admit("private", "ben").await);
    sidecar
}

async fn get_as(sidecar: &TestSidecar, actor: &str, path: &str) -> Reply {
    sidecar.call_as(actor, Method::GET, path, Value::Null).await
}

#[tokio::test]
async fn f2_f3_a7_everybody_finds_the_same_and_no_more_than_is_published() {
    let sidecar = start().await;
    let name = |first: &str| json!({"first_name": first, "last_name": "Smith"});
    let shown = |id: &str, open: bool| {
        json!({
            "id": id, "name": format!("Group {id}"), "full_name": "F", "description": "D", "language": "en",
            "activity": "business", "sector": "retail", "open": open,
        })
    };
    let mut closed = shown("closed", false);
    closed["administrator_email"] = json!("anna@example.org");
    closed["administrator"] = name("anna");
    closed["members"] = json!([name("ben")]);
    let expected = json!({"groups": [closed, shown("open", true)], "next_page_token": null});
    for query in ["name=GROUP&language=en", "activity=business&sector=retail", "name=roup&activity=business"] {
        let path = format!("/directory?{query}");
        assert_eq!(sidecar.get(&path).await.ok().body, expected, "{query}");
        for actor in ["anna", "ben", "carl"] {
            assert_eq!(get_as(&sidecar, actor, &path).await.ok().body, expected, "{query}");
        }
    }
    let exact = sidecar.get("/directory?name=Group%20private&language=en").await.ok();
    assert_eq!(exact.body["groups"], json!([]));
    sidecar.stop().await;
}

#[tokio::test]
async fn f1_a_search_is_refused_that_the_rule_forbids() {
    let sidecar = start().await;
    for (query, status, rule, field) in [
        ("", 422, json!("F1"), json!("query")),
        ("name=group", 422, json!("F1"), json!("query")),
        ("name=gr&language=en", 422, json!("F1"), json!("name")),
        ("name=&language=en", 422, json!("F1"), json!("name")),
        ("name=group&sector=retail", 422, json!("F1"), json!("sector")),
        ("name=group&activity=fun", 422, Value::Null, json!("activity")),
        ("name=gro%00up&language=en", 422, Value::Null, json!("name")),
        ("name=group&language=en&limit=0", 422, Value::Null, json!("limit")),
        ("name=group&language=en&page_token=61", 400, Value::Null, json!("page_token")),
        ("name=group&language=en&published=false", 400, Value::Null, json!("published")),
        ("name=group&name=other&language=en", 400, Value::Null, json!("name")),
    ] {
        let path = format!("/directory?{query}");
        for reply in [sidecar.get(&path).await, get_as(&sidecar, "ben", &path).await] {
            let found = (reply.status, reply.body["rule"].clone(), reply.body["field"].clone());
            assert_eq!(found, (status, rule.clone(), field.clone()), "{query}: {}", reply.body);
        }
    }
    let stranger = get_as(&sidecar, "stranger", "/directory?name=group&language=en").await;
    assert_eq!((stranger.status, &stranger.body["rule"]), (403, &Value::Null));
    sidecar.stop().await;
}

#[tokio::test]
async fn f3_a_search_pages_through_every_hit_once() {
    let sidecar = start().await;
    let mut path = "/directory?name=group&language=en&limit=1".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = get_as(&sidecar, "carl", &path).await.ok().body;
        seen.extend(page["groups"].as_array().unwrap().iter().map(|group| group["id"].as_str().unwrap().to_owned()));
        let Some(token) = page["next_page_token"].as_str() else { break };
        path = format!("/directory?name=group&language=en&limit=1&page_token={token}");
    }
    assert_eq!(seen, ["closed", "open"]);
    sidecar.stop().await;
}

#[tokio::test]
async fn f4_whoever_finds_an_open_group_joins_it() {
    let sidecar = start().await;
    let found = get_as(&sidecar, "carl", "/directory?name=open&language=en").await.ok();
    let path = format!("/groups/{}/join", found.body["groups"][0]["id"].as_str().unwrap());
    let nobody = sidecar.post(&path, Value::Null).await;
    assert_eq!((nobody.status, &nobody.body["field"]), (400, &json!("Conclave-Actor")));
    let joined = sidecar.call_as("carl", Method::POST, &path, Value::Null).await.ok();
    assert_eq!(joined.body, json!({"group": "open", "user": "carl"}));
    for (group, status, rule) in
        [("open", 403, json!("F4")), ("closed", 403, json!("F4")), ("private", 404, Value::Null)]
    {
        let reply = sidecar.call_as("carl", Method::POST, &format!("/groups/{group}/join"), Value::Null).await;
        assert_eq!((reply.status, &reply.body["rule"]), (status, &rule), "{group}");
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn f5_a_closed_group_is_joined_by_asking() {
    let sidecar = start().await;
    let ask = |actor: &'static str, group: &str, body: Value| {
        let (path, sidecar) = (format!("/groups/{group}/join-requests"), &sidecar);
        async move { sidecar.call_as(actor, Method::POST, &path, body).await }
    };
    let hello = json!({"message": "Hello"});
    for (actor, group, body, status, rule) in [
        ("carl", "private", hello.clone(), 404, Value::Null),
        ("carl", "none", hello.clone(), 404, Value::Null),
        ("carl", "open", hello.clone(), 403, json!("F5")),
        ("ben", "closed", hello.clone(), 403, json!("F5")),
        ("ben", "private", hello.clone(), 403, json!("F5")),
        ("stranger", "closed", hello.clone(), 404, Value::Null),
        ("carl", "closed", json!({}), 400, Value::Null),
        ("carl", "closed", json!({"message": "a", "to": "b"}), 400, Value::Null),
        ("carl", "closed", json!({"message": "a".repeat(2001)}), 422, Value::Null),
    ] {
        let reply = ask(actor, group, body).await;
        assert_eq!((reply.status, &reply.body["rule"]), (status, &rule), "{actor} {group} {}", reply.body);
    }
    let nobody = sidecar.post("/groups/closed/join-requests", hello.clone()).await;
    assert_eq!((nobody.status, &nobody.body["field"]), (400, &json!("Conclave-Actor")));

    let asked = ask("carl", "closed", hello.clone()).await.ok();
    assert!(asked.status == 201 && asked.revision > 0);
    assert_eq!((&asked.body["user"], &asked.body["message"]), (&json!("carl"), &json!("Hello")));
    let again = ask("carl", "closed", hello).await;
    assert_eq!((again.status, &again.body["rule"]), (409, &json!("F5")));

    let path = "/groups/closed/join-requests";
    assert_eq!(get_as(&sidecar, "ben", path).await.status, 403);
    assert_eq!(get_as(&sidecar, "carl", path).await.status, 403);
    for listed in [sidecar.get(path).await.ok(), get_as(&sidecar, "anna", path).await.ok()] {
        assert_eq!(listed.body, json!({"join_requests": [asked.body], "next_page_token": null}));
    }
    assert!(sidecar.admit("closed", "carl").await);
    assert_eq!(sidecar.get(path).await.ok().body["join_requests"], json!([]));
    sidecar.stop().await;
}

#[tokio::test]
async fn f5_a_request_is_withdrawn_by_the_person_or_dismissed_by_the_administrator() {
    let sidecar = start().await;
    let asked = sidecar.call_as("carl", Method::POST, "/groups/closed/join-requests", json!({"message": ""})).await;
    let path = format!("/groups/closed/join-requests/{}", asked.ok().body["id"].as_str().unwrap());
    let close = async |actor: &str| sidecar.call_as(actor, Method::DELETE, &path, Value::Null).await;
    let ben = close("ben").await;
    assert_eq!((ben.status, &ben.body["rule"]), (403, &json!("A10")));
    assert_eq!(sidecar.delete("/groups/open/join-requests/x").await.status, 404);
    assert_eq!(close("carl").await.ok().status, 204);
    for again in [close("anna").await, sidecar.delete(&path).await] {
        assert_eq!((again.status, &again.body["rule"]), (409, &json!("F5")));
    }
    sidecar.stop().await;
}
