//! Bad input, tokens of others, and what is answered with nothing.

use super::{Kind, ids, next, page, pages::database, resources, subjects};
use crate::sidecar::TestSidecar;
use serde_json::{Value, json};

fn none() -> Value {
    json!({})
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let good = resources("director", "view", "Tool", &none());
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = good.clone();
        change(&mut body);
        body
    };
    let without = |field: &str| with(&|body| drop(body.as_object_mut().unwrap().remove(field)));
    for (body, field) in [
        (without("subject"), "subject"),
        (without("action"), "action"),
        (without("resource"), "resource"),
        (with(&|body| body["subject"] = json!({"type": "User"})), "subject.id"),
        (with(&|body| body["subject"] = json!({"id": "director"})), "subject.type"),
        (with(&|body| body["subject"]["id"] = json!(3)), "subject.id"),
        (with(&|body| body["resource"] = json!({})), "resource.type"),
        (with(&|body| body["action"] = json!({})), "action.name"),
        (with(&|body| body["context"] = json!([])), "context"),
        (with(&|body| body["subject"] = json!(["User", "director"])), "subject"),
        (with(&|body| body["page"] = json!([])), "page"),
        (with(&|body| body["page"] = json!({"limit": -1})), "page.limit"),
        (with(&|body| body["page"] = json!({"limit": "10"})), "page.limit"),
        (with(&|body| body["page"] = json!({"token": 3})), "page.token"),
        (with(&|body| body["page"] = json!({"token": "no token"})), "page.token"),
        (with(&|body| body["page"] = json!({"token": "6162"})), "page.token"),
    ] {
        let reply = sidecar.access(Kind::Resource.path(), body.to_string()).await;
        assert_eq!((reply.status, reply.body["field"].as_str()), (400, Some(field)), "{body}: {}", reply.body);
        assert_eq!(reply.content_type, "application/problem+json");
    }
    for body in ["", "{", "[]", "null"] {
        assert_eq!(sidecar.access(Kind::Subject.path(), body.to_owned()).await.status, 400, "{body}");
    }
    let profile = subjects("view_profile", ("User", "director"), &json!({"field": 3}));
    let reply = page(&sidecar, Kind::Subject, &profile, none()).await;
    assert_eq!((reply.status, reply.body["field"].as_str()), (400, Some("context.field")), "{}", reply.body);
    sidecar.stop().await;
}

/// Of a type that the schema does not have, or not for this action, there is nothing; and nothing is allowed to those
/// who are not there.
#[tokio::test]
async fn unknown_types_and_strangers_find_nothing() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let view = |subject: (&str, &str), kind: &str| json!({"subject": {"type": subject.0, "id": subject.1}, "action": {"name": "view"}, "resource": {"type": kind}});
    for query in [
        view(("User", "director"), "Nonsense"),
        view(("User", "director"), "not a type"),
        view(("User", "director"), "Group"),
        view(("User", "director"), "Role"),
        view(("Robot", "director"), "Tool"),
        view(("User", "nobody"), "Tool"),
        view(("User", "\u{0}"), "Tool"),
        resources("director", "veiw", "Tool", &none()),
    ] {
        let reply = page(&sidecar, Kind::Resource, &query, none()).await;
        assert_eq!((reply.status, ids(&reply), next(&reply)), (200, vec![], None), "{query}: {}", reply.body);
    }
    let query = subjects("view", ("Item", "nothing"), &none());
    assert_eq!(ids(&page(&sidecar, Kind::Subject, &query, none()).await), Vec::<String>::new());
    let query = json!({"subject": {"type": "User", "id": "nobody"}, "resource": {"type": "Robot", "id": "1"}});
    assert_eq!(ids(&page(&sidecar, Kind::Action, &query, none()).await), Vec::<String>::new());
    sidecar.stop().await;
}

/// The id of what is searched, unknown fields and other context are passed over; a request's id comes back.
#[tokio::test]
async fn what_does_not_matter_is_passed_over() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let plain = resources("salesman-1", "view", "Tool", &none());
    let mut more = plain.clone();
    more["resource"]["id"] = json!("user:director/calendar");
    more["resource"]["properties"] = json!({"a": 1.5});
    more["action"]["properties"] = json!({"reason": "curious"});
    more["context"] = json!({"time": "2024-10-26T01:22-07:00", "nested": {"x": [1, 2.5, null]}});
    more["unknown"] = json!([]);
    let headers = [("x-request-id", "Ünï 42".to_owned())];
    let plain = page(&sidecar, Kind::Resource, &plain, none()).await;
    let reply = sidecar.access_with(Kind::Resource.path(), more.to_string(), &headers).await;
    assert_eq!((reply.status, ids(&reply)), (200, ids(&plain)));
    assert_eq!(reply.headers["x-request-id"], headers[0].1.as_bytes());
    let reply = sidecar.access_with(Kind::Resource.path(), "{".to_owned(), &headers).await;
    assert_eq!((reply.status, reply.headers["x-request-id"].as_bytes()), (400, headers[0].1.as_bytes()));
    let headers = [("conclave-min-revision", "999999".to_owned())];
    for kind in [Kind::Resource, Kind::Subject, Kind::Action] {
        let body = json!({"subject": {"type": "User", "id": "director"}, "action": {"name": "view"},
            "resource": {"type": "Tool", "id": "group:sales/documents"}});
        let reply = sidecar.access_with(kind.path(), body.to_string(), &headers).await;
        assert_eq!(reply.status, 503, "{}", reply.body);
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn a_token_is_good_for_its_own_search_alone() {
    let sidecar = TestSidecar::new().on(&database().await).start().await;
    let view = resources("ann", "view", "Item", &none());
    let first = page(&sidecar, Kind::Resource, &view, json!({"limit": 10})).await.ok();
    let token = next(&first).unwrap();
    let same = page(&sidecar, Kind::Resource, &view, json!({"token": token, "limit": 10})).await.ok();
    let without = page(&sidecar, Kind::Resource, &view, json!({ "token": token })).await.ok();
    assert_eq!(ids(&same), ids(&without));
    assert_eq!(ids(&without).len(), 10);
    let other = page(&sidecar, Kind::Resource, &view, json!({"token": token, "limit": 11})).await;
    assert_eq!((other.status, other.body["field"].as_str()), (400, Some("page.limit")), "{}", other.body);
    for query in [
        resources("ben", "view", "Item", &none()),
        resources("ann", "delete", "Item", &none()),
        resources("ann", "view", "Folder", &none()),
    ] {
        let reply = page(&sidecar, Kind::Resource, &query, json!({ "token": token })).await;
        assert_eq!((reply.status, reply.body["field"].as_str()), (400, Some("page.token")), "{}", reply.body);
    }
    let mut altered = token.clone();
    let last = altered.pop().unwrap();
    altered.push(if last == '0' { '1' } else { '0' });
    for bad in [altered.as_str(), &token[..token.len() - 2], &format!("{token}00"), "é"] {
        let reply = page(&sidecar, Kind::Resource, &view, json!({ "token": bad })).await;
        assert_eq!((reply.status, reply.body["field"].as_str()), (400, Some("page.token")), "{}", reply.body);
    }
    // An empty token is none: it is how the last page says that there is no more.
    let again = page(&sidecar, Kind::Resource, &view, json!({"token": "", "limit": 10})).await.ok();
    assert_eq!(ids(&again), ids(&first));
    let nothing = page(&sidecar, Kind::Resource, &view, json!({"limit": 0})).await.ok();
    assert!(ids(&nothing).is_empty() && next(&nothing).is_some());
    sidecar.stop().await;
}
