//! `POST /v1/explain` and `conclave explain`: the decision is the decision, and what would allow it does.

mod golden;
mod suggested;

use crate::differential::Question;
use crate::sidecar::{Answer, Reply, TestSidecar};
use crate::world::reference;
use reqwest::Method;
use serde_json::{Value, json};

/// A question as it is asked.
pub fn body(principal: &str, action: &str, resource: (&str, &str), context: &Value) -> Value {
    json!({
        "principal": reference("User", principal),
        "action": reference("Action", action),
        "resource": reference(resource.0, resource.1),
        "context": context,
    })
}

pub async fn explain(sidecar: &TestSidecar, body: &Value) -> Value {
    let reply = sidecar.access("/v1/explain", body.to_string()).await;
    assert_eq!(reply.status, 200, "{body}: {}", reply.body);
    reply.body
}

/// Explains a question that was answered before at the same state of the world: what is said must be of that answer,
/// and must hang together.
pub async fn agrees(sidecar: &TestSidecar, asked: &Question, answer: &Answer) {
    let body = body(&asked.principal, asked.action, (asked.resource.0, &asked.resource.1), &asked.context);
    let explained = explain(sidecar, &body).await;
    assert_eq!(explained["decision"], answer.decision, "{body}");
    assert_eq!(explained["diagnostics"]["reason"], json!(answer.reasons), "{body}");
    assert_eq!(explained["diagnostics"]["errors"], json!(answer.errors), "{body}");
    assert_eq!(explained["revision"], answer.revision, "{body}");
    hangs_together(&explained);
}

fn hangs_together(explained: &Value) {
    let list = |name: &str| explained[name].as_array().unwrap().clone();
    assert!(explained["reason"].as_str().unwrap().len() > 10, "{explained}");
    let mut ids: Vec<_> = list("determining").iter().map(|policy| policy["id"].clone()).collect();
    ids.sort_by_key(ToString::to_string);
    assert_eq!(json!(ids), explained["diagnostics"]["reason"], "{explained}");
    for policy in list("determining") {
        let effect = if explained["decision"] == "Allow" { "permit" } else { "forbid" };
        assert_eq!(policy["effect"], effect, "{explained}");
        assert!(policy["conditions"].as_array().unwrap().iter().all(|one| one["result"] == "holds"), "{explained}");
        assert!(!policy["facts"].as_array().unwrap().is_empty(), "{policy}");
        grants_sit_on_the_chain(explained, &policy);
    }
    let is_allowed = explained["decision"] == "Allow";
    assert!(!is_allowed || list("closest").is_empty() && list("would_allow").is_empty(), "{explained}");
    let is_overruled = !list("determining").is_empty();
    for policy in list("closest") {
        let holds = policy["conditions"].as_array().unwrap().iter().all(|one| one["result"] == "holds");
        assert!(is_overruled || !holds, "{explained}");
    }
}

fn grants_sit_on_the_chain(explained: &Value, policy: &Value) {
    let facts = policy["facts"].as_array().unwrap();
    for fact in facts.iter().filter(|fact| fact["kind"] == "grant") {
        let place = explained["chain"].as_array().unwrap().iter().find(|place| place["resource"] == fact["on"]);
        let grant = json!({"right": fact["right"], "to": fact["to"]});
        assert!(place.unwrap()["grants"].as_array().unwrap().contains(&grant), "{fact}: {explained}");
    }
}

async fn in_language(sidecar: &TestSidecar, asked: &Value, accept: &str) -> Reply {
    let headers = [("accept-language", accept.to_owned())];
    sidecar.access_with("/v1/explain", asked.to_string(), &headers).await.ok()
}

#[tokio::test]
async fn e_who_does_what_the_answer_says_is_allowed() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let asked = body("salesman-1", "add", ("Tool", "group:production/documents"), &json!({}));
    let explained = explain(&sidecar, &asked).await;
    assert_eq!(explained["decision"], "Deny");
    assert_eq!(explained["reason"], "Only people in the group “production” may do this.");
    assert_eq!(
        explained["groups"],
        json!([
            {"group": "company", "role": "member"}, {"group": "sales", "role": "member"}
        ])
    );
    assert_eq!(explained["chain"], json!([{"resource": "Tool::\"group:production/documents\"", "grants": []}]));
    let shortest = &explained["would_allow"][0];
    assert_eq!(
        shortest["changes"],
        json!([
            {"kind": "role", "role": "member", "group": "production"},
            {"kind": "grant", "right": "add", "on": ["Tool::\"group:production/documents\""],
             "to": [{"user": "salesman-1"}, {"group": "production"}]},
        ])
    );
    assert_eq!(
        explained["would_allow"][1]["changes"][1],
        json!({"kind": "role", "role": "co-administrator", "group": "production"})
    );
    // Done on the director's behalf, who administers the group.
    assert!(sidecar.admit("production", "salesman-1").await);
    let grant = &shortest["changes"][1];
    let grant = json!({"resource": grant["on"][0], "right": grant["right"], "to": grant["to"][0]});
    sidecar.call_as("director", Method::PUT, "/grants", grant).await.ok();
    let explained = explain(&sidecar, &asked).await;
    assert_eq!((&explained["decision"], &explained["diagnostics"]["reason"]), (&json!("Allow"), &shortest["by"]));
    assert_eq!(explained["reason"], "salesman-1 was given the right to add on “documents” of the group “production”.");
    let facts: Vec<_> =
        explained["determining"][0]["facts"].as_array().unwrap().iter().map(|fact| &fact["text"]).collect();
    assert_eq!(
        facts,
        [
            "`salesman-1` is in the group `production`",
            "`salesman-1` was granted `add` on Tool::\"group:production/documents\"",
        ]
    );
    sidecar.stop().await;
}

#[tokio::test]
async fn t1_the_reason_comes_in_the_language_that_is_liked_best() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let asked = body("salesman-1", "add", ("Folder", "plans"), &json!({}));
    for (accept, language, reason) in [
        ("", "en", "Only people in the group “production” may do this."),
        ("fr", "en", "Only people in the group “production” may do this."),
        ("it-CH, en;q=0.5", "it", "Possono farlo solo le persone del gruppo «production»."),
        ("en;q=0.1, nl", "nl", "Alleen mensen in de groep “production” mogen dit."),
        ("fr, es;q=0.2, en;q=0.1", "es", "Solo pueden hacerlo las personas del grupo «production»."),
        ("\u{1F600}, ;;q=", "en", "Only people in the group “production” may do this."),
    ] {
        assert_eq!(in_language(&sidecar, &asked, accept).await.body["reason"], reason, "{accept}");
        let sent = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{}/v1/explain", sidecar.access_address());
        let response = sent.post(url).header("accept-language", accept).json(&asked).send().await.unwrap();
        assert_eq!(response.headers()["content-language"], language, "{accept}");
        assert_eq!(response.headers()["vary"], "accept-language");
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn what_is_not_stored_is_said_to_be_so() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    for (principal, resource, missing) in [
        ("nobody", ("Folder", "plans"), json!(["User::\"nobody\""])),
        ("director", ("Item", "no \"such\" item"), json!(["Item::\"no \\\"such\\\" item\""])),
        ("director", ("Tool", "no tool"), json!(["Tool::\"no tool\""])),
        ("nobody", ("Folder", "nothing"), json!(["User::\"nobody\"", "Folder::\"nothing\""])),
    ] {
        let explained = explain(&sidecar, &body(principal, "view", resource, &json!({}))).await;
        assert_eq!(explained["decision"], "Deny");
        assert_eq!(explained["not_stored"], missing);
        let first = missing[0].as_str().unwrap();
        assert_eq!(explained["reason"], format!("{first} is not known here."));
        assert_eq!(explained["would_allow"], json!([]));
    }
    sidecar.stop().await;
}

#[tokio::test]
async fn p6_a_forbid_that_holds_is_shown_with_what_it_saw() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let asked = body("director", "add", ("Tool", "group:sales/documents"), &json!({"size": 100_000_000_000_i64}));
    let explained = explain(&sidecar, &asked).await;
    assert_eq!(explained["decision"], "Deny");
    assert_eq!(explained["reason"], "There is not enough room in “documents” of the group “sales”.");
    let forbid = &explained["determining"][0];
    assert_eq!(
        (&forbid["id"], &forbid["effect"], &forbid["rule"]),
        (&json!("capacity"), &json!("forbid"), &json!("P6"))
    );
    assert_eq!(forbid["conditions"][2]["text"], "context.size > resource.quota.free");
    assert_eq!(explained["would_allow"][0]["changes"][0]["kind"], "room");
    sidecar.stop().await;
}

#[tokio::test]
async fn an_explanation_is_of_the_newest_state_and_at_least_of_the_revision_asked_for() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let asked = body("salesman-1", "add", ("Tool", "group:sales/documents"), &json!({}));
    let path = "/groups/sales/co-administrators/salesman-1";
    for _ in 0..20 {
        for (method, decision) in [(Method::PUT, "Allow"), (Method::DELETE, "Deny")] {
            let revision = sidecar.call_as("director", method, path, json!({})).await.ok().revision;
            let headers = [("conclave-min-revision", revision.to_string())];
            let reply = sidecar.access_with("/v1/explain", asked.to_string(), &headers).await.ok();
            assert_eq!((&reply.body["decision"], reply.body["revision"].as_u64()), (&json!(decision), Some(revision)));
        }
    }
    let headers = [("conclave-min-revision", "1000000".to_owned())];
    assert_eq!(sidecar.access_with("/v1/explain", asked.to_string(), &headers).await.status, 503);
    let headers = [("conclave-min-revision", "x".to_owned())];
    assert_eq!(sidecar.access_with("/v1/explain", asked.to_string(), &headers).await.status, 400);
    sidecar.stop().await;
}

#[tokio::test]
async fn what_is_no_question_is_refused_as_everywhere() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let good = body("director", "view", ("Folder", "plans"), &json!({}));
    let with = |field: &str, value: Value| {
        let mut body = good.clone();
        body[field] = value;
        body.to_string()
    };
    for (field, body) in [
        ("principal", with("principal", json!("User::director"))),
        ("principal", with("principal", json!("Robot::\"x\""))),
        ("action", with("action", json!("Action::\"fly\""))),
        ("resource", with("resource", json!("Planet::\"x\""))),
        ("context.surprise", with("context", json!({"surprise": 1}))),
        ("surprise", with("surprise", json!(1))),
        ("action", r#"{"principal":"User::\"a\"","resource":"Item::\"b\""}"#.to_owned()),
    ] {
        let reply = sidecar.access("/v1/explain", body.clone()).await;
        assert_eq!((reply.status, reply.content_type.as_str()), (400, "application/problem+json"), "{body}");
        assert_eq!(reply.body["field"], field, "{body}: {}", reply.body);
    }
    for body in ["", "{", "[]", "null"] {
        assert_eq!(sidecar.access("/v1/explain", body.to_owned()).await.status, 400, "{body}");
    }
    let large = with("resource", json!(format!("Item::\"{}\"", "x".repeat(70_000))));
    assert_eq!(sidecar.access("/v1/explain", large).await.status, 413);
    assert_eq!(sidecar.get_access("/v1/explain").await.status, 405);
    sidecar.stop().await;
}

#[tokio::test]
async fn what_is_lent_is_explained_by_where_it_hangs() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let mut asked = body("workman-2", "delete", ("Item", "draft"), &json!({}));
    let author = json!({"type": "User", "id": "workman-2"});
    asked["entities"] =
        json!([{"uid": "Item::\"draft\"", "attrs": {"author": author}, "parents": ["Folder::\"plans\""]}]);
    let explained = explain(&sidecar, &asked).await;
    assert_eq!(explained["decision"], "Deny");
    let places: Vec<_> = explained["chain"].as_array().unwrap().iter().map(|place| &place["resource"]).collect();
    assert_eq!(places, ["Item::\"draft\"", "Folder::\"plans\"", "Tool::\"group:production/documents\""]);
    assert_eq!(
        explained["would_allow"][0]["changes"],
        json!([
            {"kind": "grant", "right": "delete", "on": places[1..], "to": [{"user": "workman-2"}, {"group": "production"}]}
        ])
    );
    asked["action"] = json!("Action::\"edit\"");
    let explained = explain(&sidecar, &asked).await;
    assert_eq!((&explained["decision"], &explained["reason"]), (&json!("Allow"), &json!("workman-2 is the author.")));
    asked["entities"][0]["parents"] = json!(["Group::\"sales\""]);
    assert_eq!(sidecar.access("/v1/explain", asked.to_string()).await.status, 400);
    sidecar.stop().await;
}
