use super::*;
use crate::cedar::EntityError;
use crate::domain::{EntityRecord, kept, uid::types};
use serde_json::json;

const SHOP: &str = r#"
    type Address = { street: String, floor?: Long };
    entity Color enum ["red", "green"];
    entity Region;
    entity Shop in [Region];
    entity User in [Shop];
    entity Order in [Shop] {
        placed: datetime, price: decimal, from: ipaddr, wait?: duration, buyer: User, colors: Set<Color>,
        to: Address, paid: Bool, rank: Long, note?: String, seen: Set<Set<Long>>, last?: Action,
    } tags Set<String>;
    action "buy" appliesTo { principal: User, resource: Order };"#;

fn shop() -> Bundle {
    compiled(SHOP, r#"@id("a") permit (principal, action, resource);"#).unwrap()
}

fn record(json: Json) -> EntityRecord {
    serde_json::from_value(json).unwrap()
}

fn order(change: impl FnOnce(&mut serde_json::Map<String, Json>)) -> EntityRecord {
    let mut attrs = json!({
        "placed": "2026-01-02", "price": "12.5", "from": {"fn": "ip", "arg": "10.0.0.1"},
        "wait": {"__extn": {"fn": "duration", "arg": "1h"}},
        "buyer": {"type": "User", "id": "u"}, "colors": [{"__entity": {"type": "Color", "id": "red"}}],
        "to": {"street": "High"}, "paid": true, "rank": -1, "seen": [[1, 1], []],
        "last": {"type": "Action", "id": "buy"},
    });
    change(attrs.as_object_mut().unwrap());
    record(json!({"uid": {"type": "Order", "id": "1"}, "attrs": attrs}))
}

fn refused(record: &EntityRecord) -> String {
    shop().attributes(record).unwrap_err().to_string()
}

/// Cedar's own reader is the judge of what the values are.
#[test]
fn values_are_what_cedar_reads() {
    let bundle = shop();
    let record = EntityRecord {
        tags: [("size".into(), serde_json::from_value(json!(["a", "b"])).unwrap())].into(),
        ..order(|_| ())
    };
    let described = bundle.attributes(&record).unwrap();
    let read = entities(&bundle, json!([record]));
    let read = read.get(&r#"Order::"1""#.parse().unwrap()).unwrap().as_ref().clone();
    assert_eq!(described.attributes.len(), 11);
    for (values, found) in
        [(&described.attributes, read.attrs().collect::<HashMap<_, _>>()), (&described.tags, read.tags().collect())]
    {
        assert_eq!(values.len(), found.len());
        for (name, value) in values {
            assert_eq!(&cedar_policy_core::ast::PartialValue::from(value.clone()), found[name], "{name}");
        }
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    for (change, expected) in [
        (json!({"colour": 1}), "`attrs.colour` is nothing that the schema has there"),
        (json!({"note": 1}), "`attrs.note` must be a text"),
        (json!({"note": null}), "`attrs.note` must not be null; leave it out instead"),
        (json!({"paid": "true"}), "`attrs.paid` must be true or false"),
        (json!({"rank": "1"}), "`attrs.rank` must be a whole number"),
        (json!({"to": {}}), "`attrs.to.street` is missing"),
        (json!({"to": {"street": "High", "floor": "1"}}), "`attrs.to.floor` must be a whole number"),
        (json!({"to": {"street": "High", "town": "X"}}), "`attrs.to.town` is nothing that the schema has there"),
        (json!({"seen": [[], [1, "2"]]}), "`attrs.seen[1][1]` must be a whole number"),
        (json!({"seen": {}}), "`attrs.seen` must be an array"),
        (json!({"buyer": {"type": "Shop", "id": "u"}}), "`attrs.buyer` must name an entity of type `User`"),
        (json!({"buyer": {"type": "User", "id": "u", "x": 1}}), "`attrs.buyer` must be an entity reference"),
        (json!({"buyer": "User::\"u\""}), "`attrs.buyer` must be an entity reference"),
        (json!({"buyer": {"type": "a-b", "id": "u"}}), "`attrs.buyer` must be an entity reference"),
        (json!({"colors": [{"type": "Color", "id": "blue"}]}), "`attrs.colors[0]` is `Color::\"blue\"`, which is none"),
        (json!({"last": {"type": "Action", "id": "sell"}}), "`attrs.last` is no action of the schema"),
        (json!({"price": 12}), "`attrs.price` must be a value of `decimal`"),
        (json!({"price": "12"}), "`attrs.price` is no value of `decimal`"),
        (json!({"price": {"fn": "ip", "arg": "::1"}}), "`attrs.price` is no value of `decimal`"),
        (json!({"price": {"__extn": {"fn": "unknown", "arg": "x"}}}), "`attrs.price` is no value of `decimal`"),
        (json!({"price": {"fn": "unknown", "arg": "x"}}), "`attrs.price` is no value of `decimal`"),
        (json!({"from": {"__expr": "ip(\"::1\")"}}), "`attrs.from` is no value of `ipaddr`"),
    ] {
        let record = order(|attrs| attrs.extend(change.as_object().unwrap().clone()));
        assert!(refused(&record).starts_with(expected), "{change}: {}", refused(&record));
    }
    assert_eq!(refused(&order(|attrs| drop(attrs.remove("rank")))), "`attrs.rank` is missing");
    let tagged =
        |type_name: &str, tag: Json| record(json!({"uid": {"type": type_name, "id": "1"}, "tags": {"t": tag}}));
    assert_eq!(refused(&tagged("Shop", json!(1))), "`tags.t` is a tag, and this type has none");
    let tagged = EntityRecord { attrs: order(|_| ()).attrs, ..tagged("Order", json!(["a", 1])) };
    assert_eq!(refused(&tagged), "`tags.t[1]` must be a text");
    for unknown in ["Customer", "Action", "X::Shop"] {
        let unknown = record(json!({"uid": {"type": unknown, "id": "1"}}));
        assert!(refused(&unknown).contains("which the schema does not have"), "{}", refused(&unknown));
    }
    assert!(
        refused(&record(json!({"uid": {"type": "Color", "id": "blue"}}))).starts_with("`uid` is `Color::\"blue\"`")
    );
}

#[test]
fn an_entity_is_where_the_schema_has_it() {
    let bundle = shop();
    let place = |parent: &str| {
        let record = record(json!({"uid": {"type": "Order", "id": "1"}, "parents": [parent]}));
        bundle.model().check_place(&record).map_err(|error| error.to_string())
    };
    assert_eq!([place("Shop::\"s\""), place("Region::\"r\"")], [Ok(()), Ok(())]);
    for (parent, says) in [("User::\"u\"", "in `Region`, `Shop`"), ("Nothing::\"x\"", "name `Nothing::\"x\"`")] {
        assert!(place(parent).unwrap_err().contains(says), "{parent}");
    }
    assert!(bundle.model().is_rooted("Region") && !bundle.model().is_rooted("Shop"));
}

#[test]
fn what_conclave_keeps_is_no_hosts_to_say() {
    let bundle = built_in();
    let refused = |json: Json| {
        let record = record(json);
        let refused = bundle.model().check_place(&record).and_then(|()| bundle.attributes(&record).map(|_| ()));
        refused.map_err(|EntityError { path, is_kept, .. }| (path, is_kept))
    };
    for type_name in kept::EXTENSIBLE {
        let uid = json!({"type": type_name, "id": "x"});
        assert_eq!(refused(json!({"uid": uid})), Ok(()));
        for name in kept::attributes(type_name) {
            assert_eq!(refused(json!({"uid": uid, "attrs": {*name: 1}})), Err((format!("attrs.{name}"), true)));
        }
        for parent in kept::parents(type_name) {
            let parents = [json!({"type": parent, "id": "x"})];
            assert_eq!(refused(json!({"uid": uid, "parents": parents})), Err(("parents".to_owned(), true)));
        }
        assert_eq!(refused(json!({"uid": uid, "attrs": {"x": 1}})), Err(("attrs.x".to_owned(), false)));
        assert!(bundle.model().is_rooted(type_name) && bundle.model().keeps(type_name));
    }
    for none in [types::ROLE, types::QUOTA] {
        assert_eq!(refused(json!({"uid": {"type": none, "id": "x"}})), Err(("uid".to_owned(), true)));
    }
}

/// The table of the domain says what the schema does.
#[test]
fn conclave_keeps_every_attribute_of_the_built_in_schema() {
    let bundle = built_in();
    let schema = bundle.schema().unwrap().as_ref();
    for type_name in types::BUILT_IN {
        let declared = schema.entity_types().find(|declared| declared.name().to_string() == type_name).unwrap();
        let names: BTreeSet<_> = declared.attributes().keys().map(SmolStr::as_str).collect();
        assert_eq!(names, kept::attributes(type_name).iter().copied().collect(), "{type_name}");
        let above = schema.ancestors(declared.name()).unwrap().map(ToString::to_string).collect::<BTreeSet<_>>();
        assert_eq!(above, kept::parents(type_name).iter().map(ToString::to_string).collect(), "{type_name}");
    }
}

#[test]
fn types_of_the_same_name_are_conclaves_only_in_a_schema_of_groups() {
    assert!(built_in().model().has_groups() && built_in().model().keeps("Role"));
    let shop = shop();
    assert!(!shop.model().has_groups() && !shop.model().keeps("User"));
    let other = "entity Group; entity User in [Group] { groups: Set<Group> }; entity Tool { toolKind: String };
                 action a appliesTo { principal: User, resource: Tool };";
    let other = compiled(other, r#"@id("a") permit (principal, action, resource);"#).unwrap();
    assert!(!other.model().has_groups());
}
