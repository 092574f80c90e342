//! A request's time: what its client takes to send the body has a limit of its own, and the answer's begins after it.

use crate::config::Limits;
use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::oneshot::{self, Receiver, Sender};
use tokio::time::{sleep, timeout};

/// How long a request may take.
pub(super) struct Clock {
    /// Told, by nobody being left to tell, that no more of the body is waited for; nothing where there is none.
    whole: Option<Receiver<Infallible>>,
    body: Duration,
    answer: Duration,
}

/// A body that tells when all of it is there.
pub(super) struct Arriving<B> {
    body: B,
    telling: Option<Sender<Infallible>>,
}

impl Clock {
    /// The clock of a request with this body, for whose answer there are so many seconds.
    pub(super) fn start<B: HttpBody>(limits: &Limits, seconds_max: u64, body: B) -> (Self, Arriving<B>) {
        let (telling, whole) = (!body.is_end_stream()).then(oneshot::channel).unzip();
        let [body_max, answer] = [limits.body_read_seconds, seconds_max].map(Duration::from_secs);
        (Self { whole, body: body_max, answer }, Arriving { body, telling })
    }

    /// Once the time for the answer is over.
    pub(super) async fn runs_out(self) {
        if let Some(whole) = self.whole {
            // Whoever waits for it longer than that is told so by whoever reads it; who never reads it has no more time.
            let _ = timeout(self.body, whole).await;
        }
        sleep(self.answer).await;
    }
}

impl<B: HttpBody<Data = Bytes> + Unpin> HttpBody for Arriving<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) || self.body.is_end_stream() {
            self.telling = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use futures_util::{StreamExt as _, stream};
    use http_body_util::BodyExt as _;
    use std::io;
    use tokio::time::Instant;

    const ANSWER: u64 = 2;

    fn limits() -> Limits {
        Limits { body_read_seconds: 5, ..Limits::default() }
    }

    /// A body whose last piece comes after so many seconds.
    fn slow(seconds: u64) -> Body {
        let pieces = stream::iter([0, seconds]).then(|rest| async move {
            sleep(Duration::from_secs(rest)).await;
            Ok::<_, io::Error>("piece")
        });
        Body::from_stream(Box::pin(pieces))
    }

    /// The seconds after which the time is over for who reads the body.
    async fn seconds(body: Body) -> u64 {
        let (begun, (clock, body)) = (Instant::now(), Clock::start(&limits(), ANSWER, body));
        let reading = tokio::spawn(body.collect());
        clock.runs_out().await;
        drop(reading);
        begun.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn the_time_of_an_answer_begins_when_the_request_is_there() {
        assert_eq!(seconds(Body::empty()).await, ANSWER);
        assert_eq!(seconds(Body::from("all of it")).await, ANSWER);
        assert_eq!(seconds(slow(3)).await, 3 + ANSWER);
        assert_eq!(seconds(slow(60)).await, 5 + ANSWER, "and it begins");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_nobody_reads_takes_no_longer_than_one_may() {
        let begun = Instant::now();
        let (clock, body) = Clock::start(&limits(), ANSWER, slow(60));
        clock.runs_out().await;
        drop(body);
        assert_eq!(begun.elapsed().as_secs(), 5 + ANSWER);
        let begun = Instant::now();
        let (clock, body) = Clock::start(&limits(), ANSWER, slow(60));
        drop(body);
        clock.runs_out().await;
        assert_eq!(begun.elapsed().as_secs(), ANSWER, "who wants no more of it has begun to answer");
    }
}
