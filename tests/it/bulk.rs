//! Export and import: what goes out comes in again, and nothing comes in that breaks a rule.

use crate::sidecar::{Served, TestSidecar, block_on};
use crate::world::{World, steps};
use conclave::bulk::{ImportError, Imported, Plan, export, import};
use conclave::config::ToolKinds;
use conclave::doctor::examine;
use conclave::domain::Revision;
use conclave::store::{Access, Store};
use proptest::prelude::*;
use std::io::Cursor;
use tempfile::TempDir;

/// An empty database of its own: where tests have a server, there.
struct Database {
    store: Store,
    _folder: TempDir,
    _served: Option<Served>,
}

impl Database {
    async fn new() -> Self {
        let (folder, served) = (TempDir::new().unwrap(), Served::new().await);
        let path = folder.path().join("conclave.db").display().to_string();
        let url = served.as_ref().map_or(path, |served| served.url.clone());
        Self { store: Store::open(&url, Access::Own).await.unwrap(), _folder: folder, _served: served }
    }

    async fn import(&self, text: &str, transaction_lines: Option<u64>) -> Result<Imported, ImportError> {
        self.import_with(text, transaction_lines, false).await
    }

    async fn import_with(
        &self,
        text: &str,
        transaction_lines: Option<u64>,
        restart: bool,
    ) -> Result<Imported, ImportError> {
        let kinds = ToolKinds::default();
        let plan = Plan { transaction_lines, restart, kinds: &kinds, now_ms: 0 };
        import(&self.store, || Ok(Cursor::new(text.to_owned())), plan, |_| {}).await
    }

    async fn is_sound(&self) {
        let report = examine(&self.store, &ToolKinds::default(), 0).await.unwrap();
        assert_eq!(report.broken().collect::<Vec<_>>(), Vec::<&conclave::doctor::Finding>::new());
    }
}

async fn exported(store: &Store) -> String {
    let mut out = Vec::new();
    let count = export(store, &mut out, |_| {}).await.unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(u64::try_from(text.lines().count()).unwrap(), count + 1);
    text
}

async fn lines_of(sidecar: &TestSidecar) -> String {
    let store = Store::open(&sidecar.database(), Access::ReadOnly).await.unwrap();
    let text = exported(&store).await;
    store.close().await;
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_goes_out_comes_in_again(steps in steps(), transaction_lines in 1_u64..40) {
        block_on(async {
            let sidecar = TestSidecar::new().start().await;
            let mut world = World::start(&sidecar).await;
            for step in &steps {
                world.apply(&sidecar, step).await;
            }
            let text = lines_of(&sidecar).await;
            sidecar.stop().await;
            for transaction_lines in [None, Some(transaction_lines)] {
                let database = Database::new().await;
                let done = database.import(&text, transaction_lines).await.unwrap();
                prop_assert_eq!(done.lines, u64::try_from(text.lines().count()).unwrap());
                prop_assert_eq!(exported(&database.store).await, text.clone());
                database.is_sound().await;
            }
            Ok(())
        })?;
    }
}

/// Two users, two groups, folders in each other, an item, and one of every other kind of line.
const SMALL: &str = r#"{"type":"format","version":1}
{"type":"subscription","id":"plan","max_groups":3,"max_members":null,"capacities":{"documents":1000}}
{"type":"user","id":"zoë \"x\" 💡","username":"zoe","subscription":"plan"}
{"type":"user","id":"anna","username":"anna","subscription":"plan"}
{"type":"user","id":"ben","username":"ben","subscription":"plan"}
{"type":"group","id":"sales","name":"Sales","administrator":"anna","created_ms":5}
{"type":"group","id":"other","name":"Other","administrator":"ben","created_ms":5}
{"type":"member","group":"sales","user":"zoë \"x\" 💡","co_administrator":true,"since_ms":7}
{"type":"folder","id":"outer","parent":{"tool":"group:sales/documents"},"author":"anna"}
{"type":"folder","id":"inner","parent":{"folder":"outer"},"author":"gone"}
{"type":"item","id":"a/\\\u0022","parent":{"folder":"inner"},"author":"anna","size":7}
{"type":"item","id":"b","parent":{"tool":"group:sales/documents"},"author":"anna","size":3}
{"type":"item","id":"c","parent":{"tool":"user:ben/documents"},"author":"ben"}
{"type":"item","id":"known","parent":{"tool":"user:ben/contacts"},"author":"ben","contact":{"user":"anna"}}
{"type":"item","id":"new","parent":{"tool":"group:sales/contacts"},"author":"anna","contact":{"email":"c@d","last_name":"D"}}
{"type":"grant","resource":{"tool":"user:ben/calendar"},"right":"view","to":{"group":"sales"},"kept":true}
{"type":"grant","resource":{"folder":"outer"},"right":"add","to":{"group":"sales"}}
{"type":"invitation","id":"i","group":"sales","email":"a@b","token_hash":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff","state":"pending","created_ms":1,"expires_ms":2}
{"type":"join_request","id":"r","group":"other","user":"anna","message":"Please.","created_ms":3}
{"type":"tombstone","of":"user","id":"old"}
{"type":"tombstone","of":"group","id":"old"}
"#;

#[tokio::test]
async fn an_import_is_one_change_and_counts_what_it_brings() {
    let database = Database::new().await;
    let done = database.import(SMALL, None).await.unwrap();
    assert_eq!((done.lines, done.revision), (21, Revision(1)));
    let changes = database.store.changes_since(Revision(0), 10).await.unwrap();
    assert_eq!(changes.iter().map(|row| row.uid.to_string()).collect::<Vec<_>>(), ["Store::\"*\""]);
    // P5: doctor compares what the tools count with what is in them.
    database.is_sound().await;
    let more = r#"{"type":"item","id":"d","parent":{"folder":"inner"},"author":"anna","size":5}"#;
    assert_eq!(database.import(more, None).await.unwrap().revision, Revision(2));
    database.is_sound().await;
}

/// A line, and what is said of it.
const REFUSALS: &[(&str, &str)] = &[
    (r#"{"type":"user","id":"anna","username":"x","subscription":"plan"}"#, "`id` is taken already (rule P7)"),
    (
        r#"{"type":"user","id":"old","username":"x","subscription":"plan"}"#,
        "`id` belonged to a user who was deleted (rule P7)",
    ),
    (r#"{"type":"user","id":"x","username":"ben","subscription":"plan"}"#, "`username` is taken already (rule P1)"),
    (
        r#"{"type":"user","id":"x","username":"x","subscription":"none"}"#,
        "`subscription` names no subscription that is there (rule P1)",
    ),
    (r#"{"type":"subscription","id":"plan"}"#, "`id` is taken already"),
    (
        r#"{"type":"group","id":"sales","name":"X","administrator":"anna","created_ms":0}"#,
        "`id` is taken already (rule A14)",
    ),
    (
        r#"{"type":"group","id":"old","name":"X","administrator":"anna","created_ms":0}"#,
        "`id` belonged to a group that was deleted (rule A14)",
    ),
    (
        r#"{"type":"group","id":"x","name":"ＳＡＬＥＳ","administrator":"anna","created_ms":0}"#,
        "`name` is taken already (rule A6)",
    ),
    (
        r#"{"type":"group","id":"x","name":"X","administrator":"nobody","created_ms":0}"#,
        "`administrator` names no user that is there (rule A2)",
    ),
    (
        r#"{"type":"group","id":"x","name":"X","administrator":"anna","created_ms":0,"open":true}"#,
        "`open` can be on only while `published` is on (rule A7)",
    ),
    (
        r#"{"type":"member","group":"sales","user":"anna","since_ms":0}"#,
        "`user` names the administrator, who is not a member (rule A3)",
    ),
    (
        r#"{"type":"member","group":"none","user":"ben","since_ms":0}"#,
        "`group` names no group that is there (rule A12)",
    ),
    (
        r#"{"type":"member","group":"sales","user":"none","since_ms":0}"#,
        "`user` names no user that is there (rule A12)",
    ),
    (
        r#"{"type":"folder","id":"outer","parent":{"tool":"user:ben/documents"},"author":"ben"}"#,
        "`id` is taken already",
    ),
    (
        r#"{"type":"folder","id":"x","parent":{"folder":"x"},"author":"ben"}"#,
        "`parent` names no tool or folder that is there, or one further down in the file (rule D8)",
    ),
    (r#"{"type":"item","id":"b","parent":{"folder":"inner"},"author":"ben"}"#, "`id` is taken already"),
    (
        r#"{"type":"item","id":"x","parent":{"tool":"group:sales/mailbox"},"author":"ben"}"#,
        "`parent` names no tool or folder that is there, or one further down in the file (rule S1)",
    ),
    (
        r#"{"type":"grant","resource":{"item":"none"},"right":"edit","to":{"user":"anna"}}"#,
        "`resource` names no content that is there (rule D6)",
    ),
    (
        r#"{"type":"grant","resource":{"item":"b"},"right":"edit","to":{"user":"none"}}"#,
        "`to` names no user or group that is there (rule D3)",
    ),
    (
        r#"{"type":"grant","resource":{"item":"b"},"right":"view","to":{"user":"anna"}}"#,
        "`right` must be `add` or `delete` on a tool or folder of a group, `edit` on an item (rule D7)",
    ),
    (
        r#"{"type":"grant","resource":{"tool":"group:sales/polls"},"right":"edit","to":{"user":"anna"}}"#,
        "`right` must be `add` or `delete` on a tool or folder of a group, `edit` on an item (rule D7)",
    ),
    (
        r#"{"type":"grant","resource":{"item":"b"},"right":"edit","to":{"user":"ben"}}"#,
        "`to` is nobody of the group whose space it is (rule D2)",
    ),
    (
        r#"{"type":"grant","resource":{"folder":"inner"},"right":"add","to":{"group":"other"}}"#,
        "`to` is nobody of the group whose space it is (rule D2)",
    ),
    (
        r#"{"type":"grant","resource":{"item":"c"},"right":"view","to":{"user":"ben"}}"#,
        "`to` names the owner, who has every right there (rule S5)",
    ),
    (
        r#"{"type":"grant","resource":{"folder":"outer"},"right":"add","to":{"group":"sales"}}"#,
        "`to` has this right already",
    ),
    (
        r#"{"type":"invitation","id":"j","group":"none","email":"a@b","token_hash":"0000000000000000000000000000000000000000000000000000000000000000","state":"pending","created_ms":1,"expires_ms":2}"#,
        "`group` names no group that is there (rule A10)",
    ),
    (
        r#"{"type":"invitation","id":"j","group":"sales","email":"a@b","token_hash":"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff","state":"pending","created_ms":1,"expires_ms":2}"#,
        "`token_hash` is that of another invitation (rule A10)",
    ),
    (
        r#"{"type":"invitation","id":"j","group":"sales","email":"a@b","token_hash":"0000000000000000000000000000000000000000000000000000000000000000","state":"accepted","created_ms":1,"expires_ms":2}"#,
        "`accepted_by` goes with the state `accepted`, and only with it (rule A10)",
    ),
    (
        r#"{"type":"item","id":"x","parent":{"tool":"user:ben/contacts"},"author":"ben","contact":{"user":"none"}}"#,
        "`contact` names no user that is there (rule A9)",
    ),
    (
        r#"{"type":"item","id":"x","parent":{"tool":"user:ben/documents"},"author":"ben","contact":{"email":"a@b"}}"#,
        "`contact` is for items of a contacts tool alone (rule A9)",
    ),
    (
        r#"{"type":"item","id":"x","parent":{"tool":"user:ben/contacts"},"author":"ben","contact":{}}"#,
        "`contact` is either a user, or an address with or without names (rule A9)",
    ),
    (
        r#"{"type":"grant","resource":{"item":"b"},"right":"edit","to":{"group":"sales"},"kept":true}"#,
        "`kept` is for private spaces alone (rule F7)",
    ),
    (
        r#"{"type":"join_request","id":"s","group":"other","user":"anna","message":"Please.","created_ms":3}"#,
        "`user` has asked already (rule F5)",
    ),
    (r#"{"type":"tombstone","of":"user","id":"anna"}"#, "`id` is that of a user (rule P7)"),
    (r#"{"type":"tombstone","of":"group","id":"sales"}"#, "`id` is that of a group (rule A14)"),
    ("{", "EOF while parsing an object at column 1"),
];

#[tokio::test]
async fn what_breaks_a_rule_is_refused_with_line_field_and_rule_and_leaves_nothing() {
    let database = Database::new().await;
    database.import(SMALL, None).await.unwrap();
    let before = exported(&database.store).await;
    let fine = r#"{"type":"user","id":"carl","username":"carl","subscription":"plan"}"#;
    for (line, problem) in REFUSALS {
        for transaction_lines in [None, Some(100)] {
            let text = format!("{fine}\n\n{line}\n{fine}\n");
            let error = database.import_with(&text, transaction_lines, true).await.unwrap_err();
            assert_eq!(error.to_string(), format!("line 3: {problem}"), "{line}");
            assert_eq!(exported(&database.store).await, before, "{line}");
        }
    }
    assert_eq!(database.store.revision().await.unwrap(), Revision(1));
}

#[tokio::test]
async fn d8_folders_lie_only_so_deep() {
    let database = Database::new().await;
    database.import(SMALL, None).await.unwrap();
    let chain = |from: usize, to: usize| -> String {
        let parent = |n: usize| {
            if n == 0 { r#"{"tool":"user:ben/documents"}"#.to_owned() } else { format!(r#"{{"folder":"f{}"}}"#, n - 1) }
        };
        let line =
            |n: usize| format!(r#"{{"type":"folder","id":"f{n}","parent":{},"author":"ben"}}"#, parent(n)) + "\n";
        (from..to).map(line).collect()
    };
    database.import(&chain(0, 64), None).await.unwrap();
    let error = database.import(&chain(64, 65), None).await.unwrap_err().to_string();
    assert_eq!(error, "line 1: `parent` lies too deep (rule D8)");
    database.is_sound().await;
}

#[tokio::test]
async fn f7_a_kept_grant_is_free_again_once_an_import_brings_the_two_together() {
    let database = Database::new().await;
    database.import(SMALL, None).await.unwrap();
    assert!(exported(&database.store).await.contains(r#""kept":true"#));
    let member = r#"{"type":"member","group":"sales","user":"ben","since_ms":0}"#;
    database.import(member, None).await.unwrap();
    assert!(!exported(&database.store).await.contains(r#""kept":true"#));
    database.is_sound().await;
}

#[tokio::test]
async fn an_import_goes_on_where_it_stopped_and_knows_its_file() {
    let database = Database::new().await;
    let bad = SMALL.replace(r#""parent":{"folder":"inner"}"#, r#""parent":{"folder":"none"}"#);
    let error = database.import(&bad, Some(4)).await.unwrap_err().to_string();
    assert!(error.starts_with("line 11: `parent`"), "{error}");
    database.is_sound().await;

    let changed = SMALL.replacen("zoe", "zoo", 1);
    let error = database.import(&changed, Some(4)).await.unwrap_err();
    assert!(matches!(error, ImportError::OtherFile { lines: 8 }), "{error}");

    let done = database.import(SMALL, Some(4)).await.unwrap();
    assert_eq!((done.skipped, done.lines), (8, 13));
    let once = Database::new().await;
    once.import(SMALL, None).await.unwrap();
    assert_eq!(exported(&database.store).await, exported(&once.store).await);
    database.is_sound().await;

    // Done is done; what is added to the file is imported, another file is begun.
    assert_eq!(database.import(SMALL, Some(4)).await.unwrap().lines, 0);
    let longer = format!("{SMALL}{}", r#"{"type":"user","id":"x","username":"x","subscription":"plan"}"#);
    assert_eq!(database.import(&longer, Some(4)).await.unwrap().lines, 1);
    let other = r#"{"type":"user","id":"y","username":"y","subscription":"plan"}"#;
    assert_eq!(database.import(other, Some(4)).await.unwrap().lines, 1);
}
