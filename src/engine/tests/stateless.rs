//! Sets for evaluation without a store.

use super::*;
use std::fs;
use tempfile::TempDir;

const SCHEMA: &str = r"
    entity User { boss?: User };
    entity Doc { owner: User };
    action read appliesTo { principal: User, resource: Doc, context: { size?: Long } };";

/// Reads any document whose owner has the same boss as the one user that it names itself.
const FAR: &str = r#"
    permit (principal, action, resource)
    when { User::"chief" has boss && User::"chief".boss == resource.owner };
    @id("mine") permit (principal, action, resource) when { resource.owner == principal };"#;

const ENTITIES: &str = r#"[
  {"uid": {"type": "User", "id": "chief"}, "attrs": {"boss": {"type": "User", "id": "owner"}}, "parents": []},
  {"uid": {"type": "User", "id": "owner"}, "attrs": {}, "parents": []},
  {"uid": {"type": "Doc", "id": "d"}, "attrs": {"owner": {"type": "User", "id": "owner"}}, "parents": []}
]"#;

struct Files(TempDir);

impl Files {
    fn new(schema: &str, policies: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("s.cedarschema"), schema).unwrap();
        fs::write(folder.path().join("p.cedar"), policies).unwrap();
        Self(folder)
    }

    /// Policies by file, schema by folder: both ways to name them.
    fn load(&self, validation: Validation) -> Result<Bundle, LoadError> {
        let sources = Sources {
            policies: Some(self.0.path().join("p.cedar")),
            schema: Some(self.0.path().to_owned()),
            features: BTreeSet::new(),
        };
        Bundle::stateless(&sources, validation)
    }
}

fn entities_of(bundle: &Bundle, text: &str) -> Result<AllEntities, Problem> {
    bundle.entities(&SourceFile::new("e.json", text))
}

#[test]
fn a_policy_may_look_at_whatever_is_there() {
    let files = Files::new(SCHEMA, FAR);
    for validation in [Validation::Strict, Validation::EntitiesOnly] {
        let bundle = files.load(validation).unwrap();
        let all = entities_of(&bundle, ENTITIES).unwrap();
        let decide = |principal: &str| {
            let asked = request(principal, "Action::\"read\"", "Doc::\"d\"", serde_json::json!({}));
            bundle.decide(&asked, &all).unwrap()
        };
        assert_eq!(decide("User::\"x\"").reasons, ["policy0"]);
        assert_eq!(decide("User::\"owner\"").reasons, ["mine", "policy0"]);
    }
    let schema = [SourceFile::new("s.cedarschema", SCHEMA)];
    let policies = [SourceFile::new("p.cedar", FAR)];
    let served = Bundle::from_files(&schema, &policies, Naming::Given, &BTreeSet::new());
    assert!(served.is_err(), "no slice has an entity that a policy names");
}

#[test]
fn what_the_schema_does_not_allow_is_named_unless_nothing_is_validated() {
    let files = Files::new(SCHEMA, "permit (principal, action, resource) when { resource.nosuch };");
    let error = files.load(Validation::Strict).unwrap_err();
    assert!(error.to_string().contains("nosuch"), "{error}");
    let strange = request("Robot::\"x\"", "Action::\"fly\"", "Doc::\"d\"", serde_json::json!({"size": "big"}));
    for validation in [Validation::EntitiesOnly, Validation::None] {
        let bundle = files.load(validation).unwrap();
        let outcome = bundle.decide(&strange, &entities_of(&bundle, "[]").unwrap()).unwrap();
        assert_eq!((outcome.decision, outcome.errors.len()), (Decision::Deny, 1));
    }
    let bundle = Files::new(SCHEMA, FAR).load(Validation::Strict).unwrap();
    let all = entities_of(&bundle, ENTITIES).unwrap();
    let refused = bundle.decide(&strange, &all).unwrap_err();
    assert_eq!(refused.field(), "action");
    assert!(refused.to_string().starts_with("`action`: `Action::\"fly\"` is no action"), "{refused}");
    let wide = request("User::\"x\"", "Action::\"read\"", "Doc::\"d\"", serde_json::json!({"size": "big"}));
    assert_eq!(bundle.decide(&wide, &all).unwrap_err().field(), "context.size");
}

#[test]
fn a_forbid_that_fails_denies_unless_it_is_skipped_as_cedar_does() {
    let files = Files::new(
        SCHEMA,
        "permit (principal, action, resource); forbid (principal, action, resource) when { context.size > 1 };",
    );
    let asked = request("User::\"x\"", "Action::\"read\"", "Doc::\"d\"", serde_json::json!({}));
    for (rule, decision) in [(ErrorRule::Deny, Decision::Deny), (ErrorRule::Skip, Decision::Allow)] {
        let bundle = files.load(Validation::None).unwrap().with_error_rule(rule);
        let outcome = bundle.decide(&asked, &entities_of(&bundle, "[]").unwrap()).unwrap();
        assert_eq!((outcome.decision, outcome.errors.len()), (decision, 1));
    }
}

#[test]
fn a_bad_entity_is_shown_in_its_place() {
    let bundle = Files::new(SCHEMA, FAR).load(Validation::Strict).unwrap();
    let place = |text: &str| {
        let problem = entities_of(&bundle, text).unwrap_err();
        let (file, line, column) = problem.position().expect("a place");
        assert_eq!(file, "e.json");
        (line, column)
    };
    assert_eq!(place("{}"), (1, 1));
    assert_eq!(place("[\n  {\"uid\": }\n]"), (2, 11));
    assert_eq!(place(&ENTITIES.replace("{\"owner\":", "{\"own\":")), (4, 3));
    assert_eq!(place(&ENTITIES.replace("Doc", "Book")), (4, 3));
    assert_eq!(place(&ENTITIES.replace("{\"boss\":", "{\"boss\": 1, \"x\":")), (2, 3));
    let twice = ENTITIES.replace("\"owner\"}, \"attrs\": {},", "\"chief\"}, \"attrs\": {},");
    assert_eq!(place(&twice), (2, 3));
}
