use super::*;
use serde_json::json;

const SCHEMA: &str = r"
    type Place = { room: Room };
    entity Group { lead: User };
    entity Room { host: User } tags User;
    entity User in [Group] { boss?: User, home: Place, allowed: Set<Group>, may: Action };
    action all;
    action read in [all] appliesTo { principal: User, resource: User, context: { by?: User, at?: Place } };";

/// What a decision over the slice alone comes to: no entity further away than the environment reaches, and no
/// action unless it says that it looks at them.
pub(super) fn decided_over_the_slice(bundle: &Bundle, request: &DecisionRequest, whole: &Entities) -> Outcome {
    let types = (&request.principal.type_name, &request.resource.type_name);
    let environment = bundle.environment(types.0, &request.action.borrow(), types.1).unwrap();
    let context = bundle.context(environment, &request.context).unwrap();
    let stored: HashMap<EntityUid, Arc<cedar::Entity>> = whole
        .iter()
        .map(|entity| Arc::new(AsRef::<cedar::Entity>::as_ref(entity).clone()))
        .filter(|entity| !entity.uid().is_action())
        .map(|entity| (cedar::domain_uid(entity.uid()), entity))
        .collect();
    let mut wave = vec![request.principal.clone(), request.resource.clone()];
    wave.extend(cedar::named_by_context(&context));
    let mut taken: HashSet<EntityUid> = wave.iter().cloned().collect();
    for step in environment.reach().steps() {
        let names = wave.iter().filter_map(|uid| stored.get(uid)).flat_map(|entity| cedar::named_by(entity));
        wave = names.filter(|(attribute, _)| step.takes(attribute)).map(|(_, uid)| uid).collect();
        taken.extend(wave.iter().cloned());
    }
    let taken = taken.iter().filter_map(|uid| stored.get(uid).cloned());
    let slice = cedar::slice(taken.chain(bundle.action_entities(environment).iter().cloned())).unwrap();
    evaluated(bundle, environment, request, &context, &slice)
}

fn path(names: &[&'static str]) -> Vec<SmolStr> {
    names.iter().map(|name| SmolStr::new_static(name)).collect()
}

fn of(condition: &str) -> (Reach, bool) {
    let policy = format!("@id(\"p\") permit (principal, action == Action::\"read\", resource) when {{ {condition} }};");
    let bundle = compiled(SCHEMA, &policy).unwrap_or_else(|error| panic!("{condition}: {error:?}"));
    let environment = bundle.environment("User", &EntityUid::action("read").borrow(), "User").unwrap();
    (environment.reach().clone(), !bundle.action_entities(environment).is_empty())
}

#[test]
fn a_condition_reaches_along_the_attributes_that_it_looks_through() {
    for (condition, paths) in [
        ("principal == resource", &[][..]),
        ("principal in Group::\"g\"", &[]),
        ("resource.allowed.contains(Group::\"g\")", &[]),
        ("resource.home.room == Room::\"r\"", &[]),
        ("resource.home.room.host == principal", &[&["home"][..]]),
        ("resource.home.room.host.home.room.host == principal", &[&["home", "host", "home"]]),
        ("resource has boss && resource.boss in Group::\"g\"", &[&["boss"]]),
        ("resource has boss && resource.boss has boss", &[&["boss"]]),
        ("resource has boss && resource.boss has boss && resource.boss.boss in Group::\"g\"", &[&["boss", "boss"]]),
        ("context has by && context.by in Group::\"g\"", &[]),
        ("context has by && context.by.home.room.host == principal", &[&["home"]]),
        ("context has at && context.at.room.host == principal", &[]),
        ("resource.home.room.hasTag(\"x\")", &[&["home"]]),
    ] {
        let mut wanted = Reach::default();
        for names in paths {
            wanted.add_path(&path(names));
        }
        assert_eq!(of(condition), (wanted, false), "{condition}");
    }
}

#[test]
fn what_cannot_be_followed_is_taken_to_lead_anywhere() {
    for (condition, level) in [
        ("(if principal == resource then principal else resource).home.room.host == principal", 2),
        ("resource.home.room.hasTag(\"x\") && resource.home.room.getTag(\"x\") in Group::\"g\"", 3),
        ("resource has boss.boss", 2),
        ("{ one: resource }.one.home.room.host == principal", 2),
    ] {
        assert_eq!(of(condition).0, Reach::everything(level), "{condition}");
    }
}

#[test]
fn actions_are_there_where_a_condition_looks_at_one() {
    for condition in [
        "action in Action::\"all\"",
        "[Action::\"read\"].contains(action)",
        "resource.may in principal.may",
        "context == context && Action::\"read\" in Action::\"all\"",
    ] {
        assert!(of(condition).1, "{condition}");
    }
    assert!(!of("principal == resource").1);
}

#[test]
fn a_slice_decides_as_the_whole_store_does() {
    let policies = r#"
        @id("room") permit (principal, action, resource) when { resource.home.room.host.home.room.host == principal };
        @id("tag") permit (principal, action, resource)
            when { resource.home.room.hasTag("x") && resource.home.room.getTag("x") in Group::"g" };
        @id("may") permit (principal, action in Action::"all", resource) when { resource.may in Action::"all" };
        @id("by") forbid (principal, action, resource) when { context has by && context.by.boss in Group::"g" };"#;
    let policies = policies.replace("context.by.boss in", "context.by has boss && context.by.boss in");
    let bundle = compiled(SCHEMA, &policies).unwrap_or_else(|error| panic!("{error:?}"));
    let user = |id: &str| json!({"__entity": {"type": "User", "id": id}});
    let person = |id: &str, room: &str, boss: Option<&str>, parents: Json| {
        let room = json!({"__entity": {"type": "Room", "id": room}});
        let mut attrs =
            json!({"home": {"room": room}, "allowed": [], "may": {"__entity": {"type": "Action", "id": "read"}}});
        if let Some(boss) = boss {
            attrs["boss"] = user(boss);
        }
        json!({"uid": {"type": "User", "id": id}, "attrs": attrs, "parents": parents})
    };
    let room = |id: &str, host: &str| json!({"uid": {"type": "Room", "id": id}, "attrs": {"host": user(host)}, "tags": {"x": user("c")}, "parents": []});
    let whole = entities(
        &bundle,
        json!([
            person("a", "1", None, json!([])),
            person("b", "2", Some("c"), json!([])),
            person("c", "1", Some("b"), json!([{"type": "Group", "id": "g"}])),
            room("1", "b"),
            room("2", "a"),
            {"uid": {"type": "Group", "id": "g"}, "attrs": {"lead": user("a")}, "parents": []},
        ]),
    );
    let mut reasons = BTreeSet::new();
    for (principal, resource, by) in
        [("a", "a", None), ("a", "c", Some("b")), ("b", "a", Some("c")), ("c", "b", Some("a"))]
    {
        let context = by.map_or(json!({}), |by| json!({"by": {"__entity": {"type": "User", "id": by}}}));
        let [principal, resource] = [principal, resource].map(|id| format!("User::\"{id}\""));
        let request = request(&principal, r#"Action::"read""#, &resource, context);
        let (ours, cedar) = answers(&bundle, &request, &whole);
        assert_eq!(ours, cedar, "{request:?}");
        assert_eq!(decided_over_the_slice(&bundle, &request, &whole), ours, "{request:?}");
        reasons.extend(ours.reasons);
    }
    assert_eq!(reasons.len(), 4, "every policy determined a decision: {reasons:?}");
}
