//! `/users/{id}/contexts`.

use super::{List, Listing, existing, shown};
use crate::admin::Caller;
use crate::admin::contexts::{ContextView, contexts};
use crate::http::extract::{Path, Query};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A page of the contexts of a user (S3).
#[derive(Debug, Serialize, ToSchema)]
struct Contexts {
    /// Private first, then the groups by name.
    contexts: Vec<ContextView>,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    next_page_token: Option<String>,
}

/// `GET /users/{id}/contexts`
#[utoipa::path(get, path = "/admin/v1/users/{id}/contexts", params(Listing), responses((status = 200, description = "Private first, then groups by name", body = Contexts)))]
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    list: List,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = contexts(&app.admin, &caller, &existing("user", &id)?, &list.page(&listing)?).await?;
    Ok(shown(&Contexts { next_page_token: list.token(&page), contexts: page.rows }))
}
