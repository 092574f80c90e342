//! What `/metrics` and `/readyz` say, and that the board, the alerts and the runbook speak of what there is.

use crate::reload::stage::Stage;
use crate::sidecar::TestSidecar;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tempfile::TempDir;

/// A page of metrics: the kind of each, and each line's value by its name with labels.
struct Metrics {
    kinds: BTreeMap<String, String>,
    values: BTreeMap<String, String>,
}

impl Metrics {
    async fn of(sidecar: &TestSidecar) -> Self {
        let token = format!("Bearer {}", sidecar.token());
        let reply = sidecar.get_admin_as("/metrics", Some(&token)).await.ok();
        assert_eq!(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
        let (mut kinds, mut values) = (BTreeMap::new(), BTreeMap::new());
        for line in reply.body.as_str().unwrap().lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert_eq!(kinds.insert(name.to_owned(), kind.to_owned()), None, "{name} stands there twice");
            } else if !line.starts_with('#') {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert_eq!(values.insert(name.to_owned(), value.to_owned()), None, "{name} stands there twice");
                assert!(value.parse::<f64>().is_ok(), "{line}");
            }
        }
        Self { kinds, values }
    }

    /// A whole number.
    #[track_caller]
    fn get(&self, name: &str) -> i64 {
        self.values.get(name).expect(name).parse().unwrap()
    }

    #[track_caller]
    fn seconds(&self, name: &str) -> f64 {
        self.values.get(name).expect(name).parse().unwrap()
    }

    /// By how much each of these rose since `before`.
    #[track_caller]
    fn rose<const N: usize>(&self, before: &Self, names: [&str; N]) -> [i64; N] {
        names.map(|name| self.get(name) - before.get(name))
    }

    /// What a name in a query is of: of a histogram there are three series.
    fn has(&self, name: &str) -> bool {
        let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        self.kinds.contains_key(name)
            || histogram.is_some_and(|base| self.kinds.get(base).is_some_and(|kind| kind == "histogram"))
    }
}

fn file(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Every metric that a text names.
fn named(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts = text.match_indices("conclave_").map(|(at, _)| &text[at..]);
    starts.map(|rest| rest.chars().take_while(|c| is_name(*c)).collect()).collect()
}

/// With everything switched on that adds to the page.
async fn with_all(folder: &TempDir) -> TestSidecar {
    let log = folder.path().join("decisions.jsonl");
    let sidecar = TestSidecar::new().with_demo().configured(|config| {
        config.decision_log.file = Some(log);
        config.otlp_endpoint = Some("http://127.0.0.1:9/v1/traces".to_owned());
    });
    sidecar.start().await
}

#[tokio::test]
async fn board_alerts_and_runbook_name_what_there_is() {
    let folder = TempDir::new().unwrap();
    let sidecar = with_all(&folder).await;
    let metrics = Metrics::of(&sidecar).await;
    sidecar.stop().await;
    let runbook = file("docs/operations.md");
    for (path, text) in [
        ("dashboard", file("examples/monitoring/dashboard.json")),
        ("alerts", file("examples/monitoring/alerts.yaml")),
        ("runbook", runbook.clone()),
    ] {
        let names = named(&text);
        assert!(names.len() > 15, "{path} names {} metrics", names.len());
        for name in names {
            assert!(metrics.has(&name), "{path} names {name}, which /metrics does not have");
        }
    }
    let described = named(&runbook);
    for (name, kind) in &metrics.kinds {
        assert!(described.contains(name), "{name} is not described in docs/operations.md");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        assert!(kind != "histogram" || name.ends_with("_seconds"), "{name} is a {kind}");
    }
    let board: Value = serde_json::from_str(&file("examples/monitoring/dashboard.json")).unwrap();
    assert!(board["panels"].as_array().unwrap().len() > 10);
}

#[test]
fn every_alert_has_its_section_in_the_runbook() {
    let rules: Value = serde_saphyr::from_str(&file("examples/monitoring/alerts.yaml")).unwrap();
    let runbook = file("docs/operations.md");
    let sections: BTreeSet<_> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("## Conclave"))
        .map(|rest| format!("Conclave{rest}"))
        .collect();
    let mut alerts = BTreeSet::new();
    for rule in rules["groups"].as_array().unwrap().iter().flat_map(|group| group["rules"].as_array().unwrap()) {
        let name = rule["alert"].as_str().unwrap();
        assert!(alerts.insert(name.to_owned()), "{name} stands there twice");
        let place = format!("docs/operations.md#{}", name.to_lowercase());
        assert_eq!(rule["annotations"]["runbook_url"], place, "{name}");
        assert!(["critical", "warning", "info"].contains(&rule["labels"]["severity"].as_str().unwrap()), "{name}");
        let expression = rule["expr"].as_str().unwrap();
        assert_eq!(expression.matches('(').count(), expression.matches(')').count(), "{name}: {expression}");
    }
    assert_eq!(alerts, sections);
    for section in runbook.split("\n## Conclave").skip(1) {
        let section = section.split("\n## ").next().unwrap();
        for part in ["**Means**", "**Users notice**", "**Look"] {
            assert!(section.contains(part), "no {part} in Conclave{section}");
        }
        assert!(section.contains("**Do**") || section.contains("and do**"), "nothing to do in Conclave{section}");
    }
}

fn alerts(file: &str, list: &str, name: &str) -> Vec<Value> {
    let read: Value = serde_saphyr::from_str(file).unwrap();
    let groups = read[list].as_array().unwrap().iter();
    groups.flat_map(|group| group[name].as_array().unwrap().clone()).collect()
}

#[test]
fn every_alert_is_tried_both_silent_and_firing() {
    let rules = alerts(&file("examples/monitoring/alerts.yaml"), "groups", "rules");
    let names: BTreeSet<_> = rules.iter().map(|rule| rule["alert"].as_str().unwrap()).collect();
    let tried = alerts(&file("examples/monitoring/alerts.test.yaml"), "tests", "alert_rule_test");
    for fires in [true, false] {
        let tried = tried.iter().filter(|case| case["exp_alerts"].as_array().unwrap().is_empty() != fires);
        let tried: BTreeSet<_> = tried.map(|case| case["alertname"].as_str().unwrap()).collect();
        assert_eq!(tried, names, "firing: {fires}");
    }
}

#[test]
fn prometheus_takes_the_alerts_and_fires_them_when_it_should() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/monitoring");
    for arguments in [["check", "rules", "alerts.yaml"], ["test", "rules", "alerts.test.yaml"]] {
        let ran = match std::process::Command::new("promtool").args(arguments).current_dir(folder).output() {
            Ok(ran) => ran,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                println!("left out: there is no promtool (Debian's `prometheus`), so nobody tried the alerts");
                return;
            }
            Err(error) => panic!("promtool: {error}"),
        };
        let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{said}");
    }
}

fn question(user: &str) -> String {
    let (principal, resource) = (format!("User::\"{user}\""), "Tool::\"group:sales/documents\"");
    json!({"principal": principal, "action": "Action::\"view\"", "resource": resource}).to_string()
}

const ALLOW_HIT: &str = "conclave_decisions_total{decision=\"allow\",cache=\"hit\"}";
const ALLOW_MISS: &str = "conclave_decisions_total{decision=\"allow\",cache=\"miss\"}";
const DENY_HIT: &str = "conclave_decisions_total{decision=\"deny\",cache=\"hit\"}";
const DENY_MISS: &str = "conclave_decisions_total{decision=\"deny\",cache=\"miss\"}";
const BAD_QUESTIONS: &str = "conclave_decision_errors_total{reason=\"question\"}";
const MADE: &str = "conclave_decision_duration_seconds_count{cache=\"miss\"}";
const LOADS: &str = "conclave_entity_loads_total";

#[tokio::test]
async fn decisions_move_the_numbers_of_what_they_were() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let decisions = [ALLOW_HIT, ALLOW_MISS, DENY_HIT, DENY_MISS, BAD_QUESTIONS, MADE];
    let start = Metrics::of(&sidecar).await;
    sidecar.access("/v1/is_authorized", question("secretary")).await.ok();
    sidecar.access("/v1/is_authorized", question("workman-1")).await.ok();
    let missed = Metrics::of(&sidecar).await;
    assert_eq!(missed.rose(&start, decisions), [0, 1, 0, 1, 0, 2]);
    assert!(missed.get(LOADS) > start.get(LOADS));
    // One in 61 is timed, and a miss may have been it.
    for _ in 0..125 {
        sidecar.access("/v1/is_authorized", question("secretary")).await.ok();
    }
    let batch = format!("{{\"requests\":[{},{}]}}", question("secretary"), question("workman-1"));
    sidecar.access("/v1/is_authorized/batch", batch).await.ok();
    let hit = Metrics::of(&sidecar).await;
    assert_eq!(hit.rose(&missed, decisions), [126, 0, 1, 0, 0, 0]);
    let cache = ["conclave_cache_hits_total{cache=\"decisions\"}", LOADS];
    assert_eq!(hit.rose(&missed, cache), [127, 0]);
    assert!(hit.get("conclave_request_duration_seconds_count{way=\"cached\"}") >= 1);

    let wrong = question("secretary").replace("view", "fly");
    assert_eq!(sidecar.access("/v1/is_authorized", wrong).await.status, 400);
    let refused = Metrics::of(&sidecar).await;
    assert_eq!(refused.rose(&hit, decisions), [0, 0, 0, 0, 1, 0]);
    let errors = ["conclave_request_errors_total{way=\"access\",status=\"400\"}"];
    assert_eq!(refused.rose(&hit, errors), [1]);
    sidecar.stop().await;
}

#[tokio::test]
async fn a_write_moves_the_revision_and_what_rests_on_it() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    sidecar.access("/v1/is_authorized", question("secretary")).await.ok();
    let before = Metrics::of(&sidecar).await;
    sidecar.delete("/groups/sales/members/secretary").await.ok();
    sidecar.access("/v1/is_authorized", question("secretary")).await.ok();
    let after = Metrics::of(&sidecar).await;
    let moved = ["conclave_revision", "conclave_cache_invalidations_total{cache=\"decisions\"}", DENY_MISS];
    assert_eq!(after.rose(&before, moved), [1, 1, 1]);
    let took = "conclave_request_duration_seconds_count{way=\"admin\"}";
    assert!(after.get(took) > before.get(took));
    assert_eq!(sidecar.get_admin_as("/metrics", Some("Bearer nobody's-token")).await.status, 401);
    let refused = ["conclave_request_errors_total{way=\"admin\",status=\"401\"}"];
    assert_eq!(Metrics::of(&sidecar).await.rose(&after, refused), [1]);
    sidecar.stop().await;
}

#[tokio::test]
async fn mail_that_waits_is_counted() {
    let sidecar = TestSidecar::new().with_demo().start().await;
    let waiting = "conclave_mail_outbox{state=\"pending\"}";
    let before = Metrics::of(&sidecar).await;
    let invited = json!({"email": "ann@example.org"});
    sidecar.post("/groups/sales/invitations", invited).await.ok();
    sidecar.later(1);
    let after = Metrics::of(&sidecar).await;
    assert_eq!(after.rose(&before, [waiting, "conclave_mail_outbox{state=\"dead\"}"]), [1, 0]);
    assert!(after.seconds("conclave_mail_oldest_pending_seconds") >= 86_400.0);
    sidecar.stop().await;
}

#[tokio::test]
async fn a_failed_reload_is_counted_and_dated() {
    let stage = Stage::new().await;
    let (before, (_, ready)) = (Metrics::of(&stage.sidecar).await, stage.readiness().await);
    assert_eq!(before.get("conclave_policies_stale"), 0);
    stage.write_own("permit (principal, action, resource) when { principal = resource };");
    assert_eq!(stage.reload().await.status, 409);
    let after = Metrics::of(&stage.sidecar).await;
    assert_eq!(after.get("conclave_policies_stale"), 1);
    let [failed] = after.rose(&before, ["conclave_policies_reloads_total{result=\"failed\"}"]);
    assert!(failed >= 1, "{failed}");
    let (status, told) = stage.readiness().await;
    assert_eq!((status, &told["policies"]), (200, &json!("stale")));
    assert_eq!(told["since"]["store"], ready["since"]["store"]);
    assert_ne!(told["since"]["policies"], ready["since"]["policies"]);
    assert_eq!(told["since"]["policies"], told["stale_policies"]["since"]);
    std::fs::remove_file(stage.path("policies/own.cedar")).unwrap();
    stage.reload().await.ok();
    assert_eq!(Metrics::of(&stage.sidecar).await.get("conclave_policies_stale"), 0);
    stage.sidecar.stop().await;
}
