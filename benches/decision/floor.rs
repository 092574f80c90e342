//! What stages are measured beside: stock Cedar, and one read of the database.

use super::{QUESTIONS, World};
use cedar_policy::{Authorizer, Entities, EntityUid, PolicyId, PolicySet, Request, Schema};
use conclave::bench::question::Question;
use conclave::slice::{Lending, Seeds};
use conclave::{cedar, domain};
use criterion::BenchmarkGroup;
use criterion::measurement::WallTime;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{PgPool, SqlitePool};
use std::hint::black_box;
use std::path::PathBuf;
use std::str::FromStr as _;
use std::time::Instant;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// A connection of its own, as anybody would open it.
pub(super) enum Own {
    File(SqlitePool),
    Server(PgPool),
}

impl Own {
    pub(super) async fn open(database: &str) -> Self {
        if database.starts_with("postgres:") {
            let pool = PgPoolOptions::new().max_connections(1).connect(database).await;
            return Self::Server(pool.expect("connect"));
        }
        let options = SqliteConnectOptions::new().filename(database);
        Self::File(SqlitePoolOptions::new().max_connections(1).connect_with(options).await.expect("connect"))
    }

    /// The least that can be read.
    async fn size_of(&self, id: &str) -> i64 {
        let row: Result<(i64,), _> = match self {
            Self::File(pool) => sqlx::query_as("SELECT size FROM items WHERE id = ?").bind(id).fetch_one(pool).await,
            Self::Server(pool) => sqlx::query_as("SELECT size FROM items WHERE id = $1").bind(id).fetch_one(pool).await,
        };
        row.expect("row").0
    }
}

/// The policies as stock Cedar loads them.
pub(super) fn stock(world: &World) -> (PolicySet, Schema) {
    let built_in = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/policies"));
    let root = world.config.policies.clone().unwrap_or_else(built_in);
    let mut all = PolicySet::new();
    let files = std::fs::read_dir(root).expect("policies").map(|file| file.expect("policies").path());
    // Beside the policies lie the folders of their tests and properties.
    for file in files.filter(|file| file.extension().is_some_and(|extension| extension == "cedar")) {
        let text = std::fs::read_to_string(file).expect("policies");
        for policy in PolicySet::from_str(&text).expect("policies parse").policies() {
            let id = PolicyId::new(policy.annotation("id").expect("every policy has an id"));
            all.add(policy.new_id(id)).expect("ids are unique");
        }
    }
    let (schema, _) = Schema::from_cedarschema_str(include_str!("../../schema/groups.cedarschema")).expect("schema");
    (all, schema)
}

/// Every question with its entities, as Cedar takes them.
pub(super) fn ready(world: &World, schema: &Schema) -> Vec<(Request, Entities)> {
    let slicer = world.slicer();
    let everything = domain::Reach::everything(2);
    let uid = |uid: &domain::EntityUid| EntityUid::from_str(&uid.to_string()).expect("uid");
    world.runtime.block_on(async {
        let mut ready = Vec::with_capacity(QUESTIONS);
        for Question { request, .. } in &world.questions {
            let uids = vec![request.principal.clone(), request.resource.clone()];
            let slice =
                slicer.slice(&Seeds { uids, reach: &everything, lent: Lending::nothing() }).await.expect("slice");
            let entities = cedar::slice(slice.entities().cloned()).expect("entities");
            let (principal, action, resource) = (uid(&request.principal), uid(&request.action), uid(&request.resource));
            let asked = Request::new(principal, action, resource, cedar::Context::empty(), Some(schema));
            ready.push((asked.expect("request"), entities));
        }
        ready
    })
}

/// Stock Cedar, the whole policy set, entities ready.
pub(super) fn of_misses(group: &mut Group<'_>, world: &World) {
    let (policies, schema) = stock(world);
    let (ready, authorizer) = (ready(world, &schema), Authorizer::new());
    let mut turn = ready.iter().cycle();
    group.bench_function("floor", |b| {
        b.iter(|| {
            let (request, entities) = turn.next().expect("a question");
            black_box(authorizer.is_authorized(request, &policies, entities))
        });
    });
}

/// One row by its id, over and over: the least that anything which is not in memory can cost.
pub(super) fn of_reads(group: &mut Group<'_>, world: &World) {
    let items = world.questions.iter().filter(|question| question.request.resource.type_name == "Item");
    let ids: Vec<&str> = items.map(|question| question.request.resource.id.as_str()).collect();
    group.bench_function("floor", |b| {
        b.iter_custom(|iterations| {
            world.runtime.block_on(async {
                let begun = Instant::now();
                for id in ids.iter().cycle().take(usize::try_from(iterations).expect("iterations")) {
                    black_box(world.own.size_of(id).await);
                }
                begun.elapsed()
            })
        });
    });
}
