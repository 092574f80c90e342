//! The three searches of AuthZEN: `POST /access/v1/search/subject`, `/resource` and `/action`.

pub mod answer;
pub mod asked;

use crate::check::Searched;
use crate::domain::{EntityUid, Revision};
use crate::http::access::freshness::{not_reached, reached, wanted};
use crate::http::authzen::search::answer::{ActionResult, EntityResult, respond};
use crate::http::error::Problem;
use crate::http::{App, body, json};
use crate::search::{Found, SearchError};
use asked::{ActionSearch, ResourceSearch, SubjectSearch};
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use std::sync::Arc;

/// Where is asked who may do something.
pub const SUBJECT: &str = "/access/v1/search/subject";

/// Where is asked to what somebody may do something.
pub const RESOURCE: &str = "/access/v1/search/resource";

/// Where is asked what somebody may do to something.
pub const ACTION: &str = "/access/v1/search/action";

/// Names a request; comes back with the answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Finds who may do an action to a resource: entities of the subject's type. The subject's id is ignored.
///
/// # Errors
/// 400 for a malformed search or a token of another one, 409 if the pages so far are no longer right, 503 if the search
/// costs too much or no decision can be made.
#[utoipa::path(post, path = "/access/v1/search/subject", request_body = SubjectSearch, responses((status = 200, description = "The subjects, or a page of them", body = answer::EntityPage)))]
pub async fn subject(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = async {
        let (revision_min, text) = read(&app, &parts.headers, body).await?;
        let asked: SubjectSearch = json::read(&text, &app.limits)?;
        let (page, searched) = (asked.page.page(), asked.searched());
        let found = entities(&app, &searched, &page).await?;
        Ok(respond(&new_enough(found, revision_min)?, EntityResult::of))
    };
    identified(answer.await, &parts.headers)
}

/// Finds to which resources a subject may do an action: entities of the resource's type. The resource's id is ignored.
///
/// # Errors
/// As for subjects.
#[utoipa::path(post, path = "/access/v1/search/resource", request_body = ResourceSearch, responses((status = 200, description = "The resources, or a page of them", body = answer::EntityPage)))]
pub async fn resource(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = async {
        let (revision_min, text) = read(&app, &parts.headers, body).await?;
        let asked: ResourceSearch = json::read(&text, &app.limits)?;
        let (page, searched) = (asked.page.page(), asked.searched());
        let found = entities(&app, &searched, &page).await?;
        Ok(respond(&new_enough(found, revision_min)?, EntityResult::of))
    };
    identified(answer.await, &parts.headers)
}

/// Finds which actions a subject may do to a resource.
///
/// # Errors
/// As for subjects.
#[utoipa::path(post, path = "/access/v1/search/action", request_body = ActionSearch, responses((status = 200, description = "The actions, or a page of them", body = answer::ActionPage)))]
pub async fn action(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = async {
        let (revision_min, text) = read(&app, &parts.headers, body).await?;
        let asked: ActionSearch = json::read(&text, &app.limits)?;
        let (page, (subject, resource, context)) = (asked.page.page(), asked.asked());
        let found = app.search.actions(&subject, &resource, &context, &page).await?;
        Ok(respond(&new_enough(found, revision_min)?, ActionResult::of))
    };
    identified(answer.await, &parts.headers)
}

async fn read(app: &App, headers: &HeaderMap, body: Body) -> Result<(Revision, Bytes), Problem> {
    let revision_min = wanted(headers)?;
    let text = body::read_json(headers, body, &app.limits).await.map_err(|problem| match problem.status {
        // The specification knows no 415.
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::new(StatusCode::BAD_REQUEST, problem.detail),
        _ => problem,
    })?;
    reached(&app.check, revision_min, &app.limits).await?;
    Ok((revision_min, text))
}

async fn entities(app: &App, searched: &Searched, page: &crate::search::Page) -> Result<Found<EntityUid>, SearchError> {
    app.search.entities(searched, page).await
}

fn new_enough<T>(found: Found<T>, revision_min: Revision) -> Result<Found<T>, Problem> {
    if found.revision < revision_min { Err(not_reached()) } else { Ok(found) }
}

fn identified(answer: Result<Response, Problem>, headers: &HeaderMap) -> Response {
    let mut response = axum::response::IntoResponse::into_response(answer);
    if let Some(id) = headers.get(&REQUEST_ID) {
        response.headers_mut().insert(REQUEST_ID, id.clone());
    }
    response
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        let detail = error.to_string();
        match error {
            SearchError::Check(error) => error.into(),
            SearchError::Token(_) => Self::malformed("page.token", detail),
            SearchError::Limit => Self::malformed("page.limit", detail),
            SearchError::Gone { now, .. } => Self::new(StatusCode::CONFLICT, detail).with("head", now.0),
            SearchError::Costly { token } => {
                Self::unavailable(detail).with("page", serde_json::json!({ "next_token": token }))
            }
            SearchError::Busy => Self::unavailable(detail),
        }
    }
}
