use super::*;
use std::hash::{BuildHasher, RandomState};

fn lent(text: &str) -> Result<Lent, (usize, String)> {
    let records: Vec<EntityRecord> = serde_json::from_str(text).unwrap();
    Lent::new(Manner::Entities, records).map_err(|error| (error.place, error.path))
}

const ITEM: &str = r#"{"uid":"Item::\"i\"","attrs":{"author":"ann"},"parents":["Folder::\"top\""]}"#;

#[test]
fn what_is_said_is_the_same_in_any_order_and_writing() {
    let other = r#"{"uid":"Shop::Order::\"1\"","attrs":{"due":7,"by":"x"},"parents":[]}"#;
    let one = lent(&format!("[{ITEM},{other}]")).unwrap();
    let written_otherwise = r#"[{"uid":{"type":"Shop::Order","id":"1"},"attrs":{"by":"x","due":7}},
        {"parents":[{"type":"Folder","id":"top"}],"uid":{"__entity":{"type":"Item","id":"i"}},
         "attrs":{"author":"ann"}}]"#;
    let other = lent(written_otherwise).unwrap();
    let hasher = RandomState::new();
    assert_eq!(one, other);
    assert_eq!(hasher.hash_one(&one), hasher.hash_one(&other));
    assert_eq!((one.entities().len(), one.entities()[0].uid.type_name.as_str()), (2, "Item"));
    assert_eq!(one.refusal(0, "x", "y").place, 0);
    assert_eq!(other.refusal(0, "x", "y").place, 1, "errors name the place in the request");
}

#[test]
fn whatever_is_said_otherwise_is_another_question() {
    let said = lent(&format!("[{ITEM}]")).unwrap();
    for (part, other) in [("ann", "ben"), ("top", "middle"), (r#"\"i\""#, r#"\"j\""#), ("Item", "Folder")] {
        assert_ne!(lent(&format!("[{}]", ITEM.replace(part, other))).unwrap(), said, "{part}");
    }
    for more in [r#""attrs":{"stars":3,"#, r#""tags":{"a":1},"attrs":{"#] {
        assert_ne!(lent(&format!("[{}]", ITEM.replace(r#""attrs":{"#, more))).unwrap(), said);
    }
    let as_properties = Lent::new(Manner::Properties, said.entities().to_vec()).unwrap();
    assert_ne!(as_properties, said, "where something stored is named, the one is refused and the other is not");
}

#[test]
fn nothing_lent_is_nothing() {
    assert_eq!(lent("[]").unwrap(), Lent::nothing());
    assert!(lent("[]").unwrap().is_nothing());
    assert_eq!(Lent::nothing().weight(), 0);
    assert!(lent(&format!("[{ITEM}]")).unwrap().weight() > 200);
}

#[test]
fn nothing_is_said_twice_or_lies_in_itself() {
    assert_eq!(lent(&format!("[{ITEM},{ITEM}]")), Err((1, "uid".to_owned())));
    let folder = |id: &str, parent: &str| format!(r#"{{"uid":"Folder::\"{id}\"","parents":["Folder::\"{parent}\""]}}"#);
    let circle = |names: &[(&str, &str)]| {
        let folders: Vec<_> = names.iter().map(|(id, parent)| folder(id, parent)).collect();
        lent(&format!("[{}]", folders.join(",")))
    };
    assert!(circle(&[("a", "b"), ("b", "c")]).is_ok());
    assert_eq!(circle(&[("a", "a")]).unwrap_err().1, "parents");
    assert_eq!(circle(&[("a", "b"), ("b", "c"), ("c", "a")]).unwrap_err().1, "parents");
}

#[test]
fn a_chain_is_no_longer_than_content_may_be_deep() {
    let chain = |length: usize| {
        let folders: Vec<_> = (0..length)
            .map(|n| format!(r#"{{"uid":"Folder::\"{n}\"","parents":["Folder::\"{}\""]}}"#, n + 1))
            .collect();
        lent(&format!("[{}]", folders.join(",")))
    };
    assert!(chain(FOLDER_DEPTH_MAX + 1).is_ok(), "an item in as many folders as there may be");
    assert!(chain(FOLDER_DEPTH_MAX + 2).is_err());
}
