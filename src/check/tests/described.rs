//! What ends with a change of what hosts describe, and what does not.

use super::*;
use crate::domain::EntityRecord;
use crate::domain::facts::Keeper;
use crate::engine::{Naming, SourceFile};
use std::collections::BTreeSet;

const HOST: &str = "
    entity Company;
    entity Department in [Company];
    entity Region { closed: Bool };
    entity Client { region: Region };
    entity User in [Department] { clearance?: Long };
    entity Item { client?: Client };
    action archive appliesTo { principal: User, resource: Item };
    action meet appliesTo { principal: User, resource: User };
    action enter appliesTo { principal: User, resource: Region };";

const POLICIES: &str = r#"
    @id("archive") permit (principal, action == Action::"archive", resource)
    when { resource has client && !resource.client.region.closed };
    @id("meet") permit (principal, action == Action::"meet", resource)
    when { principal in Company::"acme" && resource in Company::"acme" };
    @id("enter") permit (principal, action == Action::"enter", resource)
    unless { resource.closed };"#;

fn extended(schema: &str) -> Arc<Bundle> {
    let schema = [
        SourceFile::new("groups.cedarschema", include_str!("../../../schema/groups.cedarschema")),
        SourceFile::new("host.cedarschema", schema),
    ];
    let policies = [SourceFile::new("host.cedar", POLICIES)];
    Arc::new(Bundle::from_files(&schema, &policies, Naming::Annotated, &BTreeSet::new()).unwrap())
}

struct Stage {
    world: World,
    check: Check,
}

impl Stage {
    async fn new(schema: &str) -> Self {
        let world = World::new().await;
        let check = Check::new(world.store.clone(), extended(schema), &Limits::default()).await.unwrap();
        let stage = Self { world, check };
        stage.put(r#"{"uid": "Department::\"trade\"", "parents": ["Company::\"acme\""]}"#).await;
        stage.put(r#"{"uid": "Department::\"works\"", "parents": ["Company::\"acme\""]}"#).await;
        for (user, department) in
            [("director", "trade"), ("secretary", "trade"), ("salesman-1", "works"), ("stranger", "works")]
        {
            stage.put(&format!(r#"{{"uid": "User::\"{user}\"", "parents": ["Department::\"{department}\""]}}"#)).await;
        }
        for (item, client, region) in [("offer", "c", "north"), ("meeting", "d", "south")] {
            stage.put(&format!(r#"{{"uid": "Region::\"{region}\"", "attrs": {{"closed": false}}}}"#)).await;
            let region = format!(r#"{{"type": "Region", "id": "{region}"}}"#);
            stage.put(&format!(r#"{{"uid": "Client::\"{client}\"", "attrs": {{"region": {region}}}}}"#)).await;
            let client = format!(r#"{{"type": "Client", "id": "{client}"}}"#);
            stage.put(&format!(r#"{{"uid": "Item::\"{item}\"", "attrs": {{"client": {client}}}}}"#)).await;
        }
        stage
    }

    async fn put(&self, text: &str) {
        let record: EntityRecord = serde_json::from_str(text).unwrap();
        let mut transaction = self.world.store.write("test", None, 0).await.unwrap();
        transaction.put_entities(&[record], Keeper::Conclave).await.unwrap();
        transaction.commit(self.check.stripes()).await.unwrap();
    }

    /// Asks all questions: those that had to be decided anew, and whether each is allowed.
    async fn asked(&self) -> (Vec<&'static str>, Vec<bool>) {
        let (mut missed, mut allowed) = (Vec::new(), Vec::new());
        for (name, principal, action, resource) in [
            ("trade", "director", "meet", ("User", "secretary")),
            ("works", "salesman-1", "meet", ("User", "stranger")),
            ("offer", "director", "archive", ("Item", "offer")),
            ("meeting", "director", "archive", ("Item", "meeting")),
        ] {
            let request = DecisionRequest {
                principal: EntityUid::new("User", principal),
                action: EntityUid::action(action),
                resource: EntityUid::new(resource.0, resource.1),
                context: Context::empty(),
                lent: Lent::nothing(),
            };
            let answer = self.check.decide(&RequestRef::from(&request)).await.unwrap();
            if answer.cache == CacheUse::Miss {
                missed.push(name);
            }
            allowed.push(answer.outcome().decision == crate::domain::Decision::Allow);
        }
        (missed, allowed)
    }
}

#[tokio::test]
async fn an_id_that_nothing_stored_can_have_is_denied() {
    let stage = Stage::new(HOST).await;
    for (id, decision) in [("north", "Allow"), ("\0", "Deny"), ("north\0", "Deny"), ("a\0b", "Deny")] {
        let request = DecisionRequest {
            principal: EntityUid::new("User", "director"),
            action: EntityUid::action("enter"),
            resource: EntityUid::new("Region", id),
            context: Context::empty(),
            lent: Lent::nothing(),
        };
        let answer = stage.check.decide(&RequestRef::from(&request)).await.unwrap();
        assert_eq!(format!("{:?}", answer.outcome().decision), decision, "{id:?}");
    }
}

#[tokio::test]
async fn a_change_ends_the_decisions_that_rest_on_it_and_no_others() {
    let stage = Stage::new(HOST).await;
    assert_eq!(stage.asked().await, (vec!["trade", "works", "offer", "meeting"], vec![true; 4]));
    assert_eq!(stage.asked().await, (vec![], vec![true; 4]));
    stage.put(r#"{"uid": "Department::\"works\"", "parents": []}"#).await;
    assert_eq!(stage.asked().await, (vec!["works"], vec![true, false, true, true]));
    // Whatever is asked of the director rests on what the director is in.
    stage.put(r#"{"uid": "Department::\"trade\"", "parents": []}"#).await;
    assert_eq!(stage.asked().await, (vec!["trade", "offer", "meeting"], vec![false, false, true, true]));
    stage.put(r#"{"uid": "Region::\"north\"", "attrs": {"closed": true}}"#).await;
    assert_eq!(stage.asked().await, (vec!["offer"], vec![false, false, false, true]));
    stage.put(r#"{"uid": "Client::\"d\"", "attrs": {"region": {"type": "Region", "id": "north"}}}"#).await;
    assert_eq!(stage.asked().await, (vec!["meeting"], vec![false; 4]));
    stage.put(r#"{"uid": "Item::\"offer\"", "attrs": {}}"#).await;
    assert_eq!(stage.asked().await, (vec!["offer"], vec![false; 4]));
    // What nobody has is found to be there now.
    stage.put(r#"{"uid": "Department::\"trade\"", "parents": ["Company::\"acme\""]}"#).await;
    assert_eq!(stage.asked().await, (vec!["trade", "offer", "meeting"], vec![true, false, false, false]));
    stage.put(r#"{"uid": "Company::\"other\""}"#).await;
    assert_eq!(stage.asked().await, (vec![], vec![true, false, false, false]));
}

/// Whoever is in a group is in what the group is in; where a schema does not have that, a group may change.
#[tokio::test]
async fn a_user_rests_on_their_groups_only_where_those_can_be_in_something() {
    for (schema, ends) in [(HOST.to_owned(), false), (format!("{HOST} entity Group in [Company];"), true)] {
        let stage = Stage::new(&schema).await;
        stage.asked().await;
        let next = stage.check.revision().next();
        stage.check.stripes().raise(&[EntityUid::new("Group", "company")], next);
        stage.check.stripes().publish(next);
        let (missed, _) = stage.asked().await;
        // Of those who ask, the director and the secretary are in that group.
        assert_eq!(missed.contains(&"trade"), ends);
        assert!(!missed.contains(&"works"));
    }
}

#[tokio::test]
async fn what_the_schema_does_not_have_is_no_answer() {
    let stage = Stage::new(HOST).await;
    let mut transaction = stage.world.store.write("test", None, 0).await.unwrap();
    let record: EntityRecord =
        serde_json::from_str(r#"{"uid": "User::\"director\"", "attrs": {"clearance": "high"}}"#).unwrap();
    transaction.put_entities(&[record], Keeper::Conclave).await.unwrap();
    transaction.commit(stage.check.stripes()).await.unwrap();
    let request = DecisionRequest {
        principal: EntityUid::new("User", "director"),
        action: EntityUid::action("archive"),
        resource: EntityUid::new("Item", "offer"),
        context: Context::empty(),
        lent: Lent::nothing(),
    };
    let error = stage.check.decide(&RequestRef::from(&request)).await.unwrap_err();
    assert!(matches!(error, CheckError::Slice(_)), "{error:?}");
}
