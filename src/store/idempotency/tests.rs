use super::*;
use crate::domain::EntityUid;
use crate::store::Change;
use crate::store::audit::AuditFilter;
use crate::store::sql;
use crate::store::testing::{Silent, World, explain};

const DAY_MS: i64 = limits::IDEMPOTENCY_MILLISECONDS;

fn answer(key: u8) -> KeptAnswer {
    let (status, body) = (201, b"{}".to_vec());
    KeptAnswer { key_hash: [key; 32], request_hash: [9; 32], status, revision: Some(Revision(2)), body }
}

async fn keep(world: &World, key: u8, at_ms: i64, touches: bool) -> Result<Revision, StoreError> {
    let mut tx = world.store.write("test", None, at_ms).await.unwrap();
    if touches {
        tx.touch(EntityUid::new("Test", "test"), Change::Changed);
    }
    tx.answer_with(answer(key));
    tx.commit(&Silent).await
}

#[tokio::test]
async fn an_answer_is_kept_with_its_change_or_not_at_all() {
    let world = World::new().await;
    let mut dropped = world.store.write("test", None, 0).await.unwrap();
    dropped.touch(EntityUid::new("Test", "test"), Change::Changed);
    dropped.answer_with(answer(1));
    dropped.keep_answer().await.unwrap();
    drop(dropped);
    assert_eq!(world.store.kept_answer(&[1; 32], 1).await.unwrap(), None);

    keep(&world, 1, 0, true).await.unwrap();
    assert_eq!(world.store.kept_answer(&[1; 32], 1).await.unwrap(), Some(answer(1)));
    // Kept already: the second change fails whole.
    let before = world.store.revision().await.unwrap();
    let audited = world.store.audit(&AuditFilter::default(), 9).await.unwrap();
    keep(&world, 1, 0, true).await.unwrap_err();
    assert_eq!(world.store.revision().await.unwrap(), before);
    assert_eq!(world.store.audit(&AuditFilter::default(), 9).await.unwrap(), audited);
}

#[tokio::test]
async fn the_answer_to_a_change_of_nothing_is_kept_and_is_no_revision() {
    let world = World::new().await;
    let before = world.store.revision().await.unwrap();
    assert_eq!(keep(&world, 1, 0, false).await.unwrap(), before);
    assert_eq!(world.store.revision().await.unwrap(), before);
    assert_eq!(world.store.kept_answer(&[1; 32], 1).await.unwrap(), Some(answer(1)));
}

#[tokio::test]
async fn an_answer_expires_after_a_day_and_its_key_is_free_again() {
    let world = World::new().await;
    keep(&world, 1, 0, true).await.unwrap();
    keep(&world, 2, 1, true).await.unwrap();
    assert!(world.store.kept_answer(&[1; 32], DAY_MS - 1).await.unwrap().is_some());
    assert_eq!(world.store.kept_answer(&[1; 32], DAY_MS).await.unwrap(), None);
    keep(&world, 1, DAY_MS, true).await.unwrap();
    assert!(world.store.kept_answer(&[1; 32], DAY_MS).await.unwrap().is_some());
    let kept: i64 =
        sql::query_scalar("SELECT count(*) FROM idempotency").fetch_one(&mut world.connection().await).await.unwrap();
    assert_eq!(kept, 2);
}

#[tokio::test]
async fn keeping_an_answer_searches_no_table() {
    let world = World::new().await;
    for (statement, parameters) in [(INSERT, 6), (SELECT, 2), (EXPIRE, 1), (PRUNE, 1)] {
        for step in explain(&mut world.connection().await, statement, parameters).await {
            assert!(!step.starts_with("SCAN"), "{step}");
        }
    }
}
