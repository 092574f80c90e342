//! Another bundle takes the place of the one in force while questions are asked.

use super::*;
use crate::domain::Decision;
use crate::engine::{Naming, SourceFile};
use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

/// How many bundles follow each other.
const BUNDLES: u64 = 150;

/// The bundle of this number: its only policy is named after it, so that every answer says which bundle decided.
fn numbered(number: u64) -> Arc<Bundle> {
    // Every other pair has another schema, and so other entities.
    let schema =
        format!("entity U; entity R; action read appliesTo {{ principal: U, resource: R }}; // {}", number / 2 % 2);
    let effect = if number.is_multiple_of(2) { "permit" } else { "forbid" };
    let policy = format!("@id(\"{number}\") {effect} (principal, action, resource);");
    let [schema, policies] = [[SourceFile::new("s.cedarschema", schema)], [SourceFile::new("p.cedar", policy)]];
    Arc::new(Bundle::from_files(&schema, &policies, Naming::Annotated, &BTreeSet::new()).unwrap())
}

fn question(resource: u64) -> DecisionRequest {
    DecisionRequest {
        principal: EntityUid::new("U", "u"),
        action: EntityUid::action("read"),
        resource: EntityUid::new("R", resource.to_string()),
        context: Context::empty(),
        lent: Lent::nothing(),
    }
}

/// The number of the bundle that decided, which must have decided as it does.
fn number(answer: &Answer) -> u64 {
    let number = answer.outcome().reasons[0].parse::<u64>().unwrap();
    let decision = if number.is_multiple_of(2) { Decision::Allow } else { Decision::Deny };
    assert_eq!(answer.outcome().decision, decision);
    number
}

async fn check() -> (World, Arc<Check>) {
    let world = World::new().await;
    let check = Check::new(world.store.clone(), numbered(0), &Limits::default()).await.unwrap();
    (world, Arc::new(check))
}

/// Asks one question after the other until it is over. No answer may come from a bundle older than the newest that
/// was put in force, or that anybody was answered by, before the question.
async fn ask_on(check: Arc<Check>, newest: Arc<AtomicU64>, is_over: Arc<AtomicBool>) -> u64 {
    let mut asked = 0;
    while !is_over.load(Ordering::SeqCst) {
        let least = newest.load(Ordering::SeqCst);
        let request = question(asked % 3);
        let (answer, other) = if asked % 4 == 0 {
            let two = [question(0), question(1)];
            let two: Vec<_> = two.iter().map(RequestRef::from).collect();
            let answers = check.decide_all(&check.in_force(), &two).await.unwrap();
            (number(&answers[0]), number(&answers[1]))
        } else {
            let answer = number(&check.decide(&RequestRef::from(&request)).await.unwrap());
            (answer, answer)
        };
        assert_eq!(answer, other, "of a batch all is decided by one bundle");
        assert!(answer >= least, "answered by {answer} after {least}");
        newest.fetch_max(answer, Ordering::SeqCst);
        asked += 1;
        tokio::task::yield_now().await;
    }
    asked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_answer_comes_from_a_bundle_that_was_replaced_before_the_question() {
    let (_world, check) = check().await;
    let (newest, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let ask = |_| tokio::spawn(ask_on(Arc::clone(&check), Arc::clone(&newest), Arc::clone(&is_over)));
    let askers: Vec<_> = (0..4).map(ask).collect();
    for number in 1..=BUNDLES {
        let next = numbered(number);
        drop(check.replace(next));
        newest.fetch_max(number, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
    is_over.store(true, Ordering::SeqCst);
    for asker in askers {
        assert!(asker.await.unwrap() > 0);
    }
}

#[tokio::test]
async fn who_has_begun_ends_with_the_bundle_before_and_leaves_nothing_to_those_who_come_later() {
    let (_world, check) = check().await;
    let request = question(0);
    let asked = RequestRef::from(&request);
    let (before, turn) = (check.in_force(), check.turns.take(&request).await);
    let mut early = std::pin::pin!(check.decide_in(&before, Detail::Policies, &asked));
    assert!(futures_util::poll!(early.as_mut()).is_pending());
    drop(check.replace(numbered(1)));
    let mut late = std::pin::pin!(check.decide(&asked));
    assert!(futures_util::poll!(late.as_mut()).is_pending());
    drop(turn);
    let (early, late) = futures_util::future::join(early, late).await;
    assert_eq!((number(&early.unwrap()), number(&late.unwrap())), (0, 1));
    assert_eq!(number(&check.cached(&asked).unwrap()), 1);
    let again = check.decide_in(&before, Detail::Policies, &asked).await.unwrap();
    assert_eq!((number(&again), again.cache), (0, CacheUse::Miss), "not by what others have cached");
    assert_eq!(number(&check.cached(&asked).unwrap()), 1, "which stays");
}

#[tokio::test]
async fn an_answer_that_comes_late_into_the_cache_answers_nobody() {
    let (_world, check) = check().await;
    let request = question(0);
    let asked = RequestRef::from(&request);
    check.decide(&asked).await.unwrap();
    let late = check.decisions.get(&request).await.unwrap();
    drop(check.replace(numbered(1)));
    check.decide(&asked).await.unwrap();
    check.decisions.insert(request.clone(), late).await;
    assert!(check.cached(&asked).is_none());
    assert!(check.cached_all(std::slice::from_ref(&asked)).is_none());
    assert_eq!(number(&check.decide(&asked).await.unwrap()), 1);
}

#[tokio::test]
async fn entities_are_kept_as_long_as_the_schema_is_the_same() {
    let (_world, check) = check().await;
    let request = question(0);
    check.decide(&RequestRef::from(&request)).await.unwrap();
    let read = |check: &Check| check.entity_counters().misses;
    let misses = read(&check);
    drop(check.replace(numbered(1)));
    check.decide(&RequestRef::from(&request)).await.unwrap();
    assert_eq!(read(&check), misses, "the same schema");
    drop(check.replace(numbered(2)));
    check.decide(&RequestRef::from(&request)).await.unwrap();
    assert!(read(&check) > misses, "another one");
}
