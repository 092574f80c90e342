//! What is broken, half written or no file at all changes nothing.

use super::stage::Stage;
use serde_json::{Value, json};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How many broken sets are tried.
const VARIANTS: usize = 500;

/// A plain generator: the same variants each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(end).unwrap()).unwrap()
    }
}

const FILES: [&str; 4] =
    ["policies/content.cedar", "policies/spaces.cedar", "policies/roles.cedar", "schema/groups.cedarschema"];

/// Breaks a text. Each of these is wrong whatever the text is.
fn broken(chance: &mut Chance, text: &str) -> Vec<u8> {
    // Cut within a policy or a declaration: from a place after an opening brace, before anything that closes it.
    let open: Vec<_> = text.match_indices("{ ").map(|(at, _)| at + 2).collect();
    let place = open[chance.below(open.len())];
    let cut = text[..place].to_owned();
    match chance.below(12) {
        0 => cut.into_bytes(),
        1 => [cut.as_bytes(), &vec![0; chance.below(5000) + 1]].concat(),
        2 => format!("{text}\n{}", "(".repeat(chance.below(100_000) + 1)).into_bytes(),
        3 => format!("{cut}\u{202e}\u{0}☃ {}", &text[place..]).into_bytes(),
        4 => [text.as_bytes(), b"\xff\xfe"].concat(),
        5 => Vec::new(),
        6 => format!("{text}{text}").into_bytes(),
        7 => vec![b' '; 1 << 20].into_iter().chain(text.bytes()).collect(),
        8 => format!(
            "{text}\n@id(\"x\") permit (principal, action, resource) when {{ principal{} }};",
            ".a".repeat(9000)
        )
        .into_bytes(),
        9 => format!(
            "{text}\n@id(\"x\") permit (principal, action, resource) when {{ {} true }};",
            "principal == principal || ".repeat(2000)
        )
        .into_bytes(),
        10 => format!("{text}\n@id(\"x\") permit (principal, action == Action::\"nothing\", resource);").into_bytes(),
        _ => format!("{text}\n\"{}", "\\\"".repeat(chance.below(1000))).into_bytes(),
    }
}

/// What must be answered throughout: allowed and denied, by policies of several files.
async fn questions(stage: &Stage) -> Vec<(Value, Value)> {
    let mut known = Vec::new();
    for (user, action, resource) in [
        ("secretary", "view", "Tool::\"group:sales/documents\""),
        ("workman-1", "view", "Tool::\"group:sales/documents\""),
        ("director", "add", "Tool::\"group:sales/documents\""),
        ("secretary", "view_details", "Tool::\"user:director/calendar\""),
        ("salesman-1", "invite", "Group::\"sales\""),
        ("director", "invite", "Group::\"sales\""),
    ] {
        let question = json!({"principal": format!("User::\"{user}\""), "action": format!("Action::\"{action}\""), "resource": resource});
        let reply = stage.sidecar.access("/v1/is_authorized", question.to_string()).await.ok();
        known.push((question, reply.body));
    }
    assert!(known.iter().any(|(_, answer)| answer["decision"] == "Allow"));
    assert!(known.iter().any(|(_, answer)| answer["decision"] == "Deny"));
    known
}

/// Asks without rest until it is over; every answer must be the one that is known.
async fn ask_on(stage: Arc<Stage>, known: Arc<Vec<(Value, Value)>>, is_over: Arc<AtomicBool>, answers: Arc<AtomicU64>) {
    // The first half is asked for often, and the second half anew each time.
    let mut turn = 0_u64;
    while !is_over.load(Ordering::SeqCst) {
        for (question, expected) in known.iter() {
            let mut question = question.clone();
            if turn % 2 == 1 && question["action"] == "Action::\"add\"" {
                question["context"] = json!({"size": 0});
            }
            let reply = stage.sidecar.access("/v1/is_authorized", question.to_string()).await;
            assert_eq!((reply.status, &reply.body), (200, expected), "{question}");
            answers.fetch_add(1, Ordering::SeqCst);
        }
        turn += 1;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_and_half_written_sets_change_no_decision_and_none_fails() {
    let stage = Arc::new(Stage::new().await);
    let known = Arc::new(questions(&stage).await);
    let (is_over, answers) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let ask = |_| {
        let (stage, known) = (Arc::clone(&stage), Arc::clone(&known));
        tokio::spawn(ask_on(stage, known, Arc::clone(&is_over), Arc::clone(&answers)))
    };
    let askers: Vec<_> = (0..2).map(ask).collect();
    let whole: Vec<_> = FILES.iter().map(|file| stage.read(file)).collect();
    let (before, mut chance) = (stage.policies().await, Chance(1));
    for variant in 0..VARIANTS {
        let which = chance.below(FILES.len());
        let text = broken(&mut chance, &whole[which]);
        // In two pieces, as slow writers do.
        stage.write(FILES[which], &text[..text.len() / 2]);
        stage.write(FILES[which], &text);
        let refused = stage.reload().await;
        assert_eq!(refused.status, 409, "{variant}: {} {}", FILES[which], refused.body);
        assert!(!refused.body["problems"].as_array().unwrap().is_empty(), "{variant}");
        stage.write(FILES[which], &whole[which]);
    }
    stage.reload().await.ok();
    is_over.store(true, Ordering::SeqCst);
    for asker in askers {
        asker.await.unwrap();
    }
    assert!(answers.load(Ordering::SeqCst) > 100);
    let after = stage.policies().await;
    assert_eq!((&after["generation"], &after["stale"]), (&before["generation"], &json!(false)));
    assert!(stage.metric("conclave_policies_reloads_total{result=\"failed\"}").await >= VARIANTS as u64);
    Arc::into_inner(stage).unwrap().sidecar.stop().await;
}

#[tokio::test]
async fn a_broken_set_is_told_where_somebody_looks() {
    let stage = Stage::new().await;
    assert_eq!(stage.readiness().await.1["policies"], "ok");
    let before = stage.generation().await;
    stage.write(
        "policies/own.cedar",
        "// fine\n@id(\"own\")\npermit (principal, action, resource)\nwhen { principal = resource };\n",
    );
    let report = stage.until_stale().await;
    let problem = &report["last_failure"]["problems"][0];
    let file = stage.path("policies/own.cedar").display().to_string();
    assert_eq!((&problem["file"], &problem["line"], &problem["column"]), (&json!(file), &json!(4), &json!(8)));
    assert!(problem["reason"].as_str().unwrap().contains("'=' is not a valid operator"), "{problem}");
    assert_eq!(report["generation"], before);
    let (status, ready) = stage.readiness().await;
    assert_eq!((status, &ready["status"], &ready["policies"]), (200, &json!("ready"), &json!("stale")));
    let hint = &ready["stale_policies"];
    assert_eq!(
        (&hint["reason"], &hint["since"]),
        (&json!("policies or schema do not load: own.cedar, line 4"), &report["last_failure"]["since"])
    );
    assert_eq!(stage.metric("conclave_policies_stale").await, 1);
    std::fs::remove_file(stage.path("policies/own.cedar")).unwrap();
    stage.until("good again", |policies| policies["stale"] == false).await;
    assert_eq!((stage.generation().await, stage.metric("conclave_policies_stale").await), (before, 0));
    assert_eq!(stage.readiness().await.1["policies"], "ok");
    stage.sidecar.stop().await;
}

#[tokio::test]
async fn what_is_no_file_neither_stops_nor_hangs_the_server() {
    let stage = Stage::new().await;
    let (answer, place) = (stage.secretary_views().await, stage.path("policies/own.cedar"));
    let pipe = || assert!(std::process::Command::new("mkfifo").arg(&place).status().unwrap().success());
    let strange: [(&str, &dyn Fn()); 6] = [
        ("a pipe", &pipe),
        ("a socket", &|| drop(UnixListener::bind(&place).unwrap())),
        ("a folder", &|| std::fs::create_dir(&place).unwrap()),
        ("a link to itself", &|| symlink("own.cedar", &place).unwrap()),
        ("a link to nothing", &|| symlink("nothing", &place).unwrap()),
        ("a device", &|| symlink("/dev/zero", &place).unwrap()),
    ];
    for (what, make) in strange {
        make();
        let refused = stage.reload().await;
        assert_eq!(refused.status, 409, "{what}: {}", refused.body);
        assert!(
            refused.body["problems"][0]["reason"].as_str().unwrap().contains("own.cedar"),
            "{what}: {}",
            refused.body
        );
        assert_eq!(stage.secretary_views().await, answer, "{what}");
        if place.is_dir() { std::fs::remove_dir(&place) } else { std::fs::remove_file(&place) }.unwrap();
    }
    std::fs::rename(stage.path("policies"), stage.path("elsewhere")).unwrap();
    stage.until_stale().await;
    assert_eq!(stage.secretary_views().await, answer);
    std::fs::rename(stage.path("elsewhere"), stage.path("policies")).unwrap();
    stage.until("good again", |policies| policies["stale"] == false).await;
    stage.sidecar.stop().await;
}

#[tokio::test]
async fn while_entities_are_written_no_schema_takes_its_place_that_they_do_not_fit() {
    let stage = Stage::new().await;
    let schema = |type_name: &str| format!("entity User {{ badge?: {type_name} }};");
    stage.write("schema/own.cedarschema", schema("Long"));
    stage.reload().await.ok();
    for number in 0..20 {
        let (now, other) = if number % 2 == 0 { ("String", json!(1)) } else { ("Long", json!("1")) };
        stage.sidecar.delete("/entities/User/secretary").await;
        stage.write("schema/own.cedarschema", schema(now));
        let entity = json!({"uid": "User::\"secretary\"", "attrs": {"badge": other}});
        // Fits the schema before. Whichever comes first, the other one is refused.
        let (put, reloaded) =
            tokio::join!(stage.sidecar.put("/entities", json!({"entities": [entity]})), stage.reload());
        let outcome = (put.status, reloaded.status);
        assert!([(200, 409), (400, 200)].contains(&outcome), "{outcome:?} {} {}", put.body, reloaded.body);
        if reloaded.status == 409 {
            stage.sidecar.delete("/entities/User/secretary").await.ok();
            stage.reload().await.ok();
        }
    }
    stage.sidecar.stop().await;
}
