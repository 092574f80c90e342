//! `/grants`.

use super::{List, Listing, shown};
use crate::admin::Caller;
use crate::admin::grant::{Grant, GrantView, grant};
use crate::admin::list_grants::list_grants;
use crate::admin::revoke::revoke;
use crate::admin::schema::Reference;
use crate::http::extract::{Json, Query, acknowledged, acknowledged_empty, complete};
use crate::http::{App, Problem};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Which grants, and which page of them.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct Carrier {
    /// What carries the grants, as an entity reference.
    #[param(value_type = Reference, example = "Tool::\"user:director/calendar\"")]
    resource: String,
    /// At most so many rows.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// `next_page_token` of the page before.
    #[param(max_length = 8192)]
    page_token: Option<String>,
}

/// A page of grants.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Grants {
    /// By grantee.
    pub(super) grants: Vec<GrantView>,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    pub(super) next_page_token: Option<String>,
}

/// `GET /grants`
#[utoipa::path(get, path = "/admin/v1/grants", params(Carrier), responses((status = 200, description = "A page of the grants on this content itself", body = Grants)))]
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    list: List,
    Query(Carrier { resource, limit, page_token }): Query<Carrier>,
) -> Result<Response, Problem> {
    let listing = Listing { limit, page_token };
    let page = list_grants(&app.admin, &caller, &resource, &list.page(&listing)?).await?;
    Ok(shown(&Grants { next_page_token: list.token(&page), grants: page.rows }))
}

/// `PUT /grants`
#[utoipa::path(put, path = "/admin/v1/grants", request_body = Grant, responses((status = 200, description = "In force", body = Grant)))]
pub(in crate::http) async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(new): Json<Grant>,
) -> Result<Response, Problem> {
    let admin = Arc::clone(&app.admin);
    let done = complete(&app, async move { grant(&admin, &caller, new).await }).await?;
    Ok(acknowledged(StatusCode::OK, done.revision, &done.output))
}

/// `POST /grants/revoke`
#[utoipa::path(post, path = "/admin/v1/grants/revoke", request_body = GrantView, responses((status = 204, description = "Done")))]
pub(in crate::http) async fn withdraw(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(old): Json<GrantView>,
) -> Result<Response, Problem> {
    let admin = Arc::clone(&app.admin);
    let done = complete(&app, async move { revoke(&admin, &caller, old.into()).await }).await?;
    Ok(acknowledged_empty(done.revision))
}
