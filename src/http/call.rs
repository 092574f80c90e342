//! Around every call that changes something: it gets its place in the audit, and a retry of it the
//! first answer.
//!
//! What was done is written by the store with the change. What was refused is known here alone, where
//! every refusal passes on its way out, whichever part of the server refused.

use super::error::{Refused, full};
use super::{App, idempotency};
use crate::admin::Caller;
use crate::admin::call::{self, Call};
use crate::domain::uid::{UidRef, types};
use crate::domain::{EntityUid, IdError, UserId};
use crate::store::audit::Attempt;
use axum::extract::{FromRequestParts as _, MatchedPath, RawPathParams, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use smol_str::SmolStr;
use std::sync::Arc;

/// Where all routes of the admin API begin.
pub(super) const PREFIX: &str = "/admin/v1";

/// Runs a call; one that only reads waits for its place and passes as it is.
pub async fn carry_out(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        // Decisions need connections to the store, too. A stream gives its place back when it begins.
        let Ok(_place) = app.reads.enter().await else { return full().into_response() };
        return next.run(request).await;
    }
    match idempotency::key(request.headers()) {
        Err(problem) => problem.into_response(),
        Ok(None) => Record::of(&app, request, next).await.run(false).await.1,
        Ok(Some(key)) => idempotency::carry_out(app, &key, request, next).await,
    }
}

/// A call about to be run.
pub(super) struct Record {
    app: Arc<App>,
    request: Request,
    next: Next,
    actor: Option<UserId>,
    /// What the path names.
    target: Option<EntityUid>,
    subject: Option<UserId>,
    /// Method and route: what was tried, if no command begins.
    route: Option<String>,
}

impl Record {
    pub(super) async fn of(app: &Arc<App>, request: Request, next: Next) -> Self {
        let (mut parts, body) = request.into_parts();
        // A header that names nobody is refused by the handler, as malformed.
        let caller = Caller::from_request_parts(&mut parts, &()).await;
        let (target, subject) = named(&mut parts).await;
        let route = parts.extensions.get::<MatchedPath>().map(|path| route(&parts, path));
        let request = Request::from_parts(parts, body);
        let actor = caller.ok().and_then(|caller| caller.actor);
        Self { app: Arc::clone(app), request, next, actor, target, subject, route }
    }

    /// Runs it; `puts_off` leaves the commit to whoever settles the call.
    pub(super) async fn run(self, puts_off: bool) -> (Arc<Call>, Response) {
        let call = Call::new(self.target, self.subject);
        let call = Arc::new(if puts_off { call.put_off() } else { call });
        let response = call::within(Some(Arc::clone(&call)), self.next.run(self.request)).await;
        if let (Some(refused), Some(route)) = (refusal(&response), self.route) {
            let aim = call.aim();
            self.app.attempts.refused(Attempt {
                at_ms: self.app.admin.clock.now_ms(),
                actor: self.actor,
                action: aim.command.map_or(route, str::to_owned),
                target: aim.target,
                subject: aim.subject,
                rule: refused.rule.map(|rule| SmolStr::new_static(rule.id())),
            });
        }
        (call, response)
    }
}

/// The refusal that the audit is to know of: somebody may not, something does not exist, an
/// invariant or a limit stands in the way. What could not be read or answered is none.
fn refusal(response: &Response) -> Option<Refused> {
    let refusals =
        [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND, StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY];
    response.extensions().get::<Refused>().copied().filter(|_| refusals.contains(&response.status()))
}

fn route(parts: &Parts, path: &MatchedPath) -> String {
    let template = path.as_str().strip_prefix(PREFIX).unwrap_or(path.as_str());
    format!("{} {template}", parts.method)
}

/// What the path names: `/groups/sales/members/ben` is about ben in sales. Tokens are never taken.
async fn named(parts: &mut Parts) -> (Option<EntityUid>, Option<UserId>) {
    let path = parts.uri.path().strip_prefix(PREFIX).unwrap_or_default().to_owned();
    let Ok(params) = RawPathParams::from_request_parts(parts, &()).await else { return (None, None) };
    let param = |name: &str| params.iter().find(|(found, _)| *found == name).map(|(_, value)| SmolStr::new(value));
    let type_name = match path.split('/').nth(1) {
        Some("entities") => return (entity(param("type"), param("id")), None),
        Some("groups") => types::GROUP,
        Some("users") => types::USER,
        Some("subscriptions") => types::SUBSCRIPTION,
        Some("folders") => types::FOLDER,
        Some("items") => types::ITEM,
        _ => return (None, None),
    };
    let target = param("id").filter(is_id).map(|id| EntityUid::new(type_name, id));
    (target, param("user").and_then(|user| UserId::try_from(user).ok()))
}

fn entity(type_name: Option<SmolStr>, id: Option<SmolStr>) -> Option<EntityUid> {
    let (type_name, id) = (type_name?, id.filter(is_id)?);
    UidRef::of_parts(&type_name, &id).map(|uid| uid.to_owned())
}

/// Whether anything could have this id; what could not is not worth keeping.
fn is_id(text: &SmolStr) -> bool {
    let read: Result<crate::domain::ItemId, IdError> = text.clone().try_into();
    read.is_ok()
}
