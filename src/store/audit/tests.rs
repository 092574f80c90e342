use super::*;
use crate::store::Change;
use crate::store::sql;
use crate::store::testing::{Silent, World, explain};

fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

fn refused(at_ms: i64) -> Attempt {
    Attempt {
        at_ms,
        actor: Some(user("secretary")),
        action: "remove_member".to_owned(),
        target: Some(EntityUid::new("Group", "sales")),
        subject: Some(user("salesman-1")),
        rule: Some("A12".into()),
    }
}

async fn rows(world: &World, filter: AuditFilter) -> Vec<AuditRow> {
    world.store.audit(&filter, 100).await.unwrap()
}

#[tokio::test]
async fn a_change_and_its_row_come_together_or_not_at_all() {
    let world = World::new().await;
    let before = rows(&world, AuditFilter::default()).await.len();
    let mut dropped = world.store.write("create_group", Some(&user("director")), 5).await.unwrap();
    dropped.touch(EntityUid::new("Group", "new"), Change::Created);
    dropped.record(dropped.base().next()).await.unwrap();
    drop(dropped);
    assert_eq!(rows(&world, AuditFilter::default()).await.len(), before);

    let mut made = world.store.write("create_group", Some(&user("director")), 5).await.unwrap();
    made.touch(EntityUid::new("User", "director"), Change::Changed);
    made.touch(EntityUid::new("Group", "new"), Change::Created);
    let revision = made.commit(&Silent).await.unwrap();
    let row = &rows(&world, AuditFilter::default()).await[0];
    assert_eq!((row.revision, row.outcome, row.attempt.at_ms), (Some(revision), Outcome::Allowed, 5));
    assert_eq!(row.attempt.target, Some(EntityUid::new("Group", "new")), "what is made says most");
    assert_eq!((row.attempt.action.as_str(), row.attempt.actor.clone()), ("create_group", Some(user("director"))));

    let idle = world.store.write("change_group", None, 6).await.unwrap();
    idle.commit(&Silent).await.unwrap();
    assert_eq!(rows(&world, AuditFilter::default()).await.len(), before + 1, "nothing changed, nothing to tell");
}

#[tokio::test]
async fn what_was_refused_is_no_revision() {
    let world = World::new().await;
    let before = world.store.revision().await.unwrap();
    world.store.record_refused(&[refused(1), refused(2)]).await.unwrap();
    assert_eq!(world.store.revision().await.unwrap(), before);
    assert_eq!(world.store.changes_since(before, 9).await.unwrap(), []);
    let found = rows(&world, AuditFilter { outcome: Some(Outcome::Refused), ..AuditFilter::default() }).await;
    assert_eq!(found.iter().map(|row| row.attempt.clone()).collect::<Vec<_>>(), [refused(2), refused(1)]);
    // And the next change is as if nothing had been.
    world.run("UPDATE groups SET open = 0 WHERE id = 'sales'").await;
    assert_eq!(world.store.revision().await.unwrap(), before.next());
}

#[tokio::test]
async fn each_condition_leaves_out_what_does_not_meet_it() {
    let world = World::new().await;
    world.store.record_refused(&[refused(1), Attempt { actor: None, subject: None, ..refused(2) }]).await.unwrap();
    let all = AuditFilter { outcome: Some(Outcome::Refused), ..AuditFilter::default() };
    for (filter, expected) in [
        (all.clone(), &[2, 1][..]),
        (AuditFilter { actor: Some(None), ..all.clone() }, &[2]),
        (AuditFilter { actor: Some(Some(user("secretary"))), ..all.clone() }, &[1]),
        (AuditFilter { action: Some("remove_member".to_owned()), ..all.clone() }, &[2, 1]),
        (AuditFilter { action: Some("invite".to_owned()), ..all.clone() }, &[]),
        (AuditFilter { target: Some(EntityUid::new("Group", "sales")), ..all.clone() }, &[2, 1]),
        (AuditFilter { target: Some(EntityUid::new("User", "salesman-1")), ..all.clone() }, &[1]),
        (AuditFilter { target: Some(EntityUid::new("User", "sales")), ..all.clone() }, &[]),
        (AuditFilter { since_ms: Some(2), ..all.clone() }, &[2]),
        (AuditFilter { until_ms: Some(2), ..all.clone() }, &[1]),
    ] {
        let found: Vec<_> = rows(&world, filter.clone()).await.iter().map(|row| row.attempt.at_ms).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    let newest = rows(&world, all.clone()).await[0].id;
    let older = rows(&world, AuditFilter { before: Some(newest), ..all }).await;
    assert_eq!(older[0].attempt.at_ms, 1);
}

#[tokio::test]
async fn the_oldest_refusals_go_first_and_never_what_was_done() {
    let world = World::new().await;
    world.store.record_refused(&[refused(1), refused(2), refused(3)]).await.unwrap();
    let mut connection = world.connection().await;
    sql::query(PRUNE).bind("refused").bind(2).execute(&mut connection).await.unwrap();
    let left: Vec<_> = rows(&world, AuditFilter::default()).await.iter().map(|row| row.attempt.at_ms).collect();
    assert_eq!(left, [3, 2, 0]);
    world.store.record_refused(&[refused(4)]).await.unwrap();
    let numbers: Vec<i64> = sql::query_scalar("SELECT number FROM audit WHERE outcome = 'refused' ORDER BY id")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert_eq!(numbers, [2, 3, 4]);
}

#[tokio::test]
async fn neither_writing_nor_pruning_searches_the_table() {
    let world = World::new().await;
    for (statement, parameters) in [(INSERT, 9), (PRUNE, 2)] {
        for step in explain(&mut world.connection().await, statement, parameters).await {
            assert!(!step.starts_with("SCAN") || step.contains("CONSTANT"), "{step}");
        }
    }
}
