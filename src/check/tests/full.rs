//! More is asked than can be answered: what is known is told all the same, and everybody else turned away at once.

use super::*;
use futures_util::FutureExt as _;

fn request(item: &str) -> DecisionRequest {
    let (principal, action) = (EntityUid::new("User", "salesman-1"), EntityUid::action("edit"));
    let (resource, context, lent) = (EntityUid::new("Item", item), Context::empty(), Lent::nothing());
    DecisionRequest { principal, action, resource, context, lent }
}

/// A pipeline in which one question is decided at a time and none waits, and which knows the answer about `offer`.
async fn narrow(world: &World) -> Check {
    let limits = Limits { misses_running_max: 1, misses_waiting_max: 0, misses_burst_max: 0, ..Limits::default() };
    let check = Check::new(world.store.clone(), bundle(), &limits).await.unwrap();
    assert_eq!(ask(&check, "offer").await, CacheUse::Miss);
    check
}

#[tokio::test]
async fn what_is_cached_is_answered_and_what_is_not_is_turned_away() {
    let world = World::new().await;
    let check = narrow(&world).await;
    let working = check.misses.enter().await.unwrap();
    assert_eq!(ask(&check, "offer").await, CacheUse::Hit);
    let asked = request("orphan");
    let full = check.decide(&RequestRef::from(&asked)).now_or_never().unwrap();
    assert!(matches!(full, Err(CheckError::Full(_))), "{full:?}");
    assert_eq!(check.queues()[0].1.shed, 1);
    // Nothing of it is remembered, and nobody waits for who was turned away.
    drop(working);
    assert_eq!(ask(&check, "orphan").await, CacheUse::Miss);
}

#[tokio::test]
async fn who_would_be_turned_away_hears_so_at_once_but_not_where_another_computes_the_same() {
    let world = World::new().await;
    let limits = Limits { misses_running_max: 1, misses_waiting_max: 1, misses_burst_max: 1, ..Limits::default() };
    let check = Check::new(world.store.clone(), bundle(), &limits).await.unwrap();
    let (asked, other) = (request("orphan"), request("offer"));
    let (asked, other) = (RequestRef::from(&asked), RequestRef::from(&other));
    drop(check.expect(&asked).unwrap());
    let working = check.misses.enter().await.unwrap();
    drop(check.expect(&asked).unwrap());
    let mut waiting = Box::pin(check.decide(&asked));
    assert!((&mut waiting).now_or_never().is_none());
    assert!(matches!(check.expect(&other), Err(CheckError::Full(_))));
    drop(check.expect(&asked).unwrap());
    assert_eq!(check.queues()[0].1.shed, 1);
    drop(working);
    waiting.await.unwrap();
    drop(check.expect(&other).unwrap());
}

#[tokio::test]
async fn the_writer_decides_past_the_queue() {
    let world = World::new().await;
    let check = narrow(&world).await;
    let _working = check.misses.enter().await.unwrap();
    let asked = request("orphan");
    check.decide_past_queue(&check.in_force(), &RequestRef::from(&asked)).await.unwrap();
    assert_eq!(ask(&check, "orphan").await, CacheUse::Hit);
}

#[tokio::test]
async fn batches_and_explanations_wait_in_a_queue_of_their_own() {
    let world = World::new().await;
    let check = narrow(&world).await;
    let (known, new) = (request("offer"), request("orphan"));
    let (known, new) = (RequestRef::from(&known), RequestRef::from(&new));
    let working = check.misses.enter().await.unwrap();
    let several = [known.clone(), new.clone()];
    assert_eq!(check.decide_all(&check.in_force(), &several).await.unwrap().len(), 2);
    drop(working);
    check.forget_decisions().await;
    ask(&check, "offer").await;
    let mut working = Vec::new();
    for _ in 0..BATCHES_RUNNING_MAX {
        working.push(check.batches.enter().await.unwrap());
    }
    let waiting: Vec<_> = (0..BATCHES_BURST_MAX)
        .map(|_| {
            let mut place = Box::pin(check.batches.enter());
            assert!((&mut place).now_or_never().is_none());
            place
        })
        .collect();
    let full = check.decide_all(&check.in_force(), &several).now_or_never().unwrap();
    assert!(matches!(full, Err(BatchError { index: 1, error: CheckError::Full(_) })), "{full:?}");
    let full = check.explain(&known).now_or_never().unwrap();
    assert!(matches!(full, Err(CheckError::Full(_))), "{full:?}");
    // What is cached needs no place, and single questions have their own.
    assert_eq!(check.decide_all(&check.in_force(), &[known.clone(), known]).await.unwrap().len(), 2);
    check.decide(&new).await.unwrap();
    drop((waiting, working));
    assert_eq!(check.decide_all(&check.in_force(), &several).await.unwrap().len(), 2);
}
