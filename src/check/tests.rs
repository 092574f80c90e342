//! What a remembered decision rests on, in the real parts.

mod described;
mod detail;
mod full;
mod replaced;

use super::*;
use crate::domain::{Context, EntityUid, Lent};
use crate::engine::Sources;
use crate::store::testing::World;

fn bundle() -> Arc<Bundle> {
    Arc::new(Bundle::load(&Sources::default()).unwrap())
}

async fn ask(check: &Check, item: &str) -> CacheUse {
    let request = DecisionRequest {
        principal: EntityUid::new("User", "salesman-1"),
        action: EntityUid::action("edit"),
        resource: EntityUid::new("Item", item),
        context: Context::empty(),
        lent: Lent::nothing(),
    };
    check.decide(&RequestRef::from(&request)).await.unwrap().cache
}

/// Whether a remembered decision about `item` ends with a change of `touched`.
async fn ends(item: &str, touched: EntityUid) -> bool {
    let world = World::new().await;
    let check = Check::new(world.store.clone(), bundle(), &Limits::default()).await.unwrap();
    assert_eq!((ask(&check, item).await, ask(&check, item).await), (CacheUse::Miss, CacheUse::Hit));
    let next = check.revision().next();
    check.stripes().raise(&[touched], next);
    check.stripes().publish(next);
    ask(&check, item).await == CacheUse::Miss
}

#[tokio::test]
async fn a_decision_rests_on_what_was_asked_about_even_if_absent() {
    assert!(ends("offer", EntityUid::new("Item", "offer")).await);
    assert!(ends("offer", EntityUid::new("User", "salesman-1")).await);
    assert!(ends("not-yet", EntityUid::new("Item", "not-yet")).await);
}

#[tokio::test]
async fn a_decision_rests_on_all_that_grants_were_joined_from() {
    for folder in ["top", "middle", "bottom"] {
        assert!(ends("offer", EntityUid::new("Folder", folder)).await, "{folder}");
    }
    assert!(ends("offer", EntityUid::new("Tool", "group:sales/documents")).await);
}

#[tokio::test]
async fn a_decision_does_not_outlive_its_policies() {
    let world = World::new().await;
    let check = Check::new(world.store.clone(), bundle(), &Limits::default()).await.unwrap();
    assert_eq!((ask(&check, "offer").await, ask(&check, "offer").await), (CacheUse::Miss, CacheUse::Hit));
    drop(check.replace(bundle()));
    assert_eq!(ask(&check, "offer").await, CacheUse::Miss);
}

mod lent;
