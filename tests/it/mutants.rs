//! Proof that the differential test can fail: a slice with anything missing decides differently.

use crate::differential::{Oracle, Question, question};
use crate::sidecar::TestSidecar;
use crate::world::{self, Step, World, reference};
use cedar_policy::{Entities, Entity};
use conclave::domain::EntityUid;
use conclave::engine::{Bundle, Sources};
use conclave::slice::{Lending, Seeds, Slicer};
use conclave::stamp::Stripes;
use conclave::store::{Access, Store};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::collections::HashSet;
use std::sync::Arc;

/// What a mutant leaves out of every slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mutant {
    /// Every entity of this type that is not the principal or the resource itself.
    Neighbour(&'static str),
    /// The resource, where it is of this type.
    Resource(&'static str),
    /// The principal.
    Principal,
    /// This attribute of this type.
    Attribute(&'static str, &'static str),
    /// Users' edges to entities of this type.
    Parent(&'static str),
}

const MUTANTS: &[Mutant] = &[
    Mutant::Principal,
    Mutant::Resource("User"),
    Mutant::Resource("Group"),
    Mutant::Resource("Tool"),
    Mutant::Resource("Folder"),
    Mutant::Resource("Item"),
    Mutant::Neighbour("Group"),
    Mutant::Neighbour("Quota"),
    Mutant::Neighbour("User"),
    Mutant::Parent("Group"),
    Mutant::Parent("Role"),
    Mutant::Attribute("User", "groups"),
    Mutant::Attribute("User", "canViewProfile"),
    Mutant::Attribute("Group", "administrator"),
    Mutant::Attribute("Group", "coAdministrators"),
    Mutant::Attribute("Group", "published"),
    Mutant::Attribute("Group", "open"),
    Mutant::Attribute("Quota", "free"),
    Mutant::Attribute("Tool", "toolKind"),
    Mutant::Attribute("Tool", "group"),
    Mutant::Attribute("Tool", "owner"),
    Mutant::Attribute("Tool", "quota"),
    Mutant::Attribute("Tool", "canView"),
    Mutant::Attribute("Tool", "canViewDetails"),
    Mutant::Attribute("Tool", "canAdd"),
    Mutant::Attribute("Tool", "canEdit"),
    Mutant::Attribute("Tool", "canDelete"),
    Mutant::Attribute("Folder", "group"),
    Mutant::Attribute("Folder", "owner"),
    Mutant::Attribute("Folder", "canView"),
    Mutant::Attribute("Folder", "canAdd"),
    Mutant::Attribute("Item", "group"),
    Mutant::Attribute("Item", "owner"),
    Mutant::Attribute("Item", "author"),
    Mutant::Attribute("Item", "canView"),
    Mutant::Attribute("Item", "canEdit"),
    Mutant::Attribute("Item", "canDelete"),
];

impl Mutant {
    /// The entity as the mutant leaves it; `None` leaves it out.
    fn apply(self, entity: &Entity, asked: &Question) -> Option<Entity> {
        let kind = entity.uid().type_name().to_string();
        let is = |kind: &str, id: &str| entity.uid().to_string() == reference(kind, id);
        let principal = is("User", &asked.principal);
        let resource = is(asked.resource.0, &asked.resource.1);
        let dropped = match self {
            Self::Principal => principal && !resource,
            Self::Resource(of) => resource && !principal && kind == of,
            Self::Neighbour(of) => !principal && !resource && kind == of,
            Self::Attribute(..) | Self::Parent(_) => false,
        };
        (!dropped).then(|| self.strip(entity, &kind))
    }

    fn strip(self, entity: &Entity, kind: &str) -> Entity {
        let (uid, mut attributes, mut ancestors) = entity.clone().into_inner();
        match self {
            Self::Attribute(of, name) if of == kind => drop(attributes.remove(name)),
            Self::Parent(of) if kind == "User" => ancestors.retain(|parent| parent.type_name().to_string() != of),
            _ => {}
        }
        Entity::new(uid, attributes, ancestors).unwrap()
    }
}

/// Slices of a world, taken in process from the same database that the server wrote.
struct Slices {
    slicer: Slicer,
    bundle: Bundle,
}

impl Slices {
    async fn open(sidecar: &TestSidecar) -> Self {
        let store = Store::open(&sidecar.database(), Access::ReadOnly).await.unwrap();
        let stripes = Arc::new(Stripes::new(store.revision().await.unwrap()));
        let bundle = Bundle::load(&Sources::default()).unwrap();
        Self { slicer: Slicer::new(store, stripes, bundle.model().clone(), 1 << 24), bundle }
    }

    async fn entities(&self, asked: &Question) -> Vec<Entity> {
        let principal = EntityUid::new("User", asked.principal.as_str());
        let resource = EntityUid::new(asked.resource.0, asked.resource.1.as_str());
        let action = EntityUid::action(asked.action);
        let environment = self.bundle.environment("User", &action.borrow(), asked.resource.0).unwrap();
        let seeds = Seeds { uids: vec![principal, resource], reach: environment.reach(), lent: Lending::nothing() };
        let slice = self.slicer.slice(&seeds).await.unwrap();
        slice.entities().map(|entity| Entity::from(entity.as_ref().clone())).collect()
    }
}

async fn survivors(sidecar: &TestSidecar, world: &World, mutants: &mut Vec<Mutant>) {
    let (slices, oracle) = (Slices::open(sidecar).await, Oracle::new(world));
    let numbers = world.users.len() + 1;
    let mut seen = HashSet::new();
    for n in 0..60_000_usize {
        // Runs through all combinations in an order that mixes them.
        let asked = question(world, (n % numbers, n / numbers, n.wrapping_mul(31) / 7, n / 3));
        if !seen.insert(format!("{asked:?}")) || oracle.answer(&asked).1.is_empty() {
            continue;
        }
        let entities = slices.entities(&asked).await;
        let right = oracle.answer(&asked);
        let request = oracle.request(&asked);
        let whole = Entities::from_entities(entities.clone(), None).unwrap();
        assert_eq!(oracle.decide(&request, &whole), right, "{asked:?}");
        mutants.retain(|mutant| {
            let mutated = entities.iter().filter_map(|entity| mutant.apply(entity, &asked));
            oracle.decide(&request, &Entities::from_entities(mutated, None).unwrap()) == right
        });
        if mutants.is_empty() {
            return;
        }
    }
}

/// Tries to grant every right on everything; the rules refuse much of it.
pub async fn grant_everything(sidecar: &TestSidecar, world: &mut World) {
    for resource in 0..world.content.len() {
        for right in 0..world::RIGHTS.len() {
            let (to_group, to) = ((resource + right) % 3 == 0, resource / 2 + right);
            world.apply(sidecar, &Step::Grant { resource, right, to_group, to }).await;
        }
    }
}

#[test]
fn a_slice_with_anything_missing_is_caught() {
    crate::sidecar::block_on(async {
        let mut mutants = MUTANTS.to_vec();
        let mut runner = TestRunner::deterministic();
        for _ in 0..12 {
            let steps = world::steps().new_tree(&mut runner).unwrap().current();
            let sidecar = TestSidecar::new().start().await;
            let mut world = World::start(&sidecar).await;
            for step in &steps {
                world.apply(&sidecar, step).await;
            }
            grant_everything(&sidecar, &mut world).await;
            survivors(&sidecar, &world, &mut mutants).await;
            sidecar.stop().await;
            if mutants.is_empty() {
                return;
            }
        }
        panic!("these slices decide like whole ones: {mutants:?}");
    });
}
