//! Searching the directory (F1-F3). Open to every known user; what is published is for everybody,
//! and a private group is found by nobody, the host and its own members included (F2).

use super::create_group::activity;
use super::field::{malformed, out_of_range, text};
use super::{Admin, Caller, Refusal, authority};
use crate::domain::directory::{SEARCHED_CHARACTERS_MIN, searched_name};
use crate::domain::group::Activity;
use crate::domain::text::{language, line};
use crate::domain::{Page, Paged, Rule, Search};
use crate::store::list::directory::Found;

/// The terms of a search, as a request says them.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// What must stand in the name.
    pub name: Option<String>,
    /// `business` or `other`.
    pub activity: Option<String>,
    /// Only with `activity` = `business`.
    pub sector: Option<String>,
    /// BCP 47 tag.
    pub language: Option<String>,
}

/// Finds published groups, in the order of their publication.
///
/// # Errors
/// [`Refusal`]: a term out of range, too few terms, or terms that do not go together (F1); an actor
/// whom nobody knows.
pub async fn search_directory(
    admin: &Admin,
    caller: &Caller,
    terms: &Terms,
    page: &Page,
) -> Result<Paged<Found>, Refusal> {
    let search = search(terms)?;
    check_enough(&search, admin.settings.directory_terms_min)?;
    let after = after(page)?;
    let found = admin.store.search_directory(&search, after, page).await?;
    check_known(admin, caller).await?;
    Ok(found)
}

fn search(terms: &Terms) -> Result<Search, Refusal> {
    let activity = terms.activity.as_deref().map(activity).transpose()?;
    let sector = terms.sector.as_deref().map(|sector| searched_sector(sector, activity)).transpose()?;
    Ok(Search {
        name: terms.name.as_deref().map(name).transpose()?,
        activity,
        sector,
        language: terms.language.as_deref().map(tag).transpose()?,
    })
}

fn name(given: &str) -> Result<String, Refusal> {
    text("name", given, line)?;
    searched_name(given)
        .ok_or_else(|| f1("name", format!("must have at least {SEARCHED_CHARACTERS_MIN} letters in a row")))
}

fn searched_sector(given: &str, activity: Option<Activity>) -> Result<String, Refusal> {
    text("sector", given, line)?;
    if given.is_empty() {
        return Err(out_of_range("sector", "must not be empty"));
    }
    if activity != Some(Activity::Business) {
        return Err(f1("sector", "goes only with `activity` = `business`".to_owned()));
    }
    Ok(given.to_owned())
}

fn tag(given: &str) -> Result<String, Refusal> {
    text("language", given, language)?;
    Ok(given.to_ascii_lowercase())
}

fn check_enough(search: &Search, terms_min: u32) -> Result<(), Refusal> {
    if search.terms() >= usize::try_from(terms_min).unwrap_or(usize::MAX) {
        return Ok(());
    }
    let detail = format!("must have at least {terms_min} of `name`, `activity`, `sector` and `language`");
    Err(f1("query", detail))
}

fn f1(field: &'static str, detail: String) -> Refusal {
    Refusal::OutOfRange { field, detail, rule: Some(Rule::F1) }
}

fn after(page: &Page) -> Result<i64, Refusal> {
    let unknown = |_| malformed("page_token", "must be the `next_page_token` of an answer");
    page.after.as_deref().map_or(Ok(0), |key| key.parse().map_err(unknown))
}

async fn check_known(admin: &Admin, caller: &Caller) -> Result<(), Refusal> {
    let Some(actor) = &caller.actor else { return Ok(()) };
    match admin.store.user(actor).await? {
        Some(_) => Ok(()),
        None => Err(authority::unknown(actor)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::change_group::change_group;
    use super::super::delete_group::delete_group;
    use super::super::testing::{HOST, World, body, by, why};
    use super::*;
    use crate::domain::directory::PEOPLE_SHOWN_MAX;
    use crate::domain::{EntityUid, GroupId};

    /// Terms as a query writes them: `name=sal&activity=other`.
    fn terms(query: &str) -> Terms {
        let mut terms = Terms::default();
        for (field, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let place = match field {
                "name" => &mut terms.name,
                "activity" => &mut terms.activity,
                "sector" => &mut terms.sector,
                "language" => &mut terms.language,
                other => panic!("{other}"),
            };
            *place = Some(value.to_owned());
        }
        terms
    }

    async fn search(world: &World, caller: &Caller, query: &str) -> Result<Paged<Found>, Refusal> {
        search_directory(&world.admin, caller, &terms(query), &Page::first()).await
    }

    /// What somebody finds, which must be what everybody finds.
    async fn hits(world: &World, query: &str) -> Vec<String> {
        let ids = |found: Paged<Found>| found.rows.iter().map(|found| found.seen.group.id.to_string()).collect();
        let found: Vec<String> = ids(search(world, &by("ben"), query).await.unwrap());
        for caller in [HOST, by("anna")] {
            let others: Vec<String> = ids(search(world, &caller, query).await.unwrap());
            assert_eq!(others, found, "{query}");
        }
        found
    }

    /// Groups with these ids, administered by anna; further settings as JSON.
    async fn groups(world: &World, groups: &[(&str, &str, &str)]) {
        for (id, name, settings) in groups {
            let name = serde_json::Value::from(*name);
            let new = format!(r#"{{"id":"{id}","administrator":"anna","name":{name}{settings}}}"#);
            world.group(&new, &[]).await;
        }
    }

    #[tokio::test]
    async fn f1_a_search_takes_enough_terms_that_go_together() {
        let world = World::new().await;
        let long = format!("name={}&activity=other", "x".repeat(256));
        for (query, rule) in [
            ("", Some("F1")),
            ("name=sales", Some("F1")),
            ("language=en", Some("F1")),
            ("activity=business", Some("F1")),
            ("name=sa&language=en", Some("F1")),
            ("name=&language=en", Some("F1")),
            ("name=s a l&language=en", Some("F1")),
            ("name=sa\u{ad}&language=en", Some("F1")),
            ("name=sales&sector=retail", Some("F1")),
            ("activity=other&sector=retail", Some("F1")),
            ("sector=retail&language=en", Some("F1")),
            ("activity=fun&language=en", None),
            ("activity=business&sector=", None),
            ("activity=business&language=", None),
            ("activity=business&language=e_n", None),
            ("name=a\0bcd&language=en", None),
            (&long, None),
        ] {
            for caller in [HOST, by("ben")] {
                world.refused(search(&world, &caller, query), (422, rule)).await;
            }
        }
        assert_eq!(why(search(&world, &by("stranger"), "activity=other&language=en").await), (403, None));
        let token = Page { after: Some("x".into()), rows_max: 1 };
        let refused = search_directory(&world.admin, &HOST, &terms("activity=other&language=en"), &token).await;
        assert_eq!(why(refused), (400, None));
    }

    #[tokio::test]
    async fn f1_how_many_terms_is_configuration() {
        let mut world = World::new().await;
        groups(&world, &[("a", "Sales", r#","published":true,"language":"en","activity":"other""#)]).await;
        world.admin.settings.directory_terms_min = 1;
        for query in ["name=sal", "language=en", "activity=other"] {
            assert_eq!(hits(&world, query).await, ["a"], "{query}");
        }
        world.refused(search(&world, &HOST, "sector=x"), (422, Some("F1"))).await;
        world.refused(search(&world, &HOST, ""), (422, Some("F1"))).await;
        world.admin.settings.directory_terms_min = 3;
        world.refused(search(&world, &HOST, "name=sal&language=en"), (422, Some("F1"))).await;
        assert_eq!(hits(&world, "name=sal&language=en&activity=other").await, ["a"]);
    }

    #[tokio::test]
    async fn f1_every_term_must_hold() {
        let world = World::new().await;
        groups(
            &world,
            &[
                ("a", "Straßenbau", r#","published":true,"activity":"business","sector":"steel","language":"de""#),
                ("b", "Strassenfest", r#","published":true,"activity":"other","language":"nl-BE""#),
                ("c", "Stahl", r#","published":true,"activity":"business","sector":"stee","language":"nl""#),
                ("d", "Nothing", r#","published":true"#),
            ],
        )
        .await;
        for (query, expected) in [
            ("name=STRASSE&activity=business", &["a"][..]),
            ("name=straß&language=nl", &["b"]),
            ("name=ssenb&language=de", &["a"]),
            ("name=strassen fest&activity=other", &[]),
            ("activity=business&sector=steel", &["a"]),
            ("activity=business&sector=tee", &[]),
            ("activity=business&sector=Steel", &[]),
            ("activity=business&language=nl", &["c"]),
            ("activity=other&language=NL-be", &["b"]),
            ("activity=other&language=nl", &["b"]),
            ("activity=business&language=nl-BE", &[]),
            ("activity=business&sector=stee&language=nl&name=tah", &["c"]),
            ("name=oth&activity=other", &[]),
        ] {
            assert_eq!(hits(&world, query).await, expected, "{query}");
        }
    }

    #[tokio::test]
    async fn f1_nothing_in_a_term_is_an_operator() {
        let world = World::new().await;
        let odd = [
            r#"a "b" OR c"#,
            "x* NEAR(y)",
            "terms:abc",
            "100%_x",
            r"back\slash",
            "it's; DROP TABLE groups",
            "💡💡💡",
            "日本語",
            "^abc",
            "NOT",
        ];
        for (n, name) in odd.iter().enumerate() {
            let settings = r#","published":true,"activity":"business","sector":"\"a\" OR b""#;
            groups(&world, &[(&n.to_string(), name, settings)]).await;
        }
        for (n, name) in odd.iter().enumerate() {
            assert_eq!(hits(&world, &format!("activity=business&name={name}")).await, [n.to_string()], "{name}");
        }
        assert_eq!(hits(&world, "activity=business&sector=\"a\" OR b").await.len(), odd.len());
        for none in ["abc OR back", "\"abc\"", "bac*", "a%b", "___", "terms:bac", "' OR 1=1", "💡💡💡💡", "\"\"\""]
        {
            assert_eq!(hits(&world, &format!("activity=business&name={none}")).await, [""; 0], "{none}");
        }
    }

    #[tokio::test]
    async fn f2_a_private_group_never_appears() {
        let world = World::new().await;
        let secret = r#"{"id":"secret","name":"Secret","administrator":"anna","activity":"other","language":"en"}"#;
        let secret = world.group(secret, &["ben"]).await;
        let query = "name=secret&activity=other&language=en";
        assert_eq!(hits(&world, query).await, [""; 0]);
        let change = async |json| change_group(&world.admin, &HOST, &secret, body(json)).await.unwrap();
        change(r#"{"published":true}"#).await;
        assert_eq!(hits(&world, query).await, ["secret"]);
        change(r#"{"language":"it"}"#).await;
        assert_eq!(hits(&world, query).await, [""; 0]);
        assert_eq!(hits(&world, "name=secret&language=it").await, ["secret"]);
        change(r#"{"published":false}"#).await;
        assert_eq!(hits(&world, "name=secret&language=it").await, [""; 0]);
    }

    #[tokio::test]
    async fn f2_a_deleted_group_is_found_no_more() {
        let world = World::new().await;
        groups(&world, &[("a", "Sales", r#","published":true,"language":"en""#)]).await;
        delete_group(&world.admin, &HOST, &GroupId::new("a").unwrap()).await.unwrap();
        assert_eq!(hits(&world, "name=sales&language=en").await, [""; 0]);
        groups(&world, &[("b", "Sales", r#","published":true,"language":"en""#)]).await;
        assert_eq!(hits(&world, "name=sales&language=en").await, ["b"]);
    }

    #[tokio::test]
    async fn f3_a7_people_are_named_only_if_published() {
        let world = World::new().await;
        let settings = r#""administrator":"anna","published":true,"language":"en""#;
        let named = format!(r#"{{"id":"n","name":"Group 1","members_published":true,{settings}}}"#);
        let silent = format!(r#"{{"id":"s","name":"Group 2","open":true,{settings}}}"#);
        world.group(&named, &["carl", "ben"]).await;
        world.group(&silent, &["ben"]).await;
        let found = search(&world, &by("dora"), "name=group&language=en").await.unwrap().rows;
        assert_eq!(
            (found[0].seen.inside, found[0].seen.administrator_email.as_deref()),
            (false, Some("anna@example.org"))
        );
        let people = found[0].people.as_ref().unwrap();
        let members: Vec<_> = people.members.iter().map(|name| name.first_name.as_deref()).collect();
        assert_eq!(
            (people.administrator.first_name.as_deref(), members),
            (Some("anna"), vec![Some("ben"), Some("carl")])
        );
        assert!(!people.more);
        assert_eq!(found[1].people, None);
        assert!(!world.may("dora", "list_members", &EntityUid::group(&found[1].seen.group.id)).await);
    }

    #[tokio::test]
    async fn f3_a_hit_names_a_bounded_number_of_people() {
        let world = World::new().await;
        let big = r#"{"id":"b","name":"Big one","administrator":"anna","published":true,"members_published":true,"language":"en"}"#;
        let big = world.group(big, &[]).await;
        for n in 0..=PEOPLE_SHOWN_MAX {
            world.person(&format!("p{n}"), "free").await;
            world.admit(&big, &format!("p{n}")).await;
        }
        let found = search(&world, &HOST, "name=big&language=en").await.unwrap().rows;
        let people = found[0].people.as_ref().unwrap();
        assert_eq!((people.members.len(), people.more), (PEOPLE_SHOWN_MAX, true));
    }

    #[tokio::test]
    async fn f3_pages_hold_every_hit_once() {
        let world = World::new().await;
        for n in 0..5 {
            let id = format!("g{n}");
            groups(&world, &[(&id, &format!("Group {n}"), r#","published":true,"language":"en""#)]).await;
        }
        let mut page = Page { after: None, rows_max: 2 };
        let mut seen = Vec::new();
        loop {
            let found = search_directory(&world.admin, &by("ben"), &terms("name=group&language=en"), &page).await;
            let Paged { rows, next } = found.unwrap();
            seen.extend(rows.iter().map(|found| found.seen.group.id.to_string()));
            // What is gone meanwhile neither repeats nor hides a row.
            let gone = GroupId::new("g0").unwrap();
            let _ = change_group(&world.admin, &HOST, &gone, body(r#"{"published":false}"#)).await.unwrap();
            match next {
                Some(after) => page.after = Some(after),
                None => break,
            }
        }
        assert_eq!(seen, ["g0", "g1", "g2", "g3", "g4"]);
    }
}
