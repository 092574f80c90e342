use super::*;
use crate::domain::facts::{Facts, Keeper, Neighbours};
use crate::store::sql::{self, Both};
use crate::store::testing::{Silent, World};
use crate::store::{Access, ChangeRow};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Writes down what it is told, and what a reader of the database sees at that moment.
struct Recording {
    database: String,
    told: Mutex<Vec<String>>,
}

impl Recording {
    fn of(world: &World) -> Self {
        Self { database: world.url().to_owned(), told: Mutex::default() }
    }

    /// The revision as another process would see it now.
    fn stored(&self) -> Revision {
        let database = self.database.clone();
        let read = async move { Store::open(&database, Access::ReadOnly).await.unwrap().revision().await.unwrap() };
        let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        std::thread::spawn(move || runtime().block_on(read)).join().unwrap()
    }

    fn tell(&self, what: String) {
        self.told.lock().unwrap().push(what);
    }

    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }
}

impl Follower for Recording {
    fn raise(&self, touched: &[EntityUid], revision: Revision) {
        let touched: Vec<_> = touched.iter().map(ToString::to_string).collect();
        self.tell(format!("raise {} to {revision}, stored {}", touched.join(" "), self.stored()));
    }

    fn publish(&self, revision: Revision) {
        self.tell(format!("publish {revision}, stored {}", self.stored()));
    }
}

fn sales() -> EntityUid {
    EntityUid::new("Group", "sales")
}

async fn is_open(store: &Store) -> (Revision, bool) {
    opened(
        &store
            .snapshot(&[Wanted { uid: sales(), neighbours: Neighbours::NONE, keeper: Keeper::Conclave }])
            .await
            .unwrap(),
    )
}

fn opened(snapshot: &Snapshot) -> (Revision, bool) {
    let Some(Facts::Group(group)) = &snapshot.entities[0].1 else { panic!("no group") };
    (snapshot.revision, group.open)
}

async fn set_open(transaction: &mut WriteTransaction, open: bool) {
    sql::query("UPDATE groups SET open = ?1 WHERE id = 'sales'")
        .bind(open)
        .execute(transaction.connection())
        .await
        .unwrap();
    transaction.touch(sales(), Change::Changed);
}

/// A change that no commit will accept.
async fn spoil(transaction: &mut WriteTransaction) {
    let late = Both {
        sqlite: "PRAGMA defer_foreign_keys = ON",
        postgres: "ALTER TABLE members ALTER CONSTRAINT members_group_id_fkey DEFERRABLE INITIALLY DEFERRED;
                   ALTER TABLE members ALTER CONSTRAINT members_user_id_fkey DEFERRABLE INITIALLY DEFERRED",
    };
    transaction.connection().run(late).await.unwrap();
    transaction.connection().run("INSERT INTO members VALUES ('nowhere', 'nobody', 0, 0)").await.unwrap();
    transaction.touch(sales(), Change::Changed);
}

#[tokio::test]
async fn raised_then_committed_then_published() {
    let world = World::new().await;
    let follower = Recording::of(&world);
    let actor = UserId::new("director").unwrap();
    let mut transaction = world.store.write("hand_over", Some(&actor), 1234).await.unwrap();
    assert_eq!(transaction.base(), Revision(1));
    set_open(&mut transaction, false).await;
    transaction.touch(EntityUid::new("User", "it's \"me\"\t"), Change::Created);
    assert_eq!(transaction.commit(&follower).await.unwrap(), Revision(2));
    assert_eq!(
        follower.told(),
        [r#"raise Group::"sales" User::"it\'s \"me\"\t" to 2, stored 1"#, "publish 2, stored 2"]
    );

    let commit: (i64, i64, String, Option<String>) = sql::query_as("SELECT * FROM commits WHERE revision = 2")
        .fetch_one(&mut world.connection().await)
        .await
        .unwrap();
    assert_eq!(commit, (2, 1234, "hand_over".to_owned(), Some("director".to_owned())));
    let changes = world.store.changes_since(Revision(1), 9).await.unwrap();
    let row = |ordinal, uid, change| ChangeRow { revision: Revision(2), ordinal, uid, change };
    let user = EntityUid::new("User", "it's \"me\"\t");
    assert_eq!(changes, [row(0, sales(), Change::Changed), row(1, user, Change::Created)]);
}

#[tokio::test]
async fn nothing_touched_is_nothing_written() {
    let world = World::new().await;
    let follower = Recording::of(&world);
    let transaction = world.store.write("idle", None, 0).await.unwrap();
    assert_eq!(transaction.commit(&follower).await.unwrap(), Revision(1));
    assert_eq!(follower.told(), ["publish 1, stored 1"]);
    assert_eq!(world.store.changes_since(Revision(1), 9).await.unwrap(), []);
}

#[tokio::test]
async fn writing_without_touching_is_refused() {
    let world = World::new().await;
    let mut transaction = world.store.write("careless", None, 0).await.unwrap();
    sql::query("UPDATE groups SET open = 0").execute(transaction.connection()).await.unwrap();
    let error = transaction.commit(&Silent).await.unwrap_err();
    assert!(error.to_string().contains("careless"), "{error}");
    assert_eq!(is_open(&world.store).await, (Revision(1), true));
}

#[tokio::test]
async fn a_dropped_change_never_was() {
    let world = World::new().await;
    let mut transaction = world.store.write("dropped", None, 0).await.unwrap();
    set_open(&mut transaction, false).await;
    assert!(
        !opened(
            &transaction
                .snapshot(&[Wanted { uid: sales(), neighbours: Neighbours::NONE, keeper: Keeper::Conclave }])
                .await
                .unwrap()
        )
        .1
    );
    drop(transaction);
    let mut next = world.store.write("next", None, 0).await.unwrap();
    let seen = next
        .snapshot(&[Wanted { uid: sales(), neighbours: Neighbours::NONE, keeper: Keeper::Conclave }])
        .await
        .unwrap();
    assert_eq!(opened(&seen), (Revision(1), true));
    next.touch(sales(), Change::Changed);
    assert_eq!(next.commit(&Silent).await.unwrap(), Revision(2));
    assert_eq!(is_open(&world.store).await, (Revision(2), true));
}

#[test]
fn a_change_dropped_outside_any_runtime_never_was_either() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let transaction = runtime.block_on(async {
        let mut transaction = world.store.write("dropped", None, 0).await.unwrap();
        set_open(&mut transaction, false).await;
        transaction
    });
    drop(transaction);
    runtime.block_on(world.run("UPDATE users SET language = 'nl'"));
    assert_eq!(runtime.block_on(is_open(&world.store)), (Revision(2), true));
}

#[tokio::test]
async fn a_failed_commit_is_not_acknowledged_and_spoils_nothing() {
    let world = World::new().await;
    let follower = Recording::of(&world);
    let mut transaction = world.store.write("spoilt", None, 0).await.unwrap();
    spoil(&mut transaction).await;
    transaction.commit(&follower).await.unwrap_err();
    assert_eq!(follower.told(), [r#"raise Group::"sales" to 2, stored 1"#]);
    assert_eq!(world.store.revision().await.unwrap(), Revision(1));
    world.run("UPDATE groups SET open = 0").await;
    assert_eq!(is_open(&world.store).await, (Revision(2), false));
}

#[tokio::test]
async fn a_transaction_that_the_database_ended_is_no_trouble() {
    let world = World::in_file().await;
    let mut transaction = world.store.write("ended", None, 0).await.unwrap();
    set_open(&mut transaction, false).await;
    // What SQLite does by itself when a disk is full, say.
    sql::query("ROLLBACK").execute(transaction.connection()).await.unwrap();
    transaction.commit(&Silent).await.unwrap_err();
    world.run("UPDATE users SET language = 'nl'").await;
    assert!(is_open(&world.store).await.1);
}

#[tokio::test]
async fn concurrent_changes_are_one_after_another_without_gaps() {
    const WRITERS: u64 = 40;
    let world = World::new().await;
    let changes = (0..WRITERS).map(|number| {
        let store = world.store.clone();
        tokio::spawn(async move {
            let mut transaction = store.write("count", None, 0).await.unwrap();
            let used: i64 = sql::query_scalar("SELECT used FROM tools WHERE key = 2")
                .fetch_one(transaction.connection())
                .await
                .unwrap();
            tokio::task::yield_now().await;
            sql::query("UPDATE tools SET used = ?1 WHERE key = 2")
                .bind(used + 1)
                .execute(transaction.connection())
                .await
                .unwrap();
            transaction.touch(EntityUid::new("Test", number.to_string()), Change::Changed);
            // Every fourth gives up.
            if number % 4 == 3 { None } else { Some(transaction.commit(&Silent).await.unwrap().0) }
        })
    });
    let mut revisions = Vec::new();
    for change in changes.collect::<Vec<_>>() {
        revisions.extend(change.await.unwrap());
    }
    revisions.sort_unstable();
    assert_eq!(revisions, (2..2 + WRITERS * 3 / 4).collect::<Vec<_>>());
    let used: i64 = sql::query_scalar("SELECT used FROM tools WHERE key = 2")
        .fetch_one(&mut world.connection().await)
        .await
        .unwrap();
    assert_eq!(used, 30);
    let recorded: Vec<_> = world.store.changes_since(Revision(1), 99).await.unwrap();
    assert_eq!(recorded.iter().map(|row| row.revision.0).collect::<Vec<_>>(), revisions);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_see_revision_and_facts_of_one_moment() {
    let world = World::new().await;
    let done = std::sync::Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3)
        .map(|_| {
            let (store, done) = (world.store.clone(), std::sync::Arc::clone(&done));
            tokio::spawn(async move {
                let (mut last, mut reads) = (Revision(0), 0);
                while !done.load(Ordering::Acquire) {
                    let (revision, open) = is_open(&store).await;
                    // Odd revisions are open: the world began so at revision 1.
                    assert_eq!(open, revision.0 % 2 == 1, "{revision}");
                    assert!(revision >= last);
                    last = revision;
                    reads += 1;
                }
                reads
            })
        })
        .collect();
    for round in 0..60 {
        let mut transaction = world.store.write("toggle", None, 0).await.unwrap();
        let open = transaction.base().0 % 2 == 0;
        set_open(&mut transaction, open).await;
        assert_eq!(is_open(&world.store).await.0, transaction.base());
        if round % 5 == 0 {
            drop(transaction);
        } else {
            let revision = transaction.commit(&Silent).await.unwrap();
            assert_eq!(is_open(&world.store).await, (revision, open));
        }
    }
    done.store(true, Ordering::Release);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
}

/// Drives a change for this many polls and drops it wherever it is then.
async fn cut_short(store: &Store, polls: usize) {
    let change = async {
        let mut transaction = store.write("cut", None, 0).await.unwrap();
        set_open(&mut transaction, false).await;
        transaction.commit(&Silent).await.unwrap();
    };
    let mut change = std::pin::pin!(change);
    for _ in 0..polls {
        if futures_util::poll!(change.as_mut()).is_ready() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_micros(200)).await;
    }
}

#[tokio::test]
async fn a_change_cut_short_anywhere_happened_whole_or_not_at_all() {
    let world = World::new().await;
    for polls in (0..40).chain([1_000_000]) {
        let before = is_open(&world.store).await;
        cut_short(&world.store, polls).await;
        // The next change begins on rest, and what it sees is whole.
        let mut next = world.store.write("mend", None, 0).await.unwrap();
        let seen = opened(
            &next
                .snapshot(&[Wanted { uid: sales(), neighbours: Neighbours::NONE, keeper: Keeper::Conclave }])
                .await
                .unwrap(),
        );
        assert!(seen == before || seen == (before.0.next(), false), "{polls}: {before:?} {seen:?}");
        set_open(&mut next, true).await;
        assert_eq!(next.commit(&Silent).await.unwrap(), seen.0.next());
        assert_eq!(is_open(&world.store).await, (seen.0.next(), true));
    }
    let revisions: Vec<i64> = sql::query_scalar("SELECT revision FROM commits ORDER BY revision")
        .fetch_all(&mut world.connection().await)
        .await
        .unwrap();
    assert!(revisions.iter().zip(1..).all(|(found, expected)| *found == expected));
}

#[tokio::test]
async fn a_change_that_touches_many_records_them_all() {
    const MANY: usize = 2_500;
    let world = World::new().await;
    let mut transaction = world.store.write("many", None, 0).await.unwrap();
    for number in 0..MANY {
        transaction.touch(EntityUid::new("Item", number.to_string()), Change::Deleted);
    }
    transaction.commit(&Silent).await.unwrap();
    let changes = world.store.changes_since(Revision(1), 1).await.unwrap();
    assert_eq!(changes.len(), MANY);
    for (number, row) in changes.iter().enumerate() {
        assert_eq!((row.ordinal, row.uid.id.as_str()), (number as u64, number.to_string().as_str()));
    }
}

#[tokio::test]
async fn a_change_keeps_the_ownership_when_the_store_is_gone() {
    let (store, place) = World::in_file().await.into_parts();
    let url = place.url.as_str();
    let mut transaction = store.write("last", None, 0).await.unwrap();
    drop(store);
    assert!(Store::open(url, Access::Own).await.is_err());
    set_open(&mut transaction, false).await;
    transaction.commit(&Silent).await.unwrap();
    let successor = Store::open(url, Access::Own).await.unwrap();
    assert_eq!(is_open(&successor).await, (Revision(2), false));
}
