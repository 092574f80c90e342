use super::*;
use serde_json::json;

fn checked(action: &str, resource: &str, context: Json) -> Result<cedar_policy::Context, String> {
    let bundle = built_in();
    let environment = bundle.environment("User", &EntityUid::action(action).borrow(), resource).unwrap();
    let context = serde_json::from_value(context).unwrap();
    bundle.context(environment, &context).map_err(|error| {
        assert_eq!(error.field(), "context");
        assert!(error.path().starts_with("context"));
        error.to_string()
    })
}

#[test]
fn what_the_schema_allows_comes_through() {
    assert_eq!(checked("view", "Item", json!({})).unwrap().to_string(), "{}");
    assert_eq!(checked("add", "Tool", json!({})).unwrap().to_string(), "{}");
    assert_eq!(checked("add", "Tool", json!({"size": 0})).unwrap().to_string(), "{size: 0}");
    assert_eq!(checked("view_profile", "User", json!({"field": ""})).unwrap().to_string(), r#"{field: ""}"#);
}

#[test]
fn what_it_does_not_allow_is_named() {
    let refusal = |action, resource, context| checked(action, resource, context).unwrap_err();
    assert_eq!(refusal("view", "Item", json!({"x": 1})), "`context.x` is no field that the schema has there");
    assert_eq!(refusal("view_profile", "User", json!({})), "`context.field` is missing");
    assert_eq!(
        refusal("view_profile", "User", json!({"field": null})),
        "`context.field` must not be null; leave it out instead"
    );
    assert_eq!(refusal("add", "Folder", json!({"size": -1})), "`context.size` must be 0 or more, not -1");
    assert_eq!(refusal("add", "Folder", json!({"size": "big"})), "`context.size` must be a whole number");
    assert_eq!(refusal("view_profile", "User", json!({"field": [[]]})), "`context.field` must be a text");
}

#[test]
fn what_lies_deeper_is_named_too() {
    let schema = r"
        entity User; entity Doc;
        action read appliesTo { principal: User, resource: Doc, context: {
            place: { ip: ipaddr, floor?: Long }, seen: Set<User>, urgent?: Bool,
        } };";
    let bundle = compiled(schema, r#"@id("a") permit (principal, action, resource);"#).unwrap();
    let environment = bundle.environment("User", &EntityUid::action("read").borrow(), "Doc").unwrap();
    let checked = |context: Json| {
        let context = serde_json::from_value(context).unwrap();
        bundle.context(environment, &context).map(|_| ()).map_err(|error| error.to_string())
    };
    let user = json!({"type": "User", "id": "u"});
    assert_eq!(checked(json!({"place": {"ip": "10.0.0.1", "floor": 1}, "seen": [user]})), Ok(()));
    assert_eq!(checked(json!({"place": {"ip": {"fn": "ip", "arg": "::1"}}, "seen": [], "urgent": true})), Ok(()));
    let refusal = |context| checked(context).unwrap_err();
    let place = json!({"ip": "::1"});
    assert_eq!(refusal(json!({"place": {}, "seen": []})), "`context.place.ip` is missing");
    assert_eq!(refusal(json!({"place": {"ip": 1}, "seen": []})), "`context.place.ip` must be an extension value");
    assert_eq!(
        refusal(json!({"place": {"ip": "::1", "floor": true}, "seen": []})),
        "`context.place.floor` must be a whole number"
    );
    assert_eq!(refusal(json!({"place": place, "seen": user})), "`context.seen` must be an array");
    assert_eq!(refusal(json!({"place": place, "seen": [user, "v"]})), "`context.seen[1]` must be an entity reference");
    assert_eq!(refusal(json!({"place": place, "seen": [], "urgent": "yes"})), "`context.urgent` must be true or false");
    for cedar_alone_sees in [
        json!({"place": {"ip": "nowhere"}, "seen": []}),
        json!({"place": place, "seen": [{"type": "Doc", "id": "d"}]}),
        json!({"place": place, "seen": [{"kind": "User", "id": "d"}]}),
    ] {
        assert!(refusal(cedar_alone_sees).contains("is not what the schema says"));
    }
}

#[test]
fn a_negative_size_is_a_matter_of_our_own_add_alone() {
    let schema = r"
        namespace Shop {
            entity User, Tool;
            action add appliesTo { principal: User, resource: Tool, context: { size: Long } };
        }";
    let bundle = compiled(schema, r#"@id("a") permit (principal, action, resource);"#).unwrap();
    let context: Context = serde_json::from_value(json!({"size": -1})).unwrap();
    let theirs =
        bundle.environment("Shop::User", &EntityUid::new("Shop::Action", "add").borrow(), "Shop::Tool").unwrap();
    assert!(bundle.context(theirs, &context).is_ok());
}
