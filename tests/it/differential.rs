//! The slice is as good as the whole store: same decisions, same determining policies.
//!
//! One side answers over HTTP from slices, caches and the index. The other is stock Cedar over every
//! policy and every entity of a plain model. Mutants of the slice show that the comparison can fail.

use crate::sidecar::TestSidecar;
use crate::world::{self, Step, World, reference};
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, Schema};
use proptest::prelude::*;
use serde_json::json;
use std::collections::HashSet;
use std::str::FromStr;

const CONTENT: [&str; 5] = ["view", "edit", "delete", "manage_access", "view_busy"];
const GROUP: [&str; 13] = [
    "view_group",
    "list_members",
    "modify_settings",
    "invite",
    "manage_invitations",
    "remove_member",
    "delete_group",
    "appoint_co_administrator",
    "dismiss_co_administrator",
    "hand_over",
    "join",
    "request_join",
    "leave",
];

/// A question, by numbers taken modulo what there is.
pub type Ask = (usize, usize, usize, usize);

#[derive(Debug, Clone)]
pub struct Question {
    pub principal: String,
    pub action: &'static str,
    pub resource: (&'static str, String),
    pub context: serde_json::Value,
}

pub fn question(world: &World, (principal, action, resource, context): Ask) -> Question {
    let mut principals = world.users.clone();
    principals.push("a stranger".to_owned());
    let resources = world.resources();
    let resource = resources[resource % resources.len()].clone();
    let actions: Vec<&'static str> = match resource.0 {
        "User" => vec!["chat", "view_presence", "view_profile"],
        "Group" => GROUP.to_vec(),
        "Item" => [&CONTENT[..], &["view_details"]].concat(),
        _ => [&CONTENT[..], &["view_details", "add", "add"]].concat(),
    };
    let action = actions[action % actions.len()];
    let context = match action {
        "add" => [json!({}), json!({"size": 0}), json!({"size": 40}), json!({"size": 101})][context % 4].clone(),
        "view_profile" => json!({"field": (["email", "birthday", ""][context % 3])}),
        _ => json!({}),
    };
    Question { principal: principals[principal % principals.len()].clone(), action, resource, context }
}

/// Stock Cedar over everything.
pub struct Oracle {
    policies: PolicySet,
    schema: Schema,
    entities: Entities,
    known: HashSet<EntityUid>,
}

impl Oracle {
    pub fn new(world: &World) -> Self {
        let (schema, _) = Schema::from_cedarschema_str(include_str!("../../schema/groups.cedarschema")).unwrap();
        let entities = Entities::from_json_value(world.entities(), Some(&schema)).unwrap();
        let known = entities.iter().map(cedar_policy::Entity::uid).collect();
        Self { policies: policies(), schema, entities, known }
    }

    pub fn request(&self, asked: &Question) -> Request {
        let uid = |text: String| EntityUid::from_str(&text).unwrap();
        let action = uid(reference("Action", asked.action));
        let context = Context::from_json_value(asked.context.clone(), Some((&self.schema, &action))).unwrap();
        let resource = uid(reference(asked.resource.0, &asked.resource.1));
        Request::new(uid(reference("User", &asked.principal)), action, resource, context, Some(&self.schema)).unwrap()
    }

    /// ("Allow" or "Deny", sorted ids of the determining policies)
    pub fn answer(&self, asked: &Question) -> (&'static str, Vec<String>) {
        let request = self.request(asked);
        let stored = |uid: Option<&EntityUid>| uid.is_some_and(|uid| self.known.contains(uid));
        if !stored(request.principal()) || !stored(request.resource()) {
            return ("Deny", vec![]);
        }
        self.decide(&request, &self.entities)
    }

    pub fn decide(&self, request: &Request, entities: &Entities) -> (&'static str, Vec<String>) {
        let response = Authorizer::new().is_authorized(request, &self.policies, entities);
        let mut reasons: Vec<_> = response.diagnostics().reason().map(ToString::to_string).collect();
        reasons.sort();
        (if response.decision() == Decision::Allow { "Allow" } else { "Deny" }, reasons)
    }
}

/// The policies as they lie in the folder, named by their `@id`.
fn policies() -> PolicySet {
    let mut all = PolicySet::new();
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/policies")).unwrap();
    // Tests and properties of policies lie in folders of their own.
    for file in folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let set = PolicySet::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        for policy in set.policies() {
            let id = policy.annotation("id").expect("every policy has an id").to_owned();
            all.add(policy.new_id(cedar_policy::PolicyId::new(id))).unwrap();
        }
    }
    all
}

async fn build(sidecar: &TestSidecar, steps: &[Step]) -> World {
    let mut world = World::start(sidecar).await;
    for step in steps {
        world.apply(sidecar, step).await;
    }
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn slice_and_whole_store_decide_alike(
        steps in world::steps(),
        asked in proptest::collection::vec((0_usize..64, 0_usize..64, 0_usize..4096, 0_usize..12), 300),
    ) {
        crate::sidecar::block_on(async {
            let sidecar = TestSidecar::new().start().await;
            let world = build(&sidecar, &steps).await;
            let oracle = Oracle::new(&world);
            for ask in asked {
                let asked = question(&world, ask);
                let answer = sidecar.ask(&asked.principal, asked.action, &asked.resource, &asked.context).await;
                prop_assert_eq!((answer.decision.as_str(), answer.reasons.clone()), oracle.answer(&asked), "{:?}", asked);
                prop_assert!(answer.errors.is_empty(), "{:?}: {:?}", asked, answer.errors);
                crate::explain::agrees(&sidecar, &asked, &answer).await;
            }
            sidecar.stop().await;
            Ok(())
        })?;
    }
}
