//! What hosts were told is in the decision log, whichever way they asked.

use crate::sidecar::TestSidecar;
use conclave::check::CacheUse;
use conclave::decision_log::{Record, read};
use conclave::domain::Decision;
use serde_json::{Value, json};
use std::io::BufReader;
use std::path::Path;
use tempfile::TempDir;

fn records(path: &Path) -> Vec<Record> {
    read(BufReader::new(std::fs::File::open(path).unwrap())).collect::<Result<_, _>>().unwrap()
}

fn question(user: &str) -> Value {
    let resource = "Tool::\"group:sales/documents\"";
    json!({"principal": format!("User::\"{user}\""), "action": "Action::\"view\"", "resource": resource})
}

fn evaluation(user: &str) -> Value {
    let resource = json!({"type": "Tool", "id": "group:sales/documents"});
    json!({"subject": {"type": "User", "id": user}, "action": {"name": "view"}, "resource": resource})
}

async fn logging(folder: &TempDir) -> TestSidecar {
    let file = folder.path().join("decisions.jsonl");
    TestSidecar::new().with_demo().configured(|config| config.decision_log.file = Some(file)).start().await
}

#[tokio::test]
async fn every_way_of_asking_is_recorded_hits_as_well() {
    let folder = TempDir::new().unwrap();
    let sidecar = logging(&folder).await;
    let digest = sidecar.get("/policies").await.ok().body["digest"].as_str().unwrap().to_owned();
    let (member, stranger) = (question("secretary"), question("workman-1"));
    let evaluations = json!({"evaluations": [evaluation("secretary"), evaluation("workman-1"), {"subject": 1}]});
    let asked = [
        ("/v1/is_authorized", member.clone(), vec![(Decision::Allow, CacheUse::Miss)]),
        ("/v1/is_authorized", member.clone(), vec![(Decision::Allow, CacheUse::Hit)]),
        (
            "/v1/is_authorized/batch",
            json!({"requests": [member, stranger]}),
            vec![(Decision::Allow, CacheUse::Hit), (Decision::Deny, CacheUse::Miss)],
        ),
        (
            "/v1/is_authorized/batch",
            json!({"requests": [member, stranger]}),
            vec![(Decision::Allow, CacheUse::Hit), (Decision::Deny, CacheUse::Hit)],
        ),
        ("/access/v1/evaluation", evaluation("secretary"), vec![(Decision::Allow, CacheUse::Hit)]),
        ("/access/v1/evaluations", evaluation("secretary"), vec![(Decision::Allow, CacheUse::Hit)]),
        (
            "/access/v1/evaluations",
            evaluations,
            vec![(Decision::Allow, CacheUse::Hit), (Decision::Deny, CacheUse::Hit)],
        ),
        ("/v1/explain", member.clone(), vec![(Decision::Allow, CacheUse::Miss)]),
        ("/access/v1/search/resource", evaluation("secretary"), vec![]),
    ];
    let mut expected = Vec::new();
    for (path, body, decisions) in asked {
        sidecar.access(path, body.to_string()).await.ok();
        expected.extend(decisions);
    }
    // What has no answer has no record.
    assert_eq!(sidecar.access("/v1/is_authorized", json!({"principal": 1}).to_string()).await.status, 400);
    sidecar.stop().await;
    let records = records(&folder.path().join("decisions.jsonl"));
    let known: Vec<_> = records.iter().map(|record| (record.decision, record.cache)).collect();
    assert_eq!(known, expected);
    for record in records {
        let (user, policies): (_, &[&str]) = match record.decision {
            Decision::Allow => ("secretary", &["group-content-view"]),
            Decision::Deny => ("workman-1", &[]),
        };
        assert_eq!(record.principal, format!("User::\"{user}\""));
        assert_eq!(record.determining_policies, policies);
        assert_eq!((&record.policy_digest, record.errors.len()), (&digest, 0));
        assert!(record.revision.0 > 0 && record.timestamp.ends_with('Z'), "{record:?}");
    }
}

#[tokio::test]
async fn a_decision_that_rested_on_lent_facts_says_so() {
    let folder = TempDir::new().unwrap();
    let sidecar = logging(&folder).await;
    let mut lending = question("secretary");
    lending["entities"] = json!([{"uid": {"type": "Item", "id": "unsaved"}, "attrs": {},
        "parents": [{"type": "Tool", "id": "group:direction/documents"}]}]);
    for body in [question("secretary"), lending] {
        sidecar.access("/v1/is_authorized", body.to_string()).await.ok();
    }
    sidecar.stop().await;
    let records = records(&folder.path().join("decisions.jsonl"));
    assert_eq!(records.iter().map(|record| record.is_lent).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn the_digest_is_that_of_the_policies_that_decided() {
    let folder = TempDir::new().unwrap();
    let (policies, file) = (folder.path().join("policies"), folder.path().join("decisions.jsonl"));
    crate::reload::stage::copy("policies", &policies);
    let sidecar = TestSidecar::new().with_demo().configured(|config| {
        (config.policies, config.decision_log.file) = (Some(policies.clone()), Some(file.clone()));
    });
    let sidecar = sidecar.start().await;
    let mut digests = Vec::new();
    for number in 0..3 {
        let own = format!("@id(\"own-{number}\") forbid (principal, action == Action::\"view\", resource);");
        std::fs::write(policies.join("own.cedar"), own).unwrap();
        let set = sidecar.post("/policies/reload", Value::Null).await.ok().body;
        for _ in 0..2 {
            sidecar.access("/v1/is_authorized", question("secretary").to_string()).await.ok();
            digests.push((set["digest"].as_str().unwrap().to_owned(), vec![format!("own-{number}")]));
        }
    }
    sidecar.stop().await;
    let recorded = records(&file).into_iter().map(|record| {
        let policies: Vec<_> = record.determining_policies.iter().map(ToString::to_string).collect();
        (record.policy_digest, policies)
    });
    assert_eq!(recorded.collect::<Vec<_>>(), digests);
}

#[tokio::test]
async fn its_numbers_are_in_the_metrics() {
    let folder = TempDir::new().unwrap();
    let sidecar = logging(&folder).await;
    sidecar.access("/v1/is_authorized", question("secretary").to_string()).await.ok();
    let token = format!("Bearer {}", sidecar.token());
    let text = sidecar.get_admin_as("/metrics", Some(&token)).await.body.as_str().unwrap().to_owned();
    for line in ["conclave_decision_log_dropped_total 0", "# TYPE conclave_decision_log_written_total counter"] {
        assert!(text.lines().any(|shown| shown == line), "{line} not in\n{text}");
    }
    sidecar.stop().await;
}
