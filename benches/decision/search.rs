//! The first hundred results of a search, beside one decision with nothing in memory.

use super::{World, decide};
use conclave::check::Searched;
use conclave::domain::{Context, EntityUid, Lent};
use conclave::search::Page;
use criterion::Criterion;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How many different people search.
const PEOPLE: usize = 200;

/// What is searched: the action and the type.
const SEARCHES: [(&str, &str); 3] = [("view", "Item"), ("edit", "Item"), ("delete", "Item")];

pub(super) fn search(c: &mut Criterion, world: &World) {
    let mut group = c.benchmark_group("search");
    let items: Vec<_> =
        world.questions.iter().filter(|question| question.request.resource.type_name == "Item").collect();
    group.bench_function("floor", |b| {
        let mut turn = items.iter().cycle();
        b.iter_custom(|iterations| {
            let mut time = Duration::ZERO;
            for question in turn.by_ref().take(usize::try_from(iterations).expect("iterations")) {
                world.check().forget_entities();
                world.runtime.block_on(world.check().forget_decisions());
                time += world.runtime.block_on(decide(world.check(), std::slice::from_ref(question), 1));
            }
            time
        });
    });
    let people: BTreeSet<&EntityUid> = world.questions.iter().map(|question| &question.request.principal).collect();
    for (action, type_name) in SEARCHES {
        let searches: Vec<_> = people.iter().take(PEOPLE).map(|person| searched(person, action, type_name)).collect();
        group.bench_function(format!("{action}_{}", type_name.to_lowercase()), |b| {
            let mut turn = searches.iter().cycle();
            b.iter_custom(|iterations| {
                world.runtime.block_on(async {
                    let begun = Instant::now();
                    for searched in turn.by_ref().take(usize::try_from(iterations).expect("iterations")) {
                        let found = world
                            .application
                            .app()
                            .search
                            .entities(&world.check().in_force(), searched, &Page::default())
                            .await;
                        black_box(found.expect("a page"));
                    }
                    begun.elapsed()
                })
            });
        });
    }
    group.finish();
}

fn searched(person: &EntityUid, action: &str, type_name: &str) -> Searched {
    Searched {
        principal: false,
        type_name: type_name.into(),
        known: person.clone(),
        action: EntityUid::action(action),
        context: Context::empty(),
        lent: Lent::nothing(),
    }
}
