use super::*;
use crate::admin::SystemRandom;
use crate::domain::{Context, Decision, EntityUid, Lent};
use std::collections::BTreeSet;
use std::path::Path;

/// Noon of some day.
struct Noon;

impl Clock for Noon {
    fn now_ms(&self) -> i64 {
        1_700_000_000_042
    }
}

pub(super) fn record() -> Record {
    Record {
        decision_id: "018bcfe5-682a-7000-8000-000000000000".to_owned(),
        timestamp: "2023-11-14T22:13:20.042Z".to_owned(),
        principal: "User::\"director\"".to_owned(),
        action: "Action::\"view\"".to_owned(),
        resource: "Item::\"offer\"".to_owned(),
        context: Context::empty(),
        decision: Decision::Allow,
        determining_policies: vec!["group-content-view".into()],
        errors: Vec::new(),
        revision: Revision(7),
        policy_digest: "d".repeat(64),
        latency_us: 12,
        cache: CacheUse::Hit,
        is_lent: false,
        trace_id: None,
    }
}

fn request(resource: &str) -> DecisionRequest {
    DecisionRequest {
        principal: EntityUid::new("User", "di\"rector"),
        action: EntityUid::action("view"),
        resource: EntityUid::new("Item", resource),
        context: serde_json::from_str(r#"{"ip": "10.0.0.1"}"#).unwrap(),
        lent: Lent::nothing(),
    }
}

fn config(path: &Path) -> DecisionLog {
    DecisionLog { file: Some(path.to_owned()), ..DecisionLog::default() }
}

fn start(config: &DecisionLog) -> Recorder {
    Recorder::start(config, Arc::new(Noon), &SystemRandom).unwrap().unwrap()
}

fn decide(recorder: &Recorder, resource: &str) {
    let outcome =
        Outcome { decision: Decision::Deny, reasons: vec!["no".into()], errors: vec!["policy `a`: x".to_owned()] };
    recorder.begun().record(|| request(resource), (&outcome, Revision(7), &"digest".into(), CacheUse::Miss));
}

fn written(path: &Path) -> Vec<Record> {
    let log = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    read(log).collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn what_is_recorded_reads_back_as_the_question_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let recorder = start(&config(&path));
    decide(&recorder, "offer\u{1f512}");
    recorder.close().await;
    assert_eq!(recorder.counts(), Counts { written: 1, dropped: 0, failed: 0 });
    let [record]: [Record; 1] = written(&path).try_into().unwrap();
    assert_eq!(record.request().unwrap(), request("offer\u{1f512}"));
    assert_eq!(record.timestamp, "2023-11-14T22:13:20.042Z");
    assert_eq!((record.decision, record.revision, record.cache), (Decision::Deny, Revision(7), CacheUse::Miss));
    assert_eq!((&*record.policy_digest, &*record.errors), ("digest", &["policy `a`: x".to_owned()][..]));
    assert!(record.decision_id.starts_with("018bcfe5-682a-7") && !record.is_masked());
}

#[tokio::test]
async fn ids_are_unique_and_rise() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let recorder = start(&config(&path));
    (0..1000).for_each(|_| decide(&recorder, "offer"));
    recorder.close().await;
    let ids: Vec<_> = written(&path).into_iter().map(|record| record.decision_id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 1000);
    assert!(ids.is_sorted());
}

#[tokio::test]
async fn what_is_masked_is_told_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mask = ["principal", "context.ip"].map(str::to_owned).to_vec();
    let recorder = start(&DecisionLog { mask, ..config(&path) });
    decide(&recorder, "offer");
    recorder.close().await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains("rector") && !text.contains("10.0.0.1") && text.contains("offer"), "{text}");
    assert!(written(&path)[0].is_masked());
}

#[tokio::test]
async fn a_sample_is_about_as_large_as_it_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let recorder = start(&DecisionLog { sample_decisions: 10, ..config(&path) });
    // Every tenth question is another: a sample of each tenth decision would see one kind alone.
    for number in 0..2000 {
        decide(&recorder, if number % 10 == 0 { "rare" } else { "common" });
    }
    recorder.close().await;
    let records = written(&path);
    let rare = records.iter().filter(|record| record.resource.contains("rare")).count();
    assert!((100..300).contains(&records.len()) && (1..100).contains(&rare), "{} {rare}", records.len());
}

#[test]
fn a_full_queue_drops_and_counts_and_never_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (queue, _queued) = sync_channel(2);
    let recorder = Recorder {
        clock: Arc::new(Noon),
        queue,
        counts: Arc::default(),
        thread: Mutex::default(),
        one_in: 1,
        seed: [0; 10],
        decisions: AtomicU64::new(0),
    };
    drop(folder);
    (0..5).for_each(|_| decide(&recorder, "offer"));
    assert_eq!(recorder.counts().dropped, 3);
    let (queue, _queued) = sync_channel(1000);
    let recorder = Recorder { queue, counts: Arc::default(), ..recorder };
    let large = "x".repeat(QUEUE_BYTES_MAX / 4);
    (0..5).for_each(|_| decide(&recorder, &large));
    assert_eq!(recorder.counts().dropped, 2, "by memory too");
}

#[tokio::test]
async fn a_file_that_takes_nothing_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let recorder = start(&DecisionLog { file_bytes_max: 1, files_max: 3, ..config(&path) });
    decide(&recorder, "offer");
    // In the place of the next file stands what cannot be replaced.
    std::fs::create_dir_all(folder.path().join("log.1/x")).unwrap();
    (0..3).for_each(|_| decide(&recorder, "offer"));
    recorder.close().await;
    let Counts { written, dropped, failed } = recorder.counts();
    assert!(failed > 0 && written + failed == 4 && dropped == 0, "{:?}", recorder.counts());
}

#[test]
fn lines_that_are_no_records_are_named_and_the_others_read() {
    let good = serde_json::to_string(&record()).unwrap();
    let text = format!("{good}\n\n{{\"decision_id\": \n{good}\n{}", &good[..20]);
    let lines: Vec<_> = read(text.as_bytes()).collect();
    let [Ok(first), Err(ReadError::Malformed { line: 3, .. }), Ok(second), Err(ReadError::Malformed { line: 5, .. })] =
        &lines[..]
    else {
        panic!("{lines:?}")
    };
    assert_eq!((first, second), (&record(), &record()));
}

#[test]
fn a_record_has_the_fields_it_is_known_by_and_no_more() {
    let value = serde_json::to_value(record()).unwrap();
    let names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let known = "action cache context decision decision_id determining_policies errors latency_us policy_digest principal \
                 resource revision timestamp";
    assert_eq!(names.into_iter().collect::<BTreeSet<_>>(), known.split(' ').collect());
    assert_eq!((&value["cache"], &value["decision"]), (&"hit".into(), &"Allow".into()));
    // What a later version adds is no mistake.
    let mut later = value;
    later["more"] = 1.into();
    assert_eq!(serde_json::from_value::<Record>(later).unwrap(), record());
}
