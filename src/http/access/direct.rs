//! The questions on their short way: no router, and for what is cached nothing that waits.
//!
//! Most questions come whole and have an answer in the cache. Those are answered where they stand,
//! before anything is made that could be waited for: a future, its box, a timer. Every other goes the
//! long way, through the same handler as behind the router, and that alone refuses; but who would be turned away there
//! because too many wait is turned away here, which has to be quick when there are many.
//!
//! There is no such way where somebody has to be asked who they are: whoever comes here is the host.

use super::answer::{Written, respond};
use super::{batch, is_authorized};
use crate::check::queue::Coming;
use crate::http::App;
use crate::http::arriving::Clock;
use crate::http::auth::Asker;
use crate::http::body::{Begun, is_json};
use crate::http::error::Problem;
use crate::http::measures::{Way, sampled};
use crate::http::observe::{Line, failed, within};
use crate::http::reply::Reply;
use crate::http::served::{Asking, Later};
use crate::trace;
use axum::body::{Bytes, HttpBody};
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use axum::response::IntoResponse as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

/// Where one question is asked.
pub(in crate::http) const IS_AUTHORIZED: &str = "/v1/is_authorized";

/// Where several are.
pub(in crate::http) const BATCH: &str = "/v1/is_authorized/batch";

/// How much a request asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// One question.
    One,
    /// Several at once.
    Several,
}

/// What is known of a good question before anything waits.
pub(super) enum Found {
    /// The answer: the cache has it.
    Answer(Written),
    /// That nobody can be answered now who has to wait.
    Refused(Problem),
    /// Nothing; who was let in to have it decided counts in the queue from now on.
    Nothing(Option<Coming>),
}

impl Asked {
    /// What this request asks, if it is a question at all.
    #[must_use]
    pub fn of<B>(request: &Request<B>) -> Option<Self> {
        if *request.method() != Method::POST {
            return None;
        }
        match request.uri().path() {
            IS_AUTHORIZED => Some(Self::One),
            BATCH => Some(Self::Several),
            _ => None,
        }
    }

    const fn route(self) -> &'static str {
        match self {
            Self::One => IS_AUTHORIZED,
            Self::Several => BATCH,
        }
    }

    /// What is known at once.
    fn at_once(self, app: &App, headers: &HeaderMap, text: &[u8]) -> Found {
        match self {
            Self::One => is_authorized::at_once(app, headers, text),
            Self::Several => batch::at_once(app, headers, text).map_or(Found::Nothing(None), Found::Answer),
        }
    }
}

/// Answers a question as the router would: at once, or later.
pub(in crate::http) fn answer<B: Asking>(
    app: &Arc<App>,
    asked: Asked,
    request: Request<B>,
) -> Result<Response<Reply>, Later> {
    let told = (request.method(), request.headers());
    let (line, sample) = (Line::start(app, Way::Access, told, || Some(asked.route().to_owned())), sampled());
    let (parts, body) = request.into_parts();
    let headers = parts.headers;
    // Looking at a body that its client first wants leave to send would give that leave.
    if headers.contains_key(header::EXPECT) || !is_json(&headers) {
        return Err(later(Arc::clone(app), (asked, None), line, headers, body));
    }
    let body = Begun::new(body);
    let Some(text) = body.whole().filter(|text| text.len() <= app.limits.body_bytes_max) else {
        return Err(later(Arc::clone(app), (asked, None), line, headers, body));
    };
    // Nothing is changed here but what a cache keeps for itself.
    let look = || asked.at_once(app, &headers, text);
    let found = match line.as_ref().and_then(Line::span) {
        None => catch_unwind(AssertUnwindSafe(look)),
        Some(span) => catch_unwind(AssertUnwindSafe(|| span.over(look))),
    };
    let response = match found {
        Ok(Found::Answer(written)) => {
            if let Some(begun) = sample {
                app.measures.answered(Way::Cached, begun.elapsed(), StatusCode::OK);
            }
            respond(written, headers, line.is_some())
        }
        Ok(Found::Nothing(coming)) => return Err(later(Arc::clone(app), (asked, coming), line, headers, body)),
        Ok(Found::Refused(problem)) => refused(app, problem),
        Err(_panic) => refused(app, failed()),
    };
    Ok(ended(line, response))
}

fn refused(app: &App, problem: Problem) -> Response<Reply> {
    app.measures.refused(Way::Access, problem.status);
    Reply::routed(problem.into_response())
}

/// The long way.
fn later<B>(
    app: Arc<App>,
    (asked, coming): (Asked, Option<Coming>),
    line: Option<Line>,
    headers: HeaderMap,
    body: B,
) -> Later
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
{
    let begun = Instant::now();
    let (clock, body) = Clock::start(&app.limits, app.limits.request_seconds, body);
    Box::pin(async move {
        let answering = async {
            match asked {
                Asked::One => is_authorized::decide(&app, &Asker::Host, headers, body, coming).await,
                Asked::Several => batch::decide(&app, &Asker::Host, headers, body).await,
            }
        };
        let span = line.as_ref().and_then(Line::span);
        let answered = trace::within(span, within(clock, answering)).await;
        let response = answered.unwrap_or_else(|problem| Reply::routed(problem.into_response()));
        app.measures.answered(Way::Access, begun.elapsed(), response.status());
        ended(line, response)
    })
}

fn ended(line: Option<Line>, response: Response<Reply>) -> Response<Reply> {
    if let Some(line) = line {
        line.end(&response);
    }
    response
}
