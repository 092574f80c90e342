//! What a listener serves: the questions, of which there are most, as they come in, and everything
//! else through axum's router.
//!
//! Matching, cloning and boxing a request on its way through the router costs more than a decision
//! that is cached.

use super::App;
use super::access::direct::{self, Asked};
use super::reply::Reply;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{BoxError, ServiceExt as _};

/// The routes of a listener.
#[derive(Clone)]
pub struct Served {
    router: Router,
    /// Whoever answers questions, if this listener does.
    questions: Option<Arc<App>>,
}

impl Served {
    /// `router`, which knows the questions too, with a shorter way for those.
    #[must_use]
    pub const fn with_questions(router: Router, app: Arc<App>) -> Self {
        Self { router, questions: Some(app) }
    }

    /// Answers a request; a question that the cache has the answer to, before this returns.
    pub fn answer<B>(&self, request: Request<B>) -> Answering
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError> + Unpin + Send> + Send + Unpin + 'static,
    {
        if let Some(app) = &self.questions
            && let Some(asked) = Asked::of(&request)
        {
            return direct::answer(app, asked, request);
        }
        let routed = self.router.clone().oneshot(request.map(Body::new));
        Answering::later(async move { Reply::routed(routed.await.unwrap_or_else(|never| match never {})) })
    }
}

impl From<Router> for Served {
    fn from(router: Router) -> Self {
        Self { router, questions: None }
    }
}

/// An answer, there already or being made.
///
/// Small, as hyper moves it about: whatever can wait is in a box.
pub struct Answering(State);

enum State {
    Now(Option<Response<Reply>>),
    Later(Pin<Box<dyn Future<Output = Response<Reply>> + Send>>),
}

impl Answering {
    pub(super) const fn now(response: Response<Reply>) -> Self {
        Self(State::Now(Some(response)))
    }

    pub(super) fn later(answer: impl Future<Output = Response<Reply>> + Send + 'static) -> Self {
        Self(State::Later(Box::pin(answer)))
    }
}

impl Future for Answering {
    type Output = Response<Reply>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Reply>> {
        match &mut self.0 {
            // Asked again after the answer was taken, there is none.
            State::Now(response) => response.take().map_or(Poll::Pending, Poll::Ready),
            State::Later(answer) => answer.as_mut().poll(cx),
        }
    }
}
