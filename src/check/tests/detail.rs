//! Whoever asks for a decision alone, and whoever asks for all that determines it, share one cache.

use super::*;
use crate::engine::{Naming, SourceFile};
use std::collections::BTreeSet;

const SCHEMA: &str = r#"
    entity Reader, Note;
    action "read", "burn" appliesTo { principal: Reader, resource: Note };
"#;

const POLICIES: &str = r#"
    @id("a") permit (principal, action, resource);
    @id("b") permit (principal, action == Action::"read", resource);
    @id("c") forbid (principal, action == Action::"burn", resource);
    @id("d") forbid (principal, action == Action::"burn", resource);
"#;

async fn check(world: &World) -> Check {
    let (schema, policies) = ([SourceFile::new("s", SCHEMA)], [SourceFile::new("p", POLICIES)]);
    let bundle = Bundle::from_files(&schema, &policies, Naming::Annotated, &BTreeSet::new()).unwrap();
    let limits = Limits { verification_decisions: 1, ..Limits::default() };
    Check::new(world.store.clone(), Arc::new(bundle), &limits).await.unwrap()
}

/// The policies that are told, and where they come from.
async fn told(check: &Check, action: &str, detail: Detail) -> (Vec<String>, CacheUse) {
    let request = DecisionRequest {
        principal: EntityUid::new("Reader", "r"),
        action: EntityUid::action(action),
        resource: EntityUid::new("Note", "n"),
        context: Context::empty(),
        lent: Lent::nothing(),
    };
    let answer = check.decide_in(&check.in_force(), detail, &RequestRef::from(&request)).await.unwrap();
    (answer.outcome().reasons.iter().map(ToString::to_string).collect(), answer.cache)
}

#[tokio::test]
async fn what_is_cached_of_a_decision_alone_is_no_answer_with_all_policies() {
    let world = World::new().await;
    let check = check(&world).await;
    for (action, all) in [("read", ["a", "b"]), ("burn", ["c", "d"])] {
        let some = vec![all[0].to_owned()];
        let all = all.map(str::to_owned).to_vec();
        assert_eq!(told(&check, action, Detail::Decision).await, (some.clone(), CacheUse::Miss));
        assert_eq!(told(&check, action, Detail::Decision).await, (some, CacheUse::Hit));
        assert_eq!(told(&check, action, Detail::Policies).await, (all.clone(), CacheUse::Miss));
        assert_eq!(told(&check, action, Detail::Policies).await, (all.clone(), CacheUse::Hit));
        assert_eq!(told(&check, action, Detail::Decision).await, (all, CacheUse::Hit), "more than is asked for");
    }
    assert_eq!(check.mismatches(), 0);
    let counted = check.decision_counters();
    assert_eq!((counted.hits, counted.misses, counted.invalidations, counted.evictions), (6, 4, 0, 0));
}
