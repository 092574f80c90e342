//! Searching the directory (F1-F3): the index of three characters in a row finds candidates, the
//! rows themselves are compared. How much of it one search goes through is bounded.

mod walk;

use crate::domain::directory::PEOPLE_SHOWN_MAX;
use crate::domain::group::Activity;
use crate::domain::{Page, Paged, Search};
use crate::store::list::groups::SeenGroup;
use crate::store::sql::{self, Both, Connection, Row};
use crate::store::{Store, StoreError, limits, row};
use smol_str::format_smolstr;
use std::collections::BTreeSet;
use walk::{Walk, Window};

/// A person's names; the directory shows nothing else of people (A7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName {
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
}

/// Who is in a group, as far as the directory shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPeople {
    /// The administrator.
    pub administrator: PersonName,
    /// The first [`PEOPLE_SHOWN_MAX`] members, by user id.
    pub members: Vec<PersonName>,
    /// Whether there are more.
    pub more: bool,
}

/// A group that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The group as outsiders see it, whoever searches.
    pub seen: SeenGroup,
    /// The people in it, if it publishes them (A7).
    pub people: Option<ShownPeople>,
    /// Its place in the directory, by which hits are ordered.
    key: i64,
}

// CROSS JOIN keeps the order: the index first, its rows by key, so that the limit ends the search
// and nothing is sorted. `published` is asked once more, so that F2 does not rest on triggers alone.
const SEARCH: Both = Both {
    sqlite: "
    SELECT d.key, g.id, g.name, g.administrator, g.full_name, g.description, g.language, g.activity, g.sector,
           g.published, g.members_published, g.open, a.email, a.first_name, a.last_name,
           CASE g.members_published WHEN 1 THEN (
               SELECT json_group_array(json_array(first_name, last_name)) FROM (
                   SELECT p.first_name, p.last_name FROM members m JOIN users p ON p.id = m.user_id
                   WHERE m.group_id = g.id ORDER BY m.user_id LIMIT ?8)) END AS people
    FROM directory_terms t
    CROSS JOIN directory d ON d.key = t.rowid
    CROSS JOIN groups g ON g.id = d.group_id AND g.published = 1
    CROSS JOIN users a ON a.id = g.administrator
    WHERE t.directory_terms MATCH ?1 AND t.rowid > ?2 AND t.rowid <= ?9
      AND (?3 IS NULL OR instr(d.name_folded, ?3) > 0)
      AND (?4 IS NULL OR d.activity = ?4)
      AND (?5 IS NULL OR d.sector = ?5)
      AND (?6 IS NULL OR substr(d.language || '-', 1, length(?6) + 1) = ?6 || '-')
    ORDER BY t.rowid LIMIT ?7",
    // No index of threes: the directory is gone through in the order of its keys, as far as a window reaches.
    postgres: "
    SELECT d.key, g.id, g.name, g.administrator, g.full_name, g.description, g.language, g.activity, g.sector,
           g.published, g.members_published, g.open, a.email, a.first_name, a.last_name,
           CASE g.members_published WHEN 1 THEN (
               SELECT json_group_array(json_array(first_name, last_name)) FROM (
                   SELECT p.first_name, p.last_name FROM members m JOIN users p ON p.id = m.user_id
                   WHERE m.group_id = g.id ORDER BY m.user_id LIMIT ?8) AS some_people) END AS people
    FROM directory d
    CROSS JOIN groups g ON g.id = d.group_id AND g.published = 1
    CROSS JOIN users a ON a.id = g.administrator
    WHERE ?1 <> '' AND d.key > ?2 AND d.key <= ?9
      AND (?3 IS NULL OR instr(d.name_folded, ?3) > 0)
      AND (?4 IS NULL OR d.activity = ?4)
      AND (?5 IS NULL OR d.sector = ?5)
      AND (?6 IS NULL OR substr(d.language || '-', 1, length(?6) + 1) = ?6 || '-')
    ORDER BY d.key LIMIT ?7",
};

impl Store {
    /// The published groups that a search finds, in the order of their publication. `after` is the
    /// key that [`Paged::next`] of the page before named.
    ///
    /// Looks at [`limits::DIRECTORY_ENTRIES_MAX`] entries of the index at most. A page may thus be
    /// short, or empty, and say all the same where the search goes on.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read.
    pub async fn search_directory(&self, search: &Search, after: i64, page: &Page) -> Result<Paged<Found>, StoreError> {
        self.search_within(search, after, page, limits::DIRECTORY_ENTRIES_MAX).await
    }

    async fn search_within(
        &self,
        search: &Search,
        after: i64,
        page: &Page,
        entries_max: i64,
    ) -> Result<Paged<Found>, StoreError> {
        let threes = threes(search);
        let mut transaction = self.read_followed().await?;
        let mut walk = Walk::new(&threes, after, entries_max);
        let mut rows = Vec::new();
        let missing = |rows: &[Found]| page.fetch() - i64::try_from(rows.len()).unwrap_or(i64::MAX);
        while missing(&rows) > 0
            && let Some(window) = walk.window(transaction.connection()).await?
        {
            let rows_max = missing(&rows);
            rows.extend(hits(transaction.connection(), search, &threes, window, rows_max).await?);
        }
        let mut found = Paged::cut(rows, page, |found: &Found| format_smolstr!("{}", found.key));
        found.next = found.next.or_else(|| walk.rest().map(|key| format_smolstr!("{key}")));
        Ok(found)
    }
}

/// The hits of one window, `rows_max` of them at most.
async fn hits(
    connection: &mut Connection,
    search: &Search,
    threes: &[String],
    window: Window,
    rows_max: i64,
) -> Result<Vec<Found>, StoreError> {
    let people_fetched = i64::try_from(PEOPLE_SHOWN_MAX).unwrap_or(i64::MAX).saturating_add(1);
    let rows = sql::query(SEARCH)
        .bind(threes.join(" AND "))
        .bind(window.after)
        .bind(&search.name)
        .bind(search.activity.map(Activity::name))
        .bind(&search.sector)
        .bind(&search.language)
        .bind(rows_max)
        .bind(people_fetched)
        .bind(window.until)
        .fetch_all(connection)
        .await?;
    rows.iter().map(found).collect()
}

/// What the index is asked for: every three characters in a row of every term, as `schema/sql` puts
/// terms together.
///
/// INVARIANT: each stands in double quotes, those within doubled, so that nothing a client sends is
/// ever read as an operator.
fn threes(search: &Search) -> Vec<String> {
    let mut threes = BTreeSet::new();
    if let Some(name) = &search.name {
        threes.extend(in_threes(name));
    }
    if let Some(language) = &search.language {
        threes.extend(in_threes(&format!("\u{1}{language}-")));
    }
    if let Some(initial) = search.activity.and_then(|activity| activity.name().chars().next()) {
        threes.insert(format!("\u{2}{initial}\u{3}"));
    }
    if let Some(sector) = &search.sector {
        threes.extend(in_threes(&format!("\u{3}{sector}\u{4}")));
    }
    threes.iter().map(|three| format!("\"{}\"", three.replace('"', "\"\""))).collect()
}

fn in_threes(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.windows(3).map(|three| three.iter().collect()).collect()
}

fn found(row: &Row) -> Result<Found, StoreError> {
    let group = row::group(row)?;
    let names: Option<&str> = row.try_get("people")?;
    let people = names.map(|json| people(row, json)).transpose()?;
    let seen = SeenGroup { group, inside: false, administrator_email: row::get(row, "email")? };
    Ok(Found { seen, people, key: row::get(row, "key")? })
}

fn people(row: &Row, json: &str) -> Result<ShownPeople, StoreError> {
    let corrupt = |error| StoreError::Corrupt(format!("names of people: {error}"));
    let names: Vec<(Option<String>, Option<String>)> = serde_json::from_str(json).map_err(corrupt)?;
    let more = names.len() > PEOPLE_SHOWN_MAX;
    let name = |(first_name, last_name)| PersonName { first_name, last_name };
    let administrator = name((row::get(row, "first_name")?, row::get(row, "last_name")?));
    Ok(ShownPeople { administrator, members: names.into_iter().take(PEOPLE_SHOWN_MAX).map(name).collect(), more })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::{World, raw};

    fn of_name(name: &str) -> Search {
        Search { name: Some(name.to_owned()), ..Search::default() }
    }

    async fn hits(world: &World, search: &Search) -> Vec<String> {
        let page = world.store.search_directory(search, 0, &Page::first()).await.unwrap();
        page.rows.into_iter().map(|found| found.seen.group.id.to_string()).collect()
    }

    #[test]
    fn f1_what_clients_send_is_quoted() {
        assert_eq!(threes(&of_name("a\"b\"")), ["\"\"\"b\"\"\"", "\"a\"\"b\""]);
        assert_eq!(threes(&of_name("a OR b")).len(), 4);
        let all = Search {
            name: None,
            activity: Some(Activity::Business),
            sector: Some("s".to_owned()),
            language: Some("nl".to_owned()),
        };
        assert_eq!(threes(&all), ["\"\u{1}nl\"", "\"\u{2}b\u{3}\"", "\"\u{3}s\u{4}\"", "\"nl-\""]);
    }

    #[tokio::test]
    async fn f2_the_directory_follows_the_groups() {
        let world = World::new().await;
        for (change, name, expected) in [
            ("", "sal", &["sales"][..]),
            ("", "company", &[]),
            ("UPDATE groups SET published = 1 WHERE id = 'company'", "company", &["company"]),
            ("UPDATE groups SET language = 'NL-be', activity = 'other' WHERE id = 'company'", "omp", &["company"]),
            ("UPDATE groups SET published = 0 WHERE id = 'company'", "company", &[]),
            ("UPDATE groups SET language = NULL WHERE id = 'company'", "company", &[]),
            ("UPDATE groups SET published = 0, open = 0 WHERE id = 'sales'", "sales", &[]),
            ("UPDATE groups SET published = 1 WHERE id = 'sales'", "sales", &["sales"]),
        ] {
            world.run(change).await;
            assert_eq!(hits(&world, &of_name(name)).await, expected, "{change}");
            // Compares the index with what it is an index of.
            if !world.is_on_server() {
                world.run("INSERT INTO directory_terms (directory_terms, rank) VALUES ('integrity-check', 1)").await;
            }
        }
    }

    #[tokio::test]
    async fn f2_a_deleted_group_is_found_no_more() {
        let world = World::new().await;
        world
            .run(
                "INSERT INTO groups (id, name, name_folded, administrator, published, created_ms)
                 VALUES ('new', 'Newest', 'newest', 'director', 1, 0)",
            )
            .await;
        assert_eq!(hits(&world, &of_name("newest")).await, ["new"]);
        world.run("DELETE FROM groups WHERE id = 'new'").await;
        assert_eq!(hits(&world, &of_name("newest")).await, [""; 0]);
    }

    #[tokio::test]
    async fn f1_groups_published_before_there_was_an_index_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let mut connection = raw(&folder.path().join("old.db")).await;
        let groups = "INSERT INTO subscriptions (id) VALUES ('s');
            INSERT INTO users (id, username, subscription) VALUES ('u', 'u', 's');
            INSERT INTO groups (id, name, name_folded, administrator, language, published, created_ms)
            VALUES ('b', 'B', 'b', 'u', 'NL', 1, 0), ('p', 'P', 'p', 'u', 'NL', 0, 0), ('a', 'A', 'a', 'u', 'NL', 1, 0);";
        let directory = include_str!("../../../schema/sql/0004_directory.sql");
        for script in [include_str!("../../../schema/sql/0001_base.sql"), groups, directory] {
            connection.run(script).await.unwrap();
        }
        let sql = "SELECT d.group_id FROM directory_terms t JOIN directory d ON d.key = t.rowid
                   WHERE t.directory_terms MATCH '\"nl-\"' ORDER BY t.rowid";
        let found: Vec<String> = sql::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
        assert_eq!(found, ["b", "a"]);
    }

    #[tokio::test]
    async fn f1_a_search_is_driven_by_the_index_and_sorts_nothing() {
        let world = World::in_file().await;
        let plan: Vec<(i64, i64, i64, String)> = sql::query_as(format!("EXPLAIN QUERY PLAN {}", SEARCH.sqlite))
            .fetch_all(&mut world.connection().await)
            .await
            .unwrap();
        let steps: Vec<_> = plan.into_iter().map(|step| step.3).collect();
        assert!(steps[0].starts_with("SCAN t VIRTUAL TABLE INDEX"), "{steps:?}");
        let scans = steps.iter().filter(|step| step.starts_with("SCAN")).collect::<Vec<_>>();
        assert!(scans.iter().all(|step| step.contains("SCAN t ") || step.contains("subquery")), "{scans:?}");
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
    }

    /// A thousand groups named by number, published in turn.
    async fn many(world: &World) {
        world
            .run(
                "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
                 INSERT INTO groups (id, name, name_folded, administrator, language, published, created_ms)
                 SELECT 'n' || i, 'number ' || i, 'number ' || i, 'director', iif(i % 100 <> 0, 'en', 'fy'), 1, 0 FROM n",
            )
            .await;
    }

    #[tokio::test]
    async fn f3_a_bounded_search_loses_and_repeats_nothing() {
        let world = World::new().await;
        many(&world).await;
        // 2, 20 to 29 and 200 to 299, of which 200 speaks Frisian.
        let search = Search { language: Some("en".to_owned()), ..of_name("number 2") };
        let page = Page { after: None, rows_max: 20 };
        let whole = Page { after: None, rows_max: 1000 };
        let all = world.store.search_within(&search, 0, &whole, i64::MAX).await.unwrap();
        assert_eq!((all.rows.len(), &all.next), (110, &None));
        for entries_max in [1, 7, 100, 400, 4_000, i64::MAX] {
            let (mut after, mut rows, mut short) = (0, Vec::new(), 0);
            loop {
                let found = world.store.search_within(&search, after, &page, entries_max).await.unwrap();
                assert!(found.rows.len() <= 20);
                short += usize::from(found.rows.len() < 20);
                rows.extend(found.rows);
                let Some(next) = found.next else { break };
                let further = next.parse().unwrap();
                assert!(further > after, "{entries_max}");
                after = further;
            }
            assert_eq!(rows, all.rows, "{entries_max}");
            assert_eq!(
                short > 1,
                entries_max <= 100 || world.is_on_server() && entries_max <= 4_000,
                "{entries_max}: a small bound makes short pages"
            );
        }
    }

    #[tokio::test]
    async fn f3_what_is_rare_is_found_in_one_go() {
        let world = World::in_file().await;
        many(&world).await;
        // Each entry is looked at in each of nine lists, of which one has ten.
        let search = Search { language: Some("fy".to_owned()), ..of_name("number") };
        let found = world.store.search_within(&search, 0, &Page::first(), 99).await.unwrap();
        assert_eq!((found.rows.len(), found.next), (10, None));
        let none = Search { language: Some("fy".to_owned()), ..of_name("no such number") };
        let found = world.store.search_within(&none, 0, &Page::first(), 99).await.unwrap();
        assert_eq!((found.rows.len(), found.next), (0, None));
    }
}
