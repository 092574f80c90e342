//! `/users/{id}/contexts`.

use super::{Listing, existing, listed, shown};
use crate::admin::Caller;
use crate::admin::contexts::contexts;
use crate::http::extract::{Path, Query};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;

/// `GET /users/{id}/contexts`
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(listing): Query<Listing>,
) -> Result<Response, Problem> {
    let page = contexts(&app.admin, &caller, &existing("user", &id)?, &listing.page()?).await?;
    let token = page.token();
    Ok(shown(&listed("contexts", page.rows, token)))
}
