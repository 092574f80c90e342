//! `/directory`: the published groups, searched (F1-F3).

use super::groups::PublishedGroup;
use super::{List, Listing, shown};
use crate::admin::Caller;
use crate::admin::schema::{Language, Line};
use crate::admin::search_directory::{Terms, search_directory};
use crate::domain::group::Activity;
use crate::http::extract::Query;
use crate::http::{App, Problem};
use crate::store::list::directory::{Found, PersonName, ShownPeople};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// A search, as the query says it.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Searched {
    #[param(max_length = 255)]
    name: Option<String>,
    #[param(value_type = Option<Activity>)]
    activity: Option<String>,
    #[param(min_length = 1, max_length = 255)]
    sector: Option<String>,
    #[param(value_type = Option<Language>)]
    language: Option<String>,
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    #[param(max_length = 8192)]
    page_token: Option<String>,
}

/// A person in a group, without address (A7).
#[derive(Serialize, ToSchema)]
#[schema(as = PersonName)]
struct Name {
    #[schema(value_type = Option<Line>, required)]
    first_name: Option<String>,
    #[schema(value_type = Option<Line>, required)]
    last_name: Option<String>,
}

impl From<PersonName> for Name {
    fn from(name: PersonName) -> Self {
        Self { first_name: name.first_name, last_name: name.last_name }
    }
}

/// Who is in a group that publishes it.
#[derive(Serialize, ToSchema)]
#[schema(as = PublishedPeople)]
struct People {
    #[schema(required = false)]
    administrator: Name,
    #[schema(required = false)]
    members: Vec<Name>,
    /// Where to read the rest, if not all members are here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    members_url: Option<String>,
}

/// A hit: what F3 shows.
#[derive(Serialize, ToSchema)]
struct Hit {
    #[serde(flatten)]
    group: PublishedGroup,
    #[serde(flatten)]
    people: Option<People>,
}

impl From<Found> for Hit {
    fn from(found: Found) -> Self {
        let group = PublishedGroup::from(found.seen);
        let people = found.people.map(|people| published(people, group.id.as_str()));
        Self { group, people }
    }
}

fn published(people: ShownPeople, group: &str) -> People {
    People {
        administrator: people.administrator.into(),
        members: people.members.into_iter().map(Name::from).collect(),
        members_url: people.more.then(|| format!("/admin/v1/groups/{}/members", segment(group))),
    }
}

/// An id as one segment of a path (RFC 3986).
fn segment(id: &str) -> String {
    id.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

/// A page of hits.
#[derive(Serialize, ToSchema)]
struct Hits {
    /// In the order of their publication. One request looks at a bounded part of the directory's index:
    /// a page may be short, or even empty, while `next_page_token` is there.
    groups: Vec<Hit>,
    /// Where the search goes on; `null` once everything was looked at.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// `GET /directory`
#[utoipa::path(get, path = "/admin/v1/directory", params(Searched), responses((status = 200, description = "A page of what F3 shows of each group", body = Hits)))]
pub(in crate::http) async fn search(
    State(app): State<Arc<App>>,
    caller: Caller,
    list: List,
    Query(searched): Query<Searched>,
) -> Result<Response, Problem> {
    let Searched { name, activity, sector, language, limit, page_token } = searched;
    let page = list.page(&Listing { limit, page_token })?;
    let found = search_directory(&app.admin, &caller, &Terms { name, activity, sector, language }, &page).await?;
    let next_page_token = list.token(&found);
    Ok(shown(&Hits { groups: found.rows.into_iter().map(Hit::from).collect(), next_page_token }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f3_an_id_stands_in_a_path_as_one_segment() {
        assert_eq!(segment("a-1.b~"), "a-1.b~");
        assert_eq!(segment("é ?#%"), "%C3%A9%20%3F%23%25");
    }
}
