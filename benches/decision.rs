//! What a decision costs, each stage beside the floor below which it cannot fall.
//!
//! - `hit`: a cached decision ÷ a bare moka `get` of the same key.
//! - `warm miss`: entities in the entity cache ÷ stock Cedar with its entities ready.
//! - `cold miss`: nothing in memory ÷ one point read of the same database through sqlx.
//!
//! `cargo bench --bench decision`. Figures are ratios within one run; seconds differ from machine to machine.

#![expect(clippy::expect_used, reason = "a bench that cannot begin says why and stops")]

use cedar_policy::{Authorizer, Context, EntityUid, PolicyId, PolicySet, Request, Schema};
use conclave::cedar;
use conclave::check::{Check, RequestRef};
use conclave::config::limits::Limits;
use conclave::domain::{self, DecisionRequest};
use conclave::engine::{Bundle, Sources};
use conclave::slice::{Seeds, Slicer};
use conclave::stamp::Stripes;
use conclave::store::{Access, Store};
use criterion::{Criterion, criterion_group, criterion_main};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use std::hint::black_box;
use std::str::FromStr;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USERS: usize = 200;
const ITEMS: usize = 10_000;

/// A database of twenty groups, each with all two hundred users in it and folders three deep.
struct World {
    _folder: TempDir,
    runtime: Runtime,
    url: String,
    store: Store,
    bundle: Arc<Bundle>,
}

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
     INSERT INTO items (id, tool, folder, author) SELECT 'i' || i, f.tool, f.key, 'u' || (i % 200)
     FROM n JOIN folders f ON f.key = (1 + i % 20) * 100 + 40 + (i / 20) % 20",
    "INSERT INTO grants (resource_type, resource, access, grantee_type, grantee, tool)
     SELECT 'Folder', f.key, 'add', 'Group', t.group_id, t.key FROM folders f JOIN tools t ON t.key = f.tool WHERE f.key % 3 = 0",
];

impl World {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder for the database");
        let url = format!("sqlite://{}", folder.path().join("bench.db").display());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
        let store = runtime.block_on(async {
            let store = Store::open(&url, Access::Own).await.expect("open");
            let pool = SqlitePoolOptions::new().connect_with(options(&url)).await.expect("connect");
            for statement in FILL {
                sqlx::query(*statement).execute(&pool).await.expect(statement);
            }
            pool.close().await;
            store
        });
        let bundle = Arc::new(Bundle::load(&Sources::default()).expect("built-in policies"));
        Self { _folder: folder, runtime, url, store, bundle }
    }

    fn check(&self) -> Check {
        let limits = Limits::default();
        self.runtime.block_on(Check::new(self.store.clone(), Arc::clone(&self.bundle), &limits)).expect("check")
    }
}

fn options(url: &str) -> SqliteConnectOptions {
    SqliteConnectOptions::from_str(url).expect("url")
}

/// A request nobody asked before, for two million requests.
fn request(n: usize) -> DecisionRequest {
    DecisionRequest {
        principal: domain::EntityUid::new("User", format!("u{}", n % USERS)),
        action: domain::EntityUid::action("view"),
        resource: domain::EntityUid::new("Item", format!("i{}", (n / USERS + n) % ITEMS)),
        context: domain::Context::empty(),
    }
}

fn hit(c: &mut Criterion, world: &World) {
    let check = world.check();
    let asked = request(7);
    let bare = moka::future::Cache::builder().max_capacity(10_000).build();
    world.runtime.block_on(async {
        check.decide(&RequestRef::from(&asked)).await.expect("decision");
        bare.insert(asked.clone(), Arc::new(1_u64)).await;
    });
    let mut group = c.benchmark_group("hit");
    group.bench_function("floor: bare moka get", |b| {
        b.iter(|| world.runtime.block_on(async { black_box(bare.get(&asked).await) }));
    });
    group.bench_function("cached decision", |b| {
        b.iter(|| world.runtime.block_on(async { black_box(check.decide(&RequestRef::from(&asked)).await.is_ok()) }));
    });
    group.finish();
}

/// The policies as stock Cedar loads them.
fn stock() -> (PolicySet, Schema) {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");
    let mut all = PolicySet::new();
    for file in std::fs::read_dir(root).expect(root) {
        let text = std::fs::read_to_string(file.expect(root).path()).expect(root);
        for policy in PolicySet::from_str(&text).expect("policies parse").policies() {
            let id = PolicyId::new(policy.annotation("id").expect("every policy has an id"));
            all.add(policy.new_id(id)).expect("ids are unique");
        }
    }
    let (schema, _) = Schema::from_cedarschema_str(include_str!("../schema/groups.cedarschema")).expect("schema");
    (all, schema)
}

fn warm_miss(c: &mut Criterion, world: &World) {
    let check = world.check();
    let (policies, schema) = stock();
    let stripes = Arc::new(Stripes::new(check.revision()));
    let slicer = Slicer::new(world.store.clone(), stripes, 1 << 26);
    let asked = request(7);
    let entities = world.runtime.block_on(async {
        let seeds =
            Seeds { uids: vec![asked.principal.clone(), asked.resource.clone()], reach: &domain::Reach::everything(2) };
        cedar::slice(slicer.slice(&seeds).await.expect("slice").entities()).expect("entities")
    });
    let uid = |uid: &domain::EntityUid| EntityUid::from_str(&uid.to_string()).expect("uid");
    let ready =
        Request::new(uid(&asked.principal), uid(&asked.action), uid(&asked.resource), Context::empty(), Some(&schema))
            .expect("request");
    let authorizer = Authorizer::new();
    let mut group = c.benchmark_group("warm miss");
    group.bench_function("floor: stock is_authorized, entities ready", |b| {
        b.iter(|| black_box(authorizer.is_authorized(&ready, &policies, &entities)));
    });
    let mut n = 0;
    group.bench_function("decision, entities cached", |b| {
        // Every entity is read once before; then each iteration asks what nobody asked.
        world.runtime.block_on(async {
            for n in 0..ITEMS {
                check.decide(&RequestRef::from(&request(n * USERS + n % USERS))).await.expect("decision");
            }
        });
        b.iter(|| {
            n += 1;
            if n % (USERS * ITEMS) == 0 {
                check.forget_decisions();
            }
            let asked = request(n);
            world
                .runtime
                .block_on(async { black_box(check.decide(&RequestRef::from(&asked)).await.expect("decision")) })
        });
    });
    group.finish();
}

fn cold_miss(c: &mut Criterion, world: &World) {
    let check = world.check();
    let pool = world.runtime.block_on(SqlitePoolOptions::new().max_connections(1).connect_with(options(&world.url)));
    let pool = pool.expect("connect");
    let mut group = c.benchmark_group("cold miss");
    let mut n = 0;
    group.bench_function("floor: one point read", |b| {
        b.iter(|| {
            n += 1;
            let id = format!("i{}", n % ITEMS);
            world.runtime.block_on(async {
                let row: (i64,) =
                    sqlx::query_as("SELECT size FROM items WHERE id = ?").bind(id).fetch_one(&pool).await.expect("row");
                black_box(row)
            })
        });
    });
    let mut n = 0;
    group.bench_function("decision, nothing cached", |b| {
        b.iter(|| {
            n += 1;
            check.forget_entities();
            check.forget_decisions();
            let asked = request(n);
            world
                .runtime
                .block_on(async { black_box(check.decide(&RequestRef::from(&asked)).await.expect("decision")) })
        });
    });
    group.finish();
}

fn all(c: &mut Criterion) {
    let world = World::new();
    hit(c, &world);
    warm_miss(c, &world);
    cold_miss(c, &world);
}

criterion_group!(benches, all);
criterion_main!(benches);
