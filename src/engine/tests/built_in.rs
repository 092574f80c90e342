use super::*;
use crate::domain::Rule;

#[test]
fn loads_without_a_warning() {
    let bundle = built_in();
    assert!(bundle.warnings().is_empty(), "{:?}", bundle.warnings());
    assert_eq!(bundle.summary(), Summary { policies: 40, actions: 23, level: 2 });
}

#[test]
fn every_policy_says_what_it_is_and_of_which_rule() {
    let bundle = built_in();
    for policy in bundle.policies() {
        let rule = policy.rule.unwrap_or_default();
        assert!(Rule::ALL.iter().any(|known| known.id() == rule), "{}: rule {rule}", policy.id);
        assert!(policy.comment.ends_with('.') && !policy.comment.trim_end_matches('.').contains(". "), "{policy:?}");
        assert!(policy.text.starts_with("@id") && policy.text.ends_with(';'), "{}", policy.text);
        assert!(policy.line > 1 && policy.file.starts_with("policies/"), "{policy:?}");
    }
    let info = bundle.policies().find(|policy| policy.id == "capacity").unwrap();
    assert_eq!((info.effect, info.rule, info.line), (Effect::Forbid, Some("P6"), 2));
    assert_eq!(info.comment, "Nothing is added past a capacity.");
}

#[test]
fn decisions_look_no_further_than_their_policies_do() {
    let bundle = built_in();
    let reach = |action: &str, resource: &str| {
        let environment = bundle.environment("User", &EntityUid::action(action).borrow(), resource).unwrap();
        assert!(bundle.action_entities(environment).is_empty(), "{action}");
        environment.reach().clone()
    };
    let through = |attributes: &[&'static str]| {
        let mut reach = Reach::default();
        for attribute in attributes {
            reach.add_path(&[SmolStr::new_static(attribute)]);
        }
        reach
    };
    for resource in ["Tool", "Folder", "Item"] {
        assert_eq!([reach("view", resource), reach("edit", resource)], [through(&[]), through(&[])]);
        assert_eq!(reach("delete", resource), through(&["group"]));
        assert_eq!(reach("view_busy", resource), through(&["owner"]));
    }
    assert_eq!(reach("add", "Folder"), through(&["group", "quota"]));
    assert_eq!(reach("add", "Tool"), through(&["group", "owner", "quota"]));
    assert_eq!(reach("manage_access", "Tool"), through(&["group"]));
    assert_eq!(reach("manage_access", "Item"), through(&[]));
    for action in ["chat", "view_presence", "view_profile"] {
        assert_eq!(reach(action, "User"), through(&[]), "{action}");
    }
    assert_eq!(reach("modify_settings", "Group"), through(&[]));
}

#[test]
fn messaging_can_be_switched_off() {
    let off = Bundle::load(&Sources { features: BTreeSet::new(), ..Sources::default() }).unwrap();
    assert!(off.policies().all(|policy| policy.id != "shared-group-messaging"));
    assert!(off.warnings().is_empty());
    assert_ne!(off.digest(), built_in().digest());
    assert_eq!(built_in().digest(), built_in().digest());
    assert_ne!(built_in().generation(), built_in().generation());
}

#[test]
fn a_request_that_the_schema_has_no_place_for_is_refused_by_name() {
    let bundle = built_in();
    let refusal = |principal: &str, action: &str, resource: &str| {
        let action = EntityUid::parse(action).unwrap();
        let refused = bundle.environment(principal, &action.borrow(), resource).unwrap_err();
        format!("{}: {refused}", refused.field())
    };
    assert_eq!(
        refusal("User", r#"Action::"vew""#, "Item"),
        r#"action: `Action::"vew"` is no action of the schema; did you mean `Action::"view"`?"#
    );
    assert_eq!(
        refusal("User", r#"Action::"Action::view""#, "Item"),
        r#"action: `Action::"Action::view"` is no action of the schema; did you mean `Action::"view"`?"#
    );
    assert_eq!(
        refusal("User", r#"Action::"something else""#, "Item"),
        r#"action: `Action::"something else"` is no action of the schema"#
    );
    assert_eq!(refusal("User", r#"User::"view""#, "Item"), r#"action: `User::"view"` is no action of the schema"#);
    assert_eq!(refusal("Robot", r#"Action::"view""#, "Item"), "principal: `Robot` is no entity type of the schema");
    assert_eq!(
        refusal("Group", r#"Action::"view""#, "Item"),
        r#"principal: `Group` cannot do `Action::"view"`; allowed: `User`"#
    );
    assert_eq!(
        refusal("User", r#"Action::"add""#, "Item"),
        r#"resource: `Item` is nothing to do `Action::"add"` to; allowed: `Folder`, `Tool`"#
    );
    assert_eq!(refusal("User", r#"Action::"add""#, "X::Y"), "resource: `X::Y` is no entity type of the schema");
}

#[test]
fn a_request_in_the_wrong_environment_is_denied() {
    let bundle = built_in();
    let add = bundle.environment("User", &EntityUid::action("view_group").borrow(), "Group").unwrap();
    let entities = entities(
        &bundle,
        serde_json::json!([{"uid":{"type":"Group","id":"g"},"parents":[],"attrs":{
            "administrator":{"type":"User","id":"a"},"coAdministrators":{"type":"Role","id":"g/co-administrators"},
            "published":true,"open":true,"membersPublished":true}}]),
    );
    let right = request(r#"User::"a""#, r#"Action::"view_group""#, r#"Group::"g""#, serde_json::json!({}));
    let context = cedar_policy::Context::empty;
    assert_eq!(evaluated(&bundle, add, &right, &context(), &entities).decision, Decision::Allow);
    for (principal, action, resource) in [
        (r#"Group::"a""#, r#"Action::"view_group""#, r#"Group::"g""#),
        (r#"User::"a""#, r#"Action::"delete_group""#, r#"Group::"g""#),
        (r#"User::"a""#, r#"X::Action::"view_group""#, r#"Group::"g""#),
        (r#"User::"a""#, r#"Action::"view_group""#, r#"User::"g""#),
    ] {
        let wrong = request(principal, action, resource, serde_json::json!({}));
        let outcome = evaluated(&bundle, add, &wrong, &context(), &entities);
        assert_eq!((outcome.decision, outcome.errors.len()), (Decision::Deny, 1));
    }
}

/// A file that is added to the folder and not to the list would silently not be in force.
#[test]
fn every_file_of_the_folders_is_built_in() {
    let folder = |name: &str| Some(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name));
    let sources = Sources { policies: folder("policies"), schema: folder("schema"), ..Sources::default() };
    assert_eq!(Bundle::load(&sources).unwrap().digest(), built_in().digest());
}
