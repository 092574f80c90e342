//! What a decision with nothing in memory costs beside one point read of the same database, in worlds
//! of `benches/world.sh`, ten thousand questions in turn.
//!
//! `CONCLAVE_BENCH_WORLDS="10000=small.db 10000000=large.db" cargo bench --bench cold`. Figures are ratios within
//! one run; seconds differ from machine to machine. Without worlds there is nothing to measure.

#![expect(clippy::expect_used, reason = "a bench that cannot begin says why and stops")]

use conclave::check::{Check, RequestRef};
use conclave::config::limits::Limits;
use conclave::domain::{Context, DecisionRequest, EntityUid};
use conclave::engine::{Bundle, Sources};
use conclave::store::{Access, Store};
use criterion::{Criterion, criterion_group, criterion_main};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use std::hint::black_box;
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Different questions, in a world of any size.
const QUESTIONS: usize = 10_000;

fn item(n: usize, items: usize) -> String {
    format!("01900000-0000-7000-8000-{:012}", n % QUESTIONS * (items / QUESTIONS) % items)
}

fn question(n: usize, action: &str, items: usize) -> DecisionRequest {
    // In the item's group, or a stranger to it.
    let own = n % QUESTIONS * (items / QUESTIONS) % (items / 1_000) * 10;
    DecisionRequest {
        principal: EntityUid::new("User", format!("user-{}", (own + n % 10 + n % 2 * 1_234) % (items / 100))),
        action: EntityUid::action(action),
        resource: EntityUid::new("Item", item(n, items)),
        context: Context::empty(),
    }
}

fn world(c: &mut Criterion, items: usize, path: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let pool = runtime.block_on(SqlitePoolOptions::new().max_connections(1).connect_with(options)).expect(path);
    let check = runtime.block_on(async {
        let store = Store::open(path, Access::ReadOnly).await.expect(path);
        let bundle = Arc::new(Bundle::load(&Sources::default()).expect("built-in policies"));
        Check::new(store, bundle, &Limits::default()).await.expect(path)
    });
    let mut group = c.benchmark_group(format!("cold miss, {items} items"));
    let mut n = 0;
    group.bench_function("floor: one point read", |b| {
        b.iter(|| {
            n += 1;
            runtime.block_on(async {
                let query = sqlx::query_as("SELECT size FROM items WHERE id = ?").bind(item(n, items));
                let row: (i64,) = query.fetch_one(&pool).await.expect("row");
                black_box(row)
            })
        });
    });
    for action in ["view", "edit"] {
        let mut n = 0;
        group.bench_function(format!("decision to {action}, nothing cached"), |b| {
            b.iter(|| {
                n += 1;
                check.forget_entities();
                check.forget_decisions();
                let asked = question(n, action, items);
                runtime.block_on(async { black_box(check.decide(&RequestRef::from(&asked)).await.expect("decision")) })
            });
        });
    }
    group.finish();
}

fn all(c: &mut Criterion) {
    for given in std::env::var("CONCLAVE_BENCH_WORLDS").unwrap_or_default().split_whitespace() {
        let (items, path) = given.split_once('=').expect("ITEMS=DATABASE");
        world(c, items.parse().expect("ITEMS=DATABASE"), path);
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
