use super::*;

const GROUPS: &str = include_str!("../../../schema/groups.cedarschema");
const ANY: &str = r#"@id("a") permit (principal, action, resource);"#;

/// The built-in schema and these files beside it, in the order of names.
fn beside_groups(files: &[(&str, &str)]) -> Result<Bundle, String> {
    let mut files: Vec<_> = files.iter().map(|(name, text)| SourceFile::new(*name, *text)).collect();
    files.push(SourceFile::new("groups.cedarschema", GROUPS));
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let policies = [SourceFile::new("p.cedar", ANY)];
    Bundle::from_files(&files, &policies, Naming::Annotated, &BTreeSet::new()).map_err(|error| {
        let rendered = error.problems().iter().map(|problem| {
            let (file, line, column) = problem.position().unwrap_or_default();
            format!("{file}:{line}:{column}: {problem}")
        });
        rendered.collect::<Vec<_>>().join("\n")
    })
}

const ADDED: &str = "
entity Company;
entity Department in [Company];
entity User in [Department] { clearance?: Long };
entity Item { level?: Long } tags String;
entity Order in [Company] { rank: Long };
action view appliesTo { principal: [User, Company], resource: Order, context: {} };
action add appliesTo { principal: User, resource: Order, context: { reason?: String } };
action ship in [edit] appliesTo { principal: User, resource: Order };";

#[test]
fn what_files_say_of_one_type_or_action_adds_up() {
    for name in ["a.cedarschema", "z.cedarschema"] {
        let bundle = beside_groups(&[(name, ADDED)]).unwrap();
        let schema = bundle.schema().unwrap().as_ref();
        let above = |name: &str| {
            let declared = schema.entity_types().find(|declared| declared.name().to_string() == name).unwrap();
            schema.ancestors(declared.name()).unwrap().map(ToString::to_string).collect::<BTreeSet<_>>()
        };
        assert_eq!(above("User"), ["Company", "Department", "Group", "Role"].map(str::to_owned).into());
        let attributes = |name: &str| {
            let declared = schema.entity_types().find(|declared| declared.name().to_string() == name).unwrap();
            declared.attributes().keys().map(ToString::to_string).collect::<BTreeSet<_>>()
        };
        assert_eq!(attributes("User"), ["canViewProfile", "clearance", "groups"].map(str::to_owned).into());
        assert!(attributes("Item").contains("level") && attributes("Item").contains("canView"));
        let asks = |principal: &str, action: &str, resource: &str| {
            bundle.environment(principal, &EntityUid::action(action).borrow(), resource).is_ok()
        };
        assert!(asks("User", "view", "Item") && asks("User", "view", "Order") && asks("Company", "view", "Order"));
        assert!(asks("User", "add", "Order") && asks("User", "ship", "Order") && !asks("User", "ship", "Item"));
        let add = bundle.environment("User", &EntityUid::action("add").borrow(), "Tool").unwrap();
        let context = |json| bundle.context(add, &serde_json::from_str::<Context>(json).unwrap()).is_ok();
        assert!(context(r#"{"size": 1, "reason": "x"}"#) && !context(r#"{"reson": "x"}"#));
        assert!(bundle.model().has_groups() && bundle.model().keeps("Item") && !bundle.model().keeps("Order"));
        assert!(!bundle.model().is_rooted("User") && bundle.model().is_rooted("Item"));
    }
}

#[test]
fn a_schema_in_json_adds_too() {
    let json = r#"{"": {"entityTypes": {"User": {"shape": {"type": "Record", "attributes": {
        "clearance": {"type": "Long", "required": false}}}}}, "actions": {}}}"#;
    let bundle = beside_groups(&[("host.json", json)]).unwrap();
    let record = serde_json::from_str(r#"{"uid": "User::\"u\"", "attrs": {"clearance": 3}}"#).unwrap();
    assert_eq!(bundle.attributes(&record).unwrap().attributes.len(), 1);
}

#[test]
fn namespaces_and_equal_declarations_add_up() {
    let first = "namespace Shop { type Name = String; entity Order { a: Name }; }";
    let second = "namespace Shop { type Name = String; entity Order in [Order] { a: Name, b: Name };
                  action buy appliesTo { principal: Order, resource: Order }; }";
    let bundle = beside_groups(&[("a.cedarschema", first), ("b.cedarschema", second)]).unwrap();
    let record =
        |attrs: &str| serde_json::from_str(&format!(r#"{{"uid": "Shop::Order::\"1\"", "attrs": {attrs}}}"#)).unwrap();
    assert!(bundle.attributes(&record(r#"{"a": "x", "b": "y"}"#)).is_ok());
    assert_eq!(bundle.attributes(&record(r#"{"b": "y"}"#)).unwrap_err().path, "attrs.a");
}

#[test]
fn what_contradicts_itself_is_shown_in_both_places() {
    for (text, expected) in [
        ("\nentity Item { level?: Long };\nentity Order;", "\nentity Item { level?: String };"),
        ("entity Order { a: Long };", "entity Order { a?: Long };"),
        ("entity Order tags Long;", "\nentity Order tags String;"),
        ("entity Color enum [\"a\"];", "entity Color enum [\"b\"];"),
        ("entity Color enum [\"a\"];", "entity Color;"),
        ("type Name = Long;", "type Name = String;"),
        (
            "action buy appliesTo { principal: User, resource: Item, context: { a: Long } };",
            "action buy appliesTo { principal: User, resource: Tool, context: { a: Set<Long> } };",
        ),
    ] {
        let error = beside_groups(&[("x.cedarschema", text), ("y.cedarschema", expected)]).unwrap_err();
        let line = expected.matches('\n').count() + 1;
        assert!(error.contains(&format!("y.cedarschema:{line}:")), "{error}");
        assert!(error.contains("declared") && error.contains("also in x.cedarschema:"), "{error}");
    }
}

#[test]
fn what_conclave_keeps_stays_what_it_is() {
    for (text, place, says) in [
        ("\nentity User { clearance: Long };", "host.cedarschema:2", "`clearance` is added to the entity type `User`"),
        ("\n\nentity Item { owner?: String };", "cedarschema:", "`owner`"),
        (
            "action view appliesTo { principal: User, resource: Item, context: { why: String } };",
            "host.cedarschema:1",
            "`why` is added to the context of the action `view`",
        ),
    ] {
        let error = beside_groups(&[("host.cedarschema", text)]).unwrap_err();
        assert!(error.contains(place) && error.contains(says), "{error}");
    }
    let json = r#"{"": {"entityTypes": {"User": {"shape": {"type": "Record", "attributes": {
        "clearance": {"type": "Long"}}}}}, "actions": {}}}"#;
    let error = beside_groups(&[("host.json", json)]).unwrap_err();
    assert!(error.contains("host.json:2:9: the attribute `clearance`"), "{error}");
    let altered = GROUPS.replace("published: Bool,\n  open", "published: Long,\n  open");
    let altered = [SourceFile::new("groups.cedarschema", altered)];
    let policies = [SourceFile::new("p.cedar", ANY)];
    let error = Bundle::from_files(&altered, &policies, Naming::Annotated, &BTreeSet::new()).unwrap_err();
    assert!(error.to_string().contains("groups.cedarschema:16:14: the attribute `published`"), "{error}");
}

#[test]
fn nothing_of_a_hosts_leads_into_a_group_or_a_folder() {
    for (text, line, says) in [
        ("entity User in [Team];\nentity Team in [Group];", 2, "`Team` leads from `User` to `Group`"),
        ("entity User in [Team];\n\nentity Team in [Role];", 3, "`Team` leads from `User` to `Role`"),
        ("entity Shelf in [Folder];\nentity Item in [Shelf];", 1, "`Shelf` leads from `Item` to `Folder`"),
        ("entity User in [User];", 0, "`User` leads from `User` to `Group`"),
        ("entity Group in [Group];", 0, "`Group` leads from `User` to `Group`"),
    ] {
        let error = beside_groups(&[("host.cedarschema", text)]).unwrap_err();
        assert!(error.contains(says), "{error}");
        assert!(line == 0 || error.contains(&format!("host.cedarschema:{line}:")), "{error}");
    }
    // Out of a group, and beside it.
    let fine = "entity Company; entity Team in [Company]; entity User in [Team]; entity Group in [Company];
                entity Contract in [Folder]; entity Item in [Project]; entity Project in [Company];";
    beside_groups(&[("host.cedarschema", fine)]).unwrap();
}
