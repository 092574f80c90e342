//! A layer for axum's routes: asks before the handler runs.

mod incoming;
mod refused;

pub use incoming::Incoming;

use super::{Action, Client, Query};
use crate::domain::EntityUid;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use refused::Refused;
use serde_json::Value;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{Layer, Service};

/// Who makes a request: put into its extensions by whatever logs people in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal(pub EntityUid);

type Find<T> = Arc<dyn Fn(&Incoming<'_>) -> Option<T> + Send + Sync>;

/// Guards a route: its handler runs only if the sidecar allows one action on one resource.
///
/// Allow: the handler runs, with the [`Answer`](super::Answer) in the request's extensions. Deny: 403, or 404 with
/// [`Guard::hidden`]. Nobody is named who asks: 401. The request names no resource: 404. No decision, whatever the
/// reason: 503. All of these as `application/problem+json`.
///
/// A guard that does not know its resource yet is no layer.
#[derive(Clone)]
#[must_use = "a guard is a layer: give it to `route_layer`"]
pub struct Guard<R = Unknown> {
    client: Client,
    action: EntityUid,
    principal: Find<EntityUid>,
    context: Find<Value>,
    is_hidden: bool,
    resource: R,
}

/// The resource of a guard that was not told which.
#[derive(Debug, Clone, Copy)]
pub struct Unknown;

/// How a guard finds its resource.
#[derive(Clone)]
pub struct Known(Find<EntityUid>);

impl Guard {
    /// A guard that asks `client` about `action`. The principal is the request's [`Principal`] extension.
    pub fn new(client: &Client, action: impl Into<Action>) -> Self {
        let principal = |request: &Incoming<'_>| Some(request.extension::<Principal>()?.0.clone());
        Self {
            client: client.clone(),
            action: action.into().0,
            principal: Arc::new(principal),
            context: Arc::new(|_: &Incoming<'_>| None),
            is_hidden: false,
            resource: Unknown,
        }
    }

    /// The resource is the entity of this type whose id is the parameter of the route: `("Item", "id")` for
    /// `/notes/{id}`.
    pub fn resource_in_path(self, type_name: &'static str, parameter: &'static str) -> Guard<Known> {
        self.resource(move |request| Some(EntityUid::new(type_name, request.path(parameter)?)))
    }

    /// The resource is what `find` finds in the request; `None` if it names none.
    pub fn resource(self, find: impl Fn(&Incoming<'_>) -> Option<EntityUid> + Send + Sync + 'static) -> Guard<Known> {
        let Self { client, action, principal, context, is_hidden, resource: Unknown } = self;
        Guard { client, action, principal, context, is_hidden, resource: Known(Arc::new(find)) }
    }
}

impl<R> Guard<R> {
    /// The principal is who `find` finds in the request, in a header, say; `None` if nobody is named.
    pub fn principal(mut self, find: impl Fn(&Incoming<'_>) -> Option<EntityUid> + Send + Sync + 'static) -> Self {
        self.principal = Arc::new(find);
        self
    }

    /// The circumstances are what `find` finds in the request, a JSON object; `None` for none.
    pub fn context(mut self, find: impl Fn(&Incoming<'_>) -> Option<Value> + Send + Sync + 'static) -> Self {
        self.context = Arc::new(find);
        self
    }

    /// A Deny is answered 404: for resources of which others are not to know that they exist.
    pub const fn hidden(mut self) -> Self {
        self.is_hidden = true;
        self
    }
}

impl Guard<Known> {
    /// Lets the request through, or says how it is refused.
    async fn check(&self, request: Request) -> Result<Request, Refused> {
        let (mut parts, body) = request.into_parts();
        let query = self.query(&Incoming::of(&mut parts).await)?;
        let answer = self.client.ask(query).await.map_err(|error| Refused::undecided(&error))?;
        if !answer.is_allowed() {
            return Err(if self.is_hidden { Refused::NotFound } else { Refused::Forbidden });
        }
        parts.extensions.insert(answer);
        Ok(Request::from_parts(parts, body))
    }

    fn query(&self, request: &Incoming<'_>) -> Result<Query, Refused> {
        let principal = (self.principal)(request).ok_or(Refused::Nobody)?;
        let resource = (self.resource.0)(request).ok_or(Refused::NotFound)?;
        let query = Query::new(principal, self.action.clone(), resource);
        Ok(match (self.context)(request) {
            Some(context) => query.context(context),
            None => query,
        })
    }
}

impl<R> fmt::Debug for Guard<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("action", &self.action).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for Guard<Known> {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { guard: self.clone(), inner }
    }
}

/// What a guard makes of a route.
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    guard: Guard<Known>,
    inner: S,
}

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let guard = self.guard.clone();
        // The one that was polled ready is the one to call.
        let next = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, next);
        Box::pin(async move {
            match guard.check(request).await {
                Ok(request) => inner.call(request).await,
                Err(refused) => Ok(refused.into_response()),
            }
        })
    }
}
