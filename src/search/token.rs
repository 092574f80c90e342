//! Page tokens: of which search, at which revision, and how far.

use super::{Page, SearchError};
use crate::check::{Searched, Told};
use crate::domain::{EntityUid, Revision};
use crate::store::Seal;
use crate::store::search::Cursor;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// What the tokens of searches are sealed as; no path of a list is called so.
const LIST: &str = "search";

/// What a token holds.
///
/// It is no secret and no permission: whatever it says, each result is decided afresh. The store's seal tells it from what
/// was cut, altered or made up, and the hash of all that the search asks from the token of another search.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    /// Hash of the search.
    query: String,
    /// Digest of the policies and the schema that decided.
    policies: String,
    revision: Revision,
    /// Hash of the places that the search goes through.
    plan: u64,
    limit: Option<u32>,
    pub(super) at: Cursor,
}

impl State {
    pub(super) fn new(
        (query, policies): (&str, &str),
        (revision, plan): (Revision, u64),
        limit: Option<u32>,
        at: Cursor,
    ) -> Self {
        Self { query: query.to_owned(), policies: policies.to_owned(), revision, plan, limit, at }
    }

    /// Where the search asked for stands.
    pub(super) fn of(seal: &Seal, page: &Page, (query, policies): (&str, &str)) -> Result<Self, SearchError> {
        let Some(token) = &page.token else {
            return Ok(Self::new((query, policies), (Revision::default(), 0), page.limit, Cursor::Start));
        };
        let state = read(seal, token).ok_or(SearchError::Token("is no token of a page"))?;
        // First: what a search asks is read by the schema, and may be another question under another.
        if state.policies != policies {
            return Err(SearchError::Reloaded);
        }
        if state.query != query {
            return Err(SearchError::Token("belongs to another search"));
        }
        if page.limit.is_some() && page.limit != state.limit {
            return Err(SearchError::Limit);
        }
        Ok(state)
    }

    /// The revision and the places that the pages so far rest on; `None` if there are no pages so far.
    pub(super) fn rests_on(&self) -> Option<(Revision, u64)> {
        (self.at != Cursor::Start || self.revision != Revision::default()).then_some((self.revision, self.plan))
    }

    /// The page, with the limit of the pages before.
    pub(super) fn page(&self, page: &Page) -> Page {
        Page { limit: self.limit, token: page.token.clone() }
    }

    pub(super) fn token(&self, seal: &Seal) -> String {
        // Numbers and texts always serialize; an empty text is no token.
        seal.write(LIST, &serde_json::to_string(self).unwrap_or_default())
    }
}

fn read(seal: &Seal, token: &str) -> Option<State> {
    serde_json::from_str(&seal.read(LIST, token)?).ok()
}

const HASH_CHARACTERS: usize = 32;

fn hash(text: &[u8]) -> String {
    let digest = Sha256::digest(text);
    digest.iter().take(HASH_CHARACTERS / 2).fold(String::with_capacity(HASH_CHARACTERS), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The hash of a search for entities.
pub(super) fn query(searched: &Searched) -> String {
    let Searched { principal, type_name, known, action, context, lent } = searched;
    let lent = format!("{:?}", lent.entities());
    hashed(&(principal, type_name, pair(known), pair(action), context, lent))
}

/// The hash of a search for actions.
pub(super) fn action_query(told: &Told) -> String {
    let Told { principal, principal_properties, resource, resource_properties, context, .. } = told;
    let said = format!("{:?}", (principal_properties, resource_properties, context));
    hashed(&("actions", pair(principal), pair(resource), said))
}

fn hashed(query: &impl Serialize) -> String {
    // Each text is in quotes, so that no two searches are written alike.
    let text = serde_json::to_string(query).unwrap_or_default();
    hash(text.as_bytes())
}

fn pair(uid: &EntityUid) -> (&str, &str) {
    (&uid.type_name, &uid.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(token: String, limit: Option<u32>) -> Page {
        Page { limit, token: Some(token) }
    }

    fn seal() -> Seal {
        Seal::new(b"of this database")
    }

    fn state(limit: Option<u32>) -> State {
        State::new(("q", "1"), (Revision(7), 9), limit, Cursor::In(1, None, 2))
    }

    #[test]
    fn a_token_reads_back_for_its_own_search_and_limit_alone() {
        let token = state(Some(3)).token(&seal());
        let read = State::of(&seal(), &page(token.clone(), Some(3)), ("q", "1")).unwrap();
        assert_eq!((read.rests_on(), read.at), (Some((Revision(7), 9)), Cursor::In(1, None, 2)));
        let read = State::of(&seal(), &page(token.clone(), None), ("q", "1")).unwrap();
        assert_eq!(read.page(&Page::default()).limit, Some(3));
        assert!(matches!(State::of(&seal(), &page(token.clone(), Some(4)), ("q", "1")), Err(SearchError::Limit)));
        assert!(matches!(State::of(&seal(), &page(token.clone(), Some(3)), ("p", "1")), Err(SearchError::Token(_))));
        for query in ["p", "q"] {
            assert!(matches!(State::of(&seal(), &page(token.clone(), None), (query, "2")), Err(SearchError::Reloaded)));
        }
        let without = state(None).token(&seal());
        assert!(matches!(State::of(&seal(), &page(without, Some(4)), ("q", "1")), Err(SearchError::Limit)));
    }

    #[test]
    fn what_is_sealed_and_says_nothing_is_none() {
        for text in ["", "{}", "null", "{\"query\": 1}"] {
            assert!(read(&seal(), &seal().write(LIST, text)).is_none(), "{text}");
        }
        assert!(read(&seal(), &seal().write("users", &serde_json::to_string(&state(None)).unwrap())).is_none());
    }
}
