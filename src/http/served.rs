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

    /// Answers a request.
    pub fn answer<B: Asking>(&self, request: Request<B>) -> Answering<B> {
        if let Some(app) = &self.questions
            && let Some(asked) = Asked::of(&request)
        {
            return Answering::Asked(Some((Arc::clone(app), asked, request)));
        }
        let routed = self.router.clone().oneshot(request.map(Body::new));
        later(async move { Reply::routed(routed.await.unwrap_or_else(|never| match never {})) })
    }
}

impl From<Router> for Served {
    fn from(router: Router) -> Self {
        Self { router, questions: None }
    }
}

/// The body of a request, as it comes from a connection or a test.
pub trait Asking: HttpBody<Data = Bytes, Error: Into<BoxError> + Unpin + Send> + Send + Unpin + 'static {}

impl<B: HttpBody<Data = Bytes, Error: Into<BoxError> + Unpin + Send> + Send + Unpin + 'static> Asking for B {}

/// An answer that is being made.
///
/// Whatever can wait is in a box.
#[expect(clippy::large_enum_variant, reason = "a box for each question would cost what this type saves")]
pub enum Answering<B> {
    /// A question that nobody has looked at: hyper hands it over before its body, and asks for the
    /// answer after that.
    Asked(Option<(Arc<App>, Asked, Request<B>)>),
    /// What may have to be waited for.
    Later(Later),
}

/// An answer in a box.
pub type Later = Pin<Box<dyn Future<Output = Response<Reply>> + Send>>;

/// Puts an answer that may have to be waited for into its box.
pub(super) fn later<B>(answer: impl Future<Output = Response<Reply>> + Send + 'static) -> Answering<B> {
    Answering::Later(Box::pin(answer))
}

impl<B: Asking> Future for Answering<B> {
    type Output = Response<Reply>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Reply>> {
        if let Self::Asked(question) = &mut *self {
            // Asked again after the answer was given, there is none.
            let Some((app, asked, request)) = question.take() else { return Poll::Pending };
            match direct::answer(&app, asked, request) {
                Ok(response) => return Poll::Ready(response),
                Err(later) => *self = Self::Later(later),
            }
        }
        match &mut *self {
            Self::Asked(_) => Poll::Pending,
            Self::Later(answer) => answer.as_mut().poll(cx),
        }
    }
}
