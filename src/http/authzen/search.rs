//! The three searches: `POST /access/v1/search/subject`, `/resource` and `/action`.

pub mod answer;
pub mod asked;

use super::answer::misfit;
use super::read;
use crate::check::{CheckError, Searched, Told, ToldError};
use crate::domain::{EntityUid, Revision};
use crate::http::access::freshness::{not_reached, reached, wanted};
use crate::http::auth::Asker;
use crate::http::error::Problem;
use crate::http::{App, json};
use crate::search::{Found, Page, SearchError};
use answer::{ActionResult, EntityResult, respond};
use asked::{ActionSearch, PageAsked, ResourceSearch, SubjectSearch};
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// What the paths of searches begin with.
pub const PREFIX: &str = "/access/v1/search/";

/// Where is asked who may do something.
pub const SUBJECT: &str = "/access/v1/search/subject";

/// Where is asked to what somebody may do something.
pub const RESOURCE: &str = "/access/v1/search/resource";

/// Where is asked what somebody may do to something.
pub const ACTION: &str = "/access/v1/search/action";

/// Finds who may do an action to a resource: entities of the subject's type. The subject's id is ignored.
///
/// # Errors
/// 400 for a malformed search or a token of another one, 409 if the pages so far are no longer right, 503 if the search
/// costs too much or no decision can be made.
#[utoipa::path(post, path = "/access/v1/search/subject", request_body = SubjectSearch, responses((status = 200, description = "The subjects, or a page of them", body = answer::EntityPage)))]
pub async fn subject(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (caller, revision_min, text) = begun(&app, request).await?;
    caller.speaks_for_all()?;
    let asked: SubjectSearch = json::read(&text, &app.limits)?;
    reached(&app.check, revision_min, &app.limits).await?;
    let page = PageAsked::page(asked.page.as_ref());
    let found = entities(&app, asked.told(), true, &page).await?;
    Ok(respond(&new_enough(found, revision_min)?, EntityResult::of))
}

/// Finds to which resources a subject may do an action: entities of the resource's type. The resource's id is ignored.
///
/// # Errors
/// As for subjects.
#[utoipa::path(post, path = "/access/v1/search/resource", request_body = ResourceSearch, responses((status = 200, description = "The resources, or a page of them", body = answer::EntityPage)))]
pub async fn resource(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (caller, revision_min, text) = begun(&app, request).await?;
    let asked: ResourceSearch = json::read(&text, &app.limits)?;
    reached(&app.check, revision_min, &app.limits).await?;
    let page = PageAsked::page(asked.page.as_ref());
    let found = entities(&app, asked.told(&caller)?, false, &page).await?;
    Ok(respond(&new_enough(found, revision_min)?, EntityResult::of))
}

/// Finds which actions a subject may do to a resource.
///
/// # Errors
/// As for subjects.
#[utoipa::path(post, path = "/access/v1/search/action", request_body = ActionSearch, responses((status = 200, description = "The actions, or a page of them", body = answer::ActionPage)))]
pub async fn action(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let (caller, revision_min, text) = begun(&app, request).await?;
    let asked: ActionSearch = json::read(&text, &app.limits)?;
    reached(&app.check, revision_min, &app.limits).await?;
    let page = PageAsked::page(asked.page.as_ref());
    let found = match asked.told(&caller)? {
        Some(told) => app.search.actions(&told, &page).await?,
        None => Found::nothing(app.check.revision()),
    };
    Ok(respond(&new_enough(found, revision_min)?, ActionResult::of))
}

async fn begun(app: &App, request: Request) -> Result<(Asker, Revision, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let caller = Asker::of(app, &parts.extensions)?;
    let revision_min = wanted(&parts.headers)?;
    let text = read(app, &parts.headers, body).await?;
    Ok((caller, revision_min, text))
}

/// What is found of the principals, or of the resources, of a question; nothing if it names what the schema does
/// not have.
async fn entities(app: &App, told: Option<Told>, principal: bool, page: &Page) -> Result<Found<EntityUid>, Problem> {
    let nothing = || Found::nothing(app.check.revision());
    let Some(told) = told else { return Ok(nothing()) };
    let in_force = app.check.in_force();
    let asked = match in_force.asked(told) {
        Ok(asked) => asked,
        Err(ToldError::NotAllowed(_)) => return Ok(nothing()),
        Err(ToldError::Misfit(misfit)) => return Err(SearchError::from(misfit).into()),
    };
    let request = asked.request.clone();
    let (sought, known) =
        if principal { (request.principal, request.resource) } else { (request.resource, request.principal) };
    let (action, context, lent) = (request.action, request.context, request.lent);
    let searched = Searched { principal, type_name: sought.type_name, known, action, context, lent };
    app.search.entities(&in_force, &searched, page).await.map_err(|error| match error {
        SearchError::Check(CheckError::Lent(error)) => misfit(error, &asked),
        error => error.into(),
    })
}

fn new_enough<T>(found: Found<T>, revision_min: Revision) -> Result<Found<T>, Problem> {
    if found.revision < revision_min { Err(not_reached()) } else { Ok(found) }
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        let detail = error.to_string();
        match error {
            SearchError::Check(error) => error.into(),
            SearchError::Misfit(misfit) => Self::malformed(misfit.path, misfit.detail),
            SearchError::Token(_) => Self::malformed("page.token", detail),
            SearchError::Limit => Self::malformed("page.limit", detail),
            SearchError::Gone { now, .. } => Self::new(StatusCode::CONFLICT, detail).with("head", now.0),
            SearchError::Reloaded => Self::new(StatusCode::CONFLICT, detail),
            SearchError::Costly { token } => {
                Self::unavailable(detail).with("page", serde_json::json!({ "next_token": token }))
            }
            SearchError::Busy => Self::unavailable(detail),
        }
    }
}
