//! What a listener serves: the questions, of which there are most, as they come in, and everything
//! else through axum's router.
//!
//! Matching, cloning and boxing a request on its way through the router costs more than a decision
//! that is cached.

use super::App;
use super::access::direct::{self, Asked};
use super::elsewhere::Elsewhere;
use super::observe::failed;
use super::reply::Reply;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use axum::response::IntoResponse as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::runtime::Handle;
use tower::{BoxError, ServiceExt as _};

/// The routes of a listener.
#[derive(Clone)]
pub struct Served {
    router: Router,
    /// The same for connections whose first body does not come.
    late: Router,
    /// Whoever answers questions, if this listener does.
    questions: Option<Arc<App>>,
    /// Where that is done which may take a while, if not where it is asked for.
    workers: Option<Handle>,
}

impl Served {
    /// `router`, which knows the questions too, with a shorter way for those; and `late`, by which those are answered who
    /// did not send a body in time.
    #[must_use]
    pub const fn with_questions(router: Router, late: Router, app: Arc<App>) -> Self {
        Self { router, late, questions: Some(app), workers: None }
    }

    /// What is served to those who did not send a body in time.
    #[must_use]
    pub fn late(&self) -> Self {
        self.late.clone().into()
    }

    /// The same, with what may take a while done by this runtime: who waits for it answers others meanwhile.
    #[must_use]
    pub fn with_workers(self, workers: Handle) -> Self {
        Self { workers: Some(workers), ..self }
    }

    /// Whether most of what is asked here is answered at once.
    #[must_use]
    pub const fn is_short(&self) -> bool {
        self.questions.is_some()
    }

    /// Answers a request.
    pub fn answer<B: Asking>(self: &Arc<Self>, request: Request<B>) -> Answering<B> {
        if self.questions.is_some()
            && let Some(asked) = Asked::of(&request)
        {
            return Answering::Asked(Some((Arc::clone(self), asked, request)));
        }
        let routed = self.router.clone().oneshot(request.map(Body::new));
        self.later(Box::pin(async move { Reply::routed(routed.await.unwrap_or_else(|never| match never {})) }))
    }

    /// Has an answer made that takes a while.
    fn later<B>(&self, answer: Later) -> Answering<B> {
        match &self.workers {
            Some(workers) => Answering::Elsewhere(Elsewhere::begin(workers, answer)),
            None => Answering::Later(answer),
        }
    }
}

impl From<Router> for Served {
    fn from(router: Router) -> Self {
        Self { late: router.clone(), router, questions: None, workers: None }
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
    Asked(Option<(Arc<Served>, Asked, Request<B>)>),
    /// What may have to be waited for.
    Later(Later),
    /// What another runtime makes.
    Elsewhere(Elsewhere<Response<Reply>>),
}

/// An answer in a box.
pub type Later = Pin<Box<dyn Future<Output = Response<Reply>> + Send>>;

impl<B: Asking> Future for Answering<B> {
    type Output = Response<Reply>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Reply>> {
        if let Self::Asked(question) = &mut *self {
            // Asked again after the answer was given, there is none.
            let Some((served, asked, request)) = question.take() else { return Poll::Pending };
            let Some(app) = &served.questions else { return Poll::Pending };
            match direct::answer(app, asked, request) {
                Ok(response) => return Poll::Ready(response),
                Err(later) => *self = served.later(later),
            }
        }
        match &mut *self {
            Self::Asked(_) => Poll::Pending,
            Self::Later(answer) => answer.as_mut().poll(cx),
            // It panicked, or its runtime ends.
            Self::Elsewhere(answer) => {
                Pin::new(answer).poll(cx).map(|made| made.unwrap_or_else(|| Reply::routed(failed().into_response())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::time::Duration;
    use tokio::runtime::Runtime;
    use tokio::sync::mpsc;

    fn asked(path: &str) -> Request<Body> {
        Request::get(path).body(Body::empty()).unwrap()
    }

    /// What this router says where its work is done by another runtime.
    fn served(router: Router, workers: &Runtime) -> Arc<Served> {
        Arc::new(Served::from(router).with_workers(workers.handle().clone()))
    }

    #[test]
    fn what_takes_a_while_is_done_elsewhere_and_who_waits_gets_it() {
        let workers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).thread_name("workers").build();
        let workers = workers.unwrap();
        let who = || async { std::thread::current().name().unwrap().to_owned() };
        let served = served(Router::new().route("/", get(who)), &workers);
        let lane = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = lane.block_on(served.answer(asked("/")));
        let body = lane.block_on(axum::body::to_bytes(Body::new(response.into_body()), 64)).unwrap();
        assert_eq!(body, "workers");
    }

    #[tokio::test]
    async fn work_that_panics_is_no_answer() {
        let workers = Runtime::new().unwrap();
        let served = served(Router::new().route("/", get(|| async { panic!("on purpose") as String })), &workers);
        assert!(served.answer(asked("/")).await.status().is_server_error());
        workers.shutdown_background();
    }

    #[tokio::test]
    async fn work_for_nobody_ends() {
        struct Tells(mpsc::UnboundedSender<()>);
        impl Drop for Tells {
            fn drop(&mut self) {
                let _ = self.0.send(());
            }
        }
        let (tell, mut told) = mpsc::unbounded_channel();
        let forever = move || {
            let tells = Tells(tell.clone());
            async move {
                tells.0.send(()).unwrap();
                std::future::pending::<String>().await
            }
        };
        let workers = Runtime::new().unwrap();
        let served = served(Router::new().route("/", get(forever)), &workers);
        let mut answering = served.answer(asked("/"));
        let begun = tokio::time::timeout(Duration::from_millis(50), &mut answering).await;
        assert!(begun.is_err());
        told.recv().await.unwrap();
        drop(answering);
        told.recv().await.unwrap();
        workers.shutdown_background();
    }
}
