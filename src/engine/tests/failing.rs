use super::*;
use serde_json::json;

const SCHEMA: &str = r"
    entity Holder { free: Long };
    entity User { n: Long, holder: Holder };
    entity Doc { n: Long };
    action read, write appliesTo { principal: User, resource: [Doc, User], context: { n?: Long } };";

fn world(bundle: &Bundle) -> Entities {
    entities(
        bundle,
        json!([
            {"uid": {"type": "User", "id": "u"}, "parents": [],
             "attrs": {"n": i64::MAX, "holder": {"type": "Holder", "id": "absent"}}},
            {"uid": {"type": "Doc", "id": "d"}, "attrs": {"n": 1}, "parents": []},
        ]),
    )
}

fn read() -> DecisionRequest {
    request(r#"User::"u""#, r#"Action::"read""#, r#"Doc::"d""#, json!({}))
}

#[test]
fn a_forbid_that_fails_denies() {
    let policies = r#"
        @id("all") permit (principal, action, resource);
        @id("sum") forbid (principal, action, resource) when { principal.n + resource.n == 5 };
        @id("absent") forbid (principal, action, resource) when { principal.holder.free < 1 };"#;
    let bundle = compiled(SCHEMA, policies).unwrap();
    assert_eq!(bundle.warnings().len(), 1);
    let (ours, cedar) = answers(&bundle, &read(), &world(&bundle));
    assert_eq!((cedar.decision, ours.decision), (Decision::Allow, Decision::Deny));
    assert!(ours.reasons.is_empty());
    assert_eq!(ours.errors, cedar.errors);
    assert_eq!(
        ours.errors,
        [
            r#"error while evaluating policy `absent`: entity `Holder::"absent"` does not exist"#,
            "error while evaluating policy `sum`: integer overflow while attempting to add the values `9223372036854775807` and `1`",
        ]
    );
    let bundle = bundle.with_error_rule(ErrorRule::Skip);
    let (ours, cedar) = answers(&bundle, &read(), &world(&bundle));
    assert_eq!(ours, cedar);
}

#[test]
fn a_permit_that_fails_is_skipped() {
    let policies = r#"
        @id("sum") permit (principal, action, resource) when { principal.n + 1 == 5 };
        @id("read") permit (principal is User, action == Action::"read", resource is Doc);"#;
    let bundle = compiled(SCHEMA, policies).unwrap();
    let (ours, cedar) = answers(&bundle, &read(), &world(&bundle));
    assert_eq!(ours, cedar);
    assert_eq!((ours.decision, ours.errors.len()), (Decision::Allow, 1));
    assert_eq!(ours.reasons, ["read"]);
}

#[test]
fn a_forbid_that_holds_is_the_reason_even_beside_one_that_fails() {
    let policies = r#"
        @id("all") permit (principal, action, resource);
        @id("no") forbid (principal, action in [Action::"read"], resource);
        @id("nor") forbid (principal == User::"u", action, resource);
        @id("sum") forbid (principal, action, resource) when { principal.n + resource.n == 5 };"#;
    let bundle = compiled(SCHEMA, policies).unwrap();
    let (ours, cedar) = answers(&bundle, &read(), &world(&bundle));
    assert_eq!(ours, cedar);
    assert_eq!((ours.decision, ours.errors.len()), (Decision::Deny, 1));
    assert_eq!(ours.reasons, ["no", "nor"]);
}

/// A condition that is always false may still fail on its way there; dropping it would hide the failure.
#[test]
fn a_false_condition_that_may_fail_is_not_dropped() {
    let policies = r#"
        @id("all") permit (principal, action, resource);
        @id("off") forbid (principal, action, resource) when { principal.n + 1 == 5 && resource is User };"#;
    let bundle = compiled(SCHEMA, policies).unwrap();
    let (ours, cedar) = answers(&bundle, &read(), &world(&bundle));
    assert_eq!((&ours.errors, ours.errors.len()), (&cedar.errors, 1));
    assert_eq!(ours.decision, Decision::Deny);
}

#[test]
fn only_policies_that_can_apply_are_kept() {
    let policies = r#"
        @id("docs") permit (principal, action, resource is Doc);
        @id("people") permit (principal, action == Action::"write", resource) when { resource is User && resource.n > 1 };
        @id("one") permit (principal, action, resource == Doc::"d");"#;
    let bundle = compiled(SCHEMA, policies).unwrap();
    let kept = |action: &str, resource: &str| {
        let environment = bundle.environment("User", &EntityUid::action(action).borrow(), resource).unwrap();
        environment.programs.permits.iter().map(|program| program.condition.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(kept("read", "User"), [""; 0]);
    assert_eq!(kept("read", "Doc"), ["true".to_owned(), r#"resource == Doc::"d""#.to_owned()]);
    assert_eq!(kept("write", "User").len(), 1);
    assert_eq!(kept("write", "Doc").len(), 2);
}

#[test]
fn groups_of_actions_are_proven_when_the_set_is_loaded() {
    let schema = r"
        entity User; entity Doc;
        action any; action reading in [any];
        action read in [reading] appliesTo { principal: User, resource: Doc };
        action write in [any] appliesTo { principal: User, resource: Doc };";
    let policies = r#"
        @id("r") permit (principal, action in Action::"reading", resource);
        @id("a") permit (principal, action in [Action::"any"], resource);
        @id("e") permit (principal, action == Action::"any", resource);"#;
    let bundle = compiled(schema, policies);
    let bundle = bundle.unwrap_or_else(|error| panic!("{error}"));
    let entities = entities(&bundle, json!([]));
    for (action, reasons) in [("read", vec!["a", "r"]), ("write", vec!["a"])] {
        let request = request(r#"User::"u""#, &format!("Action::\"{action}\""), r#"Doc::"d""#, json!({}));
        let (ours, cedar) = answers(&bundle, &request, &entities);
        assert_eq!(ours, cedar);
        assert_eq!(ours.reasons, reasons);
    }
    let group = bundle.environment("User", &EntityUid::action("any").borrow(), "Doc").unwrap_err();
    assert!(group.to_string().contains("is a group of actions"), "{group}");
}
