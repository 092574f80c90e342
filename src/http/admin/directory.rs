//! `/directory`: the published groups, searched (F1-F3).

use super::groups::PublishedGroup;
use super::{Listing, listed, shown};
use crate::admin::Caller;
use crate::admin::search_directory::{Terms, search_directory};
use crate::http::extract::Query;
use crate::http::{App, Problem};
use crate::store::list::directory::{Found, PersonName, ShownPeople};
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::sync::Arc;

/// A search, as the query says it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Searched {
    name: Option<String>,
    activity: Option<String>,
    sector: Option<String>,
    language: Option<String>,
    limit: Option<String>,
    page_token: Option<String>,
}

/// A person in a group, without address (A7).
#[derive(Serialize)]
struct Name {
    first_name: Option<String>,
    last_name: Option<String>,
}

impl From<PersonName> for Name {
    fn from(name: PersonName) -> Self {
        Self { first_name: name.first_name, last_name: name.last_name }
    }
}

/// Who is in a group that publishes it.
#[derive(Serialize)]
struct People {
    administrator: Name,
    members: Vec<Name>,
    /// Where to read the rest, if not all members are here.
    #[serde(skip_serializing_if = "Option::is_none")]
    members_url: Option<String>,
}

/// A hit: what F3 shows.
#[derive(Serialize)]
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

/// `GET /directory`
pub(in crate::http) async fn search(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(searched): Query<Searched>,
) -> Result<Response, Problem> {
    let Searched { name, activity, sector, language, limit, page_token } = searched;
    let page = Listing { limit, page_token }.page()?;
    let found = search_directory(&app.admin, &caller, &Terms { name, activity, sector, language }, &page).await?;
    let token = found.token();
    Ok(shown(&listed("groups", found.rows.into_iter().map(Hit::from), token)))
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
