//! Several stores over one database of a server, as several sidecars are. Where tests have no server they say so.

use super::*;
use crate::domain::facts::{Keeper, Neighbours, Wanted};
use crate::domain::{EntityUid, UserId};
use crate::store::testing::{Silent, World};
use crate::store::{Access, Change};
use sqlx::postgres::PgListener;
use std::sync::Mutex;

/// An hour: nothing is asked for by the clock while a test runs.
const LONG: Duration = Duration::from_hours(1);

/// Writes down what it is told.
struct Recording(Mutex<Vec<String>>, AtomicU64);

impl Default for Recording {
    /// As of the revision that a world begins at.
    fn default() -> Self {
        Self(Mutex::default(), AtomicU64::new(1))
    }
}

impl Recording {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Follower for Recording {
    fn raise(&self, touched: &[EntityUid], revision: Revision) {
        let touched: Vec<_> = touched.iter().map(ToString::to_string).collect();
        self.0.lock().unwrap().push(format!("raise {} to {revision}", touched.join(" ")));
    }

    fn raise_all(&self, revision: Revision) {
        self.0.lock().unwrap().push(format!("raise all to {revision}"));
    }

    fn publish(&self, revision: Revision) {
        self.0.lock().unwrap().push(format!("publish {revision}"));
    }

    fn applied(&self) -> Revision {
        Revision(self.1.load(Ordering::SeqCst))
    }

    fn apply(&self, revision: Revision) {
        self.1.fetch_max(revision.0, Ordering::SeqCst);
    }
}

/// One that writes, and another that follows without being woken.
async fn pair() -> Option<(World, Store, Arc<Recording>)> {
    let world = World::on_server().await?;
    let other = Store::open(world.url(), Access::Own).await.unwrap();
    let recording = Arc::new(Recording::default());
    told(&other, Arc::clone(&recording) as _, LONG);
    Some((world, other, recording))
}

/// Has a store tell of changes, without the task that is woken.
fn told(store: &Store, follower: Arc<dyn Follower>, staleness_max: Duration) {
    let state = store.inner.followed.as_ref().unwrap();
    assert!(state.told.set(Told { follower, staleness_max, begun: Instant::now() }).is_ok());
}

async fn change(store: &Store, id: &str) -> Revision {
    let mut transaction = store.write("test", None, 0).await.unwrap();
    transaction.touch(EntityUid::new("Item", id), Change::Changed);
    transaction.commit(&Silent).await.unwrap()
}

fn sales() -> [Wanted; 1] {
    [Wanted { uid: EntityUid::new("Group", "sales"), neighbours: Neighbours::NONE, keeper: Keeper::Conclave }]
}

#[tokio::test]
async fn what_is_read_beyond_the_last_known_change_is_told_before_it_is_answered() {
    let Some((world, other, recording)) = pair().await else { return };
    change(&world.store, "a").await;
    change(&world.store, "b").await;
    let snapshot = other.snapshot(&sales()).await.unwrap();
    assert_eq!(snapshot.revision, Revision(3));
    let raised = [r#"raise Item::"a" to 2"#, r#"raise Item::"b" to 3"#, "publish 3"];
    assert_eq!(recording.take(), raised);
    // Once is enough.
    other.snapshot(&sales()).await.unwrap();
    assert_eq!(recording.take(), [""; 0]);
    let mut reading = other.read().await.unwrap();
    change(&world.store, "c").await;
    reading.snapshot(&sales()).await.unwrap();
    assert_eq!(recording.take(), [r#"raise Item::"c" to 4"#, "publish 4"]);
}

#[tokio::test]
async fn rows_are_shown_after_the_changes_up_to_them_are_told() {
    let Some((world, other, recording)) = pair().await else { return };
    change(&world.store, "a").await;
    other.user(&UserId::new("nobody").unwrap()).await.unwrap();
    assert_eq!(recording.take(), [r#"raise Item::"a" to 2"#, "publish 2"]);
    other.user(&UserId::new("nobody").unwrap()).await.unwrap();
    assert_eq!(recording.take(), [""; 0]);
}

#[tokio::test]
async fn what_touched_too_much_counts_as_having_touched_everything() {
    let Some((world, other, recording)) = pair().await else { return };
    for (beyond, told) in [(0, "raise Item::"), (1, "raise all to 3")] {
        let mut transaction = world.store.write("test", None, 0).await.unwrap();
        for number in 0..limits::FOLLOWED_ENTITIES_MAX + beyond {
            transaction.touch(EntityUid::new("Item", number.to_string()), Change::Changed);
        }
        transaction.commit(&Silent).await.unwrap();
        other.catch_up().await.unwrap();
        assert!(recording.take()[0].starts_with(told), "{told}");
    }
    // Not all of it is in memory: whoever asks what changed has it read.
    assert_eq!(other.inner.followed.as_ref().unwrap().recent(Revision(2), 9), None);
    assert_eq!(other.changes_since(Revision(2), 9).await.unwrap().len(), 1_025);
    change(&world.store, "a").await;
    other.catch_up().await.unwrap();
    assert_eq!(recording.take(), [r#"raise Item::"a" to 4"#, "publish 4"]);
    assert_eq!(other.inner.followed.as_ref().unwrap().recent(Revision(3), 9).unwrap().len(), 1);
}

#[tokio::test]
async fn a_change_follows_all_before_it_first() {
    let Some((world, other, recording)) = pair().await else { return };
    change(&world.store, "a").await;
    let mut transaction = other.write("test", None, 0).await.unwrap();
    assert_eq!(transaction.base(), Revision(2));
    assert_eq!(recording.take(), [r#"raise Item::"a" to 2"#, "publish 2", "publish 2"]);
    transaction.touch(EntityUid::new("Item", "own"), Change::Changed);
    assert_eq!(transaction.commit(&*recording).await.unwrap(), Revision(3));
    assert_eq!(recording.take(), [r#"raise Item::"own" to 3"#, "publish 3"]);
    // Its own change is no news.
    other.catch_up().await.unwrap();
    assert_eq!(recording.take(), [""; 0]);
}

#[tokio::test]
async fn following_goes_on_over_another_connection() {
    let Some((world, other, recording)) = pair().await else { return };
    let end = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for id in ["a", "b"] {
        let revision = change(&world.store, id).await;
        world.connection().await.run(end).await.unwrap();
        other.catch_up().await.unwrap();
        assert_eq!(recording.take().last(), Some(&format!("publish {revision}")));
    }
}

/// A connection that hears what sidecars hear.
async fn listening(world: &World) -> PgListener {
    let mut listener = PgListener::connect(world.url()).await.unwrap();
    let channel: String = sqlx::query_scalar(task::CHANNEL).fetch_one(&mut listener).await.unwrap();
    listener.listen(&channel).await.unwrap();
    listener
}

/// What the server told of the changes after it was first listened to, once there are so many.
async fn told_by(listener: &mut PgListener, count: usize) -> Vec<String> {
    let mut told = Vec::new();
    while told.len() < count {
        told.push(listener.recv().await.unwrap().payload().to_owned());
    }
    told
}

#[tokio::test]
async fn what_is_told_is_known_without_a_question_if_it_is_the_next() {
    let Some((world, other, recording)) = pair().await else { return };
    let mut listener = listening(&world).await;
    let mut stranger = PgListener::connect(world.url()).await.unwrap();
    stranger.listen("conclave_revision").await.unwrap();
    change(&world.store, "a").await;
    change(&world.store, "b").await;
    let told = told_by(&mut listener, 2).await;
    assert_eq!(told_by(&mut stranger, 2).await, ["2", "3"], "who cannot read the database hears no more");
    // Told in the wrong order, as it never is, it is no more than a reason to ask.
    assert!(!other.heard(&told[1]));
    assert_eq!(recording.take(), [""; 0]);
    assert!(other.heard(&told[0]) && other.heard(&told[1]));
    assert_eq!(recording.take(), [r#"raise Item::"a" to 2"#, "publish 2", r#"raise Item::"b" to 3"#, "publish 3"]);
    assert!(told.iter().all(|told| other.heard(told)));
    assert_eq!(recording.take(), [""; 0]);
    // And is told on, as it stands in the database.
    let read = world.store.changes_since(Revision(1), 9).await.unwrap();
    assert_eq!(other.inner.followed.as_ref().unwrap().recent(Revision(1), 9), Some(read.clone()));
    assert_eq!(other.changes_since(Revision(1), 9).await.unwrap(), read);
    assert_eq!(other.changes_since(Revision(2), 9).await.unwrap(), read[1..]);
    assert!(!other.heard("nonsense") && !other.heard("4") && other.heard("3"));
    assert_eq!(recording.take(), [""; 0]);
}

#[tokio::test]
async fn what_is_too_much_to_tell_is_asked_for() {
    let Some((world, other, recording)) = pair().await else { return };
    let mut listener = listening(&world).await;
    for (count, length) in [(64, 1), (65, 1), (30, 100), (30, 300), (1_001, 1)] {
        let mut transaction = world.store.write("test", None, 0).await.unwrap();
        for n in 0..count {
            transaction.touch(EntityUid::new("Item", format!("{n}{}", "ü".repeat(length))), Change::Changed);
        }
        transaction.commit(&Silent).await.unwrap();
    }
    let told = told_by(&mut listener, 5).await;
    assert_eq!(told.iter().map(|told| told.contains('[')).collect::<Vec<_>>(), [true, false, true, false, false]);
    for told in &told {
        if !other.heard(told) {
            other.catch_up().await.unwrap();
        }
    }
    let last = recording.take().pop();
    assert_eq!(last.as_deref(), Some("publish 6"));
    let read = world.store.changes_since(Revision(1), 9).await.unwrap();
    assert_eq!(other.changes_since(Revision(1), 9).await.unwrap(), read);
}

#[tokio::test]
async fn many_changes_are_followed_without_a_gap() {
    let Some((world, other, recording)) = pair().await else { return };
    let count = u64::from(limits::FOLLOWED_REVISIONS_MAX) + 3;
    for _ in 0..count {
        change(&world.store, "a").await;
    }
    other.catch_up().await.unwrap();
    let told = recording.take();
    let raised: Vec<_> = told.iter().filter(|told| told.starts_with("raise")).collect();
    assert_eq!(
        raised,
        (2..=1 + count).map(|n| format!("raise Item::\"a\" to {n}")).collect::<Vec<_>>().iter().collect::<Vec<_>>()
    );
    assert_eq!(told.last().unwrap(), &format!("publish {}", 1 + count));
}

#[tokio::test]
async fn what_touched_everything_raises_everything() {
    let Some((world, other, recording)) = pair().await else { return };
    let mut transaction = world.store.write("import", None, 0).await.unwrap();
    transaction.touch(EntityUid::new("Store", "*"), Change::Changed);
    transaction.commit(&Silent).await.unwrap();
    other.catch_up().await.unwrap();
    assert_eq!(recording.take(), ["raise all to 2", "publish 2"]);
}

#[tokio::test]
async fn what_was_not_confirmed_in_time_is_not_current() {
    let Some((world, _, _)) = pair().await else { return };
    let other = Store::open(world.url(), Access::Own).await.unwrap();
    assert!(other.is_current(), "who tells nobody keeps nothing");
    told(&other, Arc::new(Silent), Duration::ZERO);
    assert!(!other.is_current());
    other.be_current().await.unwrap();
    other.close().await;
    let closed = Store::open(world.url(), Access::Own).await.unwrap();
    told(&closed, Arc::new(Silent), Duration::ZERO);
    closed.clone().close().await;
    closed.be_current().await.unwrap_err();
}

#[tokio::test]
async fn what_a_transaction_still_sees_confirms_nothing() {
    let Some((world, _, _)) = pair().await else { return };
    let other = Store::open(world.url(), Access::Own).await.unwrap();
    let staleness_max = Duration::from_millis(50);
    told(&other, Arc::new(Recording::default()), staleness_max);
    let mut reading = other.read().await.unwrap();
    reading.snapshot(&sales()).await.unwrap();
    change(&world.store, "unseen").await;
    tokio::time::sleep(staleness_max).await;
    reading.snapshot(&sales()).await.unwrap();
    assert!(!other.is_current(), "it cannot see what was changed since it began");
}

#[tokio::test]
async fn a_server_that_has_lost_changes_is_answered_from_no_more() {
    let Some((world, other, recording)) = pair().await else { return };
    let lost = change(&world.store, "lost").await;
    other.snapshot(&sales()).await.unwrap();
    recording.take();
    // As one looks that was promoted without having had it all.
    for statement in ["DELETE FROM changes WHERE revision = 2", "DELETE FROM commits WHERE revision = 2"] {
        world.connection().await.run(statement).await.unwrap();
    }
    world.connection().await.run("UPDATE store SET revision = 1").await.unwrap();
    let (one, another) = (other.clone(), other.clone());
    let refusals = [
        other.catch_up().await.unwrap_err(),
        one.snapshot(&sales()).await.map(drop).unwrap_err(),
        another.write("test", None, 0).await.map(drop).unwrap_err(),
    ];
    assert!(refusals.iter().all(|error| matches!(error, StoreError::Corrupt(_))), "{refusals:?}");
    // Not even once as many changes were made, which are others.
    assert_eq!(change(&world.store, "another").await, lost);
    assert!(!other.is_current());
    assert!(!other.heard(r#"3 [["Item", "c", "changed"]]"#));
    other.be_current().await.unwrap_err();
    other.snapshot(&sales()).await.map(drop).unwrap_err();
    assert_eq!(recording.take(), [""; 0]);
}

#[tokio::test]
async fn where_the_record_has_a_gap_everything_counts_as_touched() {
    let Some((world, other, recording)) = pair().await else { return };
    let forget = async |revisions: &str| {
        for table in ["changes", "commits"] {
            world.connection().await.run(format!("DELETE FROM {table} WHERE revision {revisions}")).await.unwrap();
        }
    };
    for id in ["a", "b", "c", "d"] {
        change(&world.store, id).await;
    }
    // Before what is there still, and in between.
    forget("IN (2, 4)").await;
    other.catch_up().await.unwrap();
    assert_eq!(recording.take(), ["raise all to 3", "raise all to 5", "publish 5"]);
    // All there was.
    change(&world.store, "e").await;
    forget("> 1").await;
    other.snapshot(&sales()).await.unwrap();
    assert_eq!(recording.take(), ["raise all to 6", "publish 6"]);
    change(&world.store, "f").await;
    other.catch_up().await.unwrap();
    assert_eq!(recording.take(), [r#"raise Item::"f" to 7"#, "publish 7"]);
}

#[tokio::test]
async fn the_task_is_woken_by_the_server() {
    let Some((world, _, _)) = pair().await else { return };
    let other = Store::open(world.url(), Access::Own).await.unwrap();
    let recording = Arc::new(Recording::default());
    let following = other.follow(Arc::clone(&recording) as _, LONG).unwrap();
    loop {
        // Until it listens; what was before that it has read.
        change(&world.store, "a").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        if recording.take().iter().any(|told| told.starts_with("publish")) {
            break;
        }
    }
    let revision = change(&world.store, "b").await;
    let wanted = format!("publish {revision}");
    while !recording.take().contains(&wanted) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    following.stop().await;
}

#[tokio::test]
async fn writers_of_many_sidecars_take_turns_without_gaps() {
    const EACH: u64 = 30;
    let Some((world, other, _)) = pair().await else { return };
    let third = Store::open(world.url(), Access::Own).await.unwrap();
    let writers = [world.store.clone(), other, third].map(|store| {
        tokio::spawn(async move {
            let mut revisions = Vec::new();
            for n in 0..EACH {
                revisions.push(change(&store, &n.to_string()).await.0);
            }
            revisions
        })
    });
    let mut all = Vec::new();
    for writer in writers {
        let revisions = writer.await.unwrap();
        assert!(revisions.is_sorted(), "{revisions:?}");
        all.extend(revisions);
    }
    all.sort_unstable();
    assert_eq!(all, (2..2 + 3 * EACH).collect::<Vec<_>>());
}

#[tokio::test]
async fn one_of_them_has_a_duty_until_it_is_gone() {
    let Some((world, other, _)) = pair().await else { return };
    assert!(world.store.is_turn(Duty::Mail).await.unwrap());
    assert!(world.store.is_turn(Duty::Mail).await.unwrap());
    assert!(!other.is_turn(Duty::Mail).await.unwrap());
    let (store, _place) = world.into_parts();
    store.close().await;
    while !other.is_turn(Duty::Mail).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
