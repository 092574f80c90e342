//! Which page of a list is asked for, and where the next one begins.

use crate::domain::Page;
use crate::domain::page::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, Paged};
use crate::http::{App, Problem};
use crate::store::Store;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use url::form_urlencoded;
use utoipa::IntoParams;

/// Which page of a list, as the query says it.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Listing {
    /// At most so many rows.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    pub limit: Option<String>,
    /// `next_page_token` of the page before.
    #[param(max_length = 8192)]
    pub page_token: Option<String>,
}

/// The list that a request asks for, whatever the page: where it is, and every condition. Its tokens are its own.
#[derive(Debug)]
pub struct List {
    store: Store,
    name: String,
}

impl List {
    /// The list at `path`, with the conditions of `query`.
    #[must_use]
    pub fn new(store: &Store, path: &str, query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let mut conditions: Vec<_> = pairs.filter(|(name, _)| !matches!(&**name, "limit" | "page_token")).collect();
        conditions.sort_unstable();
        let name = format!("{} {conditions:?}", percent_decode_str(path).decode_utf8_lossy());
        Self { store: store.clone(), name }
    }

    /// The page.
    ///
    /// # Errors
    /// 400 for a limit that is no number or a token that is none of this list, 422 for a limit out of range.
    pub fn page(&self, listing: &Listing) -> Result<Page, Problem> {
        let rows_max = match &listing.limit {
            None => PAGE_ROWS_DEFAULT,
            Some(text) => rows_max(text)?,
        };
        let after = match &listing.page_token {
            None => None,
            Some(token) => {
                let unknown =
                    || Problem::malformed("page_token", "must be the `next_page_token` of an answer for this list");
                Some(self.store.seal().read(&self.name, token).ok_or_else(unknown)?)
            }
        };
        Ok(Page { after, rows_max })
    }

    /// The token by which the page after this one is asked for, if there is one.
    #[must_use]
    pub fn token<T>(&self, page: &Paged<T>) -> Option<String> {
        page.next.as_deref().map(|key| self.store.seal().write(&self.name, key))
    }
}

impl FromRequestParts<Arc<App>> for List {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self::new(&app.store, parts.uri.path(), parts.uri.query().unwrap_or_default()))
    }
}

fn rows_max(text: &str) -> Result<u32, Problem> {
    let number: i128 = text.parse().map_err(|_| Problem::malformed("limit", "must be a whole number"))?;
    match u32::try_from(number) {
        Ok(rows @ 1..=PAGE_ROWS_MAX) => Ok(rows),
        _ => Err(Problem::out_of_range("limit", format!("must be from 1 to {PAGE_ROWS_MAX}, not {number}"))),
    }
}
