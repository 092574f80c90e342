//! What a decision costs, each stage beside the floor below which it cannot fall.
//!
//! | group | what | beside |
//! | --- | --- | --- |
//! | `hit` | a cached decision; and with reading the request and writing the answer, without a socket | a bare moka `get` of the same keys |
//! | `batch` | a hundred cached decisions at one revision | one cached decision |
//! | `slice` | the entities of a decision, all in memory | |
//! | `evaluate` | policies over entities that are ready | stock Cedar, the whole policy set |
//! | `warm_miss` | all of a decision nobody asked before, its entities in memory | stock Cedar, entities ready |
//! | `cold_read` | principal and resource, from the database | one point read of it through sqlx |
//! | `cold_miss` | all of a decision with nothing in memory | one point read |
//! | `search` | the first hundred results of a search | one decision with nothing in memory |
//!
//! `cargo bench --bench decision`. Figures are ratios within one run; seconds differ from machine to
//! machine. Every group asks the same questions: so many different ones, found in the database.
//! `CONCLAVE_BENCH_DATABASE` names a database to ask about (see `benches/world.sh`) instead of a small
//! one that is made, on a PostgreSQL server too (see `benches/fleet`); `CONCLAVE_BENCH_POLICIES` a folder of policies
//! instead of the built-in ones.

#![expect(clippy::expect_used, reason = "a bench that cannot begin says why and stops")]

#[path = "decision/floor.rs"]
mod floor;
#[path = "decision/search.rs"]
mod search;

use axum::body::Body;
use axum::http::{Method, Request as HttpRequest, header};
use conclave::admin::{SystemClock, SystemRandom};
use conclave::bench::prepare::{Plan, prepare};
use conclave::bench::question::Question;
use conclave::check::{Check, RequestRef};
use conclave::config::Config;
use conclave::domain::facts::{Keeper, Neighbours, Wanted};
use conclave::engine::{Bundle, Detail};
use conclave::http::router;
use conclave::lifecycle::Application;
use conclave::slice::{Lending, Seeds, Slicer};
use conclave::stamp::Stripes;
use conclave::store::{Access, Store};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use floor::Own;
use http_body_util::BodyExt as _;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use std::collections::HashSet;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many different questions every group asks in turn, whatever the size of the database.
const QUESTIONS: usize = 2_000;

/// A hundred questions a batch, as `benches/ratios` has them.
const BATCH: usize = 100;

/// A database of twenty groups, two hundred users and ten thousand items in folders three deep.
const FILL: &[&str] = &[
    "INSERT INTO subscriptions (id) VALUES ('s')",
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 199)
     INSERT INTO users (id, username, subscription) SELECT 'u' || i, 'u' || i, 's' FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19)
     INSERT INTO groups (id, name, name_folded, administrator, created_ms) SELECT 'g' || i, 'g' || i, 'g' || i, 'u' || i, 0 FROM n",
    "INSERT INTO members (group_id, user_id, since_ms) SELECT g.id, u.id, 0 FROM groups g, users u
     WHERE u.id <> g.administrator AND (unicode(substr(u.id, -1)) + unicode(substr(g.id, -1))) % 4 = 0",
    "INSERT INTO tools (id, kind, group_id) SELECT 'group:' || id || '/documents', 'documents', id FROM groups",
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59)
     INSERT INTO folders (key, id, tool, parent, author)
     SELECT t.key * 100 + i, 'f' || (t.key * 100 + i), t.key, CASE WHEN i < 20 THEN NULL ELSE t.key * 100 + i - 20 END, 'u0' FROM n, tools t ORDER BY i",
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
     INSERT INTO items (id, tool, folder, author)
     SELECT 'i' || i, f.tool, f.key, COALESCE((SELECT user_id FROM members WHERE group_id = 'g' || (i % 20) AND user_id >= 'u' || (i * 7 % 200) LIMIT 1), 'u' || (i % 20))
     FROM n JOIN folders f ON f.key = (1 + i % 20) * 100 + 40 + (i / 20) % 20",
    "INSERT INTO grants (resource_type, resource, access, grantee_type, grantee, tool)
     SELECT 'Folder', f.key, 'add', 'Group', t.group_id, t.key FROM folders f JOIN tools t ON t.key = f.tool WHERE f.key % 3 = 0",
];

/// A server without sockets, and what to ask it.
struct World {
    _folder: TempDir,
    runtime: Runtime,
    config: Config,
    application: Application,
    questions: Vec<Question>,
    /// For floors.
    own: Own,
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
        let token = folder.path().join("token");
        std::fs::write(&token, "7c1e0b5a94d2f6830e5b7a1c4d9f2e68").expect("token");
        let mut config = Config { admin_token_file: Some(token), ..Config::default() };
        config.policies = std::env::var_os("CONCLAVE_BENCH_POLICIES").map(PathBuf::from);
        let given = std::env::var("CONCLAVE_BENCH_DATABASE").ok();
        config.database = given.clone().unwrap_or_else(|| folder.path().join("bench.db").display().to_string());
        let (application, questions, own) = runtime.block_on(async {
            if given.is_none() {
                fill(&config.database).await;
            }
            let application =
                Application::build(&config, Arc::new(SystemClock), Arc::new(SystemRandom)).await.expect("application");
            let questions = questions(&application).await;
            (application, questions, Own::open(&config.database).await)
        });
        Self { _folder: folder, runtime, config, application, questions, own }
    }

    fn check(&self) -> &Check {
        &self.application.app().check
    }

    fn store(&self) -> &Store {
        &self.application.app().store
    }

    /// As policies see it: principal and resource, and what they name.
    fn slicer(&self) -> Slicer {
        let stripes = Arc::new(Stripes::new(self.check().revision()));
        let model = Arc::clone(self.check().bundle().model());
        Slicer::new(self.store().clone(), stripes, model, self.config.limits.entity_cache_bytes_max)
    }

    /// Asks every question, so that all of it is in memory.
    fn warm(&self) {
        self.runtime.block_on(async {
            for question in &self.questions {
                self.check().decide(&question.borrow()).await.expect("decision");
            }
        });
    }
}

async fn fill(database: &str) {
    Store::open(database, Access::Own).await.expect("open").close().await;
    let options = SqliteConnectOptions::new().filename(database);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.expect("connect");
    for statement in FILL {
        sqlx::query(*statement).execute(&pool).await.expect(statement);
    }
    pool.close().await;
}

/// As many different questions as are asked, of any database.
async fn questions(application: &Application) -> Vec<Question> {
    let app = application.app();
    // Everyone and everything as popular: few repetitions to throw away.
    let plan = Plan { seed: 42, zipf: 0.0, questions: 3 * QUESTIONS };
    let mut questions = prepare(&app.store, &app.check, plan, || ()).await.expect("questions");
    let mut seen = HashSet::new();
    questions.retain(|question| seen.insert(question.request.clone()));
    questions.truncate(QUESTIONS);
    assert_eq!(questions.len(), QUESTIONS, "the database is too small");
    questions
}

/// The time of so many decisions, each question in its turn.
async fn decide(check: &Check, questions: &[Question], iterations: u64) -> Duration {
    let asked: Vec<_> = questions.iter().map(Question::borrow).collect();
    let begun = Instant::now();
    for request in asked.iter().cycle().take(usize::try_from(iterations).expect("iterations")) {
        black_box(check.decide(request).await.expect("decision"));
    }
    begun.elapsed()
}

fn hit(c: &mut Criterion, world: &World) {
    world.warm();
    let bare = moka::future::Cache::builder().max_capacity(100_000).build();
    world.runtime.block_on(async {
        for question in &world.questions {
            bare.insert(question.request.clone(), Arc::new(1_u64)).await;
        }
    });
    let mut group = c.benchmark_group("hit");
    group.bench_function("floor", |b| {
        b.iter_custom(|iterations| {
            world.runtime.block_on(async {
                let asked: Vec<RequestRef<'_>> = world.questions.iter().map(Question::borrow).collect();
                let begun = Instant::now();
                for request in asked.iter().cycle().take(usize::try_from(iterations).expect("iterations")) {
                    black_box(bare.get(request).await);
                }
                begun.elapsed()
            })
        });
    });
    group.bench_function("decision", |b| {
        b.iter_custom(|iterations| world.runtime.block_on(decide(world.check(), &world.questions, iterations)));
    });
    group.bench_function("request", |b| b.iter_custom(|iterations| over_http(world, iterations)));
    group.finish();
}

/// Everything but the socket: the request is read, the answer is written.
fn over_http(world: &World, iterations: u64) -> Duration {
    let routes = Arc::new(router::access(Arc::clone(world.application.app())));
    let post = |question: &Question| {
        HttpRequest::builder()
            .method(Method::POST)
            .uri("/v1/is_authorized")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(question.body.clone()))
            .expect("request")
    };
    world.runtime.block_on(async {
        let begun = Instant::now();
        for question in world.questions.iter().cycle().take(usize::try_from(iterations).expect("iterations")) {
            let answer = routes.answer(post(question)).await;
            black_box(answer.into_body().collect().await.expect("body"));
        }
        begun.elapsed()
    })
}

fn batch(c: &mut Criterion, world: &World) {
    world.warm();
    let mut group = c.benchmark_group("batch");
    group.throughput(Throughput::Elements(BATCH as u64));
    let batches: Vec<Vec<RequestRef<'_>>> =
        world.questions.chunks_exact(BATCH).map(|chunk| chunk.iter().map(Question::borrow).collect()).collect();
    group.bench_function("decisions", |b| {
        let mut turn = batches.iter().cycle();
        b.iter(|| {
            let batch = turn.next().expect("a batch");
            world.runtime.block_on(async {
                black_box(world.check().decide_all(&world.check().in_force(), batch).await.expect("decisions"))
            })
        });
    });
    group.finish();
}

fn slice(c: &mut Criterion, world: &World) {
    let (slicer, bundle) = (world.slicer(), world.check().bundle());
    let seeds: Vec<_> = world.questions.iter().map(|question| seeds(&bundle, question)).collect();
    let mut group = c.benchmark_group("slice");
    group.bench_function("entities", |b| {
        let mut turn = seeds.iter().cycle();
        b.iter(|| {
            let seeds = turn.next().expect("seeds");
            world.runtime.block_on(async { black_box(slicer.slice(seeds).await.expect("slice")) })
        });
    });
    group.finish();
}

fn seeds<'a>(bundle: &'a Bundle, Question { request, .. }: &Question) -> Seeds<'a> {
    let action = request.action.borrow();
    let environment = bundle.environment(&request.principal.type_name, &action, &request.resource.type_name);
    let uids = vec![request.principal.clone(), request.resource.clone()];
    Seeds { uids, reach: environment.expect("the schema has it").reach(), lent: Lending::nothing() }
}

fn evaluate(c: &mut Criterion, world: &World) {
    let bundle = world.check().bundle();
    let (_, schema) = floor::stock(world);
    let ready = floor::ready(world, &schema);
    let mut group = c.benchmark_group("evaluate");
    floor::of_misses(&mut group, world);
    group.bench_function("policies", |b| {
        let mut turn = world.questions.iter().zip(&ready).cycle();
        b.iter(|| {
            let (Question { request, .. }, (_, entities)) = turn.next().expect("a question");
            let action = request.action.borrow();
            let environment = bundle.environment(&request.principal.type_name, &action, &request.resource.type_name);
            let environment = environment.expect("the schema has it");
            let context = bundle.context(environment, &request.context).expect("context");
            black_box(bundle.evaluate(environment, request, &context, entities, Detail::Policies))
        });
    });
    group.finish();
}

fn warm_miss(c: &mut Criterion, world: &World) {
    let mut group = c.benchmark_group("warm_miss");
    floor::of_misses(&mut group, world);
    world.warm();
    group.bench_function("decision", |b| {
        b.iter_custom(|iterations| {
            let mut time = Duration::ZERO;
            let mut left = iterations;
            while left > 0 {
                // Forgetting is no part of a decision; remembering is.
                world.runtime.block_on(world.check().forget_decisions());
                let count = left.min(QUESTIONS as u64);
                time += world.runtime.block_on(decide(world.check(), &world.questions, count));
                left -= count;
            }
            time
        });
    });
    group.finish();
}

fn cold_read(c: &mut Criterion, world: &World) {
    let mut group = c.benchmark_group("cold_read");
    floor::of_reads(&mut group, world);
    let wanted: Vec<[Wanted; 2]> = world
        .questions
        .iter()
        .map(|Question { request, .. }| {
            [&request.principal, &request.resource].map(|uid| Wanted {
                uid: uid.clone(),
                neighbours: Neighbours::NONE,
                keeper: Keeper::Conclave,
            })
        })
        .collect();
    group.bench_function("snapshot", |b| {
        b.iter_custom(|iterations| {
            world.runtime.block_on(async {
                let begun = Instant::now();
                for wanted in wanted.iter().cycle().take(usize::try_from(iterations).expect("iterations")) {
                    black_box(world.store().snapshot(wanted).await.expect("snapshot"));
                }
                begun.elapsed()
            })
        });
    });
    group.finish();
}

fn cold_miss(c: &mut Criterion, world: &World) {
    let mut group = c.benchmark_group("cold_miss");
    floor::of_reads(&mut group, world);
    group.bench_function("decision", |b| {
        let mut turn = world.questions.iter().cycle();
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
    group.finish();
}

fn all(c: &mut Criterion) {
    let world = World::new();
    for stage in [hit, batch, slice, evaluate, warm_miss, cold_read, cold_miss, search::search] {
        stage(c, &world);
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
