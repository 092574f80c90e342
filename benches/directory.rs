//! What a search of the directory costs among a million published groups, beside one point read of
//! the same database.
//!
//! `cargo bench --bench directory`. Figures are ratios within one run; seconds differ from machine to
//! machine. Filling the database takes some minutes; `CONCLAVE_BENCH_GROUPS` asks for fewer groups.

#![expect(clippy::expect_used, reason = "a bench that cannot begin says why and stops")]

use conclave::domain::group::Activity;
use conclave::domain::{Page, Search, UserId};
use conclave::store::{Access, Store};
use criterion::{Criterion, criterion_group, criterion_main};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use std::hint::black_box;
use std::str::FromStr;
use tempfile::TempDir;
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Names of three syllables of two dozen and a number; half of all groups are businesses in two
/// hundred sectors, half speak English, and four of a million Frisian.
const FILL: &[&str] = &[
    "INSERT INTO subscriptions (id) VALUES ('s')",
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99)
     INSERT INTO users (id, username, subscription) SELECT 'u' || i, 'u' || i, 's' FROM n",
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1),
     syllables(text) AS (VALUES ('anbercordalethfingorhalistjunkellormarnorostperquarosaltorulmverwesxanyor')),
     named(i, name) AS (SELECT i, 'group ' || substr(text, 1 + 3 * (i * 7919 / 11 % 24), 3)
         || substr(text, 1 + 3 * (i * 104729 / 13 % 24), 3) || substr(text, 1 + 3 * (i * 1299709 / 17 % 24), 3)
         || ' ' || i || iif(i % 2, '', ' even') FROM n, syllables)
     INSERT INTO groups (id, name, name_folded, administrator, language, activity, sector, published,
                         members_published, created_ms)
     SELECT 'g' || i, name, name, 'u' || (i % 100),
            CASE WHEN i % 250000 = 7 THEN 'fy' WHEN i / 5 % 2 THEN 'en' WHEN i / 5 % 4 THEN 'it' ELSE 'nl-BE' END,
            iif(i / 3 % 2, 'business', 'other'), iif(i / 3 % 2, 's' || (i * 31 / 7 % 200), NULL), 1, i % 2, 0
     FROM named",
    "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9)
     INSERT INTO members (group_id, user_id, since_ms)
     SELECT g.id, 'u' || (50 + n.i), 0 FROM groups g, n WHERE g.rowid < 10000 AND g.administrator < 'u5'",
];

struct World {
    _folder: TempDir,
    runtime: Runtime,
    store: Store,
}

impl World {
    fn new() -> Self {
        let groups: i64 = std::env::var("CONCLAVE_BENCH_GROUPS").map_or(1_000_000, |n| n.parse().expect("a number"));
        let folder = TempDir::new().expect("a folder for the database");
        let url = format!("sqlite://{}", folder.path().join("bench.db").display());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
        let store = runtime.block_on(async {
            let store = Store::open(&url, Access::Own).await.expect("open");
            let options = SqliteConnectOptions::from_str(&url).expect("url");
            let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.expect("connect");
            for statement in FILL {
                sqlx::query(*statement).bind(groups).execute(&pool).await.expect(statement);
            }
            pool.close().await;
            store
        });
        Self { _folder: folder, runtime, store }
    }
}

fn search(name: Option<&str>, activity: Option<Activity>, sector: Option<&str>, language: Option<&str>) -> Search {
    let text = |text: Option<&str>| text.map(str::to_owned);
    Search { name: text(name), activity, sector: text(sector), language: text(language) }
}

fn searches() -> Vec<(&'static str, Search)> {
    let (business, other) = (Some(Activity::Business), Some(Activity::Other));
    vec![
        ("one hit by name and language", search(Some(" 250007"), None, None, Some("fy"))),
        ("one hit by its whole name", search(Some(" 123456 even"), other, None, None)),
        ("a page of a name in a million groups", search(Some("group"), None, None, Some("en"))),
        ("a page of a name in some two hundred groups", search(Some("marnor"), business, None, None)),
        ("a common name and a rare language", search(Some("group"), None, None, Some("fy"))),
        ("a common name and a language of nobody", search(Some("group"), None, None, Some("zz"))),
        ("activity and language", search(None, business, None, Some("en"))),
        ("activity and a rare language", search(None, business, None, Some("fy"))),
        ("activity and sector", search(None, business, Some("s17"), None)),
        ("worst: common threes that never meet", search(Some("venbus"), None, None, Some("en"))),
        ("worst: common threes in another order", search(Some("group even"), None, None, Some("en"))),
        ("half of all groups and a fifth", search(Some("even"), None, None, Some("nl"))),
    ]
}

fn directory(c: &mut Criterion) {
    let world = World::new();
    let mut group = c.benchmark_group("directory");
    group.sample_size(20);
    let user = UserId::new("u7").expect("an id");
    group.bench_function("floor: one point read", |b| {
        b.iter(|| world.runtime.block_on(async { black_box(world.store.user(&user).await.expect("read").is_some()) }));
    });
    for (name, search) in searches() {
        for (rows, rows_max) in [("", 100), (", first ten", 10)] {
            let page = Page { after: None, rows_max };
            let found = world.runtime.block_on(world.store.search_directory(&search, 0, &page)).expect("search");
            let title = format!("{name}{rows} ({} hits)", found.rows.len());
            group.bench_function(&title, |b| {
                b.iter(|| {
                    let found = world.store.search_directory(&search, 0, &page);
                    black_box(world.runtime.block_on(found).expect("search").rows.len())
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, directory);
criterion_main!(benches);
