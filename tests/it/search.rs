//! The three searches: which resources, who, and what, held against one question after the other.

mod described;
mod differential;
mod limits;
mod pages;
mod refused;
mod worked;

use crate::sidecar::{Reply, TestSidecar};
use crate::world::reference;
use serde_json::{Value, json};

/// What is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Subject,
    Resource,
    Action,
}

impl Kind {
    fn path(self) -> &'static str {
        match self {
            Self::Subject => "/access/v1/search/subject",
            Self::Resource => "/access/v1/search/resource",
            Self::Action => "/access/v1/search/action",
        }
    }
}

/// To what may this user do it?
fn resources(user: &str, action: &str, kind: &str, context: &Value) -> Value {
    json!({"subject": {"type": "User", "id": user}, "action": {"name": action}, "resource": {"type": kind}, "context": context})
}

/// Which users may do it to this?
fn subjects(action: &str, (kind, id): (&str, &str), context: &Value) -> Value {
    json!({"subject": {"type": "User"}, "action": {"name": action}, "resource": {"type": kind, "id": id}, "context": context})
}

/// What may this user do here?
fn actions(user: &str, (kind, id): (&str, &str), context: &Value) -> Value {
    json!({"subject": {"type": "User", "id": user}, "resource": {"type": kind, "id": id}, "context": context})
}

/// One page.
async fn page(sidecar: &TestSidecar, kind: Kind, query: &Value, page: Value) -> Reply {
    let mut body = query.clone();
    body["page"] = page;
    sidecar.access(kind.path(), body.to_string()).await
}

/// The ids (or names) of a page.
fn ids(reply: &Reply) -> Vec<String> {
    let id = |result: &Value| result.get("id").or_else(|| result.get("name")).unwrap().as_str().unwrap().to_owned();
    reply.body["results"].as_array().expect("results").iter().map(id).collect()
}

/// Whether it was `filtered` or `scanned`.
fn way(reply: &Reply) -> &str {
    reply.headers.get("conclave-search").unwrap().to_str().unwrap()
}

fn next(reply: &Reply) -> Option<String> {
    let token = reply.body["page"]["next_token"].as_str().expect("a token, perhaps an empty one");
    (!token.is_empty()).then(|| token.to_owned())
}

/// All pages of `limit` results: nothing twice, one revision. Pages that found nothing within their cost are gone on from.
async fn all(sidecar: &TestSidecar, kind: Kind, query: &Value, limit: usize) -> Vec<String> {
    let (mut found, mut token, mut revision) = (Vec::new(), None, None);
    loop {
        let wanted = token.take().map_or_else(|| json!({"limit": limit}), |token: String| json!({"token": token}));
        let reply = page(sidecar, kind, query, wanted).await;
        if reply.status == 200 {
            assert_eq!(*revision.get_or_insert(reply.revision), reply.revision, "{query}");
            let more = ids(&reply);
            assert!(more.len() <= limit, "{query}");
            assert_eq!(reply.body["page"]["count"], more.len());
            found.extend(more);
        } else {
            assert_eq!(reply.status, 503, "{query}: {}", reply.body);
        }
        token = next(&reply);
        if token.is_none() {
            break;
        }
    }
    let mut once = found.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), found.len(), "something was found twice: {query} {found:?}");
    found
}

/// The questions' decisions, one by one.
async fn allowed(sidecar: &TestSidecar, questions: &[Value]) -> Vec<bool> {
    let mut decisions = Vec::new();
    for some in questions.chunks(400) {
        let reply = sidecar.access("/v1/is_authorized/batch", json!({ "requests": some }).to_string()).await.ok();
        let responses = reply.body["responses"].as_array().unwrap();
        decisions.extend(responses.iter().map(|response| response["decision"] == "Allow"));
    }
    decisions
}

fn question(user: &str, action: &str, (kind, id): (&str, &str), context: &Value) -> Value {
    json!({
        "principal": reference("User", user), "action": reference("Action", action),
        "resource": reference(kind, id), "context": context,
    })
}
